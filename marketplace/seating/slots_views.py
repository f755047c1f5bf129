"""Talks of two as pages: the times and the whole day for those who run an event, each person's wishes and own talks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.events import attending
from marketplace.events import service as events
from marketplace.events.vocabulary import hours
from marketplace.phrases import say
from marketplace.seating import service, slots_schemas, talking, vocabulary
from marketplace.seating.models import TalkDay
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("talks", __name__, url_prefix="/events")
FORM = ["GET", "POST"]
_USUAL = {"after": 60, "slots": 6, "minutes": 15, "places": 10, "suggests": True}


@bp.app_context_processor
def of_talks() -> dict[str, Any]:
    """For the page of an event, whose room is below this one: are talks of two planned?"""
    return {"has_talks": lambda edition: talking.day_of(edition) is not None}


@bp.app_template_filter("hours_of")
def hours_of(slot: int, day: TalkDay) -> str:
    """From when to when a talk goes on: 16:00–16:15."""
    return hours(day.begins(slot), day.begins(slot + 1))


@bp.route("/<ref>/talks", methods=FORM)
def show(ref: str) -> ResponseReturnValue:
    edition = service.edition_of(actor(), ref)
    day = talking.day_of(edition)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        talking.arrange(actor(), edition, **values)
        flash(words(say("The talks are being arranged.")))
        return redirect(url_for("talks.show", ref=ref))

    initial = {name: getattr(day, name) for name in _USUAL} if day else _USUAL
    return form_page("seating/talks.html", slots_schemas.TalkTimes(), done, initial=initial, **_whole(edition))


@bp.route("/<ref>/talks/must", methods=FORM)
def must(ref: str) -> ResponseReturnValue:
    edition = service.edition_of(actor(), ref)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        talking.must_meet(actor(), edition, values["one"], values["other"])
        flash(words(say("Noted. Arrange the talks again for it to count.")))
        return redirect(url_for("talks.show", ref=ref))

    return form_page("seating/talks_must.html", slots_schemas.TalkMust(), done, initial=request.args.to_dict(),
                     edition=edition, people=attending.placed(edition))


@bp.post("/<ref>/talks/publish")
def publish(ref: str) -> ResponseReturnValue:
    talking.publish(actor(), service.edition_of(actor(), ref))
    flash(words(say("Published. Everybody sees their own talks, and has been told.")))
    return redirect(url_for("talks.show", ref=ref))


@bp.route("/<ref>/talks/mine", methods=FORM)
def mine(ref: str) -> ResponseReturnValue:
    edition = events.get(actor(), ref)
    found = talking.mine(actor(), edition)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        talking.wish(actor(), edition, **values)
        flash(words(say("Thank you. What you wish is taken into account when the talks are arranged.")))
        return redirect(url_for("talks.mine", ref=ref))

    return form_page("seating/talks_mine.html", slots_schemas.TalkWishes(), done, edition=edition, mine=found,
                     initial={name: getattr(found, name) for name in ("asks", "refuses", "cannot", "most")})


def _whole(edition: Any) -> dict[str, Any]:
    return {"edition": edition, "day": talking.day_of(edition), "talks": talking.talks_of(actor(), edition),
            "unmet": talking.unmet(actor(), edition), "words_of": vocabulary}
