"""Surveys as people meet them in the browser."""

import re

import pytest
from asked_people import a_survey, let_in, says, someone
from conftest import a_person, attached
from sqlalchemy import select

from marketplace.db import session, transaction
from marketplace.listings.models import Listing
from marketplace.surveys import asking, service
from marketplace.surveys.models import Answer, State, Survey, SurveyOf
from marketplace.surveys.wishes import wishes


@pytest.fixture
def before_event(erin, alice, charlie):
    survey = a_survey(erin)
    let_in(survey, alice, charlie)
    return survey


def test_person_answers_changes_and_makes_a_draft(signed_in, before_event, alice, company):
    browser, page = signed_in(alice), before_event.url
    form = browser.get(page).text
    assert "What do you need" in form and "company" in form.lower()
    sent = {"number": 1, "a-need": "A pump that runs dry. Soon.", "a-meet-picked": [company.id]}
    answer = browser.post(page, data=sent)
    assert answer.location == f"{page}/answer"
    assert "A pump that runs dry" in browser.get(answer.location).text
    made = browser.post(f"{page}/drafts/need")
    listing = session.scalars(select(Listing)).one()
    assert made.location == f"/listings/{listing.ref}/edit" and listing.title == "A pump that runs dry"
    assert f"Open {listing.ref}" in browser.get(f"{page}/answer").text
    again = browser.get(page).text
    assert "A pump that runs dry. Soon." in again and re.search(rf'value="{company.id}" checked', again)
    browser.post(page, data={"number": 1, "a-need": "A valve.", "a-meet": ""})
    assert wishes(before_event.id)[alice.id].needs == "A valve." and not wishes(before_event.id)[alice.id].meet


def test_what_was_written_comes_back_with_what_is_wrong(signed_in, before_event, alice, company):
    sent = {"number": 1, "a-need": "My long text", "a-meet-picked": [company.id], "a-avoid": "Nobody Ltd\nNor he"}
    answer = signed_in(alice).post(before_event.url, data=sent)
    assert answer.status_code == 422
    assert "My long text" in answer.text and "Nobody Ltd\nNor he" in answer.text
    assert re.search(rf'value="{company.id}" checked', answer.text)
    assert "No verified organisation is called “Nobody Ltd”" in answer.text
    assert session.scalar(select(Answer)) is None


def test_a_late_answer_says_so_and_keeps_what_was_there(signed_in, erin, before_event, alice):
    says(alice, before_event, need="A pump.")
    service.set_state(erin, before_event, State.CLOSED)
    answer = signed_in(alice).post(before_event.url, data={"number": 1, "a-need": "A valve."})
    assert answer.status_code == 409 and "takes no answers any more" in answer.text
    assert wishes(before_event.id)[alice.id].needs == "A pump."


def test_who_was_not_asked_finds_nothing(signed_in, client, before_event, bob, dana):
    for person in (bob, dana):
        for path in (before_event.url, f"{before_event.url}/answer", f"{before_event.url}/figures"):
            assert signed_in(person).get(path).status_code == 404
        assert signed_in(person).post(f"{before_event.url}/drafts/need").status_code == 404
    assert client.get(before_event.url).location.startswith("/sign-in")
    assert client.get(f"{before_event.url}/figures").status_code == 404


def test_who_is_of_no_verified_organisation_is_not_shown_who_takes_part(signed_in, erin, before_event, company):
    visitor = a_person("visitor@nowhere.example")
    let_in(before_event, visitor)
    assert "a-meet-picked" not in signed_in(visitor).get(before_event.url).text


def test_operator_makes_a_survey_and_asks_members(signed_in, erin, alice, charlie):
    browser = signed_in(erin)
    made = browser.post("/operator/surveys/new", data={
        "kind": "members", "title_zh": "年度调查", "title_en": "Yearly", "closes": "2099-12-31", "smallest": "5"})
    survey = session.scalars(select(Survey)).one()
    here = f"/operator/surveys/{survey.id}"
    assert made.location == f"{here}/edit" and survey.closes_at.isoformat() == "2099-12-31T16:00:00+00:00"
    rows = {"questions.0.key": "staff", "questions.0.zh": "人数", "questions.0.en": "Staff",
            "questions.0.type": "number", "questions.4.zh": "意见", "questions.4.type": "long_text"}
    saved = {"title_zh": "年度调查", "closes": "2099-12-30", "smallest": "5", "version": survey.version, **rows}
    assert browser.post(f"{here}/edit", data=saved).location == here
    assert [(q.key, q.label.en) for q in service.questions_of(survey)] == [("staff", "Staff"), ("q1", "意见")]
    browser.post(f"{here}/state", data={"state": "open"})
    look = browser.get(f"{here}/ask?look=1&kinds=institute").text
    assert "1 person would be asked" in look and 'type="hidden" name="kinds" value="institute"' in look
    browser.post(f"{here}/ask", data={"kinds": "institute"})
    page = browser.get(here).text
    assert "Alice" in page and "Charlie" not in page and "Note a call" in page
    assert "Waits for your answer" in signed_in(alice).get("/surveys").text


def test_editor_gets_back_what_was_wrong_in_its_row(signed_in, erin):
    survey = a_survey(erin, SurveyOf.MEMBERS, State.DRAFT)
    answer = signed_in(erin).post(f"/operator/surveys/{survey.id}/edit", data={
        "title_zh": "年度调查", "smallest": "5", "version": survey.version, "questions.2.zh": "选哪个",
        "questions.2.type": "choice", "questions.2.choices": "只有一个"})
    assert answer.status_code == 422 and "选哪个" in answer.text and "只有一个" in answer.text
    assert 'id="e-questions.0.choices"' in answer.text and "at least two choices" in answer.text


def test_operator_notes_a_call_once(signed_in, erin, before_event, alice):
    with transaction():
        alice.phone = "+86 755 1234 5678"
    row = asking.of(alice, before_event)
    browser, page = signed_in(erin), f"/operator/surveys/{before_event.id}/people/{row.id}"
    assert "+86 755 1234 5678" in browser.get(page).text
    for _ in range(2):
        sent = browser.post(page, data={"number": "1", "reached": "yes", "note": "Writes tonight."})
        assert sent.location == f"/operator/surveys/{before_event.id}"
    page_of_all = browser.get(sent.location).text
    assert page_of_all.count("Writes tonight.") == 1 and "Reached by Erin" in page_of_all
    assert browser.post(page, data={"number": "2"}).status_code == 422


def test_people_who_do_not_run_surveys_find_none_of_their_pages(signed_in, before_event, alice, dana):
    row = asking.of(alice, before_event)
    for person in (alice, dana):
        browser = signed_in(person)
        for path in ("", f"/{before_event.id}", f"/{before_event.id}/edit", f"/{before_event.id}/ask",
                     f"/{before_event.id}/people/{row.id}", "/new"):
            assert browser.get(f"/operator/surveys{path}").status_code in (403, 404), path
        for path in ("state", "publish"):
            sent = browser.post(f"/operator/surveys/{before_event.id}/{path}", data={"state": "closed"})
            assert sent.status_code == 404


def test_published_figures_are_for_everybody(signed_in, client, erin):
    survey = a_survey(erin, SurveyOf.MEMBERS, title_en="How it goes")
    people = [someone(f"member{number}") for number in range(6)]
    let_in(survey, *people)
    for number, person in enumerate(people):
        says(person, survey, staff=number * 10, hindrance="2", wish="My secret")
    browser = signed_in(erin)
    assert "My secret" in browser.get(f"{survey.url}/figures").text
    assert "My secret" not in browser.get(f"{survey.url}/figures?as=public").text
    assert "How it goes" not in client.get("/surveys").text
    assert browser.post(f"/operator/surveys/{survey.id}/publish", data={"on": "1"}).status_code == 409
    browser.post(f"/operator/surveys/{survey.id}/state", data={"state": "closed"})
    browser.post(f"/operator/surveys/{survey.id}/publish", data={"on": "1"})
    page = client.get(f"{survey.url}/figures").text
    assert "6 people of 6 organisations answered." in page and "Most often: Money" in page
    assert "My secret" not in page and "Member0" not in page
    assert "How it goes" in client.get("/surveys").text


def test_list_of_who_is_missing_takes_as_many_queries_for_thirty_as_for_three(signed_in, erin, count_queries):
    survey = a_survey(erin)
    browser, page = signed_in(erin), f"/operator/surveys/{survey.id}?show=everybody"

    def asked(count, start):
        people = [someone(f"p{start + number}") for number in range(count)]
        let_in(survey, *people)
        asking.call(erin, survey, asking.of(people[0], survey).id, number=1, reached=True, note=None)
        says(people[-1], survey, need="A pump.")
        with count_queries() as counted:
            browser.get(page)
        return counted.count

    few = asked(3, 0)
    assert asked(27, 3) <= few


def test_lists_of_surveys_take_as_many_queries_for_many_as_for_few(signed_in, erin, alice, count_queries):
    def counted(browser, page):
        with count_queries() as asked:
            browser.get(page)
        return asked.count

    pages = [(signed_in(erin), "/operator/surveys"), (signed_in(alice), "/surveys")]
    let_in(a_survey(attached(erin)), attached(alice))
    few = [counted(*one) for one in pages]
    for _ in range(8):
        let_in(a_survey(attached(erin)), attached(alice))
    assert [counted(*one) for one in pages] == few
