"""The standing cast, a database whose every test is rolled back, a real search engine, and no network.

TEST_DATABASE=postgresql runs the same tests on a real PostgreSQL that is started for them.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, inspect
from sqlalchemy import Engine as Database
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from marketplace import clock, config, db, index, refs
from marketplace.accounts import passwords, sessions, tokens
from marketplace.accounts.models import User
from marketplace.accounts.signing_in import KEY
from marketplace.app import create_app
from marketplace.db import Base, session, transaction
from marketplace.finding import record
from marketplace.listings.models import Kind, Listing, State
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Membership, Organisation, Role
from marketplace.organisations.models import State as OrganisationState
from marketplace.web.limits import limiter
from marketplace.webhooks import sending
from search.embedded import EmbeddedEngine
from tests.postgresql import postgresql

PATIENT = dict.fromkeys(("SESSION_IDLE", "SESSION_LIMIT", "REMEMBERED_IDLE", "REMEMBERED_LIMIT"), "9999d")
"""Tests that move the clock by months do not want to sign in again; those of the limits set their own."""

BEGUN_FIRST = (
    "test_fuzzing", "test_keyboard_journey", "test_every_route", "test_broker_forms", "test_journeys",
    "test_broker_fuzzing", "test_leaks_everywhere", "test_serving", "test_wheel", "test_graceful_stop", "test_commands",
    "test_embed_command", "test_backup_and_restore", "test_every_api_route", "test_engine_contract_synonyms",
    "test_figures_by_hand", "test_checking", "test_places", "test_large_files", "test_real_server",
    "test_contract_fuzzing", "test_leaks", "test_demo", "test_demo_series", "test_worker", "test_introduction_machine",
)
"""Files that take longest: where several are tested at the same time nobody is to wait for one of these at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        last, many = len(BEGUN_FIRST), Counter(item.path for item in items)
        place = {name: at for at, name in enumerate(BEGUN_FIRST)}
        items.sort(key=lambda item: (place.get(item.path.stem, last), -many[item.path]))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What tests are given when they are gathered has no day in it: another may have begun by the time they run."""

    def too_early() -> None:
        raise AssertionError("The clock is asked while tests are gathered; ask it in the test, or in a fixture")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", too_early)
        return (yield)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> config.Settings:
    var = tmp_path_factory.mktemp("var")
    return config.read({"YINQIAO_VAR": str(var), "SECRET_KEY": "only for the tests, nowhere else", **PATIENT})


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    with ExitStack() as stack:
        if os.environ.get("TEST_DATABASE") == "postgresql":
            engine = db.connect(stack.enter_context(postgresql()))
        else:
            engine = db.connect("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path_factory.mktemp("index"), writer=True)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def application(settings: config.Settings, database: Database, engine: EmbeddedEngine) -> Flask:
    app = create_app(settings, database=database, engine=engine)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    limiter.enabled = False
    # As safe as in real life would cost most of a test's time.
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return app


class IdleSenders(sending.Senders):
    def wake(self) -> None:
        return


@pytest.fixture(autouse=True)
def nothing_leaves_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread goes on beside a test, on its connection, or outlives it: webhooks, the record of searches."""
    monkeypatch.setattr(sending, "_senders", IdleSenders())
    monkeypatch.setattr(record.Memory, "_write_soon", lambda memory: None)


_strangers: list[str] = []


@event.listens_for(Session, "after_begin")
def only_the_test_itself(begun: Session, _: object, connection: Connection) -> None:
    """Two threads on the test's one connection release each other's savepoints; whoever does so is named."""
    if begun.bind is connection and threading.current_thread() is not threading.main_thread():
        _strangers.append(threading.current_thread().name)
        raise RuntimeError("a thread speaks to the database on a test's own connection")


@pytest.fixture(autouse=True)
def rolled_back(application: Flask, database: Database, engine: EmbeddedEngine) -> Iterator[None]:
    connection = database.connect()
    outer = connection.begin()
    session.remove()
    session.configure(bind=connection, join_transaction_mode="create_savepoint")
    index.bind(engine)
    yield
    session.remove()
    outer.rollback()
    connection.close()
    engine.drop("listings")
    strangers = _strangers[:]
    _strangers.clear()
    assert not strangers, f"threads on the test's own connection: {', '.join(strangers)}"


@pytest.fixture
def spare_url(database: Database, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database that other processes may open too."""
    if database.dialect.name == "sqlite":
        yield f"sqlite:///{tmp_path / 'spare.db'}"
        return
    name = f"spare_{uuid4().hex[:8]}"
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield database.url.set(database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_database(spare_url: str) -> Iterator[Database]:
    """A database in which commits are real and threads have connections of their own; the session speaks to it."""
    engine = db.connect(spare_url)
    Base.metadata.create_all(engine)
    session.remove()
    session.configure(bind=engine, join_transaction_mode="conditional_savepoint")
    yield engine
    session.remove()
    engine.dispose()


class Counted:
    count = 0


@pytest.fixture
def count_queries(database: Database):
    """`with count_queries() as asked: …` then `asked.count` statements have gone to the database."""

    @contextmanager
    def counting() -> Iterator[Counted]:
        asked = Counted()

        def note(*_: object) -> None:
            asked.count += 1

        event.listen(database, "before_cursor_execute", note)
        yield asked
        event.remove(database, "before_cursor_execute", note)

    return counting


@pytest.fixture
def app(application: Flask) -> Flask:
    return application


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor's browser, reading English. `sign_in(client, alice)` makes it somebody's."""
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def attached(user: User) -> User:
    """The person in the session of now: an error page has perhaps ended the one they came from."""
    return session.get_one(User, inspect(user).identity) if inspect(user).detached else user


def sign_in(client: FlaskClient, user: User) -> FlaskClient:
    """Put the person's session cookie into this browser, without the form."""
    key = sessions.add(attached(user))
    with client.session_transaction() as cookie:
        cookie[KEY] = key
    return client


@pytest.fixture
def signed_in(app: Flask):
    """signed_in(alice) -> a browser of hers."""

    def browser(user: User, language: str = "en") -> FlaskClient:
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        return sign_in(client, user)

    return browser


@pytest.fixture
def program(app: Flask):
    """program(alice): a program that acts with a token of hers, reading English; program(): one without."""

    def client(person: User | None = None, language: str = "en") -> FlaskClient:
        made = app.test_client()
        made.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        if person is not None:
            token, row = tokens.new(attached(person), clock.now())
            with transaction():
                session.add(row)
            made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return made

    return client


def a_person(email: str, name: str = "", **is_: object) -> User:
    with transaction():
        person = User(email=email, name=name or email.partition("@")[0].title(), language="en",
                      created_at=clock.now(), confirmed_at=clock.now(), **is_)
        session.add(person)
    return person


def an_organisation(slug: str, kind: OrganisationKind, state: OrganisationState = OrganisationState.VERIFIED,
                    **fields: object) -> Organisation:
    with transaction():
        organisation = Organisation(slug=slug, name=slug, name_en=slug.title(), kind=kind, state=state, region="440300",
                                    created_at=clock.now(), **fields)
        session.add(organisation)
    return organisation


def join(person: User, organisation: Organisation, role: Role = Role.ADMIN) -> None:
    with transaction():
        session.add(Membership(user_id=person.id, organisation_id=organisation.id, role=role, joined_at=clock.now()))
    session.expire(person)


RESULT = {
    "subtype": "technology", "title": "Flame-retardant electrolyte for storage plants",
    "summary": "A lithium battery electrolyte that does not burn.", "keywords": ["lithium battery", "electrolyte"],
    "field": "new_energy", "region": "440300", "trl": 6, "modes": ["licence", "development"],
    "price_kind": "negotiable", "language": "en",
    "details": {
        "problem": "Storage plants burn.", "how_it_works": "A fluorinated phosphate takes the place of carbonate.",
        "advantage": "Self-extinguishing time 0 s against 78 s.", "indicators": "Conductivity 8.9 mS/cm at 25 °C.",
        "trl_evidence": "A 100 kWh cabinet ran 14 months.", "exclusivity": "non_exclusive",
        "collaboration": "We bring the formula and two engineers.",
    },
}
NEED = {
    "subtype": "research", "title": "Battery electrolyte that cannot burn",
    "summary": "Cabinets must pass the nail test.",
    "keywords": ["electrolyte", "safety"], "field": "new_energy", "region": "440300", "modes": ["licence"],
    "budget_band": "1m_to_5m", "trl_min": 5, "trl_max": 9, "language": "en",
    "details": {"situation": "Our cells vent and ignite.", "outcome": "No fire.", "targets": "No flame in GB 38031."},
}


def a_listing(
    organisation: Organisation, kind: Kind = Kind.RESULT, state: State = State.PUBLISHED, **fields: object
) -> Listing:
    """A complete listing, put straight into the table in any state."""
    now = clock.now()
    content = {**(RESULT if kind is Kind.RESULT else NEED), **fields}
    with transaction():
        letter = "R" if kind is Kind.RESULT else "N"
        listing = Listing(ref=refs.take(letter)[0], kind=kind, state=state, organisation_id=organisation.id,
                          created_at=now, changed_at=now, published_at=now if state is State.PUBLISHED else None,
                          valid_until=clock.today() + timedelta(days=180), **content)
        session.add(listing)
    session.refresh(listing)
    return listing


@pytest.fixture
def institute() -> Organisation:
    return an_organisation("institute", OrganisationKind.INSTITUTE)


@pytest.fixture
def company() -> Organisation:
    return an_organisation("company", OrganisationKind.COMPANY)


@pytest.fixture
def alice(institute: Organisation) -> User:
    person = a_person("alice@institute.example")
    join(person, institute, Role.ADMIN)
    return person


@pytest.fixture
def bob(institute: Organisation) -> User:
    person = a_person("bob@institute.example")
    join(person, institute, Role.EDITOR)
    return person


@pytest.fixture
def charlie(company: Organisation) -> User:
    person = a_person("charlie@company.example")
    join(person, company, Role.ADMIN)
    return person


@pytest.fixture
def dana() -> User:
    return a_person("dana@broker.example", is_broker=True)


@pytest.fixture
def erin() -> User:
    return a_person("erin@operator.example", is_operator=True)


DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
