"""Our embedded engine beside raw tantivy, SQLite and PostgreSQL: the same listings and questions, in one run.

The engines are asked in turn, question by question and round after round, and of each question the middle counts, so
that whatever else the machine does slows all of them alike. Ours remembers what words came to in an index; it is made
to forget that before every question, so that each is as good as the first.

What is asked, and of what, follows what people do; the shares were settled before anything was measured. (After a first
run titles were no longer cut inside words, questions narrowed to what the listing is rather than to anything, and the
titles of which no other listing has all words shown by themselves.) Listings are as long as the form makes them (see
benchmarks.remixed). Half of the questions are the one to three words that most are everywhere;
a quarter are four to eight words, as in a line that says what is wanted; a quarter are whole titles, pasted to find a
listing again or, narrowed to the other kind, to find counterparts of one. A group's figures are shown beside those of
all. Processor time is shown as well: on a machine that does other things, the clock says more of those.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import rjieba

from benchmarks import remixed
from benchmarks.contenders import Contender, Ours, PostgreSQL, Question, Raw, SQLite
from benchmarks.load import Figures, figures, timed
from marketplace.listings.models import Kind
from search.text import STOP_WORDS

COUNTERPARTS = "whole titles, of the other kind"
GROUPS: dict[str, tuple[int, tuple[int, ...] | None]] = {
    "one to three words": (100, (1, 2, 2, 3)), "four to eight words": (50, (4, 5, 6, 7, 8)),
    "whole titles": (25, None), COUNTERPARTS: (25, None),
}
"""How many questions, of how many words."""
ROUNDS = 5
SLOW_ROUNDS = 1
MOST_FOR_OTHERS = 100_000
AIM = 1.5
_ASKED_OF = 5_000
_OTHER = {Kind.RESULT: Kind.NEED, Kind.NEED: Kind.RESULT}
PLAIN, FACETS, PAGE = "ours, hits and their number", "ours, with facets", "ours, a visitor's search page"
RAW, RAW_FACETS = "raw tantivy, hits and their number", "raw tantivy, with facets"
RAW_ANY = "raw tantivy, its parser's default (any word)"
_RATIOS = ((PLAIN, RAW_ANY), (PLAIN, RAW), (FACETS, RAW_FACETS), (PAGE, RAW_FACETS), (PAGE, RAW))

Ways = dict[str, Callable[[Question], int]]
Found = dict[str, list[tuple[float, int, float]]]
"""Way of asking -> (milliseconds, hits, milliseconds of processor time) of each question."""


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


def questions(listings: int, seed: int = 2) -> dict[str, list[Question]]:
    """Of each group in GROUPS so many, half of them narrowed to a kind or a field.

    What is asked stands in some listing, so common words are asked for as often as they are written, and every question
    has an answer; but for those who look for the counterpart of a listing by its title, who are lucky if any other has
    all its words."""
    chance = random.Random(seed)
    known = list(remixed.whole_listings(min(listings, _ASKED_OF)))
    asked: dict[str, list[Question]] = {}
    for group, (count, words) in GROUPS.items():
        asked[group] = []
        while len(asked[group]) < count:
            row = chance.choice(known)
            text = row["title"] if words is None else _neighbours(chance, row, words)
            if group == COUNTERPARTS:
                asked[group].append(Question(text, {"kind": _OTHER[row["kind"]].value}))
            elif text:
                asked[group].append(Question(text, _narrowed(chance, row)))
    return asked


def _neighbours(chance: random.Random, row: Mapping[str, Any], counts: Sequence[int]) -> str:
    """So many neighbouring words of the title and the summary, without little ones."""
    written = [word for word in rjieba.cut(f"{row['title']} {row['summary']}".lower()) if len(word) > 1]
    words = [word for word in written if word.isalpha() and word not in STOP_WORDS]
    count = chance.choice(counts)
    start = chance.randrange(max(1, len(words) - count))
    return " ".join(words[start : start + count])


def _narrowed(chance: random.Random, row: Mapping[str, Any]) -> dict[str, str]:
    """As who asks for something narrows it down: to what it is."""
    filters = {}
    if chance.random() < 0.3:
        filters["field"] = row["field"]
    if chance.random() < 0.2:
        filters["kind"] = row["kind"].value
    return filters


def _measure(listings: int, others: bool) -> Measured:
    print(f"\n{listings:,} listings, {sum(count for count, _ in GROUPS.values())} questions")
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
        groups = questions(listings)
        asked = [question for group in groups.values() for question in group]
        found = _ask(ways, asked, ROUNDS, ours.forget)
        beside = _ask({one.name: one.ask for one in slow}, asked, SLOW_ROUNDS)
        for contender in everyone:
            contender.close()
    first = 0
    for title, group in groups.items():
        _show(found, title, range(first, first + len(group)))
        first += len(group)
    every = range(len(asked))
    shown = _show(found, "all", every)
    if slow:
        _show({RAW: found[RAW], PLAIN: found[PLAIN]} | beside, "all, beside others", every)
    alike = [rows for name, rows in found.items() if name != RAW_ANY]
    same = [number for number in every if len({rows[number][1] for rows in alike}) == 1]
    _show(found, "to which all give the same number of hits (to the others ours looks for more)", same)
    return Measured(listings, shown)


def _word(reached: bool) -> str:
    return "reached" if reached else "NOT reached"


def _fill(contender: Contender, listings: int) -> None:
    started = time.perf_counter()
    contender.fill(remixed.documents(remixed.whole_listings(listings)))
    print(f"  {contender.name:42} filled in {time.perf_counter() - started:6.1f} s, the making of the texts included")


def _ask(ways: Ways, asked: Sequence[Question], rounds: int, before: Callable[[], None] = lambda: None) -> Found:
    hits = {name: [way(question) for question in asked] for name, way in ways.items()}  # warms them as well
    taken: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in asked])
    spent: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in asked])
    for _ in range(rounds):
        for number, question in enumerate(asked):
            for name, way in ways.items():
                before()
                started = time.thread_time()
                taken[name][number].append(timed(partial(way, question)))
                spent[name][number].append((time.thread_time() - started) * 1000)
    return {
        name: list(zip(map(median, rows), hits[name], map(median, spent[name]), strict=True))
        for name, rows in taken.items()
    }


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
            own, other = (figures([found[name][number][2] for number in chosen]).p95 for name in (one, beside))
            print(f"    p95 of {one} / {beside}: {ratio:.2f}{aim}; by processor time {own:.2f} / {other:.2f} ms = "
                  f"{own / other:.2f}")
    return shown
