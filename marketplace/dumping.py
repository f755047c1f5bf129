"""All rows of a database as lines of text, the same whichever database they lie in, and back again.

A table is read through the columns it has, not through the models: a dump of an older release is loaded into the schema
of that release, and migrated then. Reading happens in one transaction that sees one moment; loading in one that leaves
everything or nothing.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
    Time,
    column,
    func,
    insert,
    inspect,
    select,
    table,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.sql.expression import TableClause

VERSIONS = "alembic_version"
BATCH = 1_000
_KINDS: tuple[tuple[type[Any], str], ...] = (
    (JSON, "json"), (Boolean, "flag"), (DateTime, "moment"), (Date, "day"), (Time, "time"), (LargeBinary, "bytes"),
    (Float, "float"), (Numeric, "decimal"), (Integer, "integer"), (String, "text"),
)
"""What a column holds, whatever a database calls it; the narrower type first."""


class CannotBeLoaded(Exception):
    """The lines do not fit the schema they are said to be of, or hold what the database refuses."""


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    type: Any
    """As this database has it."""


@dataclass(frozen=True)
class Table:
    """A table of a database as it is."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def heading(self) -> list[list[str]]:
        return [[one.name, one.kind] for one in self.columns]

    @property
    def clause(self) -> TableClause:
        return table(self.name, *(column(one.name, one.type) for one in self.columns))


def tables(connection: Connection) -> list[Table]:
    """Every table that holds data, by name."""
    look = inspect(connection)
    found = []
    for name in sorted(look.get_table_names()):
        if name != VERSIONS:
            columns = tuple(_column(name, one) for one in look.get_columns(name) if "computed" not in one)
            found.append(Table(name, columns, tuple(look.get_pk_constraint(name)["constrained_columns"])))
    return found


def snapshot(database: Engine) -> Connection:
    """A connection whose every reading sees the moment of the first; others go on writing. To be closed."""
    if database.dialect.name == "postgresql":
        return database.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return database.connect()


def lines(connection: Connection, one: Table) -> Iterator[bytes]:
    """The table's heading, then its rows in the order of their key, a line each."""
    yield orjson.dumps({"table": one.name, "columns": one.heading}) + b"\n"
    clause = one.clause
    plain = [(clause.c[each.name], each.kind) for each in one.columns]
    wanted = [sql_cast(held, Text) if kind == "json" else held for held, kind in plain]
    reading = select(*wanted).order_by(*(clause.c[name] for name in one.key))
    write = [_WRITING.get(each.kind) for each in one.columns]
    streaming = connection.execution_options(yield_per=BATCH)
    for row in streaming.execute(reading):
        values = [value if value is None or how is None else how(value) for value, how in zip(row, write, strict=True)]
        yield orjson.dumps(values) + b"\n"


def load(connection: Connection, one: Table, written: Iterable[bytes]) -> int:
    """Put the lines into the (empty) table; returns how many rows. Raises CannotBeLoaded."""
    incoming = iter(written)
    heading = orjson.loads(next(incoming, b"null"))
    if heading != {"table": one.name, "columns": _matching(one, heading)}:
        raise CannotBeLoaded(f"{one.name}: its columns are not those of the schema the backup is said to have")
    names = [name for name, _ in heading["columns"]]
    kinds = {each.name: each.kind for each in one.columns}
    read = [(name, _READING.get(kinds[name])) for name in names]
    clause = table(one.name, *(column(each.name, _taking(each)) for each in one.columns))
    count, rows = 0, []
    for line in incoming:
        rows.append({
            name: value if value is None or how is None else how(value)
            for (name, how), value in zip(read, orjson.loads(line), strict=True)
        })
        if len(rows) == BATCH:
            connection.execute(insert(clause), rows)
            count, rows = count + len(rows), []
    if rows:
        connection.execute(insert(clause), rows)
    return count + len(rows)


def numbering(connection: Connection, every: Sequence[Table]) -> dict[str, int]:
    """The highest number each table has given out, where the database remembers it though the row is gone."""
    if connection.dialect.name == "sqlite":
        known = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'").scalar()
        rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence") if known else ()
        return {name: int(last) for name, last in rows}
    found = {}
    for one in every:
        name = _sequence(connection, one)
        if name is not None:
            last, used = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {name}").one()  # noqa: S608
            if used:
                found[one.name] = int(last)
    return found


def number_on(connection: Connection, every: Sequence[Table], given_out: dict[str, int]) -> None:
    """Let each table's next number be one that was never given out."""
    for one in every:
        if one.key != ("id",):
            continue
        highest = connection.scalar(select(func.max(one.clause.c.id))) or 0
        last = max(highest, given_out.get(one.name, 0))
        if connection.dialect.name == "sqlite":
            _number_on_in_sqlite(connection, one.name, last)
        elif (name := _sequence(connection, one)) is not None and last:
            connection.execute(select(func.setval(name, last)))


def without_references(connection: Connection) -> Callable[[], None]:
    """Let rows come in any order; what is returned is to be called when all have, and sees that they fit together."""
    if connection.dialect.name == "sqlite":  # it enforces nothing now: migrating.enforce_nothing()
        return lambda: _see_references(connection)
    rows = connection.exec_driver_sql(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"
    ).all()
    for of, name, _ in rows:
        connection.exec_driver_sql(f"ALTER TABLE {of} DROP CONSTRAINT {name}")

    def restore() -> None:
        for of, name, definition in rows:
            connection.exec_driver_sql(f"ALTER TABLE {of} ADD CONSTRAINT {name} {definition}")

    return restore


def _see_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        of, row, to, _ = broken[0]
        raise CannotBeLoaded(f"{of}: row {row} refers to a row of {to} that is not there ({len(broken)} such in all)")


def clear(connection: Connection) -> None:
    """Remove every table and function of ours (PostgreSQL; a SQLite database is replaced whole)."""
    for name in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'DROP TABLE "{name}" CASCADE')
    functions = connection.exec_driver_sql(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace "
        "AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
    ).scalars().all()
    for signature in functions:
        connection.exec_driver_sql(f"DROP FUNCTION {signature} CASCADE")


def _column(of: str, found: Any) -> Column:
    kind = next((kind for known, kind in _KINDS if isinstance(found["type"], known)), None)
    if kind is None:
        raise TypeError(f"{of}.{found['name']}: nobody has said how a {found['type']!r} is written as text")
    return Column(found["name"], kind, found["type"])


def _matching(one: Table, heading: Any) -> list[list[str]] | None:
    """The heading's columns if they are the table's; their order may differ after migrations."""
    there = heading.get("columns") if isinstance(heading, dict) else None
    return there if isinstance(there, list) and sorted(there) == sorted(one.heading) else None


def _taking(one: Column) -> Any:
    """The type that takes in what was read: NULL and the JSON value null are two things."""
    return type(one.type)(none_as_null=True) if one.kind == "json" else one.type


def _sequence(connection: Connection, one: Table) -> str | None:
    if one.key != ("id",):
        return None
    found: str | None = connection.scalar(select(func.pg_get_serial_sequence(one.name, "id")))
    return found


def _number_on_in_sqlite(connection: Connection, name: str, last: int) -> None:
    known = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'").scalar()
    autoincrement = "SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table' AND name = ?"
    if known and last and connection.exec_driver_sql(autoincrement, (name,)).scalar():
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, last))


def _moment(value: datetime) -> str:
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return aware.isoformat(timespec="microseconds")


def _json(text: str) -> str:
    """One way to write it: databases keep keys in orders, and numbers in forms, of their own."""
    return json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _from_json(text: str) -> Any:
    return JSON.NULL if text == "null" else json.loads(text)


_WRITING: dict[str, Callable[[Any], Any]] = {
    "json": _json, "moment": _moment, "day": date.isoformat, "time": time.isoformat,
    "bytes": lambda value: b64encode(value).decode(), "decimal": lambda value: format(value, "f"),
}
_READING: dict[str, Callable[[Any], Any]] = {
    "json": _from_json, "moment": datetime.fromisoformat, "day": date.fromisoformat, "time": time.fromisoformat,
    "bytes": b64decode, "decimal": Decimal,
}
