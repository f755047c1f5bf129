"""privacy report · copy · forget: what is kept of people, for those who ask by other ways than the page."""

from __future__ import annotations

import os
from pathlib import Path

import click

from marketplace.accounts import accepting
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.commands import ready
from marketplace.privacy import copying, leaving, retention


@click.group()
def privacy() -> None:
    """What is known of people, and how long it is kept.

    Example: yinqiao privacy report
    """


@privacy.command()
def report() -> None:
    """Say for every kind of data how long it is kept and how many rows would go now, and who accepted which terms.

    Nothing is deleted by it: the worker carries the rules out every hour.

    Example: yinqiao privacy report
    """
    ready.settings()
    for due in retention.report():
        click.echo(f"{due.rule.name:34}{due.rule.days:>5} days{due.rows:>10}  {due.rule.what.en}")
    for (text, edition), many in sorted(accepting.counts().items()):
        click.echo(f"{text.value} {edition}: accepted by {many}")


@privacy.command()
@click.argument("email")
@click.option("--to", "path", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="Where the zip is written; a file that is there already is not written over.")
def copy(email: str, path: Path) -> None:
    """Write the copy of somebody's data who cannot fetch it themselves. Make sure that it is they who ask.

    Example: yinqiao privacy copy fan@company.example --to fan.zip
    """
    ready.settings()
    person = _person(email)
    try:
        with open(path, "xb", opener=_for_us_alone) as file:  # Path.open takes no opener
            parts = copying.write(person, file)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already. Name another file.") from None
    click.echo(f"{path}: {sum(part.rows for part in parts)} rows in {sum(1 for part in parts if part.rows)} parts.")


@privacy.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(email: str, yes: bool) -> None:
    """Delete somebody's account at once, for those who ask by letter. Make sure that it is they who ask.

    It is refused while others depend on the account, with what to put into whose hands. It cannot be undone.

    Example: yinqiao privacy forget fan@company.example
    """
    ready.settings()
    person = _person(email)
    for hindrance in leaving.hindrances(person):
        click.echo(hindrance.says.in_language("en"), err=True)
    if leaving.hindrances(person):
        raise click.ClickException("others still depend on this account; nothing was done")
    if not yes:
        click.confirm(f"Delete the account of {person.name} <{person.email}> for good?", abort=True)
    leaving.at_once(person)
    click.echo("The account is deleted; its history stays without a name.")


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _person(email: str) -> User:
    person = accounts.by_email(email)
    if person is None:
        raise click.ClickException(f"there is no account with the address {email}")
    return person
