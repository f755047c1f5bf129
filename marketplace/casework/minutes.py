"""How a meeting ends: minutes with a next action, its owner and day; or the reason why the talks end; or nobody came.

Between sides that know each other this is a move of the case, with all that follows from it. What one side said to the
broker before that stays between them, and the next action becomes a task.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.casework.meetings import LONGEST, require_open, require_passed, too_long
from marketplace.casework.models import Meeting, MeetingState, Task
from marketplace.db import session, transaction
from marketplace.errors import Invalid
from marketplace.introductions import entries
from marketplace.introductions import inputs as ask
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Minutes, Owes, Side, Stage
from marketplace.introductions.moves import MINUTES, Move
from marketplace.phrases import say

NEITHER = say("Give the next action, who does it and by when; or say that the talks end, and why.")
NEXT = ("next_action", "owner", "due_on")


def held_on(meeting: Meeting) -> date:
    return meeting.starts_at.astimezone(clock.PLACE).date()


def endings(actor: User, meeting: Meeting) -> list[Move]:
    """The ways in which this person may close the case with a reason, from where it stands."""
    ways = introductions.available_moves(actor, meeting.introduction)
    return [way.move for way in ways if way.move.name == "close" and ask.REASON_CODE in way.move.inputs]


def close(
    actor: User, meeting: Meeting, *, version: int | None = None, ends: str | None = None, **given: Any
) -> None:
    """Record what was said. `ends` is the reason for closing the case (with reason_code and note); without it, the
    next action, its owner and day are needed."""
    require_open(actor, meeting, version)
    require_passed(meeting)
    text = (given.get("text") or "").strip()
    if len(text) > ask.MINUTES.longest:
        raise Invalid({"text": too_long(ask.MINUTES.longest, text)})
    with transaction():
        if ends:
            _end(actor, meeting, ends, text, given)
        else:
            _go_on(actor, meeting, {**given, "text": text})
        meeting.state = MeetingState.HELD
        meeting.closed_at, meeting.closed_by_id = clock.now(), actor.id
        meeting.changed_at = clock.now()
        audit.record(actor.id, "meeting.minutes", "meeting", meeting.id, meeting.introduction.ref)


def no_show(
    actor: User, meeting: Meeting, absent: Side | str | None, due_on: date | None = None, note: str = "",
    version: int | None = None,
) -> None:
    """Somebody did not come. Between the sides a new date is agreed on; the history counts it."""
    require_open(actor, meeting, version)
    require_passed(meeting)
    introduction, sides = meeting.introduction, meeting.sides
    given: dict[str, Any] = {"held_on": held_on(meeting), "absent": absent, "due_on": due_on, "note": note or None}
    with transaction():
        if len(sides) == 2 and introduction.stage in (Stage.INTRODUCED, Stage.DISCUSSING):
            introductions.move(actor, introduction, "no_show", **given)
            meeting.minutes_id = introduction.minutes[-1].id
        else:
            asked = (ask.HELD_ON, ask.ABSENT, ask.NEW_DATE.optional, ask.NOTE.optional)
            entries.checked(asked, given, [])
            if Side(str(absent)) not in sides:
                raise Invalid({"absent": say("This side was not invited.")})
            meeting.text = note or None
        meeting.state, meeting.next_owner = MeetingState.NO_SHOW, Owes(str(absent))
        meeting.closed_at, meeting.closed_by_id, meeting.changed_at = clock.now(), actor.id, clock.now()
        audit.record(actor.id, "meeting.no_show", "meeting", meeting.id, introduction.ref, absent=str(absent))


def link(ids: list[int]) -> None:
    """Handler of introduction.changed: minutes that were recorded as a move close the meeting of their day."""
    waiting = session.scalars(select(Meeting).where(
        Meeting.introduction_id.in_(ids), Meeting.state == MeetingState.ARRANGED, Meeting.starts_at <= clock.now()
    )).all()
    for meeting in waiting:
        linked = select(Meeting.minutes_id).where(Meeting.minutes_id.is_not(None))
        said = session.scalars(select(Minutes).where(
            Minutes.introduction_id == meeting.introduction_id, Minutes.held_on == held_on(meeting),
            Minutes.id.not_in(linked),
        ).order_by(Minutes.id)).first()
        if said is not None and len(meeting.sides) == 2:
            with transaction():
                meeting.state = MeetingState.HELD if said.absent is None else MeetingState.NO_SHOW
                meeting.minutes_id, meeting.closed_at, meeting.closed_by_id = said.id, said.at, said.user_id


def _end(actor: User, meeting: Meeting, ends: str, text: str, given: Mapping[str, Any]) -> None:
    if not given.get("reason_code"):
        raise Invalid({"reason_code": say("Give the reason; it goes back to the other side, without names.")})
    introductions.move(
        actor, meeting.introduction, "close", reason=ends, reason_code=given["reason_code"],
        note=given.get("note") or None,
    )
    meeting.text = text or None


def _go_on(actor: User, meeting: Meeting, given: Mapping[str, Any]) -> None:
    introduction = meeting.introduction
    if not any(given.get(name) for name in NEXT):
        raise Invalid({"": NEITHER, **{name: entries.NEEDED for name in NEXT if not given.get(name)}})
    asked = {"held_on": held_on(meeting), "text": given["text"], **{name: given.get(name) for name in NEXT}}
    if len(meeting.sides) == 2 and Stage.INTRODUCED <= introduction.stage <= Stage.PERFORMING:
        name = "meet" if introduction.stage is Stage.INTRODUCED else "discuss"
        introductions.move(actor, introduction, name, **asked)
        session.flush()
        meeting.minutes_id = introduction.minutes[-1].id
        return
    checked = entries.checked(MINUTES, asked, [])
    owner = Owes(checked["owner"])
    if not introduction.is_released and owner not in {Owes.BROKER, *(Owes(side) for side in meeting.sides)}:
        raise Invalid({"owner": say("Until both sides have consented, this is between this side and the broker.")})
    meeting.text, meeting.next_action = checked["text"], checked["next_action"]
    meeting.next_owner, meeting.next_due_on = owner, checked["due_on"]
    alone = next(iter(meeting.sides)) if len(meeting.sides) == 1 else None
    session.add(Task(
        introduction=introduction, title=checked["next_action"][: LONGEST["subject"]], owner=owner,
        due_on=checked["due_on"], created_by_id=actor.id, created_at=clock.now(),
        is_internal=owner is Owes.BROKER and alone is not None,
        only_for=alone if alone is not None and owner == Owes(alone) else None,
    ))
