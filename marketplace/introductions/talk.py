"""What the sides and the broker say to each other. Until contacts are released, the broker relays."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid, NotFound, require
from marketplace.introductions import telling
from marketplace.introductions.models import Introduction, Side
from marketplace.introductions.moves import Who
from marketplace.introductions.permissions import (
    acting_sides,
    can_see,
    capacities,
    knows_people,
    member_sides,
)
from marketplace.messaging import service as messaging
from marketplace.messaging.models import Audience, Message
from marketplace.phrases import Label, say

KIND = "introduction"
VOICES = {Side.NEED: Audience.DEMAND, Side.RESULT: Audience.SUPPLY}
BROKER = "broker"
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


def read_messages(actor: User, introduction: Introduction) -> list[Said]:
    """What this reader may read of the conversation, the oldest first."""
    if not can_see(actor, introduction):
        raise NotFound
    sides = member_sides(actor, introduction)
    readable = [Audience.ALL, *(VOICES[side] for side in sides)] if sides else list(Audience)
    thread = messaging.thread_of(KIND, introduction.id)
    return [_as_read(actor, introduction, message) for message in messaging.messages(thread, readable)]


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
        message = messaging.write(actor, thread, body, chosen, side=voice)
        for side in Side:
            if chosen in (Audience.ALL, VOICES[side]):
                _tell(introduction, telling.people_of(introduction, side) - {actor.id}, side)
        _tell(introduction, telling.brokers_of(introduction) - {actor.id}, Side.NEED)
    return message


def _tell(introduction: Introduction, people: set[int], side: Side) -> None:
    if people:
        phrase = say("A new message about “{title}”.", title=telling.title(introduction.listing_of(side)))
        messaging.notify(people, phrase, telling.path(introduction) + "#messages")


def _as_read(actor: User, introduction: Introduction, message: Message) -> Said:
    side = next((side for side, voice in VOICES.items() if voice.value == message.side), None)
    known = side is None or knows_people(actor, introduction, side)
    name = message.author.name if message.author is not None and known else None
    return Said(message, name, VOICE_NAMES[message.side], AUDIENCES[message.audience])
