"""Several people or workers at the same moment, each in a thread with a session of its own; for `own_database`."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

from marketplace.db import session


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """What each of these gave, or the error that it met, in their order; all are let go together."""
    barrier, answers = Barrier(len(deeds)), list[object]([None] * len(deeds))

    def run(place: int) -> None:
        try:
            barrier.wait(20)
            answers[place] = deeds[place]()
        except Exception as error:
            answers[place] = error
        finally:
            session.remove()

    session.remove()  # which would see the database as it was before
    threads = [Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody still waits after a minute"
    return answers


def together(deed: Callable[[], object], times: int = 4) -> list[object]:
    """The same, so many times at the same moment."""
    return at_once(*[deed] * times)


def outcomes(*deeds: Callable[[], object]) -> list[str]:
    """`done`, or the name of the error that each met."""
    return [type(one).__name__ if isinstance(one, Exception) else "done" for one in at_once(*deeds)]
