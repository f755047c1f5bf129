"""What the sides and the broker say to each other. Until contacts are released, the broker relays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, select, update

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import relaying, telling
from marketplace.introductions.models import Introduction, Owes, Side, Status
from marketplace.introductions.moves import Who
from marketplace.introductions.permissions import (
    acting_sides,
    can_see,
    capacities,
    knows_people,
    member_sides,
)
from marketplace.messaging import service as messaging
from marketplace.messaging.kinds import Kind
from marketplace.messaging.models import Audience, Message, Thread
from marketplace.phrases import Label, Phrase, say

KIND = "introduction"
VOICES = {Side.NEED: Audience.DEMAND, Side.RESULT: Audience.SUPPLY}
BROKER = "broker"
DOUBLE_CLICK = timedelta(seconds=5)
AUDIENCES = {
    Audience.ALL: Label("双方与技术经理人", "Both sides and the broker"),
    Audience.DEMAND: Label("需求方与技术经理人", "The need side and the broker"),
    Audience.SUPPLY: Label("成果方与技术经理人", "The result side and the broker"),
    Audience.BROKERS: Label("仅技术经理人（内部备注）", "Brokers only (a note)"),
}
VOICE_NAMES = {
    Audience.DEMAND.value: Label("需求方", "The need side"),
    Audience.SUPPLY.value: Label("成果方", "The result side"),
    BROKER: Label("技术经理人", "The broker"),
}


@dataclass(frozen=True)
class Said:
    """A message as one reader sees it."""

    message: Message
    author: str | None
    """None when the reader may not know the person."""
    voice: Label
    audience: Label
    side: Side | None = None
    """For whom it was said; None: the broker."""
    can_pass_on: bool = False
    """May this reader pass it on to the other side?"""
    was_passed_on: bool = False


def read_messages(
    actor: User, introduction: Introduction, found: Sequence[Message] | None = None
) -> list[Said]:
    """What this reader may read of the conversation, the oldest first; `found`: all of it, where it is loaded."""
    if not can_see(actor, introduction):
        raise NotFound
    sides = member_sides(actor, introduction)
    readable = [Audience.ALL, *(VOICES[side] for side in sides)] if sides else list(Audience)
    if found is None:
        found = session.scalars(
            select(Message).join(Thread, Thread.id == Message.thread_id)
            .where(Thread.subject_kind == KIND, Thread.subject_id == introduction.id)
            .order_by(Message.created_at, Message.id)
        ).all()
    found = [message for message in found if message.audience in readable]
    passed_on = {message.relays_id for message in found}
    relays = can_relay(actor, introduction)
    return [_as_read(actor, introduction, message, relays, message.id in passed_on) for message in found]


def can_relay(actor: User, introduction: Introduction) -> bool:
    """The broker passes on what one side writes, while the sides cannot write to each other."""
    return is_broker(actor, introduction) and not introduction.is_released


def is_broker(actor: User, introduction: Introduction) -> bool:
    """Is this person the broker of the case, or may become it?"""
    return Who.BROKER in capacities(actor, introduction)


def waiting_replies(broker_id: int) -> Select[int, datetime, int]:
    """(introduction, since when, how many messages) of this broker's cases in which somebody waits for an answer.

    For the desk; order and limit it as needed. What the broker or the other side answers no longer waits.
    """
    return (
        select(Introduction.id, func.min(Message.created_at), func.count(Message.id))
        .join(Thread, and_(Thread.subject_kind == KIND, Thread.subject_id == Introduction.id))
        .join(Message, Message.thread_id == Thread.id)
        .where(Introduction.broker_id == broker_id, Introduction.status != Status.CLOSED, Message.waits)
        .group_by(Introduction.id)
    )


def audiences_for(actor: User, introduction: Introduction) -> list[Audience]:
    """To whom this person may write; the first is the usual one."""
    who = capacities(actor, introduction)
    if Who.SIDE in who:
        if introduction.is_released:
            return [Audience.ALL, *(VOICES[side] for side in acting_sides(actor, introduction))]
        return [VOICES[side] for side in acting_sides(actor, introduction)]
    return list(AUDIENCES) if who else []


def write_message(
    actor: User, introduction: Introduction, body: str, audience: Audience | str | None = None
) -> Message:
    """Say something; the people it is for are told."""
    if not can_see(actor, introduction):
        raise NotFound
    allowed = audiences_for(actor, introduction)
    require(bool(allowed), say("You may read this case but not write in it."))
    if audience is not None and audience not in [a.value for a in allowed]:
        raise Invalid({"audience": say("You cannot write to these readers.")})
    chosen = Audience(audience) if audience is not None else allowed[0]
    sides = acting_sides(actor, introduction)
    voice = VOICES[sides[0]].value if sides else BROKER
    with transaction():
        thread = messaging.thread_of(KIND, introduction.id)
        session.flush()  # a thread that has just been begun gets its number
        said = _said_just_now(actor, introduction, thread, chosen, body)
        if said is not None:
            return said
        message = messaging.write(actor, thread, body, chosen, side=voice, waits=bool(sides))
        _answered(message)
        _note_who_waits(introduction)
        _tell_readers(actor, introduction, message)
        _audit(actor, introduction, "message.written", message)
    return message


def _said_just_now(
    actor: User, introduction: Introduction, thread: Thread, audience: Audience, body: str
) -> Message | None:
    """What the first click of a double click has said; clicks at the same moment come one after the other."""
    session.execute(select(Introduction.id).where(Introduction.id == introduction.id).with_for_update())
    return session.scalars(select(Message).where(
        Message.thread_id == thread.id, Message.author_id == actor.id, Message.audience == audience,
        Message.body == body.strip(), Message.created_at > clock.now() - DOUBLE_CLICK,
    ).limit(1)).first()


def message_of(actor: User, introduction: Introduction, message_id: int) -> Message:
    """A message of the case that this reader may read."""
    found = next((said.message for said in read_messages(actor, introduction) if said.message.id == message_id), None)
    if found is None:
        raise NotFound
    return found


def pass_on(
    actor: User, introduction: Introduction, message_id: int, body: str | None = None, anyway: bool = False
) -> Message:
    """Pass on what one side wrote to the other: as it is, without what tells who wrote it, or in the broker's words.

    Raises Invalid when the broker's words name people or organisations that the reader may not know, unless they say
    with `anyway` that nobody is named.
    """
    original = message_of(actor, introduction, message_id)
    only = say("Only the broker of the case passes messages on, until both sides consent.")
    require(can_relay(actor, introduction), only)
    side = author_side(original)
    if side is None or original.audience is not VOICES[side]:
        raise Conflict(say("The other side reads this already."))
    passed_on = session.scalars(select(Message).where(Message.relays_id == original.id)).first()
    if passed_on is not None and body is None:  # the second click of a double click
        return passed_on
    if body is None:
        body = relaying.veiled(introduction, side, original.body)
    names = [] if anyway else relaying.named(introduction, side, body)
    if names:
        raise Invalid({"body": say(
            "The other side may not know this yet: {names}. Take it out, or tick that it names nobody.",
            names=", ".join(names[:5]),
        )})
    with transaction():
        thread = messaging.thread_of(KIND, introduction.id)
        audience = VOICES[side.other]
        message = messaging.write(actor, thread, body, audience, side=BROKER, relays=original)
        original.waits = False
        _answered(message)
        _note_who_waits(introduction)
        _tell_readers(actor, introduction, message)
        _audit(actor, introduction, "message.passed_on", message)
    return message


def settle(actor: User, introduction: Introduction, message_id: int) -> None:
    """The broker says that a message needs no answer."""
    message = message_of(actor, introduction, message_id)
    require(is_broker(actor, introduction), say("Only the broker of the case decides this."))
    with transaction():
        message.waits = False
        _note_who_waits(introduction)
        _audit(actor, introduction, "message.settled", message)


def author_side(message: Message) -> Side | None:
    """For whom it was said; None: the broker."""
    return next((side for side, voice in VOICES.items() if voice.value == message.side), None)


def _answered(message: Message) -> None:
    """What those wrote who read this message waits no longer."""
    if message.audience is Audience.BROKERS:
        return
    read_by = [voice.value for voice in VOICES.values()]
    if message.audience is not Audience.ALL:
        read_by = [message.audience.value]
    read_by = [voice for voice in read_by if voice != message.side]
    session.execute(
        update(Message).where(Message.thread_id == message.thread_id, Message.waits, Message.side.in_(read_by))
        .values(waits=False).execution_options(synchronize_session="fetch")
    )


def _note_who_waits(introduction: Introduction) -> None:
    """Keep on the case since when which side has been waiting, for the desk to sort by."""
    session.flush()
    waiting = session.execute(
        select(Message.side, func.min(Message.created_at)).join(Thread, Thread.id == Message.thread_id)
        .where(Thread.subject_kind == KIND, Thread.subject_id == introduction.id, Message.waits)
        .group_by(Message.side)
    ).all()
    since = {row[0]: row[1] for row in waiting}
    sides = [side for side, voice in VOICES.items() if voice.value in since]
    introduction.unanswered_since = min(since.values(), default=None)
    introduction.unanswered_by = None if not sides else Owes.BOTH if len(sides) == 2 else Owes(sides[0])


def _tell_readers(actor: User, introduction: Introduction, message: Message) -> None:
    session.flush()
    outbox.publish("message.written", message.id)
    fact, others = f"message:{message.id}", {actor.id}
    for side in Side:
        if message.audience in (Audience.ALL, VOICES[side]):
            telling.to_side(introduction, side, _new_message(introduction, side), Kind.MESSAGES, fact, but=others,
                            anchor="#messages")
    telling.to_brokers(introduction, _new_message(introduction, Side.NEED), Kind.MESSAGES, fact, but=others,
                       anchor="#messages")


def _audit(actor: User, introduction: Introduction, action: str, message: Message) -> None:
    audit.record(actor.id, action, "introduction", introduction.id, introduction.ref, message=message.id,
                 audience=message.audience.value)


def _new_message(introduction: Introduction, side: Side) -> Phrase:
    return say("A new message about “{title}”.", title=telling.title(introduction.listing_of(side)))


def _as_read(
    actor: User, introduction: Introduction, message: Message, relays: bool, was_passed_on: bool
) -> Said:
    side = author_side(message)
    known = side is None or knows_people(actor, introduction, side)
    name = message.author.name if message.author is not None and known else None
    can_pass_on = relays and side is not None and message.audience is VOICES[side] and not was_passed_on
    return Said(message, name, VOICE_NAMES[message.side], AUDIENCES[message.audience], side, can_pass_on, was_passed_on)
