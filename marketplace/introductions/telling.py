"""Who hears of a move: those who owe the next step first, then the other people of the case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace import clock
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions import vocabulary as words
from marketplace.introductions.due import Reminder, To, sides_of
from marketplace.introductions.models import CloseReason, Introduction, Owes, Side, Stage, Status
from marketplace.introductions.moves import FORWARD, Move
from marketplace.listings.models import Listing
from marketplace.listings.tiers import veil
from marketplace.messaging import service as messaging
from marketplace.messaging.kinds import Kind
from marketplace.organisations.models import Membership, Role
from marketplace.phrases import Label, Phrase, day_of, say

REVIEW = say("“{title}”: the next step has been overdue since {day} ({who}). Please review the case.")
REVIEWS = {
    Stage.NEGOTIATING: say("“{title}” has been in negotiation for long. Please review it: move it on, put it on hold, "
                           "or close it with a reason."),
    Stage.SIGNED: say("“{title}”: the contract has not been registered yet. Register it, or note why it is not."),
    Stage.PERFORMING: say("“{title}”: time for the 6-month follow-up. Ask both sides how it goes, and note what they "
                          "say."),
    Stage.IMPLEMENTED: say("“{title}”: time for the 12-month survey. Ask what has come of it, and close the case."),
}
"""What the broker is asked at stages that are looked at from time to time."""


def tell(introduction: Introduction, move: Move, actor: User | None) -> None:
    """Notices about the move that was just made; the mover gets none. Of what the system suggests nobody hears.

    The mailboxes of both organisations and of the brokers hear of every move, whoever made it.
    """
    if _is_a_guess(introduction):
        return
    fact = f"introduction:{introduction.id}:{introduction.version}"
    told = {actor.id} if actor is not None else set()
    if actor is not None:
        messaging.read_about(actor, path(introduction))
    owing = _who_owes(introduction) if introduction.status is Status.ACTIVE else []
    # Nobody waits for the answer to a suggestion as for that to an interest.
    turn = Kind.MATCHES if introduction.stage is Stage.SUGGESTED else Kind.YOUR_TURN
    for side, people in owing:
        phrase = _your_turn(introduction, introduction.listing_of(side or Side.NEED))
        _to(introduction, side, people - told, phrase, turn, fact)
        told |= people
    for side in Side:
        people = people_of(introduction, side) - told
        phrase = _news(introduction, move, introduction.listing_of(side))
        _to(introduction, side, people, phrase, Kind.NEWS, fact)
        told |= people
    own = {introduction.broker_id} if introduction.broker_id is not None else set()
    phrase = _news(introduction, move, introduction.need)
    _to(introduction, None, own - told, phrase, Kind.NEWS, fact)


def remind(introduction: Introduction, reminder: Reminder) -> None:
    """The step is overdue: to those who owe it, then to the broker, who may help or close, then to the operators."""
    assert introduction.due_at is not None
    if _is_a_guess(introduction):
        return
    fact = f"introduction:{introduction.id}:{introduction.version}:{introduction.reminders}"
    overdue = {"title": title(introduction.need), "who": words.OWES[introduction.owed_by],
               "day": day(introduction.due_at)}
    if reminder.to is To.OWES:
        for side, people in _who_owes(introduction):
            phrase = _still_yours(introduction, introduction.listing_of(side or Side.NEED))
            _to(introduction, side, people, phrase, Kind.REMINDERS, fact)
            if side is not None and not _anybody(people):  # they have all left: somebody has to look after it now
                to_brokers(introduction, say(REVIEW.msgid, **overdue), Kind.REMINDERS, f"{fact}:broker")
    elif reminder.to is To.BROKER:
        to_brokers(introduction, say(REVIEW.msgid, **overdue), Kind.REMINDERS, fact)
    if reminder.to is To.OPERATORS or (introduction.broker_id is not None and introduction.needs_owner):
        broker = introduction.broker.name if introduction.broker else say("nobody yet")
        phrase = say("“{title}”: overdue since {day} ({who}), broker: {broker}. Please see to it that it goes on.",
                     broker=broker, **overdue)
        messaging.notify(accounts.operators(), phrase, path(introduction), kind=Kind.REMINDERS,
                         once=f"{fact}:operators")


def to_side(
    introduction: Introduction, side: Side, phrase: Phrase, kind: Kind, once: str, *, but: Iterable[int] = (),
    anchor: str = "", calendar: str | None = None,
) -> None:
    """Tell the people who act for a side, and its organisation's mailbox. For the rooms above, too: `once` names the
    fact, `anchor` the place on the case's page."""
    people = people_of(introduction, side) - set(but)
    _to(introduction, side, people, phrase, kind, once, anchor, calendar)


def to_brokers(
    introduction: Introduction, phrase: Phrase, kind: Kind, once: str, *, but: Iterable[int] = (), anchor: str = "",
    calendar: str | None = None,
) -> None:
    """Tell the broker of the case, and the brokers' mailbox."""
    _to(introduction, None, brokers_of(introduction) - set(but), phrase, kind, once, anchor, calendar)


def to_mailbox(introduction: Introduction, side: Side | None, phrase: Phrase, once: str, anchor: str = "") -> None:
    """Only to a side's mailbox (None: the brokers'), where the people have been told one by one under the same name."""
    _to(introduction, side, set(), phrase, Kind.NEWS, once, anchor)


def people_of(introduction: Introduction, side: Side) -> set[int]:
    """The people who may move for this side."""
    return set(session.scalars(select(Membership.user_id).where(
        Membership.organisation_id == introduction.listing_of(side).organisation_id,
        Membership.role.in_([Role.ADMIN, Role.EDITOR]),
    )))


def brokers_of(introduction: Introduction) -> set[int]:
    """Its broker; while it has none, or one who has left, every broker who may take it."""
    if introduction.broker_id is not None and not introduction.needs_owner:
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
    return day_of((moment - timedelta(seconds=1)).astimezone(clock.PLACE).date())


def _is_a_guess(introduction: Introduction) -> bool:
    """Suggested by the system, and no broker has proposed it to the sides: see suggesting.py."""
    guessed = introduction.created_by_id is None and introduction.broker_id is None
    return guessed and introduction.stage is Stage.SUGGESTED


def _who_owes(introduction: Introduction) -> list[tuple[Side | None, set[int]]]:
    """(the side, the people), for everybody who owes the next step; None stands for the brokers."""
    owed_by = introduction.owed_by
    if owed_by is Owes.BROKER:
        return [(None, brokers_of(introduction))]
    return [(side, people_of(introduction, side)) for side in sides_of(owed_by)]


def _anybody(people: set[int]) -> bool:
    """Does any of them still have an account?"""
    here = select(User.id).where(User.id.in_(people), User.disabled_at.is_(None))
    return session.scalar(here.limit(1)) is not None


def _still_yours(introduction: Introduction, listing: Listing) -> Phrase:
    assert introduction.due_at is not None
    if introduction.owed_by is Owes.BROKER and introduction.stage in REVIEWS:
        return say(REVIEWS[introduction.stage].msgid, title=title(listing))
    return say("“{title}”: the next step was due on {day} and is still yours.", title=title(listing),
               day=day(introduction.due_at))


def _your_turn(introduction: Introduction, listing: Listing) -> Phrase:
    assert introduction.due_at is not None
    return say("“{title}”, stage {stage}: the next step is yours, by {day}.", title=title(listing),
               stage=words.STAGES[introduction.stage].name, day=day(introduction.due_at))


def _news(introduction: Introduction, move: Move, listing: Listing) -> Phrase:
    if introduction.status is not Status.CLOSED:
        stage = words.STAGES[introduction.stage]
        if move in FORWARD and not any(end is introduction.stage and start is end for start, end in move.arrows):
            return say("“{title}”, stage {stage}: {what}.", title=title(listing), stage=stage.name,
                       what=stage.entered_when)
        return say("“{title}”, stage {stage}; on record now: {move}.", title=title(listing), stage=stage.name,
                   move=move.label)
    reason = words.CLOSE_REASONS[introduction.close_reason or CloseReason.EXPIRED]
    if introduction.reason_code is None:
        return say("The introduction of “{title}” is closed: {reason}.", title=title(listing), reason=reason)
    return say("The introduction of “{title}” is closed: {reason} – {code}.", title=title(listing), reason=reason,
               code=words.REASON_CODES[introduction.reason_code])


def _to(
    introduction: Introduction, side: Side | None, people: set[int], phrase: Phrase, kind: Kind, once: str,
    anchor: str = "", calendar: str | None = None,
) -> None:
    """To people, and to the mailbox they have in common; side None: the brokers."""
    url = path(introduction) + anchor
    if people:
        messaging.notify(people, phrase, url, kind=kind, once=once, calendar=calendar)
    if side is None:
        messaging.notify_broker_mailbox(phrase, url, once=once, calendar=calendar)
    else:
        organisation = introduction.listing_of(side).organisation
        messaging.notify_mailbox(organisation, phrase, url, once=once, calendar=calendar)
