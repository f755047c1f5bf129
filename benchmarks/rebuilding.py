"""The rebuild of the index from the database, beside the least that any index of the same texts must do.

That least is cutting them into words (rjieba, one thread) and indexing the words (tantivy with its default writer, two
text fields, stored); both together are 1 / (1/a + 1/b) listings a second. The rebuild reads the rows, builds the
documents, cuts, indexes, commits and swaps. All take turns, several times, and of each the middle counts.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from statistics import median
from tempfile import TemporaryDirectory

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


def measure(listings: int) -> None:
    for language, chinese in (("Chinese", 1.0), ("English", 0.0)):
        _measure(language, listings, chinese)


def _measure(language: str, listings: int, chinese: float) -> None:
    made = [(title, text) for _, title, text in remixed.texts(listings, chinese=chinese)]
    length = sum(len(title) + len(text) for title, text in made) // listings
    cut, raw, ours, memory = [], [], [], (0, 0)
    with place(listings, partial(remixed.listings, chinese=chinese), indexed=False) as here:
        for _ in range(ROUNDS):
            words, seconds = _cut(made)
            cut.append(listings / seconds)
            raw.append(listings / _index(words))
            seconds, *peaks = _alone(here.settings)
            ours.append(listings / seconds)
            memory = max(memory, (peaks[0], peaks[1]))
    together = 1 / (1 / median(cut) + 1 / median(raw))
    ratio = median(ours) / together
    print(f"\nrebuild of {listings:,} {language} listings of {length} characters ({os.cpu_count()} cores)")
    print(f"  rjieba.cut_for_search, one thread       {median(cut):8,.0f} listings/s")
    print(f"  raw tantivy on those words              {median(raw):8,.0f} listings/s")
    print(f"  the two together                        {together:8,.0f} listings/s")
    print(f"  rebuild from the database               {median(ours):8,.0f} listings/s")
    print(f"  peak memory: {memory[0]:,} MB, and {memory[1]:,} MB in each child")
    reached = "reached" if ratio >= AIM else "NOT reached"
    print(f"  rebuild / the two together: {ratio:.2f} (aim: at least {AIM:g}: {reached})")


def _cut(texts: Texts) -> tuple[Texts, float]:
    rjieba.cut_for_search("预热")
    started = time.perf_counter()
    words = [(" ".join(rjieba.cut_for_search(title)), " ".join(rjieba.cut_for_search(text))) for title, text in texts]
    return words, time.perf_counter() - started


def _index(texts: Texts) -> float:
    with TemporaryDirectory() as folder:
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("id", stored=True, indexed=True)
        for name in ("title", "text"):
            builder.add_text_field(name, stored=True, tokenizer_name="spaced")
        raw = tantivy.Index(builder.build(), folder)
        raw.register_tokenizer("spaced", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        started = time.perf_counter()
        writer = raw.writer()
        for number, (title, text) in enumerate(texts):
            document = tantivy.Document()
            document.add_integer("id", number)
            document.add_text("title", title)
            document.add_text("text", text)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        return time.perf_counter() - started


def _alone(settings: Settings) -> tuple[float, int, int]:
    """Seconds of one rebuild in a process of its own, and its and its largest child's peak memory in MB."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_rebuild, settings).result()


def _rebuild(settings: Settings) -> tuple[float, int, int]:
    engine = app.search_engine(settings, writes=True)
    app.bind(settings, engine=engine)
    started = time.perf_counter()
    index.rebuild(LISTINGS)
    engine.close()  # type: ignore[attr-defined]
    taken = time.perf_counter() - started
    kilobytes = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return taken, kilobytes[0] // 1024, kilobytes[1] // 1024
