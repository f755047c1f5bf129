"""How well each open listing is met is scored by the worker, a little at a time, and kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import a_listing
from indexing import index_listings
from sqlalchemy import select, update

from marketplace import clock
from marketplace.analytics import supply
from marketplace.analytics.models import Fit
from marketplace.db import session, transaction
from marketplace.listings.models import Kind, Listing, State


@pytest.fixture
def pair(institute, company):
    need, result = a_listing(company, Kind.NEED), a_listing(institute)
    index_listings()
    return need.id, result.id


def fits():
    session.expire_all()
    return {fit.listing_id: fit for fit in session.scalars(select(Fit))}


def test_a_new_pair_is_scored_from_both_sides(pair):
    need, result = pair
    assert supply.score_some() == 2
    found = fits()
    assert found[need].best == pytest.approx(found[result].best)
    assert (found[need].counterpart_id, found[result].counterpart_id) == (result, need)


def test_what_is_scored_is_left_until_something_changes(pair):
    need, _ = pair
    supply.score_some()
    assert supply.score_some() == 0
    with transaction():
        session.execute(update(Listing).where(Listing.id == need).values(changed_at=clock.now()))
    assert supply.score_some() == 1


def test_one_that_lost_its_counterpart_is_scored_again(pair):
    need, result = pair
    supply.score_some()
    with transaction():
        session.execute(update(Listing).where(Listing.id == result).values(state=State.WITHDRAWN))
    assert supply.score_some() == 1
    assert (fits()[need].best, fits()[need].counterpart_id) == (0.0, None)


def test_after_a_week_all_are_scored_again(pair):
    supply.score_some()
    with clock.at(clock.now() + timedelta(days=8)):
        assert supply.score_some() == 2


def test_a_draft_is_not_scored(institute):
    a_listing(institute, state=State.DRAFT)
    assert supply.score_some() == 0
