"""Results and needs: written, translated, reviewed, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from marketplace.accounts.models import User
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.listings import service as listings
from marketplace.listings.content import validate_content
from marketplace.listings.models import Kind, Listing, State
from marketplace.listings.permissions import can_review

FILES = {"results": Kind.RESULT, "needs": Kind.NEED}
ABOUT_THE_ROW = frozenset({
    "key", "organisation", "contact", "state", "published_days_ago", "valid_in_days", "deadline_in_days", "remark",
    "translations",
})
"""What the JSON says beside the content."""
UNPUBLISHED = {State.DRAFT: 2, State.SUBMITTED: 3, State.CHANGES_REQUESTED: 9, State.REJECTED: 20}
"""How many days ago those were written that never came out."""
AFTERWARDS = {State.PAUSED: 20, State.WITHDRAWN: 25, State.MATCHED: 20}
"""How many days ago those that came out went that way."""
WAITS = ("gear-noise-inspection", 3, Decimal(860_000))
ACCEPTED = ("flame-retardant-electrolyte", 60, Decimal(2_800_000))
"""Two prices that were changed, days ago: one waits for review, the other has been accepted."""


def plan(timeline: Timeline, world: World) -> None:
    number = 0
    for file, kind in FILES.items():
        for row in rows(file):
            number += 1
            _plan_one(timeline, world, kind, row, number)
    for key, days_ago, price in (WAITS, ACCEPTED):
        timeline.add(timeline.moment(days_ago), partial(_change_price, world, key, price))
    key, days_ago, _ = ACCEPTED
    timeline.add(timeline.moment(days_ago - 1), partial(_publish, world, key, 1))


def reviewer(world: World, listing: Listing, number: int) -> User:
    """One of the staff, in turn, who does not belong to its organisation."""
    staff = [world.people[key] for key in ("dana", "felix", "erin", "grace")]
    turn = number % len(staff)
    return next(person for person in staff[turn:] + staff[:turn] if can_review(person, listing))


def _plan_one(timeline: Timeline, world: World, kind: Kind, row: dict[str, Any], number: int) -> None:
    state, key = State(row["state"]), row["key"]
    out = row["published_days_ago"]
    written = UNPUBLISHED.get(state, out + 3)
    spread = timedelta(minutes=number)
    timeline.add(timeline.moment(written, hour=8) + spread, partial(_write, timeline, world, kind, row))
    if state is State.DRAFT:
        return
    timeline.add(timeline.moment(written - 1, hour=8) + spread, partial(_submit, world, row))
    if state in (State.CHANGES_REQUESTED, State.REJECTED):
        timeline.add(timeline.moment(written - 3, hour=8) + spread, partial(_send_back, world, row, number))
    elif state is not State.SUBMITTED:
        timeline.add(timeline.moment(out, hour=8) + spread, partial(_publish, world, key, number))
        if state in AFTERWARDS:
            timeline.add(timeline.moment(AFTERWARDS[state], hour=8) + spread, partial(_end, world, row))


def _write(timeline: Timeline, world: World, kind: Kind, row: dict[str, Any]) -> None:
    author = world.people[row["contact"]]
    content, errors = validate_content(kind, _raw(timeline, row))
    if errors:
        raise ValueError(f"{row['key']}: {errors}")
    listing = listings.create(author, world.organisations[row["organisation"]], kind, content)
    for language, words in row["translations"].items():
        listings.set_translation(author, listing, language, words)
    world.listings[row["key"]] = listing


def _raw(timeline: Timeline, row: Mapping[str, Any]) -> dict[str, Any]:
    raw = {name: value for name, value in row.items() if name not in ABOUT_THE_ROW}
    for name, days in (("valid_until", "valid_in_days"), ("deadline", "deadline_in_days")):
        if row.get(days) is not None:
            raw[name] = timeline.day(row[days])
    return raw


def _submit(world: World, row: dict[str, Any]) -> None:
    listings.submit(world.people[row["contact"]], world.listings[row["key"]])


def _publish(world: World, key: str, number: int) -> None:
    listing = world.listings[key]
    listings.publish(reviewer(world, listing, number), listing)


def _send_back(world: World, row: dict[str, Any], number: int) -> None:
    listing = world.listings[row["key"]]
    decide = listings.reject if State(row["state"]) is State.REJECTED else listings.request_changes
    decide(reviewer(world, listing, number), listing, row["remark"])


def _end(world: World, row: dict[str, Any]) -> None:
    """Paused, withdrawn, or marked as matched where no contract has done so."""
    author, listing, state = world.people[row["contact"]], world.listings[row["key"]], State(row["state"])
    if state is State.PAUSED:
        listings.pause(author, listing)
    if state is State.WITHDRAWN:
        listings.withdraw(author, listing, row["remark"])
    if state is State.MATCHED and listing.state is not State.MATCHED:
        listings.mark_matched(author, listing)


def _change_price(world: World, key: str, price: Decimal) -> None:
    listing = world.listings[key]
    author = listing.contact
    assert author is not None
    listings.change(author, listing, {"price_amount": price}, listing.version)
