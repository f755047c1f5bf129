"""/metrics is for who sends the token, counts requests by route, and says how the rest stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import a_listing
from flask import Flask
from flask.testing import FlaskClient
from indexing import EngineThatIsDown
from prometheus_client.parser import text_string_to_metric_families

from marketplace import app as application_of
from marketplace import clock, config, gauges, index, outbox
from marketplace.db import transaction
from marketplace.organisations.models import Organisation
from marketplace.web import metrics

TOKEN = "a-token-for-the-collector"


@pytest.fixture
def measured(settings: config.Settings, database, engine, application: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A second application over the same rows, with the page switched on."""
    monkeypatch.setattr(application_of, "bind", lambda *_: None)
    monkeypatch.delenv(metrics.FOLDER, raising=False)
    return application_of.create_app(replace(settings, metrics_token=TOKEN), database=database, engine=engine)


def collected(app: Flask) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True)) for sample in family.samples
    }


def test_without_the_setting_there_is_no_such_page(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer None"}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer 引桥"])
def test_who_does_not_send_the_token_gets_nothing(measured: Flask, sent: str) -> None:
    answer = measured.test_client().get("/metrics", headers={"Authorization": sent.encode().decode("latin-1")})
    assert answer.status_code == 401 and "yinqiao_" not in answer.get_data(as_text=True)


def test_somebody_signed_in_is_no_collector(measured: Flask, erin) -> None:
    from conftest import sign_in

    assert sign_in(measured.test_client(), erin).get("/metrics").status_code == 401


def test_requests_are_counted_by_route_and_status(measured: Flask) -> None:
    visitor = measured.test_client()
    for address in ("/healthz", "/healthz", "/search?q=x", "/nowhere/alice"):
        visitor.get(address)
    found = collected(measured)
    labels = (("method", "GET"), ("route", "/healthz"), ("status", "200"))
    assert found["yinqiao_requests_total", labels] == 2
    assert found["yinqiao_requests_total", (("method", "GET"), ("route", "none"), ("status", "404"))] == 1
    assert found["yinqiao_request_seconds_count", (("route", "/search"),)] == 1
    assert found["yinqiao_queries_total", (("route", "/search"),)] > 0
    assert not any("alice" in str(key) for key in found)


def test_what_waits_failed_and_lives_is_said(measured: Flask, institute: Organisation) -> None:
    outbox.beat("one")
    listing = a_listing(institute)
    with transaction():
        outbox.publish("listing.changed", listing.id)
    found = collected(measured)
    assert found["yinqiao_outbox_waiting", (("subscriber", "index"),)] == 1
    assert found["yinqiao_outbox_waiting", (("subscriber", "post"),)] == 0
    assert found["yinqiao_workers", ()] == 1
    assert found["yinqiao_database_up", ()] == 1
    assert found["yinqiao_cases_open", (("stage", "interest"),)] == 0
    assert {state for name, labels in found if name == "yinqiao_mails" for _, state in labels} == {
        "sent", "refused", "waiting"}


def test_an_engine_that_is_down_is_a_figure_and_no_error(measured: Flask) -> None:
    index.bind(EngineThatIsDown())
    assert collected(measured)["yinqiao_index_up", (("index", "listings"),)] == 0


def test_without_a_database_what_was_counted_is_still_said(measured: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError("away")

    monkeypatch.setattr(outbox, "last_beat", fails)
    found = collected(measured)
    assert found["yinqiao_database_up", ()] == 0 and not any(name.startswith("yinqiao_outbox") for name, _ in found)


def test_the_rows_are_read_once_for_many_collections(measured: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(outbox, "last_beat", lambda: asked.append(1) or clock.now())
    for _ in range(3):
        collected(measured)
    assert len(asked) == 1


def test_how_things_stand_is_read_in_few_queries(count_queries) -> None:
    with count_queries() as asked:
        list(gauges.every())
    assert asked.count <= 8
