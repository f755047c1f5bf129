"""Who hears of a move: those who owe the next step first, then the other people of the case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions import vocabulary as words
from marketplace.introductions.due import sides_of
from marketplace.introductions.models import CloseReason, Introduction, Owes, Side, Stage, Status
from marketplace.introductions.moves import Move
from marketplace.listings.models import Listing
from marketplace.listings.tiers import veil
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Membership, Role
from marketplace.phrases import Label, Phrase, say


def tell(introduction: Introduction, move: Move, actor: User | None) -> None:
    """Notices about the move that was just made; the mover gets none. Of what the system suggests nobody hears."""
    if _is_a_guess(introduction):
        return
    told = {actor.id} if actor is not None else set()
    if introduction.status is Status.ACTIVE:
        for listing, people in _who_owes(introduction):
            _notify(introduction, people - told, _your_turn(introduction, listing))
            told |= people
    for side in Side:
        people = people_of(introduction, side) - told
        _notify(introduction, people, _news(introduction, move, introduction.listing_of(side)))
        told |= people
    if introduction.broker_id is not None:
        _notify(introduction, {introduction.broker_id} - told, _news(introduction, move, introduction.need))


def remind(introduction: Introduction, to_broker: bool) -> None:
    """The step is overdue: to those who owe it, and to the broker, who may help or close."""
    assert introduction.due_at is not None
    if _is_a_guess(introduction):
        return
    occasion = f"introduction:{introduction.id}:{introduction.version}:{introduction.reminders}"
    if not to_broker:
        for listing, people in _who_owes(introduction):
            phrase = say("“{title}”: the next step was due on {day} and is still yours.",
                         title=title(listing), day=day(introduction.due_at))
            messaging.notify(people, phrase, path(introduction), once=occasion)
    brokers = brokers_of(introduction)
    if to_broker or introduction.owed_by is not Owes.BROKER:
        phrase = say("“{title}”: the next step has been overdue since {day} ({who}). Please review the case.",
                     title=title(introduction.need), who=words.OWES[introduction.owed_by], day=day(introduction.due_at))
        messaging.notify(brokers, phrase, path(introduction), once=f"{occasion}:broker")


def people_of(introduction: Introduction, side: Side) -> set[int]:
    """The people who may move for this side."""
    return set(session.scalars(select(Membership.user_id).where(
        Membership.organisation_id == introduction.listing_of(side).organisation_id,
        Membership.role.in_([Role.ADMIN, Role.EDITOR]),
    )))


def brokers_of(introduction: Introduction) -> set[int]:
    """Its broker; while it has none, every broker who may take it."""
    if introduction.broker_id is not None:
        return {introduction.broker_id}
    sides = {introduction.need.organisation_id, introduction.result.organisation_id}
    concerned = select(Membership.user_id).where(Membership.organisation_id.in_(sides))
    free = select(User.id).where(User.is_broker, User.disabled_at.is_(None), User.id.not_in(concerned))
    return set(session.scalars(free))


def path(introduction: Introduction) -> str:
    return f"/introductions/{introduction.ref}"


def title(listing: Listing) -> Label:
    """The listing's title in both languages, without what an anonymous one must not tell."""
    by_language = {t.language: t.title for t in listing.translations}
    zh, en = (by_language.get(language) or listing.title for language in ("zh", "en"))
    if listing.language in ("zh", "en"):
        zh, en = (listing.title, en) if listing.language == "zh" else (zh, listing.title)
    if listing.anonymous:
        zh, en = veil(zh, listing.organisation), veil(en, listing.organisation)
    return Label(zh=zh, en=en)


def day(moment: datetime) -> Label:
    """The last day on which something that falls due at this moment is still in time."""
    here = (moment - timedelta(seconds=1)).astimezone(clock.PLACE)
    return Label(zh=f"{here.year}年{here.month}月{here.day}日", en=f"{here.day} {here:%b} {here.year}")


def _is_a_guess(introduction: Introduction) -> bool:
    """Suggested by the system, and nobody has taken it up: see suggesting.py."""
    return introduction.created_by_id is None and introduction.stage is Stage.SUGGESTED


def _who_owes(introduction: Introduction) -> list[tuple[Listing, set[int]]]:
    """(the listing they know it by, the people), for everybody who owes the next step."""
    owed_by = introduction.owed_by
    if owed_by is Owes.BROKER:
        return [(introduction.need, brokers_of(introduction))]
    return [(introduction.listing_of(side), people_of(introduction, side)) for side in sides_of(owed_by)]


def _your_turn(introduction: Introduction, listing: Listing) -> Phrase:
    assert introduction.due_at is not None
    return say("“{title}”, stage {stage}: the next step is yours, by {day}.", title=title(listing),
               stage=words.STAGES[introduction.stage].name, day=day(introduction.due_at))


def _news(introduction: Introduction, move: Move, listing: Listing) -> Phrase:
    if introduction.status is not Status.CLOSED:
        return say("“{title}”, stage {stage}: {move}.", title=title(listing),
                   stage=words.STAGES[introduction.stage].name, move=move.label)
    reason = words.CLOSE_REASONS[introduction.close_reason or CloseReason.EXPIRED]
    if introduction.reason_code is None:
        return say("The introduction of “{title}” is closed: {reason}.", title=title(listing), reason=reason)
    return say("The introduction of “{title}” is closed: {reason} – {code}.", title=title(listing), reason=reason,
               code=words.REASON_CODES[introduction.reason_code])


def _notify(introduction: Introduction, people: Iterable[int], phrase: Phrase) -> None:
    if people:
        messaging.notify(people, phrase, path(introduction))
