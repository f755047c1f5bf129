"""The broker's pages and the figures among few introductions and among many: the server's time, and the queries."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, case, event, select, update

from benchmarks import cases
from benchmarks.load import Figures, figures, timed
from marketplace import clock, db
from marketplace.accounts import sessions
from marketplace.accounts.models import User
from marketplace.accounts.signing_in import KEY
from marketplace.app import create_app
from marketplace.db import session, transaction
from marketplace.introductions.models import Introduction, Owes, Stage, Status

FEW, MANY = 500, 50_000
ROUNDS, EACH, WARM = 8, 6, 3
AIM, MOST_TIMES, MOST_QUERIES = 150.0, 5.0, 12
DANA, ERIN = 1, cases.BROKERS + 1


@dataclass(frozen=True)
class Page:
    name: str
    who: int
    path: str
    counts: bool = True
    """Is it held to the number of queries?"""


PAGES = (
    Page("desk, a broker", DANA, "/desk"),
    Page("desk, an operator", ERIN, "/desk"),
    Page("board, own cases", DANA, "/desk/board?broker=me"),
    Page("board, all", DANA, "/desk/board"),
    Page("board, a field", ERIN, "/desk/board?field=new_materials&status=all"),
    Page("board, words", ERIN, "/desk/board?q=%E7%94%B5%E6%B1%A0"),
    Page("list, own cases", DANA, "/desk/cases?broker=me"),
    Page("list, all", ERIN, "/desk/cases?status=all"),
    Page("list, overdue", ERIN, "/desk/cases?due=overdue"),
    Page("workload", ERIN, "/desk/brokers"),
    Page("case", DANA, "/introductions/{ref}", counts=False),
    Page("figures", ERIN, "/figures"),
    Page("figures, all, broker", ERIN, "/figures?months=0&by=broker"),
    Page("figures, narrowed", ERIN, "/figures?months=0&region=440000&origin=event"),
    Page("figures, API", ERIN, "/api/v1/figures/funnel"),
)


def measure(few: int = FEW, many: int = MANY, pages: Sequence[Page] = PAGES) -> None:
    """Both databases in turn, in one process, so that what else the machine does falls on both alike."""
    print(f"\nserver time of a page at {few:,} and at {many:,} introductions "
          f"(aim: p95 at most {AIM:.0f} ms and {MOST_TIMES:.0f} × the small one, at most {MOST_QUERIES} queries);\n"
          "  cpu is the processor's share of it, which whatever else the machine does cannot lengthen")
    with cases.place(few) as small:
        _enliven()
        little = db.connect(small.settings.database_url)
        with cases.place(many) as large:
            _enliven()
            great = db.connect(large.settings.database_url)
            application = create_app(large.settings, database=great)
            application.config.update(WTF_CSRF_ENABLED=False)
            for page in pages:
                _compare(application, (little, great), page)


def _compare(application: Flask, databases: tuple[Engine, Engine], page: Page) -> None:
    taken: list[list[float]] = [[], []]
    worked: list[list[float]] = [[], []]
    asked = [0, 0]
    for turn in range(ROUNDS):
        for place, database in enumerate(databases):
            db.bind(database)
            client, path = _browser(application, page.who), _address(page)
            for _ in range(WARM if turn else 2 * WARM):
                _get(client, path)
            with _counted(database) as statements:
                _get(client, path)
            asked[place] = len(statements)
            for _ in range(EACH):
                before = time.process_time()
                taken[place].append(timed(lambda: _get(client, path)))  # noqa: B023
                worked[place].append((time.process_time() - before) * 1000)
    small, large = (figures(times) for times in taken)
    few, many = (figures(times).p95 for times in worked)
    verdict = _verdict(small, large, asked if page.counts else [])
    print(f"  {page.name:20} {small}   {large}   × {large.p95 / small.p95:4.1f}   cpu p95 {few:6.1f} {many:6.1f} "
          f"× {many / few:4.1f}   {_queries(asked)}   {verdict}", flush=True)


def _queries(asked: list[int]) -> str:
    return f"{asked[1]:2} queries" if asked[0] == asked[1] else f"{asked[0]:2} and {asked[1]:2} queries"


def _verdict(small: Figures, large: Figures, asked: list[int]) -> str:
    reached = large.p95 <= AIM and large.p95 <= MOST_TIMES * small.p95 and max(asked, default=0) <= MOST_QUERIES
    return "reached" if reached else "NOT reached"


def _get(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")


def _browser(application: Flask, who: int) -> FlaskClient:
    client = application.test_client()
    with client.session_transaction() as cookie:
        cookie[KEY] = sessions.add(session.get_one(User, who))
    return client


def _address(page: Page) -> str:
    if "{ref}" not in page.path:
        return page.path
    of_dana = select(Introduction.ref).where(Introduction.broker_id == DANA, Introduction.stage > Stage.INTEREST)
    furthest = of_dana.order_by(Introduction.stage.desc(), Introduction.id)
    return page.path.format(ref=session.scalar(furthest.limit(1)))


@contextmanager
def _counted(database: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database, "before_cursor_execute", note)
    yield statements
    event.remove(database, "before_cursor_execute", note)


def _enliven() -> None:
    """What the generator leaves out: suggestions have scores, and one open case in ten waits for an answer."""
    with transaction():
        session.execute(
            update(Introduction).where(Introduction.stage == Stage.SUGGESTED)
            .values(match_score=65 + Introduction.id * 7919 % 350 / 10,
                    match_reasons=[[{"zh": "领域", "en": "Field"}, "a", "b"]] * 3)
        )
        session.execute(
            update(Introduction).where(Introduction.status == Status.ACTIVE, Introduction.id % 10 == 0)
            .values(unanswered_since=clock.now() - timedelta(days=2),
                    unanswered_by=case((Introduction.id % 20 == 0, Owes.NEED), else_=Owes.RESULT))
        )
