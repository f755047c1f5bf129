"""Training of brokers and their certificates over JSON."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.accounts.scopes import Scope, scoped
from marketplace.errors import NotFound
from marketplace.training import api_shapes, certificates, schemas, service
from marketplace.training.models import Certificate, Enrolment, Taking, TrainingSession
from marketplace.training.permissions import can_enrol, can_run
from marketplace.web.guard import actor
from marketplace.web.language import words
from marketplace.web.preconditions import require_read, tagged

bp = Blueprint("training_api", __name__, url_prefix="/api/v1", description="Training of brokers, and certificates")
ONE = "/training/<int:number>"
BRIEF = ("id", "place", "teacher", "level", "hours", "seats", "cancelled_at")
WHOLE = ("title_zh", "title_en", "about_zh", "about_en", "version")


@bp.get("/training")
@bp.arguments(api_shapes.TrainingQuery, location="query")
@bp.response(200, api_shapes.TrainingPage)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """Sessions to come, or those that have begun, and how you stand to each."""
    page = {name: query[name] for name in ("page", "size")}
    items, total = (service.past if query["over"] else service.next_ones)(actor(), **page)
    mine = service.mine(actor())
    return {"items": [_brief(one, mine.get(one.id)) for one in items], "total": total, **page}


@bp.post("/training")
@bp.arguments(api_shapes.NewTraining)
@bp.response(201, api_shapes.TrainingOut)
def plan(given: dict[str, Any]) -> ResponseReturnValue:
    """As an operator, plan a session."""
    training = service.plan(actor(), given)
    return _one(training), 201, {"Location": f"/api/v1/training/{training.id}"}


@bp.get(ONE)
@bp.response(200, api_shapes.TrainingOut)
def show(number: int) -> ResponseReturnValue:
    """One session; operators see who has a place."""
    return _one(service.get(actor(), number)).make_conditional(request)


@bp.put(ONE)
@bp.arguments(api_shapes.TrainingChange)
@bp.response(200, api_shapes.TrainingOut)
def change(given: dict[str, Any], number: int) -> Response:
    """As an operator, change a session; who has a place is told of another time or place. 412 or 409 when somebody
    else has changed it since you read it."""
    training, read = service.to_run(actor(), number), given.pop("version")
    require_read(training.version, read)
    service.change(actor(), training, given, training.version)
    return _one(training)


@bp.post(f"{ONE}/cancel")
@bp.response(200, api_shapes.TrainingOut)
def cancel(number: int) -> Response:
    """As an operator: it does not take place, and who has a place is told. 409 the second time."""
    training = service.to_run(actor(), number)
    service.cancel(actor(), training)
    return _one(training)


@bp.post(f"{ONE}/enrol")
@bp.response(200, api_shapes.TrainingOut)
@scoped(Scope.ACCOUNT)
def enrol(number: int) -> Response:
    """Take a place; again changes nothing. 409 when all are taken, or it has begun."""
    training = service.get(actor(), number)
    service.enrol(actor(), training)
    return _one(training)


@bp.post(f"{ONE}/leave")
@bp.response(200, api_shapes.TrainingOut)
@scoped(Scope.ACCOUNT)
def leave(number: int) -> Response:
    """Give your place back, until it begins; again changes nothing."""
    training = service.get(actor(), number)
    service.leave(actor(), training)
    return _one(training)


@bp.post(f"{ONE}/enrolments/<int:enrolment_id>/<any(attended,absent):what>")
@bp.response(200, api_shapes.EnrolmentOut)
def mark(number: int, enrolment_id: int, what: str) -> Enrolment:
    """As an operator, once it has begun: was this person there?"""
    return service.mark(actor(), service.to_run(actor(), number), enrolment_id, Taking(what))


@bp.get("/brokers")
@bp.arguments(api_shapes.BrokersQuery, location="query")
@bp.response(200, api_shapes.BrokerPage)
def brokers(query: dict[str, Any]) -> dict[str, Any]:
    """The brokers by name, with the highest certificate that holds today."""
    items, total = certificates.brokers(actor(), **query)
    return {"items": [_broker(one.person, one.certificate) for one in items], "total": total,
            "page": query["page"], "size": query["size"]}


@bp.get("/brokers/<int:number>")
@bp.etag
@bp.response(200, api_shapes.BrokerOut)
def broker(number: int) -> dict[str, Any]:
    """A broker's profile: certificates, and sessions they took part in."""
    person = certificates.broker(actor(), number)
    attended = [{**{name: getattr(one.training, name) for name in ("id", "level", "starts_at", "hours")},
                 "title": words(one.training.title)} for one in service.attended(person)]
    return {**_broker(person, certificates.highest(person)), "certificates": certificates.of(person),
            "attended": attended}


@bp.post("/brokers/<int:number>/certificates")
@bp.arguments(api_shapes.NewCertificate)
@bp.response(201, api_shapes.CertificateOut)
def certify(given: dict[str, Any], number: int) -> Certificate:
    """As an operator, put a certificate on somebody's profile; they are told."""
    if not can_run(actor()):
        raise NotFound
    person = service.trainee(actor(), number)
    training = service.session_of(person, given.pop("session_id"))
    return certificates.record(actor(), person, training=training, **given)


@bp.post("/certificates/<ref>/withdraw")
@bp.arguments(schemas.Withdrawal)
@bp.response(200, api_shapes.CertificateOut)
def withdraw(given: dict[str, str], ref: str) -> Certificate:
    """As an operator: it holds no longer, and why. It stays on the profile. 409 the second time."""
    certificate = certificates.get(actor(), ref)
    certificates.withdraw(actor(), certificate, given["reason"])
    return certificate


def _one(training: TrainingSession) -> Response:
    body = {
        **_brief(training, service.mine(actor()).get(training.id)), "about": words(training.about),
        **{name: getattr(training, name) for name in WHOLE},
        "enrolments": service.enrolments(actor(), training) if can_run(actor()) else None,
    }
    return tagged(jsonify(api_shapes.TrainingOut().dump(body)), training.version)


def _brief(training: TrainingSession, mine: Taking | None) -> dict[str, Any]:
    return {
        **{name: getattr(training, name) for name in BRIEF}, "title": words(training.title),
        "starts_at": training.starts_at.astimezone(UTC), "places_left": training.seats - training.taken, "mine": mine,
        "may_enrol": can_enrol(actor(), training) and mine is not Taking.ENROLLED,
        "url": links.to(f"/training/{training.id}"),
    }


def _broker(person: User, certificate: Certificate | None) -> dict[str, Any]:
    return {"id": person.id, "name": person.name, "certificate": certificate, "url": links.to(f"/brokers/{person.id}")}
