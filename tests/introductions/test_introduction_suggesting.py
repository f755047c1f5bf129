"""What the system suggests by itself."""

from __future__ import annotations

import pytest
from conftest import a_listing, an_organisation
from indexing import index_listings
from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.introductions import service, suggesting
from marketplace.introductions.models import CloseReason, DueMatching, Introduction, Origin, Stage
from marketplace.listings.models import Exclusion, Kind, Listing, State
from marketplace.matching.service import Match
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Kind as OrganisationKind


@pytest.fixture
def everything_matches(monkeypatch):
    """Every open counterpart is a strong match, so that these tests are not about how well two texts fit."""
    def best(_, listing, limit):
        others = select(Listing).where(Listing.kind == listing.kind.counterpart, Listing.state == State.PUBLISHED)
        return [Match(there, 90.0, []) for there in session.scalars(others.order_by(Listing.id).limit(limit))]

    monkeypatch.setattr(suggesting.matching, "best", best)


def introductions():
    return session.scalars(select(Introduction).order_by(Introduction.id)).all()


def test_a_strong_match_waits_on_the_brokers_desk(institute, company, dana, alice, charlie, everything_matches):
    need, result = a_listing(company, Kind.NEED), a_listing(institute)
    suggesting.note_changed([need.id, result.id])
    assert suggesting.suggest_due() == 2
    made, = introductions()
    assert (made.need.ref, made.result.ref) == (need.ref, result.ref)
    assert made.stage is Stage.SUGGESTED and made.origin is Origin.MATCH and made.created_by_id is None
    desk = service.desk(session.get_one(User, dana.id))
    assert [one.ref for one in desk.suggestions.items] == [made.ref]
    assert not session.scalars(select(Notice)).all(), "a guess of ours is no reason for a mail"


def test_real_texts_that_fit_are_suggested_and_others_are_not(institute, company, monkeypatch):
    need, result = a_listing(company, Kind.NEED), a_listing(institute)
    tea = a_listing(institute, title="Tea picking robot", summary="Picks buds of tea.", keywords=["tea"],
                    field="high_end_equipment", details={})
    monkeypatch.setattr(suggesting, "STRONG", 40.0)
    index_listings()
    suggesting.suggest_for(need.id)
    assert [one.result.ref for one in introductions()] == [result.ref] and tea.ref


def test_a_listing_has_at_most_three_suggestions_open(institute, company, everything_matches):
    need = a_listing(company, Kind.NEED)
    for _ in range(5):
        a_listing(institute)
    suggesting.suggest_for(need.id)
    suggesting.suggest_for(need.id)
    assert len(introductions()) == suggesting.CAP


def test_a_popular_counterpart_is_not_suggested_to_everybody(institute, company, everything_matches):
    result = a_listing(institute)
    needs = [a_listing(company, Kind.NEED) for _ in range(5)]
    for need in needs:
        suggesting.suggest_for(need.id)
    assert len(introductions()) == suggesting.CAP and {one.result_id for one in introductions()} == {result.id}


def test_what_was_tried_before_is_not_suggested_again(institute, company, dana, everything_matches):
    need, result = a_listing(company, Kind.NEED), a_listing(institute)
    made, = suggesting.suggest_for(need.id)
    with transaction():
        made.status, made.close_reason = "closed", CloseReason.EXPIRED
    assert suggesting.suggest_for(need.id) == [] and suggesting.suggest_for(result.id) == []


def test_listings_that_are_not_open_are_not_matched(institute, company, everything_matches):
    draft, paused = a_listing(company, Kind.NEED, State.DRAFT), a_listing(company, Kind.NEED, State.PAUSED)
    suggesting.note_changed([draft.id, paused.id])
    assert session.scalars(select(DueMatching)).all() == []
    a_listing(institute)
    assert suggesting.suggest_for(draft.id) == [] == introductions()


def test_an_excluded_pair_is_refused_and_the_next_one_made(institute, company, everything_matches):
    other = an_organisation("another", OrganisationKind.INSTITUTE)
    need, hidden, open_one = a_listing(company, Kind.NEED), a_listing(institute), a_listing(other)
    with transaction():
        session.add(Exclusion(listing_id=hidden.id, organisation_id=company.id))
    session.expire_all()
    assert [one.result.ref for one in suggesting.suggest_for(need.id)] == [open_one.ref]


def test_what_waits_is_remembered_once_and_survives_a_crash(institute, company, monkeypatch):
    need = a_listing(company, Kind.NEED)
    suggesting.note_changed([need.id])
    suggesting.note_changed([need.id])
    monkeypatch.setattr(suggesting, "suggest_for", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        suggesting.suggest_due()
    session.rollback()
    assert [row.listing_id for row in session.scalars(select(DueMatching))] == [need.id]
