"""What one side's words tell about who wrote them, and the words without it: before a broker passes them on."""

from __future__ import annotations

import re

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions.models import Introduction, Side
from marketplace.listings.tiers import HIDDEN, unmarked, veil
from marketplace.organisations.models import Membership

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_TELEPHONE = re.compile(r"(?<![\d.])(?:\+?86[\s-]?)?(?:1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}|0\d{2,3}[\s-]\d{7,8})(?!\d|\.\d)")
_ACCOUNT = re.compile(
    r"(?:微信号?|WeChat(?: ID)?|QQ)\s*(?:号|：|:|是|为)?\s*[A-Za-z0-9][\w-]{4,}", re.ASCII | re.IGNORECASE
)
SHORTEST_NAME = 2


def veiled(introduction: Introduction, side: Side, text: str) -> str:
    """The words of this side without its people, their addresses and numbers and, when it is anonymous, what names
    the organisation."""
    text = unmarked(text)
    for name in _people(introduction, side):
        text = _name(name).sub(HIDDEN, text)
    text = without_addresses(text)
    listing = introduction.listing_of(side)
    return veil(text, listing.organisation) if listing.anonymous else text


def without_addresses(text: str) -> str:
    """Without what somebody could be reached by."""
    for pattern in (_ADDRESS, _TELEPHONE, _ACCOUNT):
        text = pattern.sub(HIDDEN, text)
    return text


def named(introduction: Introduction, side: Side, text: str) -> list[str]:
    """What in these words the other side may not know yet, in the order in which it stands there."""
    text = unmarked(text)
    patterns = [*map(_name, _people(introduction, side)), _ADDRESS, _TELEPHONE, _ACCOUNT]
    found = {match.start(): match.group() for pattern in patterns for match in pattern.finditer(text)}
    listing = introduction.listing_of(side)
    if listing.anonymous and veil(text, listing.organisation).count(HIDDEN) > text.count(HIDDEN):
        names = [n for n in (listing.organisation.name, listing.organisation.name_en) if n and n in text]
        found[len(text)] = ", ".join(names) or HIDDEN
    return list(dict.fromkeys(found[place] for place in sorted(found)))


def _people(introduction: Introduction, side: Side) -> list[str]:
    """The names of this side's people, the longest first."""
    organisation_id = introduction.listing_of(side).organisation_id
    names = session.scalars(
        select(User.name).join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id == organisation_id)
    )
    return sorted({name for name in names if len(name) >= SHORTEST_NAME}, key=lambda name: (-len(name), name))


def _name(name: str) -> re.Pattern[str]:
    """A name as a word of its own where its script has words; Chinese may stand right beside it."""
    edge = r"(?<![A-Za-z0-9_]){}(?![A-Za-z0-9_])" if name.isascii() else "{}"
    return re.compile(edge.format(re.escape(name)), re.IGNORECASE)
