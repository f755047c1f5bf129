"""Exactly what one reader may know of a refinement; pages and JSON are made from this and not from the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import NotFound
from marketplace.listings.models import ListingVersion
from marketplace.listings.versions import Change
from marketplace.phrases import Label, Phrase, say
from marketplace.refining import answers as questions
from marketplace.refining import texts
from marketplace.refining.models import Act, Refinement, Step, Turn, What
from marketplace.refining.permissions import (
    can_answer,
    can_decide,
    can_end,
    can_see,
    can_take,
    can_write,
    is_its_broker,
    is_of_company,
)
from marketplace.refining.texts import Beside, Content

STEPS = {
    Step.ASKED: Label("待经理人受理", "Waits for a broker"), Step.WORKING: Label("梳理中", "Being refined"),
    Step.PROPOSED: Label("待企业确认", "Awaits the company's approval"), Step.APPROVED: Label("企业已确认", "Approved"),
    Step.ENDED: Label("已结束", "Ended"),
}
TONES = {
    Step.ASKED: "waits", Step.WORKING: "neutral", Step.PROPOSED: "waits", Step.APPROVED: "good", Step.ENDED: "loss",
}
WHATS = {
    What.ASKED: Label("提出梳理", "Refining was asked for"), What.TAKEN: Label("经理人受理", "A broker took it"),
    What.RELEASED: Label("经理人退出", "The broker gave it back"),
    What.ANSWERED: Label("填写问卷", "The questionnaire was filled in"),
    What.HANDED: Label("问卷交给对方", "The questionnaire went to the other side"),
    What.PROPOSED: Label("提交梳理稿", "A refined text was proposed"),
    What.RETURNED: Label("企业退回", "The company sent it back"),
    What.APPROVED: Label("企业确认", "The company approved"),
    What.ENDED: Label("结束梳理", "Refining ended"),
}


@dataclass(frozen=True)
class Rights:
    """What this reader may do now."""

    take: bool
    release: bool
    answer: bool
    write: bool
    propose: bool
    decide: bool
    end: bool


@dataclass(frozen=True)
class Seen:
    refinement: Refinement
    is_company: bool
    is_mine_to_do: bool
    turn: Any
    """Who owes the next step, from where this reader stands; None when nobody does."""
    may: Rights
    original: Content
    """What the need said when refining began."""
    text: Content | None
    """The refined text, where this reader may read it: the company only once it was proposed."""
    pairs: tuple[Beside, ...]
    """Original and refined, side by side."""
    answers: dict[str, Any]
    lines: list[Any]
    still_open: list[tuple[str, Phrase]]
    meanwhile: tuple[Change, ...]
    """What the company has changed since the broker wrote; for the two who have to decide on it."""
    acts: Sequence[Act]


def read(actor: User, refinement: Refinement) -> Seen:
    if not can_see(actor, refinement):
        raise NotFound
    company, broker = is_of_company(actor, refinement.listing), is_its_broker(actor, refinement)
    may = rights(actor, refinement)
    original, text = original_of(refinement), _text(refinement, broker)
    sheet = refinement.questionnaire.answers
    decides = (broker or company) and refinement.is_open and refinement.proposal is not None
    return Seen(
        refinement, company, is_mine_to_do(refinement, may, company), whose_turn(refinement, may, company), may,
        original, text, tuple(texts.side_by_side(original, text)) if text is not None else (), sheet,
        list(questions.lines(sheet)), list(questions.still_open(sheet)) if refinement.is_open else [],
        tuple(texts.meanwhile(refinement)) if decides else (), _acts(refinement),
    )


def rights(actor: User, refinement: Refinement) -> Rights:
    broker = is_its_broker(actor, refinement)
    return Rights(
        take=can_take(actor, refinement), release=broker and refinement.is_open, answer=can_answer(actor, refinement),
        write=can_write(actor, refinement), decide=can_decide(actor, refinement), end=can_end(actor, refinement),
        propose=can_write(actor, refinement) and refinement.step is Step.WORKING and refinement.proposal is not None,
    )


def original_of(refinement: Refinement) -> Content:
    return _version(refinement.original_id) or texts.unpacked(refinement.base)


def is_mine_to_do(refinement: Refinement, may: Rights, company: bool) -> bool:
    if refinement.turn is Turn.COMPANY:
        return company and may.answer
    return refinement.turn is Turn.BROKER and (may.write or may.take)


def whose_turn(refinement: Refinement, may: Rights, company: bool) -> Any:
    if refinement.turn is Turn.NOBODY:
        return None
    if is_mine_to_do(refinement, may, company) and not may.take:
        return say("You")
    if refinement.turn is Turn.COMPANY:
        return say("Your company") if company else refinement.listing.organisation
    return refinement.broker.name if refinement.broker is not None else say("A broker")


def _text(refinement: Refinement, broker: bool) -> Content | None:
    if refinement.step is Step.APPROVED:
        return _version(refinement.refined_id) or texts.proposed(refinement)
    if refinement.proposal is None or not (broker or refinement.step is Step.PROPOSED):
        return None
    return texts.proposed(refinement)


def _version(version_id: int | None) -> Content | None:
    row = session.get(ListingVersion, version_id) if version_id is not None else None
    return texts.unpacked(row.content) if row is not None else None


def _acts(refinement: Refinement) -> Sequence[Act]:
    these = select(Act).where(Act.refinement_id == refinement.id).options(joinedload(Act.actor)).order_by(Act.id)
    return session.scalars(these).all()
