"""Nothing of anybody is kept without a decision on what becomes of it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Column

from marketplace.db import Base
from marketplace.privacy.holdings import BY_NAME, IMPERSONAL, NOT_OF_PEOPLE, REASONS, TABLES, Fate, Purpose

pytestmark = pytest.mark.once
SUSPICIOUS = re.compile(
    r"(^|_)(email|mail|mailbox|phone|tel|address|to|name|device|agent|ip|contact|subject"
    r"|(actor|user|person|owner|author|member)_id)(_|$)"
)
"""How columns are called that may say something of somebody."""


def ours() -> set[str]:
    """The tables there are, without those that other tests make."""
    of_tests = {mapper.local_table for mapper in Base.registry.mappers
                if not mapper.class_.__module__.startswith("marketplace.")}
    return {name for name, table in Base.metadata.tables.items() if table not in of_tests}


def columns() -> list[Column[object]]:
    return [column for name in sorted(ours()) for column in Base.metadata.tables[name].columns]


def decided(column: Column[object]) -> bool:
    table = BY_NAME.get(column.table.name)
    if table is None:
        return False
    if column.name in {**table.people, **table.addresses, **table.own}:
        return True
    return Fate.REMOVED in table.people.values()  # the whole row goes


def test_every_reference_to_a_person_has_its_decision() -> None:
    lacking = [
        str(column) for column in columns() if any(key.target_fullname == "users.id" for key in column.foreign_keys)
        and column.name not in (BY_NAME[column.table.name].people if column.table.name in BY_NAME else {})
    ]
    assert not lacking, f"say in marketplace/privacy/holdings.py what becomes of {lacking}"


def test_every_column_that_sounds_like_somebodys_has_its_decision() -> None:
    lacking = [
        str(column) for column in columns()
        if SUSPICIOUS.search(column.name) and str(column) not in NOT_OF_PEOPLE and not decided(column)
    ]
    assert not lacking, f"say in marketplace/privacy/holdings.py what becomes of {lacking}"


def test_every_table_is_of_people_or_expressly_not() -> None:
    assert ours() - set(BY_NAME) - IMPERSONAL == set(), "neither in TABLES nor in IMPERSONAL"
    assert set(BY_NAME) & IMPERSONAL == set()


def test_every_decision_is_about_something_there_is() -> None:
    known = {str(column) for column in columns()}
    named = {f"{one.name}.{column}" for one in TABLES
             for column in {**one.people, **one.addresses, **one.own, **dict.fromkeys(one.shows)}}
    assert named | NOT_OF_PEOPLE <= known, sorted((named | NOT_OF_PEOPLE) - known)
    assert ours() >= IMPERSONAL, sorted(IMPERSONAL - ours())
    assert len(BY_NAME) == len(TABLES) and set(REASONS) == set(Purpose)


def test_what_may_not_be_empty_is_never_cleared() -> None:
    for one in TABLES:
        for name, fate in {**one.people, **one.addresses, **one.own}.items():
            if fate in (Fate.CLEARED, Fate.HANDED):
                assert Base.metadata.tables[one.name].columns[name].nullable, f"{one.name}.{name}"
