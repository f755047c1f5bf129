"""The requests desk as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import NotFound, require
from marketplace.events import service as events
from marketplace.requests_desk import assigning, routes, service, showing, stewards
from marketplace.requests_desk.models import Request, Topic
from marketplace.requests_desk.permissions import (
    can_answer,
    can_assign,
    can_decide,
    can_see,
    can_work_here,
    is_operator,
    rights,
)
from marketplace.requests_desk.schemas import (
    RequestAnswerForm,
    RequestAssignForm,
    RequestForm,
    RequestReturnForm,
    RouteForm,
)
from marketplace.requests_desk.vocabulary import DAYS, TOPICS
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("requests_desk", __name__)
SIZE = 20


@bp.app_context_processor
def about_requests() -> dict[str, Any]:
    """For the menu of every page: how many requests wait for this reader, and whether the desk is theirs."""
    return {"requests_wait": lambda: service.waiting_for(actor()),
            "works_at_requests_desk": lambda: actor() is not None and can_work_here(actor())}


@bp.get("/requests")
def index() -> ResponseReturnValue:
    found, total = service.of_organisations(actor(), page=page_argument(), size=SIZE)
    return showing.page("requests_desk/index.html", page=Slice(found, total, page_argument(), SIZE),
                        may_ask=bool(service.own_organisations(actor())) or is_operator(actor()))


@bp.get("/requests/desk")
def desk() -> ResponseReturnValue:
    if not can_work_here(actor()):
        raise NotFound
    filters = showing.filters_of(request.args)
    found, total = service.desk(actor(), filters, page=page_argument(), size=SIZE)
    return showing.page("requests_desk/desk.html", page=Slice(found, total, page_argument(), SIZE), filters=filters,
                        chips=showing.chips(filters), runs=is_operator(actor()))


@bp.route("/requests/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    ref = request.values.get("event", "")
    edition = events.get(actor(), ref) if ref else None

    def raised(form: dict[str, Any]) -> ResponseReturnValue:
        organisation = service.organisation_of(actor(), form["organisation"])
        asked = service.ask(actor(), organisation, Topic(form["topic"]), form["title"], form["text"], edition)
        flash(_("Your request has been taken down. Here you see who answers it and by when."))
        return redirect(asked.url)

    return form_page("requests_desk/new.html", RequestForm(), raised, initial={"topic": request.args.get("topic")},
                     own=service.own_organisations(actor()), edition=edition, for_others=is_operator(actor()),
                     topics=TOPICS)


@bp.get("/requests/<ref>")
def show(ref: str) -> ResponseReturnValue:
    one = service.get(actor(), ref)
    return showing.page("requests_desk/show.html", one=one, acts=service.history(actor(), one),
                        may=rights(actor(), one), runs=is_operator(actor()),
                        park=stewards.park_behind(one, one.organisation))


@bp.route("/requests/<ref>/assign", methods=["GET", "POST"])
def assign(ref: str) -> ResponseReturnValue:
    one = _open_to(can_assign, ref)

    def assigned(form: dict[str, Any]) -> ResponseReturnValue:
        service.assign(actor(), one, form.pop("to"), **form)
        flash(_("Assigned. Whoever answers, and the company, have been told."))
        return _to(ref) if can_see(actor(), one) else redirect(url_for("requests_desk.desk"))  # passed on, out of sight

    return form_page("requests_desk/assign.html", RequestAssignForm(), assigned, one=one,
                     initial=showing.suggested(one), groups=showing.target_groups(actor(), one), days=DAYS)


@bp.route("/requests/<ref>/answer", methods=["GET", "POST"])
def answer(ref: str) -> ResponseReturnValue:
    one = _open_to(can_answer, ref)

    def answered(form: dict[str, Any]) -> ResponseReturnValue:
        service.answer(actor(), one, form["answer"], form["version"])
        flash(_("Answered. The company is asked whether that settles it."))
        return _to(ref)

    return form_page("requests_desk/answer.html", RequestAnswerForm(), answered, one=one,
                     initial={"answer": one.answer, "version": one.version})


@bp.post("/requests/<ref>/confirm")
def confirm(ref: str) -> ResponseReturnValue:
    service.confirm(actor(), service.get(actor(), ref), showing.sent_version())
    flash(_("Thank you. The request is settled."))
    return _to(ref)


@bp.route("/requests/<ref>/return", methods=["GET", "POST"])
def send_back(ref: str) -> ResponseReturnValue:
    one = _open_to(can_decide, ref)

    def returned(form: dict[str, Any]) -> ResponseReturnValue:
        service.send_back(actor(), one, form["note"], form["version"])
        flash(_("Sent back. You are told when there is a new answer."))
        return _to(ref)

    return form_page("requests_desk/return.html", RequestReturnForm(), returned, one=one,
                     initial={"version": one.version})


@bp.post("/requests/<ref>/withdraw")
def withdraw(ref: str) -> ResponseReturnValue:
    service.withdraw(actor(), service.get(actor(), ref))
    flash(_("Withdrawn. Nobody answers it any more."))
    return _to(ref)


@bp.route("/requests/routes", methods=["GET", "POST"])
def table() -> ResponseReturnValue:
    require(is_operator(actor()))
    bodies = routes.handlers()

    def added(form: dict[str, Any]) -> ResponseReturnValue:
        body = assigning.body_of(bodies, form["organisation"])
        routes.add(actor(), Topic(form["topic"]), body, form["department"], form["region"], form["days"])
        flash(_("Added. New requests go by it from now on."))
        return redirect(url_for("requests_desk.table"))

    return form_page("requests_desk/routes.html", RouteForm(), added, rows=routes.routes(actor()), initial={"days": 5},
                     bodies=showing.body_groups(bodies), **showing.for_routes())


@bp.post("/requests/routes/<int:route_id>/remove")
def remove_route(route_id: int) -> ResponseReturnValue:
    routes.remove(actor(), route_id)
    flash(_("Removed. What has been assigned stays where it is."))
    return redirect(url_for("requests_desk.table"))


def _open_to(may: Any, ref: str) -> Request:
    """The request, for those who may do this now; others of its readers are told where it stands."""
    one = service.get(actor(), ref)
    require(may(actor(), one), showing.NOT_NOW)
    return one


def _to(ref: str) -> ResponseReturnValue:
    return redirect(url_for("requests_desk.show", ref=ref))
