"""Without its database the site says so, in the reader's language, to people and to programs."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from marketplace import clock, db
from marketplace.accounts import tokens
from marketplace.db import session, transaction
from marketplace.listings.models import Listing

pytestmark = pytest.mark.once


@pytest.fixture
def away(app, monkeypatch):
    """Nobody listens where the database should be."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)  # as it is where nothing is being tried

    def go() -> None:
        session.remove()
        session.configure(bind=db.connect("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=2"),
                          join_transaction_mode="conditional_savepoint")

    return go


@pytest.mark.parametrize("path", ["/", "/search", "/nowhere", "/mine", "/account", "/organisations/institute"])
@pytest.mark.parametrize(("language", "says"), [("en", "The database does not answer"), ("zh", "数据库暂时没有响应")])
def test_a_page_says_so_in_the_readers_language(signed_in, alice, away, path, language, says):
    browser = signed_in(alice)
    away()
    answer = browser.get(f"{path}?lang={language}")
    assert answer.status_code == 503 and says in answer.text


def test_what_was_written_into_a_form_is_shown_again(signed_in, alice, away):
    browser = signed_in(alice)
    away()
    answer = browser.post("/organisations/institute/edit", data={"about": "A long text that nobody writes twice."})
    assert answer.status_code == 503 and "A long text that nobody writes twice." in answer.text


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/api/v1/listings"), ("POST", "/api/v1/listings"), ("GET", "/api/v1/search?q=x"),
    ("POST", "/api/v1/tokens"),
])
def test_a_program_gets_a_problem_and_when_to_ask_again(client, away, method, path):
    away()
    answer = client.open(path, method=method, json={} if method == "POST" else None,
                         headers={"Authorization": "Bearer yq_x"})
    assert answer.status_code == 503, answer.text
    assert answer.content_type == "application/problem+json" and answer.headers["Retry-After"]


@pytest.mark.parametrize(("code", "away"), [
    (sqlite3.SQLITE_FULL, True), (sqlite3.SQLITE_READONLY_DBMOVED, True), (sqlite3.SQLITE_BUSY, True),
    (sqlite3.SQLITE_IOERR_WRITE, True), (sqlite3.SQLITE_ERROR, False),
])
def test_a_full_disk_is_no_mistake_in_what_was_asked(code, away):
    problem = sqlite3.OperationalError("it")
    problem.sqlite_errorcode = code
    assert db.is_away(OperationalError("SELECT", {}, problem)) is away
    assert not db.is_away(IntegrityError("INSERT", {}, Exception("unique")))
    assert not db.is_away(ValueError("other"))


def test_a_disk_that_is_full_loses_nothing_and_is_said_to_be_the_trouble(app, alice, institute, monkeypatch):
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    token, row = tokens.new(alice, clock.now())
    with transaction():
        session.add(row)
    client, taken = app.test_client(), 0
    new = {"kind": "result", "title": "电解液", "summary": "不燃" * 100}
    for _ in range(3):
        taken += write(client, token, new).status_code == 201
    limit(session.scalar(text("PRAGMA page_count")))
    answers = [write(client, token, new) for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert refused and {answer.status_code for answer in refused} == {503}
    assert "does not answer" in refused[0].json["detail"]
    limit(2**30)
    assert write(client, token, new).status_code == 201
    assert session.query(Listing).count() == taken + len(answers) - len(refused) + 1


def write(client, token, new):
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    return client.post("/api/v1/listings", json=new, headers=headers)


def limit(pages: int) -> None:
    """The database may have so many pages."""
    session.execute(text(f"PRAGMA max_page_count={pages}"))
    session.rollback()
