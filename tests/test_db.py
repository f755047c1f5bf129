"""One place commits, and half a use-case is never saved."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import select

from marketplace import refs
from marketplace.db import session, transaction
from marketplace.outbox import Beat

THEN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def add(name: str) -> None:
    session.add(Beat(worker=name, at=THEN))


def saved() -> set[str]:
    session.rollback()
    return set(session.scalars(select(Beat.worker)))


def test_a_transaction_saves_what_was_done_in_it() -> None:
    with transaction():
        add("one")
    assert saved() == {"one"}


def test_an_error_undoes_the_whole_use_case() -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        add("one")
        with transaction():
            add("two")
        _ = 1 / 0
    assert saved() == set()


def test_an_inner_failure_that_is_swallowed_dooms_the_outer_use_case() -> None:
    with pytest.raises(RuntimeError, match="was ignored"), transaction():
        add("one")
        try:
            with transaction():
                raise ValueError
        except ValueError:
            pass
    assert saved() == set()


def test_rows_changed_outside_a_transaction_are_not_smuggled_into_the_next() -> None:
    add("one")
    with pytest.raises(RuntimeError, match="outside transaction"), transaction():
        pass
    session.rollback()
    assert saved() == set()


def test_a_failed_transaction_leaves_the_session_fit_for_the_next() -> None:
    with pytest.raises(ValueError), transaction():
        raise ValueError
    with transaction():
        add("one")
    assert saved() == {"one"}


def test_a_moment_comes_back_aware_and_the_same_whatever_zone_it_came_from() -> None:
    beijing = THEN.astimezone(timezone(timedelta(hours=8)))
    with transaction():
        session.add(Beat(worker="one", at=beijing))
    session.expire_all()
    found = session.scalars(select(Beat.at)).one()
    assert found == THEN and found.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(Exception, match="needs its zone"), transaction():
        session.add(Beat(worker="one", at=datetime(2026, 11, 23)))


def test_writers_take_turns_and_no_number_is_given_twice(own_database: Database) -> None:
    taken: list[str] = []
    problems: list[Exception] = []

    def writer() -> None:
        try:
            for _ in range(10):
                with transaction():
                    mine = refs.take("R", 2)
                taken.extend(mine)
        except Exception as problem:
            problems.append(problem)
        finally:
            session.remove()

    with transaction():
        refs.take("R")
    writers = [threading.Thread(target=writer) for _ in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
    assert problems == []
    assert len(set(taken)) == len(taken) == 80
