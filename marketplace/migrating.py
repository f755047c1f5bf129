"""Bringing the database to the schema this release needs, and knowing whether it is there."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from marketplace import config


def migrate(database: Engine) -> tuple[str | None, str | None]:
    """Upgrade to this release's schema; returns the revisions (before, after). Done already, it does nothing."""
    before = revision(database)
    with database.connect() as connection:
        enforce_nothing(connection)
        upgrade(connection)
        connection.commit()
    return before, revision(database)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema to a revision; the caller commits."""
    setting = alembic_config()
    setting.attributes["connection"] = connection
    command.upgrade(setting, to)


def is_current(database: Engine) -> bool:
    """Does the database have exactly the schema this release was written for?"""
    return revision(database) == head()


def enforce_nothing(connection: Connection) -> None:
    """SQLite changes a table by writing a new one and dropping the old, which must not take along the rows that refer
    to it. To be called before anything else happens on the connection, which is not to be used further."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        connection.connection.invalidate(soft=True)


def head() -> str | None:
    """The revision this release was written for."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def is_known(name: str) -> bool:
    """Is it a revision of this release or of one before it?"""
    try:
        return ScriptDirectory.from_config(alembic_config()).get_revision(name) is not None
    except CommandError:
        return False


def revision(database: Engine) -> str | None:
    with database.connect() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def alembic_config() -> Config:
    """Alembic's settings, wherever the migrations lie: beside the package, or inside it once installed."""
    setting = Config()
    setting.set_main_option("script_location", str(config.resource("migrations")).replace("%", "%%"))
    setting.set_main_option("path_separator", "os")
    setting.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return setting
