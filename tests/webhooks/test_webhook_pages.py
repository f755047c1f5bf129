"""Administrators look after webhooks on pages; nobody else does."""

from __future__ import annotations

import re

import pytest
from conftest import a_person, join
from webhooks.conftest import EVERY, again, log_of, told

from marketplace.audit import AuditEntry
from marketplace.db import session
from marketplace.organisations.models import Organisation, Role, State
from marketplace.webhooks import service
from marketplace.webhooks.models import Endpoint, Standing

HERE = "/organisations/institute/webhooks"


@pytest.fixture
def victor(institute):
    person = a_person("victor@institute.example")
    join(person, institute, Role.VIEWER)
    return person


def addresses(endpoint_id: int, number: str = "x") -> list[tuple[str, str]]:
    one = f"{HERE}/{endpoint_id}"
    return [
        ("GET", HERE), ("GET", f"{HERE}/new"), ("POST", f"{HERE}/new"), ("GET", one), ("GET", f"{one}/edit"),
        ("POST", f"{one}/edit"), ("POST", f"{one}/secret"), ("POST", f"{one}/test"), ("POST", f"{one}/pause"),
        ("POST", f"{one}/resume"), ("POST", f"{one}/delete"), ("POST", f"{one}/deliveries/{number}/redeliver"),
    ]


@pytest.mark.parametrize("who", ["bob", "victor", "charlie", "dana"])
def test_nobody_but_administrators_comes_near(request, signed_in, endpoint, who):
    number, browser = endpoint.id, signed_in(request.getfixturevalue(who))
    for method, address in addresses(number):
        assert browser.open(address, method=method).status_code == 403, f"{method} {address}"
    assert again(number).standing is Standing.ACTIVE


@pytest.mark.parametrize("who", ["alice", "dana", "charlie"])
def test_nobody_but_operators_comes_near_those_of_the_platform(request, signed_in, erin, receiver, who):
    number = service.register(erin, None, receiver.url, EVERY)[0].id
    browser = signed_in(request.getfixturevalue(who))
    for method, address in addresses(number):
        address = address.replace(HERE, "/operator/webhooks")
        assert browser.open(address, method=method).status_code == 403, f"{method} {address}"


def test_one_organisations_address_is_not_found_under_another(signed_in, charlie, erin, endpoint, company, receiver):
    number, browser = endpoint.id, signed_in(charlie)
    for method, address in addresses(number)[3:]:
        answer = browser.open(address.replace("institute", "company"), method=method)
        assert answer.status_code == 404, f"{method} {address}"
    assert signed_in(erin).get(f"/operator/webhooks/{number}").status_code == 404


def test_an_administrator_registers_an_address_and_sees_its_secret_once(signed_in, alice, institute, receiver):
    browser = signed_in(alice)
    answer = browser.post(f"{HERE}/new", data={"url": receiver.url, "facts": ["listing.published"]})
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    secret = re.search(r"<code[^>]*data-secret>(whsec_[^<]+)</code>", answer.text).group(1)
    endpoint = session.query(Endpoint).one()
    assert endpoint.facts == ["listing.published"]
    for page in (HERE, f"{HERE}/{endpoint.id}", f"{HERE}/{endpoint.id}/edit"):
        text = browser.get(page).text
        assert receiver.url in text and secret not in text and "gAAAA" not in text
    acts = [row.action for row in session.query(AuditEntry).filter_by(subject_kind="webhook")]
    assert acts == ["webhook.registered"]


def test_an_operator_looks_after_the_platforms_own(signed_in, erin, receiver):
    browser = signed_in(erin)
    assert "No address yet" in browser.get("/operator/webhooks").text
    assert browser.post("/operator/webhooks/new", data={"url": receiver.url, "facts": EVERY}).status_code == 200
    number = session.query(Endpoint).one().id
    assert receiver.url in browser.get(f"/operator/webhooks/{number}").text
    assert browser.post(f"/operator/webhooks/{number}/delete").headers["Location"] == "/operator/webhooks"


@pytest.mark.parametrize(("url", "says"), [
    ("http://hooks.example.com/", "Only https"), ("https://10.0.0.1/", "cannot be reached from the internet"),
    ("https://hooks.example.com:22/", "Port 22"), ("https://a:b@hooks.example.com/", "Leave name and password out"),
    ("nonsense", "is not a web address"), ("", "This is needed"),
])
def test_a_wrong_address_comes_back_with_what_to_do(signed_in, alice, institute, url, says):
    answer = signed_in(alice).post(f"{HERE}/new", data={"url": url, "facts": ["listing.changed"]})
    assert answer.status_code == 422
    assert says in answer.text and f'value="{url}"' in answer.text
    assert re.search(r'value="listing.changed" checked', answer.text)


def test_at_least_one_fact_is_chosen(signed_in, alice, institute, receiver):
    answer = signed_in(alice).post(f"{HERE}/new", data={"url": receiver.url})
    assert answer.status_code == 422 and session.query(Endpoint).count() == 0


def test_an_address_is_registered_once(signed_in, alice, endpoint):
    answer = signed_in(alice).post(f"{HERE}/new", data={"url": endpoint.url, "facts": EVERY})
    assert answer.status_code == 422 and "registered already" in answer.text


def test_ten_addresses_are_enough(signed_in, alice, institute, receiver):
    for n in range(service.MOST):
        service.register(alice, institute, f"{receiver.url}/{n}", EVERY)
    answer = signed_in(alice).post(f"{HERE}/new", data={"url": f"{receiver.url}/more", "facts": EVERY})
    assert answer.status_code == 409 and session.query(Endpoint).count() == service.MOST


def test_an_organisation_nobody_has_verified_waits(signed_in, alice, institute, receiver):
    session.query(Organisation).update({"state": State.PENDING})
    browser = signed_in(alice)
    assert "Not yet" in browser.get(HERE).text
    assert browser.post(f"{HERE}/new", data={"url": receiver.url, "facts": EVERY}).status_code == 409


def test_what_two_administrators_change_at_once_is_not_lost(signed_in, alice, endpoint):
    number, url, browser = endpoint.id, endpoint.url, signed_in(alice)
    form = {"url": url, "facts": ["listing.changed"], "version": endpoint.version}
    assert browser.post(f"{HERE}/{number}/edit", data=form).status_code == 302
    answer = browser.post(f"{HERE}/{number}/edit", data={**form, "facts": ["listing.withdrawn"]})
    assert answer.status_code == 409 and "Somebody else changed it" in answer.text
    assert again(number).facts == ["listing.changed"]


def test_the_log_shows_what_was_sent_and_answered_and_nothing_runs(signed_in, alice, endpoint, receiver):
    number, browser = endpoint.id, signed_in(alice)
    receiver.status, receiver.body = 500, b"<img src=x onerror=alert(1)> broken"
    browser.post(f"{HERE}/{number}/test")
    assert "Waiting" in browser.get(f"{HERE}/{number}").text
    told()
    text = browser.get(f"{HERE}/{number}").text
    assert "HTTP 500" in text and "did not answer with 2xx" in text and "next try" in text
    assert "&lt;img src=x" in text and "<img src=x" not in text
    assert browser.get(f"{HERE}/{number}?outcome=delivered").text.count("HTTP 500") == 0
    chinese = browser.get(f"{HERE}/{number}?lang=zh").text
    assert "待发送" in chinese and "接收方答复的不是 2xx" in chinese and "Waiting" not in chinese


def again_alice():
    from marketplace.accounts.models import User

    return session.query(User).filter_by(email="alice@institute.example").one()


def test_one_delivery_is_sent_once_more(signed_in, alice, endpoint, receiver):
    number, browser = endpoint.id, signed_in(alice)
    browser.post(f"{HERE}/{number}/test")
    told()
    (row,) = log_of(number)
    browser.post(f"{HERE}/{number}/deliveries/{row.number}/redeliver")
    told()
    assert len(receiver.arrived) == 2
    assert browser.post(f"{HERE}/{number}/deliveries/{'0' * 32}/redeliver").status_code == 404


def test_pausing_and_switching_on_twice_says_so(signed_in, alice, endpoint):
    number, browser = endpoint.id, signed_in(alice)
    for verb in ("pause", "pause", "resume", "resume"):
        assert browser.post(f"{HERE}/{number}/{verb}").status_code == 302
    assert again(number).standing is Standing.ACTIVE
    assert "It is switched on." in browser.get(f"{HERE}/{number}").text


def test_not_too_many_tests(signed_in, alice, endpoint):
    number, browser = endpoint.id, signed_in(alice)
    for _ in range(service.MOST_TESTS + 2):
        browser.post(f"{HERE}/{number}/test")
    assert len(log_of(number)) == service.MOST_TESTS


def test_the_log_is_one_of_few_questions_however_long(signed_in, alice, endpoint, count_queries):
    number, browser = endpoint.id, signed_in(alice)

    def asked() -> int:
        with count_queries() as counted:
            assert browser.get(f"{HERE}/{number}").status_code == 200
        return counted.count

    service.send_test(again_alice(), again(number))
    few = asked()
    for _ in range(8):
        service.send_test(again_alice(), again(number))
    assert asked() == few


def test_the_list_is_one_of_few_questions_however_long(signed_in, alice, institute, receiver, count_queries):
    browser = signed_in(alice)

    def asked() -> int:
        with count_queries() as counted:
            assert browser.get(HERE).status_code == 200
        return counted.count

    service.register(alice, institute, receiver.url, EVERY)
    few = asked()
    for n in range(6):
        service.register(again_alice(), session.query(Organisation).one(), f"{receiver.url}/{n}", EVERY)
    assert asked() == few
