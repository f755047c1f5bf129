"""Texts nobody should send, and what to ask of the answers."""

from __future__ import annotations

from conftest import attached

from marketplace import clock
from marketplace.accounts import tokens
from marketplace.db import session, transaction

PROBLEM = "application/problem+json"
HOSTILE = {
    "nothing": "",
    "blanks": " \t\u3000",
    "quotes": "\"'“”「`",
    "brackets": "((([[[{{{<",
    "operators": "AND OR NOT -+&|!~^:*?\\/",
    "SQL": "'; DROP TABLE listings; --",
    "wildcards": "%_%",
    "NUL": "a\0b",
    "control": "\x01\x1b\x7f",
    "emoji": "🔋👩‍🔬🏳️‍🌈",
    "right to left": "\u202egnp.exe\u202c \u05d0\u05d1",
    "zero width": "\u200b\ufeff",
    "combining": "e" + "\u0301" * 500,
    "markup": "<script>alert(1)</script>",
    "template": "{{ 7*7 }}${7*7}%(x)s{0}",
    "not a character": "\ufffe\uffff",
    "number": "9" * 400,
    "one long word": "电" * 5_000,
    "many words": "x y " * 5_000,
    "beyond the plane": "𠀀𪚥",
}


def token_of(person) -> str:
    token, row = tokens.new(attached(person), clock.now())
    with transaction():
        session.add(row)
    return token


def text_of(answer) -> str:
    return answer.get_data(as_text=True)


def problem_of(answer, status: int) -> dict:
    """The answer's problem+json, once it is sure that it is one."""
    assert (answer.status_code, answer.content_type) == (status, PROBLEM), text_of(answer)[:500]
    assert answer.json["status"] == status and answer.json["title"]
    return answer.json
