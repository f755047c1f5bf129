"""files check · move."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import click

from marketplace import config
from marketplace.commands import ready
from marketplace.files import checking, service
from marketplace.files.storage import place_of


@click.group()
def files() -> None:
    """Look after the bytes of attachments and documents.

    Example: yinqiao files check
    """


@files.command()
@click.option("--read", is_flag=True, help="Read every file and compare it with its digest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(read: bool, as_json: bool) -> None:
    """Compare the database with what lies in the folder or bucket; exit code 1 when a file is missing or damaged.

    Example: yinqiao files check --read
    """
    ready.settings()
    found = checking.check(service.place(), read=read)
    if as_json:
        told = {"place": service.place().name, "is_sound": found.is_sound, **asdict(found)}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        megabytes = found.unreferenced_bytes / 1_000_000
        click.echo(f"{service.place().name}: {found.files} contents, {found.missing} missing, {found.damaged} damaged; "
                   f"{found.unreferenced} ({megabytes:.1f} MB) that no file refers to, swept when a day old")
        _tell(found.faults)
    if not found.is_sound:
        raise click.exceptions.Exit(1)


@files.command()
@click.option("--to", required=True, metavar="URL", help="s3://bucket/prefix, or the full path of a folder.")
def move(to: str) -> None:
    """Copy all files to another place, each compared with its digest; then set FILES_URL to it.

    It can be stopped and run again, and goes on where it was. Nothing is taken away from the old place.

    Example: yinqiao files move --to s3://yinqiao-files/kept
    """
    settings = ready.settings()
    usual = settings.var / "files"
    target = place_of(replace(settings.files, url=config.files_url(to)), usual)
    if target.name == service.place().name:
        raise click.ClickException(f"the files lie at {target.name} already")
    with click.progressbar(length=checking.count(), label=f"to {target.name}") as bar:
        moved = checking.move(service.place(), target, lambda: bar.update(1))
    click.echo(f"{moved.copied} copied ({moved.bytes / 1_000_000:.1f} MB), {moved.there} were there already")
    _tell(moved.faults)
    if moved.faults:
        raise click.exceptions.Exit(1)
    click.echo(f"Now set FILES_URL={to} for web and worker and restart them; then run this once more with the old "
               "FILES_URL, for what was added meanwhile.")


def _tell(faults: list[dict[str, object]]) -> None:
    for one in faults:
        click.echo(f"  {one['fault']}: {one['name']} (file {one['file']}, {one['subject']}), {one['digest']}")
