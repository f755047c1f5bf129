"""What events bring: of each edition, and of a series as a whole. A fixed number of queries however many editions.

What is counted, and from what:
came           checked in; where nobody was, everybody with a place, once it is over
organisations  of those who came
no-shows       had a place and were not checked in, where others were
needs          answers to the survey before an edition that name a need
talks          pairs of one table of which at least one says that they talked
intents        pairs of which both see a cooperation
introductions  opened by such a pair or at the event; projects are those of them that came to a contract
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.analytics.asking import Question
from marketplace.analytics.permissions import can_read
from marketplace.db import session
from marketplace.errors import require
from marketplace.events.models import HAS_PLACE, RUNS, Attendance, Edition, Registration, Series, Strand
from marketplace.introductions.models import Contract, History, Introduction, Origin, Stage
from marketplace.organisations.models import Kind, Organisation
from marketplace.ratings.models import Mutual, Rating, Verdict
from marketplace.requests_desk import service as requests_desk
from marketplace.surveys import questions
from marketplace.surveys.models import Answer, QuestionSet, Role


class Pair(NamedTuple):
    """Two who both see a cooperation, and the case that follows it, if there is one yet."""

    one: Registration
    other: Registration
    introduction: Introduction | None


class Project(NamedTuple):
    """An introduction that came of an event."""

    id: int
    is_signed: bool
    amount: Decimal | None
    """None while there is no contract, or where the parties keep it to themselves."""
    currency: str | None


@dataclass(frozen=True)
class Held:
    """One edition in figures."""

    edition: Edition
    registered: int = 0
    came: int = 0
    no_shows: int = 0
    organisations: frozenset[int] = frozenset()
    new: int = 0
    """Organisations among them that had come to no earlier edition of the series, whatever the period asked about."""
    answers: int = 0
    needs: int = 0
    raters: int = 0
    talks: int = 0
    intents: int = 0
    projects: tuple[Project, ...] = ()
    raised: int = 0
    solved: int = 0

    @property
    def signed(self) -> int:
        return sum(one.is_signed for one in self.projects)


@dataclass(frozen=True)
class Whole:
    """Several editions together: what came twice is counted once."""

    held: list[Held]
    kinds: dict[Kind, int] = field(default_factory=dict)
    """How many organisations of each kind came."""

    def total(self, name: str) -> int:
        return sum(getattr(one, name) for one in self.held)

    @property
    def organisations(self) -> int:
        return len(frozenset[int]().union(*(one.organisations for one in self.held)))

    @property
    def projects(self) -> dict[int, Project]:
        return {project.id: project for one in self.held for project in one.projects}

    @property
    def signed(self) -> int:
        return sum(one.is_signed for one in self.projects.values())

    @property
    def amounts(self) -> dict[str, Decimal]:
        """By currency, of the contracts whose amount is known."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for one in self.projects.values():
            if one.is_signed and one.amount is not None:
                found[one.currency or "CNY"] += one.amount
        return dict(found)

    @property
    def undisclosed(self) -> int:
        return sum(one.is_signed and one.amount is None for one in self.projects.values())

    @property
    def strands(self) -> dict[Strand, int]:
        """People who came, by strand, the most first."""
        found: Counter[Strand] = Counter()
        for one in self.held:
            found[one.edition.strand] += one.came
        return dict(found.most_common())


def of_series(series: Series, asked: Question) -> Whole:
    """What has taken place of a series, in the period that is asked about."""
    these = select(Edition).where(
        Edition.series_id == series.id, Edition.state.in_(sorted(RUNS)), Edition.starts_at <= clock.now())
    if asked.since is not None:
        these = these.where(Edition.starts_at >= asked.since)
    if asked.until is not None:
        these = these.where(Edition.starts_at < asked.until)
    return of_editions(session.scalars(these.order_by(Edition.starts_at, Edition.id)).all())


def of_edition(actor: User, edition: Edition) -> tuple[Held, list[Pair]]:
    """For brokers and operators: the edition, and who of it is to be looked after."""
    require(can_read(actor))
    return of_editions([edition]).held[0], _pairs(edition)


def _pairs(edition: Edition) -> list[Pair]:
    found = session.scalars(select(Mutual).where(Mutual.edition_id == edition.id).order_by(Mutual.id).options(
        joinedload(Mutual.one), joinedload(Mutual.other))).unique().all()
    refs = [one.introduction_ref for one in found if one.introduction_ref is not None]
    cases = {case.ref: case for case in session.scalars(select(Introduction).where(Introduction.ref.in_(refs)))}
    return [Pair(one.one, one.other, cases.get(one.introduction_ref or "")) for one in found]


def of_editions(editions: Sequence[Edition]) -> Whole:
    ids = [edition.id for edition in editions]
    people, answers = _people(ids), _answers(editions)
    talks, raters, intents = _talks(ids), _raters(ids), _intents(ids)
    projects, asked = _projects(editions), requests_desk.counts_of(ids)
    met = set(_before(editions))
    held = []
    for edition in editions:
        registered, checked_in, organisations = people.get(edition.id, (0, 0, frozenset()))
        is_over = edition.is_past and edition.state in RUNS
        came = checked_in or (registered if is_over else 0)
        organisations = organisations if came else frozenset()
        given, needs = answers.get(edition.survey_id or 0, (0, 0))
        raised, solved = asked.get(edition.id, (0, 0))
        held.append(Held(
            edition, registered, came, registered - came if is_over else 0, organisations, len(organisations - met),
            given, needs, raters.get(edition.id, 0), talks.get(edition.id, 0), intents.get(edition.id, 0),
            tuple(projects.get(edition.id, ())), raised, solved,
        ))
        met |= organisations
    return Whole(held, _kinds({one for edition in held for one in edition.organisations}))


def _before(editions: Sequence[Edition]) -> frozenset[int]:
    """The organisations that had come to the series before the first of these."""
    if not editions:
        return frozenset()
    first = editions[0]
    earlier = session.scalars(select(Edition.id).where(
        Edition.series_id == first.series_id, Edition.state.in_(sorted(RUNS)), Edition.starts_at < first.starts_at))
    return frozenset[int]().union(*(organisations for _, _, organisations in _people(earlier.all()).values()))


def _people(ids: Sequence[int]) -> dict[int, tuple[int, int, frozenset[int]]]:
    """edition -> (how many have a place, how many were checked in, the organisations of those who came)."""
    rows = session.execute(
        select(Registration.edition_id, Registration.state, Registration.organisation_id, func.count().label("count"))
        .where(Registration.edition_id.in_(ids), Registration.state.in_(sorted(HAS_PLACE)))
        .group_by(Registration.edition_id, Registration.state, Registration.organisation_id)).all()
    found = {}
    for number in {row.edition_id for row in rows}:
        mine = [row for row in rows if row.edition_id == number]
        there = [row for row in mine if row.state is Attendance.ATTENDED]
        organisations = {row.organisation_id for row in there or mine if row.organisation_id is not None}
        found[number] = (sum(_count(row) for row in mine), sum(_count(row) for row in there), frozenset(organisations))
    return found


def _count(row: object) -> int:
    return int(row[-1])  # type: ignore[index]


def _answers(editions: Iterable[Edition]) -> dict[int, tuple[int, int]]:
    """survey -> (how many answered, how many of them named a need)."""
    ids = {edition.survey_id for edition in editions if edition.survey_id is not None}
    if not ids:
        return {}
    keys: dict[tuple[int, int], set[str]] = {}
    for row in session.execute(select(QuestionSet.survey_id, QuestionSet.number, QuestionSet.questions).where(
            QuestionSet.survey_id.in_(ids))):
        asked = questions.read(row.questions)
        keys[row.survey_id, row.number] = {one.key for one in asked if one.role is Role.NEED}
    answered: Counter[int] = Counter()
    needs: Counter[int] = Counter()
    for row in session.execute(select(Answer.survey_id, Answer.number, Answer.content).where(
            Answer.survey_id.in_(ids))):
        answered[row.survey_id] += 1
        needs[row.survey_id] += any(row.content.get(key) for key in keys.get((row.survey_id, row.number), ()))
    return {number: (answered[number], needs[number]) for number in ids}


def _talks(ids: Sequence[int]) -> dict[int, int]:
    """Each pair once, whichever of the two said that they talked."""
    one = case((Rating.by_id < Rating.about_id, Rating.by_id), else_=Rating.about_id).label("one")
    other = case((Rating.by_id < Rating.about_id, Rating.about_id), else_=Rating.by_id).label("other")
    pairs = select(Rating.edition_id, one, other).where(
        Rating.edition_id.in_(ids), Rating.verdict != Verdict.NOT_HELD).distinct().subquery()
    counted = select(pairs.c.edition_id, func.count()).group_by(pairs.c.edition_id)
    return _by_edition(counted)


def _raters(ids: Sequence[int]) -> dict[int, int]:
    counted = select(Rating.edition_id, func.count(Rating.by_id.distinct())).where(Rating.edition_id.in_(ids))
    return _by_edition(counted.group_by(Rating.edition_id))


def _intents(ids: Sequence[int]) -> dict[int, int]:
    counted = select(Mutual.edition_id, func.count()).where(Mutual.edition_id.in_(ids)).group_by(Mutual.edition_id)
    return _by_edition(counted)


def _by_edition(counted: Select[int, int]) -> dict[int, int]:
    return {row[0]: row[1] for row in session.execute(counted)}


def _projects(editions: Sequence[Edition]) -> dict[int, list[Project]]:
    """edition -> the introductions that came of it, whether they began there or were moved on by it."""
    by_ref = {edition.ref: edition.id for edition in editions}
    began = session.execute(select(Introduction.origin_ref, Introduction.id).where(
        Introduction.origin == Origin.EVENT, Introduction.origin_ref.in_(by_ref))).all()
    moved = session.execute(select(Mutual.edition_id, Introduction.id).join(
        Introduction, Introduction.ref == Mutual.introduction_ref).where(
        Mutual.edition_id.in_(by_ref.values()))).all()
    found: dict[int, set[int]] = defaultdict(set)
    for ref, number in began:
        found[by_ref[str(ref)]].add(number)
    for edition_id, number in moved:
        found[edition_id].add(number)
    known = _followed({number for numbers in found.values() for number in numbers})
    return {edition_id: [known[number] for number in sorted(numbers)] for edition_id, numbers in found.items()}


def _followed(ids: set[int]) -> Mapping[int, Project]:
    """How far each has come: it is a project once it ever reached a contract, whatever became of it."""
    if not ids:
        return {}
    signed = set(session.scalars(select(History.introduction_id).where(
        History.introduction_id.in_(ids), History.to_stage >= Stage.SIGNED).distinct()))
    contracts = {row.introduction_id: row for row in session.execute(
        select(Contract.introduction_id, Contract.amount, Contract.currency).where(Contract.introduction_id.in_(signed))
        .order_by(Contract.id))}
    return {number: Project(
        number, number in signed, contracts[number].amount if number in contracts else None,
        contracts[number].currency if number in contracts else None) for number in ids}


def _kinds(ids: set[int]) -> dict[Kind, int]:
    if not ids:
        return {}
    counted = select(Organisation.kind, func.count()).where(Organisation.id.in_(ids)).group_by(Organisation.kind)
    return dict(sorted(((kind, count) for kind, count in session.execute(counted)), key=lambda pair: -pair[1]))
