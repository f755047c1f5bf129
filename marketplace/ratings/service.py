"""What people who sat at one table say of their talk. With its parts (thanks, following, minutes) the only writer of
this room's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from itsdangerous import BadData
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload

from marketplace import audit, clock, outbox
from marketplace.accounts import links
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.events import attending
from marketplace.events.models import Edition, Registration
from marketplace.events.permissions import Reader
from marketplace.phrases import say
from marketplace.ratings import talks
from marketplace.ratings.models import Later, Mutual, Rating, Verdict
from marketplace.ratings.permissions import can_rate
from marketplace.ratings.talks import Talk

LINK_LIVES = timedelta(days=60)
LONGEST_NOTE = 1_000
MONTHS = 6
"""After so many, people are asked again."""
HELD = (Verdict.INFORMATIVE, Verdict.POSSIBLE)
_PURPOSE = "rating"


@dataclass(frozen=True)
class Said:
    """What somebody enters about one talk."""

    verdict: Verdict
    note: str | None = None


@dataclass(frozen=True)
class Asked:
    """One talk as its page shows it."""

    talk: Talk
    other: Registration
    rating: Rating | None
    mutual: Mutual | None
    """That both see a cooperation."""
    words: str | None
    """What the other wrote, while both see a cooperation."""


def mine(actor: Reader, edition: Edition) -> Registration:
    """The place of whoever may rate here; NotFound for others."""
    registration = attending.of(actor, edition)
    if registration is None or not can_rate(registration):
        raise NotFound
    return registration


def token(registration: Registration) -> str:
    return str(links.signer(_PURPOSE).dumps(registration.id))


def bearer(token: str) -> Registration:
    """Whom a link in a mail acts for; NotFound when it is forged or too old, or its person has gone."""
    try:
        number = links.signer(_PURPOSE).loads(token, max_age=int(LINK_LIVES.total_seconds()))
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    registration = session.get(Registration, number) if isinstance(number, int) else None
    if registration is None or not registration.user.is_active or not can_rate(registration):
        raise NotFound
    return registration


def edition_of(registration: Registration) -> Edition:
    return session.get_one(Edition, registration.edition_id)


def asked(registration: Registration, edition: Edition) -> list[Asked]:
    """Every talk this person may say something of, with what they have said; nothing before the event."""
    if not edition.has_begun:
        return []
    theirs = talks.of_person(registration, edition)
    others = talks.people_of([talk.other_of(registration.id) for talk in theirs])
    given = {row.about_id: row for row in _ratings(Rating.by_id == registration.id)}
    received = {row.by_id: row for row in _ratings(Rating.about_id == registration.id)}
    agreed = _agreed(registration)
    found = []
    for talk in theirs:
        other = talk.other_of(registration.id)
        mutual, back = agreed.get(other), received.get(other)
        both = back is not None and mutual is not None and back.is_hopeful and given[other].is_hopeful
        words = back.note if back is not None and both else None
        found.append(Asked(talk, others[other], given.get(other), mutual, words))
    return found


def asked_again(registration: Registration, edition: Edition) -> list[Asked]:
    """The talks of which somebody is asked once more, half a year on: those that they said took place."""
    if not _is_half_a_year_on(edition):
        return []
    return [one for one in asked(registration, edition) if one.rating and is_asked_again(one.rating, edition)]


def is_asked_again(rating: Rating, edition: Edition) -> bool:
    """`asked_again`, of a talk of which this was said."""
    return rating.verdict in HELD and _is_half_a_year_on(edition)


def about(registration: Registration, edition: Edition, other: int) -> Asked:
    """The talk with one other, by the number of their registration; NotFound where there was none."""
    found = next((one for one in asked(registration, edition) if one.other.id == other), None)
    if found is None:
        raise NotFound
    return found


def rate_one(registration: Registration, edition: Edition, other: int, said: Said) -> Asked:
    """`rate`, of one talk."""
    if edition.has_begun:
        about(registration, edition, other)
    rate(registration, edition, {other: said})
    return about(registration, edition, other)


def rate_one_again(registration: Registration, edition: Edition, other: int, word: Later) -> Asked:
    """`rate_again`, of one talk; refused where nobody asks this yet."""
    said = about(registration, edition, other).rating if _is_half_a_year_on(edition) else None
    if said is None or not is_asked_again(said, edition):
        raise Conflict(say("This is asked half a year after the event, of talks that you said took place."))
    rate_again(registration, edition, {other: word})
    return about(registration, edition, other)


def rate(registration: Registration, edition: Edition, given: Mapping[int, Said]) -> int:
    """Keep what this person says of talks, by the number of the other's registration; saying it again puts the new
    answer in the place of the old. How many have changed."""
    if not edition.has_begun:
        raise Conflict(say("The event has not begun; there is nothing to rate yet."))
    by_other = {talk.other_of(registration.id): talk for talk in talks.of_person(registration, edition)}
    _require_tablemates(given, by_other)
    too_long = [number for number, said in given.items() if len(said.note or "") > LONGEST_NOTE]
    if too_long:
        raise Invalid({f"note-{too_long[0]}": say("At most {max} characters; this has {given}.", max=LONGEST_NOTE,
                                                  given=len(given[too_long[0]].note or ""))})
    with transaction():
        attending.lock(edition)  # of two who rate each other at one moment, the second sees what the first said
        before = {row.about_id: row for row in _ratings(Rating.by_id == registration.id)}
        kept = {number: Said(row.verdict, row.note) for number, row in before.items()}
        changed = [number for number, said in given.items() if kept.get(number) != said]
        for number in changed:
            talk, said = by_other[number], given[number]
            row = before.get(number) or _begun(registration, edition, talk)
            row.verdict, row.note, row.given_at = said.verdict, said.note, clock.now()
            session.add(row)
        session.flush()
        if changed:
            audit.record(registration.user_id, "rating.given", "event", edition.id, count=len(changed))
            _note_mutual(registration, edition, changed)
    return len(changed)


def rate_again(registration: Registration, edition: Edition, given: Mapping[int, Later]) -> int:
    """What became of talks, half a year on. How many answers have changed."""
    rows = {one.other.id: one.rating for one in asked_again(registration, edition) if one.rating is not None}
    _require_tablemates(given, rows)
    with transaction():
        attending.lock(edition)
        changed = [number for number, word in given.items() if rows[number].later is not word]
        for number in changed:
            rows[number].later, rows[number].later_at = given[number], clock.now()
        session.flush()
        if changed:
            audit.record(registration.user_id, "rating.given_again", "event", edition.id, count=len(changed))
            _note_mutual(registration, edition, changed)
    return len(changed)


def mutual(ids: Sequence[int]) -> Sequence[Mutual]:
    """These agreements of two people, with all that it takes to introduce them."""
    this = select(Mutual).where(Mutual.id.in_(ids)).order_by(Mutual.id)
    return session.scalars(this.options(joinedload(Mutual.edition), joinedload(Mutual.one), joinedload(Mutual.other))
                           .execution_options(populate_existing=True)).unique().all()


def ratings_of(mutual: Mutual) -> dict[int, Rating]:
    """What the two said of each other, by the number of the registration that said it."""
    rows = _ratings(or_(
        (Rating.by_id == mutual.one_id) & (Rating.about_id == mutual.other_id),
        (Rating.by_id == mutual.other_id) & (Rating.about_id == mutual.one_id),
    ))
    return {row.by_id: row for row in rows}


def stands(mutual: Mutual) -> bool:
    """Do both still see a cooperation, by what they said last?"""
    return all(one.is_hopeful for one in ratings_of(mutual).values())


def note_introduction(mutual: Mutual, ref: str) -> None:
    """What came of it stands in the room above; only its reference is kept here."""
    with transaction():
        mutual.introduction_ref = ref


def _note_mutual(registration: Registration, edition: Edition, others: Iterable[int]) -> None:
    """Where both see a cooperation now, remember it once, and tell."""
    mine_now = {row.about_id: row for row in _ratings(Rating.by_id == registration.id)}
    theirs = {row.by_id: row for row in _ratings(Rating.about_id == registration.id)}
    known = _agreed(registration)
    for number in sorted(set(others) - set(known)):
        here, there = mine_now[number], theirs.get(number)
        if there is None or not (here.is_hopeful and there.is_hopeful):
            continue
        soon = here.verdict is there.verdict is Verdict.POSSIBLE
        agreed = Mutual(edition_id=edition.id, one_id=min(registration.id, number), at=clock.now(),
                        other_id=max(registration.id, number), effective_at=_when(here, there, soon))
        session.add(agreed)
        session.flush()
        outbox.publish("rating.mutual", agreed.id)


def _when(here: Rating, there: Rating, soon: bool) -> datetime:
    return min(here.met_at, there.met_at) if soon else clock.now()


def _agreed(registration: Registration) -> dict[int, Mutual]:
    """By the other's registration, the agreements of this one that are on record."""
    this = registration.id
    rows = session.scalars(select(Mutual).where(or_(Mutual.one_id == this, Mutual.other_id == this)))
    return {row.other_id if row.one_id == this else row.one_id: row for row in rows}


def _begun(registration: Registration, edition: Edition, talk: Talk) -> Rating:
    return Rating(
        edition_id=edition.id, by_id=registration.id, about_id=talk.other_of(registration.id),
        user_id=registration.user_id, table_number=talk.table_number, met_at=talk.met_at,
    )


def _require_tablemates(given: Mapping[int, object], known: Mapping[int, object]) -> None:
    strangers = sorted(set(given) - set(known))
    if strangers:
        raise Invalid({"": say("You did not sit at one table with everybody you rated. Load the page again.")})


def _ratings(*which: ColumnElement[bool]) -> list[Rating]:
    """As they are now, whatever a page read of them before it waited for its turn."""
    return list(session.scalars(select(Rating).where(*which).execution_options(populate_existing=True)))


def _is_half_a_year_on(edition: Edition) -> bool:
    return clock.later(_day(edition.ends_at), MONTHS) <= clock.today()


def _day(moment: datetime) -> date:
    return moment.astimezone(clock.PLACE).date()
