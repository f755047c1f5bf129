"""What became of it: asked on the day, by mail, answered with one click that no program can make."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from contract_cases import at_work
from introductions.case_entries import entries
from sqlalchemy import func, select

from marketplace import clock, workdays
from marketplace.contracts import figures, surveys
from marketplace.contracts.models import Answer, Survey, SurveyKind
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import service
from marketplace.introductions.models import Side, Stage
from marketplace.messaging.models import OutgoingMail
from marketplace.organisations.models import Membership

pytest_plugins = ["introductions.case_cast", "contracts.contract_cases"]


def mails(to=None):
    every = select(OutgoingMail).where(OutgoingMail.body.contains("/survey/")).order_by(OutgoingMail.id)
    return [one for one in session.scalars(every) if to is None or one.to == to.email]


def path_in(mail, answer="in_use"):
    return re.search(rf"(/survey/\S+\?answer={answer})", mail.body)[1]


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=clock.PLACE)


@pytest.mark.parametrize(("day", "months", "then"), [
    (date(2026, 1, 15), 6, date(2026, 7, 15)), (date(2026, 8, 31), 6, date(2027, 2, 28)),
    (date(2027, 8, 31), 6, date(2028, 2, 29)), (date(2028, 2, 29), 12, date(2029, 2, 28)),
    (date(2026, 12, 31), 12, date(2027, 12, 31)), (date(2026, 7, 1), 6, date(2027, 1, 1)),
])
def test_calendar_months(day, months, then):
    assert surveys.later(day, months) == then


def test_both_sides_are_asked_six_calendar_months_after_work_began_and_not_a_day_before(performing, alice, charlie):
    due = surveys.later(clock.today(), 6)
    with clock.at(noon(due - timedelta(days=1))):
        assert surveys.run() == 0
    with clock.at(workdays.hour_from(noon(due))):
        assert (surveys.run(), surveys.run()) == (2, 0)
    assert {mail.to for mail in mails()} == {alice.email, charlie.email}
    kinds = session.scalars(select(Survey.kind)).all()
    assert kinds == [SurveyKind.SIX_MONTHS] * 2


def test_both_sides_are_asked_again_twelve_months_after_first_use(brought_to):
    brought_to(Stage.IMPLEMENTED)
    due = surveys.later(clock.today(), 12)
    with clock.at(noon(due - timedelta(days=1))):
        surveys.run()
        assert session.scalar(select(func.count(Survey.id)).where(Survey.kind == SurveyKind.TWELVE_MONTHS)) == 0
    with clock.at(workdays.hour_from(noon(due))):
        surveys.run()
        assert session.scalar(select(func.count(Survey.id)).where(Survey.kind == SurveyKind.TWELVE_MONTHS)) == 2


def test_a_case_that_was_completed_is_asked_and_one_that_ended_or_went_back_is_not(performing, dana):
    service.move(dana, performing, "close", reason="terminated", reason_code="budget")
    with clock.at(clock.now() + timedelta(days=200)):
        assert surveys.run() == 0
        service.move(dana, performing, "reopen", note="They went on.")
        service.move(dana, performing, "back", note="Not registered after all.")
        assert surveys.run() == 0
    with clock.at(clock.now() + timedelta(days=201)):
        service.move(dana, performing, "register", **entries("register"))
        service.move(dana, performing, "close", reason="completed")
        assert surveys.run() == 0
    with clock.at(at_work(400)):
        assert surveys.run() == 2


def test_silence_is_reminded_of_once_with_links_that_work(asked, performing, charlie, client):
    with clock.at(clock.now() + timedelta(days=13)):
        assert surveys.run() == 0
    with clock.at(at_work(14)):
        surveys.answer(charlie, next(s for s in asked if s.side is Side.NEED), {"answer": "in_use"}, version=None)
        assert (surveys.run(), surveys.run()) == (1, 0)
        assert all(mail.to.endswith("@institute.example") for mail in mails()[-1:])


def test_a_link_shows_a_page_and_only_its_button_answers(asked, charlie, client):
    path = path_in(mails(charlie)[0], "under_way")
    for method in ("GET", "HEAD", "GET"):
        assert client.open(path, method=method).status_code == 200
    assert session.scalar(select(func.count(Survey.answered_at))) == 0
    assert 'value="under_way" checked' in client.get(path).text
    answer = client.post(path.partition("?")[0], data={"answer": "under_way", "jobs": "3", "revenue": "120万"})
    assert answer.status_code == 200 and "Still under way" in answer.text
    survey = session.scalars(select(Survey).where(Survey.side == Side.NEED)).one()
    assert (survey.answer, survey.jobs, survey.revenue, survey.currency) == (Answer.UNDER_WAY, 3, 1_200_000, "CNY")
    assert survey.answered_by.email == "charlie@company.example"


def test_a_link_answers_once(asked, charlie, client):
    path = path_in(mails(charlie)[0])
    client.post(path, data={"answer": "in_use"})
    assert "On record: In use" in client.get(path).text
    assert client.post(path, data={"answer": "stopped"}).status_code == 409
    assert session.scalars(select(Survey.answer).where(Survey.side == Side.NEED)).one() is Answer.IN_USE


def test_a_link_answers_for_its_own_survey_only(asked, charlie, alice, client):
    client.post(path_in(mails(charlie)[0]), data={"answer": "in_use"})
    assert session.scalars(select(Survey.answer).where(Survey.side == Side.RESULT)).one() is None


@pytest.mark.parametrize("spoil", [lambda t: t[:-2], lambda t: "x" + t, lambda t: "0", lambda t: t.swapcase()])
def test_a_forged_link_leads_nowhere(asked, charlie, client, spoil):
    token = path_in(mails(charlie)[0]).removeprefix("/survey/").partition("?")[0]
    answer = client.post(f"/survey/{spoil(token)}", data={"answer": "in_use"})
    assert answer.status_code == 404 and session.scalar(select(func.count(Survey.answered_at))) == 0


def test_a_link_expires(asked, charlie, client):
    path = path_in(mails(charlie)[0])
    with clock.at(clock.now() + surveys.LIFETIME - timedelta(days=1)):
        assert client.get(path).status_code == 200
    with clock.at(clock.now() + surveys.LIFETIME + timedelta(days=1)):
        assert client.get(path).status_code == 404
        assert client.post(path, data={"answer": "in_use"}).status_code == 404


def test_who_has_left_the_organisation_answers_no_more(asked, charlie, client):
    path = path_in(mails(charlie)[0])
    with transaction():
        session.delete(session.scalars(select(Membership).where(Membership.user_id == charlie.id)).one())
    session.expire(charlie)
    assert client.post(path, data={"answer": "in_use"}).status_code == 404


@pytest.mark.parametrize(("given", "field"), [
    ({}, "answer"), ({"answer": "perhaps"}, "answer"), ({"answer": "in_use", "jobs": "-1"}, "jobs"),
    ({"answer": "in_use", "satisfaction": "6"}, "satisfaction"), ({"answer": "in_use", "revenue": "-5"}, "revenue"),
    ({"answer": "in_use", "revenue": "1" * 20}, "revenue"), ({"answer": "in_use", "comment": "x" * 2001}, "comment"),
])
def test_what_is_wrong_with_an_answer_comes_back_beside_its_field(asked, charlie, client, given, field):
    answer = client.post(path_in(mails(charlie)[0]), data=given)
    assert answer.status_code == 422 and f'id="e-{field}"' in answer.text


def test_the_page_of_a_link_tells_search_engines_and_other_sites_nothing(asked, charlie, client):
    headers = client.get(path_in(mails(charlie)[0])).headers
    assert headers["Referrer-Policy"] == "no-referrer" and headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in headers["Cache-Control"]


def test_the_mail_is_in_its_readers_language(performing, charlie):
    with transaction():
        charlie.language = "zh"
    with clock.at(at_work(190)):
        surveys.run()
    mail = mails(charlie)[0]
    assert all(answer in mail.body for answer in ("已投入使用", "仍在推进", "已停止"))
    assert "一点即答" in mail.subject and "Work under" not in mail.body


def test_each_side_reads_its_own_answer_the_broker_and_operators_both(
    asked, performing, alice, charlie, dana, erin, frank
):
    for person, many in ((alice, 1), (charlie, 1), (dana, 2), (erin, 2), (frank, 0)):
        assert len(surveys.of(person, performing)) == many


def test_an_answer_can_be_changed_by_who_writes_for_the_side(
    asked, performing, charlie, alice, victor, mallory, signed_in
):
    theirs = next(one for one in asked if one.side is Side.NEED)
    ref, number = performing.ref, theirs.id
    surveys.answer(charlie, theirs, {"answer": "in_use"}, version=theirs.version)
    with pytest.raises(Conflict):
        surveys.answer(charlie, theirs, {"answer": "stopped"}, version=1)
    surveys.answer(charlie, theirs, {"answer": "stopped", "satisfaction": 2}, version=theirs.version)
    assert theirs.answer is Answer.STOPPED
    with pytest.raises(Forbidden):
        surveys.answer(victor, theirs, {"answer": "in_use"}, version=None)
    with pytest.raises(NotFound):
        surveys.one(alice, performing, number)
    assert signed_in(mallory).get(f"/introductions/{ref}/surveys/{number}").status_code == 404
    assert signed_in(alice).get(f"/introductions/{ref}/surveys/{number}").status_code == 404
    assert "answers for itself" in signed_in(victor).get(f"/introductions/{ref}/surveys/{number}").text
    refused = signed_in(victor).post(f"/introductions/{ref}/surveys/{number}", data={"answer": "in_use"})
    assert refused.status_code == 403


def test_answers_stand_on_the_page_of_the_case(asked, performing, charlie, signed_in, dana, alice):
    theirs, ref = next(one for one in asked if one.side is Side.NEED), performing.ref
    surveys.answer(charlie, theirs, {"answer": "in_use", "jobs": 7, "comment": "Runs well."}, version=None)
    assert "Runs well." in signed_in(dana).get(f"/introductions/{ref}").text
    assert "Runs well." not in signed_in(alice).get(f"/introductions/{ref}").text


def test_answers_are_counted_for_the_figures(asked, charlie, alice, count_queries):
    need, result = sorted(asked, key=lambda one: one.side.value)
    said = {"answer": "in_use", "jobs": 7, "revenue": Decimal(100), "satisfaction": 5}
    surveys.answer(charlie, need, said, version=None)
    surveys.answer(alice, result, {"answer": "under_way", "jobs": 1, "satisfaction": 2}, version=None)
    with count_queries() as asked_of:
        six, twelve = figures.survey_results()
    assert asked_of.count <= 4
    assert (six.sent, six.answered, six.jobs, six.satisfaction) == (2, 2, 8, 3.5)
    assert six.answers == {Answer.IN_USE: 1, Answer.UNDER_WAY: 1, Answer.STOPPED: 0} and six.revenue == {"CNY": 100}
    assert (twelve.sent, twelve.satisfaction) == (0, None)
    assert figures.survey_results(since=clock.now() + timedelta(days=1))[0].sent == 0


def test_an_answer_needs_one_of_the_three(asked, charlie):
    with pytest.raises(Invalid):
        surveys.answer(charlie, next(s for s in asked if s.side is Side.NEED), {"answer": None}, version=None)
