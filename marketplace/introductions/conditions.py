"""What must be true before a move: each condition has a sentence for people and a test on the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from marketplace.introductions.models import Confirmed, Contract, Introduction, Owes, Side, SignedCopy
from marketplace.introductions.wordings import NDA_IN_FORCE
from marketplace.listings.models import PRIVATE_TO_ORGANISATION, Listing, State
from marketplace.phrases import Label


@dataclass(frozen=True)
class Condition:
    says: Label
    holds: Callable[[Introduction, Side | None], bool]
    """Of the introduction as it stands, for the side that moves (None: a broker, an operator, the system)."""


def consented(introduction: Introduction) -> set[Side]:
    return {c.side for c in introduction.consents if c.withdrawn_at is None}


def signed_nda(introduction: Introduction) -> set[Side]:
    return {s.side for s in introduction.signatures}


def nda_edition(introduction: Introduction) -> str:
    """Both sides sign the same terms: those that the first has signed, else those in force."""
    terms = [*(s.terms for s in introduction.signatures), *(x.terms for x in introduction.signed_copies)]
    return terms[0] if terms else NDA_IN_FORCE


def interested(introduction: Introduction) -> set[Side]:
    return {i.side for i in introduction.interests}


def confirmed(introduction: Introduction, what: Confirmed) -> set[Side]:
    return {c.side for c in introduction.confirmations if c.what is what and c.withdrawn_at is None}


def stopped(introduction: Introduction) -> set[Side]:
    """The sides that have taken their consent back after names were released: nothing more is released then."""
    gave = {c.side for c in introduction.consents}
    return gave - consented(introduction) if introduction.is_released else set()


def waiting_copy(introduction: Introduction, side: Side | None = None) -> SignedCopy | None:
    """The signed copy of this side (or of either) that the broker has still to look at."""
    return next((x for x in reversed(introduction.signed_copies) if x.checked_at is None and side in (None, x.side)),
                None)


def missing(sides: set[Side]) -> Owes:
    """Who still owes what `sides` have given."""
    left = set(Side) - sides
    return Owes.BOTH if len(left) == 2 else Owes(left.pop()) if left else Owes.NOBODY


def asks_nda(introduction: Introduction) -> bool:
    """Does either listing hold text that only a signed NDA opens?"""
    return any(_has_tier_three(listing) for listing in (introduction.need, introduction.result))


def contract(introduction: Introduction) -> Contract | None:
    return introduction.contracts[-1] if introduction.contracts else None


def _has_tier_three(listing: Listing) -> bool:
    return bool(listing.confidential) and listing.confidential_tier == 3


def _contract_stands(introduction: Introduction) -> bool:
    latest = contract(introduction)
    return latest is not None and (bool(latest.evidence) or confirmed(introduction, Confirmed.SIGNED) == set(Side))


def _listings_readable(introduction: Introduction) -> bool:
    return all(x.state not in PRIVATE_TO_ORGANISATION for x in (introduction.need, introduction.result))


def _not_withdrawn(introduction: Introduction) -> bool:
    return all(x.state is not State.WITHDRAWN for x in (introduction.need, introduction.result))


BOTH = set(Side)
NOT_YET_INTERESTED = Condition(
    Label("本方还没有表达意向", "this side has not expressed interest yet"), lambda i, side: side not in interested(i)
)
HAS_INTEREST = Condition(
    Label("本方已表达意向", "this side has expressed interest"), lambda i, side: side in interested(i)
)
UNASSIGNED = Condition(
    Label("还没有技术经理人，或原经理人已离开", "it has no broker, or one who has left"), lambda i, _: i.needs_owner
)
ASSIGNED = Condition(Label("已有技术经理人", "a broker has taken it"), lambda i, _: i.broker_id is not None)
LISTINGS_READABLE = Condition(
    Label("双方的供需信息都不再是草稿", "neither listing is still a draft"), lambda i, _: _listings_readable(i)
)
NOT_YET_CONSENTED = Condition(
    Label("本方还没有同意", "this side has not consented yet"), lambda i, side: side not in consented(i)
)
HAS_CONSENTED = Condition(Label("本方已同意", "this side has consented"), lambda i, side: side in consented(i))
COPY_WAITS = Condition(
    Label("有签好的协议等待核对", "a signed copy waits to be checked"), lambda i, _: waiting_copy(i) is not None
)
NOT_YET_SIGNED_NDA = Condition(
    Label("本方还没有签保密协议", "this side has not signed the NDA yet"), lambda i, side: side not in signed_nda(i)
)
BOTH_CONSENTED = Condition(Label("双方都已同意", "both sides have consented"), lambda i, _: consented(i) == BOTH)
NDA_WHERE_ASKED = Condition(
    Label("涉及保密协议后可见的内容时，双方已签保密协议", "both signed the NDA, where confidential text asks for it"),
    lambda i, _: not asks_nda(i) or signed_nda(i) == BOTH,
)
CONTRACT_RECORDED = Condition(Label("合同已记录", "the contract is on record"), lambda i, _: contract(i) is not None)
CONTRACT_CONFIRMED = Condition(
    Label("合同已记录并经双方确认", "the contract is on record and both sides confirmed it"),
    lambda i, _: contract(i) is not None and confirmed(i, Confirmed.SIGNED) == BOTH,
)
CONTRACT_STANDS = Condition(
    Label("合同已记录，且有凭证或双方确认", "the contract is on record, with evidence or confirmed by both sides"),
    lambda i, _: _contract_stands(i),
)
NOT_YET_CONFIRMED_CONTRACT = Condition(
    Label("本方还没有确认合同", "this side has not confirmed the contract yet"),
    lambda i, side: side not in confirmed(i, Confirmed.SIGNED),
)
OUTCOME_REPORTED = Condition(Label("成效已记录", "the outcome is on record"), lambda i, _: bool(i.outcomes))
OUTCOME_CONFIRMED = Condition(
    Label("成效已记录并经双方确认", "the outcome is on record and both sides confirmed it"),
    lambda i, _: bool(i.outcomes) and confirmed(i, Confirmed.OUTCOME) == BOTH,
)
NOT_YET_CONFIRMED_OUTCOME = Condition(
    Label("本方还没有确认成效", "this side has not confirmed the outcome yet"),
    lambda i, side: side not in confirmed(i, Confirmed.OUTCOME),
)
LISTINGS_NOT_WITHDRAWN = Condition(
    Label("双方的供需信息都没有撤回", "neither listing has been withdrawn"), lambda i, _: _not_withdrawn(i)
)
A_LISTING_WITHDRAWN = Condition(
    Label("有一方的供需信息已撤回", "one of the listings has been withdrawn"), lambda i, _: not _not_withdrawn(i)
)
# What has to be looked up beyond the introduction itself is tested by the service, which alone knows the database.
PAIR_FITS = Label("需求与成果各一，双方已发布、未互相排除、不属同一机构",
                  "a need and a result, open for interest, neither excluding the other, not the same organisation")
NO_OTHER_OPEN = Label("同一对供需没有另一项进行中的对接", "no other introduction of the same pair is open")
