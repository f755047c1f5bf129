"""Log lines: one line a fact, as key=value for people or as an object for a collector.

No personal data: what looks like an address of somebody, or like a password in an address, is covered whatever the
message says. Line breaks within a message cannot make a line of their own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from marketplace import clock, context

_FACT = re.compile(r'(?:^|\s)([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|\S+)')
_PERSON = re.compile(r"[^\s/@:<>\"'(),=]+(?::[^\s/@]+)?@(?=[\w\[])")
_ROW = re.compile(r"DETAIL: [^\n]*")
_PLAIN = re.compile(r"[^\s\"=]+")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?")


def install(form: str = "line") -> None:
    """Write what is told to standard error in this form; called by what starts a process."""
    handler = logging.StreamHandler()
    handler.setFormatter(Objects() if form == "json" else Lines())
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def fact(log: logging.Logger, level: int = logging.INFO, **facts: object) -> None:
    """Tell one fact: fact(log, route="/search", status=200)."""
    if log.isEnabledFor(level):
        log.log(level, written(facts), extra={"facts": facts})


def written(facts: Mapping[str, object]) -> str:
    """key=value key="two words"."""
    return " ".join(f"{name}={_value(value)}" for name, value in facts.items())


def covered(text: str) -> str:
    """The text without what names a person: alice@institute.example becomes …@institute.example. PostgreSQL's details
    quote the row that could not be written."""
    text = _ROW.sub("DETAIL: …", text) if "DETAIL" in text else text
    return _PERSON.sub("…@", text) if "@" in text else text


def cause(error: BaseException) -> str:
    """What failed where somebody's text was asked about: its kind and the beginning of what it says. What an engine or
    a model answers, which comes after a colon, may repeat the text."""
    return f"{type(error).__name__}: {covered(str(error).partition(': ')[0])[:200]}"


class Lines(logging.Formatter):
    """2026-11-23T01:14:19+0800 level=INFO logger=marketplace.worker request=4f0c… tried=12 ms=31"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, clock.PLACE)
        request = context.current().request_id
        parts = [f"{at:%Y-%m-%dT%H:%M:%S%z} level={record.levelname} logger={record.name}"]
        if request:
            parts.append(f"request={request}")
        parts.append(covered(record.getMessage()).replace("\r", "\\r").replace("\n", "\\n"))
        line = " ".join(parts)
        trace = _trace(self, record)
        return line + "".join(f"\n\t{part}" for part in trace.splitlines())


class Objects(logging.Formatter):
    """{"at": …, "level": "INFO", "logger": "marketplace.worker", "request": "4f0c…", "tried": 12, "ms": 31}"""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname, "logger": record.name,
        }
        if request := context.current().request_id:
            told["request"] = request
        facts = getattr(record, "facts", None)
        if facts is None:
            message = covered(record.getMessage())
            told |= {name: _read(value) for name, value in _FACT.findall(message)} | {"message": message}
        else:
            told |= {name: covered(value) if isinstance(value, str) else value for name, value in facts.items()}
        if trace := _trace(self, record):
            told["trace"] = trace
        return orjson.dumps(told, default=str).decode()


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
    if record.stack_info:
        parts.append(record.stack_info)
    return covered("\n".join(parts))


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    text = str(value)
    return text if _PLAIN.fullmatch(text) else orjson.dumps(text).decode()


def _read(value: str) -> object:
    if value.startswith('"'):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    if _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value
