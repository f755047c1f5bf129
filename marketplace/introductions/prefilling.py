"""What the form of a move knows already, so that nobody types it again."""

from __future__ import annotations

from typing import Any

from marketplace.introductions import agreements
from marketplace.introductions.correcting import as_entered
from marketplace.introductions.models import Introduction, Side

CONTRACTS = ("sign", "record_contract")


def prefilled(introduction: Introduction, move: str) -> dict[str, Any]:
    """Entries by name for this move, as people would have made them."""
    contract = agreements.latest(introduction)
    if move == "register":
        return {"technology_amount": contract.technology_amount} if contract else {}
    if move not in CONTRACTS:
        return {}
    if contract is not None:
        return {name: value for name, value in as_entered(contract).items() if value is not None}
    organisations = (introduction.listing_of(side).organisation for side in (Side.RESULT, Side.NEED))
    parties = [agreements.party_of(organisation).line for organisation in organisations]
    foreseen = introduction.intents[-1].contract_type if introduction.intents else None
    return {"parties": "\n".join(parties), "currency": "CNY", "contract_type": foreseen}
