"""What people enter for meetings, tasks and documents."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

from marketplace import clock
from marketplace.accounts.models import User

PDF = b"%PDF-1.7 a test report"


def a_plan(*people: User, **changes: Any) -> dict[str, Any]:
    """A meeting in three days."""
    plan = {
        "subject": "First talk", "starts_at": clock.now() + timedelta(days=3), "minutes_long": 60, "place": "Room 1",
        "agenda": "Samples; ageing", "attendees": [person.id for person in people],
    }
    return {**plan, **changes}


def a_form(*people: User, **changes: Any) -> dict[str, Any]:
    """The same as a browser sends it."""
    day = (clock.today() + timedelta(days=3)).isoformat()
    return {"subject": "First talk", "day": day, "hour": "14:30", "minutes_long": "60", "zone": "Asia/Shanghai",
            "place": "Room 1", "attendees": [person.id for person in people], **changes}


def a_task(**changes: Any) -> dict[str, Any]:
    return {"title": "Send two samples", "owner": "need", "due_on": clock.today() + timedelta(days=7), **changes}


def a_file(name: str = "report.pdf", content: bytes = PDF) -> tuple[BytesIO, str]:
    return BytesIO(content), name
