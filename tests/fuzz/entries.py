"""What hypothesis makes up for imports, questions and moves, for as long as asked: refused or taken, never a failure.

Not collected by itself: `make fuzz` runs it with FUZZ_SECONDS.
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from access.asking import nothing_stays
from access.world import COUNTERPART, ITS_BROKER, OPERATOR, OWN, World, build
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from marketplace.accounts.models import User
from marketplace.accounts.signing_in import KEY
from marketplace.db import session
from marketplace.errors import MarketplaceError
from marketplace.introductions import service
from marketplace.introductions.inputs import Input
from marketplace.introductions.moves import TABLE
from marketplace.listings import headings, import_jobs
from marketplace.listings.models import Kind, State
from marketplace.webhooks import sending

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
ACTORS = (OWN[1], OWN[2], COUNTERPART, ITS_BROKER, OPERATOR)
VALUES = st.one_of(st.text(max_size=40), st.integers(), st.none(), st.booleans(), st.dates(), st.decimals(),
                   st.lists(st.text(max_size=8), max_size=4), st.sampled_from(["need", "result", "licence", "broker"]))
NAMES = sorted({entry.name for move in TABLE for entry in move.inputs if isinstance(entry, Input)})


@pytest.fixture
def world(app, monkeypatch) -> World:
    monkeypatch.setattr(sending.Senders, "wake", lambda _: None)
    return build()


def for_as_long_as_asked(strategy: Any, hold: Callable[[Any], None]) -> None:
    until, round_ = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        round_ += 1

        @seed(round_)
        @settings(max_examples=100, database=None, deadline=None, phases=[Phase.generate, Phase.shrink],
                  suppress_health_check=list(HealthCheck))
        @given(strategy)
        def holds(made: Any) -> None:
            with nothing_stays():
                hold(made)

        holds()
    print(f"{round_} rounds of 100")


def person(world: World, role: str) -> User:
    return session.get_one(User, world.numbers[role])


def test_questions(app, world):
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie[KEY] = world.keys[OWN[1]].cookie
    names = st.sampled_from(["q", "kind", "field", "region", "trl", "mode", "sort", "page", "organisation", "since"])

    def asks(query: dict[str, str]) -> None:
        for path in ("/search", "/api/v1/search", "/api/v1/suggest", "/searches/new", "/search.atom"):
            with browser.get(path, query_string=query) as answer:
                assert answer.status_code < 500, (path, query)

    for_as_long_as_asked(st.dictionaries(names, st.text(max_size=60), max_size=5), asks)


def test_moves(world):
    """Any move with any entries, by anybody, at any stage this world has."""
    keys = st.sampled_from(sorted({move.name for move in TABLE}))
    refs = st.sampled_from([world.names["ref"], world.names["early_case"]])

    def moves(made: tuple[str, str, str, dict[str, Any]]) -> None:
        role, ref, key, given_ = made
        actor = person(world, role)
        try:
            service.move(actor, service.get(actor, ref), key, **given_)
        except MarketplaceError:
            session.rollback()

    entries = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)
    for_as_long_as_asked(st.tuples(st.sampled_from(ACTORS), refs, keys, entries), moves)


def test_imports(world):
    """A table with any cells under headings that are known, through to the report."""
    def imports(made: tuple[Kind, list[dict[str, str]]]) -> None:
        kind, rows = made
        actor, known = person(world, OWN[1]), list(headings.column_headings(kind, "en").values())
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(known)
        writer.writerows([[row.get(name, "") for name in known] for row in rows])
        organisation = actor.memberships[0].organisation  # type: ignore[attr-defined]
        try:
            job = import_jobs.upload(actor, organisation, kind, "made.csv", io.BytesIO(file.getvalue().encode()))
            import_jobs.check(actor, job, {}, {}, State.DRAFT)
            import_jobs.advance([job.id])
            assert not import_jobs.failure(job)
        except MarketplaceError:
            session.rollback()

    columns = st.sampled_from(sorted({name for kind in Kind for name in headings.column_headings(kind, "en").values()}))
    cells = st.one_of(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
                      st.sampled_from(["5", "2026-02-30", "1e999", "=1+1", "是", "licence; transfer", "440300"]))
    tables = st.lists(st.dictionaries(columns, cells, max_size=12), min_size=1, max_size=6)
    for_as_long_as_asked(st.tuples(st.sampled_from(list(Kind)), tables), imports)
