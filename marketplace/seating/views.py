"""Seating as pages: the tables for those who run an event, each person's own table, what is printed, hosts' notes."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.events import service as events
from marketplace.listings.models import Listing
from marketplace.listings.tiers import title_in
from marketplace.messaging.packing import unpacked
from marketplace.phrases import say
from marketplace.seating import at_door, notes, schemas, service, showing, slips, vocabulary
from marketplace.seating.models import SeatingPlan
from marketplace.seating.problem import LEAST, MOST, MOST_ROUNDS, USUAL
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import current, words
from marketplace.web.payloads import load

bp = Blueprint("seating", __name__, url_prefix="/events")
FORM = ["GET", "POST"]


@bp.app_context_processor
def of_tables() -> dict[str, Any]:
    """For the pages of events, whose room is below this one: who sits where."""
    return {"tables_at_door": lambda edition: at_door.at_door(actor(), edition),
            "own_tables": lambda registration: at_door.own_tables(actor(), registration)}


@bp.app_template_filter("gain")
def gain(points: int) -> str:
    """+120, −45 or ±0."""
    return f"+{points}" if points > 0 else f"−{-points}" if points else "±0"


@bp.app_template_filter("title_here")
def title_here(listing: Listing) -> str:
    """A listing's title in the reader's language, where it has one."""
    return title_in(listing, current())


@bp.route("/<ref>/seating", methods=FORM)
def show(ref: str) -> ResponseReturnValue:
    edition = service.edition_of(actor(), ref)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.ask(actor(), edition, **values)
        flash(words(say("The seating is being worked out.")))
        return redirect(url_for("seating.show", ref=ref))

    plans = service.plans(actor(), edition)
    plan = _of_round(plans)
    return form_page(
        "seating/show.html", schemas.SeatEverybody(), done, initial=_asked(plans), edition=edition, plans=plans,
        plan=plan, shown=showing.shown(actor(), plan) if plan else None, words_of=vocabulary,
        limits=(LEAST, MOST, MOST_ROUNDS), error=unpacked(plan.error)[""] if plan and plan.error else "",
    )


@bp.post("/<ref>/seating/again")
def again(ref: str) -> ResponseReturnValue:
    number = load(schemas.SeatingRound(unknown="exclude"), request.form.to_dict())["round"]
    service.ask_again(actor(), service.edition_of(actor(), ref), number)
    flash(words(say("Those who have come are being seated; tables that still work stay as they are.")))
    return redirect(url_for("seating.show", ref=ref, round=number))


@bp.post("/<ref>/seating/stop")
def stop(ref: str) -> ResponseReturnValue:
    service.stop(actor(), service.edition_of(actor(), ref))
    flash(words(say("Stopped. This is the best that was found so far.")))
    return redirect(url_for("seating.show", ref=ref))


@bp.post("/<ref>/seating/publish")
def publish(ref: str) -> ResponseReturnValue:
    service.publish(actor(), service.edition_of(actor(), ref))
    flash(words(say("Published. Everybody sees their own table, and has been told.")))
    return redirect(url_for("seating.show", ref=ref))


@bp.post("/<ref>/seating/withdraw")
def withdraw(ref: str) -> ResponseReturnValue:
    service.withdraw(actor(), service.edition_of(actor(), ref))
    flash(words(say("The tables are hidden until you publish them again.")))
    return redirect(url_for("seating.show", ref=ref))


@bp.route("/<ref>/seating/<int:number>/people/<int:registration_id>", methods=FORM)
def seat(ref: str, number: int, registration_id: int) -> ResponseReturnValue:
    edition = service.edition_of(actor(), ref)
    plan = service.plan_of(actor(), edition, number)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.arrange(actor(), plan, registration_id, values["to"], values["version"])
        flash(words(say("Done. The others stay where they are.")))
        return redirect(url_for("seating.show", ref=ref, round=number, _anchor=f"p-{registration_id}"))

    return form_page("seating/seat.html", schemas.SeatChange(), done,
                     **seat_page(plan, registration_id), edition=edition, words_of=vocabulary)


def seat_page(plan: SeatingPlan, registration_id: int) -> dict[str, Any]:
    """What the page of one seat shows."""
    whole = showing.shown(actor(), plan)
    offered = showing.options(whole, registration_id)
    table, sitting = showing.sitting_of(whole, registration_id)
    registration = sitting.registration if sitting else next(r for r in whole.standing if r.id == registration_id)
    return {"plan": plan, "shown": whole, "options": offered, "table": table, "sitting": sitting,
            "registration": registration}


@bp.get("/<ref>/seating/cards")
def cards(ref: str) -> ResponseReturnValue:
    edition = service.edition_of(actor(), ref)
    plan = _of_round(service.plans(actor(), edition))
    return render_template("seating/cards.html", edition=edition, plan=plan,
                           shown=showing.shown(actor(), plan) if plan else None)


@bp.get("/<ref>/seating/slips")
def ice_breakers(ref: str) -> ResponseReturnValue:
    edition = service.edition_of(actor(), ref)
    plan = _of_round(service.plans(actor(), edition))
    return render_template("seating/slips.html", edition=edition, plan=plan,
                           slips=slips.slips(edition, showing.people_at(plan)) if plan else {})


@bp.get("/<ref>/table")
def mine(ref: str) -> ResponseReturnValue:
    edition = events.get(actor(), ref)
    return render_template("seating/mine.html", edition=edition, tables=service.table_of(actor(), edition),
                           takes_notes=bool(notes.tables_of(actor(), edition)))


@bp.route("/<ref>/table/notes", methods=FORM)
def write_note(ref: str) -> ResponseReturnValue:
    edition = events.get(actor(), ref)
    tables = notes.require_tables(actor(), edition)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        number, table = map(int, values["at"].split("-"))
        service.note(actor(), edition, table, values["text"], values["once"], round=number, kind=values["kind"])
        flash(words(say("Noted.")))
        return redirect(url_for("seating.write_note", ref=ref, at=values["at"]))

    at = request.args.get("at") or "-".join(map(str, tables[0]))
    return form_page("seating/notes.html", schemas.HostNoteForm(), done, edition=edition, tables=tables,
                     initial={"once": secrets.token_urlsafe(12), "at": at, "kind": "said"},
                     notes=service.notes_of(actor(), edition), words_of=vocabulary)


def _of_round(plans: Any) -> SeatingPlan | None:
    """The round in the address, or the first."""
    asked = request.args.get("round", "1")
    return next((plan for plan in plans if str(plan.round) == asked), plans[0] if plans else None)


def _asked(plans: Any) -> dict[str, Any]:
    """The form as the seating was asked for last."""
    if not plans or not plans[0].tables:
        return {"seats": USUAL, "rounds": 1}
    return {"seats": plans[0].tables[0].size, "rounds": len(plans)}
