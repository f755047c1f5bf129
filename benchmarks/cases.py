"""A marketplace at work: so many introductions, about ten moves each, over three years; to measure desk and figures.

    python -m benchmarks.cases /tmp/busy --introductions 50000

leaves a folder that `YINQIAO_VAR=/tmp/busy yinqiao serve` can open. Sign in as dana@broker.example (one of two dozen
brokers), erin@operator.example, or officer-1@organisation.example … with the password yinqiao-demo.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from alembic import command
from sqlalchemy import insert

from benchmarks import corpus, courses
from benchmarks.courses import Course
from benchmarks.place import EMPTY, Place
from marketplace import app, clock, config, db, migrating
from marketplace.accounts import passwords
from marketplace.accounts.models import User
from marketplace.analytics.models import Fit
from marketplace.db import Base, session, transaction
from marketplace.demo.people import PASSWORD
from marketplace.events.models import Edition, Series, Strand
from marketplace.events.models import State as EditionState
from marketplace.introductions.models import (
    Consent,
    Contract,
    History,
    Interest,
    Introduction,
    Minutes,
    Origin,
    Owes,
    Side,
    Stage,
    Status,
)
from marketplace.listings.models import Kind, Listing, State
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Membership, Organisation, Role
from marketplace.organisations.models import State as OrganisationState
from marketplace.refs import RefCounter

BROKERS, EDITIONS, YEARS = 24, 60, 3
REGIONS = (
    "440305", "440300", "440100", "320500", "320100", "310115", "110108", "330100", "510100", "420100", "SG", "DE",
)
SUPPLIERS = (OrganisationKind.INSTITUTE, OrganisationKind.INSTITUTE, OrganisationKind.COMPANY, OrganisationKind.AGENCY)
OWED = {
    Stage.SUGGESTED: (Owes.BOTH, 30), Stage.INTEREST: (Owes.BROKER, 3), Stage.QUALIFIED: (Owes.NEED, 7),
    Stage.INTRODUCED: (Owes.BOTH, 14), Stage.DISCUSSING: (Owes.RESULT, 14), Stage.NEGOTIATING: (Owes.BROKER, 90),
    Stage.SIGNED: (Owes.BROKER, 30), Stage.PERFORMING: (Owes.BROKER, 182), Stage.IMPLEMENTED: (Owes.BROKER, 365),
}
ANSWERS = {"cooperation_sought": "希望联合开发并在本厂中试", "unclear": "放大后的成本", "about_us": "年产值两亿元"}
_BATCH = 2_000
Rows = dict[type[Base], list[dict[str, Any]]]


@contextmanager
def place(introductions: int) -> Iterator[Place]:
    """The folder is removed afterwards."""
    with TemporaryDirectory(prefix="yinqiao-busy-") as folder:
        yield prepared(Path(folder), introductions)
        db.session.remove()


def prepared(folder: Path, introductions: int) -> Place:
    """A database of its own in `folder`, bound to this process; the index is left empty."""
    environment = {"YINQIAO_VAR": str(folder), "SECRET_KEY": "only for measuring, nowhere else"}
    folder.mkdir(parents=True, exist_ok=True)
    settings = config.read(environment)
    database = db.connect(settings.database_url)
    Base.metadata.create_all(database)
    with database.connect() as connection:
        setting = migrating.alembic_config()
        setting.attributes["connection"] = connection
        command.stamp(setting, "head")
        connection.commit()
    app.bind(settings, database)
    started = time.perf_counter()
    moves = fill(introductions)
    print(f"{introductions:,} introductions with {moves:,} moves written in {time.perf_counter() - started:.1f} s",
          file=sys.stderr)
    return Place(settings, {**os.environ, **environment})


def fill(introductions: int, seed: int = 1) -> int:
    """Write people, organisations, listings, editions, and so many introductions; returns how many moves they made."""
    chance, now = random.Random(seed), clock.now()
    organisations = min(600, max(40, introductions // 50))
    with transaction():
        _people(chance, organisations, now)
        listings = list(_listings(chance, organisations, max(80, introductions * 2 // 5), now))
        for batch in _batches(iter(listings)):
            session.execute(insert(Listing), batch)
        session.execute(insert(Fit), [
            {"listing_id": row["id"], "best": min(100.0, chance.gauss(52, 16)), "counterpart_id": None,
             "scored_at": now - timedelta(days=5 * chance.random())}
            for row in listings
        ])
    return _introductions(chance, introductions, listings, now)


def _people(chance: random.Random, organisations: int, now: datetime) -> None:
    """Users: the brokers first (dana is 1), then erin, then one admin for each organisation."""
    began, secret = now - timedelta(days=365 * YEARS + 30), passwords.hashed(PASSWORD)
    person = {"password_hash": secret, "language": "zh", "created_at": began, "confirmed_at": began,
              "session_number": 1, "version": 1, "is_broker": False, "is_operator": False}
    users = [person | {"id": 1, "email": "dana@broker.example", "name": "Dana", "is_broker": True}]
    users += [person | {"id": n, "email": f"broker-{n}@broker.example", "name": f"经理人{n:02d}", "is_broker": True}
              for n in range(2, BROKERS + 1)]
    users.append(person | {"id": BROKERS + 1, "email": "erin@operator.example", "name": "Erin", "is_operator": True})
    users += [person | {"id": BROKERS + 1 + n, "email": f"officer-{n}@organisation.example", "name": f"联系人{n}"}
              for n in range(1, organisations + 1)]
    session.execute(insert(User), users)
    session.execute(insert(Organisation), [
        {"id": n, "slug": f"organisation-{n}", "name": f"第{n}{'公司' if n % 2 else '研究院'}",
         "region": chance.choice(REGIONS), "name_en": f"{'Company' if n % 2 else 'Institute'} No. {n}",
         "state": OrganisationState.VERIFIED,
         "kind": OrganisationKind.COMPANY if n % 2 else chance.choice(SUPPLIERS), "created_at": began, "version": 1}
        for n in range(1, organisations + 1)
    ])
    session.execute(insert(Membership), [
        {"user_id": BROKERS + 1 + n, "organisation_id": n, "role": Role.ADMIN, "joined_at": began}
        for n in range(1, organisations + 1)
    ])
    session.execute(insert(Series), [{"id": 1, "slug": "fridays", "title_zh": "周五见", "title_en": "See you on Friday",
                                      "organisation_id": 1, "created_at": began, "version": 1}])
    session.execute(insert(Edition), [
        {"id": n, "ref": f"E-2026-{n:06d}", "series_id": 1, "strand": Strand.SCIENCE_MEETS_COMPANY,
         "place_zh": "渡口厅", "title_zh": f"周五见 第 {n} 期", "title_en": f"See you on Friday, no. {n}",
         "capacity": 64, "version": 1,
         "starts_at": now - timedelta(days=18 * n), "ends_at": now - timedelta(days=18 * n) + timedelta(hours=2),
         "state": EditionState.CLOSED, "created_at": began, "changed_at": began}
        for n in range(1, EDITIONS + 1)
    ])


def _listings(chance: random.Random, organisations: int, wanted: int, now: datetime) -> Iterator[dict[str, Any]]:
    """A quarter are needs, of companies (odd numbers); results are of the others."""
    for number, row in enumerate(corpus.listings(wanted), 1):
        row.pop("translation", None)
        is_need = row["kind"] is Kind.NEED
        owner = 2 * chance.randrange(organisations // 2) + (1 if is_need else 2)
        published = now - timedelta(days=365 * YEARS * chance.random() ** 0.8)
        yield EMPTY | row | {
            "id": number, "ref": f"{'N' if is_need else 'R'}-2026-{number:06d}", "state": State.PUBLISHED,
            "organisation_id": owner, "region": chance.choice(REGIONS), "contact_id": BROKERS + 1 + owner,
            "created_at": published, "changed_at": published, "published_at": published, "version": 1,
        }


def _introductions(chance: random.Random, wanted: int, listings: list[dict[str, Any]], now: datetime) -> int:
    needs = [row for row in listings if row["kind"] is Kind.NEED]
    results = [row for row in listings if row["kind"] is Kind.RESULT]
    near: dict[str, list[dict[str, Any]]] = {}
    for row in results:
        near.setdefault(row["field"], []).append(row)
    pairs: set[tuple[int, int]] = set()
    rows: Rows = {table: [] for table in (Introduction, History, Interest, Consent, Minutes, Contract)}
    moves, numbers = 0, count(1)
    while len(pairs) < wanted:
        need = chance.choice(needs)
        result = chance.choice(near[need["field"]] if need["field"] in near and chance.random() < 0.8 else results)
        if (need["id"], result["id"]) in pairs:
            continue
        pairs.add((need["id"], result["id"]))
        life = min(timedelta(days=365 * YEARS), now - need["published_at"])
        course = courses.live(chance, now - life * chance.random(), now)
        moves += len(course.rows)
        _write(rows, next(numbers), chance, course, need, result)
        if len(rows[Introduction]) == _BATCH:
            _flush(rows)
    _flush(rows)
    with transaction():
        session.add(RefCounter(letter="I", year=clock.today().year, last=wanted))
    return moves


def _flush(rows: Rows) -> None:
    with transaction():
        for table, values in rows.items():
            if values:
                session.execute(insert(table), values)
            values.clear()


def _write(rows: Rows, number: int, chance: random.Random, course: Course, need: dict[str, Any],
           result: dict[str, Any]) -> None:
    first, last = course.rows[0], course.rows[-1]
    broker = chance.randrange(1, BROKERS + 1) if any(row.by_broker for row in course.rows) else None
    entered = next(row.at for row in reversed(course.rows) if row.before is not row.stage)
    owed, days = OWED[course.stage] if course.status is Status.ACTIVE else (Owes.NOBODY, 0)
    due = entered + timedelta(days=days) if owed is not Owes.NOBODY else None
    closed = course.status is Status.CLOSED
    officers = {Side.NEED: need["contact_id"], Side.RESULT: result["contact_id"]}
    edition = chance.randrange(1, EDITIONS + 1) if course.origin is Origin.EVENT else None
    rows[Introduction].append({
        "id": number, "ref": f"I-2026-{number:06d}", "need_id": need["id"], "result_id": result["id"],
        "stage": course.stage, "status": course.status, "close_reason": last.reason if closed else None,
        "reason_code": last.code if closed else None, "reason_text": None, "origin": course.origin,
        "origin_ref": f"E-2026-{edition:06d}" if edition else None, "broker_id": broker,
        "created_at": first.recorded_at,
        "created_by_id": officers[first.side] if first.side else broker if first.by_broker else None,
        "entered_stage_at": entered, "owed_by": owed, "due_at": due, "remind_at": None, "reminders": 0,
        "wakes_at": course.now + timedelta(days=20) if course.status is Status.ON_HOLD else None,
        "version": len(course.rows),
    })
    for version, row in enumerate(course.rows, 1):
        rows[History].append({
            "introduction_id": number, "version": version, "move": row.move, "from_stage": row.before,
            "to_stage": row.stage, "from_status": row.was, "status": row.status, "side": row.side,
            "actor_id": officers[row.side] if row.side else broker if row.by_broker else None,
            "effective_at": row.at, "recorded_at": row.recorded_at, "reason": row.reason, "reason_code": row.code,
            "note": None, "fingerprint": "",
        })
        _record(rows, number, course, row, officers, (need, result), broker)


def _record(rows: Rows, number: int, course: Course, row: courses.Row, officers: dict[Side, int],
            pair: tuple[dict[str, Any], dict[str, Any]], broker: int | None) -> None:
    """What a move leaves behind besides its line of history, as far as lists and figures read it."""
    who = officers[row.side] if row.side else broker or 1
    stamp = {"introduction_id": number, "at": row.recorded_at, "user_id": who}
    sides = dict(zip(Side, pair, strict=True))
    if row.side and row.move in ("express_interest", "consent"):
        owner = {"side": row.side, "organisation_id": sides[row.side]["organisation_id"]}
        if row.move == "consent":
            rows[Consent].append(stamp | owner | {"withdrawn_at": None})
        else:
            rows[Interest].append(stamp | owner | ANSWERS)
    elif row.move in ("meet", "discuss", "no_show"):
        missed = row.move == "no_show"
        rows[Minutes].append(stamp | {
            "held_on": row.at.date(), "text": "谈了指标与样品", "next_action": None if missed else "寄送样品",
            "owner": Owes.BOTH if missed else Owes.RESULT, "due_on": (row.at + timedelta(days=14)).date(),
            "absent": (row.side or course.asks).other if missed else None,
        })
    elif row.move == "sign":
        rows[Contract].append(stamp | {
            "contract_type": "development", "signed_on": row.at.date(), "amount": 500_000, "currency": "CNY",
            "parties": "甲方、乙方", "evidence": "合同扫描件", "registration_no": None, "technology_amount": None,
            "waiver_reason": None,
        })


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--introductions", type=int, default=50_000, show_default=True)
def main(folder: Path, introductions: int) -> None:
    """Fill FOLDER with a busy marketplace."""
    prepared(folder, introductions)


if __name__ == "__main__":
    main()
