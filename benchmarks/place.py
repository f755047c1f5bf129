"""A place to measure in: a temporary folder with a database and an index of so many listings."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert

from benchmarks import corpus
from marketplace import app, clock, config, db, index, migrating
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import Kind, Listing, ListingTranslation, State
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Organisation
from marketplace.organisations.models import State as OrganisationState

ORGANISATIONS = 200
Made = Callable[[int], Iterable[dict[str, Any]]]
"""So many listings as column values."""
_BATCH = 2_000


@dataclass(frozen=True)
class Place:
    settings: config.Settings
    environment: dict[str, str]
    """For child processes."""


@contextmanager
def place(listings: int = 0, made: Made = corpus.listings, indexed: bool = True) -> Iterator[Place]:
    """The folder is removed afterwards."""
    with TemporaryDirectory(prefix="yinqiao-bench-") as folder:
        yield prepared(Path(folder), listings, made, indexed)
        db.session.remove()


def prepared(folder: Path, listings: int, made: Made = corpus.listings, indexed: bool = True) -> Place:
    environment = {"YINQIAO_VAR": str(folder), "SECRET_KEY": "only for measuring, nowhere else"}
    settings = config.read(environment)
    engine = app.search_engine(settings, writes=True)
    database = db.connect(settings.database_url)
    migrating.migrate(database)
    app.bind(settings, database, engine)
    with transaction():
        session.add_all(organisations())
        session.add(User(email="erin@operator.example", name="Erin", language="en", is_operator=True,
                         created_at=clock.now(), confirmed_at=clock.now()))
    started = time.perf_counter()
    fill(made(listings))
    filled = time.perf_counter()
    if indexed:
        index.rebuild(LISTINGS)
    print(
        f"{listings:,} listings written in {filled - started:.1f} s and indexed in "
        f"{time.perf_counter() - filled:.1f} s", file=sys.stderr,
    )
    engine.close()  # type: ignore[attr-defined]
    return Place(settings, {**os.environ, **environment})


def organisations() -> Iterator[Organisation]:
    kinds = list(OrganisationKind)
    for number in range(1, ORGANISATIONS + 1):
        yield Organisation(
            slug=f"organisation-{number}", name=f"第{number}研究院", name_en=f"Institute No. {number}",
            kind=kinds[number % len(kinds)], state=OrganisationState.VERIFIED, region="440300", created_at=clock.now(),
        )


def fill(rows: Iterable[dict[str, Any]]) -> None:
    made = numbered(rows)
    while batch := list(islice(made, _BATCH)):
        translations = []
        for row in batch:
            if other := row.pop("translation", None):
                language = "en" if row["language"] == "zh" else "zh"
                translations.append({"listing_id": row["id"], "language": language, "title": other, "keywords": []})
        with transaction():
            session.execute(insert(Listing), batch)
            if translations:
                session.execute(insert(ListingTranslation), translations)


def numbered(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """With ids, references and owners."""
    now = clock.now()
    for number, row in enumerate(rows, 1):
        letter = "R" if row["kind"] is Kind.RESULT else "N"
        yield EMPTY | row | {
            "id": number, "ref": f"{letter}-2026-{number:06d}", "state": State.PUBLISHED, "created_at": now,
            "changed_at": now, "organisation_id": number % ORGANISATIONS + 1, "version": 1,
        }


EMPTY = dict.fromkeys(
    ("subtype", "trl", "trl_min", "trl_max", "budget_band", "price_kind", "summary", "industry"), None
)
