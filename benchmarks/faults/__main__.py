"""python -m benchmarks.faults: kill processes of a busy marketplace, and see that nothing is lost or doubled."""

from __future__ import annotations

import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import click

from benchmarks.faults import people, proof, site
from benchmarks.faults.ledger import Client, Ledger
from benchmarks.faults.site import Site
from benchmarks.faults.story import Story
from marketplace.db import session

MOST_ANSWERS = 8
"""Between two kills the clients are given up to so many."""
OUTAGE = 30.0
"""Seconds without them after which the next kill comes all the same."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kills", default=200, show_default=True)
@click.option("--seed", type=int, help="The moments and victims of another run; a new one when left out.")
@click.option("--database", type=click.Choice(["postgresql", "sqlite"]), default="postgresql", show_default=True)
@click.option("--clients", default=4, show_default=True, help="How many work at the same time.")
@click.option("--look-every", default=20, show_default=True, help="Kills between two looks at all there is.")
@click.option("--pause", default=0.5, show_default=True, help="How far at most a kill lies from an answer, in seconds.")
def main(kills: int, seed: int | None, database: str, clients: int, look_every: int, pause: float) -> None:
    """Clients publish, move, write; mails, webhooks and the index follow. Meanwhile kill -9 hits a web process, all of
    the web, the worker, PostgreSQL or one of its processes; what died is started again at once.

    After every few kills the clients are held: all that was acknowledged has to be in the database, nothing twice, all
    mails and deliveries sent, the index equal to the database, the audit log whole, and nothing waiting. Ends with 1
    when something is wrong.
    """
    chosen = secrets.randbelow(10**6) if seed is None else seed
    click.echo(f"seed {chosen}, {kills} kills, {database}, {clients} clients")
    temporary = tempfile.TemporaryDirectory(prefix="yinqiao-faults-", ignore_cleanup_errors=True)
    with temporary as folder, site.running(Path(folder), database) as here:
        Path(folder).chmod(0o755)
        wrong = Run(here, random.Random(chosen), clients).kill(kills, look_every, pause)
        if wrong:
            for log in (here.web.log, here.worker.log):
                click.echo(f"--- {log.name}\n{log.read_text()[-3000:]}", err=True)
        session.remove()
    sys.exit(1 if wrong else 0)


class Run:
    def __init__(self, here: Site, chance: random.Random, clients: int) -> None:
        self._site, self._chance = here, chance
        self._ledger, self._go, self._ending = Ledger(), threading.Event(), threading.Event()
        self._killed: Counter[str] = Counter()
        cast = people.prepare(here, clients)
        self._clients = [Client(here.address, self._ledger, self._go) for _ in cast]
        self._stories = [Story(one, who, self._ending) for one, who in zip(self._clients, cast, strict=True)]

    def kill(self, kills: int, look_every: int, pause: float) -> int:
        """Returns how much was found to be wrong."""
        threading.Thread(target=self._site.watch, daemon=True).start()
        self._site.wait_until_ready()
        for story in self._stories:
            threading.Thread(target=story.run, daemon=True).start()
        self._go.set()
        began, wrong = time.monotonic(), 0
        while sum(self._killed.values()) < kills:
            self._work_on(pause)
            what, pids = self._site.victims(self._chance)
            if not pids:
                continue
            site.kill(pids)
            self._killed[what] += 1
            done = sum(self._killed.values())
            if done % look_every == 0 or done == kills:
                wrong += self._look(done, time.monotonic() - began)
        self._ending.set()
        self._go.set()
        self._say_what_was()
        return wrong

    def _work_on(self, pause: float) -> None:
        """Until a random moment: some answers later, and then at any point between two of them."""
        answers = self._ledger.answers["acknowledged"] + self._chance.randint(1, MOST_ANSWERS)
        until = time.monotonic() + OUTAGE
        while self._ledger.answers["acknowledged"] < answers and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(self._chance.uniform(0, pause))

    def _look(self, done: int, seconds: float) -> int:
        self._go.clear()
        for client in self._clients:
            client.busy.acquire()
        took = proof.settled()
        found = ["something still waits after a minute"] if took is None else []
        found += list(proof.faults(self._site, self._ledger))
        led = self._ledger
        click.echo(f"{done:4} kills  {seconds:6.0f} s  {len(led.listings)} listings  {len(led.moves)} moves  "
                   f"{len(led.messages)} messages  {len(self._site.mails.arrived)} mails  "
                   f"{len(self._site.hooks.arrived)} deliveries  settled in {took or 0:.1f} s  "
                   f"{len(found)} faults")
        for one in found:
            click.echo(f"      {one}")
        for client in self._clients:
            client.busy.release()
        self._go.set()
        return len(found)

    def _say_what_was(self) -> None:
        killed = ", ".join(f"{what} {many}" for what, many in self._killed.most_common())
        click.echo(f"killed: {killed}")
        click.echo(f"answers: {dict(self._ledger.answers)}; stories {sum(story.told for story in self._stories)}")
        click.echo(f"arrived again under the same number: {proof.repeats(self._site)}")
        for one in self._ledger.refusals[:10]:
            click.echo(f"refused: {one}")


if __name__ == "__main__":
    main()
