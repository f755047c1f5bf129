"""demo: a furnished marketplace to look at."""

from __future__ import annotations

import click
from sqlalchemy import exists, select

from marketplace.accounts.models import User
from marketplace.commands import ready
from marketplace.db import session

CAST = {
    "alice@institute.example": "an institute's officer, admin of her institute",
    "bob@institute.example": "her colleague, editor",
    "charlie@company.example": "a company's engineer",
    "dana@broker.example": "a broker",
    "erin@operator.example": "an operator of the platform",
}


@click.command()
@click.option("--first-time", is_flag=True, help="Do nothing, instead of refusing, when the database has data.")
@click.option("--series", is_flag=True, help="Also hold twelve Fridays over three months with 120 organisations.")
def demo(first_time: bool, series: bool) -> None:
    """Load the demonstration: organisations, results, needs, and introductions with months of history.

    It refuses on a database that has data.

    Example: YINQIAO_VAR=/tmp/look yinqiao demo && YINQIAO_VAR=/tmp/look yinqiao serve
    """
    from marketplace.demo import loading  # other commands do not wait until all of the demonstration is loaded

    ready.settings()
    if not loading.has_data():
        load(series)
    elif not first_time:
        raise click.ClickException("this database has data, and the demonstration would mix with it. "
                                   "Choose another: YINQIAO_VAR=/tmp/look yinqiao migrate, and the same for demo")
    if session.scalar(select(exists().where(User.email == next(iter(CAST))))):
        introduce()


def load(series: bool) -> None:
    from marketplace.demo import fridays, loading

    with click.progressbar(length=100, label="Loading the demonstration") as bar:
        world = loading.load(bar.update)
    if series:
        with click.progressbar(length=100, label="Holding twelve Fridays") as bar:
            fridays.load(bar.update, world)
        click.echo("The Fridays: /events/series/fridays, their report at …/report, to hang up at …/wall")


def introduce() -> None:
    from marketplace.demo.people import PASSWORD

    click.echo(f"Sign in with the password {PASSWORD} as")
    for email, who in CAST.items():
        click.echo(f"  {email:<26} {who}")
