"""More pages of which shots.py takes pictures: members and parks, broadcasts, training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pages(one: Callable[[str], Any]) -> list[tuple[str, str | None, str]]:
    """(name, who looks, address); `one` answers a query on the demonstration's database with its first value."""
    park = f"/parks/{one(PARK)}/members"
    first, last = (one(f"SELECT ref FROM broadcasts ORDER BY id {way}") for way in ("", "DESC"))
    training, broker = (_number(one(query)) for query in (TRAINING, BROKER))
    return [
        ("members", None, "/members"),
        ("members-staff", "erin", "/members?membership=founding"),
        ("park-members", "erin", park),
        ("park-member-new", "erin", f"{park}/new"),
        ("park-member-edit", "erin", f"{park}/{_number(one('SELECT id FROM park_members ORDER BY id'))}/edit"),
        ("park-partner-new", "erin", f"/parks/{one(PARK)}/partners/new"),
        ("broadcasts", "erin", "/broadcasts"),
        ("broadcast-new", "erin", "/broadcasts/new"),
        ("broadcast", "erin", f"/broadcasts/{first}"),
        ("broadcast-edit", "erin", f"/broadcasts/{last}/edit"),
        ("news-wanted", "alice", "/account/news"),
        ("training", "dana", "/training"),
        ("training-new", "erin", "/training/new"),
        ("training-one", "erin", f"/training/{training}"),
        ("training-edit", "erin", f"/training/{training}/edit"),
        ("brokers", "charlie", "/brokers"),
        ("broker", "charlie", f"/brokers/{broker}"),
        ("certificate-new", "erin", f"/brokers/{broker}/certificates/new"),
        ("certificate-withdraw", "erin", f"/certificates/{one(CERTIFICATE)}/withdraw"),
    ]


PARK = "SELECT slug FROM organisations WHERE kind = 'park' ORDER BY id"
TRAINING = "SELECT id FROM training_sessions ORDER BY id"
CERTIFICATE = "SELECT ref FROM broker_certificates ORDER BY id"
BROKER = "SELECT id FROM users WHERE email = 'dana@broker.example'"


def _number(found: object) -> int:
    """A row's number, or one that is none where there is no such row."""
    return int(str(found)) if str(found).isdigit() else 1
