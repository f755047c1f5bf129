"""What the states of a broadcast are called."""

from __future__ import annotations

from marketplace.broadcasts.models import State
from marketplace.phrases import Label

STATES = {
    State.DRAFT: (Label("待发送", "Not sent yet"), "waiting"),
    State.SENDING: (Label("发送中", "Being sent"), "good"),
    State.SENT: (Label("已发送", "Sent"), "good"),
    State.STOPPED: (Label("已停止", "Stopped"), "quiet"),
}
"""State -> (its name, the tone of its badge)."""
