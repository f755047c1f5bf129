"""Milestones and payments: planned, done, overdue, and who hears of it."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from conftest import join
from contract_cases import at_work, corrected, milestone, payment

from marketplace import clock
from marketplace.contracts import steps, surveys
from marketplace.contracts.models import StepState
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import correcting, service
from marketplace.messaging import service as messaging
from marketplace.organisations.models import Role

pytest_plugins = ["introductions.case_cast", "contracts.contract_cases"]
A_DAY = timedelta(days=1)


def notices_of(person):
    return [one.msgid for one in messaging.notices(person, size=100)[0]]


def paid(**changes):
    return payment(actual_on=clock.today(), **changes)


def test_payments_are_added_up_beside_the_contract_amount(signed, dana, charlie):
    steps.plan(dana, signed, payment())
    steps.plan(charlie, signed, paid(title="Second", amount=Decimal(200_000), actual_amount=Decimal(190_000)))
    steps.plan(dana, signed, milestone())
    sums = steps.sums(signed, steps.of(signed))
    assert (sums.contract, sums.planned, sums.paid, sums.unplanned) == (800_000, 500_000, 190_000, 300_000)


def test_what_was_paid_without_an_amount_was_paid_as_planned(signed, dana):
    assert steps.plan(dana, signed, paid()).actual_amount == 300_000


@pytest.mark.parametrize(("step_of", "given", "field", "says"), [
    (payment, {"title": None}, "title", "needed"), (payment, {"title": "x" * 201}, "title", "has 201"),
    (payment, {"planned_on": None}, "planned_on", "needed"),
    (payment, {"planned_on": -A_DAY}, "planned_on", "before the contract"),
    (payment, {"planned_on": 40_000 * A_DAY}, "planned_on", "thirty years"),
    (payment, {"amount": None}, "amount", "needed"), (payment, {"amount": Decimal(0)}, "amount", "above 0"),
    (payment, {"amount": Decimal(-1)}, "amount", "above 0"), (payment, {"payer": None}, "payer", "which side"),
    (payment, {"currency": "EUR"}, "currency", "not in EUR"),
    (payment, {"currency": "XXX"}, "currency", "none of the choices"),
    (payment, {"actual_on": A_DAY}, "actual_on", "has not come yet"),
    (payment, {"actual_on": -A_DAY}, "actual_on", "before the contract"),
    (payment, {"actual_amount": Decimal(5)}, "actual_on", "on which it was paid"),
    (milestone, {"amount": Decimal(5)}, "amount", "no money"),
    (payment, {"evidence": "x" * 2001}, "evidence", "has 2001"),
])
def test_what_is_wrong_with_a_step_is_said_by_name(signed, dana, step_of, given, field, says):
    with pytest.raises(Invalid) as refused:
        steps.plan(dana, signed, step_of(**given))
    assert says in refused.value.fields[field]


def test_two_people_change_a_step_and_the_second_is_told(step, dana, charlie):
    seen = step.version
    steps.change(dana, step, payment(title="Down payment"), version=seen)
    with pytest.raises(Conflict):
        steps.change(charlie, step, payment(title="Instalment"), version=seen)
    assert step.title == "Down payment"


def test_a_stale_form_comes_back_filled(step, dana, signed_in):
    ref, number, seen = step.introduction.ref, step.id, step.version
    steps.change(dana, step, payment(title="Down payment"), version=seen)
    form = {"kind": "payment", "title": "Instalment", "planned_on": "2030-01-01", "amount": "30万", "payer": "need",
            "version": seen}
    answer = signed_in(dana).post(f"/introductions/{ref}/steps/{number}", data=form)
    assert answer.status_code == 409 and 'value="Instalment"' in answer.text and 'value="30万"' in answer.text


def test_a_cancelled_step_stays_in_the_list_and_counts_no_more(step, dana, alice):
    steps.cancel(alice, step, "Merged with the second.", version=step.version)
    assert step.state is StepState.CANCELLED and steps.sums(step.introduction, [step]).planned == 0
    with pytest.raises(Conflict):
        steps.change(dana, step, payment(), version=None)


def test_a_step_is_cancelled_for_a_reason_and_not_after_it_was_done(step, signed, dana):
    with pytest.raises(Invalid):
        steps.cancel(dana, step, "", version=None)
    with pytest.raises(Conflict):
        steps.cancel(dana, steps.plan(dana, signed, paid()), "No.", version=None)


def test_an_overdue_payment_is_on_the_desk_of_its_broker_and_of_operators(
    step, dana, frank, erin, charlie, signed_in
):
    assert steps.overdue_for(dana) == ([], 0)
    with clock.at(at_work(31)):
        assert step.state is StepState.OVERDUE
        late, many = steps.overdue_for(dana)
        assert ([one.title for one in late], many) == (["First instalment"], 1) and steps.overdue_for(erin) == (late, 1)
        assert steps.overdue_for(frank) == ([], 0) == steps.overdue_for(charlie)
        assert "First instalment" in signed_in(dana).get("/desk").text


def test_who_has_to_pay_and_the_broker_are_reminded_once(step, dana, charlie, alice):
    assert steps.remind() == 0
    with clock.at(at_work(31)):
        assert (steps.remind(), steps.remind()) == (1, 0)
    assert any("not on record as done" in one for one in notices_of(charlie))
    assert any("is overdue" in one for one in notices_of(dana))
    assert not any("not on record as done" in one for one in notices_of(alice))


def test_both_sides_are_reminded_of_a_milestone(signed, dana, alice, charlie):
    steps.plan(dana, signed, milestone())
    with clock.at(at_work(61)):
        steps.remind()
    assert all(any("not on record as done" in one for one in notices_of(person)) for person in (alice, charlie))


def test_a_new_day_is_reminded_of_again(step, dana):
    with clock.at(at_work(31)):
        steps.remind()
        steps.change(dana, step, payment(planned_on=clock.today() + timedelta(days=5)), version=None)
        assert steps.remind() == 0
    with clock.at(at_work(40)):
        assert steps.remind() == 1


def test_a_case_on_hold_or_closed_reminds_nobody(step, dana):
    service.move(dana, step.introduction, "hold", wakes_on=clock.today() + timedelta(days=90), note="Rebuilding.")
    with clock.at(at_work(31)):
        assert steps.remind() == 0


def test_the_final_payment_asks_the_broker_for_the_outcome(performing, charlie, dana, signed_in):
    ref = performing.ref
    steps.plan(charlie, performing, paid(is_final=True))
    assert any("final payment was received" in one for one in notices_of(dana))
    assert "The final payment was received." in signed_in(dana).get(f"/introductions/{ref}").text
    assert "The final payment was received." not in signed_in(charlie).get(f"/introductions/{ref}").text


def test_payments_up_to_the_contract_amount_are_final_too(performing, dana):
    steps.plan(dana, performing, paid(amount=Decimal(800_000)))
    assert steps.is_paid_up(performing, steps.of(performing))


def test_no_step_is_planned_in_a_closed_case_or_without_a_contract(signed, dana, alice):
    service.move(dana, signed, "close", reason="terminated", reason_code="budget")
    with pytest.raises(Conflict):
        steps.plan(dana, signed, payment())


@pytest.mark.parametrize("who", ["victor", "frank"])
def test_a_viewer_and_another_broker_may_look_and_not_touch(step, who, request, signed_in):
    person, ref, number = request.getfixturevalue(who), step.introduction.ref, step.id
    for act in (lambda: steps.plan(person, step.introduction, payment()),
                lambda: steps.change(person, step, payment(), version=None),
                lambda: steps.cancel(person, step, "No.", version=None)):
        with pytest.raises(Forbidden):
            act()
    page = signed_in(person).get(f"/introductions/{ref}")
    assert page.status_code == 200 and "First instalment" in page.text and "steps/new" not in page.text
    for path in ("new", str(number), f"{number}/cancel"):
        assert signed_in(person).get(f"/introductions/{ref}/steps/{path}").status_code == 403


def test_a_stranger_finds_no_step(step, mallory, signed_in):
    ref, number = step.introduction.ref, step.id
    with pytest.raises(NotFound):
        steps.one(mallory, step.introduction, number)
    for path in ("new", str(number), f"{number}/cancel"):
        assert signed_in(mallory).get(f"/introductions/{ref}/steps/{path}").status_code == 404


def test_undisclosed_amounts_are_seen_by_the_privy_alone(undisclosed, dana, erin, frank, alice, charlie, signed_in):
    steps.plan(dana, undisclosed, payment(amount=Decimal(123_456)))
    ref = undisclosed.ref
    for person in (dana, erin, alice, charlie):
        assert "123,456" in signed_in(person).get(f"/introductions/{ref}").text
    page = signed_in(frank).get(f"/introductions/{ref}").text
    assert "123,456" not in page and "First instalment" in page


def test_a_payment_is_planned_and_received_on_pages(signed, charlie, signed_in):
    browser, ref = signed_in(charlie), signed.ref
    assert 'value="800000.00"' in browser.get(f"/introductions/{ref}/steps/new").text
    form = {"kind": "payment", "title": "All of it", "planned_on": clock.today().isoformat(), "amount": "80万元",
            "payer": "need", "is_final": "1", "actual_on": clock.today().isoformat(), "evidence": "Receipt 12"}
    answer = browser.post(f"/introductions/{ref}/steps/new", data=form, follow_redirects=True)
    assert answer.status_code == 200 and "All of it" in answer.text and "Receipt 12" in answer.text
    assert browser.get(f"/introductions/{ref}/steps/new?kind=milestone").status_code == 200


def test_a_broker_who_belongs_to_a_side_has_no_more_to_say_than_that_side(step, dana, company):
    join(dana, company, Role.VIEWER)
    for act in (lambda: steps.plan(dana, step.introduction, payment()),
                lambda: correcting.correct(dana, step.introduction, corrected(), former=None)):
        with pytest.raises(Forbidden):
            act()
    assert surveys.of(dana, step.introduction) == []


def test_who_has_left_the_organisation_changes_nothing_more(step, charlie):
    with transaction():
        session.delete(charlie.memberships[0])
    session.expire(charlie)
    with pytest.raises(NotFound):
        steps.change(charlie, step, payment(), version=None)


def test_nobody_is_reminded_on_a_holiday_or_in_the_night(step):
    for moment in ("2027-05-01T12:00:00+08:00", "2027-05-12T08:59:00+08:00"):
        with clock.at(datetime.fromisoformat(moment)):
            assert steps.remind() == 0
    with clock.at(datetime.fromisoformat("2027-05-12T09:00:00+08:00")):
        assert steps.remind() == 1


def test_the_second_click_plans_no_second_payment(signed, dana):
    first = steps.plan(dana, signed, payment())
    assert steps.plan(dana, signed, payment()) is first
    assert steps.plan(dana, signed, payment(title="Second instalment")) is not first
