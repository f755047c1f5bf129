"""Notices over the API, and the pages that show many of them."""

from datetime import timedelta

import pytest
from conftest import sign_in
from sqlalchemy import insert, select

from marketplace import clock
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import dialect, session, transaction
from marketplace.messaging import inbox, service
from marketplace.messaging.kinds import Kind
from marketplace.messaging.models import Notice
from marketplace.phrases import Label, say

ROUTES = (
    ("GET", "/api/v1/notices"), ("GET", "/api/v1/notices/{id}"), ("POST", "/api/v1/notices/{id}/read"),
    ("POST", "/api/v1/notices/read"), ("GET", "/api/v1/notices/preferences"), ("PATCH", "/api/v1/notices/preferences"),
)


@pytest.fixture
def api(app):
    """api(alice)("GET", "/api/v1/notices") -> the answer to her program."""

    def of(person):
        token, _ = accounts.new_token(person)
        browser = app.test_client()
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

        def ask(method, path, *, headers_too=None, **given):
            return browser.open(path, method=method, headers={**headers, **(headers_too or {})}, **given)

        return ask

    return of


@pytest.fixture
def told(alice):
    """Three notices of alice's, two about one case; the number of the newest."""
    for n in range(2):
        service.notify([alice.id], say("{title}: {n}", title=Label("电解液", "Electrolyte"), n=n),
                       "/introductions/I-2026-000001", kind=Kind.NEWS)
    service.notify([alice.id], say("Verified"), "/organisations/institute")
    return session.scalars(select(Notice.id).order_by(Notice.id.desc())).first()


def test_a_program_lists_reads_and_counts(api, alice, told):
    ask = api(alice)
    page = ask("GET", "/api/v1/notices?size=2").json
    assert (page["total"], page["unread"], len(page["items"])) == (3, 3, 2)
    assert page["items"][0] | {"created_at": None} == {
        "id": told, "kind": "organisation", "text": "Verified", "created_at": None, "read_at": None,
        "url": "http://127.0.0.1:8000/organisations/institute",
    }
    assert ask("GET", "/api/v1/notices?kind=news").json["total"] == 2
    assert ask("POST", f"/api/v1/notices/{told}/read").json["read_at"]
    assert ask("GET", "/api/v1/notices?unread=true").json["total"] == 2
    assert ask("POST", "/api/v1/notices/read", json={"page": "/introductions/I-2026-000001"}).status_code == 204
    assert ask("GET", "/api/v1/notices").json["unread"] == 0


def test_one_notice_has_an_etag(api, alice, told):
    ask = api(alice)
    answer = ask("GET", f"/api/v1/notices/{told}")
    again = ask("GET", f"/api/v1/notices/{told}", headers_too={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_preferences_are_changed_one_by_one_and_not_over_a_newer_choice(api, alice):
    ask = api(alice)
    seen = ask("GET", "/api/v1/notices/preferences")
    assert seen.json["your_turn"] == "at_once" and seen.json["matches"] == "daily"
    match = {"If-Match": seen.headers["ETag"]}
    changed = ask("PATCH", "/api/v1/notices/preferences", json={"news": "never"}, headers_too=match)
    assert (changed.status_code, changed.json["news"], changed.json["matches"]) == (200, "never", "daily")
    assert ask("PATCH", "/api/v1/notices/preferences", json={"news": "daily"}, headers_too=match).status_code == 412
    for wrong in ({"your_turn": "never"}, {"news": "hourly"}, {"weather": "daily"}):
        tag = {"If-Match": ask("GET", "/api/v1/notices/preferences").headers["ETag"]}
        assert ask("PATCH", "/api/v1/notices/preferences", json=wrong, headers_too=tag).status_code == 422


def test_somebody_else_finds_nothing_and_changes_nothing(api, client, alice, bob, told):
    number, name = told, alice.id
    ask = api(bob)
    assert ask("GET", "/api/v1/notices").json["total"] == 0
    assert ask("GET", f"/api/v1/notices/{number}").status_code == 404
    assert ask("POST", f"/api/v1/notices/{number}/read").status_code == 404
    assert ask("POST", "/api/v1/notices/read", json={}).status_code == 204
    assert service.unread_count(session.get_one(User, name)) == 3
    for method, path in ROUTES:
        assert client.open(path.format(id=number), method=method, json={}).status_code == 401


def test_the_page_puts_what_is_about_one_case_together(signed_in, alice, told):
    browser = signed_in(alice)
    page = browser.get("/notices").text
    assert page.count("<h2>") == 1 and "2 notices" in page and "Mark these as read" in page
    browser.post("/notices/read", data={"page": "/introductions/I-2026-000001", "show": "unread"})
    page = browser.get("/notices?show=unread").text
    assert "Electrolyte" not in page and "Verified" in page


def test_notices_of_two_days_stand_under_two_days(signed_in, alice, told, monkeypatch):
    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    service.notify([alice.id], say("Later"), "/introductions/I-2026-000001")
    assert signed_in(alice).get("/notices").text.count("<h2>") == 2


def many(person, count):
    now = clock.now()
    rows = [
        {"user_id": person.id, "kind": Kind.NEWS, "msgid": "Notice {n}", "values": {"n": n}, "mail_at": None,
         "url": f"/introductions/I-2026-{n % 500:06}", "created_at": now - timedelta(minutes=n), "once": f"x{n}",
         "read_at": None if n % 3 else now}
        for n in range(count)
    ]
    with transaction():
        session.execute(insert(Notice), rows)


def test_the_bell_and_the_page_ask_the_same_few_questions_however_many_notices(app, client, count_queries, alice, told):
    person = alice.id

    def queries():
        browser = sign_in(client, session.get_one(User, person))
        with count_queries() as asked:
            assert browser.get("/notices").status_code == 200
        return asked.count

    few = queries()
    many(session.get_one(User, person), 3_000)
    assert queries() == few <= 10


def test_the_bell_looks_at_no_more_than_it_says(alice):
    many(alice, 3_000)
    assert service.unread_count(alice) == inbox.COUNTED
    unread = select(Notice.id).where(Notice.user_id == alice.id, Notice.read_at.is_(None)).limit(inbox.COUNTED)
    if dialect() == "sqlite":
        text = str(unread.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        plan = " ".join(str(row) for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
        assert "ix_notices_user_id_read_at" in plan and "SCAN" not in plan
