"""Cases as platform staff see them in lists, side by side with hundreds of others: what a line shows, in one query.

Staff read every listing whole, so nothing here is veiled; what the two sides see is made by reading.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, union_all
from sqlalchemy.orm import aliased

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions.models import CloseReason, Introduction, Origin, Owes, ReasonCode, Side, Stage, Status
from marketplace.introductions.moves import TABLE, Move, Who, possible
from marketplace.listings.models import Listing, ListingTranslation, State
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import editable_ids, organisation_ids
from marketplace.phrases import Label

LATEST = datetime.max.replace(tzinfo=UTC)
COLUMNS = (
    "id", "ref", "stage", "status", "close_reason", "reason_code", "origin", "broker_id", "created_at",
    "entered_stage_at", "owed_by", "due_at", "wakes_at", "unanswered_since", "unanswered_by", "match_score",
    "match_reasons", "version",
)


@dataclass(frozen=True)
class End:
    """The need or the result of a case."""

    id: int
    ref: str
    title: Label
    state: State
    valid_until: date | None
    organisation_id: int
    organisation: Label


@dataclass(frozen=True)
class Card:
    id: int
    ref: str
    stage: Stage
    status: Status
    close_reason: CloseReason | None
    reason_code: ReasonCode | None
    origin: Origin
    broker_id: int | None
    created_at: datetime
    entered_stage_at: datetime
    owed_by: Owes
    due_at: datetime | None
    wakes_at: datetime | None
    unanswered_since: datetime | None
    unanswered_by: Owes | None
    match_score: float | None
    match_reasons: list[Any] | None
    version: int
    broker: str | None
    broker_has_left: bool
    need: End
    result: End

    @property
    def needs_owner(self) -> bool:
        return self.broker_id is None or self.broker_has_left

    @property
    def is_late(self) -> bool:
        return self.due_at is not None and self.due_at < clock.now()

    @property
    def ends(self) -> tuple[End, End]:
        return self.need, self.result


@dataclass(frozen=True)
class Pick:
    """Which cases, and in which order: columns of Introduction, the least first."""

    where: Sequence[ColumnElement[bool]]
    order: tuple[str, ...] = ("due_at", "id")
    most: int = 10
    from_the_top: bool = False
    """The greatest first."""


@dataclass(frozen=True)
class Pile:
    """Cases of one kind: the first of them, and how many there are."""

    items: Sequence[Card]
    total: int


def piles(picks: Mapping[str, Pick], totals: Mapping[str, int] | None = None) -> dict[str, Pile]:
    """All the piles of a page in one query, or two where they still have to be counted."""
    counted = count(picks) if totals is None else totals
    asked = {name: pick for name, pick in picks.items() if counted.get(name)}
    if not asked:
        return {name: Pile((), 0) for name in picks}
    first = union_all(*(_first(name, pick) for name, pick in asked.items())).subquery()
    found: dict[str, list[Card]] = {name: [] for name in picks}
    for row in session.execute(_CARDS.join(first, first.c.id == Introduction.id).add_columns(first.c.pile)):
        found[row.pile].append(_card(row))
    return {name: Pile(_ordered(there, picks[name]), counted.get(name, 0)) for name, there in found.items()}


def count(picks: Mapping[str, Pick]) -> dict[str, int]:
    """How many there are of each, in one query."""
    counts = (select(func.count()).select_from(Introduction).where(*pick.where).scalar_subquery()
              for pick in picks.values())
    return dict(zip(picks, session.execute(select(*counts)).one(), strict=True))


def cards(ids: Sequence[int]) -> list[Card]:
    """These cases, in one query and no particular order."""
    return [_card(row) for row in session.execute(_CARDS.where(Introduction.id.in_(ids)))] if ids else []


@dataclass(frozen=True)
class Way:
    """A move that leads from a card, as far as stage, status and role decide; trying it says what it lacks."""

    key: str
    label: Label
    target: Stage


ON_CARDS = frozenset({"propose", "take", "skip", "hold", "wake", "hand_over", "assign"})
"""Moves offered on a card besides those that lead to another stage."""
STEPS: Sequence[Move] = [move for move in TABLE if move.name != "close"]


def ways(actor: User, card: Card) -> list[Way]:
    """What may be tried from a card, what leads forward first."""
    found: dict[str, Way] = {}
    for move in possible(card.stage, card.status, capacities(actor, card)):
        if move.name == "close" or (move.name in ("propose", "take") and not card.needs_owner):
            continue
        for target in move.targets(card.stage):
            if target is not card.stage or move.name in ON_CARDS:
                found.setdefault(move.key, Way(move.key, move.label, target))
    return sorted(found.values(), key=lambda way: (way.target <= card.stage, way.key == "skip", way.target))


def capacities(actor: User, card: Card) -> set[Who]:
    """permissions.capacities, of a card."""
    concerned = {end.organisation_id for end in card.ends}
    if concerned & set(organisation_ids(actor)):
        return {Who.SIDE} if concerned & set(editable_ids(actor)) else set()
    found = {Who.OPERATOR} if actor.is_operator else set()
    if actor.is_broker and (card.broker_id == actor.id or card.needs_owner):
        found.add(Who.BROKER)
    return found


def _first(name: str, pick: Pick) -> Select[Any]:
    columns = [getattr(Introduction, column) for column in pick.order]
    ordered = [column.desc().nulls_last() for column in columns] if pick.from_the_top else columns
    some = select(Introduction.id).where(*pick.where).order_by(*ordered).limit(pick.most).subquery()
    return select(literal(name).label("pile"), some.c.id)


def _ordered(found: list[Card], pick: Pick) -> list[Card]:
    without = -1.0 if pick.from_the_top else LATEST

    def place(card: Card) -> tuple[Any, ...]:
        return tuple(without if value is None else value for value in (getattr(card, name) for name in pick.order))

    return sorted(found, key=place, reverse=pick.from_the_top)


def _statement() -> tuple[Select[Any], int]:
    """The query that cards are read with, and how many columns one listing has in it."""
    asked: list[Any] = [getattr(Introduction, name) for name in COLUMNS]
    asked += [User.name, User.disabled_at, User.is_broker]
    wide = 0
    joins = []
    for column in (Introduction.need_id, Introduction.result_id):
        listing, organisation, translation = aliased(Listing), aliased(Organisation), aliased(ListingTranslation)
        of_listing = [
            listing.id, listing.ref, listing.title, listing.language, translation.title, listing.state,
            listing.valid_until, listing.organisation_id, organisation.name, organisation.name_en,
        ]
        wide = len(of_listing)
        asked += of_listing
        joins.append((listing, organisation, translation, column))
    statement = select(*asked).select_from(Introduction).outerjoin(User, User.id == Introduction.broker_id)
    for listing, organisation, translation, column in joins:
        statement = statement.join(listing, listing.id == column)
        statement = statement.join(organisation, organisation.id == listing.organisation_id)
        in_other = and_(translation.listing_id == listing.id, translation.language != listing.language,
                        translation.language.in_(["zh", "en"]))
        statement = statement.outerjoin(translation, in_other)
    return statement, wide


_CARDS, _WIDE = _statement()


def _card(row: Any) -> Card:
    own, rest = row[: len(COLUMNS)], row[len(COLUMNS):]
    broker, disabled_at, is_broker = rest[:3]
    need, result = (_end(rest[3 + place * _WIDE: 3 + (place + 1) * _WIDE]) for place in range(len(Side)))
    left = broker is not None and not (disabled_at is None and is_broker)
    return Card(**dict(zip(COLUMNS, own, strict=True)), broker=broker, broker_has_left=left, need=need, result=result)


def _end(row: Any) -> End:
    number, ref, title, language, other, state, valid_until, organisation_id, name, name_en = row
    said = title or ref
    zh, en = (said, other or said) if language != "en" else (other or said, said)
    return End(number, ref, Label(zh, en), state, valid_until, organisation_id, Label(name, name_en or name))
