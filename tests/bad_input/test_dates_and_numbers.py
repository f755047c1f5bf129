"""Dates and amounts as people of both languages write them, in forms and over the API."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from conftest import NEED, a_listing
from events.planned import a_series
from sqlalchemy import select
from trying import problem_of, text_of

from marketplace import clock
from marketplace.db import session
from marketplace.events.models import Edition
from marketplace.introductions import service
from marketplace.listings.models import Kind, Listing, State

pytest_plugins = ["company_of_trouble"]
DAYS = [
    "2027-03-05",
    "2027/3/5",
    "2027.03.05",
    "2027年3月5日",
    "２０２７年３月５日",
    "5 Mar 2027",
    "March 5, 2027",
    " 2027-03-05 ",
    "2027-03-05T09:00:00+08:00",
]
NO_DAYS = [
    "05/03/2027",
    "2027-02-30",
    "2027-13-01",
    "soon",
    "0000-00-00",
    "99999-01-01",
    "2027-3",
    "\u202e2027",
    "1e9",
    "明天",
]
AMOUNTS = {
    "800000": 800_000,
    "800,000": 800_000,
    "80万元": 800_000,
    "￥80万": 800_000,
    "８０万": 800_000,
    "1.2亿": 120_000_000,
    "1,200.50": Decimal("1200.50"),
    "1.200,50": Decimal("1200.50"),
    "0.8m": 800_000,
    "¥ 800 000": 800_000,
    "0": 0,
}
NO_AMOUNTS = [
    "lots",
    "-5",
    "1e400",
    "NaN",
    "Infinity",
    "1,2,3",
    "万",
    "99999999999999999",
    "１２a",
    "0x10",
    "--",
    "1..2",
]


@pytest.mark.parametrize("written", DAYS)
def test_day_is_read_in_the_form_and_over_the_api(signed_in, program, charlie, company, written):
    ref = a_listing(company, Kind.NEED, state=State.DRAFT).ref
    assert signed_in(charlie).post(f"/listings/{ref}/edit", data={"deadline": written}).status_code == 302
    assert session.scalars(select(Listing.deadline)).one() == date(2027, 3, 5)
    answer = program(charlie).patch(f"/api/v1/listings/{ref}", json={"deadline": written})
    assert answer.json["deadline"] == "2027-03-05"


@pytest.mark.parametrize("written", NO_DAYS)
def test_day_that_is_none_comes_back_with_the_remedy(signed_in, program, charlie, company, written):
    ref = a_listing(company, Kind.NEED, state=State.DRAFT).ref
    answer = signed_in(charlie).post(f"/listings/{ref}/edit", data={"deadline": written, "title": "Kept words"})
    assert answer.status_code == 422 and "Kept words" in text_of(answer) and "2026年11月23日" in text_of(answer)
    fields = problem_of(program(charlie).patch(f"/api/v1/listings/{ref}", json={"deadline": written}), 422)["fields"]
    assert "2026-11-23" in fields["deadline"]
    assert session.scalars(select(Listing.title)).one() == NEED["title"]


@pytest.mark.parametrize(("written", "amount"), AMOUNTS.items())
def test_amount_is_read_in_the_form_and_over_the_api(signed_in, program, alice, institute, written, amount):
    ref = a_listing(institute, state=State.DRAFT, price_kind="indicative").ref
    form = {"price_amount": written, "price_kind": "indicative"}
    assert signed_in(alice).post(f"/listings/{ref}/edit", data=form).status_code == 302
    assert session.scalars(select(Listing.price_amount)).one() == amount
    answer = program(alice).patch(f"/api/v1/listings/{ref}", json={"price_amount": written})
    assert Decimal(answer.json["price_amount"]) == amount


@pytest.mark.parametrize("written", NO_AMOUNTS)
def test_amount_that_is_none_comes_back_with_the_remedy(signed_in, program, alice, institute, written):
    ref = a_listing(institute, state=State.DRAFT, price_kind="indicative").ref
    answer = signed_in(alice).post(f"/listings/{ref}/edit", data={"price_amount": written, "price_kind": "indicative"})
    assert answer.status_code == 422
    problem = problem_of(program(alice, "zh").patch(f"/api/v1/listings/{ref}", json={"price_amount": written}), 422)
    assert problem["fields"]["price_amount"]
    search = problem_of(program().get("/api/v1/search", query_string={"price_min": written}), 422)
    assert list(search["fields"]) == ["price_min"]


@pytest.mark.parametrize("level", ["6", "TRL 6", "6级", "６", "6.0", 6, 6.0])
def test_level_is_read(program, alice, institute, level):
    ref = a_listing(institute, state=State.DRAFT, trl=3).ref
    assert program(alice).patch(f"/api/v1/listings/{ref}", json={"trl": level}).json["trl"] == 6


@pytest.mark.parametrize(
    ("day", "starts"), [("2027年3月5日", "14点30分"), ("5 Mar 2027", "14:30"), ("2027/3/5", "１４：３０")]
)
def test_event_is_planned_in_either_way_of_writing(signed_in, erin, company, day, starts):
    slug = a_series(erin).slug
    form = {
        "strand": "science_meets_company",
        "title_zh": "夜谈",
        "place_zh": "渡口厅",
        "day": day,
        "starts": starts,
        "ends": "16:00",
        "capacity": "40",
    }
    answer = signed_in(erin).post(f"/events/series/{slug}/new", data=form)
    assert answer.status_code == 302, text_of(answer)
    starts_at = session.scalars(select(Edition.starts_at)).one().astimezone(clock.PLACE)
    assert f"{starts_at:%Y-%m-%d %H:%M}" == "2027-03-05 14:30"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacity", "0"),
        ("capacity", "-1"),
        ("capacity", "9" * 400),
        ("capacity", "forty"),
        ("ends", "13:00"),
        ("ends", "25:00"),
        ("starts", "²3:00"),
        ("starts", "٣:00"),
        ("day", "2027-02-30"),
        ("day", "9999-12-31"),
        ("day", "0001-01-01"),
        ("strand", "x"),
        ("hosts", "x\n" * 500),
        ("title_zh", "x" * 5_000),
        ("version", "9" * 400),
    ],
)
def test_event_that_cannot_be_comes_back_as_it_was_entered(signed_in, erin, company, field, value):
    slug = a_series(erin).slug
    form = {
        "strand": "science_meets_company",
        "title_zh": "夜谈",
        "place_zh": "渡口厅",
        "day": "2027-03-05",
        "starts": "14:30",
        "ends": "16:00",
        "capacity": "40",
        field: value,
    }
    answer = signed_in(erin).post(f"/events/series/{slug}/new", data=form)
    assert answer.status_code in (302, 422)
    if answer.status_code == 422 and field != "title_zh":
        assert "夜谈" in text_of(answer)


@pytest.mark.parametrize(
    "day",
    [
        "2027年13月1日",
        "soon",
        "0001-01-01",
        "9999-12-31",
        "2099-01-01T00:00:00",
        "10000-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_move_dated_impossibly_is_told_which_date(program, signed_in, dana, interest, day):
    service.move(dana, interest, "take")
    ref = interest.ref
    body = {"move": "qualify", "checklist": ["real_request", "fits", "authority", "no_conflict"], "effective_at": day}
    answer = program(dana).post(f"/api/v1/introductions/{ref}/moves", json=body)
    assert list(problem_of(answer, 422)["fields"]) == ["effective_at"]
    form = {"checklist": body["checklist"], "effective_at": day}
    assert signed_in(dana).post(f"/introductions/{ref}/moves/qualify", data=form).status_code == 422


@pytest.mark.parametrize("day", ["9999-12-31", "soon", "2020-01-01", "0001-01-01"])
def test_case_put_aside_until_a_senseless_day(program, dana, interest, day):
    ref = interest.ref
    his = program(dana)
    his.post(f"/api/v1/introductions/{ref}/moves", json={"move": "take"})
    answer = his.post(f"/api/v1/introductions/{ref}/moves", json={"move": "hold", "wakes_on": day, "note": "x"})
    assert answer.status_code in (200, 422)
    assert his.get(f"/api/v1/introductions/{ref}").status_code == 200


def test_yesterday_is_yesterday_where_the_marketplace_is(program, dana, interest):
    service.move(dana, interest, "take")
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    answer = program(dana).post(
        f"/api/v1/introductions/{interest.ref}/moves", json={"move": "hold", "wakes_on": tomorrow, "note": "x"}
    )
    assert answer.status_code == 200
