"""What a reader's words mean, where an embedder is set up. It never makes a search fail, nor wait longer than a blink:
without an answer in time the words alone decide, as they would without an embedder."""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import RLock

from marketplace import logs
from marketplace.listings import vectors
from search import Query
from search.embedding import Vector
from search.question import parse

log = logging.getLogger(__name__)
PATIENCE = 0.3
"""Seconds a search waits for its vector."""
PAUSE = 10.0
"""Seconds without asking after it came too late, or not at all."""
NEAR = 0.3
"""From which cosine on a listing lies near. With multilingual-e5-small, centred, what belongs together lies at 0.5 and
one of a thousand strangers above 0.3 (500 papers and 500 awards, their keywords or first words as queries)."""
SHARE = 0.5
_LONGEST = 300
_REMEMBERED = 2_000
_CHINESE = re.compile("[㐀-鿿]")

Key = tuple[str, str]
_lock = RLock()  # a call that is answered at once is remembered while it is held
_known: OrderedDict[Key, Vector] = OrderedDict()
_asked: dict[Key, Future[Vector]] = {}
_pool: list[ThreadPoolExecutor] = []
_paused_until: list[float] = [0.0]


def meant(query: Query) -> Query:
    """The question with what it means, when that can be had in time."""
    text = _without_exclusions(query.text)
    space = vectors.space() if text and query.sort is None else None
    if space is None:
        return query
    vector = _vector_of(text)
    if vector is None or len(vector) != space.dimensions:
        return query
    centred = space.centred(vector, language_of(text))
    return replace(query, vector=tuple(centred), near=NEAR, semantic=SHARE)


def language_of(text: str) -> str:
    """Which language's middle a text is seen from; empty for neither Chinese nor English."""
    if _CHINESE.search(text):
        return "zh"
    return "en" if text.isascii() else ""


def forget() -> None:
    """Remember no vectors and no failures."""
    with _lock:
        _known.clear()
        _asked.clear()
        _paused_until[:] = [0.0]


def _without_exclusions(text: str) -> str:
    """What is looked for; "battery -lead" is not about lead."""
    question = parse(text)
    if not question.excluded and '"' not in text:
        return text.strip()[:_LONGEST]
    runs = [" ".join(run) for run in question.phrases]
    return " ".join([*runs, *(word.written for word in question.words)])[:_LONGEST]


def _vector_of(text: str) -> Vector | None:
    key = (vectors.embedder().name, text)
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
        if time.monotonic() < _paused_until[0]:
            return None
        asked = _asked.get(key)
        if asked is None:
            if not _pool:  # here and not before: a process that forked has none of its threads
                _pool.append(ThreadPoolExecutor(1, thread_name_prefix="embedder"))
            asked = _asked[key] = _pool[0].submit(_embedded, text)
            asked.add_done_callback(lambda done: _remember(key, done))
    try:
        return asked.result(PATIENCE)
    except TimeoutError:
        log.warning("the embedder takes over %.1f s; words alone decide", PATIENCE)
    except Exception as error:  # whatever a model may die of, the words are still there
        log.warning("words alone decide: %s", logs.cause(error))
    _paused_until[:] = [time.monotonic() + PAUSE]
    return None


def _embedded(text: str) -> Vector:
    vector, = vectors.embedder().embed([text], "query")
    return vector


def _remember(key: Key, done: Future[Vector]) -> None:
    with _lock:
        _asked.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        _known[key] = done.result()
        _paused_until[:] = [0.0]  # late, but it answers
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
