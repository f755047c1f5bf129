"""search rebuild · check · status."""

from __future__ import annotations

import time
from datetime import timedelta

import click

from marketplace import app, clock, config, index, outbox, subscriptions
from marketplace import worker as work
from marketplace.commands import ready
from marketplace.db import session
from marketplace.index import Findable
from marketplace.listings import vectors
from marketplace.matching import embedding
from search import SearchError

PATIENCE = 30.0
"""Seconds a running worker has to begin a rebuild we asked it for."""
SHOWN = 10
LATE = timedelta(minutes=1)
"""A worker beats every few seconds."""


@click.group()
def search() -> None:
    """Look after the search index.

    Example: yinqiao search status
    """


@search.command()
def rebuild() -> None:
    """Build the index anew from the database, and put it in the old one's place when it is complete.

    Searching goes on meanwhile. Where a running worker writes the index, the worker is asked to do it.

    Example: yinqiao search rebuild
    """
    settings = ready.settings()
    with work.only_writer(settings) as free:
        for findable in subscriptions.findables():
            started = time.monotonic()
            count = _rebuild_here(settings, findable) if free or settings.meili_url else _ask_the_worker(findable)
            click.echo(f"{findable.name}: {count} documents in {time.monotonic() - started:.1f} s")


@search.command()
def check() -> None:
    """Compare the index with the database; exit code 1 when they differ.

    Example: yinqiao search check
    """
    ready.settings()
    sound = True
    for findable in subscriptions.findables():
        missing, extra = index.check(findable)
        sound = sound and not missing and not extra
        differs = f"{len(missing)} missing{_some(missing)}, {len(extra)} too many{_some(extra)}"
        click.echo(f"{findable.name}: {differs if missing or extra else _held(findable)}")
    waiting = outbox.waiting()
    if waiting:
        click.echo(f"{waiting} changes still wait for the worker; what differs may be among them.")
    if not sound:
        raise click.exceptions.Exit(1)


@search.command()
@click.option("--exit-code", is_flag=True, help="End with 1 when the engine or every worker is silent.")
def status(exit_code: bool) -> None:
    """Say which engine answers, what it holds, what waits for it, and whether a worker lives.

    Example: yinqiao search status
    """
    ready.settings()
    silence = _silence()
    click.echo(f"engine: {index.engine().name}{silence and ', which cannot be used: '}{silence}")
    for findable in subscriptions.findables():
        click.echo(f"index {findable.name}: {_held(findable)}")
        click.echo(f"last rebuild: {_told(index.rebuild_of(findable.name))}")
    if vectors.is_on():
        click.echo(f"embedder: {vectors.embedder().name}, {embedding.standing()}")
    click.echo(f"waiting: {outbox.waiting()}")
    for subscriber, topic, count, error in outbox.failing():
        click.echo(f"failing: {count} of {topic} for {subscriber}: {error}")
    beat = outbox.last_beat()
    ago = f"{int((clock.now() - beat).total_seconds())} s ago" if beat else "never"
    click.echo(f"worker last seen: {ago}")
    if exit_code and (silence or beat is None or clock.now() - beat > LATE):
        raise click.exceptions.Exit(1)


def _rebuild_here(settings: config.Settings, findable: Findable) -> int:
    engine = app.search_engine(settings, writes=True)
    ready.bound(settings, engine)
    total = sum(1 for _ in findable.every_id())
    session.rollback()
    with click.progressbar(length=total, label=findable.name, show_pos=True) as bar:
        return index.rebuild(findable, bar.update)


def _ask_the_worker(findable: Findable) -> int:
    index.ask_for_rebuild(findable.name)
    click.echo("A worker writes the index; it has been asked to rebuild it.", err=True)
    total = sum(1 for _ in findable.every_id())
    asked, shown = time.monotonic(), 0
    with click.progressbar(length=total, label=findable.name, show_pos=True) as bar:
        while True:
            session.rollback()
            row = index.rebuild_of(findable.name)
            assert row is not None
            if row.error is not None:
                raise click.ClickException(f"the worker could not rebuild the index: {row.error}")
            bar.update(row.done - shown)
            shown = row.done
            if row.ended_at is not None:
                return index.engine().count(findable.name)
            if row.seen_at is None and time.monotonic() - asked > PATIENCE:
                raise click.ClickException("the worker has not begun; the request stays, see: yinqiao search status")
            time.sleep(0.2)


def _held(findable: Findable) -> str:
    try:
        known = index.engine().exists(findable.name)
        return f"{index.engine().count(findable.name)} documents" if known else "not built yet"
    except SearchError as error:
        return f"the engine does not answer: {error}"


def _silence() -> str:
    """Why the engine cannot be used, or "" if it can."""
    try:
        index.engine().ping()
    except SearchError as error:
        return str(error)
    return ""


def _told(row: index.Rebuild | None) -> str:
    if row is None:
        return "never"
    if row.ended_at is None:
        return f"under way, {row.done} rows read" if row.seen_at else "asked for"
    return f"failed: {row.error}" if row.error else f"{row.ended_at:%Y-%m-%d %H:%M} UTC, {row.done} rows"


def _some(ids: set[int]) -> str:
    if not ids:
        return ""
    shown = ", ".join(str(one) for one in sorted(ids)[:SHOWN])
    return f" (ids {shown}{', …' if len(ids) > SHOWN else ''})"
