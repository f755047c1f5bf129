"""The answers to a survey, to take away."""

import csv
import io
import zipfile

import pytest
from asked_people import a_survey, let_in, says, someone
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from marketplace.audit import AuditEntry
from marketplace.db import session
from marketplace.surveys import collecting, questions, service
from marketplace.surveys.models import SurveyOf
from marketplace.surveys.questions import Question


@pytest.fixture
def yearly(erin, alice, charlie):
    survey = a_survey(erin, SurveyOf.MEMBERS)
    let_in(survey, alice, charlie)
    says(alice, survey, staff=12, hindrance="2", wanted=["1", "3"], wish="=HYPERLINK(\"http://e.example\")")
    return survey


def as_csv(answer):
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


def as_excel(answer):
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    return book.get_sheet_by_index(0).to_python()


def test_operator_takes_the_answers_away_as_csv_and_excel(signed_in, erin, yearly, alice):
    browser, page = signed_in(erin), f"/operator/surveys/{yearly.id}"
    assert f"{page}/answers.xlsx" in browser.get(page).text
    answer = browser.get(f"{page}/answers.csv")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=yinqiao-survey-{yearly.id}.csv"
    titles, row = as_csv(answer)
    told = dict(zip(titles, row, strict=True))
    assert told["Who answered"] == "Alice" and told["E-mail address"] == alice.email
    assert told["Organisation"] == "Institute" and told["How many people work for you?"] == "12"
    assert told["What hinders technology transfer most?"] == "Money"
    assert told["Which events should there be more of?"] == "Science meets company\nRoad-shows"
    with browser.get(f"{page}/answers.xlsx") as answer:
        assert answer.mimetype.endswith("spreadsheetml.sheet")
        titles, row = as_excel(answer)
    assert dict(zip(titles, row, strict=True))["How many people work for you?"] == 12


def test_texts_are_never_formulas(signed_in, erin, yearly):
    browser, page = signed_in(erin), f"/operator/surveys/{yearly.id}"
    [_, row] = as_csv(browser.get(f"{page}/answers.csv"))
    assert row[-1] == "'=HYPERLINK(\"http://e.example\")"
    with browser.get(f"{page}/answers.xlsx") as answer:
        content = answer.get_data()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "HYPERLINK" in sheet


def test_headings_and_choices_come_in_the_readers_language(signed_in, erin, yearly):
    titles, row = as_csv(signed_in(erin).get(f"/operator/surveys/{yearly.id}/answers.csv?lang=zh"))
    assert titles[0] == "填写人" and "资金" in row


def test_what_was_asked_before_keeps_its_column_and_whom_they_want_to_meet_its_name(signed_in, erin, alice, charlie,
                                                                                    company):
    survey = a_survey(erin)
    let_in(survey, alice, charlie)
    says(alice, survey, need="A pump.", meet=[company.slug])
    offer = questions.BEFORE_EVENT[1]
    service.change(erin, survey, {"title_zh": "会前问卷"}, [Question("q9", offer.label, offer.type)], None)
    titles, row = as_csv(signed_in(erin).get(f"/operator/surveys/{survey.id}/answers.csv"))
    assert titles[5] == offer.label.en and row[5] == ""
    told = dict(zip(titles[6:], row[6:], strict=True))
    assert told["Whom do you want to meet?"] == "Company"


def test_taking_them_away_is_recorded(signed_in, erin, yearly):
    signed_in(erin).get(f"/operator/surveys/{yearly.id}/answers.csv")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "questionnaire.exported")).one()
    assert (entry.actor_id, entry.subject_id) == (erin.id, yearly.id)


def test_nobody_else_takes_them_away(signed_in, client, yearly, alice, dana):
    for format in ("csv", "xlsx"):
        page = f"/operator/surveys/{yearly.id}/answers.{format}"
        for person in (alice, dana):
            assert signed_in(person).get(page).status_code == 404
        assert client.get(page).location.startswith("/sign-in")
    assert session.scalar(select(AuditEntry).where(AuditEntry.action == "questionnaire.exported")) is None


def test_thousands_of_answers_are_read_some_at_a_time(erin, yearly, monkeypatch, count_queries):
    monkeypatch.setattr(collecting, "AT_ONCE", 5)
    people = [someone(f"member{number}") for number in range(12)]
    let_in(yearly, *people)
    for person in people:
        says(person, yearly, staff=1)
    with count_queries() as asked:
        assert len(list(collecting.rows(erin, yearly, "en"))) == 13
    assert asked.count <= 3
