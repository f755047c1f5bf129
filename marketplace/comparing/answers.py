"""All answers to a need as one reader may know them, with what the owner's members gave them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.accounts.models import User
from marketplace.comparing.models import Comparison, Score, Star
from marketplace.comparing.totals import Total, totals
from marketplace.db import session
from marketplace.introductions.models import CloseReason, Introduction, Minutes, Side, Stage, Status
from marketplace.introductions.moves import Move, Who, rows
from marketplace.introductions.reading import answers_of, organisation_of
from marketplace.listings.models import Listing
from marketplace.listings.permissions import can_see, tier_for
from marketplace.listings.tiers import Words, view_at
from marketplace.matching import service as matching
from marketplace.matching.service import Match
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label

MOST = 100
"""Answers compared at once; the newest."""
SHOWN = ("trl", "trl_evidence", "modes", "exclusivity", "price_kind", "price_amount", "price_currency", "ip",
         "advantage", "indicators", "collaboration")
SHOWS = {
    "open": Label("进行中", "Open"), "starred": Label("入围", "Shortlisted"),
    "all": Label("全部，含已关闭", "All, closed ones too"),
}
SORTS = {
    "total": Label("评分", "Score"), "match": Label("匹配度", "Match"), "trl": Label("就绪度", "Readiness"),
    "price": Label("报价", "Price"), "stage": Label("阶段", "Stage"), "newest": Label("最新", "Newest"),
}
WAYS_OUT = (CloseReason.DECLINED_BY_COUNTERPART, CloseReason.WITHDRAWN, CloseReason.NO_AGREEMENT)
"""How the side of the need may end an introduction, by how far it has come."""


@dataclass(frozen=True)
class Answer:
    introduction: Introduction
    words: tuple[Words, ...]
    organisation: Organisation | None
    """None while this reader may not know."""
    region: str | None
    is_readable: bool
    """May the reader still open the result's page?"""
    fields: Mapping[str, Any]
    """Of SHOWN, what this reader may read."""
    match: Match | None
    offered: Mapping[str, str]
    """The three answers of the result's side; empty while it has not expressed interest, or they may not be read."""
    minutes: Minutes | None
    """The last ones."""
    total: Total
    star: Star | None

    def in_language(self, language: str) -> Words:
        return next((w for w in self.words if w.language == language), self.words[0])

    @property
    def is_open(self) -> bool:
        return self.introduction.status is not Status.CLOSED


@dataclass(frozen=True)
class Board:
    need: Listing
    comparison: Comparison | None
    answers: tuple[Answer, ...]
    counts: Mapping[str, int]
    """How many each of SHOWS has."""
    judges: int
    """How many members have scored anything."""


def board(actor: User, need: Listing, show: str = "open", sort: str = "") -> Board:
    """The caller has checked that this reader may compare."""
    comparison = session.scalar(select(Comparison).where(Comparison.need_id == need.id))
    found = _introductions(need)
    scores = _scores([one.id for one in found]) if comparison is not None else []
    criteria = comparison.criteria if comparison is not None else []
    stars = {star.introduction_id: star for star in session.scalars(
        select(Star).where(Star.introduction_id.in_([one.id for one in found]))
    )}
    by_id = totals(criteria, scores, [one.id for one in found])
    results = {one.result.id: one.result for one in found}
    matches = matching.explained(actor, need, list(results.values())) if results else {}
    every = [_answer(actor, one, by_id[one.id], stars.get(one.id), matches.get(one.result_id)) for one in found]
    in_use = {criterion.id for criterion in criteria}
    return Board(
        need, comparison, tuple(sorted(filter(_shown(show), every), key=_key(sort, every))),
        {name: sum(map(_shown(name), every)) for name in SHOWS},
        len({score.user_id for score in scores if score.criterion_id in in_use}),
    )


def way_out(introduction: Introduction) -> Move | None:
    """The closing that the need's side may make from here; None when only a broker ends it, or nothing is left to."""
    for reason in WAYS_OUT:
        for row in rows("close", reason):
            if Who.SIDE in row.who and row.leads_from(introduction.stage, introduction.status) and all(
                condition.holds(introduction, Side.NEED) for condition in row.conditions
            ):
                return row
    return None


def _introductions(need: Listing) -> Sequence[Introduction]:
    return session.scalars(
        select(Introduction).where(Introduction.need_id == need.id).order_by(Introduction.id.desc()).limit(MOST)
        .options(selectinload(Introduction.need), selectinload(Introduction.result), joinedload(Introduction.broker),
                 selectinload(Introduction.interests), selectinload(Introduction.minutes))
    ).all()


def _scores(introduction_ids: list[int]) -> Sequence[Score]:
    these = select(Score).where(Score.introduction_id.in_(introduction_ids)).options(joinedload(Score.user))
    return session.scalars(these.order_by(Score.id)).all()


def _answer(
    actor: User, introduction: Introduction, total: Total, star: Star | None, match: Match | None
) -> Answer:
    result = introduction.result
    readable = can_see(actor, result)
    view = view_at(result, tier_for(actor, result))
    return Answer(
        introduction, view.words, organisation_of(actor, introduction, Side.RESULT), result.region, readable,
        {name: view.fields[name] for name in SHOWN if name in view.fields} if readable else {},
        match if readable else None, answers_of(actor, introduction, Side.RESULT) or {},
        introduction.minutes[-1] if introduction.minutes else None, total, star,
    )


def _shown(show: str) -> Callable[[Answer], bool]:
    if show == "all":
        return lambda _: True
    if show == "starred":
        return lambda answer: answer.star is not None
    return lambda answer: answer.is_open


def _key(sort: str, every: Sequence[Answer]) -> Callable[[Answer], Any]:
    """The shortlisted first in every order; unknown values last."""
    if sort not in SORTS:
        sort = "total" if any(answer.total.value is not None for answer in every) else "match"

    def down(value: float | None) -> tuple[bool, float]:
        return value is None, -(value or 0)

    def price(answer: Answer) -> tuple[bool, Decimal]:
        amount = answer.fields.get("price_amount")
        return amount is None, amount or Decimal(0)

    keys: dict[str, Callable[[Answer], Any]] = {
        "total": lambda a: (*down(a.total.value), *down(a.match.score if a.match else None)),
        "match": lambda a: down(a.match.score if a.match else None), "trl": lambda a: down(a.fields.get("trl")),
        "price": price, "stage": lambda a: -int(a.introduction.stage), "newest": lambda a: 0,
    }
    by = keys[sort]
    return lambda answer: (answer.star is None, by(answer), -answer.introduction.id)


def is_guess(introduction: Introduction) -> bool:
    """Suggested by the system and taken up by nobody: neither side has been told of it."""
    return introduction.stage is Stage.SUGGESTED and introduction.created_by_id is None
