"""Who may do what with an event. `can_see` and `visible_to` answer the same question and must agree."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true

from marketplace.accounts.models import User
from marketplace.events.models import HAS_PLACE, Attendance, Edition, State
from marketplace.organisations.permissions import is_verified_member, memberships

Reader = User | None


def can_run(actor: Reader) -> bool:
    """Set events up, change them, and check people in."""
    return actor is not None and actor.is_active and actor.is_operator


def can_see(actor: Reader, edition: Edition) -> bool:
    """Everybody, once it is announced; a cancelled one stays, so that nobody stands before a closed door."""
    return edition.state is not State.DRAFT or can_run(actor)


def visible_to(actor: Reader) -> ColumnElement[bool]:
    """`can_see`, as SQL."""
    return true() if can_run(actor) else Edition.state != State.DRAFT


def can_see_people(actor: Reader) -> bool:
    """Read who comes: people known to the marketplace, as those who register are told."""
    return is_verified_member(actor)


def can_see_video(actor: Reader, edition: Edition, attendance: Attendance | None) -> bool:
    """Read the link of the video conference: those who have a place, its hosts and the operators. `attendance`: how
    the actor stands to it."""
    if actor is None:
        return False
    if can_run(actor) or attendance in HAS_PLACE:
        return True
    return not {host.organisation_id for host in edition.hosts}.isdisjoint(
        one.organisation_id for one in memberships(actor))
