"""Talks of two at an edition: who wishes to meet whom, when they can, what must be, and what the worker makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events import attending
from marketplace.events.models import HAS_PLACE, Edition, Registration
from marketplace.events.permissions import can_see_people
from marketplace.messaging import service as messaging
from marketplace.phrases import Phrase, say
from marketplace.seating import gathering, meeting_slots
from marketplace.seating.meeting_slots import Day, Person, Unmet
from marketplace.seating.models import Talk, TalkDay, TalkGuest, TalkWish, TalkWishKind
from marketplace.seating.permissions import can_seat
from marketplace.seating.problem import Pair
from marketplace.seating.reading import fits_known_to
from marketplace.seating.worth import apart

TOPIC = "talks.asked"
SECONDS = 6.0


@dataclass(frozen=True)
class Mine:
    """What one person's page of talks shows."""

    registration: Registration
    day: TalkDay | None
    talks: Sequence[Talk]
    """Theirs, once published."""
    others: Sequence[Registration]
    """Whom they may ask to meet; who fits best comes first."""
    asks: frozenset[int]
    refuses: frozenset[int]
    cannot: frozenset[int]
    most: int | None

    def with_whom(self, talk: Talk) -> Registration:
        return talk.other if talk.one_id == self.registration.id else talk.one


def day_of(edition: Edition) -> TalkDay | None:
    return session.get(TalkDay, edition.id)


def talks_of(actor: User, edition: Edition) -> Sequence[Talk]:
    """All, in their order, for those who run the event."""
    require(can_seat(actor))
    return _talks(edition)


def arrange(actor: User, edition: Edition, *, after: int, slots: int, minutes: int, places: int, suggests: bool
            ) -> None:
    """Set the times and have all talks arranged anew; those that have begun stay."""
    require(can_seat(actor))
    with transaction():
        attending.lock(edition)
        day = day_of(edition) or TalkDay(edition_id=edition.id)
        begun = [talk for talk in _talks(edition) if day.begins(talk.slot) <= clock.now()]
        if begun and (minutes != day.minutes or after != day.after):
            raise Conflict(say("Talks have begun; their times cannot be changed any more."))
        for talk in begun:
            slots, places = max(slots, talk.slot + 1), max(places, talk.place + 1)
        day.after, day.slots, day.minutes, day.places, day.suggests = after, slots, minutes, places, suggests
        day.is_busy, day.turn = True, (day.turn or 0) + 1
        session.add(day)
        audit.record(actor.id, "talks.asked", "event", edition.id)
        outbox.publish(TOPIC, edition.id)


def must_meet(actor: User, edition: Edition, one_id: int, other_id: int) -> None:
    """Those who run the event want these two to meet; nobody is made to meet whom they refused."""
    require(can_seat(actor))
    with transaction():
        attending.lock(edition)
        one, other = _guest(edition, one_id, "one"), _guest(edition, other_id, "other")
        if one.id == other.id:
            raise Invalid({"other": say("Choose two different people.")})
        found = _between(one.id, other.id)
        if any(wish.kind is TalkWishKind.REFUSES for wish in found) or _kept_apart(edition, one, other):
            raise Invalid({"other": say(
                "{one} and {other} cannot be brought together: they are of one organisation, or one of them does not "
                "wish it.", one=one.user.name, other=other.user.name)})
        wish = next((wish for wish in found if wish.one_id == one.id), None)
        if wish is None:
            wish = TalkWish(edition_id=edition.id, one_id=one.id, other_id=other.id)
            session.add(wish)
        wish.kind = TalkWishKind.MUST
        audit.record(actor.id, "talks.must", "event", edition.id, registration=one.id)


def publish(actor: User, edition: Edition) -> None:
    """Let everybody see their own talks, and tell those who have some. Twice changes nothing."""
    require(can_seat(actor))
    with transaction():
        attending.lock(edition)
        day, talks = day_of(edition), _talks(edition)
        if day is None or not talks:
            raise Conflict(say("No talks are arranged yet."))
        if day.is_busy:
            raise Conflict(say("The talks are being arranged. Wait until that is done."))
        if day.published_at is not None:
            return
        day.published_at = clock.now()
        audit.record(actor.id, "talks.published", "event", edition.id)
        if not edition.is_past:
            people = {user for talk in talks for user in (talk.one.user_id, talk.other.user_id)}
            messaging.notify(people, say("Your talks at {event}: see whom you meet, and when.", event=edition),
                             f"{edition.url}/talks/mine", kind=messaging.Kind.EVENTS)


def wish(actor: User, edition: Edition, *, asks: Collection[int], refuses: Collection[int], cannot: Collection[int],
         most: int | None) -> None:
    """Whom one would like to meet and whom not, when one cannot, and how many talks one takes. Said again, it is
    changed."""
    with transaction():
        attending.lock(edition)
        theirs, day = _require_place(actor, edition), day_of(edition)
        if day is None:
            raise Conflict(say("No talks are planned at this event."))
        _check(actor, edition, theirs, asks, refuses)
        kinds = dict.fromkeys(asks, TalkWishKind.ASKS) | dict.fromkeys(refuses, TalkWishKind.REFUSES)
        for known in session.scalars(select(TalkWish).where(TalkWish.one_id == theirs.id)):
            said = kinds.pop(known.other_id, None)
            if known.kind is TalkWishKind.MUST and said is not TalkWishKind.REFUSES:
                continue
            if said is None:
                session.delete(known)
            else:
                known.kind = said
        session.add_all(TalkWish(edition_id=edition.id, one_id=theirs.id, other_id=other, kind=kind)
                        for other, kind in kinds.items())
        guest = session.get(TalkGuest, theirs.id) or TalkGuest(registration_id=theirs.id, edition_id=edition.id)
        guest.cannot, guest.most = sorted(slot for slot in set(cannot) if 0 <= slot < day.slots), most
        session.add(guest)
        audit.record(actor.id, "talks.wished", "event", edition.id)


def mine(actor: User, edition: Edition) -> Mine:
    theirs, day = _require_place(actor, edition), day_of(edition)
    kinds = defaultdict(set)
    for known in session.scalars(select(TalkWish).where(TalkWish.one_id == theirs.id)):
        kinds[known.kind].add(known.other_id)
    guest = session.get(TalkGuest, theirs.id)
    talks = [talk for talk in _talks(edition) if theirs.id in (talk.one_id, talk.other_id)]
    return Mine(
        theirs, day, talks if day and day.published_at else [], _others(actor, edition, theirs) if day else [],
        frozenset(kinds[TalkWishKind.ASKS]), frozenset(kinds[TalkWishKind.REFUSES]),
        frozenset(guest.cannot if guest else ()), guest.most if guest else None,
    )


def require_known(found: Mine, given: Mapping[str, Any]) -> None:
    """Of a program's wishes: names back what nobody there, and no time, is called. A page offers only what there is."""
    if found.day is None:
        return
    people, times = {one.id for one in found.others}, range(found.day.slots)
    problems: dict[str, Phrase] = {}
    for name in ("asks", "refuses"):
        if strange := [number for number in given[name] if number not in people]:
            problems[name] = say("Nobody you may ask to meet has the number {number}; “{list}” has those you may.",
                                 number=strange[0], list="others")
    if strange := [number for number in given["cannot"] if number not in times]:
        problems["cannot"] = say("There is no time {number}; they are numbered from 0 to {last}.", number=strange[0],
                                 last=times[-1])
    if problems:
        raise Invalid(problems)


def require_people(edition: Edition, given: Mapping[str, int]) -> None:
    """`require_known`, of two who must meet."""
    people = {one.id for one in attending.placed(edition)}
    problems = {name: say("Nobody with a place has the number {number}; “{list}” has those who have one.",
                          number=number, list="people") for name, number in given.items() if number not in people}
    if problems:
        raise Invalid(problems)


def unmet(actor: User, edition: Edition) -> list[tuple[Registration, Registration, Unmet]]:
    """What people asked for and did not get, for those who run the event: what must be first."""
    require(can_seat(actor))
    day = day_of(edition)
    if day is None:
        return []
    people, wishes = attending.placed(edition), _day(day, attending.placed(edition), {})
    by_id = {one.id: one for one in people}
    left = meeting_slots.unmet(wishes, [(talk.one_id, talk.other_id) for talk in _talks(edition)])
    return [(by_id[one.one], by_id[one.other], one) for one in left if one.other in by_id]


def advance(ids: list[int]) -> None:
    """Handler of `talks.asked`: arrange them, unless they were asked for anew meanwhile."""
    for number in ids:
        day = session.get(TalkDay, number, populate_existing=True)
        if day is None or not day.is_busy:
            continue
        turn, edition = day.turn, day.edition
        people = attending.placed(edition)
        pairs = gathering.pairs_of(edition, [one.id for one in people])
        if not pairs and gathering.score(edition, people):
            pairs = gathering.pairs_of(edition, [one.id for one in people])
        problem = _day(day, people, pairs)
        session.rollback()  # nothing is held open while we think
        _write(number, turn, meeting_slots.arrange(problem, SECONDS))


def _write(number: int, turn: int, found: meeting_slots.Schedule) -> None:
    with transaction():
        edition = session.get_one(Edition, number)
        attending.lock(edition)
        day = session.get(TalkDay, number, populate_existing=True)
        if day is None or not day.is_busy or day.turn != turn:
            return
        session.execute(delete(Talk).where(Talk.edition_id == number))
        session.add_all(Talk(edition_id=number, slot=talk.slot, place=talk.place, one_id=talk.pair[0],
                             other_id=talk.pair[1]) for talk in found.talks)
        day.is_busy, day.value, day.bound, day.published_at = False, found.value, found.bound, None


def _day(day: TalkDay, people: Sequence[Registration], pairs: dict[tuple[int, int], Pair]) -> Day:
    """The day as numbers; who has left has no more time, and talks that have begun stand."""
    said: dict[tuple[TalkWishKind, int], set[int]] = defaultdict(set)
    for wished in session.scalars(select(TalkWish).where(TalkWish.edition_id == day.edition_id)):
        said[wished.kind, wished.one_id].add(wished.other_id)
    guests = {guest.registration_id: guest for guest in session.scalars(
        select(TalkGuest).where(TalkGuest.edition_id == day.edition_id))}
    most = {one: guest.most for one, guest in guests.items() if guest.most is not None}
    for one in gathering.guests_of(day.edition, people):
        said[TalkWishKind.REFUSES, one.key] |= {other.id for other in people if other.organisation_id in one.avoids}
    here = {one.id for one in people}
    begun = [talk for talk in _talks(day.edition) if day.begins(talk.slot) <= clock.now()]
    ahead = {slot for slot in range(day.slots) if day.begins(slot) > clock.now()} or set(range(day.slots))
    return Day([
        Person(
            one.id, one.organisation_id,
            frozenset() if one.left_at else frozenset(ahead - set(guests[one.id].cannot if one.id in guests else ())),
            frozenset(said[TalkWishKind.ASKS, one.id]), frozenset(said[TalkWishKind.MUST, one.id]),
            frozenset(said[TalkWishKind.REFUSES, one.id]),
            most.get(one.id, day.slots),
        ) for one in people
    ], day.places, pairs, [
        meeting_slots.Talk(talk.slot, talk.place, talk.one_id, talk.other_id) for talk in begun
        if {talk.one_id, talk.other_id} <= here
    ], day.suggests)


def _talks(edition: Edition) -> Sequence[Talk]:
    return session.scalars(
        select(Talk).where(Talk.edition_id == edition.id).order_by(Talk.slot, Talk.place)).all()


def _require_place(actor: User, edition: Edition) -> Registration:
    theirs = attending.of(actor, edition)
    if theirs is None or theirs.state not in HAS_PLACE:
        raise NotFound
    return theirs


def _others(actor: User, edition: Edition, theirs: Registration) -> list[Registration]:
    if not can_see_people(actor):
        return []
    fits = {number: because.score for number, because in fits_known_to(actor, edition, theirs.id).items()}
    found = [one for one in attending.placed(edition) if one.id != theirs.id and not (
        one.organisation_id is not None and one.organisation_id == theirs.organisation_id)]
    return sorted(found, key=lambda one: (-fits.get(one.id, 0.0), one.user.name, one.id))


def _check(actor: User, edition: Edition, theirs: Registration, asks: Iterable[int], refuses: Iterable[int]) -> None:
    """Everybody named comes, and nobody is both asked for and refused."""
    names = {one.id: one.user.name for one in _others(actor, edition, theirs)}
    problems: dict[str, Phrase] = {}
    for field, chosen in (("asks", asks), ("refuses", refuses)):
        if not names.keys() >= set(chosen):
            problems[field] = say("Somebody you chose does not come any more. Choose again.")
    both = sorted(set(asks) & set(refuses) & names.keys())
    if both:
        problems["refuses"] = say("{person} is in both lists. Keep one.", person=names[both[0]])
    if problems:
        raise Invalid(problems)


def _guest(edition: Edition, number: int, field: str) -> Registration:
    found = session.get(Registration, number)
    if found is None or found.edition_id != edition.id or found.state not in HAS_PLACE:
        raise Invalid({field: say("Somebody you chose does not come any more. Choose again.")})
    return found


def _between(one: int, other: int) -> Sequence[TalkWish]:
    return session.scalars(select(TalkWish).where(or_(
        (TalkWish.one_id == one) & (TalkWish.other_id == other),
        (TalkWish.one_id == other) & (TalkWish.other_id == one)))).all()


def _kept_apart(edition: Edition, one: Registration, other: Registration) -> bool:
    first, second = gathering.guests_of(edition, [one, other])
    return apart(first, second)
