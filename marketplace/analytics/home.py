"""The front page: what is here, what is new, what is next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from marketplace.analytics import publishing
from marketplace.db import session
from marketplace.events import service as events
from marketplace.events.models import Edition
from marketplace.finding import service as finding
from marketplace.finding.service import Row
from marketplace.introductions.models import Introduction, Stage
from marketplace.listings.models import WORLD_VISIBLE, Kind, Listing
from marketplace.listings.permissions import visible_to
from marketplace.organisations.models import Organisation
from marketplace.organisations.models import State as OrganisationState
from marketplace.organisations.permissions import Reader

NEWEST = 6
NEXT = 3


@dataclass(frozen=True)
class Home:
    results: int
    needs: int
    organisations: int
    concluded: int
    newest_results: list[Row]
    newest_needs: list[Row]
    upcoming: Sequence[Edition]
    figures_are_public: bool


def home_figures(actor: Reader, language: str) -> Home:
    """What everybody may know of; the newest listings as this reader may read them."""
    published = dict(_counted(Listing.kind, Listing.state.in_(sorted(WORLD_VISIBLE))))
    verified = select(func.count(Organisation.id)).where(Organisation.state == OrganisationState.VERIFIED)
    concluded = select(func.count(Introduction.id)).where(Introduction.stage >= Stage.SIGNED)
    return Home(
        results=published.get(Kind.RESULT, 0), needs=published.get(Kind.NEED, 0),
        organisations=session.scalar(verified) or 0, concluded=session.scalar(concluded) or 0,
        newest_results=_newest(actor, Kind.RESULT, language), newest_needs=_newest(actor, Kind.NEED, language),
        upcoming=events.upcoming(NEXT, actor), figures_are_public=publishing.is_public(),
    )


def _counted(column: Any, *where: Any) -> list[tuple[Any, int]]:
    rows = session.execute(select(column, func.count(Listing.id)).where(*where).group_by(column))
    return [(row[0], row[1]) for row in rows]


def _newest(actor: Reader, kind: Kind, language: str) -> list[Row]:
    ids = session.scalars(
        select(Listing.id)
        .where(Listing.kind == kind, Listing.state.in_(sorted(WORLD_VISIBLE)), visible_to(actor))
        .order_by(Listing.published_at.desc(), Listing.id.desc()).limit(NEWEST)
    ).all()
    return finding.rows(actor, ids, language)
