"""How often somebody may: counted for every process together, told to programs, and nothing written is lost."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from flask_limiter import RateLimitExceeded
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter
from sqlalchemy import select
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace import clock, rates, secrets_kept
from marketplace.accounts import service
from marketplace.db import session
from marketplace.web import limits, security
from marketplace.web.limits import limiter


@pytest.fixture
def limited():
    limiter.enabled = True
    limiter.reset()
    yield
    limiter.enabled = False
    limits.local.reset()


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


MINUTE = RateLimitItemPerMinute(10)


@pytest.fixture
def counted():
    return SlidingWindowCounterRateLimiter(rates.DatabaseStorage())


def test_so_many_are_let_through_and_the_next_waits_until_the_oldest_fade(counted, start):
    start(30)
    for left in range(9, -1, -1):
        assert counted.hit(MINUTE, "one") and counted.get_window_stats(MINUTE, "one").remaining == left
    assert not counted.hit(MINUTE, "one")
    assert round(counted.get_window_stats(MINUTE, "one").reset_time - time.time()) == 30  # the next minute begins
    start(30 + 29)
    assert not counted.hit(MINUTE, "one")
    start(30 + 31)
    assert counted.hit(MINUTE, "one") and not counted.hit(MINUTE, "one")  # of ten one has faded
    assert round(counted.get_window_stats(MINUTE, "one").reset_time - time.time()) == 5
    start(300)
    assert counted.get_window_stats(MINUTE, "one").remaining == 10


def test_somebody_else_is_counted_apart(counted, start):
    one = RateLimitItemPerMinute(1)
    assert counted.hit(one, "one") and not counted.hit(one, "one") and counted.hit(one, "other")


def test_a_clock_that_jumps_back_locks_nobody_out(counted, start):
    one = RateLimitItemPerMinute(1)
    start(86_400)
    assert counted.hit(one, "one") and not counted.hit(one, "one")
    start(0)
    assert counted.hit(one, "one")


def test_what_is_refused_writes_nothing(counted, start, monkeypatch):
    counted.hit(RateLimitItemPerMinute(1), "one")
    monkeypatch.setattr(rates, "transaction", lambda: pytest.fail("a refusal writes"))
    assert not counted.hit(RateLimitItemPerMinute(1), "one")


def test_what_the_shorter_limit_refuses_does_not_use_up_the_longer(app, limited, start):
    @limits.limit("both", "1/minute; 5/hour", lambda: "one", methods=("GET",))
    def act():
        pass

    def times(number):
        for _ in range(number):
            with app.test_request_context("/sign-in"), suppress(RateLimitExceeded):
                act()
        return limits.limiter.limiter.get_window_stats

    hour = RateLimitItemPerHour(5)
    key = (secrets_kept.digest("one", "rates"), "both")
    assert times(10)(hour, *key).remaining == 4
    start(120)
    assert times(1)(hour, *key).remaining == 3


def test_every_process_counts_in_the_same_place(own_database, start):
    let_through = []

    def process():
        counted = SlidingWindowCounterRateLimiter(rates.DatabaseStorage())
        for _ in range(10):
            if counted.hit(RateLimitItemPerMinute(12), "one"):
                let_through.append(1)
        session.remove()

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_through) == 12


def test_old_counts_are_thrown_out(counted, start):
    counted.hit(MINUTE, "one")
    counted.hit(RateLimitItemPerHour(5), "one")
    start(200)
    rates.forget()
    assert session.query(rates.Count).count() == 1


def test_who_was_counted_cannot_be_read(client, limited):
    register(client)
    keys = session.scalars(select(rates.Count.key)).all()
    assert keys and not [key for key in keys if "fan0" in key or "127.0.0.1" in key]


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
    assert re.search(r'"address-600";r=9;t=\d+', first.headers["RateLimit"])
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
    monkeypatch.setattr(rates.DatabaseStorage, "acquire_sliding_window_entry", lambda *_, **__: False)
    page = signed_in(alice).post("/account/confirmation")
    assert page.status_code == 429 and int(page.headers["Retry-After"]) > 0
    assert "Too many tries; please wait a little" in page.text and "That was too often. Wait" in page.text


def test_searching_is_limited_generously_and_by_process(client, limited):
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert client.get("/search").headers["RateLimit"].startswith('"search-60";r=599')
    for _ in range(599):
        limits.local.limiter.hit(RateLimitItemPerMinute(600), secrets_kept.digest("203.0.113.9", "rates"), "search")
    refused = client.get("/search?q=electrolyte")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    assert client.get("/api/v1/search?q=x").content_type == "application/problem+json"
    assert client.get("/api/v1/suggest?q=x").status_code == 200
    client.environ_base["REMOTE_ADDR"] = "203.0.113.10"
    assert client.get("/search").status_code == 200


def test_the_setting_switches_it_off(app, client, limited, settings, monkeypatch):
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    monkeypatch.setitem(app.config, "YINQIAO", replace(settings, rate_limits=False))
    assert {register(client).status_code for _ in range(11)} == {422}
    assert "RateLimit" not in client.get("/search").headers


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
