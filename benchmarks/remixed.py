"""Listings in any number, for measuring indexes, with the words of real texts.

Sentences of real texts (../shared/data) are put together anew, so words are as frequent and as rare as in those;
without them everything is made of the few words of benchmarks.corpus. `listings` are short, a title and some 300
characters; `whole_listings` say as much as the form asks for: the public summary and the three longer texts nobody may
leave out (a result's problem, working and advantage; a need's situation, outcome and targets). In Chinese each of the
four is as long as the abstract of a paper; in English an award's abstract, which says all of this, is spread over them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, cast

import rjieba

from benchmarks import corpus, place
from marketplace.listings.bulk import Read
from marketplace.listings.documents import document_of
from marketplace.listings.models import Kind, Listing

CHARACTERS = 300
"""Of a short listing's text."""
CHINESE = 0.8
"""The share of listings in Chinese."""
_ENDS = re.compile(r"(?<=[。；;])|(?<=\D\.)(?=\D)")
_SHORTEST = 12
_SUMMARY = 500
"""Characters of a public summary, at most."""


@dataclass(frozen=True)
class _Bank:
    titles: list[tuple[str, ...]]
    """Each in its words."""
    sentences: list[str]
    lengths: list[int]
    """Of the texts the sentences are from."""


_LONGER = {Kind.RESULT: ("problem", "how_it_works", "advantage"), Kind.NEED: ("situation", "outcome", "targets")}


def texts(count: int, seed: int = 1, chinese: float = CHINESE) -> Iterator[tuple[str, str, str]]:
    """(language, title, text)."""
    chance = random.Random(seed)
    for _ in range(count):
        language = "zh" if chance.random() < chinese else "en"
        bank = _banks()[language]
        yield language, _title(chance, language, bank.titles), _text(chance, bank, CHARACTERS)


def listings(count: int, seed: int = 1, chinese: float = CHINESE) -> Iterator[dict[str, Any]]:
    """Column values, as benchmarks.corpus has them."""
    chance = random.Random(seed)
    for language, title, text in texts(count, seed, chinese):
        row = corpus.facts(chance, language)
        yield row | {"title": title, "summary": text, "keywords": [], "details": {}}


def whole_listings(count: int, seed: int = 1, chinese: float = CHINESE) -> Iterator[dict[str, Any]]:
    """Column values."""
    chance = random.Random(seed)
    for _ in range(count):
        language = "zh" if chance.random() < chinese else "en"
        bank = _banks()[language]
        parts = 1 if language == "zh" else 4
        summary, *longer = (_text(chance, bank, chance.choice(bank.lengths) // parts) for _ in range(4))
        row = corpus.facts(chance, language) | {"title": _title(chance, language, bank.titles), "keywords": []}
        yield row | {"summary": summary[:_SUMMARY], "details": dict(zip(_LONGER[row["kind"]], longer, strict=True))}


def documents(made: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """These listings as the index has them, without a database between."""
    nothing = dict.fromkeys(column.name for column in Listing.__table__.columns) | {"ipc": [], "anonymous": False}
    organisations = list(place.organisations())
    for row in place.numbered(made):
        owner = organisations[row["organisation_id"] - 1]
        listing = Read(**nothing | row, organisation=owner, translations=(), exclusions=(), grants=())
        yield document_of(cast(Listing, listing))


def _text(chance: random.Random, bank: _Bank, length: int) -> str:
    """Whole sentences as far as they fit, the last one cut."""
    text = ""
    while len(text) < length * 0.9:
        text += chance.choice(bank.sentences)
    return text[:length]


def _title(chance: random.Random, language: str, titles: list[tuple[str, ...]]) -> str:
    """The beginning of one title and the end of another, whole words of both."""
    one, other = chance.choice(titles), chance.choice(titles)
    made = one[: (len(one) + 1) // 2] + other[len(other) // 2 :]
    return ("" if language == "zh" else " ").join(made)[:200]


@cache
def _banks() -> dict[str, _Bank]:
    banks = {"zh": _Bank([], [], []), "en": _Bank([], [], [])}
    known = corpus.real_texts() or tuple(_made_up())
    for language, title, text, _ in known:
        banks[language].titles.append(tuple(rjieba.cut(title) if language == "zh" else title.split()))
        banks[language].lengths.append(len(text))
        banks[language].sentences.extend(one for one in _ENDS.split(text) if len(one) >= _SHORTEST)
    return banks


def _made_up() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    for row in islice(corpus.listings(4_000), 4_000):
        yield row["language"], row["title"], row["summary"], ()
