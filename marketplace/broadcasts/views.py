"""Operators' pages: a need is prepared, looked at with whom it reaches, sent, followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.broadcasts import schemas, service, showing, vocabulary
from marketplace.broadcasts.models import Broadcast
from marketplace.broadcasts.permissions import can_broadcast, can_change
from marketplace.errors import Conflict, NotFound
from marketplace.listings.tiers import view_at
from marketplace.listings.vocabulary import FIELDS, NEED_SUBTYPES
from marketplace.organisations.vocabulary import KINDS
from marketplace.phrases import Phrase, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import current, words
from marketplace.web.pagination import Slice, page_argument
from marketplace.web.payloads import load

bp = Blueprint("broadcasts", __name__)
FORM = ["GET", "POST"]
SIZE = 30
WORDS: dict[str, Any] = {"states": vocabulary.STATES, "kinds": KINDS, "subtypes": NEED_SUBTYPES, "fields": FIELDS}


@bp.app_context_processor
def about_broadcasts() -> dict[str, Any]:
    """For the page of a need: the operators' way to tell it to others."""
    return {"may_broadcast": lambda: can_broadcast(actor()),
            "broadcasts_of": lambda need: service.of_listing(actor(), need)}


@bp.get("/broadcasts")
def index() -> ResponseReturnValue:
    items, total = service.every(actor(), page=page_argument(), size=SIZE)
    shown = {one.id: view_at(one.listing, 0).in_language(current()).title for one in items}
    return render_template("broadcasts/index.html", broadcasts=Slice(items, total, page_argument(), SIZE), titles=shown,
                           counts=service.counts([one.id for one in items]), **WORDS)


@bp.route("/broadcasts/new", methods=FORM)
def new() -> ResponseReturnValue:
    if not can_broadcast(actor()):
        raise NotFound

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        return redirect(url_for("broadcasts.show", ref=service.plan(actor(), **values).ref))

    initial = {"listing": request.args.get("listing", "")[:40]}
    return form_page("broadcasts/edit.html", schemas.BroadcastForm(), done, initial=initial, broadcast=None, **WORDS)


@bp.route("/broadcasts/<ref>/edit", methods=FORM)
def edit(ref: str) -> ResponseReturnValue:
    broadcast = service.get(actor(), ref)
    if not can_change(actor(), broadcast):
        return redirect(url_for("broadcasts.show", ref=ref))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.change(actor(), broadcast, **values)
        return redirect(url_for("broadcasts.show", ref=ref))

    return form_page("broadcasts/edit.html", schemas.ChangedBroadcast(), done, initial=_written(broadcast),
                     broadcast=broadcast, **WORDS)


@bp.get("/broadcasts/<ref>")
def show(ref: str) -> ResponseReturnValue:
    broadcast = service.get(actor(), ref)
    return render_template("broadcasts/show.html", **showing.page(actor(), broadcast, current()), **WORDS)


@bp.post("/broadcasts/<ref>/send")
def send(ref: str) -> ResponseReturnValue:
    broadcast = service.get(actor(), ref)
    form = load(schemas.SendForm(), {"version": request.form.get("version")})
    return _done(ref, lambda: say("On its way to {n} people.", n=service.send(actor(), broadcast, **form)))


@bp.post("/broadcasts/<ref>/stop")
def stop(ref: str) -> ResponseReturnValue:
    broadcast = service.get(actor(), ref)

    def stopped() -> Phrase:
        service.stop(actor(), broadcast)
        return say("Stopped. Nobody else is written to.")

    return _done(ref, stopped)


def _done(ref: str, act: Callable[[], Phrase]) -> ResponseReturnValue:
    """Back to its page, with what came of it, also when somebody else was faster."""
    try:
        flash(words(act()))
    except Conflict as problem:
        flash(words(problem.message), "error")
    return redirect(url_for("broadcasts.show", ref=ref))


def _written(broadcast: Broadcast) -> dict[str, Any]:
    return {"listing": broadcast.listing.ref, "kinds": broadcast.kinds, "note_zh": broadcast.note_zh,
            "note_en": broadcast.note_en, "version": broadcast.version,
            "regions": schemas.named(broadcast.regions, current())}
