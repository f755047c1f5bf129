"""Board and list: the same filters, moves that run the guarded service, several cases handed on at once."""

from __future__ import annotations

import re

import pytest
from case_entries import ANSWERS, entries
from conftest import a_listing, a_person, join

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid
from marketplace.introductions import desk, filters, service, workload
from marketplace.introductions.filters import Filters
from marketplace.introductions.models import Stage, Status
from marketplace.listings.models import Kind

pytest_plugins = ["introductions.case_cast"]


def page(browser, address, status=200):
    answer = browser.get(address)
    assert answer.status_code == status, answer.get_data(as_text=True)[:600]
    return answer.get_data(as_text=True)


def refs(pile):
    return [card.ref for card in pile.items]


@pytest.fixture
def another(charlie, company, institute):
    def begin(**listing):
        need = a_listing(company, Kind.NEED, **listing)
        return service.express_interest(charlie, need, a_listing(institute), **ANSWERS)

    return begin


def test_board_has_a_column_for_each_stage_with_its_count(dana, another, brought_to):
    case, others = brought_to(Stage.DISCUSSING), [another() for _ in range(10)]
    columns = desk.board(dana, Filters())
    assert list(columns) == list(Stage)
    assert refs(columns[Stage.DISCUSSING]) == [case.ref]
    assert (len(columns[Stage.INTEREST].items), columns[Stage.INTEREST].total) == (desk.IN_A_COLUMN, len(others))


@pytest.mark.parametrize(("chosen", "fits"), [
    ({"broker": "me"}, {"mine"}), ({"broker": "none"}, {"new"}), ({"stage": "1"}, {"new"}),
    ({"owes": "broker"}, {"new"}), ({"owes": "both"}, {"mine"}), ({"status": "on_hold"}, {"sleeping"}),
    ({"status": "all"}, {"mine", "new", "sleeping"}),
    ({"origin": "search"}, {"mine", "new"}), ({"origin": "event"}, set()), ({"field": "biology"}, {"new"}),
    ({"region": "440000"}, {"mine", "new"}), ({"region": "110000"}, set()), ({"q": "tea"}, {"new"}),
    ({"q": "100%"}, set()), ({"reply": "1"}, {"new"}), ({"due": "overdue"}, set()), ({"since": "2030-01-01"}, set()),
    ({"until": "2030-01-01"}, {"mine", "new"}), ({"stage": "99", "due": "soon"}, {"mine", "new"}),
    ({"broker": "x", "since": "1", "region": "Mars", "status": "?"}, {"mine", "new"}),
])
def test_board_and_list_show_what_the_same_filters_leave(dana, charlie, another, brought_to, chosen, fits):
    cases = {"mine": brought_to(Stage.QUALIFIED), "new": another(title="Tea picking robot", field="biology"),
             "sleeping": another()}
    service.move(dana, cases["sleeping"], "take")
    service.move(dana, cases["sleeping"], "hold", **entries("hold"))
    service.write_message(charlie, cases["new"], "Well?")
    expected = {cases[name].ref for name in fits}
    read = filters.read(chosen)
    assert set(refs(desk.listed(dana, read))) == expected
    assert {ref for pile in desk.board(dana, read).values() for ref in refs(pile)} == expected


def test_number_of_a_case_finds_it(dana, interest):
    assert refs(desk.listed(dana, filters.read({"q": interest.ref[3:]}))) == [interest.ref]
    assert refs(desk.listed(dana, filters.read({"q": interest.need.ref}))) == [interest.ref]


def test_switching_between_board_and_list_keeps_the_filters_and_each_can_be_removed(signed_in, dana, interest):
    shown = page(signed_in(dana), "/desk/board?stage=1&q=x&due=overdue")
    assert 'href="/desk/cases?due=overdue&amp;q=x&amp;stage=1"' in shown or re.search(
        r'href="/desk/cases\?[^"]*stage=1[^"]*"', shown)
    assert 'href="/desk/board?q=x&amp;due=overdue"' in shown, "without the stage"
    assert "No case fits" in shown


def test_list_has_pages(dana, another):
    for _ in range(5):
        another()
    first, second = (desk.listed(dana, Filters(), number, 3) for number in (1, 2))
    assert (len(first.items), len(second.items), first.total) == (3, 2, 5)
    assert not set(refs(first)) & set(refs(second))


def move(browser, case, key, **given):
    back = "/desk/board?broker=me"
    data = {"ref": case.ref, "key": key, "version": case.version, "back": back} | given
    return browser.post("/desk/moves", data=data)


def test_move_that_asks_for_something_opens_its_form_and_comes_back_to_the_board(signed_in, dana, interest):
    service.move(dana, interest, "take")
    browser, ref = signed_in(dana), interest.ref
    form = move(browser, interest, "qualify").location
    assert form.startswith(f"/introductions/{ref}/moves/qualify?back=")
    shown = page(browser, form)
    assert f"/desk/board?broker=me#{ref}" in shown
    given = {"version": 2, **entries("qualify")}
    assert browser.post(form, data=given).location == f"/desk/board?broker=me#{ref}"
    assert service.get(dana, ref).stage is Stage.QUALIFIED


def test_move_that_lacks_something_says_what_and_whose_it_is(signed_in, dana, charlie, brought_to):
    case = brought_to(Stage.QUALIFIED)
    service.move(charlie, case, "consent")
    browser = signed_in(dana)
    shown = page(browser, move(browser, case, "introduce").location)
    assert "This is still missing" in shown and "both sides have consented – still missing: Result side" in shown
    assert "Introduce" in page(browser, f"/introductions/{case.ref}") and service.get(dana, case.ref).stage == 2


def test_of_two_brokers_who_move_at_once_one_is_told_on_the_board(signed_in, dana, frank, interest):
    seen, ref = interest.version, interest.ref
    service.move(dana, interest, "take", version=seen)
    browser = signed_in(frank)
    answer = browser.post("/desk/moves", data={"ref": ref, "key": "take", "version": seen})
    shown = page(browser, answer.location)
    assert "Somebody else moved this introduction" in shown
    assert service.get(dana, ref).broker.name == "Dana"


def test_stale_move_of_one_s_own_case_is_refused_with_a_word(signed_in, dana, interest):
    service.move(dana, interest, "take")
    service.move(dana, interest, "hold", **entries("hold"))
    browser, ref = signed_in(dana), interest.ref
    answer = browser.post("/desk/moves", data={"ref": ref, "key": "wake", "version": 1, "back": "/desk/cases"})
    assert answer.location == f"/desk/cases#{ref}"
    assert "Somebody else moved this introduction" in page(browser, answer.location)
    assert service.get(dana, ref).status is Status.ON_HOLD


ELSEWHERE = ["https://elsewhere.example/desk", "//elsewhere.example/desk", "/account", ""]


@pytest.mark.parametrize("back", ELSEWHERE)
def test_nobody_is_sent_elsewhere(signed_in, dana, interest, back):
    answer = move(signed_in(dana), interest, "take", back=back)
    assert answer.location in (f"/desk#{interest.ref}", f"/introductions/{interest.ref}")


def test_unknown_move_or_case_is_no_page(signed_in, dana, interest):
    assert move(signed_in(dana), interest, "teleport").status_code == 404
    answer = signed_in(dana).post("/desk/moves", data={"ref": "I-1999-000001", "key": "take"})
    assert answer.status_code == 404


def test_card_offers_the_moves_of_its_stage_and_of_its_reader(signed_in, dana, frank, brought_to):
    brought_to(Stage.QUALIFIED)
    assert 'value="introduce"' in page(signed_in(dana), "/desk/board")
    assert 'value="introduce"' not in page(signed_in(frank), "/desk/board")


def test_broker_hands_over_with_a_note_and_the_colleague_has_it_at_once(dana, frank, interest):
    service.move(dana, interest, "take")
    with pytest.raises(Invalid) as refused:
        service.move(dana, interest, "hand_over", broker=frank.email)
    assert set(refused.value.fields) == {"note"}
    service.move(dana, interest, "hand_over", broker=frank.email, note="You know cabinets.")
    row = service.history(dana, interest)[-1]
    assert (row.move, row.note, interest.broker_id) == ("hand_over", "You know cabinets.", frank.id)
    assert "qualify" in {way.move.name for way in service.available_moves(frank, interest)}
    assert "qualify" not in {way.move.name for way in service.all_moves(dana, interest)}


def test_case_on_hold_stays_on_hold_when_it_is_handed_over(dana, frank, interest):
    service.move(dana, interest, "take")
    service.move(dana, interest, "hold", **entries("hold"))
    wakes = interest.wakes_at
    service.move(dana, interest, "hand_over", broker=frank.email, note="For January.")
    assert (interest.status, interest.wakes_at) == (Status.ON_HOLD, wakes)


def test_operator_assigns_several_from_the_list_after_confirming(signed_in, erin, frank, another):
    cases = [another(), another()]
    browser, address = signed_in(erin), frank.email
    asked = "&".join(f"ref={case.ref}" for case in cases)
    shown = page(browser, f"/desk/hand-on?{asked}&back=/desk/cases")
    assert "2 cases" in shown and all(case.ref in shown for case in cases)
    given = {"ref": [case.ref for case in cases], "broker": address, "back": "/desk/cases"}
    assert browser.post("/desk/hand-on", data=given).location == "/desk/cases"
    assert "2 handed on" in page(browser, "/desk/cases")
    assert {service.get(erin, case.ref).broker.email for case in cases} == {address}


def test_form_comes_back_with_what_was_ticked_and_written(signed_in, dana, interest):
    service.move(dana, interest, "take")
    given = {"ref": interest.ref, "broker": "nobody@x.example", "note": "Hm."}
    ref = interest.ref
    answer = signed_in(dana).post("/desk/hand-on", data=given)
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Hm." in shown and re.search(rf'value="{ref}" checked', shown) and 'id="e-broker"' in shown


def test_one_that_cannot_be_handed_on_does_not_hold_up_the_others(signed_in, dana, frank, another, brought_to):
    mine, not_mine = another(), brought_to(Stage.QUALIFIED)
    service.move(dana, mine, "take")
    service.move(dana, not_mine, "hand_over", broker=frank.email, note="Yours.")
    third = a_person("third@broker.example", is_broker=True)
    found = workload.hand_on(dana, [mine.ref, not_mine.ref, "I-1999-000001"], third.email, "Holiday.")
    assert [one.ref for one in found if one.problem is None] == [mine.ref]
    assert all("yours" in one.problem or "no such" in one.problem for one in found if one.problem)
    shown = signed_in(session.get_one(User, dana.id)).post(
        "/desk/hand-on", data={"ref": [not_mine.ref], "broker": "third@broker.example", "note": "Holiday."})
    assert "Not all could be handed on" in shown.get_data(as_text=True)


def test_broker_who_belongs_to_a_side_is_not_given_its_case(erin, frank, company, interest):
    join(frank, company)
    found, = workload.hand_on(erin, [interest.ref], frank.email)
    assert "belongs to one of the two sides" in found.problem


def test_nothing_chosen_and_too_many_are_said(erin, frank, signed_in):
    with pytest.raises(Invalid):
        workload.hand_on(erin, [], frank.email)
    with pytest.raises(Invalid):
        workload.hand_on(erin, [f"I-2026-{n:06d}" for n in range(101)], frank.email)
    assert "No case is chosen" in page(signed_in(erin), "/desk/hand-on")


def test_workload_counts_what_each_broker_has(erin, dana, frank, another, brought_to):
    brought_to(Stage.DISCUSSING)
    service.move(dana, another(), "take")
    loads = {load.name: load for load in workload.workload(erin)}
    assert loads["Dana"].groups == {"suggested": 0, "triage": 1, "talks": 1, "contract": 0}
    assert (loads["Dana"].open, loads["Dana"].taken) == (2, 2)
    assert (loads["Dana"].first_answers, loads["Dana"].median_days) == (2, 0.0)
    assert (loads["Frank"].open, loads["Frank"].median_days) == (0, None)


def test_workload_shows_cases_that_need_an_owner(signed_in, erin, dana, brought_to):
    brought_to(Stage.DISCUSSING)
    with transaction():
        dana.disabled_at = clock.now()
    assert "Dana has left and 1 open cases need an owner." in page(signed_in(erin), "/desk/brokers")



@pytest.mark.parametrize("path", ["/desk/cases", "/desk/board", "/api/v1/cases", "/api/v1/board"])
def test_days_at_the_ends_of_time_filter_too(signed_in, dana, interest, path):
    browser = signed_in(dana)
    for asked in ("since=0001-01-01", "since=9999-12-31", "until=0001-01-01", "until=9999-12-31"):
        assert browser.get(f"{path}?{asked}").status_code == 200
