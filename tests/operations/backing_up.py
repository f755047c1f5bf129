"""Installations to back up: one with the demonstration and something in every table, and empty ones to restore into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Time,
    func,
    insert,
    select,
)
from sqlalchemy import Engine as Database
from sqlalchemy.exc import IntegrityError, StatementError

from marketplace import config, db
from marketplace.backup import Tick
from marketplace.db import Base

KEY = "only for the tests, nowhere else"
ODD = "引桥 “quoted” \\ back\nslash\t𠮷 é"


def installation(var: Path, url: str | None = None, key: str = KEY) -> config.Settings:
    """Settings of an installation of its own."""
    settings = config.read({"YINQIAO_VAR": str(var), "SECRET_KEY": key})
    return replace(settings, database_url=url) if url else settings


@contextmanager
def quiet(label: str, total: int) -> Iterator[Tick]:
    yield lambda count: None


@contextmanager
def opened(settings: config.Settings) -> Iterator[Database]:
    database = db.connect(settings.database_url)
    try:
        yield database
    finally:
        database.dispose()


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table as the models read it, in one order."""
    with database.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in sorted(Base.metadata.tables.items())
        }


def fill_what_is_empty(database: Database) -> list[str]:
    """A row with odd values in every table that has none and takes one; returns the tables that are still empty."""
    empty = []
    for table in Base.metadata.sorted_tables:
        with database.begin() as connection:
            if connection.scalar(select(func.count()).select_from(table)):
                continue
            try:
                connection.execute(insert(table).values(_row(connection, table)))
            except (IntegrityError, StatementError):
                empty.append(table.name)
                connection.rollback()
    return empty


def _row(connection: Any, table: Table) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.foreign_keys:
            other = next(iter(column.foreign_keys)).column
            row[column.name] = connection.scalar(select(other).limit(1))
        elif column is not table.autoincrement_column:
            row[column.name] = _value(column.type)
    return row


def _value(kind: Any) -> Any:
    kind = getattr(kind, "impl_instance", kind)
    if isinstance(kind, Enum):
        return next(iter(kind.enum_class or kind.enums))
    for known, value in (
        (JSON, {"b": [1, 2.5, None, ODD], "a": {}}), (Boolean, True), (LargeBinary, bytes(range(256))),
        (DateTime, datetime(2026, 2, 3, 4, 5, 6, 789, UTC)), (Date, date(2026, 2, 3)),
        (Time, time(14, 30)), (Numeric, Decimal("12.50")),
        (Integer, 1),
    ):
        if isinstance(kind, known):
            return value
    return ODD
