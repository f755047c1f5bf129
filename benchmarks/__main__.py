"""python -m benchmarks: everything, or the parts named."""

from __future__ import annotations

import click

from benchmarks import corpus, importing, latency, matching, searching

PARTS = ("search", "import", "latency", "matching")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--listings", type=int, multiple=True, default=(20_000, 100_000), show_default=True,
              help="How many listings to search among; repeatable.")
@click.option("--seconds", default=8.0, show_default=True, help="How long each rate is measured.")
def main(parts: tuple[str, ...], listings: tuple[int, ...], seconds: float) -> None:
    """Measure on this machine, over 127.0.0.1 only, in temporary folders that are removed.

    Example: python -m benchmarks search --listings 20000
    """
    chosen = parts or PARTS
    if not corpus.real_texts():
        click.echo(f"{corpus.DATA} is not here: all listings are made up, and the import is skipped.")
    if "search" in chosen:
        for count in listings:
            searching.measure(count, seconds)
    if "matching" in chosen:
        matching.measure(max(listings))
    if "import" in chosen:
        importing.measure()
    if "latency" in chosen:
        latency.measure()


if __name__ == "__main__":
    main()
