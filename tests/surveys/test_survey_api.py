"""Surveys over the API."""

import pytest
from asked_people import a_survey, let_in, says, someone
from sqlalchemy import select

from marketplace.db import session
from marketplace.surveys import asking, questions, service
from marketplace.surveys.models import Answer, State, Survey, SurveyOf
from marketplace.surveys.questions import Question
from marketplace.surveys.wishes import wishes


@pytest.fixture
def polled(erin, alice, charlie):
    survey = a_survey(erin)
    let_in(survey, alice, charlie)
    return survey


@pytest.fixture
def here(polled):
    return f"/api/v1/surveys/{polled.id}"


def test_program_reads_the_questions_and_answers_them_twice(program, polled, here, alice, company):
    api = program(alice)
    [mine] = api.get("/api/v1/surveys").json["items"]
    assert (mine["id"], mine["takes_answers"], mine["answered_at"]) == (polled.id, True, None)
    asks = api.get(here)
    assert [(one["key"], one["type"], one["role"]) for one in asks.json["questions"]][:3] == [
        ("need", "long_text", "need"), ("offer", "long_text", "offer"), ("meet", "organisations", "meet")]
    assert api.get(here, headers={"If-None-Match": asks.headers["ETag"]}).status_code == 304
    assert api.get(f"{here}/answer").status_code == 404
    given = {"need": "A pump.", "meet": [company.slug]}
    first = api.put(f"{here}/answer", json={"number": asks.json["number"], "answers": given})
    assert first.status_code == 200 and first.json["answers"] == given
    assert first.json["organisation"]["slug"] == "institute"
    seen = api.get(f"{here}/answer")
    assert seen.json["answers"] == given
    assert api.get(f"{here}/answer", headers={"If-None-Match": seen.headers["ETag"]}).status_code == 304
    assert api.put(f"{here}/answer", json={"answers": {"need": "A valve."}}).json["answers"] == {"need": "A valve."}
    assert wishes(polled.id)[alice.id].needs == "A valve."
    assert api.get("/api/v1/surveys").json["items"][0]["answered_at"]


def test_what_is_wrong_is_said_by_question_with_value_and_remedy_in_both_languages(program, polled, here, alice):
    sent = {"answers": {"need": 7, "meet": "company", "avoid": ["Nobody Ltd"], "colour": "red"}}
    fields = program(alice).put(f"{here}/answer", json=sent).json["fields"]
    assert fields["answers.need"] == "“7” does not answer this question: send a text."
    assert "a list of organisations" in fields["answers.meet"]
    assert fields["answers.colour"].startswith("This survey has no question “colour”. It has: need, offer")
    fields = program(alice).put(f"{here}/answer?lang=zh", json=sent).json["fields"]
    assert fields["answers.need"] == "“7”不是这一题可以接受的答案：请提交一段文字。"
    sent = {"answers": {"avoid": ["Nobody Ltd"]}}
    fields = program(alice).put(f"{here}/answer", json=sent).json["fields"]
    assert "“Nobody Ltd”" in fields["answers.avoid"]
    fields = program(alice).put(f"{here}/answer", json={"answers": {}, "number": 9}).json["fields"]
    assert fields == {"number": "“9” is none of the choices: 1."}
    assert program(alice).put(f"{here}/answer", json={"answers": ["A pump"]}).status_code == 422


def test_numbers_and_choices_keep_their_kinds(program, erin, alice):
    survey = a_survey(erin, SurveyOf.MEMBERS)
    let_in(survey, alice)
    api, here = program(alice), f"/api/v1/surveys/{survey.id}"
    given = {"staff": 12, "research": 0.5, "hindrance": "2", "wanted": ["1", "3"], "wish": "-"}
    assert api.put(f"{here}/answer", json={"answers": given}).json["answers"] == given
    wrong = api.put(f"{here}/answer", json={"answers": {"staff": True, "hindrance": "9", "wanted": ["x"]}}).json
    assert set(wrong["fields"]) == {"answers.staff"}
    wrong = api.put(f"{here}/answer", json={"answers": {"staff": "many", "hindrance": "9", "wanted": ["x"]}}).json
    assert set(wrong["fields"]) == {"answers.staff", "answers.hindrance", "answers.wanted"}
    assert "“9” is none of the choices" in wrong["fields"]["answers.hindrance"]


def test_answer_to_the_questions_somebody_has_read_stands_though_they_changed(program, erin, alice, charlie):
    survey = a_survey(erin, SurveyOf.MEMBERS)
    let_in(survey, alice, charlie)
    says(charlie, survey, staff=3)
    [staff, *_] = questions.YEARLY
    service.change(erin, survey, {"title_zh": "年度调查"}, [Question("q9", staff.label, staff.type)], None)
    api, here = program(alice), f"/api/v1/surveys/{survey.id}"
    assert [one["key"] for one in api.get(here).json["questions"]] == ["q9"]
    assert api.get(f"{here}?number=1").json["questions"][0]["key"] == "staff"
    assert api.get(f"{here}?number=3").status_code == 404
    assert api.put(f"{here}/answer", json={"number": 1, "answers": {"staff": 5}}).json["number"] == 1


def test_late_answers_are_refused_and_what_was_there_stays(program, erin, polled, here, alice):
    says(alice, polled, need="A pump.")
    service.set_state(erin, polled, State.CLOSED)
    api = program(alice)
    answer = api.put(f"{here}/answer", json={"answers": {"need": "A valve."}})
    assert answer.status_code == 409 and api.get(f"{here}/answer").json["answers"] == {"need": "A pump."}


def test_operator_reads_every_answer_and_who_is_missing(program, erin, polled, here, alice, charlie, company):
    says(alice, polled, need="A pump.", avoid=[company.slug])
    asking.call(erin, polled, asking.of(charlie, polled).id, number=1, reached=False, note="On holiday.")
    api = program(erin)
    [listed] = api.get("/api/v1/surveys/run").json["items"]
    assert (listed["asked"], listed["answered"]) == (2, 1)
    page = api.get(f"{here}/answers").json
    assert page["total"] == 1 and page["items"][0]["email"] == alice.email
    assert page["items"][0]["answers"] == {"need": "A pump.", "avoid": [company.slug]}
    missing = api.get(f"{here}/people").json
    assert missing["counts"] == {"missing": 1, "answered": 1, "everybody": 2} and missing["total"] == 1
    [one] = missing["items"]
    assert (one["name"], one["calls"], one["last_call"]["note"]) == ("Charlie", 1, "On holiday.")
    assert api.get(f"{here}/people?show=answered").json["items"][0]["answered_at"]
    assert api.get(f"{here}/people?show=nobody").status_code == 422


def test_who_is_not_asked_or_does_not_run_surveys_finds_nothing(program, polled, here, alice, bob, dana):
    for person in (bob, dana):
        api = program(person)
        for path in (here, f"{here}/answer", f"{here}/answers", f"{here}/people"):
            assert api.get(path).status_code == 404, path
        assert api.put(f"{here}/answer", json={"answers": {}}).status_code == 404
    for path in ("answers", "people"):
        assert program(alice).get(f"{here}/{path}").status_code == 404
    assert program(alice).get("/api/v1/surveys/run").status_code == 403
    assert program().get(here).status_code == 401


def test_pages_of_answers_take_as_many_queries_for_thirty_as_for_three(program, erin, here, count_queries, company):
    api = program(erin)

    def counted(start, count):
        for number in range(start, start + count):
            person = someone(f"p{number}")
            survey = session.get_one(Survey, int(here.rpartition("/")[2]))
            let_in(survey, person)
            says(person, survey, need="A pump.", meet=["company"])
        with count_queries() as asked:
            assert api.get(f"{here}/answers?size=50").json["total"] == start + count
            api.get(f"{here}/people?size=50&show=everybody")
        return asked.count

    few = counted(0, 3)
    assert counted(3, 27) <= few


def test_answers_are_one_a_person(program, polled, here, alice):
    for text in ("A pump.", "A valve."):
        program(alice).put(f"{here}/answer", json={"answers": {"need": text}})
    assert len(session.scalars(select(Answer).where(Answer.survey_id == polled.id)).all()) == 1
