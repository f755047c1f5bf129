"""Figures are for brokers and operators, and every number derives from the history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import a_listing
from histories import an_introduction

from marketplace import clock
from marketplace.analytics import service
from marketplace.analytics.asking import CUTS, Question, question
from marketplace.db import session, transaction
from marketplace.errors import Forbidden, Invalid
from marketplace.introductions.models import CloseReason, ReasonCode, Status
from marketplace.listings.models import Kind


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
    found = service.figures(erin, question({"months": "12"}))
    assert (found.entered, found.reached(6)) == (3, 1)
    assert [step.reached for step in found.steps][:6] == [3, 1, 1, 1, 1, 1]
    assert found.close_reasons == {CloseReason.REJECTED_AT_TRIAGE: 1}
    assert found.reason_codes == {ReasonCode.TOO_EARLY: 1}


def test_all_the_time_includes_what_is_long_ago(pipeline, erin):
    assert service.figures(erin, Question()).entered == 4


@pytest.mark.parametrize("cut", CUTS)
def test_every_cut_divides_the_same_whole(pipeline, dana, signed_in, cut):
    groups = service.figures(dana, question({"by": cut})).groups
    assert sum(one.group.entered for one in groups) == 4
    assert signed_in(dana).get(f"/figures?by={cut}").status_code == 200


def test_a_broker_is_called_by_name(pipeline, dana):
    assert {str(one.name) for one in service.figures(dana, question({"by": "broker"})).groups} == {
        "Dana", "Not assigned"}


def test_conditions_narrow_together(pipeline, erin, dana):
    of_biology = service.figures(erin, question({"field": "biology", "broker": str(dana.id)}))
    assert of_biology.entered == 1
    assert of_biology.narrowed == {"field": of_biology.narrowed["field"], "broker": "Dana"}


def test_a_province_holds_its_cities(pipeline, erin):
    assert service.figures(erin, question({"region": "440000"})).entered == 4
    assert service.figures(erin, question({"region": "310000"})).entered == 0


def test_the_last_month_given_counts_to_its_end(pipeline, erin):
    today = clock.today()
    assert service.figures(erin, question({"to": f"{today.year}-{today.month}"})).entered == 4
    assert service.figures(erin, question({"from": str(today - timedelta(days=10)), "to": str(today)})).entered == 1


def test_needs_answered_within_a_month_are_counted_among_those_old_enough(pipeline, erin):
    answered = service.figures(erin, question({"months": "12"})).answered
    assert (answered.kept, answered.of) == (1, 3)


@pytest.mark.parametrize("query", ["months=abc", "months=-1", "months=999999999999", "by=", "months="])
def test_an_address_that_makes_no_sense_shows_the_usual_figures(signed_in, erin, query):
    assert signed_in(erin).get(f"/figures?{query}").status_code == 200


@pytest.mark.parametrize(("query", "said"), [
    ("from=yesterday", "“yesterday” is neither a month nor a day"), ("to=2026-13", "“2026-13” is neither"),
    ("from=2026-05&to=2026-04", "“2026-04” lies before “2026-05”"), ("from=9999-12", "“9999-12” is neither"),
    ("by=weather", "“weather” is none of the choices"), ("field=%00x", "nothing called"),
    ("region=ZZZ", "“ZZZ”"), ("broker=dana", "“dana”"), ("broker=99999999999", "nothing called"),
])
def test_what_cannot_be_understood_is_named_and_the_rest_is_shown(pipeline, signed_in, erin, query, said):
    answer = signed_in(erin).get(f"/figures?{query}")
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert "Time in each stage" in answer.get_data(as_text=True)


def test_the_program_is_told_which_month_is_none():
    with pytest.raises(Invalid) as problem:
        question({"from": "soon", "to": "2026-02-30"})
    assert set(problem.value.fields) == {"from", "to"}


def test_a_member_of_an_institute_may_not_read_the_figures(signed_in, alice):
    with pytest.raises(Forbidden):
        service.figures(alice, Question())
    for path in ("/figures", "/figures.xlsx", "/figures.csv"):
        assert signed_in(alice).get(path).status_code == 403


def test_a_visitor_is_asked_to_sign_in_for_the_figures(client):
    assert client.get("/figures").status_code == 302


def test_figures_of_an_empty_place_say_what_will_be_here(signed_in, erin):
    assert "No introductions in this period" in signed_in(erin).get("/figures").get_data(as_text=True)


def test_the_figures_page_is_whole_in_chinese(pipeline, signed_in, erin):
    page = signed_in(erin).get("/figures?lang=zh").get_data(as_text=True)
    assert "3 个合作意向中，1 个签约" in page
    assert "按需求领域" in page


def test_a_chip_takes_its_condition_off(pipeline, signed_in, erin):
    page = signed_in(erin).get("/figures?field=biology&by=origin&from=2020-01").get_data(as_text=True)
    assert 'href="/figures?by=origin&amp;from=2020-01"' in page
    assert 'href="/figures?field=biology&amp;by=origin"' in page


def test_the_page_asks_the_database_no_more_often_for_more_introductions(
    pipeline, institute, company, signed_in, erin, count_queries
):
    browser = signed_in(erin)
    browser.get("/figures?by=broker")
    with count_queries() as few:
        browser.get("/figures?by=broker")
    result = a_listing(institute, title="Another")
    for number in range(6):
        an_introduction(a_listing(company, Kind.NEED, title=f"More {number}"), result, (1, 9), (2, 8))
    with count_queries() as many:
        browser.get("/figures?by=broker")
    session.remove()
    assert many.count == few.count
