"""Links in mails that end mails of one kind, and nothing else (RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadData

from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import NotFound
from marketplace.messaging import preferences
from marketplace.messaging.kinds import KINDS, Frequency, Kind

LIFETIME = timedelta(days=365)
COLLECTED = ""
"""Stands for every kind that is collected and may be switched off."""
_PURPOSE = "leave notices"
_IN_DIGESTS = (Frequency.DAILY, Frequency.WEEKLY)


@dataclass(frozen=True)
class Leaving:
    """Whose mails the link ends, and of which kind; None: all that is collected."""

    person: User
    kind: Kind | None

    @property
    def kinds(self) -> list[Kind]:
        """Those that still are mailed."""
        now = preferences.of(self.person)
        if self.kind is not None:
            return [self.kind] if now[self.kind] is not Frequency.NEVER else []
        return [kind for kind, how in now.items() if how in _IN_DIGESTS and not KINDS[kind].must]


def link(person: User, kind: Kind | None) -> str:
    """The address that ends mails of a kind: it says for whom, and can do nothing else."""
    token = links.signer(_PURPOSE).dumps([person.id, kind.value if kind else COLLECTED])
    return links.to(f"/notices/leave/{token}")


def headers(way_out: str) -> dict[str, str]:
    """With these, mail programs show a button of their own."""
    return {"List-Unsubscribe": f"<{way_out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def behind(token: str) -> Leaving:
    """NotFound when the token is forged or too old, or its kind cannot be ended."""
    try:
        person_id, kind = links.signer(_PURPOSE).loads(token, max_age=int(LIFETIME.total_seconds()))
        found = None if kind == COLLECTED else Kind(kind)
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    person = session.get(User, person_id)
    if person is None or (found is not None and KINDS[found].must):
        raise NotFound
    return Leaving(person, found)


def leave(what: Leaving) -> None:
    """No more mails; the notices go on being kept on their page."""
    preferences.choose(what.person, dict.fromkeys(what.kinds, Frequency.NEVER))
