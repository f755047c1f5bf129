"""How far an introduction has come, who owes its next step, and the codes of its records; models.py keeps them."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from sqlalchemy import Integer
from sqlalchemy.types import TypeDecorator


class Stage(IntEnum):
    SUGGESTED = 0
    INTEREST = 1
    QUALIFIED = 2
    INTRODUCED = 3
    DISCUSSING = 4
    NEGOTIATING = 5
    SIGNED = 6
    PERFORMING = 7
    IMPLEMENTED = 8


class StageColumn(TypeDecorator[Stage]):
    """Kept as its number, so that databases can compare stages."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: object) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: object) -> Stage | None:
        return None if value is None else Stage(value)


class Status(StrEnum):
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class CloseReason(StrEnum):
    COMPLETED = "completed"
    DECLINED_BY_COUNTERPART = "declined_by_counterpart"
    REJECTED_AT_TRIAGE = "rejected_at_triage"
    WITHDRAWN = "withdrawn"
    NO_AGREEMENT = "no_agreement"
    TERMINATED = "terminated"
    EXPIRED = "expired"
    DUPLICATE = "duplicate"
    LISTING_WITHDRAWN = "listing_withdrawn"


class ReasonCode(StrEnum):
    """Why somebody said no; goes back to the supplier without names."""

    TOO_EARLY = "too_early"
    NO_CLEAR_ADVANTAGE = "no_clear_advantage"
    NO_COMMERCIAL_ROUTE = "no_commercial_route"
    DESCRIPTION_UNCLEAR = "description_unclear"
    SCIENTIFIC_DOUBT = "scientific_doubt"
    NOT_OUR_FIELD = "not_our_field"
    ALREADY_HAVE_SOLUTION = "already_have_solution"
    BUDGET = "budget"
    IP_POSITION = "ip_position"
    TERMS = "terms"
    COMPETITOR_CONFLICT = "competitor_conflict"
    TIMING = "timing"
    NO_RESPONSE = "no_response"
    OTHER = "other"


class Origin(StrEnum):
    SEARCH = "search"
    MATCH = "match"
    BROKER = "broker"
    EVENT = "event"
    BROADCAST = "broadcast"


class Side(StrEnum):
    NEED = "need"
    RESULT = "result"

    @property
    def other(self) -> Side:
        return Side.RESULT if self is Side.NEED else Side.NEED


class Owes(StrEnum):
    """Who owes the next step."""

    BROKER = "broker"
    NEED = "need"
    RESULT = "result"
    BOTH = "both"
    NOBODY = "nobody"


class Confirmed(StrEnum):
    SIGNED = "signed"
    OUTCOME = "outcome"
