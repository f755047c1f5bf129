"""What happens by itself: due dates, reminders, escalation, expiry, waking up, and what a withdrawn listing ends."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from case_entries import entries
from conftest import a_listing
from sqlalchemy import func, select

from marketplace import clock, outbox, workdays
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.introductions import due, service, timers
from marketplace.introductions.models import CloseReason, Owes, Stage, Status
from marketplace.introductions.vocabulary import REMINDED, STAGES
from marketplace.listings import service as listings
from marketplace.listings.models import Kind as ListingKind
from marketplace.messaging.kinds import Kind
from marketplace.messaging.models import Notice, OutgoingMail

pytest_plugins = ["introductions.case_cast"]

TUESDAY, FRIDAY, BEFORE_A_HOLIDAY = "2024-11-26 10:00", "2024-11-22 17:00", "2024-09-30 10:00"


@pytest.fixture
def frozen(monkeypatch, request):
    """The clock stands at this moment; frozen("2026-11-24 10:00") or frozen(moment) moves it."""

    def to(moment):
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment).replace(tzinfo=clock.PLACE)
        monkeypatch.setattr(clock, "now", lambda: moment)

    to(getattr(request, "param", TUESDAY))
    return to


def later(**distance):
    return clock.now() + timedelta(**distance)


def notices(person):
    return [n.phrase for n in session.scalars(select(Notice).where(Notice.user_id == person.id).order_by(Notice.id))]


def reminded():
    """Who has been reminded so far, once for each time."""
    names = {number: email.partition("@")[0] for number, email in session.execute(
        select(User.id, User.email))}
    rows = session.scalars(select(Notice.user_id).where(Notice.kind == Kind.REMINDERS).order_by(Notice.id))
    return [names[number] for number in rows]


def course(case, frozen):
    """Every reminder as "moment who", by a worker that looks in just before and just when something is due."""
    told, seen = [], 0
    while case.remind_at is not None and case.status is Status.ACTIVE:
        moment = case.remind_at
        frozen(moment - timedelta(seconds=1))
        assert service.run_timers() == 0
        frozen(moment)
        assert service.run_timers() == 1
        assert service.run_timers() == 0
        who = " ".join(sorted(reminded()[seen:]))
        told.append(f"{moment.astimezone(clock.PLACE):%Y-%m-%d %H:%M} {who}")
        seen = len(reminded())
    return told


COURSES = {
    TUESDAY: {
        Stage.INTEREST: ["2024-12-02 09:00 dana", "2024-12-03 09:00 erin"],
        Stage.QUALIFIED: ["2024-12-04 09:00 alice charlie", "2024-12-06 09:00 dana", "2024-12-17 09:00 erin"],
        Stage.INTRODUCED: ["2024-12-10 10:00 alice charlie", "2024-12-13 09:00 dana", "2024-12-24 09:00 erin"],
        # 45 days later is a Saturday; the Sunday before the Spring Festival is worked
        Stage.DISCUSSING: ["2024-12-18 09:00 charlie", "2025-01-10 09:00 dana", "2025-01-26 09:00 erin"],
        Stage.NEGOTIATING: ["2025-02-24 10:00 dana", "2025-03-10 09:00 erin"],
        Stage.SIGNED: ["2024-12-26 10:00 dana", "2025-01-10 09:00 erin"],
        Stage.PERFORMING: ["2025-05-26 10:00 dana", "2025-06-10 09:00 erin"],
        Stage.IMPLEMENTED: ["2025-11-26 10:00 dana", "2025-12-10 09:00 erin"],
    },
    FRIDAY: {
        Stage.INTEREST: ["2024-11-28 09:00 dana", "2024-11-29 09:00 erin"],
        Stage.QUALIFIED: ["2024-12-02 09:00 alice charlie", "2024-12-04 09:00 dana", "2024-12-13 09:00 erin"],
        Stage.INTRODUCED: ["2024-12-06 17:00 alice charlie", "2024-12-11 09:00 dana", "2024-12-20 09:00 erin"],
        Stage.DISCUSSING: ["2024-12-16 09:00 charlie", "2025-01-06 09:00 dana", "2025-01-21 09:00 erin"],
        Stage.NEGOTIATING: ["2025-02-20 17:00 dana", "2025-03-06 09:00 erin"],
        Stage.SIGNED: ["2024-12-23 09:00 dana", "2025-01-06 09:00 erin"],  # due on a Sunday, said on Monday
        Stage.PERFORMING: ["2025-05-22 17:00 dana", "2025-06-06 09:00 erin"],
        Stage.IMPLEMENTED: ["2025-11-24 09:00 dana", "2025-12-05 09:00 erin"],
    },
    BEFORE_A_HOLIDAY: {  # October 1 to 7 are free, Saturday the 12th is worked
        Stage.INTEREST: ["2024-10-11 09:00 dana", "2024-10-12 09:00 erin"],
        Stage.QUALIFIED: ["2024-10-14 09:00 alice charlie", "2024-10-16 09:00 dana", "2024-10-25 09:00 erin"],
        Stage.INTRODUCED: ["2024-10-14 10:00 alice charlie", "2024-10-17 09:00 dana", "2024-10-28 09:00 erin"],
        Stage.DISCUSSING: ["2024-10-22 09:00 charlie", "2024-11-14 09:00 dana", "2024-11-29 09:00 erin"],
        Stage.NEGOTIATING: ["2024-12-30 09:00 dana", "2025-01-13 09:00 erin"],
        Stage.SIGNED: ["2024-10-30 10:00 dana", "2024-11-13 09:00 erin"],
        Stage.PERFORMING: ["2025-03-31 09:00 dana", "2025-04-14 09:00 erin"],
        Stage.IMPLEMENTED: ["2025-09-30 10:00 dana", "2025-10-21 09:00 erin"],
    },
}
"""Moved to the stage at that moment, with nobody doing anything after: who is reminded when."""


@pytest.mark.parametrize("stage", list(Stage)[1:])
@pytest.mark.parametrize("frozen", COURSES, indirect=True)
def test_who_owes_is_reminded_then_the_broker_then_the_operator(frozen, stage, erin, brought_to):
    start = f"{clock.now():%Y-%m-%d %H:%M}"
    assert course(brought_to(stage), frozen) == COURSES[start][stage]


@pytest.mark.parametrize(("frozen", "end"), [
    (TUESDAY, "2024-12-26 10:00"), (FRIDAY, "2024-12-22 17:00"), (BEFORE_A_HOLIDAY, "2024-10-30 10:00"),
], indirect=["frozen"])
def test_a_suggestion_expires_after_thirty_days_whatever_day_that_is(frozen, end, dana, need, result):
    case = service.suggest(dana, need, result)
    frozen(datetime.fromisoformat(end).replace(tzinfo=clock.PLACE) - timedelta(seconds=1))
    assert service.run_timers() == 0
    frozen(end)
    assert service.run_timers() == 1
    assert (case.status, case.close_reason, reminded()) == (Status.CLOSED, CloseReason.EXPIRED, [])


@pytest.mark.parametrize("stage", list(Stage)[1:8])
def test_on_hold_nobody_is_reminded_until_it_wakes_up_with_a_new_date(frozen, stage, erin, dana, brought_to):
    case = brought_to(stage)
    service.move(dana, case, "hold", **entries("hold"))
    assert (case.owed_by, case.remind_at) == (Owes.NOBODY, None)
    frozen(case.wakes_at - timedelta(seconds=1))
    assert service.run_timers() == 0
    frozen(case.wakes_at)
    assert service.run_timers() == 1
    assert (case.status, reminded()) == (Status.ACTIVE, [])
    assert case.due_at > clock.now() or stage in (Stage.DISCUSSING,)  # that date was agreed on by the people


@pytest.mark.parametrize("stage", list(Stage)[1:8])
def test_a_closed_case_is_silent(frozen, stage, erin, dana, brought_to):
    case = brought_to(stage)
    reason = {1: "withdrawn", 2: "withdrawn", 7: "completed"}.get(int(stage), "terminated")
    code = {} if reason == "completed" else {"reason_code": "timing"}
    service.move(dana, case, "close", reason=reason, **code)
    frozen(later(days=1000))
    assert service.run_timers() == 0
    assert reminded() == []


def test_a_contract_that_waits_for_both_sides_is_asked_for_within_five_working_days(frozen, erin, dana, brought_to):
    case = brought_to(Stage.NEGOTIATING)
    service.move(dana, case, "record_contract", **entries("record_contract"))
    assert course(case, frozen) == ["2024-12-04 09:00 alice charlie", "2024-12-06 09:00 dana", "2024-12-17 09:00 erin"]


def test_after_three_days_without_a_worker_everything_is_done_once(frozen, erin, charlie, alice, dana, company,
                                                                   institute):
    def pair():
        return a_listing(company, ListingKind.NEED), a_listing(institute)

    case = {"expires": service.suggest(dana, *pair())}
    frozen(later(days=20))
    answers = entries("express_interest")
    for name in ("sleeps", "waits"):
        case[name] = service.express_interest(charlie, *pair(), **answers)
        service.move(dana, case[name], "take")
    service.move(dana, case["sleeps"], "hold", **entries("hold", wakes_on=clock.today() + timedelta(days=9)))
    frozen(later(days=12))  # the suggestion's end, the waking and the reminder lie one to four days back
    assert service.run_timers() == 3
    after = (reminded(), session.scalar(select(func.count()).select_from(OutgoingMail)))
    assert (case["expires"].status, case["sleeps"].status) == (Status.CLOSED, Status.ACTIVE)
    assert after[0] == ["dana", "erin"]
    assert service.run_timers() == 0
    assert after == (reminded(), session.scalar(select(func.count()).select_from(OutgoingMail)))


def test_one_case_that_fails_does_not_hold_up_the_others(frozen, monkeypatch, charlie, alice, dana, company, institute):
    first, _ = (service.express_interest(
        charlie, a_listing(company, ListingKind.NEED), a_listing(institute), **entries("express_interest"),
    ) for _ in range(2))
    frozen(later(days=10))
    remind = timers.telling.remind

    def failing(introduction, reminder):
        if introduction.id == first.id:
            raise RuntimeError("broken")
        remind(introduction, reminder)

    monkeypatch.setattr(timers.telling, "remind", failing)
    with pytest.raises(RuntimeError, match="broken"):
        service.run_timers()
    assert reminded()[0] == "dana"


def test_a_side_whose_people_have_all_left_is_the_brokers_business_at_once(frozen, erin, alice, brought_to):
    case = brought_to(Stage.QUALIFIED)
    with transaction():
        alice.disabled_at = clock.now()
    frozen(case.remind_at)
    service.run_timers()
    assert sorted(reminded()) == ["charlie", "dana"]


def test_cases_of_a_broker_who_left_come_to_the_operators(frozen, erin, dana, frank, brought_to):
    case = brought_to(Stage.SIGNED)
    with transaction():
        dana.disabled_at = clock.now()
    for _ in range(2):
        service.run_timers()
    assert [str(n) for n in notices(erin)] == [
        "Dana no longer works as a broker; open cases of theirs: 1. Assign them to another."]
    frozen(case.remind_at)
    service.run_timers()
    assert "broker: Dana" in str(notices(erin)[-1])
    assert "registered" in str(notices(frank)[-1])


@pytest.mark.parametrize(("calendar", "day"), [("none", "2024-10-04"), ("CN", "2024-10-11"), ("SG", "2024-10-04")])
@pytest.mark.parametrize("frozen", [BEFORE_A_HOLIDAY], indirect=True)
def test_working_days_are_those_of_the_calendar_that_is_set(frozen, calendar, day, request):
    workdays.bind(calendar)
    request.addfinalizer(lambda: workdays.bind(workdays.DEFAULT))
    interest = request.getfixturevalue("interest")
    assert interest.remind_at.astimezone(clock.PLACE).date().isoformat() == day


def test_the_words_of_the_table_say_what_the_timers_do():
    for stage, timer in due.TIMERS.items():
        number = timer.days or timer.working_days or timer.months
        if stage is Stage.DISCUSSING:  # the people agree on the date; the reminders are what is said
            assert [r.days for r in timer.reminders] == [7, 30, 45]
            continue
        for text in (STAGES[stage].timer.zh, STAGES[stage].timer.en):
            assert str(number) in text, stage


def test_the_operators_document_has_the_reminders_as_they_are():
    text = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()
    for stage, timer in due.TIMERS.items():
        who = [f"{REMINDED[one.to].en.lower()} {due.offset_in_words(one).en}" for one in timer.reminders]
        said = "; ".join(who) or "nobody; it is closed"
        assert f"| {int(stage)} {STAGES[stage].name.en} | {due.in_words(timer).en} | {said} |" in text


def test_the_help_page_prints_the_reminders_as_they_are(client):
    text = client.get("/help/pipeline").text
    assert "3 working days later" in text and "45 days later" in text and "when due" in text


def test_withdrawn_listing_closes_its_introductions(brought_to, charlie, need):
    case = brought_to(Stage.DISCUSSING)
    listings.withdraw(charlie, need, "We solved it ourselves.")
    while outbox.drain():
        pass
    session.refresh(case)
    assert (case.status, case.close_reason) == (Status.CLOSED, CloseReason.LISTING_WITHDRAWN)


def test_withdrawn_listing_leaves_a_signed_contract_alone(brought_to, charlie, need):
    case = brought_to(Stage.SIGNED)
    service.close_withdrawn([need.id])
    assert case.status is Status.ACTIVE


def test_new_interest_is_told_to_brokers(dana, interest):
    assert "stage Interest" in str(notices(dana)[0])
