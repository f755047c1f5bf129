"""What two do at the same moment happens once. Commits are real here, and everybody has a connection of their own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from at_once import at_once
from conftest import a_person
from sqlalchemy import func, select

from marketplace import clock
from marketplace.accounts import accepting
from marketplace.accounts.models import Acceptance, User
from marketplace.audit import AuditEntry
from marketplace.db import session
from marketplace.errors import Conflict
from marketplace.privacy import forgetting, leaving, service
from marketplace.privacy.models import Deletion, DeletionState, Export


@pytest.fixture
def number(own_database) -> int:
    """Somebody on whom nobody depends."""
    number = a_person("solo@x.example", "Solo").id
    session.remove()
    return number


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    then = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: then)


def person(number: int) -> User:
    return session.get_one(User, number)


def test_a_double_click_asks_once(number):
    found = at_once(*[lambda: leaving.ask(person(number))] * 3)
    assert sum(isinstance(one, Conflict) for one in found) == 2
    assert session.scalar(select(func.count()).select_from(Deletion)) == 1
    session.remove()  # which has seen the database as it was before what follows
    found = at_once(*[lambda: service.ask(person(number))] * 3)
    assert sum(isinstance(one, Conflict) for one in found) == 2
    assert session.scalar(select(func.count()).select_from(Export)) == 1


def test_two_workers_delete_an_account_once(number, monkeypatch):
    leaving.ask(person(number))
    session.remove()
    later(monkeypatch)
    assert sorted(at_once(leaving.run, leaving.run, leaving.run)) == [0, 0, 1]
    assert forgetting.is_forgotten(person(number))
    assert session.scalar(select(func.count()).where(AuditEntry.action == "account.forgotten")) == 1


def test_who_stays_at_the_last_moment_stays_whole_or_is_gone_whole(number, monkeypatch):
    wish = leaving.ask(person(number)).id
    session.remove()
    later(monkeypatch)
    kept, _ = sorted(at_once(lambda: leaving.cancel(session.get_one(Deletion, wish)), leaving.run),
                     key=lambda one: isinstance(one, int))
    state = session.get_one(Deletion, wish).state
    assert (kept is None) == (state is DeletionState.CANCELLED) == (not forgetting.is_forgotten(person(number)))


def test_accepting_twice_at_once_is_accepting_once(number):
    at_once(*[lambda: accepting.accept(person(number))] * 3)
    assert session.scalar(select(func.count()).select_from(Acceptance)) == 2
