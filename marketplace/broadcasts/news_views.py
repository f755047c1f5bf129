"""Asking for news of needs, the page behind the link of such a mail, and the way out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask import request as asked_for
from flask.typing import ResponseReturnValue

from marketplace.broadcasts import answering, confirming, letters, news, schemas
from marketplace.broadcasts.models import What
from marketplace.errors import NotFound
from marketplace.finding.following import is_somebody
from marketplace.listings.models import Listing
from marketplace.listings.vocabulary import FIELDS, NEED_SUBTYPES
from marketplace.organisations.vocabulary import KINDS
from marketplace.phrases import in_language, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, words

bp = Blueprint("news", __name__)
FORM = ["GET", "POST"]


@bp.route("/account/news", methods=FORM)
def wanted() -> ResponseReturnValue:
    chosen = news.of(actor())

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        if values.pop("wanted"):
            news.ask(actor(), {What(name): codes for name, codes in values.items()})
            flash(words(say("Saved. You get a mail when such a need is told.")))
        else:
            news.leave(actor())
            flash(words(say("No more news of needs is sent to you.")))
        return redirect(url_for("news.wanted"))

    initial: dict[str, Any] = {what.value: codes for what, codes in (chosen or {}).items()} | {"wanted": bool(chosen)}
    initial["region"] = schemas.named(initial.get("region", []), current())
    return form_page("broadcasts/wanted.html", schemas.NewsForm(), done, initial=initial, subtypes=NEED_SUBTYPES,
                     fields=FIELDS, kinds=KINDS, is_asked=chosen is not None)


@bp.route("/news/<token>", methods=FORM)
@public
def answer(token: str) -> ResponseReturnValue:
    """A GET begins nothing: programs that look through mail open every link in it. The button does."""
    try:
        asked = answering.behind(token, actor())
    except NotFound:
        return _unlisted(render_template("broadcasts/gone.html"), 404)
    if is_somebody():
        answering.note_opened(asked)
    return _unlisted(_page(asked, token))


@bp.route("/news/leave/<token>", methods=FORM)
@public
def leave(token: str) -> ResponseReturnValue:
    """RFC 8058: a POST ends the mails, without a sign-in and from anywhere. A GET shows a button."""
    try:
        person = news.behind(token)
    except NotFound:
        return _unlisted(render_template("broadcasts/left_before.html"), 404)
    if asked_for.method == "POST":
        news.leave(person)
    return _unlisted(render_template("broadcasts/leave.html", is_over=not news.is_subscribed(person),
                                     address=confirming.masked(person)))


def _page(asked: answering.Asked, token: str) -> ResponseReturnValue:
    address = confirming.masked(asked.person)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        if asked.is_theirs:
            answering.interest(asked, values)
        else:
            answering.ask_to_confirm(asked)
            flash(words(say("We have written to {address}. Press the button in that mail; the link works for three "
                            "days.", address=address)))
        return redirect(url_for("news.answer", token=token))

    best = answering.fitting(asked) if asked.is_theirs else None
    template = "broadcasts/answer.html" if asked.is_theirs else "broadcasts/held.html"
    return form_page(template, schemas.InterestForm(), done, initial=_begun(asked, best), asked=asked, best=best,
                     token=token, facts=letters.facts_of(asked.shown, current()), address=address)


def _begun(asked: answering.Asked, best: Listing | None) -> dict[str, Any]:
    """The form as one press sends it."""
    return {"own": best.ref if best else "new", "message": in_language(answering.WISH, current()),
            "new_title": answering.first_title(asked)}


def _unlisted(page: ResponseReturnValue, status: int | None = None) -> ResponseReturnValue:
    """No search engine keeps the page of one person."""
    response = make_response(page)
    response.headers["X-Robots-Tag"] = "noindex"
    response.status_code = status or response.status_code
    return response
