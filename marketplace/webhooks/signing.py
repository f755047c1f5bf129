"""How a delivery proves that it is ours: HMAC-SHA256 over its time and body, with a secret the receiver shares."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from secrets import token_urlsafe

from marketplace import clock, secrets_kept
from marketplace.webhooks.models import Endpoint

PURPOSE = "webhooks"
HEADER = "Yinqiao-Signature"


def new_secret() -> str:
    return f"whsec_{token_urlsafe(32)}"


def sealed(secret: str) -> str:
    return secrets_kept.seal(secret, PURPOSE)


def secrets_of(endpoint: Endpoint) -> list[str]:
    """Those that sign now, the present one first; raises secrets_kept.Unreadable."""
    kept = [endpoint.secret]
    if endpoint.former_secret and endpoint.former_until and endpoint.former_until > clock.now():
        kept.append(endpoint.former_secret)
    return [secrets_kept.unseal(one, PURPOSE) for one in kept]


def signature(secrets: Sequence[str], at: datetime, body: bytes) -> str:
    """The header's value: t=seconds since 1970, then v1=signature once for each secret that is good now."""
    moment = str(int(at.timestamp()))
    signed = f"{moment}.".encode() + body
    proofs = [hmac.new(secret.encode(), signed, "sha256").hexdigest() for secret in secrets]
    return ",".join([f"t={moment}", *(f"v1={proof}" for proof in proofs)])
