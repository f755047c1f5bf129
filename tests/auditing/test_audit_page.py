"""Operators find out who did what; nobody else looks."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from conftest import a_listing, a_person
from sqlalchemy import Engine as Database
from sqlalchemy import event, func, select

from marketplace import audit, clock, context, sealing
from marketplace.audit import AuditEntry
from marketplace.auditing import service
from marketplace.db import session
from marketplace.errors import Forbidden, Invalid

PAGE = "/operator/audit"


@pytest.fixture
def acts(alice, bob, institute):
    """Alice creates two listings and reads one, Bob changes it a week later, the worker lets it expire."""
    one, other = a_listing(institute), a_listing(institute)
    long_ago = clock.now() - timedelta(days=7)
    with clock.at(long_ago), context.of("page", address="192.0.2.7", device="Firefox, Linux", credential="session 3",
                                        request_id="3f2a9c0d11"):
        audit.record(alice.id, "listing.created", "listing", one.id)
        audit.record(alice.id, "listing.created", "listing", other.id)
        audit.record(alice.id, "listing.read", "listing", one.id, "I-2026-000009", tier=3, read=["confidential"])
    with context.of("api", address="192.0.2.8", credential="token 5"):
        audit.record(bob.id, "listing.changed", "listing", one.id)
    with context.of("worker"):
        audit.record(None, "listing.expired", "listing", one.id)
    return one, other


def found(erin, **asked) -> list[str]:
    return [one.entry.action for one in service.find(erin, service.Asked(**asked))[0]]


def test_an_operator_reads_who_did_what_to_what_from_where(acts, alice, erin, signed_in):
    page = signed_in(erin).get(PAGE).text
    for text in ("Alice", "created a listing", acts[0].ref, "192.0.2.7", "Firefox, Linux", "session 3", "3f2a9c0d11",
                 "the platform", "listing expired", "I-2026-000009"):
        assert text in page, text


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}.csv"])
def test_nobody_but_operators_looks(address, acts, alice, dana, signed_in, client):
    assert client.get(address).status_code == 302
    for person in (alice, dana):
        answer = signed_in(person).get(address)
        assert answer.status_code == 403 and "192.0.2.7" not in answer.text


def test_the_service_refuses_others_too(alice, dana):
    for reader in (None, alice, dana):
        for ask in (service.find, service.export):
            with pytest.raises(Forbidden):
                ask(reader, service.Asked())
        with pytest.raises(Forbidden):
            service.head(reader)


def test_each_filter_finds_its_own(acts, alice, bob, erin):
    one, other = acts
    assert found(erin, person="bob@institute.example") == ["listing.changed"]
    assert found(erin, person="Alice") == ["listing.read", "listing.created", "listing.created"]
    assert found(erin, person=str(bob.id)) == ["listing.changed"]
    assert found(erin, person="-") == ["listing.expired"]
    assert found(erin, action="listing.created") == ["listing.created"] * 2
    assert found(erin, action="reading") == ["listing.read"]
    assert found(erin, subject=other.ref) == ["listing.created"]
    assert found(erin, subject=other.ref.lower()) == ["listing.created"]
    assert found(erin, subject=f"listing {other.id}") == found(erin, subject=f"信息 {other.id}") == ["listing.created"]
    assert found(erin, origin="192.0.2.8") == found(erin, origin="token 5") == ["listing.changed"]
    assert len(found(erin, origin="3f2a9c0d11")) == 3 and len(found(erin, origin="session 3")) == 3
    today = clock.today()
    assert found(erin, since=today) == ["listing.expired", "listing.changed"]
    assert len(found(erin, until=today - timedelta(days=7))) == 3
    assert found(erin, person="Alice", subject=one.ref, action="listing.created") == ["listing.created"]


def test_what_is_unknown_is_named_with_the_remedy(acts, erin, signed_in):
    for name, text in (("person", "Nemo"), ("action", "no.act"), ("subject", "R-1999-000001"), ("origin", "a b")):
        with pytest.raises(Invalid) as problem:
            service.find(erin, service.Asked(**{name: text}))
        assert text in problem.value.fields[name]
    answer = signed_in(erin).get(f"{PAGE}?subject=R-1999-000001&person=Alice")
    assert answer.status_code == 422
    assert "R-1999-000001" in answer.text and 'value="Alice"' in answer.text and "listing.created" in answer.text


def test_days_that_are_none_come_back(erin, signed_in):
    answer = signed_in(erin).get(f"{PAGE}?from=yesterday")
    assert answer.status_code == 422 and 'value="yesterday"' in answer.text
    assert signed_in(erin).get(f"{PAGE}?from=2026-02-02&to=2026-02-01").status_code == 422


def test_a_search_without_result_says_what_to_do(acts, erin, signed_in):
    assert "Nobody did this" in signed_in(erin).get(f"{PAGE}?action=listing.withdraw").text
    assert "没有符合条件的记录" in signed_in(erin).get(f"{PAGE}?action=listing.withdraw&lang=zh").text


def test_an_empty_log_says_what_will_be_there(erin, signed_in):
    assert "Nothing is recorded yet" in signed_in(erin).get(PAGE).text


def test_pages_go_back_in_time_without_leaving_one_out(alice, erin, signed_in):
    for number in range(7):
        audit.record(alice.id, "listing.created", "listing", number)
    seen, before = [], None
    for _ in range(4):
        part, before = service.find(erin, service.Asked(), before, size=2)
        seen += [one.entry.subject_id for one in part]
        if before is not None:
            assert service.place(str(before)) == before
    assert seen == [6, 5, 4, 3, 2, 1, 0] and before is None


def test_a_forged_place_begins_at_the_newest(acts, erin, signed_in):
    for text in ("x", "1-", "99999999999999999-1", "-1-1", "1-99999999999"):
        assert service.place(text) is None
    assert signed_in(erin).get(f"{PAGE}?before=x").status_code == 200
    assert "Nobody did this" in signed_in(erin).get(f"{PAGE}?before=1-1").text


def test_people_whose_account_is_gone_keep_their_number(erin, signed_in):
    audit.record(987654, "listing.created", "listing", 1)
    assert "account 987654" in signed_in(erin).get(PAGE).text


def test_the_export_holds_what_was_asked_and_is_recorded(acts, alice, erin, signed_in):
    sealing.seal_all()
    answer = signed_in(erin).get(f"{PAGE}.csv?person=Alice")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(rows) == 4 and rows[1][4:8] == ["Alice", "alice@institute.example", "read protected content",
                                               "listing.read"]
    assert rows[1][13] == "192.0.2.7" and "content: confidential part" in rows[1][16]
    newest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (newest.action, newest.actor_id, newest.details) == ("audit.exported", erin.id, {"filters": ["person"]})


def test_a_name_in_the_export_is_never_a_formula(erin, signed_in):
    person = a_person("eve@company.example", "=1+1")
    audit.record(person.id, "listing.created", "listing", 1)
    assert "'=1+1" in signed_in(erin).get(f"{PAGE}.csv").text


def test_a_long_page_asks_the_database_as_often_as_a_short_one(acts, alice, erin, signed_in, count_queries):
    browser = signed_in(erin)
    browser.get(PAGE)
    with count_queries() as few:
        browser.get(PAGE)
    for number in range(40):
        audit.record(alice.id, "listing.created", "listing", acts[0].id + number)
    with count_queries() as many:
        browser.get(PAGE)
    assert many.count == few.count <= 16


@pytest.mark.parametrize("asked", [
    {}, {"person": "alice@institute.example"}, {"action": "listing.read"}, {"subject": "listing 1"},
    {"since": date(2026, 11, 24), "until": date(2026, 11, 24)}, {"origin": "192.0.2.7"}, {"origin": "session 3"},
    {"origin": "3f2a9c0d11"},
])
def test_every_filter_has_an_index(asked, acts, erin, database: Database):
    plans = []

    def explained(connection, cursor, statement, parameters, *_):
        if statement.startswith("SELECT audit_entries") and not plans:
            plans.append((statement, parameters))

    event.listen(database, "before_cursor_execute", explained)
    try:
        service.find(erin, service.Asked(**asked))
    finally:
        event.remove(database, "before_cursor_execute", explained)
    statement, parameters = plans[0]
    connection = session.connection()
    if database.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = str(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all())
    else:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
    assert "ix_audit_entries" in plan or "pk_audit_entries" in plan, plan


def test_both_languages_name_every_act_on_the_page(acts, erin, signed_in):
    page = signed_in(erin).get(f"{PAGE}?lang=zh").text
    assert "新建信息" in page and "操作记录" in page and "平台自动" in page


def test_reading_the_log_changes_nothing(acts, erin, signed_in):
    before = session.scalar(select(func.count()).select_from(AuditEntry))
    signed_in(erin).get(PAGE)
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == before


def test_sessions_and_tokens_are_called_and_found_in_the_readers_words(signed_in, erin, acts):
    browser = signed_in(erin)
    assert "令牌 5" in browser.get(PAGE, query_string={"lang": "zh"}).text
    page = browser.get(PAGE, query_string={"lang": "zh", "origin": "会话 3"}).text
    assert "会话 3" in page and "令牌 5" not in page
