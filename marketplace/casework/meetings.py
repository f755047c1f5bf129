"""Meetings of a case: arranged with an invitation, moved, cancelled, missed. How they end: minutes.py."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.casework.invitations import CANCEL, REQUEST, invitation
from marketplace.casework.models import Attendee, Meeting, MeetingState
from marketplace.casework.permissions import can_change_meeting, can_see_meeting, can_work, is_broker
from marketplace.casework.vocabulary import HOME, ZONES, when
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import conditions, telling
from marketplace.introductions.models import Introduction, Side
from marketplace.introductions.permissions import can_see, member_sides
from marketplace.messaging import service as messaging
from marketplace.messaging.mail import address
from marketplace.organisations.models import Membership
from marketplace.phrases import Label, Phrase, say

LONGEST = {"subject": 200, "place": 300, "link": 500, "agenda": 5_000}
SHORTEST_MEETING, LONGEST_MEETING = 5, 1440
FARTHEST = timedelta(days=2 * 366)
DOUBLE_CLICK = timedelta(seconds=5)
CHANGED = say("Somebody else changed this meeting meanwhile. Look at it again.")


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be invited."""

    user: User
    side: Side | None
    """For whom they would come; None: the broker."""


def get(actor: User, introduction: Introduction, meeting_id: int) -> Meeting:
    """The meeting, if it is of this case and this person's to know; otherwise NotFound."""
    found = session.get(Meeting, meeting_id)
    if found is None or found.introduction_id != introduction.id or not can_see_meeting(actor, found):
        raise NotFound
    return found


def of_case(actor: User, introduction: Introduction, found: Sequence[Meeting] | None = None) -> list[Meeting]:
    """The meetings this person may know of, the latest first; `found`: all of them, where they are loaded."""
    if not can_see(actor, introduction):
        raise NotFound
    if found is None:
        found = session.scalars(
            select(Meeting).where(Meeting.introduction_id == introduction.id)
            .order_by(Meeting.starts_at.desc(), Meeting.id.desc())
        ).all()
    return [meeting for meeting in found if can_see_meeting(actor, meeting)]


def candidates(actor: User, introduction: Introduction) -> list[Candidate]:
    """Whom this person may invite: their own side and the broker, of the other side its contacts once they are
    released; the broker may ask anybody of either side. Who has left an organisation no longer comes for it."""
    own = set(member_sides(actor, introduction))
    brokers = is_broker(actor, introduction)
    rows = session.execute(
        select(User, Membership.organisation_id).join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id.in_([introduction.listing_of(side).organisation_id for side in Side]),
               User.disabled_at.is_(None))
        .order_by(User.name, User.id)
    ).all()
    found: dict[int, Candidate] = {}
    for side in Side:
        known = released_people(introduction, side)
        for user, organisation_id in rows:
            belongs = organisation_id == introduction.listing_of(side).organisation_id
            if belongs and (brokers or side in own or user.id in known):
                found.setdefault(user.id, Candidate(user, side))
    broker = introduction.broker or (actor if brokers else None)
    if broker is not None and broker.is_active:
        found.setdefault(broker.id, Candidate(broker, None))
    return list(found.values())


def arrange(
    actor: User, introduction: Introduction, *, past: bool = False, anyway: bool = False, **plan: Any
) -> Meeting:
    """Arrange a meeting and invite to it: subject, starts_at, minutes_long, zone, place or link, agenda, attendees
    (ids of candidates). Raises Invalid for an hour that has passed, unless it is a meeting that has taken place
    already (`past`): nobody is invited to that; and for an hour at which somebody meets elsewhere, unless `anyway`.
    """
    if not can_see(actor, introduction):
        raise NotFound
    require(can_work(actor, introduction), say("Only the broker and the editors of both sides arrange meetings."))
    if not introduction.is_open:
        raise Conflict(say("The case is closed."))
    now = clock.now()
    before = _just_arranged(actor, introduction, plan)
    if before is not None:
        return before
    given, people = _checked(actor, introduction, plan, past=past, anyway=anyway, meeting=None)
    with transaction():
        meeting = Meeting(
            introduction=introduction, uid=f"{uuid4().hex}@{address('/').split('/')[2].split(':')[0]}",
            organiser=actor, created_at=now, changed_at=now, **given,
            attendees=[Attendee(user=one.user, side=one.side) for one in people],
        )
        session.add(meeting)
        session.flush()
        audit.record(actor.id, "meeting.arranged", "meeting", meeting.id, introduction.ref)
        if not past:
            _tell(meeting, meeting.attendees, ARRANGED, REQUEST, but=actor)
    return meeting


def _just_arranged(actor: User, introduction: Introduction, plan: Mapping[str, Any]) -> Meeting | None:
    """What the first click of a double click has arranged."""
    now, starts_at = clock.now(), plan.get("starts_at")
    if starts_at is None or abs(starts_at - now) > FARTHEST:
        return None
    return session.scalars(select(Meeting).where(
        Meeting.introduction_id == introduction.id, Meeting.organiser_id == actor.id, Meeting.starts_at == starts_at,
        Meeting.state == MeetingState.ARRANGED, Meeting.subject == (plan.get("subject") or "").strip(),
        Meeting.created_at > now - DOUBLE_CLICK,
    )).first()


def change(
    actor: User, meeting: Meeting, *, version: int | None = None, anyway: bool = False, **plan: Any
) -> None:
    """Another hour, place, agenda, other people: their calendars change the entry they have."""
    _require_open(actor, meeting, version)
    if not meeting.introduction.is_open:
        raise Conflict(say("The case is closed."))
    given, people = _checked(actor, meeting.introduction, plan, past=False, anyway=anyway, meeting=meeting)
    moved = given["starts_at"] != meeting.starts_at
    with transaction():
        for name, value in given.items():
            setattr(meeting, name, value)
        _touch(meeting)
        wanted = {one.user.id: one for one in people}
        gone = [one for one in meeting.attendees if one.user_id not in wanted]
        if gone:
            _tell(meeting, gone, UNINVITED, CANCEL, but=actor)
        for one in gone:
            meeting.attendees.remove(one)
        there = {one.user_id for one in meeting.attendees}
        meeting.attendees.extend(
            Attendee(user=one.user, user_id=one.user.id, side=one.side) for one in people if one.user.id not in there
        )
        session.flush()
        _tell(meeting, meeting.attendees, MOVED if moved else CHANGED_DETAILS, REQUEST, but=actor)
        audit.record(actor.id, "meeting.changed", "meeting", meeting.id, meeting.introduction.ref)


def cancel(actor: User, meeting: Meeting, why: str, version: int | None = None) -> None:
    """It does not take place; calendars take it out again."""
    _require_open(actor, meeting, version)
    if not why:
        raise Invalid({"why": say("Say why, in a few words; everybody who was invited reads it.")})
    if len(why) > LONGEST["subject"]:
        raise Invalid({"why": too_long(LONGEST["subject"], why)})
    with transaction():
        meeting.state, meeting.why = MeetingState.CANCELLED, why
        meeting.closed_at, meeting.closed_by_id = clock.now(), actor.id
        _touch(meeting)
        session.flush()
        _tell(meeting, meeting.attendees, CANCELLED, CANCEL, but=actor)
        audit.record(actor.id, "meeting.cancelled", "meeting", meeting.id, meeting.introduction.ref)


def require_passed(meeting: Meeting) -> None:
    if meeting.starts_at > clock.now():
        raise Conflict(say("This meeting has not begun yet."))


def require_open(actor: User, meeting: Meeting, version: int | None = None) -> None:
    """Raises unless this person may still change it, and saw it as it is now."""
    _require_open(actor, meeting, version)


def too_long(longest: int, text: str) -> Phrase:
    return say("At most {max} characters; this has {given}.", max=longest, given=len(text))


ARRANGED = say("“{title}”: you are invited to “{subject}”, {when}, {where}.")
MOVED = say("“{title}”: “{subject}” has a new time, {when}, {where}.")
CHANGED_DETAILS = say("“{title}”: “{subject}”, {when}, has changed: {where}. Please look at it again.")
CANCELLED = say("“{title}”: the meeting {when} is cancelled: {why}")
BY_VIDEO = say("by video")
UNINVITED = say("“{title}”: you are no longer expected at the meeting {when}.")


def _tell(meeting: Meeting, attendees: Collection[Attendee], phrase: Phrase, method: str, *, but: User) -> None:
    """Tell those who are invited, each in their language, with the entry for their calendar."""
    introduction, path = meeting.introduction, f"{telling.path(meeting.introduction)}#meetings"
    about = {"when": when(meeting.starts_at, meeting.ends_at, meeting.zone), "subject": meeting.subject,
             "where": meeting.place or BY_VIDEO, "why": meeting.why or ""}
    only = attendees if method == CANCEL else None
    fact = f"meeting:{meeting.id}:{meeting.sequence}:{method}"
    for one in attendees:
        if one.user_id == but.id:
            continue
        listing = introduction.listing_of(one.side or Side.NEED)
        words = phrase.format(title=telling.title(listing), **about)
        calendar = invitation(meeting, one.user.language, address(telling.path(introduction)), method, only)
        messaging.notify([one.user_id], words, path, kind=messaging.Kind.MEETINGS, calendar=calendar, once=fact)
    for side in {one.side for one in attendees}:
        words = phrase.format(title=telling.title(introduction.listing_of(side or Side.NEED)), **about)
        telling.to_mailbox(introduction, side, words, fact, "#meetings")


def _touch(meeting: Meeting) -> None:
    meeting.sequence += 1
    meeting.changed_at = clock.now()


def _require_open(actor: User, meeting: Meeting, version: int | None) -> None:
    require(can_change_meeting(actor, meeting), say("Only those who take part, and the broker, change a meeting."))
    if meeting.state is not MeetingState.ARRANGED or (version is not None and version != meeting.version):
        raise Conflict(CHANGED)


def _checked(
    actor: User, introduction: Introduction, plan: Mapping[str, Any], *, past: bool, anyway: bool,
    meeting: Meeting | None,
) -> tuple[dict[str, Any], list[Candidate]]:
    """(the columns, who is invited) of what was entered; raises Invalid with a message for each field."""
    given: dict[str, Any] = {name: (plan.get(name) or "").strip() or None for name in LONGEST}
    given["starts_at"], given["minutes_long"] = plan.get("starts_at"), plan.get("minutes_long") or 60
    given["zone"] = plan.get("zone") or HOME
    faults: dict[str, str] = {
        name: too_long(longest, str(given[name])) for name, longest in LONGEST.items()
        if len(str(given[name] or "")) > longest
    }
    if given["subject"] is None:
        faults["subject"] = say("Give the meeting a subject.")
    if given["place"] is None and given["link"] is None and not past:
        faults["place"] = say("Give a place, or a link for a video meeting.")
    link = str(given["link"] or "")
    if link and not link.startswith(("https://", "http://")):
        faults["link"] = say("A link begins with https://.")
    elif any(character.isspace() for character in link):  # a line of its own in everybody's calendar
        faults["link"] = say("A link has no blanks in it. Give the link alone; the rest belongs to the agenda.")
    if given["zone"] not in ZONES:
        faults["zone"] = say("Choose one of the time zones.")
    if not SHORTEST_MEETING <= given["minutes_long"] <= LONGEST_MEETING:
        faults["minutes_long"] = say("A meeting lasts between 5 minutes and a day.")
    wrong_hour = _hour_fault(given["starts_at"], past)
    if wrong_hour:
        faults["starts_at"] = wrong_hour
    people = _invited(actor, introduction, plan.get("attendees") or [], meeting, faults)
    if not faults and not past and not anyway:
        busy = _busy(given["starts_at"], given["minutes_long"], [one.user.id for one in people], meeting)
        if busy:
            faults["starts_at"] = say(
                "At that time {names} already meets elsewhere. Choose another, or tick that it shall stand.",
                names=_listed(busy))
    if faults:
        raise Invalid(faults)
    return given, people


def _hour_fault(starts_at: datetime | None, past: bool) -> Phrase | None:
    now = clock.now()
    if starts_at is None:
        return say("Give day and time.")
    if past and starts_at > now:
        return say("This has not come yet; arrange it instead.")
    if not past and starts_at <= now:
        return say("This time has passed. What was said then, you record as minutes of a past meeting.")
    if not now - FARTHEST < starts_at < now + FARTHEST:
        return say("A meeting lies within two years of today.")
    return None


def _invited(
    actor: User, introduction: Introduction, ids: Iterable[int], meeting: Meeting | None, faults: dict[str, str]
) -> list[Candidate]:
    """Who comes; whoever arranges it does."""
    by_id = {one.user.id: one for one in candidates(actor, introduction)}
    if meeting is not None:  # the other side invited people whom this one only knows from the invitation
        for one in meeting.attendees:
            still = one.side is None or _belongs(one.user, introduction, one.side)
            if still and one.user.is_active:
                by_id.setdefault(one.user_id, Candidate(one.user, one.side))
    first = [actor.id] if meeting is None else [meeting.organiser_id]
    wanted = list(dict.fromkeys([*first, *ids]))
    if set(wanted) - set(by_id) - set(first):
        faults["attendees"] = say("Somebody you chose does not take part in this case any more. Choose again.")
    people = [by_id[one] for one in wanted if one in by_id]
    sides = {one.side for one in people if one.side is not None}
    if len(people) < 2:
        faults.setdefault("attendees", say("Choose who else comes."))
    elif not introduction.is_released and len(sides) > 1:
        faults.setdefault("attendees", say(
            "Until both sides have consented, the broker meets one side at a time."))
    return people


def _busy(starts_at: datetime, minutes_long: int, people: list[int], meeting: Meeting | None) -> list[Label]:
    """Who of them is invited to another meeting at that time."""
    ends_at = starts_at + timedelta(minutes=minutes_long)
    rows = session.execute(
        select(Meeting.starts_at, Meeting.minutes_long, User.name).join(Attendee, Attendee.meeting_id == Meeting.id)
        .join(User, User.id == Attendee.user_id)
        .where(
            Attendee.user_id.in_(people), Meeting.state == MeetingState.ARRANGED, Meeting.starts_at < ends_at,
            Meeting.starts_at > starts_at - timedelta(minutes=LONGEST_MEETING),
            Meeting.id != (meeting.id if meeting is not None else 0),
        ).order_by(User.name)
    ).all()
    names = [name for begins, long, name in rows if begins + timedelta(minutes=long) > starts_at]
    return [Label(name, name) for name in dict.fromkeys(names)]


def _listed(names: list[Label]) -> Label:
    return Label("、".join(one.zh for one in names), ", ".join(one.en for one in names))


def _belongs(user: User, introduction: Introduction, side: Side) -> bool:
    return side in member_sides(user, introduction)


def released_people(introduction: Introduction, side: Side) -> set[int]:
    """The people of this side whom the other side knows by now; nobody once a consent has been taken back."""
    if not introduction.is_released or conditions.stopped(introduction):
        return set()
    acted = {i.user_id for i in introduction.interests if i.side is side}
    acted |= {c.user_id for c in introduction.consents if c.side is side}
    contact = introduction.listing_of(side).contact_id
    return acted | ({contact} if contact is not None else set())
