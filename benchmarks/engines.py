"""Our embedded engine beside raw tantivy, SQLite and PostgreSQL: the same listings and questions, in one run.

The engines are asked in turn, question by question and round after round, and of each question the middle counts, so
that whatever else the machine does slows all of them alike.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import rjieba

from benchmarks import remixed
from benchmarks.contenders import Contender, Ours, PostgreSQL, Question, Raw, SQLite
from benchmarks.load import Figures, figures, timed
from marketplace.listings import vocabulary
from search.text import STOP_WORDS

QUESTIONS = 200
ROUNDS = 5
SLOW_ROUNDS = 1
MOST_FOR_OTHERS = 100_000
AIM = 1.5
PLAIN, FACETS, PAGE = "ours, hits and their number", "ours, with facets", "ours, a visitor's search page"
RAW, RAW_FACETS = "raw tantivy, hits and their number", "raw tantivy, with facets"
RAW_ANY = "raw tantivy, its parser's default (any word)"
_RATIOS = ((PLAIN, RAW_ANY), (PLAIN, RAW), (FACETS, RAW_FACETS), (PAGE, RAW_FACETS), (PAGE, RAW))

Ways = dict[str, Callable[[Question], int]]
Found = dict[str, list[tuple[float, int]]]
"""Way of asking -> (milliseconds, hits) of each question."""


@dataclass(frozen=True)
class Measured:
    listings: int
    found: dict[str, Figures]
    """Way of asking -> milliseconds."""


def measure(sizes: Sequence[int], others: bool) -> None:
    measured = [_measure(size, others) for size in sorted(sizes)]
    for smaller, larger in pairwise(measured):
        print(f"\nfrom {smaller.listings:,} to {larger.listings:,} listings the middle question takes")
        for name in larger.found:
            if name in smaller.found:
                print(f"  {name:42} {larger.found[name].p50 / smaller.found[name].p50:5.2f} times as long")


def questions(count: int, listings: int, seed: int = 2) -> list[Question]:
    """One to three neighbouring words of a listing's title or text, half of them narrowed to a kind or a field: common
    words are asked for as often as they are written, and every question has an answer."""
    chance = random.Random(seed)
    texts = [f"{title} {text}" for _, title, text in remixed.texts(min(listings, 5_000))]
    asked: list[Question] = []
    while len(asked) < count:
        words = [word for word in rjieba.cut(chance.choice(texts).lower()) if len(word) > 1 and word.isalpha()]
        words = [word for word in words if word not in STOP_WORDS]
        start = chance.randrange(max(1, len(words) - 3))
        text = " ".join(words[start : start + chance.choice((1, 2, 2, 3))])
        filters = {}
        if chance.random() < 0.3:
            filters["field"] = chance.choice(list(vocabulary.FIELDS))
        if chance.random() < 0.2:
            filters["kind"] = chance.choice(["result", "need"])
        if text:
            asked.append(Question(text, filters))
    return asked


def _measure(listings: int, others: bool) -> Measured:
    print(f"\n{listings:,} listings of a title and {remixed.CHARACTERS} characters, {QUESTIONS} questions")
    with TemporaryDirectory(prefix="yinqiao-bench-") as name:
        folder = Path(name)
        raw, ours = Raw(folder), Ours(folder)
        slow: list[Contender] = [SQLite(folder), PostgreSQL(folder)] if others and listings <= MOST_FOR_OTHERS else []
        everyone: list[Contender] = [raw, ours, *slow]
        for contender in everyone:
            _fill(contender, listings)
        ways: Ways = {
            RAW_ANY: raw.ask_for_any, RAW: raw.ask, RAW_FACETS: raw.ask_with_facets, PLAIN: ours.ask,
            FACETS: ours.ask_with_facets, PAGE: ours.ask_as_page,
        }
        asked = questions(QUESTIONS, listings)
        found = _ask(ways, asked, ROUNDS)
        beside = _ask({one.name: one.ask for one in slow}, asked, SLOW_ROUNDS)
        for contender in everyone:
            contender.close()
    every = range(len(asked))
    alike = [rows for name, rows in found.items() if name != RAW_ANY]
    same = [number for number in every if len({rows[number][1] for rows in alike}) == 1]
    shown = _show(found, "all", every)
    if slow:
        _show({RAW: found[RAW], PLAIN: found[PLAIN]} | beside, "all, beside others", every)
    _show(found, "to which all give the same number of hits (to the others ours looks for more)", same)
    return Measured(listings, shown)


def _word(reached: bool) -> str:
    return "reached" if reached else "NOT reached"


def _fill(contender: Contender, listings: int) -> None:
    started = time.perf_counter()
    contender.fill(remixed.documents(listings))
    print(f"  {contender.name:42} filled in {time.perf_counter() - started:6.1f} s, the making of the texts included")


def _ask(ways: Ways, asked: Sequence[Question], rounds: int) -> Found:
    hits = {name: [way(question) for question in asked] for name, way in ways.items()}  # warms them as well
    taken: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in asked])
    for _ in range(rounds):
        for number, question in enumerate(asked):
            for name, way in ways.items():
                taken[name][number].append(timed(partial(way, question)))
    return {name: list(zip(map(median, rows), hits[name], strict=True)) for name, rows in taken.items()}


def _show(found: Found, title: str, chosen: Sequence[int]) -> dict[str, Figures]:
    print(f"  {title}, {len(chosen)} questions:")
    shown = {}
    for name, rows in found.items():
        shown[name] = figures([rows[number][0] for number in chosen])
        print(f"    {name:42} {shown[name]}  {sum(rows[number][1] for number in chosen):9,} hits")
    for one, beside in _RATIOS:
        if one in shown and beside in shown:
            ratio = shown[one].p95 / shown[beside].p95
            aim = "" if (one, beside) == (PAGE, RAW) else f" (aim: at most {AIM:g}: {_word(ratio <= AIM)})"
            print(f"    p95 of {one} / {beside}: {ratio:.2f}{aim}")
    return shown
