"""serve · worker · migrate."""

from __future__ import annotations

import errno
import socket

import click
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from marketplace import config, db, logs, migrating, outbox, serving, subscriptions
from marketplace import worker as work
from marketplace.commands import ready
from marketplace.finding import terms


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 is every one.")
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
@click.option("--web-only", is_flag=True, help="No worker: one runs elsewhere (yinqiao worker).")
def serve(host: str, port: int, workers: int, web_only: bool) -> None:
    """Serve the site: web and worker together, until Ctrl-C.

    A process that dies is started again.

    Example: yinqiao serve --host 0.0.0.0 --port 8080 --workers 4
    """
    settings = config.read()
    logs.install(settings.log_format)
    ready.require_schema(settings)
    listener = _listener(host, port)
    click.echo(f"Yinqiao: {_address(listener)}   (Ctrl-C ends it)", err=True)
    others = [] if web_only else [serving.worker()]
    with listener, serving.counting_together(settings) as folder:
        serving.Supervisor([serving.web(listener, workers, folder), *others]).run()


@click.command()
def worker() -> None:
    """Run a worker alone: index, mail, and what happens by the clock.

    On PostgreSQL with a search server several may run; otherwise a second one stands by.

    Example: yinqiao worker
    """
    settings = config.read()
    logs.install(settings.log_format)
    ready.require_schema(settings)
    work.run(settings)


@click.command()
def migrate() -> None:
    """Bring the database to this release's schema, and the terms of this release; run again, it changes nothing.

    Example: DATABASE_URL=postgresql://yinqiao:password@localhost/yinqiao yinqiao migrate
    """
    database = db.connect(config.read().database_url)
    try:
        before, after = migrating.migrate(database)
        added, changed = _bring_terms(database)
    except OperationalError as error:
        raise click.ClickException(f"the database does not answer: {error.orig}") from None
    finally:
        database.dispose()
    click.echo("The schema is current." if before == after else f"The schema is now {after}.")
    if added or changed:
        click.echo(f"{added} new groups of equal terms, {changed} changed.")


def _listener(host: str, port: int) -> socket.socket:
    try:
        return serving.listener(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"{host}:{port} is in use. Choose another: yinqiao serve --port {port + 1}"
        else:
            why = f"cannot listen on {host}:{port}: {error.strerror}"
        raise click.ClickException(why) from None


def _address(listener: socket.socket) -> str:
    name = listener.getsockname()
    if isinstance(name, str):
        return name
    return f"http://[{name[0]}]:{name[1]}" if ":" in name[0] else f"http://{name[0]}:{name[1]}"


def _bring_terms(database: Engine) -> tuple[int, int]:
    """The terms of this release: (new groups, changed ones)."""
    db.bind(database)
    outbox.subscribe(subscriptions.table())
    return terms.load_shipped()
