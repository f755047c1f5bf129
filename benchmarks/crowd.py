"""python -m benchmarks.crowd: many people at once on one machine, beside a few: errors, waiting, rate, memory."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import click
import psutil
from sqlalchemy import select, text

from benchmarks import corpus, place
from benchmarks.faults import people, site
from benchmarks.faults.people import RESULT, Cast
from benchmarks.faults.site import Site
from marketplace import app, clock, config, index
from marketplace.db import dialect, session, transaction
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import Listing
from marketplace.refs import RefCounter

WRITERS, MOST_READ = 20, 2_000
WARMING = 15.0
"""Seconds at the beginning that are not measured: processes read in what they keep."""
EVERY = 2.0
"""Seconds between two looks at the memory."""
WORDS = ("锂电池", "电解液", "固态电池", "氢燃料电池", "机器视觉", "钙钛矿", "废水处理", "膜", "传感器", "疫苗", "合金",
         "battery", "membrane", "laser", "sensor", "catalyst", "polymer", "robot", "wind turbine", "battery recycling")
NARROWING = ("", "", "&kind=result", "&kind=need", "&region=440000", "&trl=4-6", "&sort=newest", "&page=2")


@dataclass
class Seen:
    """What a crowd saw."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    """(seconds, megabytes by part)."""


@dataclass(frozen=True)
class Asked:
    kind: str
    method: str
    path: str
    token: str | None = None
    body: bytes = b""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--users", multiple=True, type=int, default=(20, 200), show_default=True, help="Repeatable.")
@click.option("--seconds", default=300.0, show_default=True, help="How long each crowd is there.")
@click.option("--think", default=2.0, show_default=True, help="Seconds between two requests of a person, on average.")
@click.option("--listings", default=20_000, show_default=True)
@click.option("--database", type=click.Choice(["postgresql", "sqlite"]), default="postgresql", show_default=True)
def main(users: tuple[int, ...], seconds: float, think: float, listings: int, database: str) -> None:
    """80 % of the requests search (two in three the page, one the API), 15 % read other pages, 5 % write through the
    API. Web, worker, database and the crowd itself share this machine. Ends with 1 when a request failed."""
    temporary = tempfile.TemporaryDirectory(prefix="yinqiao-crowd-", ignore_cleanup_errors=True)
    with temporary as folder, site.running(Path(folder), database) as here:
        Path(folder).chmod(0o755)
        cast = people.prepare(here, WRITERS, webhooks=False)
        refs = _fill(here, listings)
        threading.Thread(target=here.watch, daemon=True).start()
        here.wait_until_ready()
        failed = 0
        for count in users:
            seen = _crowd(here, cast, count, seconds, think, refs)
            failed += sum(seen.errors.values())
            _tell(count, seconds, seen)
    sys.exit(1 if failed else 0)


def _fill(here: Site, listings: int) -> list[str]:
    """The references of some of them."""
    settings = config.read(here.environment)
    with transaction():
        session.add_all(place.organisations())
    place.fill(corpus.listings(listings))
    with transaction():  # whose rows brought their numbers with them
        session.add_all([RefCounter(letter=letter, year=clock.today().year, last=listings) for letter in "RN"])
        if dialect() == "postgresql":
            session.execute(text("SELECT setval(pg_get_serial_sequence('listings', 'id'), max(id)) FROM listings"))
    engine = app.search_engine(settings, writes=True)
    index.bind(engine)
    index.rebuild(LISTINGS)
    engine.close()  # type: ignore[attr-defined]
    refs = list(session.scalars(select(Listing.ref).limit(MOST_READ)))
    session.remove()
    return refs


def _crowd(here: Site, cast: list[Cast], count: int, seconds: float, think: float, refs: list[str]) -> Seen:
    seen, ending = Seen(), threading.Event()
    began = time.monotonic() + WARMING
    looking = threading.Thread(target=_watch_memory, args=(here, seen, began, ending))
    looking.start()
    asyncio.run(_all(here, cast, count, began, began + seconds, think, refs, seen))
    ending.set()
    looking.join()
    return seen


async def _all(here: Site, cast: list[Cast], count: int, began: float, until: float, think: float, refs: list[str],
               seen: Seen) -> None:
    await asyncio.gather(*(
        _person(here.address, _requests(random.Random(number), cast[number % len(cast)], number, refs), began,
                until, think, random.Random(-number), seen)
        for number in range(count)
    ))


async def _person(address: tuple[str, int], requests: Iterator[Asked], began: float, until: float, think: float,
                  chance: random.Random, seen: Seen) -> None:
    await asyncio.sleep(chance.uniform(0, think))
    while time.monotonic() < until:
        asked = next(requests)
        started = time.monotonic()
        try:
            status = await asyncio.wait_for(_ask(address, asked), 60)
        except (OSError, TimeoutError, ValueError) as problem:
            status = 0
            seen.errors[f"{asked.kind}: {type(problem).__name__}"] += 1
        if started >= began and status:
            seen.milliseconds[asked.kind].append((time.monotonic() - started) * 1000)
        if status >= 400:
            seen.errors[f"{asked.kind}: {status} {asked.path.partition('?')[0]}"] += 1
        await asyncio.sleep(chance.expovariate(1 / think) if think else 0)


async def _ask(address: tuple[str, int], asked: Asked) -> int:
    """The status, once the whole answer is here."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        head = [f"{asked.method} {asked.path} HTTP/1.1", f"Host: {address[0]}:{address[1]}", "Connection: close",
                "Accept-Language: zh", f"Content-Length: {len(asked.body)}", "Content-Type: application/json"]
        if asked.token:
            head.append(f"Authorization: Bearer {asked.token}")
        writer.write("\r\n".join([*head, "", ""]).encode() + asked.body)
        line = await reader.readline()
        await reader.read(-1)
        return int(line.split()[1])
    except IndexError:
        raise ValueError("no answer") from None
    finally:
        writer.close()


def _requests(chance: random.Random, cast: Cast, number: int, refs: list[str]) -> Iterator[Asked]:
    """What one person asks for."""
    written = 0
    while True:
        drawn = chance.random()
        if drawn < 0.8:
            question = f"q={quote(chance.choice(WORDS))}{chance.choice(NARROWING)}"
            page = chance.random() < 2 / 3
            yield Asked("search", "GET", f"/search?{question}" if page else f"/api/v1/search?{question}")
        elif drawn < 0.95:
            yield Asked("page", "GET", _page(chance, refs))
        else:
            written += 1
            content = {**RESULT, "title": f"Crowd {number}-{written}: electrolyte {chance.random():.6f}"}
            yield Asked("write", "POST", "/api/v1/listings", cast.alice, json.dumps(content).encode())


def _page(chance: random.Random, refs: list[str]) -> str:
    choices = {
        "/": 3, "/help": 1, "/events": 1, "/organisations?page=2": 1,
        f"/api/v1/listings?page={chance.randint(1, 20)}": 2,
        f"/organisations/organisation-{chance.randint(1, place.ORGANISATIONS)}": 2,
        f"/listings/{chance.choice(refs)}": 5,
    }
    return chance.choices(list(choices), list(choices.values()))[0]


def _watch_memory(here: Site, seen: Seen, began: float, ending: threading.Event) -> None:
    while not ending.wait(EVERY):
        now = time.monotonic()
        if now >= began:
            parts = {"web": here.web.all_pids(), "worker": here.worker.all_pids()}
            seen.memory.append((now - began, {part: _megabytes(pids) for part, pids in parts.items()}))


def _megabytes(pids: list[int]) -> float:
    """What is theirs alone, so that what processes share is not counted for each."""
    total = 0.0
    for pid in pids:
        try:
            total += psutil.Process(pid).memory_full_info().uss / 1e6
        except psutil.Error:
            continue
    return total


def _tell(users: int, seconds: float, seen: Seen) -> None:
    every = [one for kind in seen.milliseconds.values() for one in kind]
    click.echo(f"\n{users} users, {seconds:.0f} s: {len(every):,} requests, {len(every) / seconds:.1f}/s, "
               f"{sum(seen.errors.values())} errors {dict(seen.errors) or ''}")
    for kind, found in [*sorted(seen.milliseconds.items()), ("all", every)]:
        ranked = sorted(found)
        figures = "  ".join(f"p{part} {ranked[min(len(ranked) - 1, len(ranked) * part // 100)]:7.0f} ms"
                            for part in (50, 95, 99)) if ranked else "none"
        click.echo(f"  {kind:7} {len(ranked):7,}  {figures}")
    fifth = max(1, len(seen.memory) // 5)
    for part in ("web", "worker"):
        found = [parts[part] for _, parts in seen.memory]
        if found:
            first, last = sum(found[:fifth]) / fifth, sum(found[-fifth:]) / fifth
            click.echo(f"  memory of {part}: {first:.0f} MB in the first fifth, {last:.0f} MB in the last, "
                       f"at most {max(found):.0f} MB")


if __name__ == "__main__":
    main()
