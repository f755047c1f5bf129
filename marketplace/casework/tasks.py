"""Tasks of a case: from the template of its type of contract, or set by hand; done, undone, reminded of once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.casework.meetings import released_people
from marketplace.casework.models import Task
from marketplace.casework.permissions import can_do_task, can_see_task, can_work, is_broker, owners_for
from marketplace.casework.templates import FORESEEN, SIGNED, TEMPLATES, Item, code_of, title_of
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import telling
from marketplace.introductions.due import sides_of
from marketplace.introductions.models import Introduction, Owes, Side, Stage, Status
from marketplace.introductions.permissions import can_see, member_sides
from marketplace.listings.models import Listing
from marketplace.listings.vocabulary import CONTRACT_TYPES
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Membership
from marketplace.phrases import Label, say

LONGEST_TITLE, LONGEST_NOTE = 200, 2_000
MOST = 200
DOUBLE_CLICK = timedelta(seconds=5)
FARTHEST = timedelta(days=10 * 366)
CHANGED = say("Somebody else changed this task meanwhile. Look at it again.")


def get(actor: User, introduction: Introduction, task_id: int) -> Task:
    """The task, if it is of this case and this person's to know; otherwise NotFound."""
    found = session.get(Task, task_id)
    if found is None or found.introduction_id != introduction.id or not can_see_task(actor, found):
        raise NotFound
    return found


def of_case(actor: User, introduction: Introduction, found: Sequence[Task] | None = None) -> list[Task]:
    """What is to be done, the first due first; then what was done. What was dropped is left out. `found`: all of it,
    where it is loaded."""
    if not can_see(actor, introduction):
        raise NotFound
    if found is None:
        found = session.scalars(
            select(Task).where(Task.introduction_id == introduction.id, Task.dropped_at.is_(None))
            .options(joinedload(Task.person), joinedload(Task.done_by)).order_by(Task.due_on, Task.id)
        ).all()
    seen = [task for task in found if can_see_task(actor, task)]
    return sorted(seen, key=lambda task: task.done_at is not None)


def title(task: Task) -> Label | str:
    """In the reader's language where the template has words for it."""
    return (title_of(task.code) if task.code else None) or task.title


def set_task(actor: User, introduction: Introduction, **given: Any) -> Task:
    """Set a task by hand: title, owner, due_on; person (an id), note, is_internal."""
    if not can_see(actor, introduction):
        raise NotFound
    require(can_work(actor, introduction), say("Only the broker and the editors of both sides set tasks."))
    if not introduction.is_open:
        raise Conflict(say("The case is closed."))
    entries = _checked(actor, introduction, given, None)
    if session.query(Task.id).filter_by(introduction_id=introduction.id).count() >= MOST:
        raise Conflict(say("A case has {max} tasks at most.", max=MOST))
    with transaction():
        session.execute(select(Introduction.id).where(Introduction.id == introduction.id).with_for_update())
        just_set = select(Task).filter_by(introduction_id=introduction.id, created_by_id=actor.id, **entries)
        before = session.scalars(just_set.where(Task.created_at > clock.now() - DOUBLE_CLICK)).first()
        if before is not None:
            return before
        task = Task(introduction=introduction, created_by_id=actor.id, created_at=clock.now(), **entries)
        session.add(task)
        session.flush()
        _tell_owner(task, but=actor)
        _audit(actor, task, "task.set")
    return task


def change(actor: User, task: Task, version: int | None = None, **given: Any) -> None:
    """Another day, owner, note."""
    require(can_do_task(actor, task), say("Only its owner and the broker change a task."))
    _require_version(task, version)
    entries = _checked(actor, task.introduction, given, task)
    handed_on = (entries["owner"], entries["person_id"]) != (task.owner, task.person_id)
    with transaction():
        if entries["due_on"] != task.due_on or handed_on:
            task.reminded_at = None
        for name, value in entries.items():
            if name != "title" or task.code is None:
                setattr(task, name, value)
        if task.only_for is not None and task.owner not in (Owes.BROKER, Owes(task.only_for)):
            task.only_for = None  # the broker gave it to the other side, who has to read it then
        session.flush()
        if handed_on:
            _tell_owner(task, but=actor)
        _audit(actor, task, "task.changed")


def finish(actor: User, task: Task) -> None:
    require(can_do_task(actor, task), say("Only its owner and the broker change a task."))
    if task.dropped_at is not None:
        raise Conflict(CHANGED)
    if task.done_at is None:
        with transaction():
            task.done_at, task.done_by_id = clock.now(), actor.id
            _audit(actor, task, "task.done")


def undo(actor: User, task: Task) -> None:
    """It was ticked off too early."""
    require(can_do_task(actor, task), say("Only its owner and the broker change a task."))
    with transaction():
        task.done_at = task.done_by_id = None
        _audit(actor, task, "task.undone")


def drop(actor: User, task: Task) -> None:
    """It is no longer needed."""
    require(can_do_task(actor, task), say("Only its owner and the broker change a task."))
    with transaction():
        task.dropped_at = clock.now()
        _audit(actor, task, "task.dropped")


def use_template(actor: User, introduction: Introduction, contract_type: str) -> int:
    """Set the tasks of this type of contract now; those that are there already stay. Returns how many were added."""
    if not can_see(actor, introduction):
        raise NotFound
    require(is_broker(actor, introduction), say("Only the broker of the case uses a template."))
    if contract_type not in CONTRACT_TYPES:
        raise Invalid({"contract_type": say("Choose a type of contract.")})
    if not introduction.is_open:
        raise Conflict(say("The case is closed."))
    with transaction():
        session.execute(select(Introduction.id).where(Introduction.id == introduction.id).with_for_update())
        audit.record(actor.id, "task.template", "introduction", introduction.id, introduction.ref, type=contract_type)
        return _plan(introduction, contract_type, SIGNED, _signed_on(introduction) or clock.today()) + _plan(
            introduction, contract_type, FORESEEN, clock.today())


def follow(ids: list[int]) -> None:
    """Handler of introduction.changed: the type of contract is foreseen, or the contract is there."""
    for introduction in session.scalars(select(Introduction).where(Introduction.id.in_(ids))).all():
        if not introduction.is_open or introduction.stage < Stage.NEGOTIATING:
            continue
        with transaction():
            if introduction.intents:
                intent = introduction.intents[-1]
                _plan(introduction, intent.contract_type, FORESEEN, intent.dated_on)
            signed_on = _signed_on(introduction)
            if introduction.stage >= Stage.SIGNED and signed_on is not None:
                _plan(introduction, introduction.contracts[-1].contract_type, SIGNED, signed_on)


def overdue(broker_id: int | None = None) -> Select[Task]:
    """Open tasks whose day has passed, of active cases: of one broker's, or of all. For the desk; order as needed."""
    this = select(Task).join(Introduction, Introduction.id == Task.introduction_id).where(
        Task.done_at.is_(None), Task.dropped_at.is_(None), Task.due_on < clock.today(),
        Introduction.status == Status.ACTIVE,
    )
    return this if broker_id is None else this.where(Introduction.broker_id == broker_id)


def overdue_of(actor: User, size: int = 10) -> list[Task]:
    """The longest overdue tasks of this broker's cases, whoever owns them."""
    case = joinedload(Task.introduction)
    # Of the listings only whose they are is looked at; the desk has no query to spare for their texts.
    bare = [case.joinedload(end).lazyload(part) for end in (Introduction.need, Introduction.result)
            for part in (Listing.translations, Listing.exclusions, Listing.grants)]
    with_people = (case.joinedload(Introduction.broker), joinedload(Task.person), *bare)
    wanted = overdue(actor.id).options(*with_people).order_by(Task.due_on, Task.id)
    return list(session.scalars(wanted.limit(size)).unique())


def remind() -> int:
    """Timer: who owns an overdue task is told once; the broker too, when it is not theirs."""
    done = 0
    for task_id in session.scalars(overdue().with_only_columns(Task.id).where(Task.reminded_at.is_(None))).all():
        with transaction():
            this = select(Task).where(Task.id == task_id).with_for_update()
            task = session.scalar(this.execution_options(populate_existing=True))
            if task is None or not task.is_open or task.reminded_at is not None:
                continue
            task.reminded_at = clock.now()
            _remind(task)
            done += 1
    return done


def people_for(actor: User, introduction: Introduction, owners: Iterable[Owes]) -> list[tuple[User, Owes]]:
    """Whom a task may be given to in person: the people of the sides among `owners` whom the actor may know of, and
    the broker."""
    wanted = set(owners)
    organisations = {
        introduction.listing_of(side).organisation_id: Owes(side) for side in Side
        if Owes(side) in wanted or Owes.BOTH in wanted
    }
    rows = session.execute(
        select(User, Membership.organisation_id).join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id.in_(organisations), User.disabled_at.is_(None)).order_by(User.name, User.id)
    ).all()
    found = [(user, organisations[organisation_id]) for user, organisation_id in rows]
    if not is_broker(actor, introduction):
        own = set(member_sides(actor, introduction))
        known = set[int]().union(*(released_people(introduction, side) for side in Side if side not in own))
        found = [(user, of) for user, of in found if of in {Owes(side) for side in own} or user.id in known]
    if Owes.BROKER in wanted and introduction.broker is not None:
        found.append((introduction.broker, Owes.BROKER))
    return found


def _checked(actor: User, introduction: Introduction, given: dict[str, Any], task: Task | None) -> dict[str, Any]:
    named = (given.get("title") or "").strip() or (task.title if task is not None and task.code else "")
    note, due_on = (given.get("note") or "").strip() or None, given.get("due_on")
    faults: dict[str, str] = {}
    if not named or len(named) > LONGEST_TITLE:
        faults["title"] = say("Say in a line of at most {max} characters what is to be done.", max=LONGEST_TITLE)
    if note is not None and len(note) > LONGEST_NOTE:
        faults["note"] = say("At most {max} characters; this has {given}.", max=LONGEST_NOTE, given=len(note))
    if due_on is None:
        faults["due_on"] = say("Give the day by which it is done.")
    elif abs(due_on - clock.today()) > FARTHEST:
        faults["due_on"] = say("Give a day within ten years.")
    owners = owners_for(actor, introduction) + ([task.owner] if task is not None else [])
    owner = Owes(str(given["owner"])) if given.get("owner") in [o.value for o in owners] else None
    if owner is None:
        faults["owner"] = say("Choose who does it.")
    person_id = given.get("person")
    if person_id and owner is not None:
        fits = [user.id for user, of in people_for(actor, introduction, [owner]) if owner in (of, Owes.BOTH)]
        if person_id not in fits:
            faults["person"] = say("This person does not belong to those who do it (any more). Choose again.")
    internal = bool(given.get("is_internal")) and is_broker(actor, introduction)
    if internal and owner not in (None, Owes.BROKER):  # who is asked to do it hears of it
        faults["is_internal"] = say("What only brokers see, the broker does. Untick it, or choose the broker.")
    if faults:
        raise Invalid(faults)
    return {"title": named, "note": note, "due_on": due_on, "owner": owner, "person_id": person_id or None,
            "is_internal": internal}


def _plan(introduction: Introduction, contract_type: str, since: str, begins: date) -> int:
    """Add what is missing of the template; a second time adds nothing."""
    items: list[Item] = [item for item in TEMPLATES.get(contract_type, ()) if item.since == since]
    codes = {code_of(contract_type, item): item for item in items}
    there = set(session.scalars(select(Task.code).where(
        Task.introduction_id == introduction.id, or_(*(Task.code.endswith(f".{item.code}") for item in items))
    ))) if items else set()
    known = {str(code).partition(".")[2] for code in there}  # of another type, foreseen before: it stays the same task
    added = 0
    for code, item in codes.items():
        if item.code not in known:
            session.add(Task(
                introduction=introduction, code=code, title=item.title.zh, owner=item.owner,
                due_on=item.due_on(begins), created_at=clock.now(),
            ))
            added += 1
    session.flush()
    return added


def _signed_on(introduction: Introduction) -> date | None:
    return introduction.contracts[-1].signed_on if introduction.contracts else None


def _audit(actor: User, task: Task, action: str) -> None:
    audit.record(actor.id, action, "task", task.id, task.introduction.ref)


def _tell_owner(task: Task, but: User) -> None:
    for side, people in _owners(task):
        phrase = say("“{title}”: you are asked to do this by {day}: {task}", task=title(task),
                     title=telling.title(task.introduction.listing_of(side or Side.NEED)), day=_day(task.due_on))
        fact = f"task:{task.id}:asked:{task.version}"
        messaging.notify(people - {but.id}, phrase, _path(task), kind=messaging.Kind.MEETINGS, once=fact)
        telling.to_mailbox(task.introduction, side, phrase, fact, "#tasks")


def _remind(task: Task) -> None:
    introduction, told = task.introduction, set[int]()
    for side, people in [*_owners(task), (None, telling.brokers_of(introduction))]:
        phrase = say("“{title}”: this was to be done by {day}: {task}", task=title(task),
                     title=telling.title(introduction.listing_of(side or Side.NEED)), day=_day(task.due_on))
        fact = f"task:{task.id}:{task.due_on}"
        messaging.notify(people - told, phrase, _path(task), kind=messaging.Kind.REMINDERS, once=fact)
        telling.to_mailbox(introduction, side, phrase, fact, "#tasks")
        told |= people


def _owners(task: Task) -> list[tuple[Side | None, set[int]]]:
    """(the side whose listing they know the case by, the people); None stands for the brokers."""
    introduction = task.introduction
    if task.owner is Owes.BROKER:
        return [(None, telling.brokers_of(introduction))]
    found: list[tuple[Side | None, set[int]]] = []
    for side in sides_of(task.owner):
        in_person = task.person_id is not None and _belongs(task.person_id, introduction, side)
        found.append((side, {int(task.person_id or 0)} if in_person else telling.people_of(introduction, side)))
    return found


def _belongs(user_id: int, introduction: Introduction, side: Side) -> bool:
    this = select(Membership.id).where(and_(
        Membership.user_id == user_id, Membership.organisation_id == introduction.listing_of(side).organisation_id))
    return session.scalar(this) is not None


def _require_version(task: Task, version: int | None) -> None:
    if version is not None and version != task.version:
        raise Conflict(CHANGED)


def _day(day: date) -> Label:
    return Label(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%b} {day.year}")


def _path(task: Task) -> str:
    return f"{telling.path(task.introduction)}#tasks"
