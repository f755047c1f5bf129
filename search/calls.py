"""Calls to a Meilisearch server: retried when that helps, waited for when they queue a task, and their errors in the
port's words."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import meilisearch
from meilisearch.errors import (
    MeilisearchApiError,
    MeilisearchCommunicationError,
    MeilisearchError,
    MeilisearchTimeoutError,
)
from meilisearch.models.task import TaskInfo

from search import Refused, SearchError, Unavailable

Answer = TypeVar("Answer")

_BUSY = 429
_SERVER_FAULT = 500
_SLOWEST_LOOK = 0.25


class Calls:
    """A server as seen by any number of threads."""

    def __init__(
        self, url: str, key: str | None, timeout: int, task_timeout: float, attempts: int, back_off: float,
    ) -> None:
        self._url, self._key, self._timeout = url.rstrip("/"), key, timeout
        self._task_timeout, self._attempts, self._back_off = task_timeout, attempts, back_off
        self._local = threading.local()

    def ask(self, call: Callable[[meilisearch.Client], Answer], *, repeatable: bool = True) -> Answer:
        """The call's answer. `repeatable` says that doing it twice is the same as doing it once."""
        for attempt in range(self._attempts):
            try:
                return call(self._client())
            except MeilisearchError as error:
                last = attempt + 1 == self._attempts
                if last or not (_was_not_done(error) or (repeatable and _may_pass(error))):
                    raise _in_our_words(error) from error
            except ValueError as error:
                # A proxy's page of HTML where JSON was due, or a task without its fields.
                raise Unavailable(f"the search server's answer cannot be read: {error}") from error
            time.sleep(self._back_off * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - it spreads, it hides nothing
        raise Unavailable("the search server was never asked")

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
            self._local.client = client
        return client


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
