"""References are given once each, the first of a year too."""

from __future__ import annotations

from threading import Barrier, Thread

from marketplace import refs
from marketplace.db import session, transaction


def test_the_first_references_of_a_year_taken_at_the_same_moment_are_different(own_database):
    gate, taken = Barrier(4), []

    def take() -> None:
        gate.wait()
        try:
            with transaction():
                taken.extend(refs.take("R"))
        finally:
            session.remove()

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"{taken[0][:7]}{number:06d}" for number in range(1, 5)]
