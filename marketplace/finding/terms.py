"""The table of equal terms: read, kept by operators, brought by releases, told to the engine.

Whatever changes it tells `terms.changed`, about one subject, the table; the engine then gets the whole of it anew.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import joinedload

from marketplace import audit, clock, index, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.finding.models import Origin, Term, TermGroup
from marketplace.finding.term_rules import (
    MOST_GROUPS,
    SEPARATOR,
    check_field,
    check_note,
    check_terms,
    compared,
    parted,
)
from marketplace.listings import documents
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say
from search.pinyin import sounds, typed

THE_TABLE = 0
"""The subject of `terms.changed`: there is only one table."""
WITHOUT_FIELD = "none"
SHIPPED = Path(__file__).with_name("terms.csv")
_IN_FORCE = TermGroup.removed_at.is_(None)


@dataclass(frozen=True)
class Elsewhere:
    """A term of one group that stands in another as well."""

    term: str
    group_id: int
    head: str
    """The other group's first term."""


def can_keep(actor: Reader) -> bool:
    """The table changes what everybody finds: it is for operators."""
    return actor is not None and actor.is_operator


def require_keeper(actor: Reader) -> None:
    """Raise Forbidden for anybody else."""
    require(can_keep(actor))


def in_force() -> list[list[str]]:
    """Every group that search goes by, as the engine takes it."""
    rows = session.execute(
        select(Term.group_id, Term.text).join(TermGroup).where(_IN_FORCE).order_by(Term.group_id, Term.position)
    )
    groups: dict[int, list[str]] = {}
    for group_id, text in rows:
        groups.setdefault(group_id, []).append(text)
    return list(groups.values())


LISTINGS = replace(documents.LISTINGS, synonyms=in_force)
"""The index of listings with the terms it goes by."""
tell_engine = index.keep_synonyms(LISTINGS)
"""The handler of `terms.changed`: no restart and no rebuild."""


def find(
    actor: Reader, text: str = "", field: str = "", *, removed: bool = False, page: int = 1, size: int = 50
) -> tuple[Sequence[TermGroup], int]:
    """(one page of the groups with a term or a note like `text`, how many there are)."""
    require(can_keep(actor))
    wanted: list[ColumnElement[bool]] = [TermGroup.removed_at.is_not(None) if removed else _IN_FORCE]
    if field:
        wanted.append(TermGroup.field.is_(None) if field == WITHOUT_FIELD else TermGroup.field == field)
    if text:
        like = Term.folded.contains(compared(text), autoescape=True)
        wanted.append(or_(TermGroup.id.in_(select(Term.group_id).where(like)), _noted(text)))
    total = session.scalar(select(func.count()).select_from(TermGroup).where(*wanted)) or 0
    ours = case((or_(TermGroup.origin == Origin.OPERATOR, TermGroup.removed_at.is_not(None)), 0), else_=1)
    newest = case((ours == 0, TermGroup.changed_at), else_=None).desc()
    groups = (
        select(TermGroup).where(*wanted).options(joinedload(TermGroup.changed_by))
        .order_by(ours, newest, TermGroup.id).limit(size).offset((page - 1) * size)
    )
    return session.scalars(groups).all(), total


def _noted(text: str) -> ColumnElement[bool]:
    return TermGroup.note.icontains(text, autoescape=True)


def get(actor: Reader, number: int) -> TermGroup:
    """The group, in force or removed, for those who keep the table."""
    require(can_keep(actor))
    group = session.get(TermGroup, number)
    if group is None:
        raise NotFound
    return group


def add(actor: User, terms: Sequence[str], field: str = "", note: str = "") -> TermGroup:
    """A new group. Raises Invalid naming what is wrong with it, and for one that is there already."""
    require(can_keep(actor))
    checked = check_terms(terms)
    with transaction():
        _refuse_repeated(checked, None)
        if _count() >= MOST_GROUPS:
            raise Invalid({"terms": say("There are {max} groups, and no more fit. Remove some first.",
                                        max=MOST_GROUPS)})
        group = TermGroup(origin=Origin.OPERATOR)
        write(group, actor, checked, check_field(field), check_note(note))
        session.add(group)
        _tell(actor, group, "terms.added")
    return group


def change(
    actor: User, group: TermGroup, terms: Sequence[str], field: str = "", note: str = "", version: int | None = None
) -> TermGroup:
    """Say something else. Raises Conflict when somebody changed the group since `version`."""
    require(can_keep(actor))
    if version is not None and group.version != version:
        raise Conflict(say("Somebody else changed this group while you were writing. Nothing was overwritten."))
    checked, code, noted = check_terms(terms), check_field(field), check_note(note)
    if (checked, code, noted) == (group.texts, group.field, group.note):
        return group
    with transaction():
        _refuse_repeated(checked, group.id)
        write(group, actor, checked, code, noted)
        _tell(actor, group, "terms.changed")
    return group


def remove(actor: User, group: TermGroup) -> None:
    """Search no longer goes by it. Twice does no harm."""
    require(can_keep(actor))
    if group.removed_at is None:
        with transaction():
            group.removed_at = group.changed_at = clock.now()
            group.changed_by_id = actor.id
            _tell(actor, group, "terms.removed")


def restore(actor: User, group: TermGroup) -> None:
    """Put a removed group back. Raises Invalid when its terms have meanwhile been written anew."""
    require(can_keep(actor))
    if group.removed_at is not None:
        with transaction():
            _refuse_repeated(group.texts, group.id)
            group.removed_at, group.changed_at, group.changed_by_id = None, clock.now(), actor.id
            _tell(actor, group, "terms.restored")


def elsewhere(groups: Iterable[TermGroup]) -> dict[int, list[Elsewhere]]:
    """Group -> its terms that stand in other groups in force as well. Groups are not joined by that."""
    own = {(group.id, term.folded): term.text for group in groups for term in group.terms}
    if not own:
        return {}
    shared = select(Term.folded, Term.group_id).join(TermGroup).where(_IN_FORCE, Term.folded.in_({f for _, f in own}))
    rows = session.execute(shared.order_by(Term.group_id)).all()
    first = select(Term).where(Term.position == 0, Term.group_id.in_({row.group_id for row in rows}))
    heads = {term.group_id: term.text for term in session.scalars(first)}
    found: dict[int, list[Elsewhere]] = {}
    for (group_id, folded), text in own.items():
        others = [row.group_id for row in rows if row.folded == folded and row.group_id != group_id]
        found.setdefault(group_id, []).extend(Elsewhere(text, other, heads[other]) for other in others)
    return {group_id: shared for group_id, shared in found.items() if shared}


def beginning(text: str, limit: int = 8) -> list[str]:
    """Terms that begin with `text`, or whose pinyin or initials do, the shortest first; for suggestions."""
    folded = compared(text)
    if not folded or limit < 1:
        return []
    ways = [Term.folded.startswith(folded, autoescape=True)]
    if letters := typed(text):
        ways.append(Term.sounds.contains(f" {letters}"))
    like = select(Term.text, Term.folded).join(TermGroup).where(_IN_FORCE, or_(*ways))
    literally = case((ways[0], 0), else_=1)
    rows = session.execute(like.order_by(literally, func.length(Term.text), Term.text).limit(limit * 3))
    return list({row.folded: row.text for row in rows}.values())[:limit]


def load_shipped(path: Path = SHIPPED) -> tuple[int, int]:
    """Bring the terms of this release: (new groups, changed ones).

    A group is known again by its first term. What an operator has removed or rewritten stays as it is.
    """
    added = changed = 0
    with path.open(encoding="utf-8", newline="") as file, transaction():
        known = {group.key: group for group in session.scalars(select(TermGroup).where(TermGroup.key.is_not(None)))}
        for row in csv.DictReader(file):
            terms, field, note = check_terms(parted(row["terms"])), check_field(row["field"]), check_note(row["note"])
            group = known.get(compared(terms[0]))
            if group is None:
                group = TermGroup(origin=Origin.SHIPPED, key=compared(terms[0]))
                session.add(group)
                added += 1
            elif group.origin is Origin.OPERATOR or group.removed_at or (group.texts, group.field) == (terms, field):
                continue
            else:
                changed += 1
            _put(group, terms, field, note)
        if added or changed:
            outbox.publish("terms.changed", THE_TABLE)
    return added, changed


def write(group: TermGroup, actor: User, terms: Sequence[str], field: str | None, note: str) -> None:
    """Put checked content into a new group or an old one, which is the operators' own from now on."""
    group.origin, group.changed_by_id = Origin.OPERATOR, actor.id
    _put(group, terms, field, note)


def _put(group: TermGroup, terms: Sequence[str], field: str | None, note: str) -> None:
    group.field, group.note, group.changed_at = field, note, clock.now()
    if group.texts != list(terms):
        group.terms = [
            Term(position=at, text=text, folded=compared(text), sounds=_sounds(text)) for at, text in enumerate(terms)
        ]


def _sounds(term: str) -> str:
    return "".join(sorted(f" {sound.partition('|')[0]}" for sound in sounds((), term)))


def _tell(actor: User, group: TermGroup, act: str) -> None:
    session.flush()
    audit.record(actor.id, act, "terms", group.id, terms=SEPARATOR.join(group.texts))
    outbox.publish("terms.changed", THE_TABLE)


def _refuse_repeated(terms: Sequence[str], but: int | None) -> None:
    """No second group of exactly these terms."""
    folded = {compared(term) for term in terms}
    same = (
        select(Term.group_id).join(TermGroup).where(_IN_FORCE, Term.group_id != (but or 0))
        .group_by(Term.group_id).having(func.count() == len(folded))
        .having(func.sum(case((Term.folded.in_(folded), 1), else_=0)) == len(folded))
    )
    number = session.scalar(same.limit(1))
    if number is not None:
        raise Invalid({"terms": say("These terms already are a group, number {number}. Change that one instead.",
                                    number=number)})


def _count() -> int:
    return session.scalar(select(func.count()).select_from(TermGroup).where(_IN_FORCE)) or 0
