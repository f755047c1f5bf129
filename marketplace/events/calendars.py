"""An event, or a whole series, as iCalendar (RFC 5545, RFC 7986), for people's own calendars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from marketplace.events.models import Edition, Series, State

LONGEST_LINE = 75
"""Octets, without the line break."""
FRESH = "PT6H"
"""How often those who subscribe look again."""
STATUS = {State.DRAFT: "TENTATIVE", State.CANCELLED: "CANCELLED"}


def calendar(edition: Edition, language: str, address: str, video_url: str = "") -> str:
    """The whole file; `address` is the full address of the event's page, `video_url` given only for those who may know.

    UID and SEQUENCE let a calendar that has the event already change it instead of keeping two.
    """
    return _file(_entry(edition, language, address, video_url))


def feed(series: Series, editions: Iterable[tuple[Edition, str]], language: str) -> str:
    """A series for calendars that subscribe: each edition with the full address of its page. Who reads it is not
    known, so no link of a video conference stands in it."""
    name = escaped(series.in_language(language))
    about = [f"NAME:{name}", f"X-WR-CALNAME:{name}", f"REFRESH-INTERVAL;VALUE=DURATION:{FRESH}",
             f"X-PUBLISHED-TTL:{FRESH}"]
    entries = [line for edition, address in editions for line in _entry(edition, language, address)]
    return _file([*about, *entries])


def _file(lines: Iterable[str]) -> str:
    whole = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Yinqiao//Events//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        *lines, "END:VCALENDAR",
    ]
    return "".join(folded(line) + "\r\n" for line in whole)


def _entry(edition: Edition, language: str, address: str, video_url: str = "") -> list[str]:
    tongue = "zh-Hans" if language == "zh" else "en"
    host = address.split("/")[2].split(":")[0]
    series = edition.series.in_language(language)
    about = "\n".join(part for part in (edition.summary.in_language(language), video_url) if part)
    return [
        "BEGIN:VEVENT",
        f"UID:{edition.ref}@{host}",
        f"DTSTAMP:{utc(edition.changed_at)}",
        f"LAST-MODIFIED:{utc(edition.changed_at)}",
        f"SEQUENCE:{edition.version}",
        f"DTSTART:{utc(edition.starts_at)}",
        f"DTEND:{utc(edition.ends_at)}",
        f"SUMMARY;LANGUAGE={tongue}:{escaped(f'{series} · {edition.in_language(language)}')}",
        f"LOCATION;LANGUAGE={tongue}:{escaped(edition.place.in_language(language))}",
        f"DESCRIPTION;LANGUAGE={tongue}:{escaped(about)}",
        f"URL:{address}",
        f"STATUS:{STATUS.get(edition.state, 'CONFIRMED')}",
        "END:VEVENT",
    ]


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
