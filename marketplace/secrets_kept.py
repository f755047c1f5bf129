"""Secrets that we have to show to a machine again (a shared key, a seed), kept so that a copy of the database alone
tells nobody. What only has to be recognised, such as a token or a password, is hashed instead.

The keys come from SECRET_KEY, one for each purpose: what was sealed for one cannot be opened for another, and with
another SECRET_KEY nothing can.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from marketplace.config import Settings

_bound: list[Settings] = []


class Unreadable(Exception):
    """It was sealed with another SECRET_KEY, for another purpose, or has been tampered with."""


def bind(settings: Settings) -> None:
    """Seal with these settings' key from now on; called by the composition root."""
    _bound[:] = [settings]


def seal(secret: str, purpose: str) -> str:
    """The secret as it may be written into a table."""
    return _lock(_key(), purpose).encrypt(secret.encode()).decode()


def unseal(sealed: str, purpose: str) -> str:
    """The secret again; raises Unreadable."""
    try:
        return _lock(_key(), purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable(f"what was kept for {purpose} cannot be opened with this SECRET_KEY") from None


def digest(secret: str, purpose: str) -> str:
    """What recognises a secret that is short enough to be typed, and so to be guessed by whoever has its hash: this one
    cannot be computed without the key."""
    return hmac.digest(_derived(_key(), purpose), secret.encode(), "sha256").hex()


@cache
def _lock(key: str, purpose: str) -> Fernet:
    return Fernet(urlsafe_b64encode(_derived(key, purpose)))


@cache
def _derived(key: str, purpose: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=b"yinqiao secrets kept", info=purpose.encode())
    return derived.derive(key.encode())


def _key() -> str:
    if not _bound:
        raise RuntimeError("secrets_kept.bind() has not been called")
    return _bound[0].secret_key
