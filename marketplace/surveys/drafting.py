"""An answer that says what somebody needs or offers, made into a draft of a listing with one click."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from marketplace import audit
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, NotFound, require
from marketplace.listings import content, service
from marketplace.listings.models import Kind, Listing
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import editable_ids
from marketplace.phrases import say
from marketplace.surveys import answering
from marketplace.surveys.models import Answer, AnswerListing, Role, Survey
from marketplace.surveys.service import questions_of

KINDS = {Role.NEED: Kind.NEED, Role.OFFER: Kind.RESULT}
LONG_TEXT = {Kind.NEED: "situation", Kind.RESULT: "how_it_works"}
"""The field that takes the whole answer."""
TITLE, SUMMARY = 60, 500
_SENTENCE = re.compile(r"[。！？；\n]|[.!?;](?=\s|$)")


def texts(survey: Survey, answer: Answer) -> dict[Role, str]:
    """What of an answer can become a listing."""
    asked = questions_of(survey, answer.number)
    found = {question.role: answer.content.get(question.key) for question in asked if question.role in KINDS}
    return {role: text for role, text in found.items() if role is not None and text}


def drafts(answer: Answer) -> Mapping[Role, Listing]:
    """Those that were made of it already."""
    return {one.role: one.listing for one in session.scalars(
        select(AnswerListing).where(AnswerListing.answer_id == answer.id))}


def writes_for(actor: User, answer: Answer) -> int | None:
    """The organisation for which this person can make a draft: the one they answered for, else their first."""
    own = editable_ids(actor)
    if answer.organisation_id in own:
        return answer.organisation_id
    return own[0] if own else None


def draft(actor: User, survey: Survey, role: Role) -> Listing:
    """Make the draft, or give the one that was made before."""
    answer = answering.of(actor, survey)
    text = texts(survey, answer).get(role) if answer is not None else None
    if answer is None or text is None:
        raise NotFound
    organisation_id = writes_for(actor, answer)
    require(organisation_id is not None, say("Somebody who writes for your organisation can make drafts of it."))
    with transaction():
        # The answer's row is held, so that a button pressed twice makes one draft.
        session.execute(select(Answer.id).where(Answer.id == answer.id).with_for_update())
        made = drafts(answer).get(role)
        if made is not None:
            return made
        organisation = session.get_one(Organisation, organisation_id)
        listing = service.create(actor, organisation, KINDS[role], _content(KINDS[role], text, organisation))
        session.add(AnswerListing(answer_id=answer.id, role=role, listing_id=listing.id))
        audit.record(actor.id, "questionnaire.drafted", "questionnaire", survey.id, kind=KINDS[role].value)
    return listing


def _content(kind: Kind, text: str, organisation: Organisation) -> dict[str, Any]:
    """What the text says stands where authors will look for it; what does not fit a field is left to them."""
    raw = {"title": title_of(text), "summary": text[:SUMMARY], LONG_TEXT[kind]: text, "region": organisation.region}
    read, errors = content.validate_content(kind, raw)
    if "title" in errors:
        raise Conflict(errors["title"])
    return read


def title_of(text: str) -> str:
    """The first sentence, or as much of it as a title holds."""
    first = _SENTENCE.split(text.strip(), maxsplit=1)[0].strip()
    if len(first) <= TITLE:
        return first
    cut = first[:TITLE]
    return f"{cut[:cut.rfind(' ')] if ' ' in cut[TITLE // 2:] else cut}…"
