"""Whatever people do and whatever fails meanwhile, the log names nobody and repeats nothing they wrote."""

from __future__ import annotations

import dataclasses
import io
import logging
import secrets
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from flask.testing import FlaskClient
from introductions.case_cast import brought_to, interest, need, result  # noqa: F401
from messaging.sinks import Sink, free_port
from sqlalchemy import select

from marketplace import clock, config, db, index, logs, outbox
from marketplace.accounts import links, texts
from marketplace.accounts.links import Purpose
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.introductions.models import Stage
from marketplace.messaging import mail
from search import Refused, Unavailable

NAME, EMAIL, PHONE = "Zhang Weiming", "zhang.weiming@journey.example", "139 0000 1234"
PASSWORD, WRONG = "four quiet herons at dawn", "five loud herons at noon"
SOUGHT, WRITTEN = "beryllium quenching recipe", "Our furnace in hall seven leaks."
OWN = (NAME, "zhang.weiming", PHONE, PASSWORD, WRONG, SOUGHT, "beryllium", WRITTEN, "hall seven")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that a process would write, in both forms, and from every logger."""
    kept, root = io.StringIO(), logging.getLogger()
    handlers = []
    for form in (logs.Lines(), logs.Objects()):
        handler = logging.StreamHandler(kept)
        handler.setFormatter(form)
        root.addHandler(handler)
        handlers.append(handler)
    before = root.level
    root.setLevel(logging.INFO)
    yield kept
    root.setLevel(before)
    for handler in handlers:
        root.removeHandler(handler)


@pytest.fixture
def choosy(settings: config.Settings) -> Iterator[Sink]:
    """A mail server that names whom it refuses."""
    sink, port = Sink(), free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    mail.bind(dataclasses.replace(settings, mail_url=f"smtp://127.0.0.1:{port}"))
    yield sink
    controller.stop()
    mail.bind(settings)


def clean(lines: io.StringIO, *secret: str) -> str:
    told = lines.getvalue()
    for one in (*OWN, *secret):
        assert one not in told, f"“{one}” stands in the log:\n{told}"
    return told


def registers(client: FlaskClient) -> User:
    form = {"name": NAME, "email": EMAIL, "password": PASSWORD, "language": "en", "accept": "1",
            "editions": texts.shown(texts.in_force())}
    assert client.post("/register", data=form).status_code == 302
    return session.scalars(select(User).where(User.email == EMAIL)).one()


def test_a_persons_way_in_and_through_leaves_no_trace_of_them(client: FlaskClient, lines: io.StringIO) -> None:
    person = registers(client)
    outbox.drain()
    link = links.link(Purpose.CONFIRM, person).rpartition("/confirm/")[2]
    client.get(f"/confirm/{link}")
    client.post(f"/confirm/{link}")
    client.post("/sign-in", data={"email": EMAIL, "password": WRONG})
    client.post("/sign-in", data={"email": EMAIL, "password": PASSWORD})
    client.post("/account", data={"name": NAME, "phone": PHONE, "language": "en", "version": person.version})
    client.get("/search", query_string={"q": SOUGHT})
    client.get("/api/v1/suggest", query_string={"q": SOUGHT})
    token = client.post("/api/v1/tokens", json={"email": EMAIL, "password": PASSWORD}).json["token"]
    assert client.get("/api/v1/notices", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    forged = "yq_" + secrets.token_urlsafe(32)
    client.get("/api/v1/notices", headers={"Authorization": f"Bearer {forged}"})
    client.post("/forgotten", data={"email": EMAIL})
    outbox.drain()
    told = clean(lines, link, token, forged)
    assert "route=/sign-in" in told and "/confirm/<token>" in told


def test_a_mail_server_that_names_its_reader_is_not_repeated(
    client: FlaskClient, choosy: Sink, lines: io.StringIO
) -> None:
    choosy.replies[EMAIL] = f"450 4.2.1 <{EMAIL}> {NAME}: come again later"
    registers(client)
    for _ in range(3):
        outbox.drain()
    told = clean(lines)
    assert "could not hear" in told
    for _, _, _, error in outbox.failing():
        assert EMAIL not in error and NAME not in error


def test_a_mail_server_that_is_away_is_told_of_without_the_mail(
    client: FlaskClient, settings: config.Settings, lines: io.StringIO
) -> None:
    mail.bind(dataclasses.replace(settings, mail_url=f"smtp://{EMAIL.replace('@', '%40')}:{WRONG.replace(' ', '')}"
                                                     f"@127.0.0.1:{free_port()}"))
    try:
        registers(client)
        for _ in range(3):
            outbox.drain()
    finally:
        mail.bind(settings)
    assert "could not hear" in clean(lines, WRONG.replace(" ", ""))


@pytest.mark.parametrize("failure", [
    Refused(f'the search server refused (invalid_search_q): "{SOUGHT}" is no query'),
    Unavailable(f"the search server failed (500): while looking for {SOUGHT}"),
])
def test_an_engine_that_repeats_what_it_was_asked_is_not_repeated(
    failure: Exception, client: FlaskClient, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        name = "broken"

        def __getattr__(self, _: str) -> object:
            raise failure

    monkeypatch.setattr(index, "engine", Broken)
    for address in ("/search", "/api/v1/search", "/api/v1/suggest"):
        assert client.get(address, query_string={"q": SOUGHT}).status_code < 500
    assert "search falls back to titles" in clean(lines)


def test_what_people_write_to_each_other_stays_between_them(
    brought_to, charlie: User, signed_in, lines: io.StringIO  # noqa: F811
) -> None:
    case = brought_to(Stage.QUALIFIED)
    browser = signed_in(charlie)
    assert browser.post(f"/introductions/{case.ref}/messages", data={"body": WRITTEN}).status_code == 302
    outbox.drain()
    told = clean(lines, "charlie@company.example")
    assert "/introductions/<ref>/messages" in told and case.ref not in told


def test_an_unexpected_error_tells_the_route_and_hides_who_was_meant(
    app: Flask, client: FlaskClient, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"no such person: {EMAIL}")

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr("marketplace.accounts.service.person_with", fails)
    answer = client.post(f"/sign-in?next=/search?q={SOUGHT}", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 500
    assert "unexpected error" in clean(lines)


def test_a_row_that_could_not_be_written_is_not_quoted(
    own_database: db.Engine, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: list[int]) -> None:
        with transaction():
            for _one in range(2):
                session.add(User(email=EMAIL, name=NAME, language="en", created_at=clock.now()))

    monkeypatch.setattr(outbox, "_subscribers", {"listing.changed": {"index": fails}})
    with transaction():
        outbox.publish("listing.changed", 1)
    outbox.drain()
    assert "could not hear of listing.changed" in clean(lines)
    assert [error for *_, error in outbox.failing() if "zhang" in error or NAME in error] == []


def test_a_request_that_gunicorn_cannot_handle_is_not_quoted(lines: io.StringIO, monkeypatch, tmp_path) -> None:
    from gunicorn.config import Config

    from marketplace import serving

    monkeypatch.setenv("YINQIAO_VAR", str(tmp_path))
    monkeypatch.setattr(logs, "install", lambda _: None)
    told = serving.Lines(Config())
    try:
        raise ValueError("broken")
    except ValueError:
        told.exception("Error handling request %s %s", "GET", f"/search?q={SOUGHT}")
    told.warning("Invalid request from ip=192.0.2.9: broken")
    written = clean(lines, "192.0.2.9")
    assert "Error handling request" in written and "Invalid request" in written
