"""What an event's page says to machines, in the words of schema.org. Nothing stands here that a visitor does not read
on the page: no participants, and no link of a video conference."""

from __future__ import annotations

from typing import Any

from marketplace.accounts import links
from marketplace.events.models import Edition, Guest, State
from marketplace.finding import linked_data

SCHEDULED, RESCHEDULED, CANCELLED = (f"{linked_data.CONTEXT}/Event{how}" for how in (
    "Scheduled", "Rescheduled", "Cancelled"))
OFFLINE, ONLINE, MIXED = (f"{linked_data.CONTEXT}/{how}EventAttendanceMode" for how in ("Offline", "Online", "Mixed"))


def of_edition(edition: Edition, language: str) -> dict[str, Any]:
    address = links.to(edition.url)
    mode = MIXED if edition.place_zh and edition.video_url else ONLINE if edition.video_url else OFFLINE
    said: dict[str, Any] = {
        "@context": linked_data.CONTEXT, "@type": "Event", "@id": address, "url": address, "identifier": edition.ref,
        "name": edition.in_language(language), "description": edition.summary.in_language(language),
        "startDate": edition.starts_at.isoformat(), "endDate": edition.ends_at.isoformat(),
        "previousStartDate": edition.moved_from.isoformat() if edition.moved_from else None,
        "eventStatus": _status(edition), "eventAttendanceMode": mode, "location": _location(edition, language, address),
        "image": links.to(f"{edition.url}/cover.svg?lang={language}"),
        "maximumAttendeeCapacity": edition.capacity, "remainingAttendeeCapacity": edition.places_left,
        "organizer": linked_data.of_organisation(edition.series.organisation, language, inside=True),
        "performer": [_performer(guest, language) for guest in edition.guests],
        "superEvent": {"@type": "EventSeries", "name": edition.series.in_language(language),
                       "url": links.to(edition.series.url)},
    }
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def _status(edition: Edition) -> str:
    if edition.state is State.CANCELLED:
        return CANCELLED
    return RESCHEDULED if edition.moved_from else SCHEDULED


def _location(edition: Edition, language: str, address: str) -> Any:
    place = {"@type": "Place", "name": edition.place.in_language(language),
             "address": edition.place.in_language(language)}
    online = {"@type": "VirtualLocation", "url": address}
    where = [place] if edition.place_zh else []
    where += [online] if edition.video_url else []
    return where[0] if len(where) == 1 else where


def _performer(guest: Guest, language: str) -> dict[str, Any]:
    if guest.organisation is not None:
        return linked_data.of_organisation(guest.organisation, language, inside=True)
    return {"@type": "Person", "name": guest.name}
