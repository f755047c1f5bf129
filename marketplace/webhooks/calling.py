"""One POST to a receiver: to an address that was checked, within ten seconds in all, following nothing."""

from __future__ import annotations

import io
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

from marketplace.webhooks import receivers
from marketplace.webhooks.models import Problem
from marketplace.webhooks.receivers import Receiver

LONGEST = 10.0
"""Seconds for connecting, sending and the answer together."""
MOST_READ = 4096
KEPT = 300
"""Characters of the answer that are shown in the log."""
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Answer:
    """What came of a try; without a `problem` the receiver has taken it."""

    milliseconds: int
    problem: Problem | None = None
    status: int | None = None
    text: str = ""


def post(receiver: Receiver, headers: Mapping[str, str], body: bytes) -> Answer:
    """Never raises: whatever a receiver does is an answer."""
    began = time.monotonic()
    until = began + LONGEST
    status, text = None, ""
    try:
        status, text = _ask(receiver, headers, body, until)
        problem = None if 200 <= status < 300 else Problem.REDIRECT if 300 <= status < 400 else Problem.STATUS
    except receivers.NoName:
        problem = Problem.NO_NAME
    except receivers.NotPublic:
        problem = Problem.NOT_PUBLIC
    except TimeoutError:
        problem = Problem.TIMEOUT
    except (ssl.SSLError, ssl.CertificateError):
        problem = Problem.CERTIFICATE
    except ConnectionError:
        problem = Problem.UNREACHABLE
    except (HTTPException, ValueError):
        problem = Problem.UNREADABLE
    except OSError:
        problem = Problem.UNREACHABLE
    return Answer(round((time.monotonic() - began) * 1000), problem, status, text)


def _ask(receiver: Receiver, headers: Mapping[str, str], body: bytes, until: float) -> tuple[int, str]:
    places = receivers.resolve(receiver)
    with _connected(places, until) as plain, _secured(plain, receiver, until) as connection:
        connection.settimeout(_left(until))
        connection.sendall(_request(receiver, headers, body))
        answer = HTTPResponse(cast(socket.socket, _Answering(connection, until)), method="POST")
        answer.begin()
        return answer.status, _shown(_beginning(answer))


def _connected(places: Sequence[receivers.Place], until: float) -> socket.socket:
    """To the first of these very addresses that answers."""
    last: OSError = OSError("no address")
    for family, address in places:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(_left(until))
            connection.connect(address)
        except OSError as error:
            connection.close()
            last = error
        else:
            return connection
    raise last


def _secured(connection: socket.socket, receiver: Receiver, until: float) -> socket.socket:
    """TLS with the name that was registered, whatever address it led to."""
    if receiver.scheme == "http":
        return connection
    connection.settimeout(_left(until))
    return _trust().wrap_socket(connection, server_hostname=receiver.host)


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _request(receiver: Receiver, headers: Mapping[str, str], body: bytes) -> bytes:
    every = {
        "Host": receiver.authority, "User-Agent": "Yinqiao-Webhooks/1", "Accept": "*/*", "Accept-Encoding": "identity",
        "Content-Type": "application/json", "Content-Length": str(len(body)), **headers, "Connection": "close",
    }
    lines = [f"POST {receiver.path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _beginning(answer: HTTPResponse) -> bytes:
    """What can be read of the body; the status has been said already, so that a body that breaks off does no harm."""
    try:
        return answer.read(MOST_READ)
    except (OSError, HTTPException):
        return b""


def _shown(body: bytes) -> str:
    text = _NOT_TEXT.sub("", body.decode("utf-8", "replace")).strip()
    return text if len(text) <= KEPT else text[:KEPT] + "…"


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Answering:
    """The connection as HTTPResponse reads it. A timeout of the socket's own would begin anew with every byte."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection, self._until = connection, until

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Bytes(self._connection, self._until))


class _Bytes(io.RawIOBase):
    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection, self._until = connection, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._until))
        return self._connection.recv_into(buffer)
