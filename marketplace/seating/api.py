"""Seating over JSON."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts.scopes import Scope, scoped
from marketplace.events import service as events
from marketplace.events.models import Registration
from marketplace.seating import notes, service, showing
from marketplace.seating.models import HostNote, SeatingPlan
from marketplace.seating.reading import Mate, MyTable
from marketplace.seating.schemas import (
    HostNoteOut,
    HostNoteShape,
    HostNotesOut,
    MyTablesOut,
    SeatEverybody,
    SeatingOut,
    SeatingRound,
    SeatingRoundOut,
    SeatMove,
)
from marketplace.seating.showing import Shown, Sitting
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("seating_api", __name__, url_prefix="/api/v1", description="Who sits at which table of an event")


@bp.get("/events/<ref>/seating")
@bp.etag
@bp.response(200, SeatingOut)
def show(ref: str) -> dict[str, Any]:
    """The tables of every round, with the reasons for each seat; for those who run events."""
    return _whole(ref)


@bp.post("/events/<ref>/seating")
@bp.arguments(SeatEverybody, required=False)
@bp.response(202, SeatingOut)
def ask(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Have everybody with a place seated. The work is done when no round's `work` is `asked` or `running`."""
    service.ask(actor(), service.edition_of(actor(), ref), **given)
    return _whole(ref)


@bp.post("/events/<ref>/seating/again")
@bp.arguments(SeatingRound, required=False)
@bp.response(202, SeatingOut)
def again(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Seat those who have really come, from this round on; tables that still work stay as they are."""
    service.ask_again(actor(), service.edition_of(actor(), ref), given["round"])
    return _whole(ref)


@bp.post("/events/<ref>/seating/publish")
@bp.response(200, SeatingOut)
def publish(ref: str) -> dict[str, Any]:
    """Let everybody see their own table."""
    service.publish(actor(), service.edition_of(actor(), ref))
    return _whole(ref)


@bp.post("/events/<ref>/seating/<int:number>/moves")
@bp.arguments(SeatMove)
@bp.response(200, SeatingRoundOut)
def move(given: dict[str, Any], ref: str, number: int) -> dict[str, Any]:
    """Put somebody elsewhere; 409 when somebody else has changed the seating meanwhile."""
    plan = service.plan_of(actor(), service.edition_of(actor(), ref), number)
    service.arrange(actor(), plan, given["registration"], given["to"], given["version"])
    return _plan(showing.shown(actor(), plan))


@bp.get("/events/<ref>/table")
@bp.response(200, MyTablesOut)
def mine(ref: str) -> dict[str, Any]:
    """Your own table, round by round, once it is published: with whom, and why."""
    return {"rounds": [_table(one) for one in service.table_of(actor(), events.get(actor(), ref))]}


@bp.get("/events/<ref>/notes")
@bp.response(200, HostNotesOut)
def read_notes(ref: str) -> dict[str, Any]:
    """What hosts noted, as far as you may read it."""
    edition = events.get(actor(), ref)
    notes.require_tables(actor(), edition)
    return {"items": service.notes_of(actor(), edition)}


@bp.post("/events/<ref>/notes")
@bp.arguments(HostNoteShape)
@bp.response(201, HostNoteOut)
@scoped(Scope.ACCOUNT)
def write_note(given: dict[str, Any], ref: str) -> HostNote:
    """Note what was said at your table. Sent twice with the same `once`, it is kept once."""
    table, text, once = given.pop("table"), given.pop("text"), given.pop("once")
    return service.note(actor(), events.get(actor(), ref), table, text, once, **given)


def _whole(ref: str) -> dict[str, Any]:
    edition = service.edition_of(actor(), ref)
    return {"rounds": [_plan(showing.shown(actor(), plan)) for plan in service.plans(actor(), edition)]}


def _plan(shown: Shown) -> dict[str, Any]:
    plan: SeatingPlan = shown.plan
    as_they_are = ("round", "state", "work", "share", "version", "greedy", "bound")
    return {
        **{name: getattr(plan, name) for name in as_they_are}, "proven": plan.is_proven, "value": shown.value.total,
        "parts": {name: points for name, points in shown.value.parts().items() if points},
        "tables": [{"number": table.number, "size": table.size, "people": [_sitting(one) for one in table.people]}
                   for table in shown.tables],
        "without_seat": [one.id for one in shown.standing], "troubles": [words(one) for one in shown.troubles],
    }


def _sitting(one: Sitting) -> dict[str, Any]:
    reasons = [{"text": words(reason.text), "need": reason.need or None, "result": reason.result or None,
                "score": reason.score} for reason in one.reasons]
    return {**person_json(one.registration), "leads": one.leads, "fixed": one.is_fixed, "reasons": reasons}


def _table(one: MyTable) -> dict[str, Any]:
    return {"round": one.round, "number": one.number, "leads": one.leads, "mates": [_mate(mate) for mate in one.mates]}


def _mate(mate: Mate) -> dict[str, Any]:
    because = mate.because
    return {
        **person_json(mate.registration), "leads": mate.leads, "score": because.score if because else None,
        "need": because.need.ref if because and because.need else None,
        "result": because.result.ref if because and because.result else None,
    }


def person_json(registration: Registration) -> dict[str, Any]:
    """Whose registration it is, as every part of this room tells it."""
    organisation = registration.organisation
    return {"registration": registration.id, "name": registration.user.name,
            "organisation": words(organisation) if organisation else None}
