"""Training of brokers, from the first place taken to the certificate on a profile and its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import a_person

from marketplace import clock, outbox
from marketplace.db import session
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.messaging.service import notices
from marketplace.training import certificates, service, telling
from marketplace.training.models import Level, Taking

CONTENT = {"title_zh": "初级技术经理人班", "title_en": "Junior class", "place": "Landing Hall", "level": Level.JUNIOR,
           "hours": 16, "seats": 2, "about_en": "Two days of practice."}


@pytest.fixture
def course(erin):
    return service.plan(erin, {**CONTENT, "starts_at": clock.now() + timedelta(days=3)})


def later(course):
    """After it has begun."""
    return clock.at(course.starts_at + timedelta(hours=3))


def a_certificate(erin, person, days=900, level=Level.JUNIOR, ago=0):
    issued = clock.today() - timedelta(days=ago)
    return certificates.record(erin, person, level=level, issuer="City exchange", issued_on=issued,
                               valid_until=clock.today() + timedelta(days=days))


def test_places_are_given_out_once_each_and_no_more_than_there_are(dana, alice, bob, course):
    assert service.enrol(dana, course).id == service.enrol(dana, course).id
    service.enrol(alice, course)
    assert course.taken == 2
    with pytest.raises(Conflict, match="All places"):
        service.enrol(bob, course)
    service.leave(alice, course)
    service.leave(alice, course)
    assert course.taken == 1
    service.enrol(bob, course)


def test_who_comes_back_after_giving_a_place_back_has_one_row(dana, erin, course):
    first = service.enrol(dana, course)
    service.leave(dana, course)
    assert service.enrol(dana, course).id == first.id
    assert len(service.enrolments(erin, course)) == 1


def test_nobody_enrols_for_what_has_begun_or_is_cancelled(dana, erin, course):
    with later(course), pytest.raises(Conflict):
        service.enrol(dana, course)
    service.cancel(erin, course)
    with pytest.raises(Conflict):
        service.enrol(dana, course)
    with pytest.raises(Conflict):
        service.cancel(erin, course)


def test_who_has_a_place_hears_of_another_time_and_of_a_cancellation(dana, erin, course):
    service.enrol(dana, course)
    content = {name: getattr(course, name) for name in CONTENT} | {"starts_at": course.starts_at, "place": "Elsewhere"}
    service.change(erin, course, content, course.version)
    outbox.drain()
    assert "another time or place" in str(notices(dana)[0][0].phrase)
    service.cancel(erin, course)
    outbox.drain()
    assert "does not take place" in str(notices(dana)[0][0].phrase)


def test_a_session_cannot_have_fewer_places_than_are_taken_nor_be_changed_from_an_old_page(dana, alice, erin, course):
    service.enrol(dana, course)
    service.enrol(alice, course)
    content = {name: getattr(course, name) for name in CONTENT} | {"starts_at": course.starts_at}
    with pytest.raises(Conflict, match="2 people"):
        service.change(erin, course, {**content, "seats": 1}, course.version)
    with pytest.raises(Conflict):
        service.change(erin, course, content, course.version - 1)


def test_a_cancelled_session_is_not_changed_and_nobody_told_twice(dana, erin, course):
    service.enrol(dana, course)
    service.cancel(erin, course)
    content = {name: getattr(course, name) for name in CONTENT} | {"starts_at": course.starts_at, "place": "Elsewhere"}
    with pytest.raises(Conflict, match="cancelled"):
        service.change(erin, course, content, course.version)
    outbox.drain()
    assert notices(dana)[1] == 1


def test_what_has_taken_place_is_not_cancelled(dana, erin, course):
    service.enrol(dana, course)
    with later(course), pytest.raises(Conflict, match="begun"):
        service.cancel(erin, course)
    outbox.drain()
    assert notices(dana)[1] == 0


@pytest.mark.parametrize("when", ["0001-01-01T00:00", "9999-12-31T23:59", "1899-01-01T09:00", "soon", "2026-13-01"])
def test_a_time_that_cannot_be_is_refused_by_its_field(signed_in, erin, when):
    sent = {"title_zh": "初级班", "level": "junior", "place": "Hall", "hours": "16", "seats": "1", "starts_at": when}
    refused = signed_in(erin).post("/training/new", data=sent)
    assert refused.status_code == 422 and "f-starts_at" in refused.text


def test_operator_says_who_was_there_once_it_has_begun(dana, erin, course):
    row = service.enrol(dana, course)
    with pytest.raises(Conflict):
        service.mark(erin, course, row.id, Taking.ATTENDED)
    with later(course):
        service.mark(erin, course, row.id, Taking.ATTENDED)
    assert [one.session_id for one in service.attended(dana)] == [course.id]


def test_members_and_brokers_plan_mark_and_certify_nothing(dana, alice, course):
    row = service.enrol(dana, course)
    for person in (dana, alice):
        with pytest.raises(Forbidden):
            service.plan(person, CONTENT)
        with pytest.raises(Forbidden):
            service.mark(person, course, row.id, Taking.ATTENDED)
        with pytest.raises(Forbidden):
            a_certificate(person, dana)
        with pytest.raises(NotFound):
            service.to_run(person, course.id)
        assert service.enrolments(person, course) == []


def test_certificate_stands_on_the_profile_with_level_and_validity(signed_in, erin, dana, charlie):
    a_certificate(erin, dana, level=Level.SENIOR)
    page = signed_in(charlie).get(f"/brokers/{dana.id}").text
    assert "Senior technology manager" in page and "valid until" in page and "City exchange" in page
    assert dana.email not in page and "Withdraw" not in page
    assert "Senior technology manager" in signed_in(charlie).get("/brokers?level=senior").text
    assert "No broker like this" in signed_in(charlie).get("/brokers?level=junior").text
    outbox.drain()
    assert "A certificate is on your profile" in str(notices(dana)[0][0].phrase)


def test_a_certificate_that_ended_or_was_withdrawn_is_said_to_and_lists_show_what_holds(signed_in, erin, dana):
    old = a_certificate(erin, dana, ago=800, days=10)
    senior = a_certificate(erin, dana, level=Level.SENIOR)
    assert certificates.brokers(erin)[0][0].certificate.level is Level.SENIOR
    certificates.withdraw(erin, senior, "Issued by mistake.")
    assert certificates.brokers(erin)[0][0].certificate is old
    with pytest.raises(Conflict):
        certificates.withdraw(erin, senior, "Again")
    with clock.at(clock.now() + timedelta(days=20)):
        assert certificates.brokers(erin)[0][0].certificate is None
        page = signed_in(dana).get(f"/brokers/{dana.id}").text
    assert "ended" in page and "Issued by mistake." in page


def test_days_of_a_certificate_have_to_be_possible_and_it_is_recorded_once(erin, dana):
    today = clock.today()
    for issued, until, field in ((today + timedelta(days=1), today + timedelta(days=9), "issued_on"),
                                 (today, today, "valid_until")):
        with pytest.raises(Invalid) as refused:
            certificates.record(erin, dana, level=Level.JUNIOR, issuer="X", issued_on=issued, valid_until=until)
        assert set(refused.value.fields) == {field}
    a_certificate(erin, dana)
    with pytest.raises(Invalid):
        a_certificate(erin, dana)


def test_the_end_of_a_certificate_is_told_once_sixty_days_before_unless_another_follows(erin, dana):
    a_certificate(erin, dana, days=61)
    telling.run()
    assert notices(dana)[1] == 0
    with clock.at(clock.now() + timedelta(days=2)):
        telling.run()
        telling.run()
        assert notices(dana)[1] == 1 and notices(erin)[1] == 1
    other = a_person("frank@broker.example", is_broker=True)
    a_certificate(erin, other, days=30, ago=700)
    a_certificate(erin, other)
    telling.run()
    assert notices(other)[1] == 0


def test_people_without_a_certificate_who_are_no_brokers_have_no_profile(signed_in, alice, dana):
    addresses = [f"/brokers/{alice.id}", "/brokers/999999"]
    browser = signed_in(dana)
    assert [browser.get(address).status_code for address in addresses] == [404, 404]


def test_a_session_from_planning_to_certificate_in_the_browser(signed_in, erin, dana):
    operator, broker = signed_in(erin), signed_in(dana)
    starts = (clock.now() + timedelta(days=3)).astimezone(clock.PLACE)
    form = {"title_zh": "初级班", "title_en": "Junior class", "level": "junior", "place": "Landing Hall", "hours": "16",
            "seats": "1", "starts_at": f"{starts:%Y-%m-%dT%H:%M}"}
    wrong = operator.post("/training/new", data={**form, "seats": "none"})
    assert wrong.status_code == 422 and "Junior class" in wrong.text
    address = operator.post("/training/new", data=form).location
    assert "Junior class" in broker.get("/training").text
    broker.post(f"{address}/enrol")
    page = broker.get(address).text
    assert "Give my place back" in page and "Who takes part" not in page
    row = service.enrolments(erin, service.get(erin, int(address.rpartition("/")[2])))[0]
    with clock.at(starts + timedelta(hours=2)):
        operator, broker = signed_in(erin), signed_in(dana)  # days later everybody signs in anew
        operator.post(f"{address}/enrolments/{row.id}/attended")
        certify = f"/brokers/{dana.id}/certificates/new?session={row.session_id}"
        assert f'value="{row.session_id}" selected' in operator.get(certify).text
        operator.post(certify, data={"level": "junior", "issuer": "City exchange", "session_id": row.session_id,
                                     "issued_on": f"{starts:%Y-%m-%d}", "valid_until": "2031-01-01"})
        profile = broker.get(f"/brokers/{dana.id}").text
    assert "Junior technology manager" in profile and "Sessions attended" in profile
    assert certificates.of(dana)[0].session_id == row.session_id


def test_training_pages_take_as_many_queries_for_many_as_for_few(signed_in, erin, count_queries):
    browser = signed_in(erin)

    def asked() -> int:
        session.expire_all()
        with count_queries() as counted:
            browser.get("/training")
            browser.get("/brokers")
        return counted.count

    def fill(number: int) -> None:
        service.plan(erin, {**CONTENT, "starts_at": clock.now() + timedelta(days=number)})
        a_certificate(erin, a_person(f"broker{number}@broker.example", is_broker=True))

    fill(1)
    asked()
    few = asked()
    for number in range(2, 7):
        fill(number)
    assert asked() == few
