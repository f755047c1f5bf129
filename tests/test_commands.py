"""What operators do from the command line, as they do it: `yinqiao …` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import a_listing, an_organisation

from marketplace import config, db, index, migrating, subscriptions, worker
from marketplace.accounts.models import User
from marketplace.app import search_engine
from marketplace.commands import search
from marketplace.db import session
from marketplace.listings.models import Listing
from marketplace.organisations.models import Kind, Organisation
from search.embedded import EmbeddedEngine
from tests.search.imitation import Imitation

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.once
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[config.Settings]:
    """An installation of its own, migrated; the session speaks to its database."""
    found = config.read({"YINQIAO_VAR": str(tmp_path), "SECRET_KEY": "only for the tests, nowhere else"})
    database = db.connect(found.database_url)
    migrating.migrate(database)
    session.remove()
    session.configure(bind=database, join_transaction_mode="conditional_savepoint")
    yield found
    session.remove()
    database.dispose()


@pytest.fixture
def yinqiao(installed: config.Settings) -> Run:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "YINQIAO_VAR": str(installed.var),
                   "SECRET_KEY": installed.secret_key}

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "marketplace", *arguments], env={**environment, **settings},
                              capture_output=True, text=True, timeout=120, check=False)

    return run


def the_person(email: str) -> User | None:
    session.rollback()
    return session.query(User).filter_by(email=email).one_or_none()


def test_an_operator_is_created_and_can_sign_in(yinqiao: Run) -> None:
    done = yinqiao("user", "create", "Erin@Operator.example", "--name", "Erin Yin", "--operator",
                   "--password", "four plain english words")
    assert done.returncode == 0, done.stderr
    erin = the_person("erin@operator.example")
    assert erin is not None and erin.is_operator and not erin.is_broker and erin.confirmed_at and erin.password_hash


def test_the_same_address_twice_and_a_poor_password_are_refused_in_a_sentence(yinqiao: Run) -> None:
    assert yinqiao("user", "invite", "dana@broker.example", "--name", "Dana", "--broker").returncode == 0
    again = yinqiao("user", "invite", "dana@broker.example", "--name", "Dana", "--broker")
    poor = yinqiao("user", "create", "bob@institute.example", "--name", "Bob", "--password", "bob")
    for done in (again, poor):
        assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "dana@broker.example" in again.stderr
    assert "password" in poor.stderr
    assert the_person("bob@institute.example") is None


def test_an_invitation_prints_the_link_that_also_leaves_by_mail(yinqiao: Run) -> None:
    done = yinqiao("user", "invite", "dana@broker.example", "--name", "Dana Dai", "--broker",
                   YINQIAO_BASE_URL="https://yinqiao.example")
    assert done.stdout.startswith("https://yinqiao.example/welcome/")
    dana = the_person("dana@broker.example")
    assert dana is not None and dana.is_broker and dana.password_hash is None


def test_the_demonstration_does_not_mix_with_data(yinqiao: Run) -> None:
    yinqiao("user", "invite", "dana@broker.example", "--name", "Dana")
    done = yinqiao("demo")
    assert done.returncode == 1 and "has data" in done.stderr
    assert yinqiao("demo", "--first-time").returncode == 0
    assert the_person("alice@institute.example") is None


@pytest.fixture
def listing(installed: config.Settings) -> Listing:
    organisation: Organisation = an_organisation("institute", Kind.INSTITUTE)
    return a_listing(organisation)


def test_the_index_is_rebuilt_checked_and_told_of(yinqiao: Run, listing: Listing) -> None:
    assert "not built yet" in yinqiao("search", "status").stdout
    differs = yinqiao("search", "check")
    assert differs.returncode == 1 and f"1 missing (ids {listing.id})" in differs.stdout
    rebuilt = yinqiao("search", "rebuild")
    assert rebuilt.returncode == 0 and "listings: 1 documents" in rebuilt.stdout
    assert yinqiao("search", "check").returncode == 0
    assert "index listings: 1 documents" in yinqiao("search", "status").stdout


def test_a_search_server_is_filled_and_checked_like_our_own_index(yinqiao: Run, listing: Listing) -> None:
    server = Imitation()
    try:
        for command in ("rebuild", "check"):
            done = yinqiao("search", command, MEILI_URL=server.url)
            assert done.returncode == 0 and "listings: 1 documents" in done.stdout, done.stdout + done.stderr
        status = yinqiao("search", "status", "--exit-code", MEILI_URL=server.url)
        assert "engine: meilisearch\n" in status.stdout
        assert status.returncode == 1 and "worker last seen: never" in status.stdout
        server.version = "1.14.0"
        told = yinqiao("search", "status", MEILI_URL=server.url)
        assert told.returncode == 0
        assert "cannot be used: the search server is Meilisearch 1.14.0; 1.15 or later is needed" in told.stdout
    finally:
        server.close()


def test_where_a_worker_writes_the_index_it_is_asked_to_rebuild_it(
    yinqiao: Run, installed: config.Settings, listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "timers", lambda: ())
    with worker.only_writer(installed) as alone:
        assert alone
        engine = search_engine(installed, writes=True)
        assert isinstance(engine, EmbeddedEngine)
        index.bind(engine)
        environment = {**os.environ, "YINQIAO_VAR": str(installed.var), "SECRET_KEY": installed.secret_key}
        asking = subprocess.Popen([sys.executable, "-m", "marketplace", "search", "rebuild"], env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        one = worker.Worker("one", alone=True)
        one._looked_for_indexes = True
        while asking.poll() is None:
            one.turn()
            one.stopping.wait(0.1)
        out, errors = asking.communicate(timeout=60)
        engine.close()
    assert asking.returncode == 0, errors
    assert "has been asked" in errors and "listings: 1 documents" in out


def test_a_rebuild_nobody_begins_says_so_and_stays_asked_for(
    yinqiao: Run, installed: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PATIENCE", 0.3)
    monkeypatch.setattr(search.ready, "settings", lambda: installed)
    with worker.only_writer(installed):
        done = CliRunner().invoke(search.search, ["rebuild"])
    assert done.exit_code == 1 and "the worker has not begun" in done.output
    assert index.asked_for() == ["listings"]


def test_migrating_brings_the_terms_of_the_release_and_loading_them_again_changes_nothing(yinqiao: Run) -> None:
    first = yinqiao("migrate")
    assert first.returncode == 0 and "new groups of equal terms" in first.stdout, first.stderr
    assert "equal terms" not in yinqiao("migrate").stdout
    assert yinqiao("terms", "load").stdout.startswith("0 new groups of equal terms, 0 changed, ")
