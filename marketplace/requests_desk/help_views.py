"""The help page made of published answers, for everybody; and publishing them, for operators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import Conflict, NotFound
from marketplace.requests_desk import helping, service, showing
from marketplace.requests_desk.models import Topic
from marketplace.requests_desk.permissions import can_publish, is_operator
from marketplace.requests_desk.schemas import HelpAnswerForm
from marketplace.requests_desk.vocabulary import TOPICS
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("help_answers", __name__)
SIZE = 20


@bp.get("/help/answers")
@public
def index() -> ResponseReturnValue:
    text, given = request.args.get("q", "").replace("\0", "").strip()[:200], request.args.get("topic", "")
    topic = Topic(given) if given in set(Topic) else None
    found, total = helping.find(text, topic, page=page_argument(), size=SIZE)
    return showing.page("requests_desk/answers.html", page=Slice(found, total, page_argument(), SIZE), text=text,
                        topic=topic, counts=helping.counts(), runs=is_operator(actor()))


@bp.get("/help/answers/<int:number>")
@public
def show(number: int) -> ResponseReturnValue:
    return showing.page("requests_desk/answer_page.html", one=helping.get(actor(), number), runs=is_operator(actor()))


@bp.route("/help/answers/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    if not is_operator(actor()):
        raise NotFound

    def published(form: dict[str, Any]) -> ResponseReturnValue:
        flash(_("Published."))
        return redirect(helping.publish(actor(), None, form).url)

    return form_page("requests_desk/publish.html", HelpAnswerForm(), published, one=None, existing=None,
                     topics=TOPICS)


@bp.route("/requests/<ref>/publish", methods=["GET", "POST"])
def publish(ref: str) -> ResponseReturnValue:
    one = service.get(actor(), ref)
    if not is_operator(actor()):
        raise NotFound
    existing = helping.of_request(one)
    if existing is not None:
        return redirect(url_for("help_answers.edit", number=existing.id))
    if not can_publish(actor(), one):
        raise Conflict(_("There is no answer yet that could be published."))

    def published(form: dict[str, Any]) -> ResponseReturnValue:
        flash(_("Published. Readers do not see who had asked."))
        return redirect(helping.publish(actor(), one, form).url)

    return form_page("requests_desk/publish.html", HelpAnswerForm(), published, initial=helping.draft_of(one), one=one,
                     existing=None, topics=TOPICS)


@bp.route("/help/answers/<int:number>/edit", methods=["GET", "POST"])
def edit(number: int) -> ResponseReturnValue:
    existing = helping.get(actor(), number)
    if not is_operator(actor()):
        raise NotFound
    one = helping.request_of(existing)

    def changed(form: dict[str, Any]) -> ResponseReturnValue:
        helping.publish(actor(), one, form, existing=existing, version=form["version"])
        flash(_("Published."))
        return redirect(existing.url)

    return form_page("requests_desk/publish.html", HelpAnswerForm(), changed, initial=helping.form_of(existing),
                     one=one, existing=existing, topics=TOPICS)


@bp.post("/help/answers/<int:number>/retract")
def retract(number: int) -> ResponseReturnValue:
    helping.retract(actor(), helping.get(actor(), number))
    flash(_("Taken down. You can publish it again at any time."))
    return redirect(url_for("help_answers.show", number=number))
