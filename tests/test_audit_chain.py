"""Nobody changes, removes, adds or reorders what the audit log says without being found."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from marketplace import audit, clock, context, db, migrating, sealing
from marketplace.audit import AuditEntry
from marketplace.db import dialect, session, transaction


def sealed(count: int = 5) -> list[AuditEntry]:
    """That many acts of two people, sealed."""
    for number in range(count):
        with context.of("page", address=f"192.0.2.{number}", device="Firefox, Linux", credential="session 3"):
            audit.record(number % 2, "listing.read", "listing", 7, tier=3, read=["confidential"], at=number)
    sealing.seal_all()
    return entries()


def entries() -> list[AuditEntry]:
    session.expire_all()
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.seal)))


def tamper(*statements: str) -> None:
    """As somebody who owns the database: the triggers go first."""
    names = ["audit_entries_update", "audit_entries_delete"]
    for name in names:
        on = " ON audit_entries" if dialect() == "postgresql" else ""
        session.execute(text(f"DROP TRIGGER IF EXISTS {name}{on}"))
    for statement in statements:
        session.execute(text(statement))
    session.flush()
    session.connection()
    with transaction():
        pass


def faults(known: sealing.Head | None = None) -> list[tuple[str, int]]:
    return [(fault.kind, fault.seal) for fault in sealing.verify(known).faults]


def test_what_was_written_is_whole_once_it_is_sealed() -> None:
    first = sealed(3)
    verdict = sealing.verify()
    assert verdict.is_whole and verdict.sealed == 3 and verdict.waiting == 0
    assert [entry.seal for entry in first] == [1, 2, 3]
    assert verdict.head == sealing.head() == sealing.Head(3, first[-1].hash or "")


def test_sealing_again_changes_nothing() -> None:
    before = [entry.hash for entry in sealed()]
    assert sealing.seal_all() == 0
    assert [entry.hash for entry in entries()] == before


def test_a_log_goes_on_from_its_head() -> None:
    sealed(2)
    known = sealing.head()
    sealed(2)
    assert sealing.verify(known).is_whole and sealing.verify().sealed == 4


def test_more_entries_than_one_batch_are_one_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 3)
    sealed(8)
    assert sealing.verify().is_whole and sealing.verify().sealed == 8


def test_entries_of_before_seals_were_known_are_sealed_too() -> None:
    with transaction():
        session.add(AuditEntry(at=clock.now(), actor_id=1, action="listing.created", subject_kind="listing",
                               subject_id=1, details={"name": "甲.pdf"}))
    assert sealing.verify().waiting == 1
    sealing.seal_all()
    assert sealing.verify().is_whole and sealing.verify().waiting == 0


@pytest.mark.parametrize("change", [
    "actor_id = 99", "actor_id = NULL", "action = 'listing.created'", "subject_id = 8", "subject_kind = 'user'",
    "introduction_ref = 'I-2026-000001'", "via = 'api'", "credential = 'session 4'", "request_id = 'x'",
    "address = '192.0.2.99'", "address = NULL", "device = NULL", "details = '{}'", "details = '{\"tier\": 1}'",
    "at = '2020-01-01 00:00:00.000000'", "id = 1000", "hash = 'f'", "origin_proof = 'digest:f'",
    "details_proof = 'salt:f'",
])
def test_an_entry_that_was_changed_is_found(change: str) -> None:
    sealed()
    tamper(f"UPDATE audit_entries SET {change} WHERE seal = 3")
    assert faults()[0] == ("changed", 3)


def test_an_entry_that_was_deleted_is_found() -> None:
    sealed()
    tamper("DELETE FROM audit_entries WHERE seal IN (2, 3)")
    assert faults() == [("missing", 2)]
    assert sealing.verify().faults[0].until == 3


def test_the_first_entry_that_was_deleted_is_found() -> None:
    sealed()
    tamper("DELETE FROM audit_entries WHERE seal = 1")
    assert faults() == [("missing", 1)]


def test_closing_the_gap_is_found() -> None:
    sealed()
    tamper("DELETE FROM audit_entries WHERE seal = 2", "UPDATE audit_entries SET seal = seal - 1 WHERE seal = 3",
           "UPDATE audit_entries SET seal = seal - 1 WHERE seal = 4",
           "UPDATE audit_entries SET seal = seal - 1 WHERE seal = 5")
    assert faults()[0] == ("changed", 2)


def test_an_entry_that_was_put_between_is_found() -> None:
    sealed()
    columns = "action, subject_kind, subject_id, details, hash, origin_proof, details_proof, actor_id"
    tamper(
        *(f"UPDATE audit_entries SET seal = {seal + 1} WHERE seal = {seal}" for seal in (5, 4, 3)),
        f"INSERT INTO audit_entries (id, at, seal, {columns}) "
        f"SELECT (SELECT max(id) + 1 FROM audit_entries), at, 3, {columns} FROM audit_entries WHERE seal = 2",
    )
    assert ("changed", 3) in faults()


def test_entries_that_changed_places_are_found() -> None:
    sealed()
    tamper("UPDATE audit_entries SET seal = 99 WHERE seal = 2", "UPDATE audit_entries SET seal = 2 WHERE seal = 3",
           "UPDATE audit_entries SET seal = 3 WHERE seal = 99")
    assert faults()[:2] == [("changed", 2), ("changed", 3)]


def test_an_end_that_was_cut_off_is_found_by_a_head_kept_elsewhere() -> None:
    sealed()
    known = sealing.head()
    tamper("DELETE FROM audit_entries WHERE seal > 3")
    assert faults() == []
    assert faults(known) == [("cut short", 5)]
    sealed(4)  # work goes on, the places are given again
    assert ("another history", 5) in faults(known)


def test_a_history_written_anew_is_found_by_a_head_kept_elsewhere() -> None:
    sealed()
    known = sealing.head()
    tamper("UPDATE audit_entries SET actor_id = 99 WHERE seal = 2",
           "UPDATE audit_entries SET seal = NULL, hash = NULL, origin_proof = NULL, details_proof = NULL")
    sealing.seal_all()
    assert faults() == []
    assert faults(known) == [("another history", 5)]


@pytest.mark.parametrize("statement", [
    "UPDATE audit_entries SET actor_id = 99", "UPDATE audit_entries SET at = '2020-01-01 00:00:00.000000'",
    "UPDATE audit_entries SET address = '192.0.2.99'", "UPDATE audit_entries SET details = '{\"tier\": 1}'",
    "UPDATE audit_entries SET seal = seal + 10", "UPDATE audit_entries SET hash = NULL",
    "UPDATE audit_entries SET origin_proof = 'salt:x'", "UPDATE audit_entries SET details_proof = NULL",
    "DELETE FROM audit_entries", "DELETE FROM audit_entries WHERE seal = 5",
])
def test_the_database_itself_refuses_changes(statement: str) -> None:
    sealed()
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text(statement))
    assert faults() == []


def test_an_entry_that_is_not_sealed_yet_is_kept_too() -> None:
    audit.record(1, "listing.created", "listing", 1)
    for statement in ("UPDATE audit_entries SET actor_id = 2", "DELETE FROM audit_entries"):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(text(statement))


def test_addresses_are_erased_when_they_are_old_and_the_chain_still_fits() -> None:
    with clock.at(clock.now() - timedelta(days=200)):
        sealed(3)
    sealed(2)
    known = sealing.head()
    assert sealing.blank_origins(clock.now() - timedelta(days=180)) == 3
    assert [entry.address for entry in entries()] == [None, None, None, "192.0.2.0", "192.0.2.1"]
    assert [entry.device for entry in entries()][:3] == [None, None, None]
    verdict = sealing.verify(known)
    assert verdict.is_whole and verdict.erased == 3
    assert sealing.blank_origins(clock.now() - timedelta(days=180)) == 0


def test_where_a_person_was_is_erased_with_the_person() -> None:
    sealed(4)
    with context.of("page", address="192.0.2.7"):
        audit.record(None, "sign_in.refused", "user", 1)
    assert sealing.erase_origins_of(1) == 3
    assert {entry.actor_id for entry in entries() if entry.address} == {0}
    assert sealing.verify().is_whole


def test_names_in_details_can_be_erased() -> None:
    row = sealed(2)[0]
    assert sealing.erase_details([row.id]) == 1
    assert entries()[0].details == {} and sealing.verify().is_whole and sealing.verify().erased == 1


def test_what_is_put_in_an_erased_place_is_found() -> None:
    row = sealed(2)[0]
    sealing.erase_origins_of(row.actor_id or 0)
    tamper("UPDATE audit_entries SET address = '192.0.2.99' WHERE seal = 1")
    assert faults() == [("changed", 1)]


def test_a_late_commit_is_sealed_after_what_was_faster(own_database: Database) -> None:
    if dialect() != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    slow = own_database.connect()
    outer = slow.begin()
    number = slow.execute(text("SELECT nextval('audit_entries_id_seq')")).scalar()
    slow.execute(text("INSERT INTO audit_entries (id, at, action, subject_kind, subject_id, details) "
                      f"VALUES ({number}, now(), 'listing.created', 'listing', 1, '{{}}')"))
    sealed(3)
    assert sealing.verify().sealed == 3
    outer.commit()
    slow.close()
    sealing.seal_all()
    assert [entry.id for entry in entries()][-1] == number
    assert sealing.verify().is_whole and sealing.verify().sealed == 4


def test_processes_that_write_and_seal_at_once_make_one_chain(own_database: Database) -> None:
    problems: list[BaseException] = []

    def work(actor: int) -> None:
        try:
            for _ in range(25):
                audit.record(actor, "listing.read", "listing", 1, tier=2)
                sealing.seal_all()
        except BaseException as problem:
            problems.append(problem)
        finally:
            session.remove()

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    sealing.seal_all()
    verdict = sealing.verify()
    assert verdict.is_whole and verdict.sealed == 100


def test_looking_for_what_to_seal_reads_no_sealed_entry(own_database: Database) -> None:
    sealed(50)
    if dialect() == "postgresql":
        session.execute(text("SET enable_seqscan = off"))
    asked = "SELECT * FROM audit_entries WHERE seal IS NULL ORDER BY id LIMIT 500"
    plan = "EXPLAIN QUERY PLAN" if dialect() == "sqlite" else "EXPLAIN"
    found = str(session.execute(text(f"{plan} {asked}")).all())
    assert "ix_audit_entries_unsealed" in found or "ix_audit_entries_seal" in found


def test_a_database_that_was_migrated_refuses_changes_too(spare_url: str) -> None:
    database = db.connect(spare_url)
    try:
        migrating.migrate(database)
        with database.begin() as connection:
            connection.exec_driver_sql("INSERT INTO audit_entries (id, at, action, subject_kind, subject_id, details) "
                                       "VALUES (1, '2026-01-01 00:00:00+00:00', 'listing.created', 'listing', 1, '{}')")
        for statement in ("UPDATE audit_entries SET actor_id = 2", "DELETE FROM audit_entries"):
            with pytest.raises(DBAPIError, match="append-only"), database.begin() as connection:
                connection.exec_driver_sql(statement)
        with database.begin() as connection:
            connection.exec_driver_sql("UPDATE audit_entries SET seal = 1, hash = 'x'")
    finally:
        database.dispose()
