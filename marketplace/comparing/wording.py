"""Facts of an answer in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marketplace.comparing.answers import Answer
from marketplace.listings import vocabulary
from marketplace.listings.fields import BY_NAME
from marketplace.listings.models import Kind
from marketplace.listings.wording import spoken
from marketplace.matching.service import Match
from marketplace.web.language import current, money, words

MOST_REASONS = 3


def priced(fields: Mapping[str, Any]) -> str:
    """Indicative price CNY 800,000; nothing where the reader may not know."""
    if not fields.get("price_kind"):
        return ""
    kind = str(words(vocabulary.PRICE_KINDS[fields["price_kind"]]))
    amount = fields.get("price_amount")
    if amount is None or fields["price_kind"] == "negotiable":
        return kind
    return f"{kind} {money(amount, fields.get('price_currency'))}"


def owned(fields: Mapping[str, Any]) -> str:
    return spoken(BY_NAME["ip"], Kind.RESULT, fields.get("ip"))


def reasons_line(match: Match | None) -> str:
    """The strongest reasons on one line."""
    if match is None:
        return ""
    parts = [f"{words(one.label)} {words(one.there)}" for one in match.reasons if one.weight > 0][:MOST_REASONS]
    return ("；" if current() == "zh" else "; ").join(parts)


def asked(answer: Answer, name: str) -> str:
    return answer.offered.get(name, "")
