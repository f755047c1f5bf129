"""What somebody asks of the figures: which months, cut by what, of which introductions only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from unicodedata import normalize

from marketplace import clock, regions
from marketplace.errors import Invalid
from marketplace.introductions.models import Origin
from marketplace.listings.vocabulary import FIELDS
from marketplace.organisations.models import Kind
from marketplace.phrases import Phrase, say

PERIODS = (3, 6, 12, 0)
"""Months back, the present one among them; 0 is all the time."""
USUAL = 12
CUTS = ("field", "region", "origin", "event", "broker", "organisation_kind")
HARMLESS = ("field", "region", "origin", "organisation_kind")
"""Cuts that name no person and no small gathering."""
_WRITTEN = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2}))?\s*[月日]?")
_YEARS = range(2000, 2101)


@dataclass(frozen=True)
class Question:
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is no longer meant."""
    by: str | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    """Cut -> the one value that counts."""
    months: int | None = None
    """The period as it was chosen in the list; None when it was written as from and to."""
    given: Mapping[str, str] = field(default_factory=dict)
    """As it was sent, to fill the form again."""

    @property
    def is_harmless(self) -> bool:
        """Does it ask about whole months and about nobody in particular? Of a part only, it could be subtracted."""
        return not self.only and self.by in (None, *HARMLESS) and all(
            moment is None or moment.astimezone(clock.PLACE).day == 1 for moment in (self.since, self.until)
        )

    def for_everybody(self) -> Question:
        """As much of it as everybody may ask: whole months, and nobody in particular. Days could be subtracted."""
        since = self.since and self.since.astimezone(clock.PLACE).date().replace(day=1)
        until = self.until and (self.until.astimezone(clock.PLACE) - timedelta(microseconds=1)).date()
        return replace(
            self, since=_start(since) if since else None, until=_start(_month_after(until)) if until else None,
            by=self.by if self.by in HARMLESS else None, only={},
        )

    @property
    def divides_needs(self) -> bool:
        """Do all its conditions say something about a need alone?"""
        return set(self.only) <= {"field", "region"}


def question(given: Mapping[str, str], usual: int = 0) -> Question:
    """Read it; raises Invalid that names what cannot be understood. `usual`: the months when none are given."""
    found, problems = understood(given, usual)
    if problems:
        raise Invalid(problems)
    return found


def understood(given: Mapping[str, str], usual: int = 0) -> tuple[Question, dict[str, str]]:
    """As much of it as can be understood, and what cannot, by name."""
    given = {name: value.strip() for name, value in given.items() if value and value.strip()}
    problems: dict[str, str] = {}
    since, until = _moment(given, "from", problems), _moment(given, "to", problems)
    if since is not None and until is not None and until <= since:
        problems["to"] = say("“{to}” lies before “{since}”. Turn the two round.", to=given["to"], since=given["from"])
        until = None
    months = None
    if "from" not in given and "to" not in given:
        months = int(given["months"]) if given.get("months", "") in map(str, PERIODS) else usual
        since = months_ago(months - 1) if months else None
    by = given.get("by")
    if by is not None and by not in CUTS:
        problems["by"] = say("“{input}” is none of the choices: {choices}.", input=by[:40], choices=", ".join(CUTS))
        by = None
    only: dict[str, str] = {}
    for cut in CUTS:
        if cut in given:
            complaint = _fault(cut, given[cut])
            if complaint is None:
                only[cut] = given[cut]
            else:
                problems[cut] = complaint
    return Question(since, until, by, only, months, given), problems


def months_ago(many: int) -> datetime:
    """The beginning of the month that was so many months before this one."""
    today = clock.today()
    number = today.year * 12 + today.month - 1 - many
    return _start(date(number // 12, number % 12 + 1, 1))


def _moment(given: Mapping[str, str], name: str, problems: dict[str, str]) -> datetime | None:
    """The beginning of what `from` says, the end of what `to` says."""
    text = given.get(name)
    if text is None:
        return None
    match = _WRITTEN.fullmatch(normalize("NFKC", text))
    try:
        if match is None or int(match[1]) not in _YEARS:
            raise ValueError
        day = date(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:
        problems[name] = say("“{input}” is neither a month nor a day. Write it like 2026-11 or 2026-11-23.",
                             input=text[:40])
        return None
    if name == "from":
        return _start(day)
    return _start(day + timedelta(days=1) if match[3] else _month_after(day))


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), clock.PLACE).astimezone(UTC)


def _fault(cut: str, value: str) -> Phrase | None:
    """What is wrong with this value of this cut."""
    known = {
        "field": lambda: value in FIELDS, "region": lambda: regions.is_region(value),
        "origin": lambda: value in list(Origin), "organisation_kind": lambda: value in list(Kind),
        "broker": lambda: value.isascii() and value.isdigit() and len(value) < 10, "event": lambda: len(value) <= 40,
    }
    if known[cut]():
        return None
    return say("There is nothing called “{input}” to narrow the figures to.", input=value[:40])
