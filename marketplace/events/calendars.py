"""An event as iCalendar (RFC 5545), for people's own calendars."""

from __future__ import annotations

from datetime import UTC, datetime

from marketplace.events.models import Edition, State

LONGEST_LINE = 75
"""Octets, without the line break."""
STATUS = {State.DRAFT: "TENTATIVE", State.CANCELLED: "CANCELLED"}


def calendar(edition: Edition, language: str, address: str) -> str:
    """The whole file; `address` is the full address of the event's page.

    UID and SEQUENCE let a calendar that has the event already change it instead of keeping two.
    """
    tongue = "zh-Hans" if language == "zh" else "en"
    host = address.split("/")[2].split(":")[0]
    series = edition.series.in_language(language)
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Yinqiao//Events//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{edition.ref}@{host}",
        f"DTSTAMP:{utc(edition.changed_at)}",
        f"LAST-MODIFIED:{utc(edition.changed_at)}",
        f"SEQUENCE:{edition.version}",
        f"DTSTART:{utc(edition.starts_at)}",
        f"DTEND:{utc(edition.ends_at)}",
        f"SUMMARY;LANGUAGE={tongue}:{escaped(f'{series} · {edition.in_language(language)}')}",
        f"LOCATION;LANGUAGE={tongue}:{escaped(edition.place.in_language(language))}",
        f"DESCRIPTION;LANGUAGE={tongue}:{escaped(edition.summary.in_language(language))}",
        f"URL:{address}",
        f"STATUS:{STATUS.get(edition.state, 'CONFIRMED')}",
        "END:VEVENT", "END:VCALENDAR",
    ]
    return "".join(folded(line) + "\r\n" for line in lines)


def utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(value: str) -> str:
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        value = value.replace(plain, written)
    return value


def folded(line: str) -> str:
    """Broken into lines of at most 75 octets, never inside a character; what continues begins with a space."""
    parts, current, size = [], "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > LONGEST_LINE:
            parts.append(current)
            current, size = " ", 1
        current += character
        size += octets
    return "\r\n".join([*parts, current])
