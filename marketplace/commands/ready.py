"""What a command needs before it can call a service."""

from __future__ import annotations

import click
from sqlalchemy.exc import OperationalError

from marketplace import app, config, db, migrating
from search import Engine


def settings() -> config.Settings:
    """The settings, with the database and the engine they name bound, and the schema known to fit.

    Raises ClickException, which says what to do, when the database does not answer or its schema is behind.
    """
    found = config.read()
    bound(found)
    require_schema(found)
    return found


def bound(found: config.Settings, engine: Engine | None = None) -> None:
    app.bind(found, engine=engine)


def require_schema(found: config.Settings) -> None:
    database = db.connect(found.database_url)
    try:
        current = migrating.is_current(database)
    except OperationalError as error:
        raise click.ClickException(f"the database does not answer: {error.orig}") from None
    finally:
        database.dispose()
    if not current:
        raise click.ClickException("the database does not have this release's schema. Run: yinqiao migrate")
