"""Comparing as people meet it on pages, in the spreadsheet and over the API."""

from __future__ import annotations

import io
import zipfile

import pytest
from conftest import a_listing, a_person, an_organisation, join
from introductions.case_entries import ANSWERS
from python_calamine import CalamineWorkbook

from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.comparing import service
from marketplace.db import session
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction, Status
from marketplace.listings.models import Kind, Listing
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Role

TWO = [{"name": "Fit", "weight": 5, "direction": "5: meets all"}, {"name": "=1+1", "weight": 2, "direction": ""}]


@pytest.fixture
def need(company) -> Listing:
    return a_listing(company, Kind.NEED)


@pytest.fixture
def north() -> User:
    person = a_person("north@supplier.example")
    join(person, an_organisation("north", OrganisationKind.INSTITUTE))
    return person


@pytest.fixture
def cases(need, alice, institute, north, dana) -> list[str]:
    """The refs of two answers; Dana runs the first."""
    made = [
        introductions.express_interest(
            person, need, a_listing(person.memberships[0].organisation, title=title), **ANSWERS)
        for person, title in ((alice, "=cmd|' /C calc'!A0"), (north, "Northern answer"))
    ]
    introductions.move(dana, made[0], "take")
    return [case.ref for case in made]


@pytest.fixture
def others(alice, north) -> list[User]:
    """Suppliers, and a broker who runs none of the need's cases."""
    return [alice, north, a_person("frank@broker.example", is_broker=True)]


def status_of(ref: str) -> Status:
    return session.query(Introduction).filter_by(ref=ref).one().status


@pytest.fixture
def caller(app):
    """caller(alice)("get", "/api/v1/…", body) -> the answer to her program."""

    def program(person: User):
        token, client = accounts.new_token(person)[0], app.test_client()

        def call(method: str, path: str, body: object = None, headers: dict[str, str] | None = None):
            sent = {"Authorization": f"Bearer {token}", "Accept-Language": "en", **(headers or {})}
            return client.open(path, method=method.upper(), json=body, headers=sent)

        return call

    return program


def test_from_a_template_to_declining_the_rest_without_script(signed_in, charlie, need, cases):
    browser, here = signed_in(charlie), f"/needs/{need.ref}/compare"
    assert b"All answers side by side" in browser.get(f"/listings/{need.ref}").data
    page = browser.get(here).text
    assert "Northern answer" in page and "Judge by your own criteria" in page
    assert browser.post(f"{here}/template", data={"template": "research"}).status_code == 302
    assert "Likely to reach the targets" in browser.get(f"{here}/criteria").text
    board = service.compare(session.get_one(User, charlie.id), service.need_of(charlie, need.ref))
    points = {f"points.{one.id}": "4" for one in board.comparison.criteria}
    assert browser.post(f"{here}/{cases[0]}/scores", data=points).status_code == 302
    browser.post(f"{here}/{cases[0]}/star", data={"on": "1"})
    shown = browser.get(here).text
    assert "★ On the short list" in shown and "= 72; 72 ÷ 18 = 4" in shown
    decline = browser.get(f"{here}/decline").text
    assert "Northern answer" in decline and f'value="{cases[0]}"' not in decline
    wanted = {"close": cases[1], f"version.{cases[1]}": "1", "code": "budget", f"text.{cases[1]}": "Too dear"}
    confirm = browser.post(f"{here}/decline", data=wanted).text
    assert "Close these introductions?" in confirm and "Too dear" in confirm and status_of(cases[1]) is Status.ACTIVE
    done = browser.post(f"{here}/decline", data={**wanted, f"code.{cases[1]}": "budget", "then": "close"},
                        follow_redirects=True)
    assert "1 introduction was closed" in done.text and status_of(cases[1]) is Status.CLOSED
    assert status_of(cases[0]) is Status.ACTIVE


def test_the_supplier_sees_why_with_what_to_mend_on_the_listing(signed_in, charlie, north, need, cases):
    case = introductions.get(north, cases[1])
    introductions.move(charlie, case, "close", reason="declined_by_counterpart", reason_code="too_early")
    result = case.result.ref
    page = signed_in(north).get(f"/listings/{result}").text
    assert "Too early" in page and "#f-trl_evidence" in page and "Without names, and without days" in page
    assert "Why others said no" not in signed_in(charlie).get(f"/listings/{result}").text


@pytest.mark.parametrize("path", ["", "/print", ".xlsx", "/criteria", "/decline", "/{case}/scores", "?show=all"])
def test_strangers_find_no_page(path, signed_in, others, need, cases):
    address = f"/needs/{need.ref}/compare{path}".replace("{case}", cases[0])
    for browser in [signed_in(person) for person in others]:
        assert browser.get(address).status_code == 404


@pytest.mark.parametrize("path", ["criteria", "template", "decline", "{case}/scores", "{case}/star"])
def test_strangers_viewers_and_staff_change_nothing(path, signed_in, others, company, dana, erin, need, cases):
    victor = a_person("victor@company.example")
    join(victor, company, Role.VIEWER)
    address = f"/needs/{need.ref}/compare/{path}".replace("{case}", cases[0])
    for browser in [signed_in(person) for person in (*others, victor, dana, erin)]:
        assert browser.post(address, data={"close": cases[0], "code": "budget", "then": "close"}).status_code == 404
    assert status_of(cases[0]) is Status.ACTIVE


@pytest.mark.parametrize("path", ["", "/print", ".xlsx"])
def test_the_broker_an_operator_and_a_viewer_look_on(path, signed_in, company, dana, erin, need, cases):
    victor = a_person("victor@company.example")
    join(victor, company, Role.VIEWER)
    address = f"/needs/{need.ref}/compare{path}"
    for browser in [signed_in(person) for person in (dana, erin, victor)]:
        answer = browser.get(address)
        assert answer.status_code == 200 and b"Shortlist<" not in answer.data


def test_a_visitor_signs_in_first(client, need):
    assert "/sign-in" in client.get(f"/needs/{need.ref}/compare").headers["Location"]


def test_the_introduction_of_another_need_is_not_scored_here(signed_in, charlie, company, need, cases):
    other = a_listing(company, Kind.NEED)
    for path in (f"{cases[0]}/scores", "I-1999-000001/scores"):
        assert signed_in(charlie).get(f"/needs/{other.ref}/compare/{path}").status_code == 404


def test_wrong_criteria_come_back_filled(signed_in, charlie, need, cases):
    answer = signed_in(charlie).post(f"/needs/{need.ref}/compare/criteria", data={
        "version": "0", "criteria.0.name": "Kept words", "criteria.0.weight": "77", "criteria.1.name": "x" * 120,
    })
    assert answer.status_code == 422 and "Kept words" in answer.text and "from 1 to 5" in answer.text


def test_stale_criteria_come_back_filled(signed_in, charlie, need, cases):
    service.set_criteria(charlie, need, TWO)
    answer = signed_in(charlie).post(f"/needs/{need.ref}/compare/criteria", data={
        "version": "0", "criteria.0.name": "My own", "criteria.0.weight": "3",
    })
    assert answer.status_code == 409 and "My own" in answer.text


def test_declining_without_a_reason_comes_back_filled(signed_in, charlie, need, cases):
    answer = signed_in(charlie).post(f"/needs/{need.ref}/compare/decline", data={
        "close": cases[1], f"text.{cases[1]}": "My words",
    })
    assert answer.status_code == 422 and "My words" in answer.text and "Choose a reason" in answer.text
    none = signed_in(charlie).post(f"/needs/{need.ref}/compare/decline", data={"code": "budget"})
    assert none.status_code == 422 and "at least one answer" in none.text


def test_who_was_moved_meanwhile_is_told_and_the_others_closed(signed_in, charlie, dana, need, cases):
    data = {"close": cases, "code": "budget", "then": "close", f"version.{cases[0]}": "1", f"version.{cases[1]}": "1"}
    done = signed_in(charlie).post(f"/needs/{need.ref}/compare/decline", data=data, follow_redirects=True)
    assert f"{cases[0]} was not closed" in done.text and "1 introduction was closed" in done.text
    assert (status_of(cases[0]), status_of(cases[1])) == (Status.ACTIVE, Status.CLOSED)


def test_the_spreadsheet_holds_texts_and_no_formulas(signed_in, charlie, need, cases):
    comparison = service.set_criteria(charlie, need, TWO)
    service.score(charlie, introductions.get(charlie, cases[0]), {comparison.criteria[0].id: (4, "")})
    answer = signed_in(charlie).get(f"/needs/{need.ref}/compare.xlsx")
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert rows[0][7:9] == ["Fit (×5)", "'=1+1 (×2)"]
    assert {row[2] for row in rows[1:]} == {"'=cmd|' /C calc'!A0", "Northern answer"}
    assert rows[1][5] == 4.0 and rows[1][6] == "1/2"


def test_unknown_views_and_orders_mean_the_usual(signed_in, charlie, need, cases):
    assert signed_in(charlie).get(f"/needs/{need.ref}/compare?show=nonsense&sort=%27").status_code == 200


@pytest.mark.parametrize("sort", ["total", "match", "trl", "price", "stage", "newest"])
def test_every_order_works(sort, signed_in, charlie, need, cases):
    assert signed_in(charlie).get(f"/needs/{need.ref}/compare?sort={sort}&show=all").status_code == 200


def test_over_the_api(caller, charlie, need, cases):
    call, here = caller(charlie), f"/api/v1/needs/{need.ref}/comparison"
    board = call("put", f"{here}/criteria", {"criteria": TWO, "version": 0}).json
    fit = board["criteria"][0]["id"]
    assert call("put", f"{here}/criteria", {"criteria": TWO[:1], "version": 0}).status_code == 409
    points = {"criterion": fit, "points": 5, "note": "Good"}
    scored = call("put", f"{here}/{cases[0]}/scores", {"scores": [points]}).json
    first = next(one for one in scored["answers"] if one["introduction"] == cases[0])
    assert (first["total"], first["cells"][0]["scores"]) == (5.0, [{"by": "Charlie", "points": 5, "note": "Good"}])
    starred = call("put", f"{here}/{cases[0]}/star", {"shortlisted": True}).json
    assert starred["answers"][0]["shortlisted"] and starred["counts"]["starred"] == 1
    wrong = call("put", f"{here}/{cases[0]}/scores", {"scores": [{"criterion": fit, "points": 9}]})
    assert wrong.status_code == 422 and f"points.{fit}" in wrong.json["fields"]
    outcome = call("post", f"{here}/decline", {"declines": [{"introduction": cases[1]}], "reason_code": "budget"}).json
    assert outcome["outcomes"] == [{"introduction": cases[1], "closed": True, "why_not": None}]
    tag = call("get", here).headers["ETag"]
    assert call("get", here, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(("method", "path", "body"), [
    ("get", "", None), ("put", "/criteria", {"criteria": []}), ("put", "/{case}/scores", {"scores": []}),
    ("put", "/{case}/star", {"shortlisted": True}), ("post", "/decline", {"declines": []}),
])
def test_strangers_find_nothing_over_the_api(method, path, body, caller, others, need, cases):
    address = f"/api/v1/needs/{need.ref}/comparison{path}".replace("{case}", cases[0])
    for call in [caller(person) for person in others]:
        assert call(method, address, body).status_code == 404


def test_staff_and_viewers_read_and_do_not_write_over_the_api(caller, dana, erin, company, need, cases):
    victor = a_person("victor@company.example")
    join(victor, company, Role.VIEWER)
    here = f"/api/v1/needs/{need.ref}/comparison"
    for call in [caller(person) for person in (dana, erin, victor)]:
        assert call("get", here).status_code == 200
        assert call("put", f"{here}/criteria", {"criteria": TWO}).status_code == 403
        assert call("put", f"{here}/{cases[0]}/star", {"shortlisted": True}).status_code == 403
        assert call("post", f"{here}/decline", {"declines": []}).status_code == 403


def test_what_no_database_can_hold_is_taken_out_or_refused(signed_in, charlie, need, cases):
    browser, here = signed_in(charlie), f"/needs/{need.ref}/compare"
    browser.post(f"{here}/criteria", data={"version": "0", "criteria.0.name": "Fi\0t\u202e", "criteria.0.weight": "5"})
    board = service.compare(session.get_one(User, charlie.id), service.need_of(charlie, need.ref))
    fit = board.comparison.criteria[0]
    assert fit.name == "Fit"
    given = {f"points.{fit.id}": "4", f"note.{fit.id}": "a\0b"}
    assert browser.post(f"{here}/{cases[0]}/scores", data=given).status_code == 302
    wrong = browser.post(f"{here}/decline", data={"close": ["I\0-1", "对接"], "code": "budget", "then": "close"})
    assert wrong.status_code == 422
    done = {"close": cases[1], "code": "budget", f"text.{cases[1]}": "no\0pe", "then": "close"}
    assert browser.post(f"{here}/decline", data=done).status_code == 302 and status_of(cases[1]) is Status.CLOSED
