"""The table of terms as a spreadsheet: written out, and read in row by row, nothing taken in before it was shown.

A row whose first term begins a group that is there changes that group; every other row is a new one. A row that is
wrong stays out, with the reason, and holds no other back.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import delete, select, update

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.finding import terms as table
from marketplace.finding.models import Origin, TermGroup, TermImport
from marketplace.finding.term_rules import (
    MOST_GROUPS,
    SEPARATOR,
    Circles,
    check_field,
    check_note,
    check_terms,
    compared,
    parted,
    tidy,
)
from marketplace.listings.sheets import BROKEN, open_sheet, unmarked
from marketplace.listings.vocabulary import FIELDS
from marketplace.messaging.packing import packed, unpacked
from marketplace.phrases import Label, in_language, say

HEADINGS = {"field": Label("领域", "Field"), "terms": Label("同义词", "Terms"), "note": Label("备注", "Note")}
ALSO = {
    "field": {"field", "领域", "产业", "产业领域"}, "note": {"note", "备注", "说明", "remark"},
    "terms": {
        "terms", "term", "synonyms", "同义词", "术语", "词条", "别名", "缩写", "abbreviation", "中文", "chinese", "zh",
        "英文", "english", "en",
    },
}
"""What a column may be called; several columns may hold terms."""
MOST_ROWS = 10_000
LARGEST = 8_000_000
"""Bytes."""
LONGEST_CELL = 2_000
KEPT = timedelta(days=30)


@dataclass
class Row:
    """One row of the file and what becomes of it."""

    line: int
    given: tuple[str, str, str]
    """Field, terms and note as they stood there."""
    what: str = "new"
    """new, changed, unchanged or rejected."""
    terms: list[str] = field(default_factory=list)
    code: str | None = None
    note: str = ""
    group_id: int | None = None
    before: list[str] = field(default_factory=list)
    """The terms of the group that it changes."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """(column, message) of what is wrong."""
    remarks: list[str] = field(default_factory=list)
    """What is worth knowing and no fault."""


def rows_to_export(language: str) -> Iterator[list[Any]]:
    """Every group in force, in the columns an import takes."""
    groups = select(TermGroup).where(TermGroup.removed_at.is_(None)).order_by(TermGroup.field, TermGroup.id)
    for group in session.scalars(groups.execution_options(yield_per=500)):
        named = in_language(FIELDS[group.field], language) if group.field in FIELDS else ""
        yield [named, SEPARATOR.join(group.texts), group.note]


def headings(language: str) -> list[str]:
    return [in_language(label, language) for label in HEADINGS.values()]


def upload(actor: User, name: str, file: IO[bytes]) -> TermImport:
    """Read the file and keep its rows, to be looked at. Raises Invalid for one that cannot be read."""
    require(table.can_keep(actor))
    with tempfile.NamedTemporaryFile() as kept:
        size = kept.write(file.read(LARGEST + 1))
        kept.flush()
        if size > LARGEST:
            raise Invalid({"file": say("The file is larger than {size} MB. Part it.", size=LARGEST // 1_000_000)})
        rows = list(_read(Path(kept.name), name))
    if not rows:
        raise Invalid({"file": say("The file has no rows.")})
    with transaction():
        imported = TermImport(key=secrets.token_urlsafe(16), actor_id=actor.id, file_name=tidy(name)[:200], rows=rows,
                              created_at=clock.now())
        session.add(imported)
    return imported


def _read(path: Path, name: str) -> Iterator[list[Any]]:
    sheet = open_sheet(path, name)
    written = sheet.headings()
    if not written:
        raise Invalid({"file": say("The file has no rows.")})
    columns = _columns(written)
    with closing(sheet.rows()) as found:
        for count, (line, row) in enumerate(found, 1):
            if count > MOST_ROWS:
                raise Invalid({"file": say("The file has more than {max} rows. Part it.", max=MOST_ROWS)})
            if BROKEN in row:
                yield [line, "", "", "", packed({"": row[BROKEN]})]
            else:
                yield [line, *(_cell(row, columns[name]) for name in HEADINGS)]


def _columns(written: Sequence[str]) -> dict[str, list[str]]:
    found = {name: [one for one in written if tidy(one).casefold() in ALSO[name]] for name in HEADINGS}
    if not found["terms"]:
        raise Invalid({"file": say("No column is called “Terms”, but: {columns}. The first row names the columns: "
                                   "Field, Terms, Note.", columns=", ".join(written)[:200])})
    return found


def _cell(row: dict[str, Any], columns: Sequence[str]) -> str:
    cells = [row.get(column) for column in columns]
    given = [one for cell in cells for one in (cell if isinstance(cell, list) else [cell]) if one not in (None, "")]
    return SEPARATOR.join(str(unmarked(one)) for one in given)[:LONGEST_CELL]


def get(actor: User, key: str) -> TermImport:
    require(table.can_keep(actor))
    imported = session.scalar(select(TermImport).where(TermImport.key == key))
    if imported is None:
        raise NotFound
    return imported


def recent(actor: User) -> list[TermImport]:
    require(table.can_keep(actor))
    return list(session.scalars(select(TermImport).order_by(TermImport.id.desc()).limit(10)))


def outcome(imported: TermImport) -> list[Row]:
    """What becomes of each row: what would, as the table is now; or what did, once it was taken in."""
    return [_unpacked(row) for row in imported.outcome["rows"]] if imported.applied_at else _plan(imported.rows)


def counts(rows: Sequence[Row]) -> dict[str, int]:
    return {what: sum(row.what == what for row in rows) for what in ("new", "changed", "unchanged", "rejected")}


def apply(actor: User, imported: TermImport) -> list[Row]:
    """Take the good rows in. A second click finds it done: Conflict."""
    require(table.can_keep(actor))
    with transaction():
        now = clock.now()
        claimed = session.execute(
            update(TermImport).where(TermImport.id == imported.id, TermImport.applied_at.is_(None))
            .values(applied_at=now).execution_options(synchronize_session=False).returning(TermImport.id)
        ).first()
        if claimed is None:
            raise Conflict(say("This file has been taken in already."))
        rows = _plan(imported.rows)
        _write(actor, rows)
        imported.applied_at, imported.outcome = now, {"rows": [_packed(row) for row in rows]}
        audit.record(actor.id, "terms.imported", "term_import", imported.id, counts=counts(rows))
        outbox.publish("terms.changed", table.THE_TABLE)
    return rows


def _write(actor: User, rows: Sequence[Row]) -> None:
    ids = [row.group_id for row in rows if row.what == "changed"]
    groups = {group.id: group for group in session.scalars(select(TermGroup).where(TermGroup.id.in_(ids)))}
    for row in rows:
        if row.what in ("new", "changed"):
            group = groups[row.group_id] if row.group_id else TermGroup(origin=Origin.OPERATOR)
            table.write(group, actor, row.terms, row.code, row.note)
            session.add(group)


def forget_old() -> None:
    """Remove what was uploaded a month ago."""
    with transaction():
        session.execute(delete(TermImport).where(TermImport.created_at < clock.now() - KEPT))


def _plan(given: Sequence[Sequence[Any]]) -> list[Row]:
    known = _Known()
    return [_planned(known, *row) for row in given]


def _planned(known: _Known, line: int, code: str, terms: str, note: str, broken: Any = None) -> Row:
    row = Row(line, (code, terms, note))
    if broken:
        row.problems.append(("", unpacked(broken)[""]))
    else:
        for check in (_take_terms, _take_field, _take_note):
            try:
                check(row)
            except Invalid as problem:
                row.problems += problem.fields.items()
    if not row.problems:
        known.take(row)
    if row.problems:
        row.what = "rejected"
    return row


def _take_field(row: Row) -> None:
    row.code = check_field(row.given[0])


def _take_terms(row: Row) -> None:
    row.terms = check_terms(parted(row.given[1]))


def _take_note(row: Row) -> None:
    row.note = check_note(row.given[2])


class _Known:
    """The table as it is and will be while the file is read, in memory: a file may say something of its own rows."""

    def __init__(self) -> None:
        groups = session.scalars(select(TermGroup).where(TermGroup.removed_at.is_(None)).order_by(TermGroup.id))
        self._heads: dict[str, TermGroup] = {}
        self._whole: dict[frozenset[str], str] = {}
        self._standing: dict[str, list[str]] = {}
        self._taken: dict[str, int] = {}
        self._circles, self._count = Circles(), 0
        for group in groups:
            self._heads.setdefault(group.terms[0].folded, group)
            self._note(group.texts)
            self._circles.closes(group.texts)

    def take(self, row: Row) -> None:
        """Say what becomes of a sound row, and count it in."""
        head, whole = compared(row.terms[0]), frozenset(map(compared, row.terms))
        if head in self._taken:
            row.problems.append(("terms", say("“{term}” begins line {line} as well. Put both into one row.",
                                              term=row.terms[0], line=self._taken[head])))
            return
        group = self._heads.get(head)
        if group is not None:
            row.group_id, row.before = group.id, group.texts
            same = (group.texts, group.field, group.note) == (row.terms, row.code, row.note)
            row.what = "unchanged" if same else "changed"
        elif whole in self._whole:
            row.what = "unchanged"
            row.remarks.append(say("These terms already are the group of “{head}”.", head=self._whole[whole]))
        elif self._count >= MOST_GROUPS:
            row.problems.append(("terms", say("There are {max} groups, and no more fit. Remove some first.",
                                              max=MOST_GROUPS)))
            return
        self._taken[head] = row.line
        if row.what != "unchanged":
            self._remark(row, group)

    def _remark(self, row: Row, group: TermGroup | None) -> None:
        before = set() if group is None else {term.folded for term in group.terms}
        added = [term for term in row.terms if compared(term) not in before]
        for term in added:
            for head in self._standing.get(compared(term), [])[:3]:
                row.remarks.append(say("“{term}” stands also in the group of “{head}”; groups are not joined.",
                                       term=term, head=head))
        if group is None and self._circles.closes(row.terms):
            row.remarks.append(say(
                "With other groups this one closes a circle. That does no harm: each group is searched by itself. To "
                "make all of them equal, write them into one row."))
        self._note(row.terms)

    def _note(self, terms: Sequence[str]) -> None:
        self._count += 1
        self._whole.setdefault(frozenset(map(compared, terms)), terms[0])
        for term in terms:
            self._standing.setdefault(compared(term), []).append(terms[0])


def _packed(row: Row) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _AS_THEY_ARE}, "given": list(row.given),
        "problems": [[column, packed({"": message})] for column, message in row.problems],
        "remarks": [packed({"": remark}) for remark in row.remarks],
    }


def _unpacked(kept: dict[str, Any]) -> Row:
    field, terms, note = kept["given"]
    return Row(
        **{name: kept[name] for name in _AS_THEY_ARE}, given=(field, terms, note),
        problems=[(column, unpacked(message)[""]) for column, message in kept["problems"]],
        remarks=[unpacked(remark)[""] for remark in kept["remarks"]],
    )


_AS_THEY_ARE = ("line", "what", "terms", "code", "note", "before")
