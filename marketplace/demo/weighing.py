"""Needs being refined with a broker, and one whose answers its company compares."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import select

from marketplace.comparing import service as comparing
from marketplace.db import session
from marketplace.demo.timeline import Act, Timeline, World, rows
from marketplace.introductions.models import Introduction
from marketplace.refining import service as refining
from marketplace.refining.models import Refinement

APPROVED, ANSWERED, PROPOSED, ASKED = (
    "need-hairpin-insulation", "need-fto-export", "need-abuse-test", "need-seed-phenotyping",
)
Planned = list[tuple[int, int, Act]]
"""How many days ago, at which hour, what."""


def plan(timeline: Timeline, world: World) -> None:
    told = rows("weighing")
    refined, compared = told["refinements"], Compared(world, told["comparison"])
    for days_ago, hour, act in (*_approved(world, refined), *_under_way(world, refined), *compared.planned()):
        timeline.add(timeline.moment(days_ago, hour), act)


class Refined:
    """A need on its way through refining, with who acts for its company and who is its broker."""

    def __init__(self, world: World, told: dict[str, Any], key: str, person: str, broker: str) -> None:
        self.world, self.told, self.key, self.person, self.broker = world, told[key], key, person, broker

    @property
    def it(self) -> Refinement:
        return refining.get(self.world.people[self.person], self.world.listings[self.key].ref)

    def ask(self) -> None:
        refining.ask(self.world.people[self.person], self.world.listings[self.key], self.told["wish"])

    def take(self) -> None:
        refining.take(self.world.people[self.broker], self.it)

    def answer(self, by: str) -> None:
        refining.answer(self.world.people[by], self.it, self.told["answers"], None, hands_over=True)

    def write(self) -> None:
        refining.write(self.world.people[self.broker], self.it, self.told["text"], None)

    def propose(self) -> None:
        refining.propose(self.world.people[self.broker], self.it, self.told["message"])

    def approve(self) -> None:
        refining.approve(self.world.people[self.person], self.it)


def _approved(world: World, told: dict[str, Any]) -> Planned:
    """Written on one day, refined, and handed in the next morning."""
    one = Refined(world, told, APPROVED, "charlie", "dana")
    return [
        (105, 10, one.ask), (105, 11, one.take), (105, 14, partial(one.answer, "charlie")), (105, 16, one.write),
        (105, 17, one.propose), (105, 18, one.approve),
    ]


def _under_way(world: World, told: dict[str, Any]) -> Planned:
    """One that the company has to answer, one that it has to approve, one that no broker has taken yet."""
    questions = Refined(world, told, ANSWERED, "charlie", "dana")
    text = Refined(world, told, PROPOSED, "zhou", "felix")
    return [
        (1, 9, questions.ask), (1, 14, questions.take), (0, 9, partial(questions.answer, "dana")),
        (5, 10, text.ask), (4, 10, text.take), (3, 15, partial(text.answer, "zhou")), (2, 11, text.write),
        (2, 12, text.propose), (1, 16, Refined(world, told, ASKED, "wen", "dana").ask),
    ]


class Compared:
    """One need's answers, judged by two of its company."""

    def __init__(self, world: World, told: dict[str, Any]) -> None:
        self.world, self.told = world, told

    def planned(self) -> Planned:
        scoring = [
            (15 if person == "charlie" else 14, 15, partial(self._score, result, person, points))
            for result, by_person in self.told["points"].items() for person, points in by_person.items()
        ]
        return [(16, 10, self._criteria), *scoring, (12, 10, self._shortlist)]

    def _criteria(self) -> None:
        need = self.world.listings[self.told["need"]]
        comparing.set_criteria(self.world.people["charlie"], need, self.told["criteria"])

    def _shortlist(self) -> None:
        comparing.star(self.world.people["charlie"], self._answer(self.told["shortlisted"]))

    def _score(self, result: str, person: str, points: list[int]) -> None:
        need, actor = self.world.listings[self.told["need"]], self.world.people[person]
        board = comparing.compare(actor, need)
        assert board.comparison is not None
        mine = (one for one in self.told["notes"] if (one["result"], one["person"]) == (result, person))
        notes = {one["criterion"]: one["note"] for one in mine}
        given = {
            criterion.id: (point, notes.get(at, ""))
            for at, (criterion, point) in enumerate(zip(board.comparison.criteria, points, strict=True))
        }
        comparing.score(actor, self._answer(result), given)

    def _answer(self, result: str) -> Introduction:
        need, listing = self.world.listings[self.told["need"]], self.world.listings[result]
        this = select(Introduction).where(Introduction.need_id == need.id, Introduction.result_id == listing.id)
        return session.scalars(this).one()
