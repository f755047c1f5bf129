"""Search over HTTP beside the engine alone and beside bare Flask handing out the same bytes, in one run.

All three run at once and are asked in turn, so that whatever else the machine does slows all of them alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from benchmarks import corpus, servers
from benchmarks.load import Client, at_once, figures, timed
from benchmarks.place import place
from marketplace.app import search_engine
from marketplace.config import Settings
from marketplace.finding.criteria import query_of
from marketplace.finding.schemas import criteria_from
from marketplace.listings.documents import LISTINGS
from search import Engine, Query

QUERIES = 400
ROUNDS = 5


def measure(listings: int, seconds: float = 8.0) -> None:
    asked = corpus.queries(QUERIES)
    paths = ["/api/v1/search?" + urlencode(one) for one in asked]
    with place(listings) as here, TemporaryDirectory() as folder:
        logs, file = Path(folder), Path(folder) / "bytes"
        with servers.serve(here, "marketplace.serving:application()", logs / "search") as port:
            bodies = sorted(map(Client(port).get, paths), key=len)
            file.write_bytes(bodies[len(bodies) // 2])
            bare_application = partial(servers.serve, here, "benchmarks.servers:bare()", logs / "bare")
            with bare_application(**{servers.BYTES: str(file)}) as bare_port:
                ports = (port, bare_port)
                alone, whole, server, bare = _one_by_one(here.settings, asked, paths, ports, logs / "search")
                rates = _rates(here.settings, asked, paths, port, bare_port, seconds / ROUNDS)
        size = file.stat().st_size
    engine = figures(alone, rates[0])
    print(f"\nsearch at {listings:,} listings, {QUERIES} queries, {servers.WORKERS} workers")
    print(f"  engine alone, in process         {engine}")
    print(f"  bare Flask, the same {size / 1024:4.1f} kB     {figures(bare, rates[1])}")
    print(f"  search over HTTP, in the server  {figures(server)}")
    print(f"  search over HTTP, at the client  {figures(whole, rates[2])}")
    in_server, together = figures(server), 1 / (1 / rates[0] + 1 / rates[1])
    print(f"  server p50 / engine alone: {in_server.p50 / engine.p50:.2f}")
    _held("server p95 / engine alone", in_server.p95 / engine.p95, "at most", 1.5)
    _held("requests/s / what engine and bare Flask allow together", rates[2] / together, "at least", 0.5)


def _held(name: str, value: float, bound: str, aim: float) -> None:
    reached = value <= aim if bound == "at most" else value >= aim
    print(f"  {name}: {value:.2f} (aim: {bound} {aim:g}: {'reached' if reached else 'NOT reached'})")


def _one_by_one(
    settings: Settings, asked: list[dict[str, str]], paths: list[str], ports: tuple[int, int], log: Path
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Milliseconds of the engine, of the client, in the server, and of bare Flask, for each query."""
    engine, questions = search_engine(settings), questions_of(asked)
    for question in questions:
        engine.search(LISTINGS.name, question)
    client, bare = map(Client, ports)  # only now: an idle connection is closed after two seconds
    before = len(servers.server_times(log))
    alone, whole, plain = [], [], []
    for _ in range(ROUNDS):
        for question, path in zip(questions, paths, strict=True):
            alone.append(timed(partial(engine.search, LISTINGS.name, question)))
            whole.append(timed(partial(client.get, path)))
            plain.append(timed(partial(bare.get, "/same")))
    time.sleep(0.3)
    in_server = servers.server_times(log)[before:]
    return tuple(_typical(taken) for taken in (alone, whole, in_server, plain))  # type: ignore[return-value]


def _typical(taken: list[float]) -> list[float]:
    """Of each query the median of its rounds: what else the machine did at that moment is no property of the query."""
    return [median(taken[number::QUERIES]) for number in range(QUERIES)]


def _rates(
    settings: Settings, asked: list[dict[str, str]], paths: list[str], port: int, bare_port: int, seconds: float
) -> list[float]:
    """Answers a second of the engine in as many processes as the server has, of bare Flask, and of search."""
    with ProcessPoolExecutor(servers.WORKERS, get_context("spawn"), _open, (settings, asked)) as pool:

        def engines(length: float) -> float:
            return sum(pool.map(_engine_rate, [length] * servers.WORKERS))

        def requests(port: int, paths: list[str], length: float) -> float:
            return pool.submit(at_once, port, paths, length).result()

        contenders: list[Callable[[float], float]] = [
            engines, partial(requests, bare_port, ["/same"]), partial(requests, port, paths),
        ]
        for contender in contenders:
            contender(1.0)  # warm
        rounds = [[contender(seconds) for contender in contenders] for _ in range(ROUNDS)]
    return [median(column) for column in zip(*rounds, strict=True)]


def questions_of(asked: list[dict[str, str]]) -> list[Query]:
    """What the API asks the engine for these addresses."""
    return [query_of(None, criteria_from({name: [value] for name, value in one.items()})[0]) for one in asked]


_mine: list[tuple[Engine, list[Query]]] = []


def _open(settings: Settings, asked: list[dict[str, str]]) -> None:
    _mine[:] = [(search_engine(settings), questions_of(asked))]


def _engine_rate(seconds: float) -> float:
    engine, questions = _mine[0]
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        engine.search(LISTINGS.name, questions[done % len(questions)])
        done += 1
    return done / (time.perf_counter() - started)
