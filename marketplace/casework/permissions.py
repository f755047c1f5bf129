"""Who may do what on a case between its moves. Who may know of the case at all: introductions/permissions.py."""

from __future__ import annotations

from marketplace.accounts.models import User
from marketplace.casework.models import Document, Meeting, Reach, Task
from marketplace.introductions.making import tier_of
from marketplace.introductions.models import Introduction, Owes, Side
from marketplace.introductions.moves import Who
from marketplace.introductions.permissions import acting_sides, can_see, capacities, member_sides
from marketplace.organisations.permissions import Reader


def is_staff(actor: Reader, introduction: Introduction) -> bool:
    """A broker or operator who belongs to neither side."""
    return actor is not None and actor.is_reviewer and not member_sides(actor, introduction)


def is_broker(actor: User, introduction: Introduction) -> bool:
    return Who.BROKER in capacities(actor, introduction)


def can_work(actor: User, introduction: Introduction) -> bool:
    """May this person arrange meetings, set tasks and add documents, for their own part?"""
    return bool(capacities(actor, introduction) & {Who.BROKER, Who.SIDE})


def can_see_meeting(actor: User, meeting: Meeting) -> bool:
    """The sides that were invited, and the staff. A talk of one side with the broker is not the other's to know."""
    introduction = meeting.introduction
    if is_staff(actor, introduction):
        return True
    return can_see(actor, introduction) and bool(meeting.sides & set(member_sides(actor, introduction)))


def can_change_meeting(actor: User, meeting: Meeting) -> bool:
    if is_broker(actor, meeting.introduction):
        return True
    return bool(meeting.sides & set(acting_sides(actor, meeting.introduction)))


def can_see_task(actor: User, task: Task) -> bool:
    """Once names are released, both sides see what is to be done from then on, but for what was agreed with one alone;
    before, each sees its own."""
    introduction = task.introduction
    if is_staff(actor, introduction):
        return True
    if not can_see(actor, introduction) or task.is_internal:
        return False
    sides = member_sides(actor, introduction)
    if task.only_for is not None and task.only_for not in sides:
        return False
    if task.owner is Owes.BOTH or task.owner in {Owes(side) for side in sides}:
        return True
    return introduction.is_released and (task.owner is Owes.BROKER or not _was_set_before_release(task))


def can_do_task(actor: User, task: Task) -> bool:
    """Tick it off: its owners, and the broker."""
    if is_broker(actor, task.introduction):
        return True
    if not can_see_task(actor, task):
        return False
    sides = acting_sides(actor, task.introduction)
    return bool(sides) and (task.owner is Owes.BOTH or task.owner in {Owes(side) for side in sides})


def owners_for(actor: User, introduction: Introduction) -> list[Owes]:
    """Whom this person may give something to do: brokers everybody, a side itself, and both once they know each
    other."""
    if is_broker(actor, introduction):
        return [Owes.BROKER, Owes.NEED, Owes.RESULT, Owes.BOTH]
    own = [Owes(side) for side in acting_sides(actor, introduction)]
    return [*own, *([Owes.BOTH] if own and introduction.is_released else [])]


def own_side(actor: User, introduction: Introduction) -> Side | None:
    """For whom this person acts; None: the broker."""
    return next(iter(acting_sides(actor, introduction)), None)


def reaches_for(actor: User, introduction: Introduction) -> list[Reach]:
    return list(Reach) if can_work(actor, introduction) else []


def can_read(actor: User, document: Document) -> bool:
    """Its own side and the staff always; the other side as far as the case has come."""
    introduction = document.introduction
    if document.removed_at is not None:
        return False
    if is_staff(actor, introduction):
        return True
    sides = member_sides(actor, introduction)
    if not sides:
        return False
    if document.side in sides:
        return True
    if document.reach is Reach.BROKERS:
        return False
    opened = tier_of(introduction) or (1 if introduction.is_open else 0)
    return document.reach.tier <= opened and (opened >= 2 or not _tells_who(document))


def can_change_document(actor: User, document: Document) -> bool:
    """Add versions, take it away: whose it is."""
    introduction = document.introduction
    if document.side is None:
        return is_broker(actor, introduction)
    return document.side in acting_sides(actor, introduction)


def _was_set_before_release(task: Task) -> bool:
    """What one side had to do for the broker, in words that were not meant for the other."""
    released = max((c.at for c in task.introduction.consents if c.withdrawn_at is None), default=task.created_at)
    return task.code is None and task.created_at < released


def _tells_who(document: Document) -> bool:
    """A paper of an anonymous side bears its name somewhere: the other side waits until it may know."""
    side = document.side
    return side is not None and document.introduction.listing_of(side).anonymous
