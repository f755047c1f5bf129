"""What people enter for each move."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from marketplace import clock
from marketplace.introductions.vocabulary import CHECKLIST

ANSWERS = {"cooperation_sought": "A licence and a trial.", "unclear": "Does it age?", "about_us": "We make cabinets."}


def entries(move: str, **changes: Any) -> dict[str, Any]:
    """What a person would enter for a move today."""
    today = clock.today()
    contract = {"contract_type": "licence", "signed_on": today, "amount": Decimal(800_000),
                "parties": "The company\nThe institute"}
    minutes = {"held_on": today, "text": "We tested a cell.", "next_action": "Send samples", "owner": "need",
               "due_on": today + timedelta(days=14)}
    given: dict[str, dict[str, Any]] = {
        "express_interest": ANSWERS, "qualify": {"checklist": list(CHECKLIST)}, "sign_nda": {"agree": True},
        "accept_nda": {"signer": "need"},
        "meet": minutes, "discuss": minutes,
        "no_show": {"held_on": today, "absent": "need", "due_on": today + timedelta(days=7)},
        "intent": {"dated_on": today, "contract_type": "licence", "text": "We intend to."},
        "record_contract": contract, "sign": {**contract, "evidence": "No. 7, scanned"},
        "register": {"registration_no": "2026440300000001", "technology_amount": Decimal(500_000)},
        "waive": {"waiver_reason": "A service contract."},
        "report_outcome": {"reached_on": today, "text": "Runs in two plants."},
        "back": {"note": "Too soon."}, "reopen": {"note": "They called."},
        "hold": {"wakes_on": today + timedelta(days=30), "note": "The line is being rebuilt."},
    }
    return {**given.get(move, {}), **changes}
