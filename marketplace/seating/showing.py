"""A plan made ready for those who seat people: table by table, everybody with the reasons for their seat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.accounts.models import User
from marketplace.errors import NotFound
from marketplace.events.models import Registration
from marketplace.listings import service as listings
from marketplace.phrases import Phrase, say
from marketplace.seating import explaining
from marketplace.seating.arranging import NOWHERE, Change, changes
from marketplace.seating.explaining import Because
from marketplace.seating.models import Seat, SeatingPlan
from marketplace.seating.pictures import Picture, picture
from marketplace.seating.plans import guests_of, problem_of, seated
from marketplace.seating.problem import Guest, Plan, Problem, Value, ordered
from marketplace.seating.reading import WORTH_SAYING
from marketplace.seating.rules import Contradiction, Contradicts, contradictions
from marketplace.seating.worth import apart, value

MOST_REASONS = 3


@dataclass(frozen=True)
class Reason:
    """Why somebody sits where they sit, or what speaks against it."""

    text: Phrase
    need: str = ""
    """References for links; empty where the reader may not know of the listing."""
    result: str = ""
    score: float | None = None
    is_against: bool = False


@dataclass(frozen=True)
class Sitting:
    registration: Registration
    leads: bool
    is_fixed: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class TableShown:
    number: int
    size: int
    people: tuple[Sitting, ...]
    picture: Picture


@dataclass(frozen=True)
class Shown:
    plan: SeatingPlan
    problem: Problem
    seats: Plan
    tables: tuple[TableShown, ...]
    standing: tuple[Registration, ...]
    """Who has a place and no seat."""
    gone: tuple[Seat, ...]
    """Seats of those who have given their place back, or have not come."""
    value: Value
    troubles: tuple[Phrase, ...]
    """What cannot be had, and because of whom."""

    @property
    def served(self) -> int:
        """How many have a good counterpart at their table."""
        good = self.problem.good
        return sum(any(one.score is not None and one.score >= good for one in who.reasons)
                   for table in self.tables for who in table.people)


def shown(actor: User, plan: SeatingPlan) -> Shown:
    """The whole plan, in a fixed number of queries."""
    guests = {one.id: one for one in guests_of(plan)}
    problem = problem_of(plan, list(guests.values()))
    seats = seated(plan, problem)
    fixed = {seat.registration_id for seat in plan.seats if seat.is_fixed}
    known = _may_know(actor, problem)
    people, why = {guest.key: guest for guest in problem.guests}, explaining.explain(problem, seats)
    tables = tuple(
        TableShown(number, size, tuple(
            Sitting(guests[key], people[key].leads, key in fixed, (
                *_reasons(why[key], guests, known), *_against(problem, people, keys, key, guests)))
            for key in keys
        ), picture(problem, keys, size, {key: guests[key].user.name for key in keys}))
        for number, (size, keys) in enumerate(zip(problem.sizes, seats, strict=True), start=1)
    )
    sitting = {key for keys in seats for key in keys}
    return Shown(
        plan, problem, seats, tables, tuple(one for key, one in guests.items() if key not in sitting),
        tuple(seat for seat in plan.seats if seat.registration_id not in guests), value(problem, seats),
        tuple(said(one, guests) for one in contradictions(problem)),
    )


def people_at(plan: SeatingPlan) -> dict[int, list[Registration]]:
    """Number of the table -> who sits there."""
    guests = {one.id for one in guests_of(plan)}
    found: dict[int, list[Registration]] = {table.number: [] for table in plan.tables}
    for seat in plan.seats:
        if seat.registration_id in guests:
            found[seat.table.number].append(seat.registration)
    return found


@dataclass(frozen=True)
class Option:
    """A change as a form offers it."""

    change: Change
    other: Registration | None
    parts: tuple[tuple[str, int], ...]
    """What is gained and lost, the largest first, by the names of problem.Value's parts."""


def options(whole: Shown, registration_id: int) -> list[Option]:
    """What can be done with somebody, the best first; NotFound for who is no guest."""
    guests = {one.registration.id: one.registration for table in whole.tables for one in table.people}
    if registration_id not in guests and registration_id not in {one.id for one in whole.standing}:
        raise NotFound
    return [
        Option(one, guests.get(one.other) if one.other else None, _parts(one.gain))
        for one in changes(whole.problem, whole.seats, registration_id)
    ]


def sitting_of(whole: Shown, registration_id: int) -> tuple[int, Sitting | None]:
    """(number of the table, how they sit there); (NOWHERE, None) for who has no seat."""
    for table in whole.tables:
        for one in table.people:
            if one.registration.id == registration_id:
                return table.number, one
    return NOWHERE, None


def _parts(gain: Value) -> tuple[tuple[str, int], ...]:
    changed = [(name, points) for name, points in gain.parts().items() if points]
    return tuple(sorted(changed, key=lambda part: -abs(part[1])))


def _may_know(actor: User, problem: Problem) -> set[str]:
    refs = {ref for pair in problem.pairs.values() for ref in (pair.need, pair.result) if ref}
    return set(listings.visible_refs(actor, sorted(refs)))


def _reasons(found: Sequence[explaining.Reason], people: Mapping[int, Registration], known: set[str]) -> list[Reason]:
    """Those of `explaining` in words, the strongest first."""
    made = []
    for one in found:
        pair, name = one.pair, people[one.other].user.name if one.other else ""
        if one.because is Because.FIT and pair is not None:
            made.append(Reason(say("with {name}", name=name), pair.need if pair.need in known else "",
                               pair.result if pair.result in known else "", pair.fit))
        elif one.because is not Because.PUT:  # which a badge says
            organisation = people[one.other].organisation if one.other else None
            made.append(Reason(_WORDS[one.because].format(name=name, organisation=organisation, count=one.count)))
    fits = [one for one in made if one.score is not None and one.score >= WORTH_SAYING][:MOST_REASONS]
    others = [one for one in made if one.score is None]
    # That somebody leads is their reason only where there is no better one; a badge says it anyway.
    kept = fits + [one for one in others if one.text.msgid != _WORDS[Because.LEADS].msgid or len(fits + others) == 1]
    return kept or [Reason(_WORDS[Because.NOBODY])]


_WORDS = {
    Because.ASKED: say("wishes to meet {organisation}"),
    Because.ASKED_FOR: say("{name} wishes to meet them"),
    Because.LEADS: say("leads the table"),
    Because.STAYED: say("stays where they sit already"),
    Because.ELSEWHERE: say("good counterparts of theirs at other tables: {count}"),
    Because.NOBODY: say("nobody who comes has something that fits; sits where it keeps the table mixed"),
}


def _against(
    problem: Problem, people: Mapping[int, Guest], keys: Sequence[int], key: int, shown: Mapping[int, Registration]
) -> list[Reason]:
    """What speaks against this seat."""
    found = []
    for other in keys:
        name, both = shown[other].user.name, ordered(key, other)
        if other == key:
            continue
        if apart(people[key], people[other]):
            same = people[key].organisation is not None and people[key].organisation == people[other].organisation
            found.append(say("of the same organisation as {name}", name=name) if same else
                         say("one excludes the other: {name}", name=name))
        if both in problem.earlier:
            found.append(say("sits with {name} in an earlier round too", name=name))
        elif problem.met.get(both):
            found.append(say("has sat with {name} before", name=name))
    return [Reason(text, is_against=True) for text in found]


def said(one: Contradiction, guests: Mapping[int, Registration]) -> Phrase:
    """A contradiction in words, with everybody's name."""
    names = _listed([guests[key].user.name for key in one.guests if key in guests])
    organisation = next((who.organisation for who in guests.values()
                         if who.organisation_id == one.organisation and who.organisation), one.organisation)
    table = one.table + 1 if one.table is not None else 0
    sentences: dict[Contradicts, Phrase] = {
        Contradicts.TOO_MANY: say("There are {count} people and only {room} seats. Add a table.",
                                  count=one.count, room=one.room),
        Contradicts.FIXED_NOWHERE: say("{names} was put at table {table}, which is not there any more.",
                                       names=names, table=table),
        Contradicts.FIXED_TOO_MANY: say("{count} people were put at table {table} by hand, which has {room} seats: "
                                        "{names}.", count=one.count, table=table, room=one.room, names=names),
        Contradicts.FIXED_APART: say("{names} were put at table {table} by hand, and must not sit together.",
                                     names=names, table=table),
        Contradicts.ONE_ORGANISATION: say("Everybody is of one organisation, {organisation}; nobody can meet others.",
                                          organisation=organisation),
        Contradicts.ORGANISATION_TOO_LARGE: say(
            "{organisation} comes with {count} people to {room} tables, so some of them sit together.",
            organisation=organisation, count=one.count, room=one.room),
        Contradicts.ONE_TABLE: say("There is one table only. These should not sit together: {exclusions}.",
                                   exclusions=_excluding(one, guests)),
        Contradicts.WANTS_AND_AVOIDS: say("{names} asks to meet {organisation} and excludes it as well.",
                                          names=names, organisation=organisation),
        Contradicts.EXCLUSIONS: say("These exclude one another and cannot all be kept apart at {room} tables: "
                                    "{exclusions}.", room=one.room, exclusions=_excluding(one, guests)),
        Contradicts.TOO_FEW_LEADS: say("Only {count} hosts and brokers come for {room} tables; the others are without.",
                                       count=one.count, room=one.room),
    }
    return sentences[one.kind]


def _excluding(one: Contradiction, guests: Mapping[int, Registration]) -> str:
    by_organisation = {who.organisation_id: who.organisation for who in guests.values()}
    found = []
    for key, organisation in one.excludes:
        whom = by_organisation.get(organisation)
        if key in guests and whom is not None:
            found.append(f"{guests[key].user.name} ↛ {whom.name}")
    return _listed(found)


def _listed(names: Sequence[str]) -> str:
    return "、".join(names) if any(not name.isascii() for name in names) else ", ".join(names)
