"""A series' next editions are planned together, and one is moved to another day."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from planned import a_series, a_template, an_edition
from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.db import session
from marketplace.errors import Conflict, Forbidden, Invalid
from marketplace.events import attending, planning, service
from marketplace.events.models import State, Strand
from marketplace.messaging.models import Notice

STRANDS = [Strand.POLICY, Strand.BREAKFAST]
FRIDAY = date(2027, 3, 5)


@pytest.fixture
def fridays(erin, company, institute):
    return a_template(erin)


@pytest.fixture(autouse=True)
def winter():
    with clock.at(datetime(2027, 1, 11, 2, tzinfo=UTC)):
        yield


def days(planned):
    return [made.starts_at.astimezone(clock.PLACE).date() for made in planned.made]


def heard(person):
    return [str(notice.phrase) for notice in session.scalars(select(Notice).where(Notice.user_id == person.id))]


def test_operator_plans_a_month_from_the_template(erin, fridays):
    planned = planning.plan(erin, fridays, FRIDAY, 4, strands=STRANDS)
    assert days(planned) == [FRIDAY + timedelta(weeks=n) for n in range(4)]
    first, second = planned.made[:2]
    assert (first.state, first.capacity, first.place.en) == (State.DRAFT, 40, "Landing Hall")
    assert first.starts_at.astimezone(clock.PLACE).time() == time(14)
    assert first.ends_at - first.starts_at == timedelta(minutes=150)
    assert [host.organisation.slug for host in first.hosts] == ["company", "institute"]
    assert (first.title.en, second.title.zh) == ("No. 1: Policy in plain words", "第 2 期：早餐会")
    assert [made.strand for made in planned.made] == STRANDS * 2


def test_planning_begins_on_the_series_weekday_and_keeps_its_distance(erin, fridays):
    planned = planning.plan(erin, fridays, date(2027, 3, 1), 3, every=2, strands=STRANDS, announce=True)
    assert days(planned) == [FRIDAY, FRIDAY + timedelta(weeks=2), FRIDAY + timedelta(weeks=4)]
    assert {made.state for made in planned.made} == {State.OPEN}


def test_planning_twice_plans_once(erin, fridays):
    planning.plan(erin, fridays, FRIDAY, 3, strands=STRANDS)
    again = planning.plan(erin, fridays, FRIDAY, 4, strands=STRANDS)
    assert days(again) == [FRIDAY + timedelta(weeks=3)]
    assert again.made[0].title.en.startswith("No. 4")
    assert [why for _, why in again.left_out] == ["has an event of this series already"] * 3


def test_public_holiday_is_left_out(erin, fridays):
    planned = planning.plan(erin, fridays, date(2027, 10, 1), 2, strands=STRANDS)
    assert date(2027, 10, 1) in [day for day, _ in planned.left_out]
    assert days(planned) == [date(2027, 10, 8)]


def test_next_day_follows_the_last_edition(erin, fridays):
    assert planning.next_day(fridays) == date(2027, 1, 15)
    planning.plan(erin, fridays, FRIDAY, 1, strands=STRANDS)
    assert planning.next_day(fridays) == FRIDAY + timedelta(weeks=1)


@pytest.mark.parametrize(("change", "field"), [
    ({"first": date(2027, 1, 11)}, "first"), ({"count": 0}, "count"), ({"count": 27}, "count"),
    ({"every": 0}, "every"), ({"strands": []}, "strands"),
])
def test_what_cannot_be_planned_is_named(erin, fridays, change, field):
    asked = {"first": FRIDAY, "count": 2, "every": 1, "strands": STRANDS, **change}
    with pytest.raises(Invalid) as refused:
        planning.plan(erin, fridays, asked.pop("first"), asked.pop("count"), **asked)
    assert list(refused.value.fields) == [field]


def test_series_without_a_template_plans_nothing(erin, company):
    with pytest.raises(Conflict, match="Say in the series"):
        planning.plan(erin, a_series(erin), FRIDAY, 2, strands=STRANDS)


def test_changing_only_the_hosts_makes_an_older_form_stale(erin, fridays):
    content = {"slug": "fridays", "title_zh": "周五见", "organisation": "company"}
    before = fridays.version
    service.change_series(erin, fridays, {**content, "hosts": ["institute"]}, before)
    assert [host.organisation.slug for host in fridays.hosts] == ["institute"]
    with pytest.raises(Conflict, match="Somebody else changed it"):
        service.change_series(erin, fridays, {**content, "hosts": ["company"]}, before)


def test_member_neither_plans_nor_moves(charlie, erin, fridays):
    edition = an_edition(erin, fridays)
    with pytest.raises(Forbidden):
        planning.plan(charlie, fridays, FRIDAY, 2, strands=STRANDS)
    with pytest.raises(Forbidden):
        planning.move(charlie, edition, FRIDAY, time(14), "", edition.version)


def test_everybody_is_told_once_of_a_move(erin, alice, bob, charlie, fridays):
    edition = an_edition(erin, fridays, capacity=1)
    for person in (charlie, alice):
        attending.register(person, edition)
    version, before = edition.version, edition.starts_at
    planning.move(erin, edition, FRIDAY, time(9, 30), "The hall is being painted.", version)
    with pytest.raises(Conflict):
        planning.move(erin, edition, FRIDAY, time(9, 30), "The hall is being painted.", version)
    outbox.drain()
    for person in (charlie, alice):
        told = [message for message in heard(person) if "is moved from" in message]
        assert len(told) == 1
        assert "2027-03-05 09:30. The hall is being painted." in told[0]
    assert heard(bob) == []
    assert f"{edition.starts_at.astimezone(clock.PLACE):%Y-%m-%d %H:%M}" == "2027-03-05 09:30"
    assert edition.ends_at - edition.starts_at == timedelta(hours=2)
    assert edition.moved_from == before


def test_draft_is_moved_without_a_word(erin, fridays):
    edition = an_edition(erin, fridays, state=State.DRAFT)
    planning.move(erin, edition, FRIDAY, time(14), "", edition.version)
    assert edition.moved_from is None


def test_what_has_begun_or_is_cancelled_is_not_moved(erin, fridays):
    begun, off = an_edition(erin, fridays, days=-1), an_edition(erin, fridays, state=State.CANCELLED)
    with pytest.raises(Conflict, match="has begun"):
        planning.move(erin, begun, FRIDAY, time(14), "", begun.version)
    with pytest.raises(Conflict, match="cancelled"):
        planning.move(erin, off, FRIDAY, time(14), "", off.version)


def test_moving_into_the_past_or_nowhere_is_refused(erin, fridays):
    edition = an_edition(erin, fridays)
    here = edition.starts_at.astimezone(clock.PLACE)
    with pytest.raises(Invalid, match="over already"):
        planning.move(erin, edition, date(2027, 1, 10), time(9), "", edition.version)
    with pytest.raises(Invalid, match="at this hour already"):
        planning.move(erin, edition, here.date(), here.time(), "", edition.version)


def test_who_waits_for_approval_is_told_too(erin, charlie, fridays):
    edition = an_edition(erin, fridays, needs_approval=True)
    attending.register(charlie, edition)
    planning.move(erin, edition, FRIDAY, time(14), "", edition.version)
    outbox.drain()
    assert [message for message in heard(charlie) if "is moved from" in message]
