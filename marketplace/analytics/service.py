"""Whether it works, and where it leaks: read-only figures for those who run the place, and some for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.analytics import publishing
from marketplace.analytics.asking import CUTS as ASKED
from marketplace.analytics.asking import Question
from marketplace.analytics.cuts import CUTS, Cut
from marketplace.analytics.permissions import can_read
from marketplace.analytics.results import Cohort, Group, Kept, Met, NoShows, Passage, Reply, Step
from marketplace.contracts.figures import Came, survey_results
from marketplace.db import session
from marketplace.errors import Forbidden, NotFound, Unauthorised, require
from marketplace.events.models import Edition
from marketplace.introductions.figures import ANSWERED
from marketplace.introductions.models import CloseReason, ReasonCode, Stage
from marketplace.listings.models import Kind
from marketplace.organisations.permissions import Reader
from marketplace.phrases import Label, say

if TYPE_CHECKING:
    from marketplace.analytics.measures import Measured

Names = Mapping[str, Mapping[Any, Any]]
"""Cut -> what its values are called, for those that are read from the database."""


@dataclass(frozen=True)
class Named:
    """A piece of the cut with its name."""

    name: Any
    group: Group


@dataclass(frozen=True)
class Choice:
    value: str
    name: Any


@dataclass(frozen=True)
class Figures:
    question: Question
    cut: Cut
    choices: dict[str, list[Choice]]
    """Cut -> what the figures can be narrowed to."""
    narrowed: dict[str, Any]
    """Cut -> the name of the value they are narrowed to."""
    entered: int
    """Introductions that came to interest in the period: the cohort of all that follows."""
    steps: list[Step]
    cohorts: list[Cohort]
    groups: list[Named]
    passages: list[Passage]
    replies: list[Reply]
    no_shows: NoShows
    close_reasons: dict[CloseReason, int]
    reason_codes: dict[ReasonCode, int]
    closed_at: dict[Stage, int]
    answered: Kept
    met: dict[Kind, list[Met]]
    is_public: bool

    def reached(self, stage: int) -> int:
        return next(step.reached for step in self.steps if step.stage == stage)

    @property
    def drawn(self) -> list[Named]:
        """The pieces for a picture: beside all that comes from no event, an event would be a hair's breadth."""
        return [one for one in self.groups if self.cut.name != "event" or one.group.value is not None]


@dataclass(frozen=True)
class Funnel:
    """What anybody can recompute from the histories."""

    cohorts: list[Cohort]
    passages: list[Passage]


@dataclass(frozen=True)
class Public:
    """For everybody: sums, and no small ones."""

    question: Question
    cut: Cut
    is_public: bool
    entered: int | None
    steps: list[Step]
    passages: list[Passage]
    pieces: list[tuple[Any, int]]
    reasons: list[tuple[Any, int]]
    met: dict[Kind, Met | None]
    answered: Kept


def figures(actor: User, asked: Question) -> Figures:
    """For brokers and operators."""
    require(can_read(actor))
    measured = _measured(asked)
    cut = CUTS[asked.by or "field"]
    names = _names(measured)
    choices = {
        name: sorted((Choice(str(value), _called(CUTS[name], value, names)) for value in measured.values(name)),
                     key=lambda choice: str(choice.name))
        for name in ASKED
    }
    return Figures(
        question=asked, cut=cut, choices=choices, narrowed=_narrowed(asked, choices), entered=len(measured),
        steps=measured.steps(), cohorts=measured.cohorts(),
        groups=[Named(_called(cut, group.value, names), group) for group in measured.groups(cut.name)],
        passages=measured.passages(), replies=[measured.reply(stage) for stage in ANSWERED],
        no_shows=measured.no_shows(), close_reasons=measured.close_reasons(), reason_codes=measured.reason_codes(),
        closed_at=measured.closed_at(), answered=measured.needs_answered(), met=_met(measured),
        is_public=publishing.is_public(),
    )


def funnel(asked: Question) -> Funnel:
    """Cohorts by month and time in stage, as API and command give them; who may is asked by `funnel_for`."""
    measured = _measured(asked)
    cohorts = measured.cohorts(asked.by)
    if asked.by == "broker":
        names = _brokers({cohort.key for cohort in cohorts})
        cohorts = [Cohort(one.month, names.get(one.key), one.counts, one.opens) for one in cohorts]
    return Funnel(cohorts, measured.passages())


def funnel_for(actor: Reader, asked: Question) -> tuple[Funnel, bool]:
    """The funnel, and whether all of it is this reader's to see: others get sums of some size, where they are public,
    of whole months, and not by person or event."""
    if can_read(actor):
        return funnel(asked), True
    if not publishing.is_public():
        if actor is None:
            raise Unauthorised(say("Send a bearer token; POST /api/v1/tokens gives one."))
        raise Forbidden(say("These figures are for brokers and operators."))
    require(asked.is_harmless, say("Everybody sees these figures for whole months only, not by broker or event, and "
                                   "not of a part."))
    return funnel(asked), False


def public_figures(actor: Reader, asked: Question) -> Public:
    """For everybody, once they are public; staff see beforehand what it will be."""
    is_public = publishing.is_public()
    if not is_public and not can_read(actor):
        raise NotFound
    asked = asked.for_everybody()
    measured = _measured(asked)
    cut = CUTS[asked.by or "field"]
    counted = publishing.pieces((group.value, group.entered) for group in measured.groups(cut.name))
    reasons = publishing.pieces(measured.reason_codes().items())
    met = {kind: publishing.together(found) for kind, found in _met(measured).items()}
    return Public(
        question=asked, cut=cut, is_public=is_public, entered=publishing.told(len(measured)),
        steps=publishing.steps(measured.steps()), passages=publishing.passages(measured.passages()),
        pieces=[(_other(piece) or cut.called(piece.value), piece.count) for piece in counted],
        reasons=[(_other(piece) or piece.value, piece.count) for piece in reasons], met=met,
        answered=measured.needs_answered(),
    )


def outcomes(actor: User, asked: Question) -> list[Came]:
    """What both sides answered when they were asked, half a year and a year on, what had come of it."""
    require(can_read(actor))
    return survey_results(asked.since, asked.until)


def warm() -> None:
    """Read what the figures are made of before anybody asks for them."""
    _measured(Question())


def _measured(asked: Question) -> Measured:
    # Imported here because numpy takes a tenth of a second to load, which commands without figures need not wait for.
    from marketplace.analytics import columns, measures

    return measures.Measured(columns.current(), asked)


def _met(measured: Measured) -> dict[Kind, list[Met]]:
    from marketplace.analytics import raw

    return {Kind.NEED: measured.met(raw.NEED), Kind.RESULT: measured.met(raw.RESULT)}


def _other(piece: publishing.Piece) -> Label | None:
    return Label("其他", "Others") if piece.value == publishing.OTHERS else None


def _names(measured: Measured) -> Names:
    editions = select(Edition.ref, Edition.title_zh, Edition.title_en).where(Edition.ref.in_(measured.values("event")))
    titles = {ref: Label(zh, en or zh) for ref, zh, en in session.execute(editions)}
    return {"broker": _brokers(measured.values("broker")), "event": titles}


def _brokers(ids: Any) -> dict[int, str]:
    """What each is called; who shares a name with any other broker, with the address."""
    these = User.id.in_([number for number in ids if number])
    query = select(User.id, User.name, User.email).where(these | User.is_broker)
    people = [(row.id, row.name, row.email) for row in session.execute(query)]
    names = [name for _, name, _ in people]
    return {number: name if names.count(name) == 1 else f"{name} <{email}>" for number, name, email in people}


def _called(cut: Cut, value: Any, names: Names) -> Any:
    if value is None:
        return cut.nothing
    return names[cut.name].get(value, str(value)) if cut.name in names else cut.called(value)


def _narrowed(asked: Question, choices: Mapping[str, Sequence[Choice]]) -> dict[str, Any]:
    found = {}
    for name, value in asked.only.items():
        known = {choice.value: choice.name for choice in choices[name]}
        found[name] = known.get(value) or (value if name in ("broker", "event") else CUTS[name].called(value))
    return found
