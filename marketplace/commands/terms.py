"""terms load."""

from __future__ import annotations

import click

from marketplace.commands import ready
from marketplace.finding import terms as table


@click.group()
def terms() -> None:
    """Look after the table of equal terms that search goes by.

    Example: yinqiao terms load
    """


@terms.command()
def load() -> None:
    """Bring the terms of this release, as `migrate` does; what operators removed or rewrote stays as it is.

    Example: yinqiao terms load
    """
    ready.settings()
    added, changed = table.load_shipped()
    click.echo(f"{added} new groups of equal terms, {changed} changed, {len(table.in_force())} in force.")
