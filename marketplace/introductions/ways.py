"""The ways on from where an introduction stands, for one person: what is possible, and what the rest still lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import conditions as c
from marketplace.introductions import vocabulary as words
from marketplace.introductions.conditions import Condition
from marketplace.introductions.inputs import Input
from marketplace.introductions.making import ONE_OPEN
from marketplace.introductions.models import CloseReason, Confirmed, Introduction, Side, Stage, Status
from marketplace.introductions.moves import NAMES, WHO, Move, Who, inputs_of, possible, rows
from marketplace.introductions.permissions import acting_sides, can_see, capacities
from marketplace.listings.models import PRIVATE_TO_ORGANISATION, Listing, State
from marketplace.phrases import Label, Phrase, say


@dataclass(frozen=True)
class Available:
    """A move that is this person's to make from here."""

    move: Move
    inputs: tuple[Input, ...]
    targets: tuple[Stage, ...]
    missing: tuple[Any, ...] = ()
    """What has to be true first, a sentence each; nothing when it can be made now."""

    @property
    def is_possible(self) -> bool:
        return not self.missing


BESIDE_THE_POINT = frozenset({
    c.NOT_YET_INTERESTED, c.HAS_INTEREST, c.UNASSIGNED, c.NOT_YET_CONSENTED, c.HAS_CONSENTED, c.COPY_WAITS,
    c.NOT_YET_SIGNED_NDA, c.NOT_YET_CONFIRMED_CONTRACT, c.NOT_YET_CONFIRMED_OUTCOME, c.A_LISTING_WITHDRAWN,
})
"""What does not hold here is not waited for: it is done already, or was never this case's."""

_LACKING: dict[Condition, Callable[[Introduction], set[Side]]] = {
    c.BOTH_CONSENTED: lambda i: c.BOTH - c.consented(i),
    c.NDA_WHERE_ASKED: lambda i: c.BOTH - c.signed_nda(i),
    c.CONTRACT_CONFIRMED: lambda i: c.BOTH - c.confirmed(i, Confirmed.SIGNED) if c.contract(i) else set(),
    c.CONTRACT_STANDS: lambda i: c.BOTH - c.confirmed(i, Confirmed.SIGNED) if c.contract(i) else set(),
    c.OUTCOME_CONFIRMED: lambda i: c.BOTH - c.confirmed(i, Confirmed.OUTCOME) if i.outcomes else set(),
    c.LISTINGS_READABLE: lambda i: {s for s in Side if i.listing_of(s).state in PRIVATE_TO_ORGANISATION},
    c.LISTINGS_NOT_WITHDRAWN: lambda i: {s for s in Side if i.listing_of(s).state is State.WITHDRAWN},
}
"""On whose side it lies that a condition does not hold."""


def all_moves(actor: User, introduction: Introduction) -> list[Available]:
    """Every move this person could make from this stage, in the order of the table; those that are not possible yet
    say what is missing."""
    if not can_see(actor, introduction):
        raise NotFound
    who = capacities(actor, introduction)
    found: dict[str, Available] = {}
    for row in possible(introduction.stage, introduction.status, who):
        unmet = _unmet(actor, introduction, row, who)
        if BESIDE_THE_POINT.intersection(unmet):
            continue
        missing = tuple(lacks(introduction, condition) for condition in unmet)
        if not missing and _blocked(introduction, row):
            missing = (c.NO_OTHER_OPEN,)
        way = Available(row, inputs_of(row, who), tuple(row.targets(introduction.stage)), missing)
        found[row.key] = _joined(found[row.key], way) if row.key in found else way
    return list(found.values())


def available_moves(actor: User, introduction: Introduction) -> list[Available]:
    """What this person may do now."""
    return [way for way in all_moves(actor, introduction) if way.is_possible]


def lacks(introduction: Introduction, condition: Condition) -> Any:
    """The condition that does not hold, and on whose side it lies where that can be said."""
    sides = _LACKING[condition](introduction) if condition in _LACKING else set()
    if not sides:
        return condition.says
    who = words.SIDES[next(iter(sides))] if len(sides) == 1 else Label("双方", "both sides")
    return say("{condition} – still missing: {who}", condition=condition.says, who=who)


def allowed(
    actor: User, introduction: Introduction, name: str, reason: CloseReason | None, to_stage: object
) -> tuple[Move, Side | None]:
    """The row of the table under which this person may move, and the side they move for."""
    who = capacities(actor, introduction)
    named = rows(name, reason)
    mine_to_make = [row for row in named if row.who & who]
    if not mine_to_make:
        theirs = sorted({role for row in named for role in row.who})
        roles = Label("、".join(WHO[role].zh for role in theirs), " / ".join(WHO[role].en for role in theirs))
        raise Forbidden(say("This move is not yours to make, but: {roles}.", roles=roles))
    here = [row for row in mine_to_make if row.leads_from(introduction.stage, introduction.status)]
    if not here:
        raise Conflict(say("“{move}” is not possible from stage {stage}, {status}.", move=named[0].label,
                           stage=words.STAGES[introduction.stage].name, status=words.STATUSES[introduction.status]))
    aimed = [row for row in here if str(to_stage) in {str(int(stage)) for stage in row.targets(introduction.stage)}]
    for row in aimed or here:
        side = _side_for(actor, introduction, row, who)
        if side is not _NOBODY:
            if _blocked(introduction, row):
                raise Conflict(ONE_OPEN)
            return row, side if isinstance(side, Side) else None
    raise Conflict(not_yet(introduction, _unmet(actor, introduction, (aimed or here)[0], who)))


def not_yet(introduction: Introduction, unmet: tuple[Condition, ...]) -> Phrase:
    return say("Not yet: {condition}.", condition=lacks(introduction, unmet[0]))


def checked_reason(name: str, reason: CloseReason | str | None) -> CloseReason | None:
    """The reason of a closing, which nothing but a closing has."""
    if name not in NAMES:
        raise Invalid({"move": say("There is no move “{move}”.", move=name[:40])})
    if name != "close":
        if reason:
            raise Invalid({"reason": say("This move does not take this.")})
        return None
    codes = [code.value for code in CloseReason]
    if reason not in codes:
        raise Invalid({"reason": say("“{input}” is none of the choices: {choices}.", input=str(reason or "")[:40],
                                     choices=", ".join(codes))})
    return CloseReason(reason)


def open_pair(need: Listing, result: Listing) -> Introduction | None:
    """The open introduction of this pair; there is one at most."""
    return session.scalar(select(Introduction).where(
        Introduction.need_id == need.id, Introduction.result_id == result.id, Introduction.status != Status.CLOSED,
    ))


_NOBODY = object()


def _side_for(actor: User, introduction: Introduction, row: Move, who: set[Who]) -> object:
    """The side for which the row's conditions hold, None for a broker or operator; _NOBODY when they do not hold."""
    for side in _acting(actor, introduction, who):
        if all(condition.holds(introduction, side) for condition in row.conditions):
            return side
    return _NOBODY


def _unmet(actor: User, introduction: Introduction, row: Move, who: set[Who]) -> tuple[Condition, ...]:
    """What does not hold for the side that lacks least; nothing when the row may be used."""
    lacking = [
        tuple(condition for condition in row.conditions if not condition.holds(introduction, side))
        for side in _acting(actor, introduction, who)
    ]
    return min(lacking, key=len)


def _acting(actor: User, introduction: Introduction, who: set[Who]) -> list[Side | None]:
    return list(acting_sides(actor, introduction)) if Who.SIDE in who else [None]


def _joined(one: Available, other: Available) -> Available:
    """Two rows of one move: what is possible counts, and of two possible ones the first asks for both targets."""
    if one.is_possible is not other.is_possible:
        return one if one.is_possible else other
    return Available(one.move, one.inputs, tuple(sorted({*one.targets, *other.targets})), one.missing)


def _blocked(introduction: Introduction, row: Move) -> bool:
    """Would reopening make a second open introduction of the pair?"""
    if row.name != "reopen":
        return False
    other = open_pair(introduction.need, introduction.result)
    return other is not None and other is not introduction
