"""Exactly what one reader may know of an introduction; pages and JSON are made from this and not from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace import audit
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions import conditions
from marketplace.introductions.models import (
    Confirmed,
    Contract,
    History,
    Intent,
    Introduction,
    Minutes,
    Outcome,
    Owes,
    Side,
    Stage,
)
from marketplace.introductions.permissions import is_staff, knows, knows_people, member_sides
from marketplace.introductions.relaying import without_addresses
from marketplace.introductions.talk import VOICE_NAMES
from marketplace.introductions.vocabulary import SIDES
from marketplace.listings.models import Listing
from marketplace.listings.permissions import can_see as can_see_listing
from marketplace.listings.permissions import tier_for
from marketplace.listings.tiers import HIDDEN, Words, veil, view_at
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label, say


@dataclass(frozen=True)
class Person:
    """Somebody to reach, once contacts are released."""

    name: str
    email: str
    phone: str | None


@dataclass(frozen=True)
class SideView:
    side: Side
    ref: str
    kind: str
    words: tuple[Words, ...]
    region: str | None
    organisation: Organisation | None
    """None while this reader may not know."""
    is_mine: bool
    is_open: bool
    """May the reader open the listing's page?"""
    answers: dict[str, str] | None
    has_interest: bool
    has_consented: bool
    has_signed_nda: bool
    has_confirmed_contract: bool
    has_confirmed_outcome: bool
    people: tuple[Person, ...]

    def in_language(self, language: str) -> Words:
        return next((w for w in self.words if w.language == language), self.words[0])


@dataclass(frozen=True)
class Reading:
    introduction: Introduction
    need: SideView
    result: SideView
    needs_nda: bool
    minutes: tuple[Minutes, ...]
    intents: tuple[Intent, ...]
    contract: Contract | None
    outcome: Outcome | None

    @property
    def sides(self) -> tuple[SideView, SideView]:
        return self.need, self.result

    @property
    def mine(self) -> SideView | None:
        return next((side for side in self.sides if side.is_mine), None)

    @property
    def other(self) -> SideView | None:
        """The counterpart, for a reader who is on one side only."""
        others = [side for side in self.sides if not side.is_mine]
        return others[0] if len(others) == 1 else None


def read(actor: User, introduction: Introduction) -> Reading:
    """What this reader may know. That contacts of somebody else were shown is recorded."""
    need, result = (_side(actor, introduction, side) for side in Side)
    shown = [view.side.value for view in (need, result) if view.people and not view.is_mine]
    if shown:
        audit.record(actor.id, "contacts.read", "introduction", introduction.id, introduction.ref, sides=shown)
    return Reading(
        introduction, need, result, conditions.asks_nda(introduction), tuple(introduction.minutes),
        tuple(introduction.intents), conditions.contract(introduction),
        introduction.outcomes[-1] if introduction.outcomes else None,
    )


def words_of(actor: User, listing: Listing) -> tuple[Words, ...]:
    """Title and summary in each language, as this reader may read them; for lists."""
    return view_at(listing, tier_for(actor, listing)).words


def organisation_of(actor: User, introduction: Introduction, side: Side) -> Organisation | None:
    listing = introduction.listing_of(side)
    return listing.organisation if knows(actor, introduction, side) else None


def who_moved(actor: User, introduction: Introduction, row: History) -> Any:
    """The mover's name where this reader may know it, else what they are."""
    if row.actor is None:
        return say("The system")
    if row.side is None:
        return row.actor.name
    return row.actor.name if knows_people(actor, introduction, row.side) else SIDES[row.side]


def note_of(actor: User, introduction: Introduction, row: History) -> str | None:
    """What was noted with a move. A note may name people, so the other side reads it only once names are released;
    why an introduction was closed goes back to both."""
    if row.note is None or introduction.is_released or is_staff(actor, introduction):
        return row.note
    if row.side in member_sides(actor, introduction):
        return row.note
    return veiled(actor, introduction, row.note, row.actor) if row.reason is not None else None


def reason_of(actor: User, introduction: Introduction) -> str | None:
    """Why it was closed, in the words of whoever closed it; names stay out while they are not released."""
    text = introduction.reason_text
    if not text or introduction.is_released or is_staff(actor, introduction):
        return text
    closing = select(History).where(History.introduction_id == introduction.id, History.reason.is_not(None))
    row = session.scalars(closing.order_by(History.version.desc()).limit(1)).first()
    if row is not None and row.side in member_sides(actor, introduction):
        return text
    return veiled(actor, introduction, text, row.actor if row is not None else None)


def veiled(actor: User, introduction: Introduction, text: str, by: User | None) -> str:
    """What somebody wrote, without the names that this reader may not know: of an organisation, of who wrote it."""
    for side in Side:
        if not knows(actor, introduction, side):
            text = veil(text, introduction.listing_of(side).organisation)
    if by is not None and len(by.name) > 1 and not by.is_reviewer:
        text = text.replace(by.name, HIDDEN)
    return without_addresses(text)


def whose_turn(actor: User, introduction: Introduction) -> Any:
    """Who owes the next step, from where this reader stands."""
    owed_by, sides = introduction.owed_by, member_sides(actor, introduction)
    if owed_by is Owes.NOBODY:
        return None
    if owed_by is Owes.BROKER:
        if introduction.broker_id == actor.id:
            return say("You")
        return introduction.broker.name if introduction.broker is not None else VOICE_NAMES["broker"]
    if owed_by is Owes.BOTH:
        return Label("双方", "Both sides")
    return say("Your side") if Side(owed_by) in sides else SIDES[Side(owed_by)]


def _side(actor: User, introduction: Introduction, side: Side) -> SideView:
    listing = introduction.listing_of(side)
    view = view_at(listing, tier_for(actor, listing))
    return SideView(
        side=side, ref=listing.ref, kind=listing.kind.value, words=view.words, region=listing.region,
        organisation=organisation_of(actor, introduction, side), is_mine=side in member_sides(actor, introduction),
        is_open=can_see_listing(actor, listing), answers=answers_of(actor, introduction, side),
        has_interest=side in conditions.interested(introduction),
        has_consented=side in conditions.consented(introduction),
        has_signed_nda=side in conditions.signed_nda(introduction),
        has_confirmed_contract=side in conditions.confirmed(introduction, Confirmed.SIGNED),
        has_confirmed_outcome=side in conditions.confirmed(introduction, Confirmed.OUTCOME),
        people=_people(introduction, side) if may_reach(actor, introduction, side) else (),
    )


def answers_of(actor: User, introduction: Introduction, side: Side) -> dict[str, str] | None:
    """The three answers. The other side reads them once a broker has looked at them, and what tells who wrote them
    only when it may know that."""
    interest = next((i for i in introduction.interests if i.side is side), None)
    if interest is None:
        return None
    answers = {name: getattr(interest, name) for name in ("cooperation_sought", "unclear", "about_us")}
    if side in member_sides(actor, introduction) or is_staff(actor, introduction):
        return answers
    if introduction.stage < Stage.QUALIFIED:
        return None
    if not knows(actor, introduction, side):
        del answers["about_us"]
        organisation = introduction.listing_of(side).organisation
        answers = {name: veil(text, organisation) for name, text in answers.items()}
    if not knows_people(actor, introduction, side):
        answers = {name: without_addresses(text) for name, text in answers.items()}
    return answers


def may_reach(actor: User, introduction: Introduction, side: Side) -> bool:
    """How to reach its people: no longer shown to the other side once a consent is taken back."""
    if not knows_people(actor, introduction, side):
        return False
    sides = member_sides(actor, introduction)
    return side in sides or not sides or not conditions.stopped(introduction)


def _people(introduction: Introduction, side: Side) -> tuple[Person, ...]:
    """The listing's contact, then who acted for the side."""
    contact = introduction.listing_of(side).contact
    acted = [i.user for i in introduction.interests if i.side is side]
    acted += [c.user for c in introduction.consents if c.side is side]
    found = {user.id: user for user in ([contact] if contact else []) + acted if user.is_active}
    return tuple(Person(user.name, user.email, user.phone) for user in found.values())
