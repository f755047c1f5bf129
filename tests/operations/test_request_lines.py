"""Each request has a number and leaves one line, which names no person and no address."""

from __future__ import annotations

import json
import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace import context, logs, outbox, subscriptions
from marketplace.db import session, transaction
from marketplace.web import requests


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="marketplace.access")
    return lambda: [one.getMessage() for one in caplog.records if one.name == "marketplace.access"]


def test_an_answer_carries_the_number_that_a_proxy_gave_or_one_of_ours(client: FlaskClient) -> None:
    given = client.get("/", headers={"X-Request-ID": "4f0c9d1e-0001"})
    assert given.headers["X-Request-ID"] == "4f0c9d1e-0001"
    first, second = (client.get("/").headers["X-Request-ID"] for _ in range(2))
    assert first != second and len(first) == 16


@pytest.mark.parametrize("given", [
    "short", "x" * 65, "two words of it", "semi;colon-long", "-leading-dash", "引桥引桥引桥引桥",
])
def test_a_number_that_is_not_sound_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/", headers={"X-Request-ID": given.encode().decode("latin-1")})
    assert requests.SOUND.fullmatch(answer.headers["X-Request-ID"]) and answer.headers["X-Request-ID"] != given


def test_a_line_names_method_route_status_time_and_queries(client: FlaskClient, lines) -> None:
    client.get("/search?q=secret-plan")
    line = lines()[-1]
    assert line.startswith("method=GET route=/search status=200 ms=")
    assert int(line.rpartition("queries=")[2]) > 0
    assert "secret" not in line and "?" not in line


def test_a_line_names_the_route_and_not_what_stands_in_the_address(client: FlaskClient, lines) -> None:
    client.get("/reset/a-token-that-acts-for-alice")
    client.get("/no/such/alice@institute.example")
    assert "alice" not in "".join(lines())
    assert "route=none status=404" in lines()[-1]


def test_a_method_nobody_knows_does_not_become_a_name_of_its_own(client: FlaskClient, lines) -> None:
    client.open("/", method="BREW")
    assert "method=other" in lines()[-1]


def test_what_machines_ask_all_the_time_is_told_of_only_when_it_fails(client: FlaskClient, lines) -> None:
    client.get("/healthz")
    assert lines() == []
    client.get("/readyz")  # there is no worker
    assert "status=503" in lines()[-1]


def test_the_page_of_an_error_shows_its_number(client: FlaskClient, app: Flask) -> None:
    answer = client.post("/search", data={})
    assert answer.status_code == 405
    assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)
    missing = client.get("/nowhere")
    assert missing.headers["X-Request-ID"] not in missing.get_data(as_text=True)  # nobody writes to us about that


def test_the_number_is_gone_when_the_request_is_over(client: FlaskClient) -> None:
    client.get("/")
    assert context.current().request_id is None


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("marketplace.x", logging.INFO, "x.py", 1, message, arguments, None)
    made.__dict__.update(extra)
    return made


def test_a_line_begins_with_when_how_grave_and_where() -> None:
    with context.of("page", request_id="4f0c9d1e"):
        line = logs.Lines().format(record("worker=%s tried=%d", "host:1", 3))
    assert line[:10].count("-") == 2
    assert line.endswith(" level=INFO logger=marketplace.x request=4f0c9d1e worker=host:1 tried=3")


def test_an_object_has_the_facts_as_its_values() -> None:
    told = json.loads(logs.Objects().format(record('worker=%s tried=%d ms=3.5 why="two words"', "host:1", 3)))
    assert (told["worker"], told["tried"], told["ms"], told["why"]) == ("host:1", 3, 3.5, "two words")
    facts = {"route": "/search", "status": 200}
    told = json.loads(logs.Objects().format(record(logs.written(facts), facts=facts)))
    assert (told["route"], told["status"], told["level"]) == ("/search", 200, "INFO") and "message" not in told


@pytest.mark.parametrize("form", [logs.Lines(), logs.Objects()])
def test_no_message_can_begin_a_line_or_name_a_person(form: logging.Formatter) -> None:
    told = form.format(record("could not write to alice.liu@institute.example at smtp://bob:hunter2@mail.example\nfake"))
    assert "\n" not in told and "alice" not in told and "bob" not in told and "hunter2" not in told
    assert "institute.example" in told and "mail.example" in told


@pytest.mark.parametrize("form", [logs.Lines(), logs.Objects()])
def test_a_traceback_stays_with_its_fact_and_covers_people_too(form: logging.Formatter) -> None:
    try:
        raise ValueError("alice@institute.example")
    except ValueError:
        made = record("it failed")
        import sys

        made.exc_info = sys.exc_info()
    told = form.format(made)
    assert "ValueError" in told and "alice" not in told
    assert all(line.startswith("\t") for line in told.splitlines()[1:])


def test_an_error_of_the_database_does_not_say_what_was_written(own_database) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError) as refused:
        session.execute(text("INSERT INTO nowhere VALUES (:it)"), {"it": "alice@institute.example"})
    assert "alice" not in str(refused.value)
    session.rollback()


def test_what_follows_from_a_request_is_told_of_under_its_number(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str | None] = []
    outbox.subscribe({"listing.changed": {"index": lambda ids: heard.append(context.current().request_id)}})
    caplog.set_level(logging.INFO, logger="marketplace.outbox")
    try:
        with context.of("page", request_id="4f0c9d1e"), transaction():
            outbox.publish("listing.changed", 1)
        outbox.drain()
        for number in ("aaaa0001", "bbbb0002"):
            with context.of("page", request_id=number), transaction():
                outbox.publish("listing.changed", 2)
        outbox.drain()
    finally:
        outbox.subscribe(subscriptions.table())
    assert heard == ["4f0c9d1e", None]
    assert caplog.messages[-1].endswith("requests=aaaa0001,bbbb0002")
    assert context.current().request_id is None
