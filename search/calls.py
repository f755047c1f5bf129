"""Calls to a Meilisearch server: retried when that helps, waited for when they queue a task, and their errors in the
port's words."""

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import meilisearch
import requests
from meilisearch._httprequests import HttpRequests
from meilisearch.config import Config
from meilisearch.errors import (
    MeilisearchApiError,
    MeilisearchCommunicationError,
    MeilisearchError,
    MeilisearchTimeoutError,
)
from meilisearch.models.task import TaskInfo

from search import Refused, SearchError, Unavailable

Answer = TypeVar("Answer")

LOWEST = (1, 15)
"""The oldest release of the server that will do: it is the first that can be told to take figures as they are."""
_BUSY = 429
_AUTHORITY = (401, 403)
_SERVER_FAULT = 500
_SLOWEST_LOOK = 0.25


class Calls:
    """A server as seen by any number of threads."""

    def __init__(
        self, url: str, key: str | None, timeout: int, task_timeout: float, attempts: int, back_off: float,
        patience: float,
    ) -> None:
        self._url, self._key, self._timeout = url.rstrip("/"), key, timeout
        self._task_timeout, self._attempts, self._back_off, self._patience = task_timeout, attempts, back_off, patience
        self._local = threading.local()
        self._will_do = False

    def ask(self, call: Callable[[meilisearch.Client], Answer], *, repeatable: bool = True) -> Answer:
        """The call's answer. `repeatable` says that doing it twice is the same as doing it once."""
        until = time.monotonic() + self._patience
        for attempt in range(self._attempts):
            try:
                return call(self._client())
            except MeilisearchError as error:
                pause = max(self._pause(attempt), _asked_to_wait(error))
                last = attempt + 1 == self._attempts or time.monotonic() + pause > until
                if last or not (_was_not_done(error) or (repeatable and _may_pass(error))):
                    raise _in_our_words(error) from error
            except (ValueError, TypeError, AttributeError, requests.RequestException) as error:
                # A proxy's page of HTML or JSON of its own, half an answer, or a task without its fields; of what it
                # was given the client looks at nothing before it reaches for what should be in it.
                raise Unavailable(f"the search server's answer cannot be read: {error}") from error
            time.sleep(pause)
        raise Unavailable("the search server was never asked")

    def require_version(self) -> None:
        """Raise Unavailable if the server is too old. It is asked until it has once been found to do."""
        if self._will_do:
            return
        answer = self.ask(lambda client: client.get_version())
        found = str(answer.get("pkgVersion", "")) if isinstance(answer, dict) else ""
        numbers = found.split(".")[:2]
        if not all(number.isdecimal() for number in numbers):
            raise Unavailable(f"the search server does not say its version, but {str(answer)[:100]!r}")
        if tuple(map(int, numbers)) < LOWEST:
            needed = ".".join(map(str, LOWEST))
            raise Unavailable(f"the search server is Meilisearch {found}; {needed} or later is needed")
        self._will_do = True

    def _pause(self, attempt: int) -> float:
        spread = random.uniform(0.5, 1)  # noqa: S311 - it spreads, it hides nothing
        return float(self._back_off * 2**attempt * spread)

    def carry_out(
        self, call: Callable[[meilisearch.Client], TaskInfo], *, tolerate: str = "", repeatable: bool = True,
    ) -> None:
        """Queue a task and return once it is done; `tolerate` is an error code that counts as done."""
        try:
            queued = self.ask(call, repeatable=repeatable)
        except SearchError as error:
            cause = error.__cause__
            if tolerate and isinstance(cause, MeilisearchApiError) and cause.code == tolerate:
                return
            raise
        self.wait_for(queued, tolerate)

    def wait_for(self, queued: TaskInfo, tolerate: str = "") -> None:
        deadline = time.monotonic() + self._task_timeout
        pause = 0.01
        while True:
            task = self.ask(lambda client: client.get_task(queued.task_uid))
            if task.status == "succeeded":
                return
            if task.status in ("failed", "canceled"):
                fault = task.error or {}
                if tolerate and fault.get("code") == tolerate:
                    return
                raise _task_fault(task.status, fault)
            if time.monotonic() >= deadline:
                raise Unavailable(f"task {queued.task_uid} of the search server takes over {self._task_timeout} s")
            time.sleep(pause)
            pause = min(pause * 1.5, _SLOWEST_LOOK)

    def _client(self) -> meilisearch.Client:
        # The client keeps the headers of the request under way in itself, so threads must not share one.
        client: meilisearch.Client | None = getattr(self._local, "client", None)
        if client is None:
            client = meilisearch.Client(self._url, self._key, timeout=self._timeout)
            client.http = _Connected(client.config)
            self._local.client = client
        return client


class _Connected(HttpRequests):
    """Keeps its connection to the server. The client's own makes one for every request, which takes as long as a
    search; it is left to the rarer requests, which go through other objects."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._session = requests.Session()

    def get(self, path: str) -> Any:
        return self.send_request(self._session.get, path)

    def post(
        self, path: str, body: Any = None, content_type: str | None = "application/json", *,
        serializer: type[json.JSONEncoder] | None = None,
    ) -> Any:
        return self.send_request(self._session.post, path, body, content_type, serializer=serializer)


def _asked_to_wait(error: MeilisearchError) -> float:
    """The seconds the server, or a proxy before it, asks us to wait; a date is not understood."""
    response = getattr(error.__cause__, "response", None)
    with contextlib.suppress(KeyError, ValueError):
        return max(0.0, float(response.headers["Retry-After"])) if response is not None else 0.0
    return 0.0


def _was_not_done(error: MeilisearchError) -> bool:
    return isinstance(error, MeilisearchApiError) and error.status_code == _BUSY


def _may_pass(error: MeilisearchError) -> bool:
    if isinstance(error, MeilisearchApiError):
        return bool(error.status_code >= _SERVER_FAULT)
    # A request that timed out has used up the reader's patience; asking again would double the load as well.
    return isinstance(error, MeilisearchCommunicationError)


def _in_our_words(error: MeilisearchError) -> SearchError:
    if isinstance(error, MeilisearchApiError):
        if error.code == "index_not_found":
            return Unavailable(f"the search server has no such index yet: {error.message}")
        if error.status_code in _AUTHORITY:
            # The question may be right; it is the operator who can help.
            return Unavailable(f"the search server does not take our key for this: {error.message}")
        if error.status_code < _SERVER_FAULT and error.status_code != _BUSY:
            return Refused(f"the search server refused ({error.code or error.status_code}): {error.message}")
        return Unavailable(f"the search server failed ({error.status_code}): {error.message}")
    if isinstance(error, MeilisearchTimeoutError):
        return Unavailable(f"the search server did not answer in time: {error.message}")
    return Unavailable(f"the search server cannot be reached: {error.message}")


def _task_fault(status: str, fault: dict[str, Any]) -> SearchError:
    message = f"the search server's task was {status} ({fault.get('code', 'no code')}): {fault.get('message', '')}"
    if fault.get("code") == "index_not_found":
        return Unavailable(message)
    return Refused(message) if fault.get("type") == "invalid_request" else Unavailable(message)
