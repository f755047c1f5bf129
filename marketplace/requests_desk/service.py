"""What people do with requests. With its parts (assigning, routes, helping, timers) the only writer of this room's
tables."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from marketplace import clock, refs
from marketplace.accounts.models import User
from marketplace.accounts.permissions import CONFIRM_FIRST, can_act
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events.models import Edition
from marketplace.organisations.models import Organisation, State
from marketplace.organisations.permissions import Reader, editable_ids
from marketplace.phrases import Phrase, say
from marketplace.requests_desk import telling
from marketplace.requests_desk.assigning import (
    STALE,
    Target,
    assign,
    can_rise,
    changing,
    escalate,
    first_target,
    give,
    in_working_days,
    note_act,
    said_note,
    set_due,
    targets,
    tell_given,
    who_answers,
)
from marketplace.requests_desk.lists import Filters, counts_of, desk, of_organisations, visible_refs, waiting_for
from marketplace.requests_desk.models import TO_ANSWER, Request, RequestAct, Step, Topic, What
from marketplace.requests_desk.permissions import (
    can_answer,
    can_decide,
    can_see,
    can_withdraw,
    is_operator,
    speaks_for_company,
)
from marketplace.requests_desk.vocabulary import DAYS

__all__ = [
    "Filters",
    "Target",
    "answer",
    "ask",
    "assign",
    "confirm",
    "counts_of",
    "desk",
    "get",
    "history",
    "of_organisations",
    "organisation_of",
    "own_organisations",
    "send_back",
    "targets",
    "visible_refs",
    "waiting_for",
    "who_answers",
    "withdraw",
]

LONGEST_TITLE, LONGEST_TEXT = 120, 4_000
OFTEN_RETURNED = 2
"""After so many answers that did not settle it, the next level takes it."""
FIRST_REMINDER = 5
"""Working days the company has before it is asked whether an answer settles it."""


def get(actor: Reader, ref: str) -> Request:
    """The only way from a ref to a request; NotFound when it is not for this reader."""
    written = ref.upper() if len(ref) < 40 and ref.isascii() and ref.isprintable() else ""
    found = session.scalar(select(Request).where(Request.ref == written).options(
        joinedload(Request.raised_by), joinedload(Request.edition), joinedload(Request.published)))
    if found is None or not can_see(actor, found):
        raise NotFound
    return found


def history(actor: Reader, request: Request) -> Sequence[RequestAct]:
    """Every step, the oldest first."""
    if not can_see(actor, request):
        raise NotFound
    people = (joinedload(RequestAct.actor), joinedload(RequestAct.steward), joinedload(RequestAct.handler))
    acts = select(RequestAct).where(RequestAct.request_id == request.id).options(*people)
    return session.scalars(acts.order_by(RequestAct.id)).all()


def own_organisations(actor: Reader) -> Sequence[Organisation]:
    """For whom this person may ask."""
    these = select(Organisation).where(Organisation.id.in_(editable_ids(actor)), Organisation.state != State.REFUSED)
    return session.scalars(these.order_by(Organisation.name, Organisation.id)).all()


def organisation_of(actor: User, name: str | None) -> Organisation:
    """The organisation somebody asks for: one of their own, or for operators, who write down what is said at an event,
    any. By name or short name; who has one need not name it."""
    own = own_organisations(actor)
    if not name:
        if len(own) == 1:
            return own[0]
        raise Invalid({"organisation": say("Say for which organisation you ask.")})
    for one in own:
        if name in (one.slug, one.name, one.name_en):
            return one
    if is_operator(actor):
        columns = (Organisation.slug, Organisation.name, Organisation.name_en)
        called = or_(*(column == name for column in columns))
        found = session.scalars(select(Organisation).where(Organisation.state != State.REFUSED, called).limit(2)).all()
        if len(found) == 1:
            return found[0]
    raise Invalid({"organisation": say("No organisation that you may ask for is called “{name}”.", name=name[:60])})


def ask(
    actor: User, organisation: Organisation, topic: Topic, title: str, text: str, edition: Edition | None = None
) -> Request:
    """Raise a request. The company's steward answers first, else whom the table of routes names; else an operator
    assigns it. The same once more within the minute is the second click of a double click."""
    require(can_act(actor), CONFIRM_FIRST)
    own = organisation.id in editable_ids(actor)
    require(own or is_operator(actor), say("Only those who write for an organisation ask for it."))
    said = {"title": _needed(title, "title", LONGEST_TITLE), "text": _needed(text, "text", LONGEST_TEXT)}
    with changing(), transaction():
        session.execute(select(Organisation.id).where(Organisation.id == organisation.id).with_for_update())
        now = clock.now()
        last = session.scalar(select(Request).where(
            Request.raised_by_id == actor.id, Request.organisation_id == organisation.id,
            Request.raised_at > now - clock.LEEWAY,
        ).order_by(Request.id.desc()).limit(1))
        if last is not None and (last.title, last.text, last.topic) == (said["title"], said["text"], topic):
            return last
        request = Request(
            ref=refs.take("Q")[0], organisation=organisation, edition_id=edition.id if edition else None, topic=topic,
            raised_at=now, raised_by=actor, changed_at=now, remind_at=in_working_days(1), **said,
        )
        session.add(request)
        note_act(actor, request, What.RAISED)
        to = first_target(request)
        if to is not None:
            give(request, to, to.department, to.days)
            note_act(None, request, What.ASSIGNED)
        tell_given(actor, request)
    return request


def answer(actor: User, request: Request, text: str, version: int | None = None) -> Request:
    """Say what the company asked; it confirms that this settles it, or sends it back."""
    _visible(actor, request)
    said = _needed(text, "answer", LONGEST_TEXT)
    if request.step is Step.ANSWERED and request.answered_by_id == actor.id and request.answer == said:
        return request  # the second click of a double click
    _require_step(request.step in TO_ANSWER)
    require(can_answer(actor, request), say("Only whoever is in charge answers a request."))
    _require_version(request, version)
    with changing(), transaction():
        request.step, request.answer, request.answered_by_id = Step.ANSWERED, said, actor.id
        request.answered_at, request.remind_at = clock.now(), in_working_days(FIRST_REMINDER)
        note_act(actor, request, What.ANSWERED, said)
        telling.company(request, say("Your request “{title}” has been answered. Does that settle it?",
                                     title=request.title), actor, telling.fact_of(request, "answered"))
        telling.steward(request, say("“{title}” of {organisation} has been answered.", title=request.title,
                                     organisation=request.organisation), actor, telling.fact_of(request, "answered"))
    return request


def confirm(actor: User, request: Request, version: int | None = None) -> Request:
    """For the company: that settles it."""
    _visible(actor, request)
    if request.step is Step.CONFIRMED and speaks_for_company(actor, request):
        return request
    _require_step(request.step is Step.ANSWERED)
    require(can_decide(actor, request), say("Only those who write for the company confirm or send back."))
    _require_version(request, version)
    with changing(), transaction():
        request.step, request.closed_at, request.remind_at = Step.CONFIRMED, clock.now(), None
        note_act(actor, request, What.CONFIRMED)
        _tell_answerer(request, say("{organisation} confirms that “{title}” is settled.",
                                    organisation=request.organisation, title=request.title), actor)
    return request


def send_back(actor: User, request: Request, note: str, version: int | None = None) -> Request:
    """For the company: it is not settled. The same people answer again; the second time, the next level."""
    _visible(actor, request)
    said = said_note(note)
    if said and request.step in TO_ANSWER and request.remark == said and speaks_for_company(actor, request):
        return request  # the second click of a double click
    _require_step(request.step is Step.ANSWERED)
    require(can_decide(actor, request), say("Only those who write for the company confirm or send back."))
    _require_version(request, version)
    if not said:
        raise Invalid({"note": say("Say what is missing; whoever answers works by it.")})
    with changing(), transaction():
        request.remark, request.returns = said, request.returns + 1
        if who_answers(request) is None:  # an operator had answered it on the spot
            request.step, request.remind_at = Step.WAITING, in_working_days(1)
        else:
            request.step = Step.ASSIGNED
            set_due(request, DAYS[request.level])
        note_act(actor, request, What.RETURNED, said)
        if request.returns >= OFTEN_RETURNED and can_rise(request):
            escalate(request, What.ESCALATED)
        else:
            _tell_answerer(request, say("{organisation} sent the answer to “{title}” back: {note}", note=said,
                                        organisation=request.organisation, title=request.title), actor)
    return request


def withdraw(actor: User, request: Request) -> Request:
    """The company no longer needs it."""
    _visible(actor, request)
    if request.step is Step.WITHDRAWN:
        return request
    _require_step(request.is_open)
    require(can_withdraw(actor, request), say("Only those who write for the company withdraw its request."))
    with changing(), transaction():
        request.step, request.closed_at, request.remind_at = Step.WITHDRAWN, clock.now(), None
        note_act(actor, request, What.WITHDRAWN)
        _tell_answerer(request, say("{organisation} has withdrawn “{title}”.", organisation=request.organisation,
                                    title=request.title), actor)
    return request


def _tell_answerer(request: Request, phrase: Phrase, actor: User) -> None:
    fact = telling.fact_of(request, "back")
    if who_answers(request) is None:
        telling.operators(request, phrase, actor, fact)
    else:
        telling.in_charge(request, phrase, actor, fact)
        telling.steward(request, phrase, actor, fact)


def _visible(actor: Reader, request: Request) -> None:
    if not can_see(actor, request):
        raise NotFound


def _require_step(fits: bool) -> None:
    if not fits:
        raise Conflict(say("The request has gone on meanwhile. Look at where it stands now."))


def _require_version(request: Request, version: int | None) -> None:
    if version is not None and version != request.version:
        raise Conflict(STALE)


def _needed(text: str, name: str, longest: int) -> str:
    said = said_note(text, name, longest=longest)
    if not said:
        raise Invalid({name: say("This is needed.")})
    return said
