"""Short listings in any number, for measuring indexes: a title and some 300 characters, with the words of real texts.

Sentences of real texts (../shared/data) are put together anew, so words are as frequent and as rare as in those;
without them everything is made of the few words of benchmarks.corpus.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, cast

from benchmarks import corpus, place
from marketplace.listings.bulk import Read
from marketplace.listings.documents import document_of
from marketplace.listings.models import Listing

CHARACTERS = 300
"""Of the text, as abstracts of papers have them."""
CHINESE = 0.8
"""The share of listings in Chinese."""
_ENDS = re.compile(r"(?<=[。；;])|(?<=\D\.)(?=\D)")
_SHORTEST = 12


@dataclass(frozen=True)
class _Bank:
    titles: list[str]
    sentences: list[str]


def texts(count: int, seed: int = 1, chinese: float = CHINESE) -> Iterator[tuple[str, str, str]]:
    """(language, title, text)."""
    chance = random.Random(seed)
    for _ in range(count):
        language = "zh" if chance.random() < chinese else "en"
        bank = _banks()[language]
        text = ""
        while len(text) < CHARACTERS * 0.9:
            text += chance.choice(bank.sentences)
        yield language, _title(chance, language, bank.titles), text[:CHARACTERS]


def listings(count: int, seed: int = 1, chinese: float = CHINESE) -> Iterator[dict[str, Any]]:
    """Column values, as benchmarks.corpus has them."""
    chance = random.Random(seed)
    for language, title, text in texts(count, seed, chinese):
        row = corpus.facts(chance, language)
        yield row | {"title": title, "summary": text, "keywords": [], "details": {}}


def documents(count: int, seed: int = 1, chinese: float = CHINESE) -> Iterator[dict[str, Any]]:
    """The same listings as the index has them, without a database between."""
    nothing = dict.fromkeys(column.name for column in Listing.__table__.columns) | {"ipc": [], "anonymous": False}
    organisations = list(place.organisations())
    for row in place.numbered(listings(count, seed, chinese)):
        owner = organisations[row["organisation_id"] - 1]
        listing = Read(**nothing | row, organisation=owner, translations=(), exclusions=(), grants=())
        yield document_of(cast(Listing, listing))


def _title(chance: random.Random, language: str, titles: list[str]) -> str:
    """The beginning of one title and the end of another."""
    one, other = chance.choice(titles), chance.choice(titles)
    if language == "zh":
        return one[: len(one) // 2] + other[len(other) // 2 :]
    begun, ended = one.split(), other.split()
    return " ".join(begun[: len(begun) // 2 + 1] + ended[len(ended) // 2 :])[:200]


@cache
def _banks() -> dict[str, _Bank]:
    banks = {"zh": _Bank([], []), "en": _Bank([], [])}
    known = corpus.real_texts() or tuple(_made_up())
    for language, title, text, _ in known:
        banks[language].titles.append(title)
        banks[language].sentences.extend(one for one in _ENDS.split(text) if len(one) >= _SHORTEST)
    return banks


def _made_up() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    for row in islice(corpus.listings(4_000), 4_000):
        yield row["language"], row["title"], row["summary"], ()
