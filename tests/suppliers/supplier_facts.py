"""What is procured and offered in these tests, and what people were told."""

from __future__ import annotations

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.messaging.models import Notice

WANTED = {"title": "Precision parts", "wanted": "Turned parts of titanium.", "conditions": "ISO 9001"}
OFFER = {"supplies": "Titanium parts up to 300 mm.", "proof": "ISO 9001 until 2029"}
PDF = b"%PDF-1.7 certificate"


def heard_of_suppliers(person: User) -> list[str]:
    rows = session.query(Notice).filter_by(user_id=person.id).order_by(Notice.id)
    return [row.msgid for row in rows]
