"""How often somebody may try: enough for people who mistype, too little for programs that guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from marketplace.accounts.passkeys import id_in
from marketplace.accounts.service import normal
from marketplace.web.limits import account, limit, limited, origin

_KEPT = 254


def _written_address() -> str:
    sent: Any = request.get_json(silent=True) if request.is_json else request.form
    given = sent.get("email", "") if isinstance(sent, Mapping) else ""
    return normal(str(given))[:_KEPT] or "nobody"


def _address_from_here() -> str:
    return f"{origin()} {_written_address()}"


def _shown_passkey() -> str:
    return id_in(request.form.get("credential", "")) or "nobody's"


def _passkey_from_here() -> str:
    return f"{origin()} {_shown_passkey()}"


by_origin = limit("origin", "60/minute; 400/hour", origin)
"""Everything that sends mail or checks a password, from one address of the network."""

by_address = limit("address", "10/10 minutes", _address_from_here)
"""The same account, tried from one address of the network."""

by_account = limit("account", "100/hour", _written_address, told=False)
"""The same account, tried from many."""

by_passkey_from_here = limit("passkey", "10/10 minutes", _passkey_from_here)
by_passkey = limit("passkeys", "100/hour", _shown_passkey, told=False)
"""The same of passkeys."""

by_person = limit("password", "10/10 minutes; 40/day", account)
"""Somebody at a browser that is signed in, who shows the password again, or does not know it."""

by_way_in = limit("elsewhere", "30/minute; 300/hour", origin, methods=("GET",))
"""Ways to another system that signs people in, and back: each may ask it something."""

by_sender = limit("sender", "60/hour; 300/day", account)
"""Mail to others that one person brings about."""

by_speaker = limit("speaker", "600/hour", account)
"""Messages, moves and meetings, of which the other side gets notices and mail; an event's day takes many of them."""

showing_password = limited(by_origin, by_person)
signing_in = limited(by_origin, by_address, by_account)
showing_a_passkey = limited(by_origin, by_passkey_from_here, by_passkey)
signing_in_elsewhere = limited(by_way_in)
asking_for_mail = limited(by_origin, by_address)
sending_mail = limited(by_origin, by_sender)
