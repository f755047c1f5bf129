"""A case with a meeting, a task, a document, messages, a need that is compared, and one that is refined."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from casework.meeting_plans import PDF, a_plan, a_task
from conftest import a_listing

from marketplace.casework import filing, meetings, tasks
from marketplace.db import session
from marketplace.introductions import talk
from marketplace.introductions.models import Stage
from marketplace.listings.models import Kind, State
from marketplace.messaging.models import Notice
from marketplace.refining import service as refining


def a_busy_case(brought_to, alice, charlie, dana, stage: Stage = Stage.DISCUSSING) -> dict[str, Any]:
    """The numbers and refs of all that is there, by the names that addresses have for them."""
    case = brought_to(stage)
    company = case.need.organisation
    meeting = meetings.arrange(charlie, case, **a_plan(alice, dana))
    task = tasks.set_task(dana, case, **a_task())
    document = filing.add(charlie, case, "Report", "sides", "report.pdf", BytesIO(PDF))
    said = talk.write_message(alice, case, "Shall we?", "all")
    draft = a_listing(company, Kind.NEED, State.DRAFT)
    refinement = refining.ask(charlie, draft, "The targets are soft.")
    refining.take(dana, refinement)
    notice = session.query(Notice.id).filter_by(user_id=charlie.id).first()
    return {
        "ref": case.ref, "introduction": case.ref, "need": case.need.ref, "refining": draft.ref,
        "meeting_id": meeting.id, "task_id": task.id, "document_id": document.id, "number": 1,
        "message_id": said.id, "copy_id": 1, "notice_id": notice.id if notice else 1,
        "what": "done", "key": "discuss",
    }
