"""Nobody is left waiting for an answer: reminders on the day, the next level a working day later."""

from __future__ import annotations

from desk_facts import REPLY, TEXT, TITLE, morning, told

from marketplace.requests_desk import service, timers
from marketplace.requests_desk.models import Level, Step, Topic, What

pytest_plugins = ["desk_cast"]
TODAY = "“{title}” of {organisation} is to be answered today."
LATE = "“{title}” of {organisation} was to be answered by {day}."
SETTLED = "Does the answer to “{title}” settle it? Please confirm, or send it back."


def test_nothing_happens_before_the_day(with_steward, dana):
    with morning(2):
        assert timers.run() == 0
    assert TODAY not in told(dana)


def test_reminded_on_the_day_once(with_steward, dana):
    version = with_steward.version
    with morning(3):
        assert timers.run() == 1 and timers.run() == 0
    assert told(dana).count(TODAY) == 1
    assert service.get(dana, with_steward.ref).version == version


def test_a_day_late_it_goes_up_through_all_levels(with_steward, dana, routed, pauline, desk_park, desk_bureau, erin):
    with morning(3):
        timers.run()
    with morning(4):
        timers.run()
        request = service.get(erin, with_steward.ref)
        assert request.level is Level.PARK and request.handler_id == desk_park.id
        assert "“{title}” of {organisation} is now with {who}." in told(dana)
        for days in (5, 6):
            with morning(days):
                timers.run()
    assert request.level is Level.AUTHORITY and request.handler_id == desk_bureau.id
    assert told(pauline).count(TODAY) == 1
    whats = [act.what for act in service.history(erin, request)]
    assert whats == [What.RAISED, What.ASSIGNED, What.OVERDUE, What.OVERDUE]


def test_at_the_top_everybody_concerned_is_reminded_every_week(routed, charlie, company, erin, boris):
    request = service.ask(charlie, company, Topic.PERMITS, TITLE, TEXT)
    service.assign(erin, request, "bureau", days=10)
    for days in (10, 11, 12, 16):
        with morning(days):
            timers.run()
    assert request.level is Level.AUTHORITY and told(boris).count(TODAY) == 1
    assert told(boris).count(LATE) == 2 and told(erin).count(LATE) == 2


def test_where_nobody_is_named_above_operators_choose(with_steward, erin):
    for days in (3, 4):
        with morning(days):
            timers.run()
    request = service.get(erin, with_steward.ref)
    assert request.step is Step.WAITING and request.level is Level.PARK and request.due_on is None
    assert told(erin) == ["“{title}” needs somebody who answers."]


def test_operators_are_reminded_of_what_nobody_has(unassigned, erin):
    for days in (1, 2):
        with morning(days):
            timers.run()
    assert told(erin).count("“{title}” still needs somebody who answers.") == 2


def test_the_company_is_asked_twice_whether_it_is_settled(answered, charlie):
    for days in (5, 10, 15, 20):
        with morning(days):
            timers.run()
    assert told(charlie).count(SETTLED) == 2
    assert service.get(charlie, answered.ref).step is Step.ANSWERED


def test_what_was_answered_in_time_goes_nowhere(with_steward, dana, charlie, routed):
    with morning(3):
        timers.run()
        service.answer(dana, with_steward, REPLY)
    service.confirm(charlie, with_steward)
    with morning(9):
        assert timers.run() == 0
    assert with_steward.level is Level.STEWARD
