"""A database brought up by the migrations is the one the models describe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine as Database
from sqlalchemy import PrimaryKeyConstraint, inspect

from marketplace import db, migrating
from marketplace.db import Base


@pytest.fixture
def empty(spare_url: str) -> Iterator[Database]:
    database = db.connect(spare_url)
    yield database
    database.dispose()


def test_upgrading_from_nothing_gives_what_the_models_say(empty: Database) -> None:
    migrating.migrate(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrated_constraints_have_the_names_that_the_models_give(empty: Database) -> None:
    migrating.migrate(empty)
    look = inspect(empty)
    for table in Base.metadata.sorted_tables:
        found = [*look.get_foreign_keys(table.name), *look.get_check_constraints(table.name),
                 *look.get_unique_constraints(table.name)]
        given = {one.name for one in table.constraints if one.name and not isinstance(one, PrimaryKeyConstraint)}
        assert {one["name"] for one in found} == given, table.name


def test_migrating_again_changes_nothing(empty: Database) -> None:
    assert not migrating.is_current(empty)
    first = migrating.migrate(empty)
    assert migrating.is_current(empty)
    assert migrating.migrate(empty) == (first[1], first[1])


def test_a_schema_of_another_release_is_noticed(empty: Database) -> None:
    migrating.migrate(empty)
    with empty.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    assert not migrating.is_current(empty)


def test_migrations_form_one_line() -> None:
    scripts = ScriptDirectory.from_config(migrating.alembic_config())
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
