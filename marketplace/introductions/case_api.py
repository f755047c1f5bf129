"""What is said and agreed to in one case, over JSON."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask_smorest import Blueprint

from marketplace.accounts.limits import by_speaker
from marketplace.errors import Invalid
from marketplace.files.views import deliver
from marketplace.introductions import agreeing, service, talk
from marketplace.introductions.case_schemas import (
    AgreementShape,
    ConsentPage,
    MessagePage,
    MessageShape,
    PassOnForm,
    RefuseCopyForm,
)
from marketplace.introductions.models import Introduction
from marketplace.introductions.schemas import MessageForm
from marketplace.introductions.wordings import CONSENT_IN_FORCE, CONSENTS, Wording
from marketplace.phrases import say
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("case_api", __name__, url_prefix="/api/v1/introductions/<ref>",
               description="Messages, consents and the NDA of a case")


@bp.get("/messages")
@bp.response(200, MessagePage)
def messages(ref: str) -> dict[str, Any]:
    """What you may read of the conversation, the oldest first; `audiences` are those you may write to."""
    case = service.get(actor(), ref)
    return {"items": [_message(said) for said in talk.read_messages(actor(), case)],
            "audiences": [one.value for one in talk.audiences_for(actor(), case)]}


@bp.post("/messages")
@bp.arguments(MessageForm)
@bp.response(201, MessageShape)
@by_speaker
def write(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Say something to `audience` (all, supply, demand or brokers), by default to whom you usually write."""
    case = service.get(actor(), ref)
    return _one(case, talk.write_message(actor(), case, given["body"], given.get("audience")).id)


@bp.post("/messages/<int:message_id>/pass-on")
@bp.arguments(PassOnForm)
@bp.response(201, MessageShape)
def pass_on(given: dict[str, Any], ref: str, message_id: int) -> dict[str, Any]:
    """As the broker, pass a side's message on to the other: `as_it_is`, without what tells who wrote it, or `body` in
    your words. 422 names what the other side may not know yet, unless `anyway`."""
    case = service.get(actor(), ref)
    body = None if given["as_it_is"] or not given["body"] else given["body"]
    return _one(case, talk.pass_on(actor(), case, message_id, body, given["anyway"]).id)


@bp.post("/messages/<int:message_id>/settle")
@bp.response(204)
def settle(ref: str, message_id: int) -> None:
    """As the broker: this message needs no answer."""
    talk.settle(actor(), service.get(actor(), ref), message_id)


@bp.get("/consents")
@bp.response(200, ConsentPage)
def consents(ref: str) -> dict[str, Any]:
    """Every consent with its edition, also those taken back; `wording` is what consenting now agrees to. To consent
    and to withdraw are moves."""
    case = service.get(actor(), ref)
    items = [{"side": given.side, **_given(given)} for given in agreeing.consents(actor(), case)]
    return {"items": items, "wording": _wording(CONSENTS[CONSENT_IN_FORCE])}


@bp.get("/nda")
@bp.response(200, AgreementShape)
def nda(ref: str) -> dict[str, Any]:
    """The NDA with its parties, as far as you may know them. To sign it, and to accept a copy signed on paper, are
    moves: sign_nda, accept_nda."""
    return _agreement(service.get(actor(), ref))


@bp.post("/nda/copies")
@bp.response(201, AgreementShape)
def send_copy(ref: str) -> dict[str, Any]:
    """Send in the NDA signed on paper: multipart/form-data with `file` (PDF, JPG or PNG)."""
    case, sent = service.get(actor(), ref), request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid({"file": say("Choose a file first.")})
    agreeing.send_copy(actor(), case, sent.filename, sent.stream)
    return _agreement(case)


@bp.get("/nda/copies/<int:copy_id>")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def copy(ref: str, copy_id: int) -> Response:
    """The bytes of a signed copy."""
    return deliver(agreeing.open_copy(actor(), service.get(actor(), ref), copy_id))


@bp.post("/nda/copies/<int:copy_id>/refuse")
@bp.arguments(RefuseCopyForm)
@bp.response(200, AgreementShape)
def refuse_copy(given: dict[str, Any], ref: str, copy_id: int) -> dict[str, Any]:
    """As the broker: this copy will not do, `because`."""
    case = service.get(actor(), ref)
    agreeing.refuse_copy(actor(), case, copy_id, given["because"])
    return _agreement(case)


def _one(case: Introduction, message_id: int) -> dict[str, Any]:
    return next(_message(said) for said in talk.read_messages(actor(), case) if said.message.id == message_id)


def _message(said: talk.Said) -> dict[str, Any]:
    message = said.message
    return {
        "id": message.id, "body": message.body, "audience": message.audience, "side": said.side,
        "author": said.author, "at": message.created_at, "passed_on": said.was_passed_on,
        "waits": message.waits, "relays": message.relays_id,
    }


def _agreement(case: Introduction) -> dict[str, Any]:
    found = agreeing.agreement(actor(), case)
    return {
        "wording": _wording(found.wording), "in_force": found.is_in_force, "since": found.since,
        "parties": [
            {"side": party.side, "organisation": words(party.organisation), "being_checked": party.waiting is not None,
             "signature": None if party.signature is None else
             {**_given(party.signature), "on_paper": party.signature.was_on_paper}}
            for party in found.parties
        ],
        "copies": [
            {"id": one.id, "side": one.side, "name": one.file.name, "at": one.at, "checked_at": one.checked_at,
             "refused_because": one.refused_because,
             "url": url_for("case_api.copy", ref=case.ref, copy_id=one.id, _external=True)}
            for one in agreeing.copies(actor(), case)
        ],
    }


def _given(given: agreeing.Given) -> dict[str, Any]:
    return {"organisation": words(given.organisation), "person": given.person, "edition": given.wording.edition,
            "at": given.at, "withdrawn_at": given.withdrawn_at}


def _wording(wording: Wording) -> dict[str, Any]:
    return {"edition": wording.edition, "title": words(wording.title), "opening": words(wording.opening),
            "clauses": [words(clause) for clause in wording.clauses]}
