"""A meeting as iCalendar: an invitation that calendars enter, change and take out again (RFC 5545, RFC 5546)."""

from __future__ import annotations

from collections.abc import Collection

from marketplace.casework.models import Attendee, Meeting, MeetingState
from marketplace.events.calendars import escaped, folded, utc
from marketplace.phrases import in_language, say

REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"


def invitation(
    meeting: Meeting, language: str, address: str, method: str = "", attendees: Collection[Attendee] | None = None
) -> str:
    """The whole file; `address` is the full address of the case. UID stays and SEQUENCE grows, so that calendars
    change the entry they have. `attendees`: only these, for telling those who are no longer invited."""
    cancelled = meeting.state is MeetingState.CANCELLED or method == CANCEL
    method = method or (CANCEL if cancelled else REQUEST)
    tongue = "zh-Hans" if language == "zh" else "en"
    said = [address] if cancelled else [meeting.agenda or "", meeting.link or "", address]
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Yinqiao//Meetings//EN", "CALSCALE:GREGORIAN", f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{meeting.uid}",
        f"SEQUENCE:{meeting.sequence}",
        f"DTSTAMP:{utc(meeting.changed_at)}",
        f"CREATED:{utc(meeting.created_at)}",
        f"LAST-MODIFIED:{utc(meeting.changed_at)}",
        f"DTSTART:{utc(meeting.starts_at)}",
        f"DTEND:{utc(meeting.ends_at)}",
        f"SUMMARY;LANGUAGE={tongue}:{escaped(meeting.subject)}",
        f"DESCRIPTION:{escaped(chr(10).join(part for part in said if part))}",
        *([f"LOCATION:{escaped(where)}"] if (where := meeting.place or meeting.link) and not cancelled else []),
        f"URL:{address if cancelled else meeting.link or address}",
        f"ORGANIZER;CN={_quoted(meeting.organiser.name)}:mailto:{meeting.organiser.email}",
        *(_attendee(one) for one in (meeting.attendees if attendees is None else attendees)),
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "TRANSP:TRANSPARENT" if cancelled else "TRANSP:OPAQUE",
        *([] if cancelled else _alarm(language)),
        "END:VEVENT", "END:VCALENDAR",
    ]
    return "".join(folded(line) + "\r\n" for line in lines)


def _attendee(one: Attendee) -> str:
    return (f"ATTENDEE;CN={_quoted(one.user.name)};ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:"
            f"mailto:{one.user.email}")


def _alarm(language: str) -> list[str]:
    text = in_language(say("The meeting begins in an hour."), language)
    return ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT1H", f"DESCRIPTION:{escaped(text)}", "END:VALARM"]


def _quoted(name: str) -> str:
    """A parameter's value: it may hold neither quotation marks nor line breaks."""
    return '"' + "".join(c for c in name if c.isprintable() and c != '"') + '"'
