"""Who answers a request and by when: assigned by hand, by the table of routes, or taken one level up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock, workdays
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label, day_of, say
from marketplace.requests_desk import routes, stewards, telling
from marketplace.requests_desk.models import LADDER, TO_ANSWER, Level, Request, RequestAct, Step, What
from marketplace.requests_desk.permissions import can_assign, can_see, is_operator, levels_open_to
from marketplace.requests_desk.vocabulary import DAYS

STALE = say("Somebody else was faster. Look at what is there now, then repeat what you still want.")
LONGEST_NOTE = 2_000


@dataclass(frozen=True)
class Target:
    """Somebody who could answer."""

    level: Level
    steward: User | None = None
    handler: Organisation | None = None
    department: str | None = None
    days: int = 0

    @property
    def code(self) -> str:
        """As a form names it."""
        if self.steward is not None:
            return f"steward:{self.steward.id}"
        return f"organisation:{self.handler.id}" if self.handler is not None else ""


def targets(actor: User, request: Request) -> dict[Level, list[Target]]:
    """To whom this person may give it, by level."""
    found: dict[Level, list[Target]] = {level: [] for level in levels_open_to(actor, request)}
    if Level.STEWARD in found:
        people = [*stewards.of(request.organisation), *_staff(actor)]
        found[Level.STEWARD] = [Target(Level.STEWARD, steward=person) for person in dict.fromkeys(people)]
    for body in routes.handlers():
        level = routes.LEVEL_OF[body.kind]
        if level in found and (level != request.level or is_operator(actor) or body.id == request.handler_id):
            found[level].append(Target(level, handler=body))
    return found


def _staff(actor: User) -> Sequence[User]:
    """Any of the staff may answer for a company; a park's people are not told who they are."""
    if not actor.is_reviewer:
        return []
    staff = select(User).where((User.is_broker | User.is_operator), User.disabled_at.is_(None))
    return session.scalars(staff.order_by(User.name, User.id).limit(routes.MOST)).all()


def assign(
    actor: User, request: Request, to: str, *, department: str | None = None, days: int | None = None, note: str = "",
    version: int | None = None,
) -> Request:
    """This steward, park or authority answers it from now on. `to`: the code of one of the targets(), or a park's or
    authority's short name."""
    if not can_see(actor, request):
        raise NotFound
    if request.step not in TO_ANSWER:
        raise Conflict(say("This request needs no answer any more."))
    require(can_assign(actor, request), say("Only operators and whoever is in charge assign a request."))
    every = {one.code: one for level in targets(actor, request).values() for one in level}
    every |= {one.handler.slug: one for one in list(every.values()) if one.handler is not None}
    if to not in every:
        raise Invalid({"to": say("Choose who answers from the list.")})
    chosen = every[to]
    if version is not None and version != request.version:
        if (chosen, department or None) == (_given(request), request.department):
            return request  # the second click of a double click
        raise Conflict(STALE)
    allowed = DAYS[chosen.level] if days is None else days
    routes.check_days(allowed)
    routes.check_department(department)
    said = said_note(note)
    with changing(), transaction():
        give(request, chosen, department, allowed)
        note_act(actor, request, What.ASSIGNED, said)
        tell_given(actor, request)
    return request


def _given(request: Request) -> Target:
    """Who has it, as one of the targets()."""
    return Target(request.level, request.steward if request.level is Level.STEWARD else None, request.handler)


@contextmanager
def changing() -> Iterator[None]:
    """Losing a race to somebody else is a Conflict. Stands outside transaction(), whose end may be what fails."""
    try:
        yield
    except (StaleDataError, IntegrityError):
        raise Conflict(STALE) from None


def give(request: Request, to: Target, department: str | None, days: int) -> None:
    """Within a transaction: the request is theirs, from today."""
    request.step, request.level = Step.ASSIGNED, to.level
    if to.steward is not None:
        request.steward_id, request.steward = to.steward.id, to.steward
        request.handler_id, request.handler = None, None
    else:
        assert to.handler is not None
        request.handler_id, request.handler = to.handler.id, to.handler
    request.department, request.returns = department or None, 0
    set_due(request, days)


def set_due(request: Request, days: int) -> None:
    request.due_on = workdays.after(clock.today(), days)
    request.remind_at = workdays.beginning(request.due_on)


def first_target(request: Request) -> Target | None:
    """Who is asked first: the steward its park names for the company, else the platform's, else whom the table of
    routes names for the park."""
    steward = next(iter(stewards.of(request.organisation)), None)
    if steward is not None:
        return Target(Level.STEWARD, steward=steward, days=DAYS[Level.STEWARD])
    return routed(request, Level.PARK)


def routed(request: Request, level: Level) -> Target | None:
    route = routes.route_for(request, level)
    if route is None:
        return None
    return Target(level, handler=route.organisation, department=route.department, days=route.days)


def escalate(request: Request, what: What) -> None:
    """Within a transaction: whoever had it did not settle it, so the next level does. Where the table names nobody
    above, the operators choose."""
    above = LADDER[LADDER.index(request.level) + 1:]
    to = next(filter(None, (routed(request, level) for level in above)), None)
    if to is not None:
        give(request, to, to.department, to.days)
    else:
        request.step, request.level = Step.WAITING, above[0]
        request.handler_id, request.handler, request.department, request.due_on = None, None, None, None
        request.remind_at = in_working_days(1)
    note_act(None, request, what)
    tell_given(None, request)


def can_rise(request: Request) -> bool:
    return request.level is not LADDER[-1]


def tell_given(actor: User | None, request: Request) -> None:
    """Whoever answers now, and the company."""
    fact = telling.fact_of(request, "given")
    if request.step is Step.WAITING:
        telling.operators(request, say("“{title}” needs somebody who answers.", title=request.title), actor, fact)
        return
    phrase = say("You are asked to answer “{title}” of {organisation} by {day}.", title=request.title,
                 organisation=request.organisation, day=due_day(request))
    telling.in_charge(request, phrase, actor, fact)
    telling.steward(request, say("“{title}” of {organisation} is now with {who}.", title=request.title,
                                 organisation=request.organisation, who=who_answers(request)), actor, fact)
    telling.company(request, say("{who} answers your request “{title}” by {day}.", who=who_answers(request),
                                 title=request.title, day=due_day(request)), actor, f"{fact}:asked")


def body_of(bodies: Iterable[Organisation], organisation_id: int) -> Organisation:
    """The park or authority that a form names by its number."""
    found = next((body for body in bodies if body.id == organisation_id), None)
    if found is None:
        raise Invalid({"organisation": say("Choose a park or an authority from the list.")})
    return found


def who_answers(request: Request | RequestAct) -> str | Organisation | None:
    """The person or body in charge, then or now, as readers call it; None before there is one."""
    if request.level is Level.STEWARD:
        return request.steward.name if request.steward is not None else None
    return request.handler


def due_day(request: Request) -> Label | str:
    return day_of(request.due_on) if request.due_on is not None else ""


def in_working_days(count: int) -> datetime:
    return workdays.beginning(workdays.after(clock.today(), count))


def said_note(text: str, name: str = "note", *, longest: int = LONGEST_NOTE) -> str:
    text = (text or "").strip()
    if len(text) > longest:
        raise Invalid({name: say("At most {max} characters; this has {given}.", max=longest, given=len(text))})
    return text


def note_act(actor: User | None, request: Request, what: What, note: str = "") -> None:
    """Within a transaction, after the change: one line of history. What becomes of a published answer changes nothing
    about the request: no form of the company's grows stale by it, and nobody is reminded anew."""
    now = clock.now()
    if what not in (What.PUBLISHED, What.RETRACTED):
        request.changed_at, request.reminders = now, 0
    session.flush()
    session.add(RequestAct(
        request_id=request.id, what=what, at=now, actor_id=actor.id if actor else None,
        note=note or None, level=request.level, steward_id=request.steward_id, handler_id=request.handler_id,
        department=request.department, due_on=request.due_on,
    ))
    audit.record(actor.id if actor else None, f"request.{what}", "request", request.id)

