"""backup · restore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Engine as Database
from sqlalchemy.exc import DBAPIError, OperationalError

from marketplace import archive, config, db, index, restoring, subscriptions
from marketplace import backup as backups
from marketplace import worker as work
from marketplace.app import search_engine
from marketplace.commands import ready
from marketplace.db import session
from marketplace.dumping import CannotBeLoaded
from search import SearchError

RUNS = "A worker is running. Stop web and worker first (for systemd: systemctl stop yinqiao.socket yinqiao)."
SHOWN = 5


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is there.")
@click.option("--with-secret-key", is_flag=True, help="Put the secret key in as well: keep such a backup like a key.")
def backup(target: Path, force: bool, with_secret_key: bool) -> None:
    """Write everything there is into a new folder TARGET, or one file if it ends in .tar.

    The site goes on meanwhile. Nothing is left behind when it is interrupted. Exit code 1 when files were missing.

    Example: yinqiao backup /backup/yinqiao-2026-11-23.tar
    """
    settings = ready.settings()
    with _said():
        made = backups.make(settings, _database(), target.absolute(), _progress, force=force,
                            with_secret=with_secret_key)
    click.echo(f"{target}: {len(made.tables)} tables with {made.rows} rows, {made.files} files ({_size(made.bytes)}).")
    if made.audit_head:
        click.echo(f"The audit log ends at {made.audit_head}.")
    if made.missing:
        shown = ", ".join(digest[:12] for digest in made.missing[:SHOWN])
        raise click.ClickException(f"the bytes of {len(made.missing)} files are missing or damaged ({shown} …); "
                                   "everything else is in the backup. See: yinqiao doctor")


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the database that is there; what is in it is lost.")
@click.option("--only-check", is_flag=True, help="Read all of the backup, change nothing.")
def restore(source: Path, force: bool, only_check: bool) -> None:
    """Bring back what `yinqiao backup` wrote, into the database and the folders that the settings name.

    SQLite or PostgreSQL, whichever it was made of. An older release's is migrated. The index is built anew.

    Example: yinqiao restore /backup/yinqiao-2026-11-23.tar
    """
    settings = config.read()
    with _said():
        reader = archive.Reader(source.absolute())
        backups.verify(reader, _progress)
    manifest = reader.manifest
    click.echo(f"Made at {manifest['made_at']} by release {manifest['release']}, schema {manifest['revision']}.")
    if only_check:
        click.echo("It is whole, and this release can restore it.")
        return
    with work.only_writer(settings) as free:
        if not free:
            raise click.ClickException(RUNS)
        _restore(settings, reader, force)


def _restore(settings: config.Settings, reader: archive.Reader, force: bool) -> None:
    database = db.connect(settings.database_url)
    try:
        with _said():
            restoring.into(database, reader, _progress, force=force)
            restoring.files_of(settings, reader, _progress)
            warning = restoring.key_of(settings, reader)
    finally:
        database.dispose()
    if warning:
        click.echo(warning, err=True)
    rows = sum(one["rows"] for one in reader.manifest["tables"].values())
    click.echo(f"Restored: {rows} rows, {reader.manifest['files']} files.")
    missing = reader.manifest["missing"]
    if missing:
        click.echo(f"The bytes of {len(missing)} files were missing when the backup was made.", err=True)
    _index(settings)


def _index(settings: config.Settings) -> None:
    """What cannot be built now is asked for already: the next worker does it."""
    try:
        ready.bound(settings, search_engine(settings, writes=True))
        for findable in subscriptions.findables():
            total = sum(1 for _ in findable.every_id())
            session.rollback()
            with _progress(f"index {findable.name}", total) as tick:
                count = index.rebuild(findable, tick)
            click.echo(f"{findable.name}: {count} documents.")
    except SearchError as error:
        click.echo(f"The index was not built ({error}); the worker does it when the engine answers.", err=True)


def _database() -> Database:
    bound = session.get_bind()
    assert isinstance(bound, Database)
    return bound


@contextmanager
def _progress(label: str, total: int) -> Iterator[backups.Tick]:
    with click.progressbar(length=total, label=label, show_pos=True) as bar:
        yield bar.update


@contextmanager
def _said() -> Iterator[None]:
    """What cannot be done in one sentence; nothing has been changed then."""
    try:
        yield
    except (archive.NoBackup, CannotBeLoaded) as error:
        raise click.ClickException(str(error)) from None
    except OperationalError as error:
        raise click.ClickException(f"the database does not answer: {error.orig}") from None
    except DBAPIError as error:
        raise click.ClickException(f"the database refuses a row: {error.orig}") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'the place'}: {error.strerror}") from None


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count} bytes"
