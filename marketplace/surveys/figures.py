"""What came of a survey, counted: for those who run it all of it, for everybody without names and small groups.

A group is as large as the organisations in it are many: three colleagues are one. Where the parts of a whole are shown,
the small ones go together, with the smallest of the rest if they are still too few, so that none can be had by
subtracting. What people wrote in their own words is for those who run the survey alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import mean, median
from typing import Any

from sqlalchemy import func, select

from marketplace.db import session
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label
from marketplace.surveys import questions
from marketplace.surveys.models import Answer, Asked, QuestionSet, Role, Survey
from marketplace.surveys.permissions import Reader, can_run, can_see_figures
from marketplace.surveys.questions import Question, Type

OTHERS = Label("其他各项合计", "The others together")
BANDS = 5
MOST_TEXTS = 200
Unit = tuple[str, int]
"""Whose answer it is: an organisation's, or a person's who has none."""


@dataclass(frozen=True)
class Bar:
    label: Label
    count: int


@dataclass(frozen=True)
class Said:
    """One text, and who wrote it."""

    text: str
    name: str
    organisation: Organisation | None


@dataclass(frozen=True)
class Counted:
    """One question and what was answered to it."""

    question: Question
    answers: int
    """How many people answered it; 0 where too few did for this reader."""
    bars: Sequence[Bar] = ()
    middle: float | None = None
    """The median of numbers."""
    average: float | None = None
    texts: Sequence[Said] = ()
    hidden: int = 0
    """Answers that stand in no bar because their groups are too small."""


@dataclass(frozen=True)
class Figures:
    survey: Survey
    asked: int | None
    answered: int | None
    """None where so few have answered that nothing is told."""
    organisations: int | None
    questions: Sequence[Counted] = field(default=())


@dataclass(frozen=True)
class One:
    """An answer to one question."""

    unit: Unit
    value: Any
    answer: Answer


def figures(actor: Reader, survey: Survey, *, as_public: bool = False) -> Figures | None:
    """None for readers who may not see them. `as_public`: what everybody would see, to those who decide on it."""
    if not can_see_figures(actor, survey):
        return None
    inside = can_run(actor) and not as_public
    smallest = 1 if inside else survey.smallest
    answers = session.scalars(select(Answer).where(Answer.survey_id == survey.id).order_by(Answer.id)).all()
    units = {_unit(one) for one in answers}
    asked = session.scalar(select(func.count()).where(Asked.survey_id == survey.id)) or 0
    if len(units) < smallest:
        return Figures(survey, asked if inside else None, 0 if inside else None, None)
    latest, labels = _questions(survey)
    given = _given(answers, labels)
    return Figures(survey, asked if inside or asked >= smallest else None, len(answers), len(units),
                   [_counted(one, given[one.key], smallest, inside) for one in latest
                    if inside or one.type in _COUNTED])


def _questions(survey: Survey) -> tuple[tuple[Question, ...], Mapping[int, Mapping[str, Question]]]:
    """(the questions asked now, number -> key -> question as it was asked under that number)."""
    sets = {row.number: questions.read(row.questions) for row in session.execute(
        select(QuestionSet.number, QuestionSet.questions).where(QuestionSet.survey_id == survey.id))}
    return sets[survey.number], {number: {q.key: q for q in asked} for number, asked in sets.items()}


def _given(
    answers: Iterable[Answer], labels: Mapping[int, Mapping[str, Question]]
) -> defaultdict[str, list[One]]:
    """Question's key -> the answers to it. Choices are told by their words: their codes may have meant others once."""
    given: defaultdict[str, list[One]] = defaultdict(list)
    for answer in answers:
        for key, value in answer.content.items():
            question = labels.get(answer.number, {}).get(key)
            if question is None:
                continue
            if question.type is Type.CHOICE:
                value = question.coded.get(value)
            elif question.type is Type.SEVERAL:
                value = [label for code in value if (label := question.coded.get(code))]
            given[key].append(One(_unit(answer), (question.type, value), answer))
    return given


def _unit(answer: Answer) -> Unit:
    return ("person", answer.user_id) if answer.organisation_id is None else ("organisation", answer.organisation_id)


def _counted(question: Question, given: Sequence[One], smallest: int, inside: bool) -> Counted:
    # A question whose type has changed cannot be counted together with what it was before.
    same = [One(one.unit, one.value[1], one.answer) for one in given if one.value[0] is question.type]
    if len({one.unit for one in same}) < smallest:
        return Counted(question, 0, hidden=len(same) if inside else 0)
    match question.type:
        case Type.CHOICE:
            return _of_choice(question, same, smallest)
        case Type.SEVERAL:
            return _of_several(question, same, smallest)
        case Type.NUMBER:
            return _of_number(question, same, smallest)
        case Type.ORGANISATIONS:
            return _of_organisations(question, same)
        case _:
            said = [Said(one.value, one.answer.user.name, one.answer.organisation) for one in same[:MOST_TEXTS]]
            return Counted(question, len(same), texts=said)


_COUNTED = frozenset({Type.CHOICE, Type.SEVERAL, Type.NUMBER})
"""What everybody may see."""


def _of_choice(question: Question, same: Sequence[One], smallest: int) -> Counted:
    groups = {label: [one for one in same if one.value == label] for label in question.choices}
    old = [one for one in same if one.value not in groups]
    small = [*old]
    large: list[tuple[Label, list[One]]] = []
    for label, group in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        if len({one.unit for one in group}) >= smallest:
            large.append((label, group))
        else:
            small += group
    while small and len({one.unit for one in small}) < smallest and large:
        small += large.pop()[1]
    bars = [Bar(label, len(group)) for label, group in large]
    told = not small or len({one.unit for one in small}) >= smallest
    if small and told:
        bars.append(Bar(OTHERS, len(small)))
    return Counted(question, len(same), bars, hidden=0 if told else len(small))


def _of_several(question: Question, same: Sequence[One], smallest: int) -> Counted:
    bars = []
    for label in question.choices:
        chose = [one for one in same if label in one.value]
        left = {one.unit for one in same} - {one.unit for one in chose}
        units = {one.unit for one in chose}
        if (len(units) >= smallest or smallest == 1) and (not left or len(left) >= smallest):
            bars.append(Bar(label, len(chose)))
    bars.sort(key=lambda bar: -bar.count)
    return Counted(question, len(same), bars)


def _of_number(question: Question, same: Sequence[One], smallest: int) -> Counted:
    """In bands that hold enough organisations each; the median and the mean say nothing of one of them."""
    ordered = sorted(same, key=lambda one: float(one.value))
    wanted = max(smallest, -(-len(ordered) // BANDS))
    bands: list[list[One]] = []
    for one in ordered:
        full = bands and len({each.unit for each in bands[-1]}) >= wanted and bands[-1][-1].value != one.value
        if not bands or full:
            bands.append([])
        bands[-1].append(one)
    if len(bands) > 1 and len({one.unit for one in bands[-1]}) < wanted:
        last = bands.pop()
        bands[-1] += last
    values = [float(one.value) for one in ordered]
    ends = [_between(float(band[-1].value), float(after[0].value)) for band, after in pairwise(bands)]
    bars = [Bar(_band(band, place, ends, smallest), len(band)) for place, band in enumerate(bands)]
    return Counted(question, len(same), bars, _rounded(median(values), smallest), _rounded(mean(values), smallest))


def _band(band: Sequence[One], place: int, ends: Sequence[float], smallest: int) -> Label:
    """Inside from its least to its largest; outside, where those are somebody's own numbers, from the round number that
    parts it from the band before to the one that parts it from the next."""
    if smallest == 1:
        low, high = float(band[0].value), float(band[-1].value)
        text = f"{low:,.10g}" if low == high else f"{low:,.10g}–{high:,.10g}"
        return Label(text, text)
    if not ends:
        return Label("全部", "all")
    if place == 0:
        return Label(f"不足 {ends[0]:,.10g}", f"under {ends[0]:,.10g}")
    if place == len(ends):
        return Label(f"{ends[-1]:,.10g} 及以上", f"{ends[-1]:,.10g} and more")
    return Label(f"{ends[place - 1]:,.10g} 至不足 {ends[place]:,.10g}",
                 f"{ends[place - 1]:,.10g} to under {ends[place]:,.10g}")


def _between(low: float, high: float) -> float:
    """The roundest number above `low` and not above `high`."""
    middle = (low + high) / 2
    return next((end for digits in range(1, 16) if low < (end := float(f"{middle:.{digits}g}")) <= high), high)


def _rounded(value: float, smallest: int) -> float:
    return float(value) if smallest == 1 else float(f"{value:.2g}")


def _of_organisations(question: Question, same: Sequence[One]) -> Counted:
    """Whom people want to meet most; whom they avoid is nobody's business but a seating's, so that is only counted."""
    if question.role is Role.AVOID:
        return Counted(question, len(same))
    wanted: defaultdict[int, int] = defaultdict(int)
    for one in same:
        for number in one.value:
            wanted[number] += 1
    most = sorted(wanted.items(), key=lambda pair: (-pair[1], pair[0]))[:15]
    names = {one.id: one for one in session.scalars(select(Organisation).where(Organisation.id.in_(dict(most))))}
    return Counted(question, len(same), [
        Bar(Label(names[number].name, names[number].in_language("en")), count)
        for number, count in most if number in names
    ])
