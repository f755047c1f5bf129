"""Webhooks as pages: an organisation's for its administrators, the platform's (without a slug) for operators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict
from marketplace.phrases import Phrase, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words
from marketplace.web.pagination import Slice, page_argument
from marketplace.webhooks import receivers, service, vocabulary
from marketplace.webhooks.models import Endpoint, Fact, Outcome
from marketplace.webhooks.permissions import can_begin
from marketplace.webhooks.schemas import NewWebhook, WebhookForm

bp = Blueprint("webhooks", __name__)
OF_ORGANISATION, OF_PLATFORM = "/organisations/<slug>/webhooks", "/operator/webhooks"
NO_SLUG = {"slug": None}
FORM, POST = ["GET", "POST"], ["POST"]
SIZE = 30


@bp.route(OF_ORGANISATION)
@bp.route(OF_PLATFORM, defaults=NO_SLUG)
def index(slug: str | None) -> ResponseReturnValue:
    organisation = service.owner(actor(), slug)
    return render_template("webhooks/index.html", endpoints=service.endpoints(actor(), organisation),
                           may_begin=can_begin(organisation), most=service.MOST, **_around(organisation))


@bp.route(f"{OF_ORGANISATION}/new", methods=FORM)
@bp.route(f"{OF_PLATFORM}/new", methods=FORM, defaults=NO_SLUG)
def create(slug: str | None) -> ResponseReturnValue:
    organisation = service.owner(actor(), slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        endpoint, secret = service.register(actor(), organisation, **values)
        return _secret(endpoint, secret)

    return form_page("webhooks/edit.html", NewWebhook(), done, initial={"facts": list(vocabulary.CHOICES)},
                     endpoint=None, longest=receivers.LONGEST, **_around(organisation))


@bp.route(f"{OF_ORGANISATION}/<int:number>")
@bp.route(f"{OF_PLATFORM}/<int:number>", defaults=NO_SLUG)
def show(slug: str | None, number: int) -> ResponseReturnValue:
    endpoint = _endpoint(slug, number)
    asked = request.args.get("outcome")
    outcome = Outcome(asked) if asked in list(Outcome) else None
    items, total = service.deliveries(actor(), endpoint, outcome, page=page_argument(), size=SIZE)
    return render_template("webhooks/show.html", endpoint=endpoint, log=Slice(items, total, page_argument(), SIZE),
                           outcome=outcome, former=service.former_until(endpoint), kept=service.KEPT.days,
                           told=[words(vocabulary.FACTS[Fact(fact)]) for fact in endpoint.facts],
                           **_around(endpoint.organisation))


@bp.route(f"{OF_ORGANISATION}/<int:number>/edit", methods=FORM)
@bp.route(f"{OF_PLATFORM}/<int:number>/edit", methods=FORM, defaults=NO_SLUG)
def edit(slug: str | None, number: int) -> ResponseReturnValue:
    endpoint = _endpoint(slug, number)
    organisation = endpoint.organisation

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.change(actor(), endpoint, **values)
        return _back(slug, number, say("Saved."))

    initial = {"url": endpoint.url, "facts": endpoint.facts, "version": endpoint.version}
    return form_page("webhooks/edit.html", WebhookForm(), done, initial=initial, endpoint=endpoint,
                     longest=receivers.LONGEST, **_around(organisation))


@bp.route(f"{OF_ORGANISATION}/<int:number>/secret", methods=POST)
@bp.route(f"{OF_PLATFORM}/<int:number>/secret", methods=POST, defaults=NO_SLUG)
def rotate(slug: str | None, number: int) -> ResponseReturnValue:
    endpoint = _endpoint(slug, number)
    return _secret(endpoint, service.rotate(actor(), endpoint))


@bp.route(f"{OF_ORGANISATION}/<int:number>/test", methods=POST)
@bp.route(f"{OF_PLATFORM}/<int:number>/test", methods=POST, defaults=NO_SLUG)
def test(slug: str | None, number: int) -> ResponseReturnValue:
    endpoint = _endpoint(slug, number)
    try:
        service.send_test(actor(), endpoint)
    except Conflict as problem:
        return _back(slug, number, problem.message, "error")
    return _back(slug, number, say("The test is on its way. Load this page again in a few seconds to see the answer."))


@bp.route(f"{OF_ORGANISATION}/<int:number>/pause", methods=POST)
@bp.route(f"{OF_PLATFORM}/<int:number>/pause", methods=POST, defaults=NO_SLUG)
def pause(slug: str | None, number: int) -> ResponseReturnValue:
    try:
        service.pause(actor(), _endpoint(slug, number))
    except Conflict as problem:
        return _back(slug, number, problem.message, "error")
    return _back(slug, number, say("Paused: nothing is sent, and what happens meanwhile is not noted."))


@bp.route(f"{OF_ORGANISATION}/<int:number>/resume", methods=POST)
@bp.route(f"{OF_PLATFORM}/<int:number>/resume", methods=POST, defaults=NO_SLUG)
def resume(slug: str | None, number: int) -> ResponseReturnValue:
    try:
        service.resume(actor(), _endpoint(slug, number))
    except Conflict as problem:
        return _back(slug, number, problem.message, "error")
    return _back(slug, number, say("Switched on: what happens from now on is sent."))


@bp.route(f"{OF_ORGANISATION}/<int:number>/delete", methods=POST)
@bp.route(f"{OF_PLATFORM}/<int:number>/delete", methods=POST, defaults=NO_SLUG)
def remove(slug: str | None, number: int) -> ResponseReturnValue:
    service.remove(actor(), _endpoint(slug, number))
    flash(words(say("Deleted, with its log.")))
    return redirect(url_for("webhooks.index", slug=slug))


@bp.route(f"{OF_ORGANISATION}/<int:number>/deliveries/<delivery>/redeliver", methods=POST)
@bp.route(f"{OF_PLATFORM}/<int:number>/deliveries/<delivery>/redeliver", methods=POST, defaults=NO_SLUG)
def redeliver(slug: str | None, number: int, delivery: str) -> ResponseReturnValue:
    endpoint = _endpoint(slug, number)
    try:
        service.redeliver(actor(), service.delivery(actor(), endpoint, delivery))
    except Conflict as problem:
        return _back(slug, number, problem.message, "error")
    return _back(slug, number, say("It is sent once more, under the same number."))


def _endpoint(slug: str | None, number: int) -> Endpoint:
    return service.get(actor(), service.owner(actor(), slug), number)


def _secret(endpoint: Endpoint, secret: str) -> ResponseReturnValue:
    """In the answer to the form itself: what is shown once must not lie in a cookie or behind an address."""
    page = render_template("webhooks/secret.html", endpoint=endpoint, secret=secret,
                           former=service.former_until(endpoint), **_around(endpoint.organisation))
    return make_response(page, {"Cache-Control": "no-store"})


def _back(slug: str | None, number: int, message: Phrase | str, category: str = "message") -> ResponseReturnValue:
    flash(words(message), category)
    return redirect(url_for("webhooks.show", slug=slug, number=number))


def _around(organisation: Any) -> dict[str, Any]:
    slug = organisation.slug if organisation else None
    return {"organisation": organisation, "slug": slug, "words_of": vocabulary, "choices_of": vocabulary.CHOICES}
