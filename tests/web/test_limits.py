"""How often somebody may: counted for every process together, told to programs, and nothing written is lost."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace import clock, rates
from marketplace.accounts import service
from marketplace.db import session
from marketplace.finding.limits import searching
from marketplace.rates import Local, Rate, Shared
from marketplace.web import limits, security
from marketplace.web.limits import limiter


@pytest.fixture
def limited():
    limiter.enabled = True
    limiter.reset()
    yield
    limiter.enabled = False
    limits.local.clear()


@pytest.fixture
def start(monkeypatch):
    """A moment at which a stretch of every length begins; then(seconds) goes on from there."""
    first = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)

    def then(seconds):
        monkeypatch.setattr(clock, "now", lambda: first + timedelta(seconds=seconds))

    then(0)
    return then


def register(client, number=0, **more):
    return client.post("/register", data={"name": "Fan Wei", "email": f"fan{number}@company.example", "password": "x",
                                          "language": "en", **more})


@pytest.mark.parametrize("store", [Shared, Local])
def test_so_many_are_let_through_and_the_next_waits_until_the_oldest_fade(store, start):
    counted, rate = store(), {"one": Rate(10, 60)}
    start(30)
    assert [counted.take(rate)[0].left for _ in range(10)] == list(range(9, -1, -1))
    (refused,) = counted.take(rate)
    assert refused.wait == 36  # the next minute begins in 30 s, and a tenth of it must have passed
    start(30 + 35)
    assert counted.take(rate)[0].wait == 1
    start(30 + 36)
    assert counted.take(rate)[0].wait == 0
    start(300)
    assert counted.take(rate)[0].left == 9


@pytest.mark.parametrize("store", [Shared, Local])
def test_somebody_else_is_counted_apart(store, start):
    counted = store()
    assert counted.take({"one": Rate(1, 60)})[0].wait == 0
    assert counted.take({"one": Rate(1, 60)})[0].wait > 0
    assert counted.take({"other": Rate(1, 60)})[0].wait == 0


@pytest.mark.parametrize("store", [Shared, Local])
def test_a_clock_that_jumps_back_locks_nobody_out(store, start):
    counted = store()
    start(86_400)
    assert counted.take({"one": Rate(1, 60)})[0].wait == 0
    start(0)
    assert counted.take({"one": Rate(1, 60)})[0].wait == 0


def test_what_is_refused_writes_nothing(start, monkeypatch):
    counted = Shared()
    counted.take({"one": Rate(1, 60)})
    monkeypatch.setattr(rates, "transaction", lambda: pytest.fail("a refusal writes"))
    assert counted.take({"one": Rate(1, 60)})[0].wait > 0


def test_two_rates_are_counted_together_or_not_at_all(start):
    counted = Shared()
    both = {"minute": Rate(1, 60), "hour": Rate(5, 3600)}
    counted.take(both)
    for _ in range(9):
        assert max(one.wait for one in counted.take(both)) > 0
    start(120)
    assert counted.take(both)[1].left == 3


def test_every_process_counts_in_the_same_place(own_database, start):
    let_through = []

    def process():
        for _ in range(10):
            if not Shared().take({"one": Rate(12, 60)})[0].wait:
                let_through.append(1)
        session.remove()

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_through) == 12


def test_old_counts_are_thrown_out(start):
    Shared().take({"one": Rate(5, 60), "long": Rate(5, 86_400)})
    start(200)
    rates.forget()
    assert session.query(rates.Count).count() == 1


def test_registering_too_often_brings_the_form_back_as_it_was_written(client, limited):
    answers = [register(client) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    page = answers[-1]
    assert 'value="Fan Wei"' in page.text and 'value="fan0@company.example"' in page.text
    assert "That was too often. Wait" in page.text and int(page.headers["Retry-After"]) > 1
    assert 'value="x"' not in page.text  # a password never comes back


def test_the_form_comes_back_in_the_readers_language(client, limited):
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh"
    page = [register(client) for _ in range(11)][-1]
    assert page.status_code == 429 and "操作过于频繁" in page.text


def test_a_refused_form_does_nothing(client, limited):
    for _ in range(10):
        register(client)
    good = {"name": "Fan Wei", "email": "fan0@company.example", "password": "correct horse battery", "language": "en"}
    assert client.post("/register", data=good).status_code == 429
    assert service.by_email("fan0@company.example") is None


def test_programs_are_told_what_is_left_and_when_to_come_back(client, limited):
    body = {"email": "nobody@company.example", "password": "x"}
    first = client.post("/api/v1/tokens", json=body)
    assert '"origin-60";q=60;w=60' in first.headers["RateLimit-Policy"]
    assert '"address-600";r=9;t=600' in first.headers["RateLimit"]
    assert "account" not in first.headers["RateLimit"]  # how often others tried is nobody's business
    for _ in range(9):
        client.post("/api/v1/tokens", json=body)
    refused = client.post("/api/v1/tokens", json=body)
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert int(refused.headers["Retry-After"]) > 0 and "Wait" in refused.json["detail"]


def test_one_person_does_not_invite_the_whole_world(signed_in, alice, limited):
    browser = signed_in(alice)

    def invite(number):
        asked = {"email": f"p{number}@a.example", "role": "viewer"}
        return browser.post("/organisations/institute/members", data=asked)

    answers = [invite(number) for number in range(61)]
    assert answers[0].status_code == 302 and answers[-1].status_code == 429
    assert "p60@a.example" in answers[-1].text


def test_a_button_pressed_too_often_answers_with_a_page(signed_in, alice, limited, monkeypatch):
    monkeypatch.setattr(limits, "_take", lambda _: limits.TooMany("Wait a while.", 7))
    page = signed_in(alice).post("/account/confirmation")
    assert (page.status_code, page.headers["Retry-After"]) == (429, "7")
    assert "Too many tries; please wait a little" in page.text and "Wait a while." in page.text


def test_searching_is_limited_generously_and_by_process(client, limited, monkeypatch):
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert client.get("/search").headers["RateLimit"].startswith('"search-60";r=599')
    for _ in range(599):
        limits.local.take(searching.keys("203.0.113.9"))
    refused = client.get("/search?q=electrolyte")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    assert client.get("/api/v1/search?q=x").content_type == "application/problem+json"
    assert client.get("/api/v1/suggest?q=x").status_code == 200
    client.environ_base["REMOTE_ADDR"] = "203.0.113.10"
    assert client.get("/search").status_code == 200


def test_the_machine_itself_may_search_as_it_likes(client, limited):
    assert "RateLimit" not in client.get("/search").headers


@pytest.mark.parametrize(("remote", "counted"), [
    ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:192.0.2.7", "192.0.2.7"),
    ("", "unknown"),
])
def test_a_network_of_ipv6_is_one_address(app, remote, counted):
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": remote}):
        assert limits.origin() == counted


def test_what_a_client_writes_into_forwarded_for_is_not_believed(client, limited):
    for number in range(11):
        answer = client.post("/sign-in", data={"email": "a@b.example", "password": "x"},
                             headers={"X-Forwarded-For": f"198.51.100.{number}"})
    assert answer.status_code == 429


@pytest.mark.parametrize(("proxies", "forwarded", "seen"), [
    (0, "198.51.100.1", "192.0.2.1"), (1, "198.51.100.1", "198.51.100.1"),
    (1, "10.9.9.9, 198.51.100.1", "198.51.100.1"), (2, "10.9.9.9, 198.51.100.1, 192.0.2.2", "198.51.100.1"),
    (2, "198.51.100.1", "192.0.2.1"),
])
def test_of_forwarded_for_only_what_our_proxies_wrote_counts(proxies, forwarded, seen):
    from flask import Flask, request

    app = Flask(__name__)
    app.secret_key = "x"
    security.install(app, "http://127.0.0.1:8000", proxies)
    app.add_url_rule("/who", view_func=lambda: f"{request.remote_addr} {request.host}")
    answer = app.test_client().get("/who", environ_base={"REMOTE_ADDR": "192.0.2.1"}, headers={
        "X-Forwarded-For": forwarded, "X-Forwarded-Host": "evil.example"})
    assert answer.text == f"{seen} localhost"


def test_without_the_setting_no_proxy_is_believed(app):
    assert not isinstance(app.wsgi_app, ProxyFix)
