"""From where the present work comes: set at the edge for a request, by the worker, and by commands.

What reads it: the audit log ("from where"), and the log lines (the request id).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Where somebody, or something, acts from. None: not known, or there is no such thing here."""

    via: str = "command"
    """page, api, worker or command."""
    request_id: str | None = None
    address: str | None = None
    """Of the network."""
    device: str | None = None
    """Coarse: a browser and a system, "Firefox, Windows"."""
    credential: str | None = None
    """By which session or token: "session 12", "token 3"."""


_origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039  it is frozen


def current() -> Origin:
    return _origin.get()


def begin(via: str, **known: Any) -> None:
    """Whatever was before, from here on this process or request acts from there."""
    _origin.set(Origin(via, **known))


def amend(**known: Any) -> None:
    """Say more about where the present work comes from: amend(credential="token 3")."""
    _origin.set(replace(_origin.get(), **known))


@contextmanager
def of(via: str, **known: Any) -> Iterator[None]:
    """Within the block, work comes from there."""
    token = _origin.set(Origin(via, **known))
    try:
        yield
    finally:
        _origin.reset(token)
