from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.seating.meeting_slots import Day, Person, Talk, Unmet, WhyNot, arrange, double_booked
from marketplace.seating.problem import Pair

pytestmark = pytest.mark.once
MORNING = frozenset({0, 1, 2})


def person(key: int, *asks: int, slots: frozenset[int] = MORNING, must: frozenset[int] = frozenset(),
           refuses: frozenset[int] = frozenset(), most: int = 9, organisation: int | None = None) -> Person:
    return Person(key, organisation or key, slots, frozenset(asks), must, refuses, most)


@st.composite
def days(draw: st.DrawFn) -> Day:
    keys = range(1, draw(st.integers(2, 8)) + 1)
    some = st.frozensets(st.sampled_from(keys), max_size=4)
    people = [person(key, *draw(some), slots=draw(st.frozensets(st.integers(0, 3))), must=draw(some),
                     refuses=draw(some), most=draw(st.integers(0, 4)), organisation=draw(st.integers(1, 6)))
              for key in keys]
    return Day(people, draw(st.integers(1, 3)))


@given(days())
@settings(max_examples=40, deadline=None)
def test_the_rules_of_the_day_are_kept(day: Day) -> None:
    found, people = arrange(day, 2), {person.key: person for person in day.people}
    assert not double_booked(found.talks)
    assert len({talk.pair for talk in found.talks}) == len(found.talks)
    for talk in found.talks:
        one, other = people[talk.one], people[talk.other]
        assert talk.slot in one.slots & other.slots
        assert 0 <= talk.place < day.places
        assert other.key not in one.refuses and one.key not in other.refuses
        assert one.organisation != other.organisation
    for key, somebody in people.items():
        assert sum(key in talk.pair for talk in found.talks) <= somebody.most
    assert found.value <= found.bound
    asked = {(one.key, other) for one in day.people for other in one.asks | one.must if other != one.key}
    met = {pair for talk in found.talks for pair in ((talk.one, talk.other), (talk.other, talk.one))}
    assert {(unmet.one, unmet.other) for unmet in found.unmet} == asked - met


def test_what_must_be_goes_before_what_many_ask_for() -> None:
    day = Day([person(1, slots=frozenset({0})), person(2, 1), person(3, must=frozenset({1})), person(4, 1)], 1)
    found = arrange(day, 2)
    assert [talk.pair for talk in found.talks] == [(1, 3)]
    assert found.proven


def test_why_a_wish_was_not_met_is_said() -> None:
    people = [person(1, 2, 3, 4, 5, 99, slots=frozenset({0})), person(2, refuses=frozenset({1})),
              person(3, organisation=1), person(4, slots=frozenset({2})), person(5), person(6, 1, must=frozenset({1}))]
    found = arrange(Day(people, 3), 2)
    assert found.unmet == (
        Unmet(1, 2, False, WhyNot.REFUSED), Unmet(1, 3, False, WhyNot.OWN_ORGANISATION),
        Unmet(1, 4, False, WhyNot.NO_COMMON_TIME), Unmet(1, 5, False, WhyNot.FULL),
        Unmet(1, 99, False, WhyNot.NOT_HERE),
    )


def test_what_is_agreed_stands_and_the_rest_is_arranged_around_it() -> None:
    agreed = Talk(1, 0, 1, 2)
    found = arrange(Day([person(1, 3), person(2, 3), person(3)], 2, agreed=[agreed]), 2)
    assert agreed in found.talks
    assert len(found.talks) == 3
    assert not double_booked(found.talks)


def test_two_talks_agreed_at_one_time_are_refused() -> None:
    people = [person(1), person(2), person(3)]
    for agreed in ([Talk(0, 0, 1, 2), Talk(0, 1, 1, 3)], [Talk(0, 0, 1, 2), Talk(1, 0, 1, 2)], [Talk(0, 5, 1, 2)],
                   [Talk(0, 0, 1, 9)]):
        with pytest.raises(ValueError, match=r"agreed|place"):
            arrange(Day(people, 2, agreed=agreed), 1)


def test_good_counterparts_meet_without_asking_when_the_day_suggests() -> None:
    people, pairs = [person(1), person(2), person(3)], {(1, 2): Pair(80.0), (1, 3): Pair(40.0)}
    assert arrange(Day(people, 2, pairs), 1).talks == ()
    assert [talk.pair for talk in arrange(Day(people, 2, pairs, suggests=True), 1).talks] == [(1, 2)]


def test_nobody_and_no_wishes_give_an_empty_day() -> None:
    assert arrange(Day([], 3), 1).talks == ()
    assert arrange(Day([person(1), person(2)], 3), 1).value == 0
