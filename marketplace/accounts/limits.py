"""How often somebody may try: enough for people who mistype, too little for programs that guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from marketplace.accounts.service import normal
from marketplace.rates import Rate
from marketplace.web.limits import Limit, account, limited, origin

_KEPT = 254


def _written_address() -> str:
    sent: Any = request.get_json(silent=True) if request.is_json else request.form
    given = sent.get("email", "") if isinstance(sent, Mapping) else ""
    return normal(str(given))[:_KEPT] or "nobody"


def _address_from_here() -> str:
    return f"{origin()} {_written_address()}"


by_origin = Limit("origin", (Rate(60, 60), Rate(400, 3600)), origin)
"""Everything that sends mail or checks a password, from one address of the network."""

by_address = Limit("address", (Rate(10, 600),), _address_from_here)
"""The same account, tried from one address of the network."""

by_account = Limit("account", (Rate(100, 3600),), _written_address, told=False)
"""The same account, tried from many."""

by_person = Limit("password", (Rate(10, 600), Rate(40, 86_400)), account)
"""Somebody at a browser that is signed in, who shows the password again, or does not know it."""

by_way_in = Limit("elsewhere", (Rate(30, 60), Rate(300, 3600)), origin, methods=("GET",))
"""Ways to another system that signs people in, and back: each may ask it something."""

by_sender = Limit("sender", (Rate(60, 3600), Rate(300, 86_400)), account)
"""Mail to others that one person brings about."""

by_speaker = Limit("speaker", (Rate(600, 3600),), account)
"""Messages, moves and meetings, of which the other side gets notices and mail; an event's day takes many of them."""

showing_password = limited(by_origin, by_person)
signing_in = limited(by_origin, by_address, by_account)
signing_in_elsewhere = limited(by_way_in)
asking_for_mail = limited(by_origin, by_address)
sending_mail = limited(by_origin, by_sender)
