"""One session, one place that commits."""

from __future__ import annotations

import enum
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import JSON, BigInteger, DateTime, Engine, Enum, MetaData, String, create_engine, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

JSONValue = JSON().with_variant(postgresql.JSONB(), "postgresql")
"""Lists and mappings that are never filtered on. Replace the value to change it; mutations are not seen."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC by databases that have no zones (SQLite) as by those that do."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs its zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class micros(GenericFunction[int]):
    """A moment as microseconds since 1970."""

    type = BigInteger()
    inherit_cache = True


@compiles(micros, "sqlite")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    seconds = f"unixepoch({moment})" if sqlite3.sqlite_version_info >= (3, 38) else f"strftime('%s', {moment})"
    return f"(CAST({seconds} AS INTEGER) * 1000000 + CAST(substr({moment}, 21, 6) AS INTEGER))"


@compiles(micros, "postgresql")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **options)}) * 1000000 AS BIGINT)"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: Moment(),
        dict[str, Any]: JSONValue,
        list[Any]: JSONValue,
        list[str]: JSONValue,
        str: String(),
        # Enumerations are kept as their values, in plain text that both databases and people can read.
        enum.Enum: Enum(enum.Enum, native_enum=False, length=40, values_callable=lambda kind: [m.value for m in kind]),
    }


session = scoped_session(sessionmaker(expire_on_commit=False))


def connect(url: str, **options: Any) -> Engine:
    """An engine for `url`; on SQLite with write-ahead log, foreign keys, and transactions we begin ourselves."""
    # What went into a statement that failed is people's; an error names the statement alone.
    private = {"hide_parameters": True, "json_deserializer": orjson.loads}
    options = {"pool_pre_ping": not url.startswith("sqlite"), **private} | options
    engine = create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def bind(engine: Engine) -> None:
    """Let the session speak to `engine`; called once, by the composition root."""
    session.remove()
    session.configure(bind=engine)


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # sqlite3 would begin by itself, too late for savepoints
    cursor = connection.cursor()
    durable = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")
    for pragma in (*durable, "busy_timeout=15000", "cache_size=-65536"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: upgrading a read later fails without waiting for its turn.
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def dialect() -> str:
    """`sqlite` or `postgresql`."""
    return str(session.get_bind().dialect.name)


def in_transaction() -> bool:
    """Is a transaction() open in this thread?"""
    return bool(session().info.get("open", False))


def is_away(error: BaseException) -> bool:
    """Is it that the database cannot be reached, is full, locked or may not be written, rather than what was asked?"""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _AWAY
    return error.connection_invalidated or isinstance(error, OperationalError)


_AWAY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
         sqlite3.SQLITE_CANTOPEN)


@contextmanager
def transaction() -> Iterator[None]:
    """Commit on success, roll back on error. An inner block joins the outer one.

    An inner failure that the caller swallows dooms the outer block: half a use-case is never saved.
    Raises RuntimeError when something was changed before the block, outside any transaction.
    """
    if in_transaction():
        with _doom_on_error():
            yield
        return
    current = session()
    if current.new or current.dirty or current.deleted:
        raise RuntimeError("rows were changed outside transaction()")
    current.commit()  # ends the reading so far, so that SQLite can give us the writer's lock from the start
    current.info.update(open=True, doomed=False)
    try:
        current.connection(execution_options={"writes": True})
        yield
        if current.info["doomed"]:
            raise RuntimeError("an inner transaction failed and was ignored")
        current.commit()
    except BaseException:
        current.rollback()
        raise
    finally:
        current.info["open"] = False


@contextmanager
def _doom_on_error() -> Iterator[None]:
    try:
        yield
    except BaseException:
        session().info["doomed"] = True
        raise
