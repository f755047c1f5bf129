"""Rows of somebody's spreadsheet become listings: read, checked as a submission is, stored in batches.

A row is known again by its external id, or by what it says when the file has none: importing the same file twice
changes nothing. Memory is bounded by a batch. What goes wrong with a row is told of that row; the others go in.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Any

from marketplace.errors import Invalid
from marketplace.listings import cells, headings, storing
from marketplace.listings.content import tidy, validate_content
from marketplace.listings.fields import BY_NAME
from marketplace.listings.models import Kind, State
from marketplace.listings.sheets import BROKEN, Row
from marketplace.listings.vocabulary import language_of
from marketplace.phrases import say
from search import text

BATCH = 500
_SENTENCE_END = re.compile(r"[。！？；.!?;](?=\s|$|[\u4e00-\u9fff])")


@dataclass(frozen=True)
class Plan:
    """What is to become of each row."""

    kind: Kind
    mapping: Mapping[str, str]
    """Field name -> column."""
    state: State
    """DRAFT, SUBMITTED or PUBLISHED."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Field name -> what to write where the row has nothing."""
    source: str = ""

    @property
    def for_submission(self) -> bool:
        return self.state is not State.DRAFT


@dataclass(frozen=True)
class Problem:
    """Why a row was rejected: one message a column."""

    column: str
    message: str


@dataclass(frozen=True)
class Rejection:
    line: int
    row: Row
    problems: tuple[Problem, ...]


@dataclass
class Report:
    """What became of the rows. `notes` counts what was done to rows so that they could go in."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.unchanged + self.rejected


def plan(
    kind: Kind,
    columns: Iterable[str],
    *,
    state: State,
    asked: Mapping[str, str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    guessing: bool = True,
) -> Plan:
    """A plan from what a person asked for, with `guessing` the other columns by their headings.

    Raises Invalid for unknown fields or columns, defaults that their field cannot hold, and a file none of whose
    columns is a title.
    """
    present = list(columns)
    chosen = headings.checked_mapping(kind, present, asked or {})
    taken = set(chosen.values())
    guessed = headings.guess(kind, present) if guessing else {}
    mapping = {
        **{name: column for name, column in guessed.items() if name not in chosen and column not in taken},
        **chosen,
    }
    given = {headings.field_named(kind, name).name: value for name, value in (defaults or {}).items()}
    source = str(given.pop("source", ""))[:200]
    raw = {name: cells.given(name, value) for name, value in given.items()}
    _, errors = validate_content(kind, raw)
    if errors:
        raise Invalid({f"default {name}": message for name, message in errors.items()})
    if "title" not in mapping and "title" not in given:
        raise Invalid(
            {
                "map": say(
                    "No column is the title. Say which one is (title=Column). The columns: {columns}.",
                    columns=", ".join(present[:40]),
                )
            }
        )
    return Plan(kind, mapping, state, raw, source)


class Seen:
    """The ids met so far in a file, in a private table on disk, so that memory does not grow with the file."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.executescript(
            "PRAGMA cache_size=-8192; CREATE TABLE seen (id BLOB PRIMARY KEY) WITHOUT ROWID; BEGIN"
        )

    def add(self, external_id: str) -> bool:
        """Note the id; False when it was there already."""
        key = sha256(external_id.encode("utf-8", "replace")).digest()[:16]
        return self._table.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount == 1

    def close(self) -> None:
        self._table.close()


def run(
    target: storing.Target,
    plan: Plan,
    rows: Iterable[tuple[int, Row]],
    *,
    dry_run: bool = False,
    skip: int = 0,
) -> Generator[tuple[Report, list[Rejection]], None, None]:
    """Take the rows in, a batch at a time; after each, the report of that batch and the rows it rejected.

    With `dry_run`, everything but the writing is done, and the report says what would become of the rows.
    The first `skip` rows, dealt with before, are read only to know their ids.
    """
    seen = Seen()
    try:
        iterator = iter(rows)
        for _, row in islice(iterator, skip):
            if BROKEN not in row:
                seen.add(_identified(plan, row)[1])
        while batch := list(islice(iterator, BATCH)):
            yield _batch(target, plan, batch, seen, dry_run)
    finally:
        seen.close()


def _batch(
    target: storing.Target, plan: Plan, rows: list[tuple[int, Row]], seen: Seen, dry_run: bool
) -> tuple[Report, list[Rejection]]:
    report, rejections, ready = Report(), [], []
    for line, row in rows:
        prepared = _prepared(plan, line, row, seen, report)
        if isinstance(prepared, Rejection):
            rejections.append(prepared)
        elif prepared is not None:
            ready.append(prepared)
    stored = storing.store_many(target, plan.kind, plan.state, plan.source, ready, dry_run=dry_run)
    report.new, report.changed = stored.new, stored.changed
    report.unchanged += stored.unchanged
    rejections += [Rejection(entry.line, entry.row, (Problem("", message),)) for entry, message in stored.refused]
    report.rejected = len(rejections)
    return report, sorted(rejections, key=lambda rejection: rejection.line)


def _identified(plan: Plan, row: Row) -> tuple[dict[str, Any], str, str]:
    """(the row by field name, its external id, a digest of what it says)."""
    raw = {name: cells.given(name, row.get(column)) for name, column in plan.mapping.items()}
    external_id = tidy(str(raw.pop("external_id", None) or ""))[:200]
    digest = _digest(raw, plan.defaults)
    return raw, external_id or f"row:{digest[:32]}", digest


def _prepared(plan: Plan, line: int, row: Row, seen: Seen, report: Report) -> storing.Entry | Rejection | None:
    """The row ready to be stored, or why it cannot be; None for one that repeats an earlier row's id."""
    if BROKEN in row:
        return Rejection(line, {k: v for k, v in row.items() if k != BROKEN}, (Problem("", row[BROKEN]),))
    raw, external_id, digest = _identified(plan, row)
    if not seen.add(external_id):
        if "external_id" in plan.mapping:
            column = plan.mapping["external_id"]
            return Rejection(
                line, row, (Problem(column, say("“{id}” stands in an earlier row too.", id=external_id[:60])),)
            )
        report.unchanged += 1
        report.notes["repeated"] += 1
        return None
    _shorten_summary(plan.kind, raw, report)
    for name, value in plan.defaults.items():
        if raw.get(name) is None:
            raw[name] = value
    _complete(plan, raw, report)
    content, errors = validate_content(plan.kind, raw, for_submission=plan.for_submission)
    if not content.get("title"):
        errors.setdefault("title", say("Every row needs a title."))
    if errors:
        problems = (Problem(plan.mapping.get(name, name), message) for name, message in errors.items())
        return Rejection(line, row, tuple(problems))
    return storing.Entry(line, row, external_id, digest, content)


def _complete(plan: Plan, raw: dict[str, Any], report: Report) -> None:
    """What can be told from the rest of the row: search words, where a submission needs them, and the language."""
    title = str(raw.get("title") or "")
    if plan.for_submission and not raw.get("keywords"):
        # The words the title is about; people may better them, but nobody has to retype their sheet.
        counted = Counter(
            word for word in text.key_words(f"{title} {title} {str(raw.get('summary') or '')[:200]}") if len(word) > 1
        )
        raw["keywords"] = [word[:60] for word, _ in counted.most_common(6)]
        report.notes["keywords"] += 1
    if not raw.get("language"):
        raw["language"] = language_of(title)


def _shorten_summary(kind: Kind, raw: dict[str, Any], report: Report) -> None:
    """A summary over the limit ends at a sentence, provided the whole has a place in the field for the long text."""
    summary, limit = raw.get("summary"), BY_NAME["summary"].longest
    if not isinstance(summary, str) or len(summary) <= limit:
        return
    whole = "how_it_works" if kind is Kind.RESULT else "situation"
    if raw.get(whole) not in (None, summary):
        return
    raw[whole] = summary
    ends = [match.end() for match in _SENTENCE_END.finditer(summary, 0, limit)]
    raw["summary"] = summary[: ends[-1]] if ends and ends[-1] > limit // 3 else summary[: limit - 1].rstrip() + "…"
    report.notes["shortened"] += 1


def _digest(raw: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    said = json.dumps([raw, defaults], sort_keys=True, ensure_ascii=False, default=str)
    return sha256(said.encode("utf-8", "replace")).hexdigest()
