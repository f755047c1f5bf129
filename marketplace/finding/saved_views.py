"""Saved searches as pages, searches as feeds, and the way out of their mails."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import links
from marketplace.errors import NotFound
from marketplace.finding import alerts, asking, feeds, hits, saved
from marketplace.finding.facets import KINDS
from marketplace.finding.limits import searching
from marketplace.finding.models import Frequency
from marketplace.finding.saved_schemas import SavedForm
from marketplace.finding.schemas import criteria_from
from marketplace.listings import vocabulary
from marketplace.phrases import LANGUAGES, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, is_api, public
from marketplace.web.language import current, words

bp = Blueprint("saved", __name__)
KEPT = 300
"""Seconds for which anybody may keep the feed of a search."""
FORM = ["GET", "POST"]


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """How much is new in the reader's searches, beside the bell on every page, and the address of a search's feed."""
    person = g.get("actor")
    new_hits = 0 if person is None or is_api() else hits.new_for(person)
    return {
        "new_hits": new_hits, "address_of_search": asking.address,
        "feed_of": lambda criteria: asking.address(criteria, "/search.atom", language=current()),
    }


@bp.get("/searches")
def index() -> ResponseReturnValue:
    return render_template("finding/saved.html", kept=saved.mine(actor()), frequencies=saved.FREQUENCIES)


@bp.route("/searches/new", methods=FORM)
def create() -> ResponseReturnValue:
    criteria, _ = criteria_from(dict(request.args.lists()))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        kept = saved.save(actor(), criteria, values["name"], values["frequency"])
        flash(words(say("Saved: {name}.", name=kept.name)), "success")
        return redirect(url_for("saved.index"))

    initial = {"name": asking.name_for(criteria, current()), "frequency": Frequency.DAILY.value}
    return form_page("finding/saved_form.html", SavedForm(), done, initial=initial, criteria=criteria, one=None,
                     chips=asking.in_words(criteria), frequencies=saved.FREQUENCIES, back=asking.address(criteria),
                     same=saved.already(actor(), criteria))


@bp.get("/searches/<int:number>")
def look(number: int) -> ResponseReturnValue:
    """The way to what a search finds; going there is looking, and what was new is not new any more."""
    return redirect(saved.look(actor(), saved.get(actor(), number)))


@bp.route("/searches/<int:number>/edit", methods=FORM)
def edit(number: int) -> ResponseReturnValue:
    one = saved.one(actor(), saved.get(actor(), number))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        saved.change(actor(), one.saved, **values)
        flash(words(say("Saved: {name}.", name=one.saved.name)), "success")
        return redirect(url_for("saved.index"))

    initial = {"name": one.saved.name, "frequency": one.saved.frequency.value, "version": one.saved.version}
    return form_page("finding/saved_form.html", SavedForm(), done, initial=initial, criteria=one.criteria, one=one,
                     chips=one.chips, frequencies=saved.FREQUENCIES, back=url_for("saved.index"), same=None,
                     feed=links.to(feeds.address_of(one.saved)))


@bp.post("/searches/<int:number>/delete")
def delete(number: int) -> ResponseReturnValue:
    one = saved.get(actor(), number)
    saved.remove(actor(), one)
    flash(words(say("Deleted: {name}.", name=one.name)), "success")
    return redirect(url_for("saved.index"))


@bp.post("/searches/<int:number>/feed")
def renew_feed(number: int) -> ResponseReturnValue:
    saved.renew_feed(actor(), saved.get(actor(), number))
    flash(words(say("The feed has a new address; the old one no longer works.")), "success")
    return redirect(url_for("saved.edit", number=number))


@bp.get("/search.atom")
@searching
@public
def search_feed() -> Response:
    """What a visitor finds with the same arguments as on the page; `language` is zh or en."""
    criteria, _ = criteria_from(dict(request.args.lists()))
    asked = request.args.get("language", "")
    feed = feeds.of_search(criteria, asked if asked in LANGUAGES else current())
    return _atom(feed, f"public, max-age={KEPT}")


@bp.get("/searches/<token>.atom")
@public
def feed(token: str) -> Response:
    """Feed readers cannot sign in: the address itself is the secret."""
    response = _atom(feeds.of_saved(saved.with_feed_token(token)), "private, no-cache")
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.route("/unsubscribe/<token>", methods=FORM)
@public
def unsubscribe(token: str) -> ResponseReturnValue:
    """RFC 8058: a POST ends the mails, without a sign-in and from anywhere. A GET shows a button: programs that look
    through mail open every link in it."""
    try:
        what = alerts.leaving(token)
    except NotFound:
        return render_template("finding/left_before.html"), 404
    was_done = what.is_done
    if request.method == "POST":
        alerts.leave(what)
    return render_template("finding/unsubscribe.html", what=what, was_done=was_done)


def _atom(feed: feeds.Feed, kept: str) -> Response:
    text = render_template(
        "finding/feed.xml", feed=feed, kinds=KINDS, fields=vocabulary.FIELDS, anonymous=say("Anonymous"),
        house=say("Yinqiao"),
    )
    response = current_app.response_class(text, content_type="application/atom+xml; charset=utf-8")
    response.headers["Cache-Control"] = kept
    response.last_modified = feed.updated
    response.add_etag()
    response.make_conditional(request)
    return response
