"""The operators' pages about organisations: verify, refuse, place."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import service as accounts
from marketplace.organisations import schemas, service, vocabulary
from marketplace.organisations.models import Organisation, State
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("operator_organisations", __name__, url_prefix="/operator/organisations")
FORM = ["GET", "POST"]
SIZE = 30


@bp.get("")
def queue() -> ResponseReturnValue:
    asked = request.args.get("state")
    state = State(asked) if asked in list(State) else State.PENDING
    items, total = service.queue(actor(), state, page=page_argument(), size=SIZE)
    return render_template("organisations/queue.html", organisations=Slice(items, total, page_argument(), SIZE),
                           state=state, states=vocabulary.STATES)


@bp.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    organisation = service.to_decide(actor(), slug)
    return render_template("organisations/decide.html", organisation=organisation, values=_placed(organisation),
                           errors={}, **_choices())


@bp.post("/<slug>/verify")
def verify(slug: str) -> ResponseReturnValue:
    organisation = service.to_decide(actor(), slug)
    service.verify(actor(), organisation)
    flash(words(say("{organisation} is verified.", organisation=organisation)))
    return redirect(url_for("operator_organisations.queue"))


@bp.route("/<slug>/refuse", methods=FORM)
def refuse(slug: str) -> ResponseReturnValue:
    organisation = service.to_decide(actor(), slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.refuse(actor(), organisation, **values)
        flash(words(say("{organisation} is not verified; its administrators read why.", organisation=organisation)))
        return redirect(url_for("operator_organisations.queue"))

    return form_page("organisations/refuse.html", schemas.Refusal(), done, organisation=organisation)


@bp.post("/<slug>/place")
def place(slug: str) -> ResponseReturnValue:
    organisation = service.to_decide(actor(), slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.place(actor(), organisation, **values)
        flash(words(say("Saved.")))
        return redirect(url_for("operator_organisations.show", slug=slug))

    return form_page("organisations/decide.html", schemas.Place(), done, organisation=organisation, **_choices())


def _placed(organisation: Organisation) -> dict[str, Any]:
    return {"membership": organisation.membership, "steward_id": organisation.steward_id,
            "member_since": organisation.member_since}


def _choices() -> dict[str, Any]:
    return {"memberships": vocabulary.MEMBERSHIPS, "staff": [(person.id, person.name) for person in accounts.staff()]}
