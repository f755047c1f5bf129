"""The same figures over the API, by command, as a spreadsheet, and for everybody."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from conftest import a_listing, a_person
from histories import an_introduction
from python_calamine import CalamineWorkbook

from marketplace import clock
from marketplace.analytics import publishing
from marketplace.analytics.asking import question
from marketplace.analytics.models import Fit
from marketplace.analytics.publishing import OTHERS, pieces
from marketplace.analytics.results import Cohort
from marketplace.commands.figures import figures as command
from marketplace.contracts.models import Answer, Survey, SurveyKind
from marketplace.db import session, transaction
from marketplace.errors import Forbidden
from marketplace.introductions.models import CloseReason, ReasonCode, Side, Status
from marketplace.listings.models import Kind

API = "/api/v1/figures/funnel"


@pytest.fixture
def seven(institute, company, dana):
    """Seven interests of these days: six in new energy, five of them qualified, one in biology and closed."""
    result = a_listing(institute)
    for number in range(6):
        need = a_listing(company, Kind.NEED, title=f"Need {number}")
        an_introduction(need, result, (1, 3), *([(2, 1)] if number else []), broker=dana)
    an_introduction(a_listing(company, Kind.NEED, field="biology"), result, (1, 3), (1, 2, Status.CLOSED), broker=dana,
                    reason=CloseReason.NO_AGREEMENT, code=ReasonCode.BUDGET)


def test_the_api_answers_in_the_shape_that_is_documented(seven, signed_in, erin):
    found = signed_in(erin).get(API).get_json()
    assert set(found) == {"cohorts", "time_in_stage"}
    assert sum(cohort["stages"][0]["reached"] for cohort in found["cohorts"]) == 7
    cohort = found["cohorts"][-1]
    assert set(cohort) == {"month", "key", "stages"} and cohort["key"] is None
    assert [set(stage) for stage in cohort["stages"]] == [{"stage", "reached", "still_open"}] * 8
    assert [one["stage"] for one in found["time_in_stage"]] == list(range(1, 9))
    assert set(found["time_in_stage"][0]) == {"stage", "n", "open", "median_days", "p90_days"}
    assert found["time_in_stage"][0] | {"median_days": 0, "p90_days": 0} == {
        "stage": 1, "n": 7, "open": 1, "median_days": 0, "p90_days": 0}


def test_the_api_cuts_by_what_is_asked(seven, signed_in, dana):
    found = signed_in(dana).get(f"{API}?by=field").get_json()
    assert {cohort["key"] for cohort in found["cohorts"]} == {"biology", "new_energy"}
    assert {c["key"] for c in signed_in(dana).get(f"{API}?by=broker").get_json()["cohorts"]} == {"Dana"}


@pytest.mark.parametrize(("query", "field"), [("from=x", "from"), ("to=2026-99", "to"), ("by=x", "by"),
                                              ("field=x", "field"), ("region=ZZZ", "region")])
def test_the_api_names_what_it_cannot_read(signed_in, erin, query, field):
    answer = signed_in(erin).get(f"{API}?{query}")
    assert answer.status_code == 422
    assert field in json.dumps(answer.get_json())


def test_the_command_says_what_the_api_says(seven, signed_in, erin, monkeypatch):
    from click.testing import CliRunner

    monkeypatch.setattr("marketplace.commands.ready.settings", lambda: None)
    answer = signed_in(erin).get(f"{API}?by=field&to=2100-01").get_json()
    told = CliRunner().invoke(command, ["--by", "field", "--to", "2100-01", "--json"])
    said = json.loads(told.output)
    for one, other in zip(answer["time_in_stage"], said["time_in_stage"], strict=True):
        assert one["n"] == other["n"] and one["open"] == other["open"]
    assert said["cohorts"] == answer["cohorts"]
    shown = CliRunner().invoke(command, ["--by", "field"])
    assert "Biotechnology and health" in shown.output and "days in" in shown.output


def test_the_command_names_a_month_that_is_none(monkeypatch):
    from click.testing import CliRunner

    monkeypatch.setattr("marketplace.commands.ready.settings", lambda: None)
    assert "from" in str(CliRunner().invoke(command, ["--from", "someday"]).exception)
    assert "No introduction" in CliRunner().invoke(command, []).output


def test_nobody_else_sees_figures_until_they_are_public(seven, client, signed_in, alice):
    assert client.get(API).status_code == 401
    assert signed_in(alice).get(API).status_code == 403
    assert client.get("/figures/public").status_code == 404
    assert signed_in(alice).get("/figures/public").status_code == 404


def test_only_the_operator_makes_them_public(seven, client, signed_in, alice, dana, erin):
    for other in (alice, dana):
        assert signed_in(other).post("/figures/public", data={"on": "1"}).status_code == 403
        with pytest.raises(Forbidden):
            publishing.set_public(other, True)
    assert client.post("/figures/public", data={"on": "1"}).status_code == 302
    assert not publishing.is_public()
    assert signed_in(erin).post("/figures/public", data={"on": "1"}).status_code == 302
    assert client.get("/figures/public").status_code == 200
    signed_in(erin).post("/figures/public", data={"on": "0"})
    assert client.get("/figures/public").status_code == 404


def test_the_staff_see_beforehand_what_everybody_will_see(seven, signed_in, dana, erin):
    assert "Only staff see this page so far" in signed_in(dana).get("/figures/public").get_data(as_text=True)
    assert "Let everybody see it" not in signed_in(dana).get("/figures/public").get_data(as_text=True)
    assert "Let everybody see it" in signed_in(erin).get("/figures/public").get_data(as_text=True)


def test_everybody_sees_sums_without_names_and_small_numbers(seven, client, erin):
    publishing.set_public(erin, True)
    page = client.get("/figures/public?by=broker&months=0").get_data(as_text=True)
    assert "Dana" not in page
    assert "Budget" not in page
    assert "Biotechnology" not in page.partition("By field")[2].partition("Supply and demand")[0]
    found = client.get(API).get_json()
    assert all(stage["reached"] is None or stage["reached"] == 0 or stage["reached"] >= 5
               for cohort in found["cohorts"] for stage in cohort["stages"])
    assert client.get(f"{API}?by=broker").status_code == 403
    assert client.get(f"{API}?broker={1}").status_code == 403
    assert client.get(f"{API}?from=2026-01-15").status_code == 403
    assert client.get(f"{API}?by=field&from=2026-01").status_code == 200


def test_days_asked_of_the_page_for_everybody_become_whole_months():
    asked = question({"from": "2026-03-15", "to": "2026-05-02", "by": "broker", "broker": "7"}).for_everybody()
    assert asked == replace(question({"from": "2026-03", "to": "2026-05"}), given=asked.given)


def test_a_small_piece_cannot_be_had_by_subtracting():
    assert [(one.value, one.count) for one in pieces([("a", 20), ("b", 9), ("c", 3)])] == [("a", 20), (OTHERS, 12)]
    assert [(one.value, one.count) for one in pieces([("a", 20), ("b", 3), ("c", 3)])] == [("a", 20), (OTHERS, 6)]
    assert [(one.value, one.count) for one in pieces([("a", 20), ("b", 5)])] == [("a", 20), ("b", 5)]
    assert pieces([("a", 4)]) == []


def test_a_small_cohort_cannot_be_had_from_its_month():
    def cohort(key, many):
        return Cohort("2026-05", key, (many,) + (0,) * 7, (0,) * 8)

    told = [one["key"] for one in publishing.cohorts([cohort("a", 20), cohort("b", 9), cohort("c", 3)])]
    assert told == ["a"]
    told = [one["key"] for one in publishing.cohorts([cohort("a", 20), cohort("b", 3), cohort("c", 3)])]
    assert told == ["a"]


def test_everybody_asks_for_the_whole_only(client, erin):
    publishing.set_public(erin, True)
    assert client.get(f"{API}?field=new_energy").status_code == 403
    assert client.get(f"{API}?region=440300&origin=search").status_code == 403


def test_the_front_page_leads_to_them_once_they_are_public(client, erin):
    assert "/figures/public" not in client.get("/").get_data(as_text=True)
    publishing.set_public(erin, True)
    assert "/figures/public" in client.get("/").get_data(as_text=True)


@pytest.fixture
def mischief(institute, company):
    """A broker whose name a spreadsheet would take for a formula."""
    return a_person("m@broker.example", "=HYPERLINK(\"http://evil.example\")", is_broker=True)


def test_the_workbook_has_every_figure_and_takes_nobodys_name_for_a_formula(seven, mischief, institute, company,
                                                                            signed_in, erin):
    an_introduction(a_listing(company, Kind.NEED), a_listing(institute), (1, 5), broker=mischief)
    content = signed_in(erin).get("/figures.xlsx?by=broker").data
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["Summary", "Funnel", "Cohorts", "Time in each stage", "Answers", "Broker",
                                "Reasons for a no", "How they closed", "Where a no came", "Supply and demand"]
    assert book.get_sheet_by_name("Funnel").to_python()[1][:2] == ["Interest", 8.0]
    assert ["=HYPERLINK(\"http://evil.example\")", 1.0, 0.0, 0.0, 1.0, 0.0] in \
        book.get_sheet_by_name("Broker").to_python()
    assert b"<f>" not in content and content.count(b"xl/charts/chart") >= 6


def test_the_table_has_the_same_numbers_and_marks_formulas_as_text(seven, mischief, institute, company,
                                                                    signed_in, erin):
    an_introduction(a_listing(company, Kind.NEED), a_listing(institute), (1, 5), broker=mischief)
    text = signed_in(erin).get("/figures.csv?by=broker").get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert ["Funnel", "Interest", "Ever reached", "8"] in rows
    assert all(not cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    assert ["Broker", "'=HYPERLINK(\"http://evil.example\")", "Interests", "1"] in rows


def test_a_file_of_another_kind_there_is_not(signed_in, erin):
    assert signed_in(erin).get("/figures.pdf").status_code == 404
    assert signed_in(erin).get("/figures.csv?from=x").status_code == 422


def test_a_need_that_nothing_fits_is_a_gap(institute, company, signed_in, erin):
    need, other = a_listing(company, Kind.NEED), a_listing(company, Kind.NEED, title="Other")
    result = a_listing(institute)
    with transaction():
        now = need.changed_at
        session.add_all([Fit(listing_id=need.id, best=71.0, counterpart_id=result.id, scored_at=now),
                         Fit(listing_id=result.id, best=71.0, counterpart_id=need.id, scored_at=now),
                         Fit(listing_id=other.id, best=59.9, scored_at=now)])
    page = signed_in(erin).get("/figures").get_data(as_text=True)
    assert "Widest gap: New energy, open needs that nothing fits: 1" in page
    assert "50%" in page


def test_what_came_of_the_contracts_is_for_staff(client, signed_in, alice, dana):
    assert client.get("/figures/outcomes").status_code == 302
    assert signed_in(alice).get("/figures/outcomes").status_code == 403
    assert "Nobody was asked in this period" in signed_in(dana).get("/figures/outcomes").get_data(as_text=True)


def test_what_both_sides_answered_is_counted(institute, company, signed_in, erin):
    made = an_introduction(a_listing(company, Kind.NEED), a_listing(institute), (7, 200))
    now = clock.now()
    with transaction():
        asked = {"introduction_id": made.id, "kind": SurveyKind.SIX_MONTHS, "sent_at": now, "expires_at": now}
        said = {"answer": Answer.IN_USE, "answered_at": now, "jobs": 3, "satisfaction": 4}
        session.add_all([Survey(side=Side.NEED, organisation_id=company.id, **asked, **said),
                         Survey(side=Side.RESULT, organisation_id=institute.id, **asked)])
    page = signed_in(erin).get("/figures/outcomes").get_data(as_text=True)
    assert "1 of 1 who answered have it in use" in page
    assert "50%" in page
