"""Moving people by hand: what it costs, and two at once."""

from threading import Barrier, Thread

import pytest
from conftest import a_person, an_organisation
from events.planned import a_series, an_edition
from seating.seated import a_match, a_seating, crowd, seat_all, tables_of

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.events import attending
from marketplace.listings.models import Exclusion, Listing
from marketplace.organisations.models import Kind
from marketplace.refs import RefCounter
from marketplace.seating import service, showing
from marketplace.seating.models import PlanState, SeatingPlan, Table

pytest_plugins = ["seating.seating_cast"]


def table_with(plan, person):
    return next(number for number, keys in tables_of(plan).items() if person.id in keys)


def test_every_change_says_what_it_brings_and_brings_it(erin, friday):
    one, _ = a_match(friday)
    crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=6)
    before = showing.shown(erin, plan)
    for option in (showing.options(before, one.id)[0], showing.options(before, one.id)[-1]):
        session.refresh(plan)
        worth = showing.shown(erin, plan).value.total
        here = table_with(plan, one)
        service.arrange(erin, plan, one.id, option.change.code, plan.version)
        assert showing.shown(erin, plan).value.total == worth + option.change.gain.total
        back = f"{here}-{option.change.other}" if option.change.other else f"{here}"
        service.arrange(erin, plan, one.id, back, plan.version)


def test_parting_two_who_fit_costs_what_joined_them(erin, friday):
    one, _ = a_match(friday)
    crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=6)
    for option in showing.options(showing.shown(erin, plan), one.id):
        assert option.change.gain.total < 0
        assert dict(option.parts)["fit"] < 0


def test_who_is_put_somewhere_stays_there_when_all_are_seated_anew(erin, friday):
    people = crowd(friday, 12)
    [plan] = seat_all(erin, friday, seats=4)
    target = table_with(plan, people[1]) if table_with(plan, people[1]) != table_with(plan, people[0]) else None
    other = people[1] if target else next(one for one in people if table_with(plan, one) != table_with(plan, people[0]))
    target = target or table_with(plan, other)
    service.arrange(erin, plan, people[0].id, f"{target}-{other.id}", plan.version)
    seat_all(erin, friday, seats=4)
    assert table_with(plan, people[0]) == target
    seat_all(erin, friday, seats=4, free=True)
    assert not any(seat.is_fixed for seat in plan.seats)


def test_two_staff_at_once_one_of_them_is_told(erin, friday):
    people = crowd(friday, 8)
    other = a_person("emil@operator.example", is_operator=True)
    [plan] = seat_all(erin, friday, seats=6)
    seen = plan.version
    target = 3 - table_with(plan, people[0])
    service.arrange(erin, plan, people[0].id, f"{target}", seen)
    moving = next(one for one in people[1:] if table_with(plan, one) == target)
    with pytest.raises(Conflict) as refused:
        service.arrange(other, plan, moving.id, f"{3 - target}", seen)
    assert "Erin has changed the seating meanwhile" in refused.value.message


def test_of_two_staff_who_press_at_the_same_moment_one_moves(own_database):
    """Commits are real here, and each has a connection of their own."""
    with transaction():
        session.add(RefCounter(letter="E", year=clock.today().year, last=0))
    an_organisation("company", Kind.COMPANY)
    staff = [a_person(f"{name}@operator.example", is_operator=True) for name in ("one", "two")]
    edition = an_edition(staff[0], a_series(staff[0]), days=0)
    people = crowd(edition, 4)
    a_seating(edition)
    with transaction():
        plan = service.plans(staff[0], edition)[0]
        plan.tables.append(Table(number=2, size=8))
        plan.state = PlanState.DRAFT
    which, seen, keys, numbers = plan.id, plan.version, [one.id for one in people], [one.id for one in staff]
    barrier, outcomes = Barrier(2), []

    def press(at: int) -> None:
        person, found = session.get_one(User, numbers[at]), session.get_one(SeatingPlan, which)
        barrier.wait()
        try:
            service.arrange(person, found, keys[at], "2", seen)
            outcomes.append("moved")
        except Conflict:
            outcomes.append("told")
        session.remove()

    session.remove()
    threads = [Thread(target=press, args=(at,)) for at in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["moved", "told"]


def test_the_same_form_sent_twice_moves_once(erin, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=6)
    seen, target = plan.version, 3 - table_with(plan, people[0])
    service.arrange(erin, plan, people[0].id, f"{target}", seen)
    now = plan.version
    service.arrange(erin, plan, people[0].id, f"{target}", seen)
    assert plan.version == now and table_with(plan, people[0]) == target


def test_a_full_table_takes_nobody_but_in_exchange(erin, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=4)
    target = 3 - table_with(plan, people[0])
    with pytest.raises(Conflict):
        service.arrange(erin, plan, people[0].id, f"{target}", plan.version)
    other = next(one for one in people if table_with(plan, one) == target)
    service.arrange(erin, plan, people[0].id, f"{target}-{other.id}", plan.version)
    assert table_with(plan, people[0]) == target and table_with(plan, other) == 3 - target


def test_nobody_is_put_beside_an_organisation_they_exclude(erin, friday):
    one, other = a_match(friday)
    crowd(friday, 6)
    with transaction():
        need = session.query(Listing).filter_by(organisation_id=one.organisation_id).one()
        session.add(Exclusion(listing_id=need.id, organisation_id=other.organisation_id))
    [plan] = seat_all(erin, friday, seats=6)
    with pytest.raises(Conflict) as refused:
        service.arrange(erin, plan, one.id, f"{table_with(plan, other)}", plan.version)
    assert "does not sit with" in refused.value.message


def test_who_comes_late_is_given_a_seat(erin, friday):
    crowd(friday, 7)
    [plan] = seat_all(erin, friday, seats=8)
    late = attending.register(a_person("late@nowhere.example", "Late"), friday)
    shown = showing.shown(erin, plan)
    assert [one.id for one in shown.standing] == [late.id]
    [option] = showing.options(shown, late.id)
    service.arrange(erin, plan, late.id, option.change.code, plan.version)
    assert late.id in tables_of(plan)[1]


def test_who_comes_when_all_seats_are_taken_is_given_one_at_a_table_more(erin, friday):
    crowd(friday, 4)
    [plan] = seat_all(erin, friday, seats=4)
    late = attending.register(a_person("late@nowhere.example", "Late"), friday)
    [option] = [one for one in showing.options(showing.shown(erin, plan), late.id) if one.change.other is None]
    service.arrange(erin, plan, late.id, option.change.code, plan.version)
    assert tables_of(plan)[2] == {late.id}


def test_most_that_is_possible_is_not_claimed_once_who_was_fixed_has_been_moved(erin, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=6)
    here = table_with(plan, people[0])
    service.arrange(erin, plan, people[0].id, f"{3 - here}", plan.version)
    assert plan.bound is not None  # of all seatings, this one too
    seat_all(erin, friday, seats=6)
    service.arrange(erin, plan, people[0].id, f"{here}", plan.version)
    assert plan.bound is None


def test_a_seat_is_taken_away(erin, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday)
    service.arrange(erin, plan, people[0].id, "0", plan.version)
    assert people[0].id not in tables_of(plan)[1]


@pytest.mark.parametrize("code", ["", "x", "9", "1-", "-3", "1-2-3", "٣", "99999"])
def test_nonsense_moves_nobody(erin, friday, code):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=4)
    before = tables_of(plan)
    with pytest.raises((Invalid, NotFound)):
        service.arrange(erin, plan, people[0].id, code, plan.version)
    assert tables_of(plan) == before


def test_who_is_not_there_is_not_moved(erin, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=4)
    attending.cancel(people[0].user, friday)
    with pytest.raises(NotFound):
        service.arrange(erin, plan, people[0].id, "1", plan.version)


def test_only_those_who_run_events_move_people(erin, charlie, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=4)
    with pytest.raises(Forbidden):
        service.arrange(charlie, plan, people[0].id, "1", plan.version)


def test_nobody_is_moved_while_the_worker_is_at_it(erin, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=6)
    target = 3 - table_with(plan, people[0])
    service.ask(erin, friday, seats=6)
    session.refresh(plan)
    with pytest.raises(Conflict):
        service.arrange(erin, plan, people[0].id, f"{target}", plan.version)
