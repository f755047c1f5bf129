"""How often somebody may try: enough for people who mistype, too little for programs that guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_limiter.util import get_remote_address

from marketplace.accounts.service import normal
from marketplace.web.security import limiter

_KEPT = 254


def _written_address() -> str:
    sent: Any = request.get_json(silent=True) if request.is_json else request.form
    given = sent.get("email", "") if isinstance(sent, Mapping) else ""
    return normal(str(given))[:_KEPT] or "nobody"


def _address_from_here() -> str:
    return f"{get_remote_address()} {_written_address()}"


by_origin = limiter.shared_limit("60 per minute; 400 per hour", scope="accounts by origin", methods=["POST"])
"""Everything that sends mail or checks a password, from one address of the network."""

by_address = limiter.shared_limit(
    "10 per 10 minutes", scope="accounts by address", key_func=_address_from_here, methods=["POST"]
)
"""The same account, tried from one address of the network."""

by_account = limiter.shared_limit(
    "100 per hour", scope="accounts by account", key_func=_written_address, methods=["POST"]
)
"""The same account, tried from many."""
