"""Whoever came and has said nothing of their talks is reminded, once, some working days after the thanks."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock, workdays
from marketplace.db import session
from marketplace.events.models import State
from marketplace.messaging import preferences
from marketplace.messaging.kinds import Frequency, Kind
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.ratings import following, service, thanks
from marketplace.ratings.models import FollowUp, Verdict
from marketplace.ratings.service import Said

pytest_plugins = ["ratings.at_tables"]
REMINDED = "How were your talks at"


@pytest.fixture
def thanked(evening):
    """Everybody who came has been thanked."""
    following.note_over()
    thanks.send([evening.edition.id])
    return evening


def morning_after(evening, working_days, minutes=5):
    at = session.get_one(FollowUp, evening.edition.id).thanked_at.astimezone(clock.PLACE).date()
    return workdays.beginning(workdays.after(at, working_days)) + timedelta(minutes=minutes)


def reminders():
    found = select(OutgoingMail).where(OutgoingMail.subject.startswith(REMINDED)).order_by(OutgoingMail.id)
    return session.scalars(found).all()


def told(person):
    return session.scalars(select(Notice).where(Notice.user_id == person.id, Notice.once.contains("reminder"))).all()


def test_who_came_and_rated_nobody_is_reminded_on_the_third_working_day_and_once(thanked, alice, charlie, grace):
    thanked.at(morning_after(thanked, 2))
    assert following.remind() == 0
    thanked.at(morning_after(thanked, 3, minutes=-5))
    assert following.remind() == 0
    thanked.at(morning_after(thanked, 3))
    assert following.remind() == 3
    assert [mail.to for mail in reminders()] == [alice.email, charlie.email, grace.email]
    for later in (4, 5, 6, 30):
        thanked.at(morning_after(thanked, later))
        assert following.remind() == 0
    assert len(reminders()) == 3


def test_the_reminder_names_the_table_and_its_link_opens_the_page(thanked, client, alice):
    thanked.at(morning_after(thanked, 3))
    following.remind()
    body = reminders()[0].body
    assert "Charlie" in body and "Grace" in body and "Bob" not in body and "once" in body
    assert "List-Unsubscribe" in reminders()[0].headers
    assert client.get(re.search(r"(/ratings/\S+)", body)[1]).status_code == 200
    assert [notice.url for notice in told(alice)] == [f"{thanked.edition.url}/ratings"]


def test_who_has_rated_anybody_is_left_in_peace(thanked, alice, charlie, grace):
    service.rate(thanked.of(alice), thanked.edition, {thanked.of(charlie).id: Said(Verdict.NOT_HELD)})
    thanked.at(morning_after(thanked, 3))
    assert following.remind() == 2
    assert alice.email not in [mail.to for mail in reminders()]


def test_who_wants_no_mail_about_events_is_not_reminded_at_all(thanked, alice):
    preferences.choose(alice, {Kind.EVENTS: Frequency.NEVER})
    thanked.at(morning_after(thanked, 3))
    assert following.remind() == 2
    assert told(alice) == []
    thanked.at(morning_after(thanked, 4))
    assert following.remind() == 0


def test_who_has_these_mails_collected_reads_it_with_the_rest(thanked, alice):
    preferences.choose(alice, {Kind.EVENTS: Frequency.WEEKLY})
    thanked.at(morning_after(thanked, 3))
    assert following.remind() == 3
    assert alice.email not in [mail.to for mail in reminders()]
    [notice] = told(alice)
    assert notice.mail_at is not None
    preferences.choose(alice, {Kind.EVENTS: Frequency.AT_ONCE})
    assert following.remind() == 0


def test_holidays_and_weekends_are_no_days_to_remind(thanked):
    moment = morning_after(thanked, 3)
    while workdays.is_working(moment.astimezone(clock.PLACE).date()):
        moment += timedelta(days=1)
    thanked.at(moment + timedelta(hours=3))
    assert following.remind() == 0


def test_after_a_long_silence_of_the_worker_nobody_is_reminded_of_what_is_forgotten(thanked):
    thanked.at(morning_after(thanked, 12))
    assert following.remind() == 0


def test_who_was_never_thanked_is_not_reminded(evening):
    following.note_over()
    evening.at(evening.edition.ends_at + timedelta(days=4))
    assert following.remind() == 0 and reminders() == []


def test_nobody_is_reminded_of_what_was_called_off(thanked):
    session.get_one(type(thanked.edition), thanked.number).state = State.CANCELLED
    session.commit()
    thanked.at(morning_after(thanked, 3))
    assert following.remind() == 0


def test_chinese_readers_are_reminded_in_chinese(thanked, alice):
    alice.language = "zh"
    session.commit()
    thanked.at(morning_after(thanked, 3))
    following.remind()
    [mail] = session.scalars(select(OutgoingMail).where(OutgoingMail.to == alice.email).order_by(
        OutgoingMail.id.desc()).limit(1))
    assert "同桌聊得怎么样？花一分钟评价一下吧" in mail.subject and "只提醒这一次" in mail.body
