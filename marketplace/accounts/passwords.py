"""Passwords: what makes a good one, and how it is kept (Argon2id)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from marketplace.phrases import Phrase, say

SHORTEST, LONGEST = 10, 200
RULES = say(
    "At least {min} characters. A sentence you can remember is better than a short riddle; "
    "not your name or address, not 1234567890.", min=SHORTEST,
)
_hasher = PasswordHasher()
_COMMON = (
    "1234567890", "12345678910", "123456789a", "a123456789", "0123456789", "0987654321", "9876543210", "1q2w3e4r5t",
    "1qaz2wsx3edc", "qwertyuiop", "qwerty123456", "password12", "password123", "password1234", "passw0rd123",
    "woaini1314", "woaini1314520", "5201314520", "iloveyou123", "abcdefghij", "abc1234567", "abcd123456", "admin123456",
    "letmein123", "welcome123", "changeme123", "asdfghjkl1", "zxcvbnm123", "yinqiao123", "yinqiao2026",
)


def fault(password: str, about: Iterable[str] = ()) -> Phrase | None:
    """Why this is no password to take; `about` is what everybody knows of the person: address, name."""
    password = prepared(password)
    if len(password) < SHORTEST:
        return say("At least {min} characters; this has {given}.", min=SHORTEST, given=len(password))
    if len(password) > LONGEST:
        return say("At most {max} characters; this has {given}.", max=LONGEST, given=len(password))
    plain = password.casefold()
    if plain in _COMMON or len(set(plain)) < 4:
        return say("This is among the first passwords anybody would try. Choose another.")
    for known in about:
        known = prepared(known).casefold()
        if len(known) >= 3 and known in plain and len(known) * 2 > len(plain):
            return say("This is hardly more than your name or address. Choose another.")
    return None


def hashed(password: str) -> str:
    return _hasher.hash(prepared(password))


def matches(kept: str | None, password: str) -> bool:
    """Takes as long for somebody unknown, or who has no password yet, as for anybody else."""
    password = prepared(password)[:LONGEST]
    try:
        return _hasher.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Was it hashed with weaker settings than today's?"""
    return _hasher.check_needs_rehash(kept)


def prepared(text: str) -> str:
    """The same characters however a keyboard composes them, without the blanks that come with copying."""
    return normalize("NFKC", text).strip()


@cache
def _nobodys() -> str:
    return _hasher.hash("a password that opens nothing")
