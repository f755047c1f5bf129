"""privacy report: what is kept of people, for how long, and what would go now."""

from __future__ import annotations

import click

from marketplace.accounts import accepting
from marketplace.commands import ready
from marketplace.privacy import retention


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
