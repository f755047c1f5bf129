"""`yinqiao audit verify`, as an operator runs it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from marketplace import audit, db, migrating, sealing
from marketplace.cli import yinqiao
from marketplace.db import Base, session

pytestmark = pytest.mark.once


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a database of its own that has three sealed entries."""
    monkeypatch.setenv("YINQIAO_VAR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(migrating, "is_current", lambda _: True)
    database = db.connect(f"sqlite:///{tmp_path / 'yinqiao.db'}")
    Base.metadata.create_all(database)
    session.remove()
    session.configure(bind=database, join_transaction_mode="conditional_savepoint")
    for number in range(3):
        audit.record(1, "listing.created", "listing", number)
    sealing.seal_all()
    yield tmp_path
    session.remove()
    database.dispose()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(yinqiao, ["audit", "verify", *arguments])


def tamper(place: Path, statement: str) -> None:
    with sqlite3.connect(place / "yinqiao.db") as connection:
        connection.execute("DROP TRIGGER audit_entries_update")
        connection.execute("DROP TRIGGER audit_entries_delete")
        connection.execute(statement)


def test_a_whole_log_is_said_to_be_whole_with_its_head(place: Path) -> None:
    found = run()
    assert found.exit_code == 0 and "3 sealed entries, the chain holds" in found.output
    head = found.output.rsplit("head: ")[-1].strip()
    assert run("--head", head).exit_code == 0


def test_programs_read_one_object(place: Path) -> None:
    told = json.loads(run("--json").output)
    assert told["whole"] is True and told["sealed"] == 3 and told["head"].endswith("@3") and told["first"] == []


def test_a_changed_entry_is_named_and_ends_with_1(place: Path) -> None:
    tamper(place, "UPDATE audit_entries SET actor_id = 2 WHERE id = 2")
    found = run()
    assert found.exit_code == 1 and "place 2 of the chain (entry 2) was changed" in found.output
    told = json.loads(run("--json").output)
    assert told["whole"] is False and told["first"] == [{"kind": "changed", "seal": 2, "entry": 2, "until": None}]


def test_a_missing_entry_is_named(place: Path) -> None:
    tamper(place, "DELETE FROM audit_entries WHERE id = 2")
    found = run()
    assert found.exit_code == 1 and "place 2 of the chain: missing" in found.output


def test_an_end_cut_off_is_found_beside_a_head_that_was_kept(place: Path) -> None:
    head = json.loads(run("--json").output)["head"]
    tamper(place, "DELETE FROM audit_entries WHERE id = 3")
    assert run().exit_code == 0
    found = run("--head", head)
    assert found.exit_code == 1 and "cut short" in found.output


def test_a_head_that_is_none_is_refused_with_what_one_looks_like(place: Path) -> None:
    found = run("--head", "abc@3")
    assert found.exit_code == 2 and "64 hexadecimal digits" in found.output
