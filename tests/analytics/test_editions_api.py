"""What events bring, over JSON: the same as the pages say."""

from datetime import timedelta

import pytest
from conftest import a_listing
from events.planned import an_edition
from introductions.case_entries import entries
from seating.seated import anew
from sqlalchemy import select

from marketplace.analytics import edition_sheets, editions
from marketplace.analytics.asking import Question
from marketplace.db import session
from marketplace.events import attending
from marketplace.introductions import from_tables
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction
from marketplace.listings.models import Kind
from marketplace.ratings import service as ratings
from marketplace.ratings.models import Mutual, Verdict
from marketplace.ratings.service import Said

pytest_plugins = ["ratings.at_tables"]


@pytest.fixture
def agreed_evening(evening, institute, company, alice, charlie):
    """Alice and Charlie both see a cooperation, and are introduced."""
    a_listing(institute)
    a_listing(company, Kind.NEED)
    for one, other in ((alice, charlie), (charlie, alice)):
        ratings.rate(evening.of(one), evening.edition, {evening.of(other).id: Said(Verdict.POSSIBLE)})
    from_tables.open_or_advance(list(session.scalars(select(Mutual.id))))
    return evening


def of_edition(evening):
    return f"/api/v1/events/{evening.edition.ref}/report"


def of_series(evening):
    return f"/api/v1/events/series/{evening.edition.series.slug}/report"


def test_an_edition_is_told_as_its_page_has_it(program, agreed_evening, erin):
    held, _ = editions.of_edition(erin, agreed_evening.edition)
    wanted = {name: getattr(held, name) for _, name in edition_sheets.MEASURES}
    ref = session.scalars(select(Introduction.ref)).one()
    told = program(erin).get(of_edition(agreed_evening)).json
    assert {name: told[name] for name in wanted} == wanted
    assert (told["came"], told["no_shows"], told["organisations"], told["talks"], told["intents"]) == (3, 1, 3, 1, 1)
    assert (told["introductions"], told["contracts"], told["amounts"], told["undisclosed"]) == (1, 0, [], 0)
    [pair] = told["pairs"]
    assert {pair["one"]["name"], pair["other"]["name"]} == {"Alice", "Charlie"}
    assert (pair["introduction"], pair["stage"]) == (ref, int(session.scalars(select(Introduction.stage)).one()))


def test_a_series_counts_what_came_twice_once_and_adds_up_amounts(program, agreed_evening, erin, dana, alice, charlie):
    case = session.scalars(select(Introduction)).one()
    for person, name in ((dana, "take"), (dana, "qualify"), (charlie, "consent"), (alice, "consent"), (alice, "meet"),
                         (dana, "intent"), (dana, "sign")):
        introductions.move(person, case, name, **entries(name))
    second = an_edition(erin, agreed_evening.edition.series, days=0, title_zh="科企见面：二", title_en="The second")
    for person in (alice, charlie):
        attending.register(person, second)
    agreed_evening.at(second.ends_at + timedelta(hours=1))
    whole = editions.of_series(second.series, Question())
    broker = program(dana)
    told = broker.get(of_series(agreed_evening)).json
    assert (told["held"], told["figures"]["organisations"], told["figures"]["came"]) == (2, 3, whole.total("came"))
    assert [one["new"] for one in told["editions"]] == [3, 0]
    assert (told["figures"]["contracts"], told["figures"]["introductions"]) == (1, 1)
    assert told["figures"]["amounts"] == [{"amount": "800000.00", "currency": "CNY"}]
    assert told["strands"] == [{"strand": "science_meets_company", "came": 5}]
    assert {one["kind"]: one["organisations"] for one in told["kinds"]} == {"company": 2, "institute": 1}


def test_a_period_narrows_a_series_and_one_that_cannot_be_read_is_named(program, agreed_evening, dana):
    broker, url = program(dana), of_series(agreed_evening)
    assert broker.get(f"{url}?to=2001-01").json["held"] == 0
    wrong = broker.get(f"{url}?from=soon")
    assert wrong.status_code == 422 and wrong.json["fields"] == {
        "from": "“soon” is neither a month nor a day. Write it like 2026-11 or 2026-11-23."}
    turned = broker.get(f"{url}?from=2026-03&to=2026-01&lang=zh")
    assert turned.status_code == 422 and "2026-03" in turned.json["fields"]["to"]


def test_reports_are_for_brokers_and_operators(program, agreed_evening, alice):
    hers, visitor = program(alice), program()
    for url in (of_edition(agreed_evening), of_series(agreed_evening)):
        assert hers.get(url).status_code == 403
        assert visitor.get(url).status_code == 401
    for nowhere in ("/api/v1/events/E-2026-987654/report", "/api/v1/events/series/nothing/report"):
        assert hers.get(nowhere).status_code in (403, 404)


def test_an_unchanged_report_costs_nothing(program, agreed_evening, dana):
    broker = program(dana)
    for url in (of_edition(agreed_evening), of_series(agreed_evening)):
        tag = broker.get(url).headers["ETag"]
        assert broker.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_a_longer_series_takes_no_more_queries(program, agreed_evening, erin, dana, alice, count_queries):
    def asked():
        broker = program(anew(dana))
        broker.get(of_series(agreed_evening))
        with count_queries() as queries:
            broker.get(of_series(agreed_evening))
        return queries.count

    few = asked()
    for number in range(3):
        edition = an_edition(anew(erin), agreed_evening.edition.series, days=0, title_zh=f"第{number}次")
        attending.register(anew(alice), edition)
        agreed_evening.at(edition.ends_at + timedelta(hours=1))
    assert asked() <= few
