"""Two people who sat at one table both see a cooperation: their introduction is opened, or moves on.

What they said at the table is interest of both sides, effective when they sat there. It is no consent and no contract:
names are released, and everything after that is agreed, as in any other case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.events.models import Registration
from marketplace.introductions.making import begin, last_effective, make
from marketplace.introductions.models import Introduction, Origin, Owes, Side, Stage, Status
from marketplace.introductions.moves import BEGINNINGS, Move, rows
from marketplace.introductions.records import Making
from marketplace.introductions.telling import path
from marketplace.introductions.ways import open_pair
from marketplace.listings.models import OPEN_FOR_INTEREST, Kind, Listing
from marketplace.matching import service as matching
from marketplace.messaging import service as messaging
from marketplace.organisations.permissions import editable_ids
from marketplace.phrases import Phrase, day_of, in_language, say
from marketplace.ratings import service as ratings
from marketplace.ratings.models import Mutual, Rating
from marketplace.seating.models import SeatingFit

SUGGEST, EXPRESS = BEGINNINGS
LOOKED_AT = 20
"""Open listings of one organisation that are compared."""
NEXT_TALK = timedelta(days=14)
SOUGHT = say("We sat at one table at {event} and both see a cooperation.")
UNCLEAR = say("Not written down at the table; to be asked in the next talk.")
ABOUT = say("{person}, {organisation}; at {event} on {day}.")
SAID = say("At one table at {event}; both said afterwards that a cooperation is possible.")
AGREE = say("Agree on the next talk")


@dataclass(frozen=True)
class Voice:
    """What one of the two brings: their side, their words, and whether they may speak for their organisation."""

    person: User
    registration: Registration
    side: Side
    note: str | None
    acts: bool


def open_or_advance(ids: list[int]) -> None:
    """Handler of rating.mutual; what has its introduction, or one of the two has taken back, is left alone."""
    for mutual in ratings.mutual(ids):
        if mutual.introduction_ref is None and ratings.stands(mutual):
            with transaction():
                _follow(mutual)


def _follow(mutual: Mutual) -> None:
    pair = _pair(mutual)
    if pair is None:
        return _ask_for_listings(mutual)
    need, result = pair
    voices = list(_voices(mutual, need))
    introduction = open_pair(need, result)
    if introduction is None:
        introduction = _open(mutual, need, result, voices)
    _advance(mutual, introduction, voices)
    ratings.note_introduction(mutual, introduction.ref)
    for voice in voices:
        _tell(mutual, voice.registration, path(introduction), say(
            "You and {name} both see a cooperation after {event}. Case {ref} follows it.",
            name=_other(mutual, voice.registration).user.name, event=mutual.edition, ref=introduction.ref))
    return None


def _open(mutual: Mutual, need: Listing, result: Listing, voices: Sequence[Voice]) -> Introduction:
    """As an interest of whoever may speak for their organisation; else as a suggestion of ours."""
    first = next((voice for voice in voices if voice.acts), None)
    move = SUGGEST if first is None else EXPRESS
    return begin(
        move, need, result, actor=first.person if first else None, side=first.side if first else None,
        origin=Origin.EVENT, origin_ref=mutual.edition.ref, given=_answers(mutual, first) if first else {},
        at=mutual.effective_at,
    )


def _advance(mutual: Mutual, introduction: Introduction, voices: Sequence[Voice]) -> None:
    """Each side's interest where it is missing; a first meeting where both are introduced already."""
    for voice in voices:
        if not voice.acts:
            continue
        if introduction.stage <= Stage.QUALIFIED:
            _move(mutual, introduction, voice, "express_interest", _answers(mutual, voice))
        elif introduction.stage is Stage.INTRODUCED and introduction.status is Status.ACTIVE:
            _move(mutual, introduction, voice, "meet", _meeting(mutual, introduction))


def _move(mutual: Mutual, introduction: Introduction, voice: Voice, name: str, given: dict[str, object]) -> None:
    """Where the table of moves has it from here and lets this side make it."""
    row = next((one for one in rows(name) if _leads(one, introduction, voice.side)), None)
    if row is None:
        return
    at = max(mutual.effective_at, last_effective(introduction))
    making = Making(introduction, voice.person, voice.side, given, at, counted_from=clock.now())
    make(making, row, row.targets(introduction.stage)[0])


def _leads(row: Move, introduction: Introduction, side: Side) -> bool:
    from_here = row.leads_from(introduction.stage, introduction.status)
    return from_here and all(condition.holds(introduction, side) for condition in row.conditions)


def _answers(mutual: Mutual, voice: Voice) -> dict[str, object]:
    """The three answers of an interest, from what was entered at the table, in the language of whoever entered it."""
    language, event = voice.person.language, mutual.edition
    who = voice.registration.organisation
    about = ABOUT.format(person=voice.person.name, organisation=who or "", event=event, day=_day(event.starts_at))
    return {
        "cooperation_sought": voice.note or in_language(SOUGHT.format(event=event), language),
        "unclear": in_language(UNCLEAR, language), "about_us": in_language(about, language),
    }


def _meeting(mutual: Mutual, introduction: Introduction) -> dict[str, object]:
    language = introduction.need.language
    words = [one.note for one in ratings.ratings_of(mutual).values() if one.note]
    text = "\n".join([in_language(SAID.format(event=mutual.edition), language), *words])
    held_on = mutual.edition.starts_at.astimezone(clock.PLACE).date()
    return {
        "held_on": held_on, "text": text, "next_action": in_language(AGREE, language), "owner": Owes.BOTH.value,
        "due_on": clock.today() + NEXT_TALK,
    }


def _pair(mutual: Mutual) -> tuple[Listing, Listing] | None:
    """(need, result): what is being introduced already, else what the seating named, else the best fit of all that
    the two organisations have open to each other."""
    open_to = _open_listings(mutual)
    possible = [(need, result) for need in open_to if need.kind is Kind.NEED
                for result in open_to if result.kind is Kind.RESULT and matching.may_meet(need, result)]
    if not possible:
        return None
    known = _introduced(possible)
    if known is not None:
        return known
    fit = session.get(SeatingFit, (mutual.edition_id, mutual.one_id, mutual.other_id))
    for need, result in possible:
        if fit is not None and (need.id, result.id) == (fit.need_id, fit.result_id):
            return need, result
    scores = {need.id: matching.explained(None, need, [r for n, r in possible if n is need])
              for need in {need.id: need for need, _ in possible}.values()}
    return max(possible, key=lambda pair: scores[pair[0].id][pair[1].id].score)


def _open_listings(mutual: Mutual) -> list[Listing]:
    found: list[Listing] = []
    for organisation_id in {mutual.one.organisation_id, mutual.other.organisation_id}:
        this = select(Listing).where(Listing.organisation_id == organisation_id,
                                     Listing.state.in_(sorted(OPEN_FOR_INTEREST)))
        found += session.scalars(this.order_by(Listing.changed_at.desc(), Listing.id.desc()).limit(LOOKED_AT))
    return [one for one in found if one.organisation.is_verified]


def _introduced(pairs: Sequence[tuple[Listing, Listing]]) -> tuple[Listing, Listing] | None:
    """Of these pairs the one whose open introduction has come furthest."""
    by_number = {(need.id, result.id): (need, result) for need, result in pairs}
    this = select(Introduction.need_id, Introduction.result_id).where(
        Introduction.need_id.in_({need for need, _ in by_number}), Introduction.status != Status.CLOSED,
        Introduction.result_id.in_({result for _, result in by_number}))
    for row in session.execute(this.order_by(Introduction.stage.desc(), Introduction.id)):
        if (row.need_id, row.result_id) in by_number:
            return by_number[row.need_id, row.result_id]
    return None


def _voices(mutual: Mutual, need: Listing) -> Iterator[Voice]:
    said = ratings.ratings_of(mutual)
    for registration in (mutual.one, mutual.other):
        person = registration.user
        side = Side.NEED if registration.organisation_id == need.organisation_id else Side.RESULT
        rating: Rating | None = said.get(registration.id)
        acts = person.is_active and registration.organisation_id in editable_ids(person)
        yield Voice(person, registration, side, rating.note if rating else None, acts)


def _ask_for_listings(mutual: Mutual) -> None:
    """There is nothing to introduce: each is told what would help. Whoever was told is not told again."""
    for registration in (mutual.one, mutual.other):
        _tell(mutual, registration, "/listings/new", say(
            "You and {name} both see a cooperation after {event}. Enter the need or the result it is about; a broker "
            "then takes it up.", name=_other(mutual, registration).user.name, event=mutual.edition))


def _tell(mutual: Mutual, registration: Registration, url: str, phrase: Phrase) -> None:
    once = f"mutual:{mutual.id}:{'listing' if url == '/listings/new' else 'case'}"
    messaging.notify([registration.user_id], phrase, url, kind=messaging.Kind.MATCHES, once=once)


def _other(mutual: Mutual, registration: Registration) -> Registration:
    return mutual.other if registration is mutual.one else mutual.one


def _day(moment: datetime) -> object:
    return day_of(moment.astimezone(clock.PLACE).date())
