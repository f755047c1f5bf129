"""What the marketplace has acknowledged to a client, and a client that knows what to do when it hears nothing."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TIMEOUT = 30.0
GIVE_UP = 120.0
"""Seconds after which a client that is told nothing definite says so."""


class Refused(Exception):
    """A definite no."""


@dataclass
class Ledger:
    """What was answered with 2xx, or found done when its answer was lost."""

    listings: dict[str, str] = field(default_factory=dict)
    """Title -> ref."""
    states: dict[str, str] = field(default_factory=dict)
    """Ref of a listing -> its last state."""
    moves: dict[tuple[str, int], str] = field(default_factory=dict)
    """(ref of an introduction, version) -> move."""
    messages: dict[str, str] = field(default_factory=dict)
    """Body -> ref of the introduction."""
    answers: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str) -> None:
        with self.lock:
            self.answers[what] += 1


class Client:
    """Asks on a new connection each time; `go` holds it between two requests, for a look at a quiet marketplace."""

    def __init__(self, address: tuple[str, int], ledger: Ledger, go: threading.Event) -> None:
        self._address, self.ledger, self._go = address, ledger, go
        self.busy = threading.Lock()
        """Held while an answer is awaited or what came of it is being found out."""

    def surely(
        self, token: str, method: str, path: str, body: Any = None, *,
        look: Callable[[], Any | None] | None = None,
    ) -> Any:
        """The answer. When none comes, `look` says whether it was done all the same (None: it was not); without
        `look` the request may be repeated."""
        self._go.wait()
        with self.busy:
            began, lost = time.monotonic(), False
            while time.monotonic() - began < GIVE_UP:
                status, answer = self._ask(token, method, path, body)
                if 200 <= status < 300:
                    self.ledger.note("acknowledged")
                    return answer
                if lost and look is not None and 400 <= status < 500 and (found := self._look(look)) is not None:
                    return found
                if 400 <= status < 500:
                    self.ledger.note("refused")
                    raise Refused(f"{method} {path}: {status} {answer}")
                lost = True
                self.ledger.note(f"no answer ({status or 'connection lost'})")
                time.sleep(0.5)
                if look is not None and (found := self._look(look)) is not None:
                    self.ledger.note("found done")
                    return found
            raise Refused(f"{method} {path}: nothing definite in {GIVE_UP:.0f} s")

    def get(self, token: str, path: str) -> Any:
        """As often as it takes."""
        began = time.monotonic()
        while time.monotonic() - began < GIVE_UP:
            status, answer = self._ask(token, "GET", path, None)
            if status == 200:
                return answer
            time.sleep(0.3)
        raise Refused(f"GET {path}: {status} {answer}")

    def _look(self, look: Callable[[], Any | None]) -> Any | None:
        return look()

    def _ask(self, token: str, method: str, path: str, body: Any) -> tuple[int, Any]:
        """(status, JSON); status 0 when the connection was lost."""
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        sent = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, f"/api/v1{path}", sent, {**headers, "Content-Type": "application/json"})
            answer = connection.getresponse()
            read = answer.read()
            return answer.status, json.loads(read) if read else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, repr(error)
        finally:
            connection.close()
