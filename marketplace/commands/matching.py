"""matching embed · evaluate · train."""

from __future__ import annotations

import click


@click.group()
def matching() -> None:
    """Look after matching: vectors of meaning, how good the matches are, the weights they are scored with.

    Example: yinqiao matching embed
    """
