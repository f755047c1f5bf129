"""From asking for tables to publishing them."""

import pytest
from conftest import a_person, an_organisation
from events.planned import an_edition
from seating.seated import a_match, at_one_table, come, crowd, here, ids, seat_all, somebody, tables_of, work

from marketplace import outbox
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.events import attending
from marketplace.events import service as events
from marketplace.listings.models import Exclusion, Listing
from marketplace.messaging.models import Notice
from marketplace.messaging.packing import unpacked
from marketplace.organisations.models import Kind
from marketplace.seating import service, showing, working
from marketplace.seating.models import PlanState, Seat, Work
from marketplace.seating.solving import solve

pytest_plugins = ["seating.seating_cast"]


def test_everybody_with_a_place_has_a_seat(erin, friday):
    people = crowd(friday, 19)
    attending.cancel(people[0].user, friday)
    [plan] = seat_all(erin, friday)
    seated = [key for keys in tables_of(plan).values() for key in keys]
    assert set(seated) == ids(people[1:]) and len(seated) == 18
    assert sorted(map(len, tables_of(plan).values())) == [6, 6, 6]
    assert plan.state is PlanState.DRAFT and plan.work is Work.NONE and plan.bound >= plan.value >= plan.greedy


def test_need_and_result_that_fit_sit_together(erin, friday):
    one, other = a_match(friday)
    crowd(friday, 18)
    [plan] = seat_all(erin, friday)
    assert at_one_table(plan, one, other)
    shown = showing.shown(erin, plan)
    _, sitting = showing.sitting_of(shown, one.id)
    assert str(sitting.reasons[0].text) == "with Lin"
    assert sitting.reasons[0].need.startswith("N-") and sitting.reasons[0].result.startswith("R-")
    assert shown.served == 2


def test_who_excludes_the_other_is_not_at_the_table_even_if_they_fit(erin, friday):
    one, other = a_match(friday)
    with transaction():
        need = session.query(Listing).filter_by(organisation_id=one.organisation_id).one()
        session.add(Exclusion(listing_id=need.id, organisation_id=other.organisation_id))
    crowd(friday, 8)
    [plan] = seat_all(erin, friday)
    assert not at_one_table(plan, one, other)


def test_hosts_and_brokers_are_spread_over_the_tables(erin, friday, dana, charlie):
    leading = come(friday, dana, charlie)
    crowd(friday, 12)
    [plan] = seat_all(erin, friday)
    assert not at_one_table(plan, *leading)


def test_only_those_who_run_events_seat_people(charlie, dana, friday):
    for person in (charlie, dana):
        with pytest.raises(Forbidden):
            service.ask(person, friday)
        with pytest.raises(Forbidden):
            service.publish(person, friday)


def test_more_people_than_seats_says_how_many_tables_it_takes(erin, friday):
    crowd(friday, 11)
    with pytest.raises(Invalid) as problem:
        service.ask(erin, friday, seats=4, tables=2)
    assert "11 people have a place, but 2 × 4 are only 8 seats. With 4 seats each it takes 3 tables." \
        in problem.value.fields["tables"]
    assert not service.plans(erin, friday)


def test_an_edition_without_people_is_not_seated(erin, friday):
    with pytest.raises(Conflict):
        service.ask(erin, friday)


def test_one_table_is_a_seating_too(erin, friday):
    crowd(friday, 3)
    [plan] = seat_all(erin, friday)
    assert list(map(len, tables_of(plan).values())) == [3]


def test_people_of_one_organisation_are_seated_and_it_is_said(erin, friday):
    lab = an_organisation("lab", Kind.INSTITUTE)
    come(friday, *(somebody(f"Lin-{n}", lab) for n in range(9)))
    [plan] = seat_all(erin, friday)
    assert len(plan.seats) == 9
    assert any("Everybody is of one organisation, Lab" in str(one.in_language("en"))
               for one in showing.shown(erin, plan).troubles)


def test_contradictory_exclusions_are_named(erin, friday, monkeypatch):
    people = crowd(friday, 3)
    one, two, _ = people
    from marketplace.seating import gathering
    from marketplace.surveys.wishes import Wishes
    said = {one.user_id: Wishes(avoid=frozenset({two.organisation_id}))}
    monkeypatch.setattr(gathering, "wishes", lambda _: said)
    [plan] = seat_all(erin, friday)
    [trouble] = [one for one in showing.shown(erin, plan).troubles if "one table only" in str(one)]
    assert f"{one.user.name} ↛ {two.organisation.name}" in str(trouble)


def test_asking_again_replaces_what_is_still_being_worked_on(erin, friday):
    crowd(friday, 12)
    service.ask(erin, friday, seats=4)
    service.ask(erin, friday, seats=6)
    [plan] = service.plans(erin, friday)
    work(plan)
    assert [table.size for table in plan.tables] == [6, 6]


def test_what_was_stopped_is_not_written_later(erin, friday, monkeypatch):
    crowd(friday, 12)
    service.ask(erin, friday)
    [plan] = service.plans(erin, friday)
    real = working.solve

    def solve_and_be_stopped(*args, **how):
        service.stop(erin, friday)
        return real(*args, **how)

    monkeypatch.setattr(working, "solve", solve_and_be_stopped)
    working.advance([plan.id])
    session.refresh(plan)
    assert plan.work is Work.NONE and not plan.seats


def test_large_room_is_solved_in_slices_between_which_the_worker_is_free(erin, friday, monkeypatch):
    monkeypatch.setattr(working, "FEW", 5)
    monkeypatch.setattr(working, "SLICE", 0.3)
    monkeypatch.setattr(working, "LONG", 2.0)
    one, other = a_match(friday)
    crowd(friday, 22)
    service.ask(erin, friday)
    [plan] = service.plans(erin, friday)
    working.advance([plan.id])
    session.refresh(plan)
    assert plan.seats and (plan.is_proven or (plan.work is Work.RUNNING and 0 < plan.share < 1))
    work(plan)
    assert plan.share == 1 and at_one_table(plan, one, other)


def test_second_round_brings_other_people_together(erin, friday):
    crowd(friday, 16)
    first, second = seat_all(erin, friday, rounds=2, seats=4)
    before = {frozenset(pair) for keys in tables_of(first).values() for pair in _pairs(keys)}
    after = {frozenset(pair) for keys in tables_of(second).values() for pair in _pairs(keys)}
    assert not before & after


def test_hosts_and_brokers_keep_their_table_in_every_round(erin, friday, monkeypatch):
    leading, fixed, real = come(friday, *(a_person(f"{n}@broker.example", is_broker=True) for n in range(3))), [], solve
    monkeypatch.setattr(working, "solve", lambda problem, *how, **more: (
        fixed.append(set(problem.fixed)), real(problem, *how, **more))[1])
    crowd(friday, 9)
    first, *later = seat_all(erin, friday, rounds=3, seats=4)
    before = tables_of(first)
    assert [len(keys & ids(leading)) for keys in before.values()] == [1, 1, 1]
    for plan in later:
        assert {number: keys & ids(leading) for number, keys in tables_of(plan).items()} == {
            number: keys & ids(leading) for number, keys in before.items()}
    assert fixed[0] == set() and fixed[-1] == ids(leading)


def test_broker_does_not_keep_a_table_at_which_somebody_was_put_by_hand(erin, friday, dana):
    [leading] = come(friday, dana)
    people = crowd(friday, 7)
    first, second = seat_all(erin, friday, rounds=2, seats=4)
    [table] = (number for number, keys in tables_of(first).items() if leading.id in keys)
    for one in people[:4]:
        full = tables_of(second)
        if one.id not in full[table]:
            other = next(key for key in sorted(full[table]) if key not in ids(people[:4]))
            service.arrange(erin, second, one.id, f"{table}-{other}", second.version)
        else:
            service.arrange(erin, second, one.id, f"{3 - table}-{next(iter(full[3 - table]))}", second.version)
            back = next(key for key in sorted(tables_of(second)[table]) if key not in ids(people[:4]))
            service.arrange(erin, second, one.id, f"{table}-{back}", second.version)
    _, second = seat_all(erin, friday, rounds=2, seats=4)
    assert second.work is Work.NONE and tables_of(second)[table] == ids(people[:4])


def test_fewer_rounds_than_before_leave_no_round_behind(erin, friday):
    crowd(friday, 8)
    seat_all(erin, friday, rounds=3, seats=4)
    seat_all(erin, friday, rounds=1, seats=4)
    assert [plan.round for plan in service.plans(erin, friday)] == [1]


def test_those_who_met_before_in_the_series_meet_others(erin, friday):
    people = [one.user for one in crowd(friday, 8)]
    seat_all(erin, friday, seats=4)
    service.publish(erin, friday)
    here(attending.placed(friday))
    later = an_edition(erin, friday.series, days=7)
    come(later, *people)
    [plan] = seat_all(erin, later, seats=4)
    again = {frozenset(r.user_id for r in attending.placed(later) if r.id in keys) for keys in tables_of(plan).values()}
    [first] = service.plans(erin, friday)
    before = {frozenset(seat.registration.user_id for seat in first.seats if seat.table is table)
              for table in first.tables}
    assert not before & again


def test_solved_again_for_who_came_keeps_the_tables_that_work(erin, friday):
    people = crowd(friday, 16)
    [plan] = seat_all(erin, friday, seats=4)
    before = tables_of(plan)
    service.publish(erin, friday)
    missing = next(iter(before[1]))
    here([one for one in people if one.id != missing])
    service.ask_again(erin, friday)
    work(plan)
    after = tables_of(plan)
    assert sum(len(before[number] & after[number]) for number in before) >= 14
    assert missing not in {key for keys in after.values() for key in keys}
    assert plan.state is PlanState.DRAFT


def test_nobody_checked_in_cannot_be_seated_again(erin, friday):
    crowd(friday, 8)
    seat_all(erin, friday)
    with pytest.raises(Conflict):
        service.ask_again(erin, friday)


def test_guest_who_leaves_has_no_seat_in_what_is_solved_next(erin, friday):
    people = crowd(friday, 12)
    [plan] = seat_all(erin, friday, seats=4)
    here(people)
    attending.leave(erin, friday, people[3].id)
    service.ask_again(erin, friday)
    work(plan)
    assert people[3].id not in {seat.registration_id for seat in plan.seats}


def test_publishing_tells_everybody_once_and_then_only_whose_table_is_new(erin, friday):
    people = crowd(friday, 8)
    [plan] = seat_all(erin, friday, seats=4)
    service.publish(erin, friday)
    service.publish(erin, friday)
    assert _told(friday) == dict.fromkeys((one.user_id for one in people), 1)
    target = next(table for table in (1, 2) if people[0].id not in tables_of(plan)[table])
    other = next(iter(tables_of(plan)[target]))
    service.withdraw(erin, friday)
    session.refresh(plan)
    service.arrange(erin, plan, people[0].id, f"{target}-{other}", plan.version)
    service.publish(erin, friday)
    assert sorted(_told(friday).values()) == [1, 1, 1, 1, 1, 1, 2, 2]


def test_tables_are_not_published_while_they_are_worked_on(erin, friday):
    crowd(friday, 8)
    seat_all(erin, friday)
    service.ask(erin, friday)
    with pytest.raises(Conflict):
        service.publish(erin, friday)


def test_a_round_that_is_not_there_is_not_found(erin, friday):
    with pytest.raises(NotFound):
        service.plan_of(erin, friday, 2)


def test_moving_the_edition_to_another_day_keeps_the_tables(erin, friday):
    crowd(friday, 8)
    [plan] = seat_all(erin, friday)
    service.publish(erin, friday)
    before = tables_of(plan)
    content = {name: getattr(friday, name) for name in events.EDITION_FIELDS}
    shift = friday.ends_at - friday.starts_at
    content |= {"starts_at": friday.starts_at + 4 * shift, "ends_at": friday.ends_at + 4 * shift}
    events.change_edition(erin, friday, content, friday.version)
    assert tables_of(plan) == before and plan.is_published


def test_a_round_that_cannot_be_had_leaves_no_later_one_waiting(erin, friday):
    people = crowd(friday, 4)
    service.ask(erin, friday, rounds=3, seats=4)
    for one in people:
        attending.cancel(one.user, friday)
    plans = service.plans(erin, friday)
    working.advance([plans[0].id])
    for plan in plans:
        session.refresh(plan)
    assert [plan.work for plan in plans] == [Work.FAILED] * 3
    assert all("nobody to seat" in str(unpacked(plan.error)[""]) for plan in plans)


def test_the_worker_hears_of_it(erin, friday):
    crowd(friday, 4)
    service.ask(erin, friday)
    outbox.drain()
    [plan] = service.plans(erin, friday)
    session.refresh(plan)
    assert session.query(Seat).count() == 4 and plan.work is Work.NONE


def _pairs(keys):
    return [(one, other) for one in keys for other in keys if one < other]


def _told(edition):
    found = {}
    for notice in session.query(Notice).filter_by(url=f"{edition.url}/table"):
        found[notice.user_id] = found.get(notice.user_id, 0) + 1
    return found
