"""Figures are for brokers and operators, and every number derives from the history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import a_listing

from marketplace import clock
from marketplace.analytics import service
from marketplace.analytics.cuts import CUTS
from marketplace.db import session, transaction
from marketplace.errors import Forbidden
from marketplace.introductions.models import CloseReason, History, Introduction, Origin, ReasonCode, Stage, Status
from marketplace.listings.models import Kind


def an_introduction(need, result, *moves, broker=None, reason=None, code=None):
    """moves: (stage, days ago) or (stage, days ago, status), as in the history."""
    now = clock.now()
    last = moves[-1]
    with transaction():
        introduction = Introduction(
            ref=f"I-{session.query(Introduction).count() + 1}", need_id=need.id, result_id=result.id,
            stage=Stage(last[0]), status=last[2] if len(last) > 2 else Status.ACTIVE, origin=Origin.SEARCH,
            broker_id=broker.id if broker else None, created_at=now, entered_stage_at=now, close_reason=reason,
            reason_code=code,
        )
        session.add(introduction)
        session.flush()
        for version, (stage, days, *status) in enumerate(moves, 1):
            at = now - timedelta(days=days)
            session.add(History(introduction_id=introduction.id, version=version, move="x", to_stage=Stage(stage),
                                status=status[0] if status else Status.ACTIVE, effective_at=at, recorded_at=now))
    return introduction


@pytest.fixture
def pipeline(institute, company, dana):
    """One signed, one closed with a reason, one open, one from long ago."""
    result = a_listing(institute)
    needs = [a_listing(company, Kind.NEED, title=f"Need {n}", field=field)
             for n, field in enumerate(("new_energy", "new_energy", "biology", "biology"))]
    with transaction():
        for need, days in zip(needs, (100, 100, 100, 510), strict=True):
            need.published_at = clock.now() - timedelta(days=days)
    an_introduction(needs[0], result, (0, 91), (1, 90), (2, 88), (3, 80), (4, 70), (5, 50), (6, 30), broker=dana)
    an_introduction(needs[1], result, (1, 40), (1, 38, Status.CLOSED), reason=CloseReason.REJECTED_AT_TRIAGE,
                    code=ReasonCode.TOO_EARLY)
    an_introduction(needs[2], result, (1, 10), broker=dana)
    an_introduction(needs[3], result, (1, 500), (2, 490))


def test_an_operator_reads_the_way_from_interest_to_contract(pipeline, erin):
    found = service.figures(erin, months=12)
    assert (found.entered, found.signed) == (3, 1)
    assert [step.reached for step in found.stages][:6] == [3, 1, 1, 1, 1, 1]
    assert found.close_reasons == {CloseReason.REJECTED_AT_TRIAGE: 1}
    assert found.reason_codes == {ReasonCode.TOO_EARLY: 1}


def test_all_the_time_includes_what_is_long_ago(pipeline, erin):
    assert service.figures(erin, months=0).entered == 4


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_every_cut_divides_the_same_whole(pipeline, dana, signed_in, cut):
    groups = service.figures(dana, cut=cut).groups
    assert sum(group.entered for group in groups) == 3
    assert signed_in(dana).get(f"/figures?cut={cut}").status_code == 200


def test_a_broker_is_called_by_name(pipeline, dana):
    assert {str(group.name) for group in service.figures(dana, cut="broker").groups} == {"Dana", "Not assigned"}


def test_needs_answered_within_a_month_are_counted_among_those_old_enough(pipeline, erin):
    found = service.figures(erin, months=12)
    assert (found.needs_published, found.needs_answered) == (3, 1)


@pytest.mark.parametrize("query", ["months=abc", "months=-1", "months=999999999999", "cut=", "cut=nonsense", "cut=%00"])
def test_an_address_that_makes_no_sense_shows_the_usual_figures(signed_in, erin, query):
    assert signed_in(erin).get(f"/figures?{query}").status_code == 200


def test_a_member_of_an_institute_may_not_read_the_figures(signed_in, alice):
    with pytest.raises(Forbidden):
        service.figures(alice)
    assert signed_in(alice).get("/figures").status_code == 403


def test_a_visitor_is_asked_to_sign_in_for_the_figures(client):
    assert client.get("/figures").status_code == 302


def test_figures_of_an_empty_place_say_what_will_be_here(signed_in, erin):
    assert "No introductions in this period" in signed_in(erin).get("/figures").get_data(as_text=True)


def test_the_figures_page_is_whole_in_chinese(pipeline, signed_in, erin):
    page = signed_in(erin).get("/figures?lang=zh").get_data(as_text=True)
    assert "3 个合作意向中，1 个签约" in page
    assert "按需求领域" in page
