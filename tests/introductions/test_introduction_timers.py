"""What happens by itself: due dates, reminders, expiry, waking up, and what follows from a withdrawn listing."""

from datetime import timedelta

from case_entries import entries
from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.db import session
from marketplace.introductions import service
from marketplace.introductions.due import CHINA, end_of
from marketplace.introductions.models import CloseReason, Owes, Stage, Status
from marketplace.listings import service as listings
from marketplace.messaging.models import Notice

pytest_plugins = ["casework"]


def notices(person):
    return [n.phrase for n in session.scalars(select(Notice).where(Notice.user_id == person.id).order_by(Notice.id))]


def later(monkeypatch, **distance):
    moment = clock.now() + timedelta(**distance)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_first_step_is_due_in_three_working_days(interest):
    begun = interest.created_at.astimezone(clock.PLACE).date()
    assert interest.due_at == end_of(CHINA.get_nth_working_day(begun, 3))


def test_suggestion_expires_after_thirty_days(need, result, monkeypatch):
    case = service.suggest(None, need, result)
    later(monkeypatch, days=29)
    assert service.run_timers() == 0
    later(monkeypatch, days=2)
    assert service.run_timers() == 1
    assert (case.status, case.close_reason) == (Status.CLOSED, CloseReason.EXPIRED)


def test_broker_is_reminded_once(dana, interest, monkeypatch):
    service.move(dana, interest, "take")
    before = len(notices(dana))
    later(monkeypatch, days=10)
    for _ in range(2):
        service.run_timers()
    assert len(notices(dana)) == before + 1


def test_overdue_action_is_reminded_then_reviewed(brought_to, charlie, dana, monkeypatch):
    brought_to(Stage.DISCUSSING)
    later(monkeypatch, days=14 + 8)
    service.run_timers()
    assert "still yours" in str(notices(charlie)[-1])
    reminded = len(notices(charlie))
    later(monkeypatch, days=23)
    service.run_timers()
    assert len(notices(charlie)) == reminded
    assert "review" in str(notices(dana)[-1])


def test_held_case_wakes_up_by_itself(brought_to, dana, monkeypatch):
    case = brought_to(Stage.NEGOTIATING)
    service.move(dana, case, "hold", **entries("hold"))
    assert case.owed_by is Owes.NOBODY
    later(monkeypatch, days=31)
    service.run_timers()
    assert (case.status, case.owed_by) == (Status.ACTIVE, Owes.BROKER)


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
