"""Folders of needs, results and what people judged of them, read as listings.

Two layouts. `pools`: needs.jsonl (id, title, text) and judgements.csv (need_id, result_id, level from 1 none to 4
strong, result_title_terms); every need has a pool of results that were judged for it. `qrels`: needs.jsonl.gz (id,
title, description), results.jsonl.gz (id, title, abstract) and qrels.tsv (need_id, result_id, rel); a need is answered
by some of all the results.

Here alone is said which field of a listing a column becomes. What is wrong with a line is noted, and the rest goes on.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

import click

from marketplace.listings.models import Kind, Listing

LEVELS = range(1, 5)
NAMED = 5
"""Problems of a kind that are told one by one; the others are counted."""
_OBJECTIVE = re.compile(
    r"OBJECTIVES?\s*:?\s*(.*?)"
    r"(?=\n\s*\n|\n\s*(?:PROPOSALS|DESCRIPTION|PHASE|TECHNOLOGY|The technology within)|DESCRIPTION\s*:|$)", re.S,
)
_LONGEST_OBJECTIVE, _BEGINNING = 1_500, 3_000


class NotJudged(click.ClickException):
    """There is nothing in the folder that could be measured."""


@dataclass(frozen=True)
class Judgement:
    need: str
    result: str
    level: int


@dataclass
class Problems:
    """What was wrong with lines that were left out, by kind."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def note(self, kind: str, what: str) -> None:
        self.found.setdefault(kind, []).append(what)

    def told(self) -> Iterator[str]:
        for kind, cases in self.found.items():
            more = f", and {len(cases) - NAMED} more" if len(cases) > NAMED else ""
            yield f"{len(cases)} {kind} left out: {'; '.join(cases[:NAMED])}{more}"


@dataclass(frozen=True)
class Judged:
    layout: Literal["pools", "qrels"]
    needs: Mapping[str, Listing]
    results: Mapping[str, Listing]
    judgements: list[Judgement]
    problems: Problems
    others: Mapping[str, str] = field(default_factory=dict)
    """The text of each need as the baseline asks it, where that is not its title alone."""


def read(folder: Path, *, hide_titles: bool = False, whole_needs: bool = False) -> Judged:
    """`hide_titles`: results without their titles. `whole_needs`: of a need in the layout `qrels` all the description
    counts, not its objective alone."""
    if not folder.is_dir():
        raise NotJudged(f"there is no folder {folder}")
    if (folder / "judgements.csv").is_file():
        return _pools(folder, hide_titles)
    if (folder / "qrels.tsv").is_file():
        return _qrels(folder, hide_titles, whole_needs)
    raise NotJudged(f"{folder} has neither judgements.csv (with needs.jsonl) nor qrels.tsv (with needs.jsonl.gz and "
                    "results.jsonl.gz), so there is nothing to measure against")


def _pools(folder: Path, hide_titles: bool) -> Judged:
    if hide_titles:
        raise NotJudged(f"the results of {folder} have nothing but titles; leave out --hide-result-titles")
    problems = Problems()
    needs = {
        row["id"]: a_listing(Kind.NEED, row["title"], row.get("text") or "", language="zh")
        for row in _lines(_file(folder, "needs.jsonl"), ("id", "title"), problems)
    }
    results: dict[str, Listing] = {}
    judgements: list[Judgement] = []
    path = _file(folder, "judgements.csv")
    for number, row in _rows(path, ("need_id", "result_id", "level", "result_title_terms"), ","):
        where = f"line {number} of {path.name}"
        if row["need_id"] not in needs:
            problems.note("judgements of unknown needs", f"{row['need_id']} ({where})")
        elif row["level"] not in map(str, LEVELS):
            problems.note("levels that are none of 1, 2, 3, 4", f"{row['level']!r} ({where})")
        else:
            results.setdefault(row["result_id"], a_listing(Kind.RESULT, row["result_title_terms"], language="zh"))
            judgements.append(Judgement(row["need_id"], row["result_id"], int(row["level"])))
    return _checked(Judged("pools", needs, results, judgements, problems), path)


def _qrels(folder: Path, hide_titles: bool, whole_needs: bool) -> Judged:
    problems = Problems()
    path = _file(folder, "qrels.tsv")
    pairs = [(number, row) for number, row in _rows(path, ("need_id", "result_id", "rel"), "\t")]
    asked = {row["need_id"] for _, row in pairs}
    needs: dict[str, Listing] = {}
    others: dict[str, str] = {}
    known: set[str] = set()
    for row in _lines(_file(folder, "needs.jsonl.gz"), ("id", "title"), problems):
        known.add(row["id"])
        if row["id"] in asked:
            described = row.get("description") or ""
            aim = objective(described)
            needs[row["id"]] = a_listing(Kind.NEED, row["title"], aim, described if whole_needs else "", "en")
            others[row["id"]] = f"{row['title']} {aim}"
    results = {
        row["id"]: a_listing(Kind.RESULT, "" if hide_titles else row.get("title") or "", row.get("abstract") or "",
                             language="en")
        for row in _lines(_file(folder, "results.jsonl.gz"), ("id",), problems)
    }
    judgements = []
    for number, row in pairs:
        where = f"line {number} of {path.name}"
        if row["need_id"] not in known:
            problems.note("pairs of unknown needs", f"{row['need_id']} ({where})")
        elif row["result_id"] not in results:
            problems.note("pairs of unknown results", f"{row['result_id']} ({where})")
        elif row["rel"] != "0":
            judgements.append(Judgement(row["need_id"], row["result_id"], 4))
    return _checked(Judged("qrels", needs, results, judgements, problems, others), path)


def _checked(made: Judged, path: Path) -> Judged:
    if not made.judgements:
        told = "; ".join(made.problems.told())
        raise NotJudged(f"{path} has no judgement that could be used{': ' + told if told else ''}")
    twice = [pair for pair, times in Counter((one.need, one.result) for one in made.judgements).items() if times > 1]
    for need, result in twice:
        made.problems.note("pairs judged more than once (the last judgement counts), the earlier", f"{need} {result}")
    if twice:
        last = {(one.need, one.result): one for one in made.judgements}
        made.judgements[:] = last.values()
    return made


def objective(description: str) -> str:
    """What a topic says it is after, under that heading; without one, how its description begins."""
    found = _OBJECTIVE.search(description)
    said = found[1].strip() if found else ""
    return said[:_LONGEST_OBJECTIVE] if said else description[:_BEGINNING]


def a_listing(kind: Kind, title: str, summary: str = "", longer: str = "", language: str = "zh") -> Listing:
    """A listing that is in no database."""
    details = {"situation" if kind is Kind.NEED else "how_it_works": longer} if longer else {}
    return Listing(
        kind=kind, title=title, summary=summary, keywords=[], details=details, language=language, modes=[], ipc=[],
        anonymous=False, translations=[],
    )


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise NotJudged(f"{folder} has no {name}")
    if not path.stat().st_size:
        raise NotJudged(f"{path} is empty")
    return path


def _lines(path: Path, wanted: tuple[str, ...], problems: Problems) -> Iterator[dict[str, Any]]:
    """The objects of a file with one JSON object a line, packed or not."""
    try:
        with _opened(path) as lines:
            for number, line in enumerate(lines, 1):
                try:
                    row = json.loads(line)
                    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in wanted):
                        raise ValueError(f"not an object with {', '.join(wanted)}")
                except ValueError as error:
                    if line.strip():
                        problems.note(f"lines of {path.name}", f"line {number}: {error}")
                    continue
                yield row
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise NotJudged(f"{path} cannot be read: {error}") from None


def _opened(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _rows(path: Path, wanted: tuple[str, ...], delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, delimiter=delimiter)
            missing = [name for name in wanted if name not in (reader.fieldnames or ())]
            if missing:
                raise NotJudged(f"{path} has no column {', '.join(missing)}")
            for row in reader:
                yield reader.line_num, {name: (row[name] or "").strip() for name in wanted}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NotJudged(f"{path} cannot be read: {error}") from None
