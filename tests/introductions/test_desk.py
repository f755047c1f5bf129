"""The broker's day: what waits, for whom, in which order; and that it stays cheap."""

from __future__ import annotations

from datetime import timedelta

import pytest
from case_entries import ANSWERS
from conftest import a_listing, join
from sqlalchemy import event, select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.casework.models import Task
from marketplace.db import session, transaction
from marketplace.introductions import desk, service, suggesting
from marketplace.introductions.models import History, Introduction, Owes, Stage, Status
from marketplace.listings.models import Kind
from marketplace.matching.service import Match

pytest_plugins = ["introductions.case_cast"]


def page(browser, address, status=200):
    answer = browser.get(address)
    assert answer.status_code == status, answer.get_data(as_text=True)[:600]
    return answer.get_data(as_text=True)


@pytest.fixture
def counted(database):
    def queries(browser, address):
        session.remove()
        asked = []
        listener = lambda *statement: asked.append(statement[2])  # noqa: E731
        event.listen(database, "before_cursor_execute", listener)
        page(browser, address)
        event.remove(database, "before_cursor_execute", listener)
        return len([one for one in asked if not one.startswith(("SAVEPOINT", "RELEASE"))])

    return queries


@pytest.fixture
def another(charlie, company, institute):
    """another() -> a further interest that no broker has taken."""
    return lambda: service.express_interest(charlie, a_listing(company, Kind.NEED), a_listing(institute), **ANSWERS)


def later(monkeypatch, days):
    moment = clock.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: moment)


STAFF_PAGES = ("/desk", "/desk/next", "/desk/board", "/desk/cases", "/desk/brokers", "/desk/hand-on")


@pytest.mark.parametrize("address", STAFF_PAGES)
def test_the_desk_is_for_platform_staff(signed_in, charlie, victor, address):
    for outsider in (charlie, victor):
        assert signed_in(outsider).get(address).status_code == 404


@pytest.mark.parametrize("address", ["/desk/next", "/desk/moves", "/desk/hand-on", "/desk/suggestions/I-2026-000001"])
def test_members_change_nothing_through_the_desk(signed_in, charlie, interest, address):
    given = {"ref": interest.ref, "key": "take", "version": 1, "broker": "frank@broker.example", "note": "x"}
    assert signed_in(charlie).post(address, data=given).status_code == 404
    assert session.get_one(Introduction, interest.id).broker_id is None


def test_new_interest_is_taken_from_the_desk_in_one_step(signed_in, dana, interest):
    browser, ref = signed_in(dana), interest.ref
    shown = page(browser, "/desk")
    assert "New interest to take" in shown and "Take the case" in shown
    answer = browser.post("/desk/moves", data={"ref": ref, "key": "take", "version": 1, "back": "/desk"})
    assert answer.location == f"/desk#{ref}"
    assert service.get(dana, ref).broker_id == dana.id


def test_next_case_is_whom_i_have_owed_an_answer_longest(dana, alice, charlie, another, monkeypatch):
    first, second, third = another(), another(), another()
    for case in (first, second):
        service.move(dana, case, "take")
    later(monkeypatch, 1)
    service.write_message(charlie, second, "Is it flammable?")
    assert desk.next_in_line(dana) == second.ref
    assert desk.next_in_line(dana, second.ref) == first.ref
    assert desk.next_in_line(dana, first.ref) == third.ref
    assert desk.next_in_line(dana, third.ref) == second.ref, "after the last comes the first again"


def test_key_n_leads_to_the_next_case_and_on_from_it(signed_in, dana, interest):
    browser = signed_in(dana)
    assert 'data-key="n"' in page(browser, "/desk")
    assert browser.get("/desk/next").location == f"/introductions/{interest.ref}"
    assert f"/desk/next?after={interest.ref}" in page(browser, f"/introductions/{interest.ref}")
    assert browser.get(f"/desk/next?after={interest.ref}").location == "/desk"


def test_a_message_waits_on_the_desk_until_it_is_answered(signed_in, dana, charlie, interest):
    service.move(dana, interest, "take")
    service.write_message(charlie, interest, "Is it flammable?")
    assert "Waiting for my reply" in page(signed_in(dana), "/desk")
    dana = session.get_one(User, dana.id)
    service.write_message(dana, service.get(dana, interest.ref), "It is not.", "demand")
    assert "Waiting for my reply" not in page(signed_in(dana), "/desk")


def test_overdue_and_due_soon_say_who_owes_it(signed_in, dana, brought_to, monkeypatch):
    brought_to(Stage.QUALIFIED)
    later(monkeypatch, 2)
    assert "Others owe within 7 days" in page(signed_in(dana), "/desk")
    later(monkeypatch, 20)
    shown = page(signed_in(dana), "/desk")
    assert "Others are overdue" in shown and "Both sides" in shown and "at this stage since" in shown


def test_contracts_and_terms_that_end_come_up_before_they_are_due(signed_in, dana, brought_to, monkeypatch):
    case = brought_to(Stage.DISCUSSING)
    assert not desk.desk(dana).renewals.total
    with transaction():
        case.need.valid_until = clock.today() + timedelta(days=20)
    assert [card.ref for card in desk.desk(dana).renewals.items] == [case.ref]
    assert f"{case.need.ref} ends on" in page(signed_in(dana), "/desk")
    dana, case = session.get_one(User, dana.id), brought_to(Stage.SIGNED)
    assert [card.ref for card in desk.desk(dana).renewals.items] == [case.ref], "the contract is to be registered"
    later(monkeypatch, 26)
    assert [card.ref for card in desk.desk(dana).owed.items] == [case.ref]


def test_case_of_a_broker_who_left_needs_an_owner_and_can_be_taken(signed_in, dana, frank, brought_to):
    case = brought_to(Stage.DISCUSSING)
    with transaction():
        dana.disabled_at = clock.now()
    assert "The broker has left" in page(signed_in(frank), "/desk")
    assert "has left" in page(signed_in(frank), "/desk/cases?broker=left")
    frank = session.get_one(User, frank.id)
    service.move(frank, service.get(frank, case.ref), "take")
    assert service.get(frank, case.ref).broker_id == frank.id
    assert not desk.desk(frank).orphaned.total


def test_nobody_takes_a_case_whose_broker_is_here(frank, brought_to):
    case = brought_to(Stage.DISCUSSING)
    assert "take" not in {way.move.name for way in service.all_moves(frank, case)}


def test_broker_in_two_roles_has_no_case_of_their_own_organisation_on_the_desk(dana, company, interest):
    join(dana, company)
    found = desk.desk(session.get_one(User, dana.id))
    assert (found.to_take.total, desk.next_in_line(dana), desk.oldest_untaken(dana)) == (0, None, None)


def test_broker_in_two_roles_is_offered_the_side_s_moves_on_the_board(signed_in, dana, company, interest):
    join(dana, company)
    shown = page(signed_in(dana), "/desk/board?stage=1")
    assert interest.ref in shown and 'value="take"' not in shown and 'value="qualify"' not in shown


@pytest.fixture
def suggestion(institute, company, monkeypatch):
    need, result = a_listing(company, Kind.NEED), a_listing(institute)
    monkeypatch.setattr(suggesting.matching, "best", lambda _, listing, limit: [Match(result, 90.0, [])])
    made, = suggesting.suggest_for(need.id)
    monkeypatch.setattr(suggesting.matching, "match_of", lambda _, need, result: Match(result, 81.4, []))
    suggesting._score_some()
    return made.ref


def test_matches_stand_by_need_with_their_score(signed_in, dana, suggestion):
    shown = page(signed_in(dana), "/desk")
    assert "Matches worth proposing" in shown and "Match 81" in shown and "Propose to both" in shown


def test_match_is_proposed_in_one_step_and_both_sides_hear(signed_in, dana, charlie, alice, suggestion):
    from marketplace.messaging.models import Notice

    both = {charlie.id, alice.id}
    signed_in(dana).post(f"/desk/suggestions/{suggestion}", data={"version": 1})
    case = service.get(dana, suggestion)
    assert (case.broker.name, case.stage) == ("Dana", Stage.SUGGESTED)
    assert both <= set(session.scalars(select(Notice.user_id)))


def test_match_is_dismissed_in_one_step_with_a_reason(signed_in, dana, suggestion):
    answer = signed_in(dana).post(f"/desk/suggestions/{suggestion}", data={"version": 1, "reason_code": "too_early"})
    case = service.get(dana, suggestion)
    assert answer.location.startswith("/desk#")
    assert (case.status, case.close_reason, case.reason_code) == (Status.CLOSED, "rejected_at_triage", "too_early")


def test_changed_listing_is_scored_anew(dana, suggestion):
    case = service.get(dana, suggestion)
    suggesting.note_changed([case.need_id])
    session.expire_all()
    assert service.get(dana, suggestion).match_score is None


def test_real_texts_give_a_score_with_reasons_in_both_languages(signed_in, dana, institute, company):
    case = service.suggest(dana, a_listing(company, Kind.NEED), a_listing(institute))
    suggesting._score_some()
    assert case.match_score is not None and case.match_reasons
    assert all(len(reason) == 3 for reason in case.match_reasons)


def test_clear_desk_offers_the_next_step(signed_in, dana):
    assert "The desk is clear" in page(signed_in(dana), "/desk")
    assert signed_in(dana).get("/desk/next").location == "/desk"


def test_withdrawn_listing_takes_its_case_off_the_desk(signed_in, dana, alice, interest, result):
    from marketplace.listings import service as listings

    service.move(dana, interest, "take")
    seen, ref = interest.version, interest.ref
    listings.withdraw(alice, result, "Sold.")
    service.close_withdrawn([result.id])
    browser = signed_in(dana)
    answer = browser.post("/desk/moves", data={"ref": ref, "key": "qualify", "version": seen})
    assert answer.location == f"/desk#{ref}"
    shown = page(browser, "/desk")
    assert "Somebody else moved this introduction" in shown and f"/introductions/{ref}" not in shown
    assert "not possible now" in page(browser, f"/introductions/{ref}/moves/qualify")


def overdue_task(broker, case):
    """What other rooms put on the desk counts, too."""
    with transaction():
        session.add(Task(introduction_id=case.id, title="Call them", owner=Owes.BROKER, created_at=clock.now(),
                         due_on=clock.today() - timedelta(days=1), created_by_id=broker.id))


def test_pages_stay_within_twelve_queries_however_many_cases(signed_in, dana, erin, another, counted, suggestion):
    cases = [another() for _ in range(3)]
    for case in cases[:2]:
        service.move(dana, case, "take")
        overdue_task(dana, case)
    addresses = ["/desk", "/desk/board", "/desk/cases?status=all", "/desk/brokers", "/desk/next"]
    browsers = {person: signed_in(person) for person in (dana, erin)}
    few = {(who, at): counted(browser, at) if at != "/desk/next" else 0
           for who, browser in browsers.items() for at in addresses}
    for number in range(12):
        case = another()
        if number % 2:
            broker = session.get_one(User, dana.id)
            service.move(broker, case, "take")
            overdue_task(broker, case)
    for (who, at), before in few.items():
        if at != "/desk/next":
            assert counted(browsers[who], at) == before, at
    assert max(few.values()) <= 12


def test_the_bar_counts_what_waits_in_one_query(dana, charlie, interest, count_queries):
    service.move(dana, interest, "take")
    service.count_owed(dana)  # who the person is has been read
    with count_queries() as asked:
        assert service.count_owed(dana) == 1
    assert asked.count == 1
    service.write_message(charlie, interest, "Well?")
    assert service.count_owed(dana) == 1, "one case is counted once"


def test_member_who_left_moves_nothing_and_their_case_goes_on(signed_in, dana, victor, charlie, company, brought_to):
    case = brought_to(Stage.QUALIFIED)
    browser = signed_in(charlie)
    membership = next(m for m in charlie.memberships if m.organisation_id == company.id)
    with transaction():
        session.delete(membership)
    session.expire_all()
    assert browser.post(f"/introductions/{case.ref}/moves/consent", data={"version": case.version}).status_code == 404
    assert case.ref in page(signed_in(dana), "/desk/cases")
    assert session.scalars(select(History).where(History.move == "consent")).all() == []
