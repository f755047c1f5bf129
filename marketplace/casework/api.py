"""Casework over the API."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask_smorest import Blueprint

from marketplace import clock
from marketplace.accounts.limits import by_speaker
from marketplace.casework import filing, meetings, minutes, reading_log, schemas, showing, tasks
from marketplace.casework.models import Document, Meeting, Task
from marketplace.errors import Invalid
from marketplace.files.views import deliver
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction
from marketplace.listings import service as listings
from marketplace.phrases import say
from marketplace.web.guard import actor
from marketplace.web.language import words
from marketplace.web.payloads import Shape, load

bp = Blueprint("casework_api", __name__, url_prefix="/api/v1", description="Meetings, tasks and documents of a case")
CASE = "/introductions/<ref>"


@bp.get(f"{CASE}/meetings")
@bp.response(200, schemas.MeetingPage)
def all_meetings(ref: str) -> dict[str, Any]:
    """The meetings you may know of, the latest first; `candidates` are the people you may invite."""
    case = introductions.get(actor(), ref)
    people = [{"id": one.user.id, "name": one.user.name, "side": one.side}
              for one in meetings.candidates(actor(), case)]
    return {"items": [_meeting(one) for one in meetings.of_case(actor(), case)], "candidates": people}


@bp.post(f"{CASE}/meetings")
@bp.arguments(schemas.NewMeeting)
@bp.response(201, schemas.MeetingShape)
@by_speaker
def arrange(plan: dict[str, Any], ref: str) -> dict[str, Any]:
    """Arrange a meeting; everybody invited gets an iCalendar invitation by mail."""
    return _meeting(meetings.arrange(actor(), introductions.get(actor(), ref), **plan))


@bp.get(f"{CASE}/meetings/<int:meeting_id>")
@bp.etag
@bp.response(200, schemas.MeetingShape)
def one_meeting(ref: str, meeting_id: int) -> dict[str, Any]:
    """One meeting."""
    return _meeting(_found(ref, meeting_id))


@bp.put(f"{CASE}/meetings/<int:meeting_id>")
@bp.arguments(schemas.ChangedMeeting)
@bp.response(200, schemas.MeetingShape)
def change_meeting(plan: dict[str, Any], ref: str, meeting_id: int) -> dict[str, Any]:
    """Another time, place or company; calendars change the entry they have. 409 when `version` is an older one."""
    meeting = _found(ref, meeting_id)
    meetings.change(actor(), meeting, **plan)
    return _meeting(meeting)


@bp.post(f"{CASE}/meetings/<int:meeting_id>/cancel")
@bp.arguments(schemas.CancelForm)
@bp.response(200, schemas.MeetingShape)
def cancel_meeting(given: dict[str, Any], ref: str, meeting_id: int) -> dict[str, Any]:
    """It does not take place, and `why`; calendars take it out."""
    meeting = _found(ref, meeting_id)
    meetings.cancel(actor(), meeting, given["why"], given["version"])
    return _meeting(meeting)


@bp.post(f"{CASE}/meetings/<int:meeting_id>/minutes")
@bp.arguments(schemas.MinutesForm)
@bp.response(200, schemas.MeetingShape)
def write_minutes(given: dict[str, Any], ref: str, meeting_id: int) -> dict[str, Any]:
    """What was said, with next_action, owner and due_on; or with `ends` (a close reason) and reason_code."""
    meeting = _found(ref, meeting_id)
    minutes.close(actor(), meeting, **given)
    return _meeting(meeting)


@bp.post(f"{CASE}/meetings/<int:meeting_id>/no-show")
@bp.arguments(schemas.NoShowForm)
@bp.response(200, schemas.MeetingShape)
def no_show(given: dict[str, Any], ref: str, meeting_id: int) -> dict[str, Any]:
    """A side did not come; between the sides a new date is needed."""
    meeting = _found(ref, meeting_id)
    minutes.no_show(actor(), meeting, **given)
    return _meeting(meeting)


@bp.get(f"{CASE}/tasks")
@bp.response(200, schemas.TaskPage)
def all_tasks(ref: str) -> dict[str, Any]:
    """What is to be done, the first due first; then what was done."""
    return {"items": [_task(one) for one in tasks.of_case(actor(), introductions.get(actor(), ref))]}


@bp.post(f"{CASE}/tasks")
@bp.arguments(schemas.NewTask)
@bp.response(201, schemas.TaskShape)
def set_task(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Set a task: owner is broker, need, result or both; `person` an id."""
    return _task(tasks.set_task(actor(), introductions.get(actor(), ref), **given))


@bp.post(f"{CASE}/tasks/template")
@bp.arguments(schemas.TemplateForm)
@bp.response(200, schemas.TaskPage)
def use_template(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """As the broker, add the usual tasks of a type of contract; those that are there stay."""
    case = introductions.get(actor(), ref)
    tasks.use_template(actor(), case, given["contract_type"])
    return {"items": [_task(one) for one in tasks.of_case(actor(), case)]}


@bp.get(f"{CASE}/tasks/<int:task_id>")
@bp.etag
@bp.response(200, schemas.TaskShape)
def one_task(ref: str, task_id: int) -> dict[str, Any]:
    """One task."""
    return _task(tasks.get(actor(), introductions.get(actor(), ref), task_id))


@bp.put(f"{CASE}/tasks/<int:task_id>")
@bp.arguments(schemas.TaskForm)
@bp.response(200, schemas.TaskShape)
def change_task(given: dict[str, Any], ref: str, task_id: int) -> dict[str, Any]:
    """Another day, owner or note. 409 when `version` is an older one."""
    task = tasks.get(actor(), introductions.get(actor(), ref), task_id)
    tasks.change(actor(), task, **given)
    return _task(task)


@bp.post(f"{CASE}/tasks/<int:task_id>/<any(done,undone,drop):what>")
@bp.response(200, schemas.TaskShape)
def tick(ref: str, task_id: int, what: str) -> dict[str, Any]:
    """Tick it off, open it again, or drop it for good."""
    task = tasks.get(actor(), introductions.get(actor(), ref), task_id)
    {"done": tasks.finish, "undone": tasks.undo, "drop": tasks.drop}[what](actor(), task)
    return _task(task)


@bp.get(f"{CASE}/documents")
@bp.response(200, schemas.DocumentPage)
def all_documents(ref: str) -> dict[str, Any]:
    """The documents you may read, with all their versions, the newest first."""
    case = introductions.get(actor(), ref)
    return {"items": [_document(case, shown) for shown in filing.of_case(actor(), case)]}


@bp.post(f"{CASE}/documents")
@bp.response(201, schemas.DocumentShape)
def add_document(ref: str) -> dict[str, Any]:
    """Add one: multipart/form-data with `file`, `reach` (sides, introduced, nda, brokers), `title`, `note`."""
    case, given = introductions.get(actor(), ref), _entered(schemas.DocumentForm(), reach="")
    made = filing.add(actor(), case, given["title"], given["reach"], *_sent(), given["note"])
    return _shown(case, made)


@bp.post(f"{CASE}/documents/<int:document_id>/versions")
@bp.response(201, schemas.DocumentShape)
def add_version(ref: str, document_id: int) -> dict[str, Any]:
    """A newer version: multipart/form-data with `file`, `note`. The older ones stay."""
    case = introductions.get(actor(), ref)
    document = filing.get(actor(), case, document_id)
    filing.add_version(actor(), document, *_sent(), _entered(schemas.VersionForm())["note"])
    return _shown(case, document)


@bp.get(f"{CASE}/documents/<int:document_id>/versions/<int:number>")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def download(ref: str, document_id: int, number: int) -> Response:
    """The bytes of a version. Reading tier 2 or 3 is recorded, and its owner sees it."""
    return deliver(filing.open_version(actor(), introductions.get(actor(), ref), document_id, number))


@bp.delete(f"{CASE}/documents/<int:document_id>")
@bp.response(204)
def remove_document(ref: str, document_id: int) -> None:
    """Take it away; who has read it stays on record."""
    filing.remove(actor(), filing.get(actor(), introductions.get(actor(), ref), document_id))


@bp.get(f"{CASE}/reads")
@bp.arguments(schemas.PageQuery, location="query")
@bp.response(200, schemas.ReadPage)
def reads_of_case(page: dict[str, int], ref: str) -> dict[str, Any]:
    """Who read what of yours in this case, the newest first."""
    rows, total = reading_log.of_case(actor(), introductions.get(actor(), ref), **page)
    return {"items": [_read(row) for row in rows], "total": total, **page}


@bp.get("/listings/<ref>/reads")
@bp.arguments(schemas.PageQuery, location="query")
@bp.response(200, schemas.ReadPage)
def reads_of_listing(page: dict[str, int], ref: str) -> dict[str, Any]:
    """Who read what of tiers 2 and 3 of your listing, the newest first."""
    rows, total = reading_log.of_listing(actor(), listings.get(actor(), ref), **page)
    return {"items": [_read(row) for row in rows], "total": total, **page}


def _found(ref: str, meeting_id: int) -> Meeting:
    return meetings.get(actor(), introductions.get(actor(), ref), meeting_id)


def _meeting(meeting: Meeting) -> dict[str, Any]:
    line, said = showing.meeting_line(actor(), meeting), meeting.minutes
    names = ("id", "state", "subject", "starts_at", "ends_at", "zone", "place", "link", "agenda", "why", "version")
    calendar = url_for("meetings.calendar", ref=meeting.introduction.ref, meeting_id=meeting.id, _external=True)
    return {
        **{name: getattr(meeting, name) for name in names}, "organiser": _organiser(meeting, line),
        "attendees": [{"id": one.user_id if isinstance(name, str) else None, "name": words(name), "side": one.side}
                      for one, (name, _) in zip(meeting.attendees, line.people, strict=True)],
        "text": said.text if said else meeting.text, "next_action": said.next_action if said else meeting.next_action,
        "owner": said.owner if said else meeting.next_owner, "due_on": said.due_on if said else meeting.next_due_on,
        "calendar": calendar if line.shows_people else None,
    }


def _organiser(meeting: Meeting, line: showing.MeetingLine) -> str | None:
    """None when it is somebody whose name is not released any more."""
    shown = {one.user_id: name for one, (name, _) in zip(meeting.attendees, line.people, strict=True)}
    if line.shows_people:
        return meeting.organiser.name
    return meeting.organiser.name if isinstance(shown.get(meeting.organiser_id), str) else None


def _task(task: Task) -> dict[str, Any]:
    line = showing.task_line(actor(), task)
    names = ("id", "code", "owner", "due_on", "note", "is_internal", "done_at", "version")
    person = line.who if task.person is not None and isinstance(line.who, str) else None
    return {**{name: getattr(task, name) for name in names}, "title": words(line.title), "person": person,
            "is_overdue": task.is_open and task.due_on < clock.today()}


def _shown(case: Introduction, document: Document) -> dict[str, Any]:
    return next(_document(case, one) for one in filing.of_case(actor(), case) if one.document is document)


def _document(case: Introduction, shown: filing.Shown) -> dict[str, Any]:
    document = shown.document
    return {
        "id": document.id, "title": document.title, "reach": document.reach, "tier": document.reach.tier,
        "side": document.side,
        "versions": [
            {"number": one.number, "name": one.file.name, "media_type": one.file.media_type, "size": one.file.size,
             "added_at": one.added_at, "added_by": one.added_by.name if shown.knows_people else None, "note": one.note,
             "url": url_for("casework_api.download", ref=case.ref, document_id=document.id, number=one.number,
                            _external=True)}
            for one in shown.versions
        ],
    }


def _read(row: reading_log.Read) -> dict[str, Any]:
    return {
        "at": row.at, "what": [words(what) for what in row.what], "tier": row.tier, "is_staff": row.is_staff,
        "organisation": words(row.organisation), "person": row.person, "introduction": row.introduction_ref,
        "listing": row.listing_ref,
    }


def _entered(schema: Shape, **usual: str) -> dict[str, Any]:
    """What was sent beside the file."""
    return load(schema, {**usual, **{name: request.form[name] for name in schema.fields if name in request.form}})


def _sent() -> tuple[str, Any]:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid({"file": say("Choose a file first.")})
    return sent.filename, sent.stream
