"""/healthz says the process lives; /readyz says whether it can serve, and what is missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from indexing import EngineThatIsDown

from marketplace import clock, index, outbox
from marketplace.db import session, transaction


def test_a_living_process_says_so_to_anybody(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_is_ready_when_database_engine_and_worker_answer(client: FlaskClient) -> None:
    outbox.beat("one")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "database": "ok", "engine": "ok", "worker": "ok"}


def test_without_a_worker_it_is_not_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["worker"] == "never seen"


def test_a_worker_that_fell_silent_is_noticed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox.beat("one")
    then = clock.now()
    monkeypatch.setattr(clock, "now", lambda: then + timedelta(minutes=3))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["worker"] == "silent for 180 s"


def test_an_engine_that_is_down_is_named(client: FlaskClient) -> None:
    outbox.beat("one")
    index.bind(EngineThatIsDown())
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["engine"] == "down: Unavailable"


def test_a_database_without_tables_is_named(client: FlaskClient) -> None:
    with transaction():
        session.connection().exec_driver_sql("ALTER TABLE worker_beats RENAME TO gone")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["database"].startswith("down: ")
    assert answer.json["worker"] == "unknown"
