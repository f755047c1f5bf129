"""What is told of answers, to those who run the survey and to everybody."""

from datetime import timedelta

import pytest
from asked_people import a_survey, let_in, says, someone
from hypothesis import given
from hypothesis import strategies as st

from marketplace import clock
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.phrases import Label
from marketplace.surveys import figures, service
from marketplace.surveys.figures import OTHERS, One
from marketplace.surveys.models import State, SurveyOf
from marketplace.surveys.questions import Question, Type

CHOICES = (Label("甲", "A"), Label("乙", "B"), Label("丙", "C"))
CHOICE = Question("c", Label("选", "Choose"), Type.CHOICE, choices=CHOICES)
NUMBER = Question("n", Label("数", "Number"), Type.NUMBER)


@pytest.fixture
def yearly(erin):
    """Seven companies have answered: five want money, two want people, and each has written something."""
    survey = a_survey(erin, SurveyOf.MEMBERS)
    people = [someone(f"member{number}") for number in range(7)]
    let_in(survey, *people)
    for number, person in enumerate(people):
        says(person, survey, staff=10 * (number + 1), hindrance="2" if number < 5 else "4",
             wanted=["1", "3"] if number < 6 else ["1"], wish=f"Secret of {number}")
    return survey


def publish(operator, survey):
    service.set_state(operator, survey, State.CLOSED)
    service.publish(operator, survey, True)


def bars(found, key):
    return {bar.label.en: bar.count for one in found.questions if one.question.key == key for bar in one.bars}


def test_operators_see_everything_and_words_with_names(yearly, erin):
    found = figures.figures(erin, yearly)
    assert (found.asked, found.answered, found.organisations) == (7, 7, 7)
    assert bars(found, "hindrance") == {"Money": 5, "People": 2}
    wish = next(one for one in found.questions if one.question.key == "wish")
    assert {said.text for said in wish.texts} == {f"Secret of {number}" for number in range(7)}


def test_nobody_else_sees_figures_before_they_are_published(yearly, alice):
    for reader in (None, alice):
        assert figures.figures(reader, yearly) is None
        with pytest.raises(NotFound):
            service.with_figures(reader, yearly.id)


def test_everybody_sees_no_words_no_names_and_no_small_groups(yearly, erin):
    publish(erin, yearly)
    found = figures.figures(None, yearly)
    assert [one.question.type for one in found.questions] == [Type.NUMBER, Type.NUMBER, Type.CHOICE, Type.SEVERAL,
                                                              Type.CHOICE]
    assert all(not one.texts for one in found.questions)
    # The two that want people could be had by subtracting the five: both go together.
    assert bars(found, "hindrance") == {"The others together": 7}
    # Six of seven chose it: the seventh would be known, so it is not told.
    assert bars(found, "wanted") == {"Science meets company": 7}
    assert sum(bars(found, "staff").values()) == 7 and len(bars(found, "staff")) == 1
    assert found == figures.figures(erin, yearly, as_public=True)
    service.publish(erin, yearly, False)
    assert figures.figures(None, yearly) is None


def test_figures_are_not_public_while_each_answer_could_be_seen_to_change_them(yearly, erin):
    with pytest.raises(Conflict, match="Close the survey first"):
        service.publish(erin, yearly, True)
    publish(erin, yearly)
    service.set_state(erin, yearly, State.OPEN)
    assert figures.figures(None, yearly) is None


def test_figures_are_not_public_once_the_last_day_of_a_survey_is_put_off(yearly, erin, monkeypatch):
    content = {name: getattr(yearly, name) for name in service.FIELDS}
    over = yearly.closes_at
    monkeypatch.setattr(clock, "now", lambda: over)
    service.publish(erin, yearly, True)
    assert figures.figures(None, yearly).answered == 7
    later = {**content, "closes_at": over + timedelta(days=7)}
    service.change(erin, yearly, later, service.questions_of(yearly), yearly.version)
    assert figures.figures(None, yearly) is None


def test_too_few_answers_are_not_told_at_all(erin):
    survey = a_survey(erin, SurveyOf.MEMBERS)
    people = [someone(f"member{number}") for number in range(4)]
    let_in(survey, *people)
    for person in people:
        says(person, survey, staff=5)
    publish(erin, survey)
    found = figures.figures(None, survey)
    assert (found.asked, found.answered, found.questions) == (None, None, ())
    assert figures.figures(erin, survey).answered == 4


def test_colleagues_are_one_group_member_not_five(erin, institute):
    survey = a_survey(erin, SurveyOf.MEMBERS)
    people = [someone(f"colleague{number}", institute) for number in range(6)]
    let_in(survey, *people)
    for person in people:
        says(person, survey, hindrance="2")
    publish(erin, survey)
    assert figures.figures(None, survey).answered is None


def test_a_group_can_be_larger_but_not_smaller_than_three(erin):
    assert a_survey(erin, smallest=8).smallest == 8
    with pytest.raises(Invalid, match="could be recognised"):
        a_survey(erin, smallest=2)


def test_whom_people_avoid_is_counted_and_not_named(erin, alice, charlie, company):
    survey = a_survey(erin)
    let_in(survey, alice)
    says(alice, survey, avoid="company")
    avoid = next(one for one in figures.figures(erin, survey).questions if one.question.key == "avoid")
    assert (avoid.answers, list(avoid.bars)) == (1, [])


def test_choices_of_an_older_version_are_counted_by_their_words(erin, alice, charlie):
    survey = a_survey(erin, SurveyOf.MEMBERS)
    content = {name: getattr(survey, name) for name in service.FIELDS}
    service.change(erin, survey, content, [CHOICE], survey.version)
    let_in(survey, alice, charlie)
    says(alice, survey, c="1")
    turned = Question("c", Label("选", "Choose"), Type.CHOICE, choices=tuple(reversed(CHOICES)))
    service.change(erin, survey, content, [turned], survey.version)
    says(charlie, survey, c="1")
    assert bars(figures.figures(erin, survey), "c") == {"A": 1, "C": 1}


def ones(values):
    return [One(("organisation", number), value, None) for number, value in enumerate(values)]  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(CHOICES), min_size=5, max_size=40))
def test_no_part_of_a_choice_is_small_and_none_can_be_had_by_subtracting(values):
    found = figures._of_choice(CHOICE, ones(values), 5)
    assert sum(bar.count for bar in found.bars) == len(values) and all(bar.count >= 5 for bar in found.bars)
    for bar in found.bars:
        assert bar.label is OTHERS or bar.count == values.count(bar.label)


@given(st.lists(st.integers(-10**6, 10**6), min_size=5, max_size=60))
def test_every_band_of_numbers_holds_enough(values):
    found = figures._of_number(NUMBER, ones(values), 5)
    assert sum(bar.count for bar in found.bars) == len(values) and all(bar.count >= 5 for bar in found.bars)


def test_figures_take_as_many_queries_for_many_as_for_few(yearly, erin, count_queries):
    with count_queries() as few:
        figures.figures(erin, yearly)
    more = [someone(f"late{number}") for number in range(6)]
    let_in(yearly, *more)
    for person in more:
        says(person, yearly, staff=3, wish="More.")
    with count_queries() as many:
        figures.figures(erin, yearly)
    assert many.count <= few.count


def test_bands_outside_end_at_round_numbers_and_not_at_somebodys_own():
    values = [38, 45, 140, 180, 210, 310, 380, 420, 520, 960, 1900, 2600, 3400, 5200]
    told = [str(bar.label) for bar in figures._of_number(NUMBER, ones(values), 3).bars]
    assert told == ["under 160", "160 to under 340", "340 to under 700", "700 and more"]
    assert str(figures._of_number(NUMBER, ones(values), 1).bars[0].label) == "38–140"


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_what_parts_two_bands_lies_between_them(one, other):
    low, high = sorted((one, other))
    assert low == high or low < figures._between(low, high) <= high
