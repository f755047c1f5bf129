"""Who answers a survey, what is kept of it, and what comes of answering twice."""

from datetime import timedelta

import pytest
from asked_people import a_survey, let_in, says
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from marketplace import clock
from marketplace.db import session
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.listings.models import Kind, Listing, State
from marketplace.phrases import Label
from marketplace.surveys import answering, asking, drafting, questions, service
from marketplace.surveys.models import Answer, Role
from marketplace.surveys.models import State as SurveyState
from marketplace.surveys.questions import Question, Type
from marketplace.surveys.wishes import Wishes, wishes


@pytest.fixture
def before_event(erin, alice, charlie):
    survey = a_survey(erin)
    let_in(survey, alice, charlie)
    return survey


def answers(survey):
    return session.scalar(select(func.count()).select_from(Answer).where(Answer.survey_id == survey.id))


def test_what_is_answered_becomes_wishes(before_event, alice, institute, company):
    says(alice, before_event, need="Somebody who coats needles.", offer="An electrolyte.", meet="company")
    assert wishes(before_event.id) == {alice.id: Wishes(
        "Somebody who coats needles.", "An electrolyte.", frozenset({company.id}), frozenset())}


def test_answering_twice_changes_the_answer(before_event, alice, company):
    first = says(alice, before_event, need="A pump.", avoid="company")
    again = says(alice, before_event, need="A valve.")
    assert (first.id, answers(before_event)) == (again.id, 1)
    assert wishes(before_event.id)[alice.id] == Wishes("A valve.")


def test_an_answer_from_another_tab_that_knew_of_none_changes_the_same_row(before_event, alice, monkeypatch):
    says(alice, before_event, need="A pump.")
    monkeypatch.setattr(answering, "of", lambda *_: None)
    says(alice, before_event, need="A valve.")
    assert answers(before_event) == 1


def test_who_was_not_asked_does_not_answer(before_event, bob, dana, erin):
    for person in (bob, dana, erin):
        with pytest.raises(NotFound):
            says(person, before_event, need="A pump.")
        with pytest.raises(NotFound):
            answering.get(person, before_event.id)


def test_who_gave_their_place_back_answers_no_more(before_event, alice, charlie):
    asking.keep(before_event, {charlie.id: None})
    with pytest.raises(NotFound):
        says(alice, before_event, need="A pump.")


@pytest.mark.parametrize("end", ["closed", "over"])
def test_a_survey_that_has_ended_takes_no_answers(before_event, erin, alice, monkeypatch, end):
    if end == "closed":
        service.set_state(erin, before_event, SurveyState.CLOSED)
    else:
        later = clock.now() + timedelta(days=8)
        monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(Conflict, match="takes no answers"):
        says(alice, before_event, need="A pump.")


def test_an_unknown_organisation_is_named(before_event, alice):
    with pytest.raises(Invalid) as wrong:
        says(alice, before_event, meet="company\nNobody Ltd")
    assert "“Nobody Ltd”" in wrong.value.fields["meet"]


def test_nobody_is_met_and_avoided_at_once(before_event, alice, company):
    with pytest.raises(Invalid) as wrong:
        says(alice, before_event, meet="company", avoid=[str(company.id)])
    said = wrong.value.fields["avoid"]
    assert "You want to meet" in said and said.values["organisation"] == company


def test_ones_own_organisation_is_not_avoided(before_event, alice):
    with pytest.raises(Invalid) as wrong:
        says(alice, before_event, avoid="institute")
    assert "your own organisation" in wrong.value.fields["avoid"]


def test_an_answer_that_is_too_long_says_by_how_much(before_event, alice):
    with pytest.raises(Invalid) as wrong:
        says(alice, before_event, need="x" * 5_001)
    assert "5000" in wrong.value.fields["need"] and "5001" in wrong.value.fields["need"]


ASKED = (
    Question("count", Label("数", "Count"), Type.NUMBER, required=True),
    Question("one", Label("单", "One"), Type.CHOICE, choices=(Label("甲", "A"), Label("乙", "B"))),
    Question("some", Label("多", "Some"), Type.SEVERAL, choices=(Label("甲", "A"), Label("乙", "B"))),
    Question("line", Label("行", "Line"), Type.TEXT),
)


@pytest.mark.parametrize(("written", "kept"), [
    ("12", 12), ("1,200", 1200), ("０．５", 0.5), ("-3", -3), (" 7 ", 7), ("1e3", 1000),
])
def test_numbers_are_read_as_people_write_them(alice, written, kept):
    assert answering.checked(alice, ASKED, {"count": [written]}) == {"count": kept}


@pytest.mark.parametrize("written", ["many", "1,20", "nan", "inf", "1e400", "1" * 400, "--1", "½x"])
def test_what_is_no_number_is_named(alice, written):
    with pytest.raises(Invalid) as wrong:
        answering.checked(alice, ASKED, {"count": [written]})
    assert set(wrong.value.fields) == {"count"} and "“" in wrong.value.fields["count"]


def test_what_is_needed_and_what_is_no_choice_is_said_by_field(alice):
    with pytest.raises(Invalid) as wrong:
        answering.checked(alice, ASKED, {"one": ["3"], "some": ["1", "x"]})
    assert set(wrong.value.fields) == {"count", "one", "some"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.dictionaries(st.sampled_from(["count", "one", "some", "line", "unknown"]),
                            st.lists(st.text(max_size=30), max_size=4)))
def test_whatever_is_sent_is_kept_or_refused(alice, sent):
    try:
        content = answering.checked(alice, ASKED, sent)
    except Invalid as wrong:
        assert set(wrong.fields) <= {"count", "one", "some", "line"}
    else:
        assert set(content) <= {"count", "one", "some", "line"} and "count" in content


def test_answers_keep_the_questions_they_were_given_to(before_event, erin, alice, charlie):
    says(alice, before_event, need="A pump.")
    content = {name: getattr(before_event, name) for name in service.FIELDS}
    new = (Question("wanted", Label("要什么", "What do you want?"), Type.LONG_TEXT, Role.NEED),)
    service.change(erin, before_event, content, new, before_event.version)
    says(charlie, before_event, wanted="A valve.")
    assert before_event.number == 2
    assert [q.key for q in service.questions_of(before_event, 1)] == ["need", "offer", "meet", "avoid"]
    assert {person: one.needs for person, one in wishes(before_event.id).items()} == {
        alice.id: "A pump.", charlie.id: "A valve."}


def test_questions_nobody_has_seen_are_changed_in_place(erin):
    survey = a_survey(erin, state=SurveyState.DRAFT)
    content = {name: getattr(survey, name) for name in service.FIELDS}
    service.change(erin, survey, content, ASKED, survey.version)
    assert survey.number == 1 and service.questions_of(survey) == ASKED


def test_an_answer_is_read_as_the_questions_stood_when_its_form_was_opened(before_event, erin, alice):
    """Nobody has answered yet, but somebody has the form before them."""
    content = {name: getattr(before_event, name) for name in service.FIELDS}
    opened = before_event.number
    kinds = Question("need", Label("找什么", "What do you look for?"), Type.CHOICE,
                     choices=(Label("资金", "Money"), Label("人才", "People")))
    service.change(erin, before_event, content, [kinds], before_event.version)
    given = answering.answer(alice, before_event, {"need": ["A pump."]}, opened)
    assert (given.content, given.number) == ({"need": "A pump."}, opened)


def test_a_survey_somebody_else_has_changed_is_not_overwritten(before_event, erin):
    content = {name: getattr(before_event, name) for name in service.FIELDS}
    service.change(erin, before_event, {**content, "title_en": "Theirs"}, ASKED, before_event.version)
    with pytest.raises(Conflict, match="still here"):
        service.change(erin, before_event, {**content, "title_en": "Mine"}, ASKED, 1)


def test_questions_as_data_survive_the_database_and_the_editor():
    assert questions.read(questions.kept(questions.YEARLY)) == questions.YEARLY
    assert questions.written(questions.rows(questions.YEARLY)) == questions.YEARLY


def test_an_editor_hears_what_is_wrong_by_row():
    rows = [{"key": "a", "zh": "问", "type": "choice", "choices": "甲"}, {"zh": "问", "type": "text", "role": "meet"},
            {"zh": "x" * 301, "type": "text"}, {"zh": "", "en": ""}]
    with pytest.raises(Invalid) as wrong:
        questions.written(rows)
    assert set(wrong.value.fields) == {"questions.0.choices", "questions.1.role", "questions.2.zh"}
    for nothing in ([], [{"zh": ""}]):
        with pytest.raises(Invalid, match="at least one question"):
            questions.written(nothing)
    with pytest.raises(Invalid, match="Two questions ask"):
        questions.written([{"zh": "甲", "type": "text", "role": "need"}, {"zh": "乙", "type": "text", "role": "need"}])


def test_one_click_makes_one_draft(before_event, alice):
    text = "A membrane that does not clog in salt water. We lose two hours a day."
    says(alice, before_event, need=text, offer="电解液。不燃。")
    need = drafting.draft(alice, before_event, Role.NEED)
    assert (need.kind, need.state, need.organisation.slug) == (Kind.NEED, State.DRAFT, "institute")
    assert need.title == "A membrane that does not clog in salt water"
    assert (need.summary, need.details["situation"]) == (text, text)
    assert drafting.draft(alice, before_event, Role.NEED).id == need.id
    offer = drafting.draft(alice, before_event, Role.OFFER)
    assert (offer.kind, offer.title, offer.details["how_it_works"]) == (Kind.RESULT, "电解液", "电解液。不燃。")
    assert session.scalar(select(func.count()).select_from(Listing)) == 2
    assert wishes(before_event.id)[alice.id].listing_ids == (need.id, offer.id)


def test_a_long_answer_gives_a_short_title():
    title = drafting.title_of("word " * 40)
    assert len(title) <= 61 and title.endswith("word…")
    assert drafting.title_of("字" * 80) == "字" * 60 + "…"


def test_no_draft_is_made_of_what_was_not_answered(before_event, alice, charlie):
    says(alice, before_event, need="A pump.")
    for person, role in ((alice, Role.OFFER), (alice, Role.MEET), (charlie, Role.NEED)):
        with pytest.raises(NotFound):
            drafting.draft(person, before_event, role)


def test_who_may_not_write_for_an_organisation_makes_no_draft(erin, dana):
    survey = a_survey(erin)
    let_in(survey, dana)
    says(dana, survey, need="A pump.")
    with pytest.raises(Forbidden, match="writes for your organisation"):
        drafting.draft(dana, survey, Role.NEED)
