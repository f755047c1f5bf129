"""The rebuild of the index from the database, beside the least that any index of the same texts must do.

That least is cutting them into words (rjieba, one thread) and indexing the words (tantivy with its default writer, two
text fields, stored); both together are 1 / (1/a + 1/b) listings a second. By default tantivy indexes with every core;
what it does with one thread, as the cutting beside it, is shown as well. The rebuild reads the rows, builds the
documents, cuts, indexes, commits and swaps. All take turns, several times, and of each the middle counts. Processor
time is shown as well: on a machine that does other things it says more than the clock, but it does not show that the
rebuild uses every core, which cutting does not.

Short listings are measured, of the length that the aim's own reference had, and, a third as many, such as the form asks
for.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import rjieba
import tantivy

from benchmarks import remixed
from benchmarks.place import place
from marketplace import app, index
from marketplace.config import Settings
from marketplace.listings.documents import LISTINGS

ROUNDS = 3
AIM = 0.5
Texts = Sequence[tuple[str, str]]
"""(title, text), pre-segmented or not."""
Taken = tuple[float, float]
"""Seconds by the clock, and of all processors."""


def measure(listings: int) -> None:
    _measure("short Chinese", listings, partial(remixed.listings, chinese=1.0))
    _measure("short English", listings, partial(remixed.listings, chinese=0.0))
    _measure("whole Chinese", listings // 3, partial(remixed.whole_listings, chinese=1.0))


def _measure(title: str, listings: int, rows: Callable[[int], Iterable[dict[str, Any]]]) -> None:
    made = [(row["title"], " ".join([row["summary"], *row["details"].values()])) for row in rows(listings)]
    length = sum(len(title) + len(text) for title, text in made) // listings
    cut, raw, single, ours, memory = [], [], [], [], (0, 0)
    with place(listings, rows, indexed=False) as here:
        for _ in range(ROUNDS):
            words, taken = _cut(made)
            cut.append(taken)
            raw.append(_index(words))
            single.append(_index(words, threads=1))
            taken, *peaks = _alone(here.settings)
            ours.append(taken)
            memory = max(memory, (peaks[0], peaks[1]))
    print(f"\nrebuild of {listings:,} {title} listings of {length} characters ({os.cpu_count()} cores)")
    by_clock, by_processor = (
        [median(one[at] for one in rows) / listings for rows in (cut, raw, ours, single)] for at in (0, 1)
    )
    _line("rjieba.cut_for_search, one thread", by_clock[0], by_processor[0])
    _line("raw tantivy on those words", by_clock[1], by_processor[1])
    _line("the two together", by_clock[0] + by_clock[1], by_processor[0] + by_processor[1])
    _line("raw tantivy, one thread", by_clock[3], by_processor[3])
    _line("rebuild from the database", by_clock[2], by_processor[2])
    print(f"  peak memory: {memory[0]:,} MB, and {memory[1]:,} MB in each child")
    ratio, spent = ((one[0] + one[1]) / one[2] for one in (by_clock, by_processor))
    reached = "reached" if ratio >= AIM else "NOT reached"
    print(f"  rebuild / the two together: {ratio:.2f} (aim: at least {AIM:g}: {reached})")
    print(f"  rebuild / the two together, one thread each: {(by_clock[0] + by_clock[3]) / by_clock[2]:.2f}")
    print(f"  the two together / rebuild, by processor time: {spent:.2f}")


def _line(title: str, seconds: float, spent: float) -> None:
    print(f"  {title:38}{1 / seconds:8,.0f} listings/s  {spent * 1e6:6,.0f} µs of processor time each")


def _cut(texts: Texts) -> tuple[Texts, Taken]:
    rjieba.cut_for_search("预热")
    started, spent = time.perf_counter(), time.process_time()
    words = [(" ".join(rjieba.cut_for_search(title)), " ".join(rjieba.cut_for_search(text))) for title, text in texts]
    return words, (time.perf_counter() - started, time.process_time() - spent)


def _index(texts: Texts, threads: int = 0) -> Taken:
    """With so many threads, or tantivy's own choice."""
    with TemporaryDirectory() as folder:
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("id", stored=True, indexed=True)
        for name in ("title", "text"):
            builder.add_text_field(name, stored=True, tokenizer_name="spaced")
        raw = tantivy.Index(builder.build(), folder)
        raw.register_tokenizer("spaced", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        started, spent = time.perf_counter(), time.process_time()
        writer = raw.writer(num_threads=threads)
        for number, (title, text) in enumerate(texts):
            document = tantivy.Document()
            document.add_integer("id", number)
            document.add_text("title", title)
            document.add_text("text", text)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        return time.perf_counter() - started, time.process_time() - spent


def _alone(settings: Settings) -> tuple[Taken, int, int]:
    """What one rebuild takes in a process of its own, and its and its largest child's peak memory in MB."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_rebuild, settings).result()


def _rebuild(settings: Settings) -> tuple[Taken, int, int]:
    engine = app.search_engine(settings, writes=True)
    app.bind(settings, engine=engine)
    started, spent = time.perf_counter(), time.process_time()
    index.rebuild(LISTINGS)
    engine.close()  # type: ignore[attr-defined]
    taken, spent = time.perf_counter() - started, time.process_time() - spent
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    kilobytes = [own.ru_maxrss, children.ru_maxrss]
    return (taken, spent + children.ru_utime + children.ru_stime), kilobytes[0] // 1024, kilobytes[1] // 1024
