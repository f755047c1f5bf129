"""What the standing of a supplier is called, and how long it lasts."""

from __future__ import annotations

from datetime import timedelta

from marketplace.phrases import Label
from marketplace.suppliers.models import State, Supplier

MONTHS = 12
"""Calendar months that an acceptance is good for."""
RENEWAL = timedelta(days=60)
"""So long before its end a supplier may ask for another year."""
REMINDED = timedelta(days=30)
"""So long before its end it is reminded."""

STATES = {
    State.APPLIED: Label("待审核", "To be decided"),
    State.ACCEPTED: Label("已入库", "In the library"),
    State.DECLINED: Label("未予入库", "Not accepted"),
    State.LEFT: Label("已退出", "Left"),
}
EXPIRED = Label("已到期", "Expired")
RENEWING = Label("申请续期", "Asks to renew")
STANDINGS = {
    "in": Label("在库", "In the library"), "waiting": Label("待审核", "To be decided"), "expired": EXPIRED,
    "out": Label("未入库或已退出", "Not accepted, or left"),
}
"""By which the buyer narrows its list."""


def standing(supplier: Supplier) -> tuple[Label, str]:
    """(what to call it, its tone)."""
    if supplier.is_expired and not supplier.renews:
        return EXPIRED, "lost"
    if supplier.state is State.ACCEPTED and supplier.renews:
        return RENEWING, "waiting"
    tones = {State.APPLIED: "waiting", State.ACCEPTED: "good", State.DECLINED: "lost", State.LEFT: "quiet"}
    return STATES[supplier.state], tones[supplier.state]
