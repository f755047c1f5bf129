"""Meetings: arranged with an invitation, moved, cancelled, missed, and closed only with a next step or a reason."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from conftest import a_person, join
from introductions.case_entries import entries
from meeting_plans import a_plan
from sqlalchemy import select

from marketplace import clock
from marketplace.casework import meetings, minutes, tasks
from marketplace.casework.models import Meeting, MeetingState
from marketplace.casework.vocabulary import when
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import service as introductions
from marketplace.introductions.models import CloseReason, Owes, Side, Stage, Status
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations.models import Membership

pytest_plugins = ["introductions.case_cast"]


def mails(person):
    invitations = select(OutgoingMail).where(OutgoingMail.to == person.email, OutgoingMail.calendar.is_not(None))
    return session.scalars(invitations.order_by(OutgoingMail.id)).all()


def later(meeting, hours=2):
    return clock.at(meeting.starts_at + timedelta(hours=hours))


@pytest.fixture
def introduced(brought_to):
    return brought_to(Stage.INTRODUCED)


@pytest.fixture
def meeting(introduced, dana, alice, charlie):
    return meetings.arrange(dana, introduced, **a_plan(alice, charlie))


def test_everybody_invited_gets_an_entry_for_their_calendar(meeting, alice, charlie, dana):
    for person in (alice, charlie):
        calendar = mails(person)[0].calendar
        assert "METHOD:REQUEST" in calendar and f"UID:{meeting.uid}" in calendar and "SEQUENCE:0" in calendar
        assert f"mailto:{dana.email}" in calendar.replace("\r\n ", "")
    assert mails(dana) == []


def test_moving_it_keeps_the_uid_and_raises_the_sequence(meeting, alice, charlie, dana):
    new = meeting.starts_at + timedelta(days=1)
    meetings.change(dana, meeting, version=meeting.version, **a_plan(alice, charlie, starts_at=new))
    calendar = mails(alice)[-1].calendar
    assert f"UID:{meeting.uid}" in calendar and "SEQUENCE:1" in calendar
    assert f"DTSTART:{new:%Y%m%dT%H%M%SZ}" in calendar


def test_who_is_no_longer_invited_loses_the_entry_and_hears_no_other_names(meeting, alice, charlie, dana):
    meetings.change(dana, meeting, **a_plan(charlie))
    calendar = mails(alice)[-1].calendar.replace("\r\n ", "")
    assert "METHOD:CANCEL" in calendar and charlie.email not in calendar
    assert "METHOD:REQUEST" in mails(charlie)[-1].calendar


def test_cancelling_takes_it_out_of_the_calendars(meeting, alice, dana):
    meetings.cancel(dana, meeting, "The line stands still")
    calendar = mails(alice)[-1].calendar
    assert "METHOD:CANCEL" in calendar and "STATUS:CANCELLED" in calendar and "SEQUENCE:1" in calendar
    assert meeting.state is MeetingState.CANCELLED
    with pytest.raises(Conflict):
        meetings.cancel(dana, meeting, "Again")


def test_two_change_it_at_once_and_one_is_told(meeting, alice, charlie, dana):
    seen = meeting.version
    meetings.change(dana, meeting, version=seen, **a_plan(alice, charlie, place="Room 2"))
    with pytest.raises(Conflict):
        meetings.change(charlie, meeting, version=seen, **a_plan(alice, charlie, place="Room 3"))


def test_meeting_in_the_past_is_not_arranged(introduced, dana, alice, charlie):
    with pytest.raises(Invalid) as refused:
        meetings.arrange(dana, introduced, **a_plan(alice, charlie, starts_at=clock.now() - timedelta(minutes=1)))
    assert "passed" in refused.value.fields["starts_at"]


def test_meeting_that_has_taken_place_is_recorded_without_inviting_anybody(introduced, dana, alice, charlie):
    past = a_plan(alice, charlie, starts_at=clock.now() - timedelta(hours=5), place="")
    made = meetings.arrange(dana, introduced, past=True, **past)
    assert mails(alice) == []
    minutes.close(dana, made, text="We met.", next_action="Send samples", owner="need",
                  due_on=clock.today() + timedelta(days=7))
    assert introduced.stage is Stage.DISCUSSING


def test_a_record_of_a_meeting_to_come_is_refused(introduced, dana, alice):
    with pytest.raises(Invalid):
        meetings.arrange(dana, introduced, past=True, **a_plan(alice))


@pytest.mark.parametrize(("changes", "field"), [
    ({"subject": " "}, "subject"), ({"subject": "x" * 201}, "subject"), ({"place": "", "link": ""}, "place"),
    ({"link": "javascript:alert(1)"}, "link"), ({"zone": "Mars/Base"}, "zone"), ({"minutes_long": 4}, "minutes_long"),
    ({"minutes_long": 1441}, "minutes_long"), ({"starts_at": None}, "starts_at"), ({"attendees": []}, "attendees"),
    ({"starts_at": datetime(2200, 1, 1, tzinfo=clock.PLACE)}, "starts_at"), ({"agenda": "x" * 5001}, "agenda"),
])
def test_each_wrong_entry_has_its_word(introduced, dana, alice, changes, field):
    with pytest.raises(Invalid) as refused:
        meetings.arrange(dana, introduced, **a_plan(alice, **changes))
    assert set(refused.value.fields) == {field}


def test_a_stranger_cannot_be_invited(introduced, dana, mallory):
    with pytest.raises(Invalid) as refused:
        meetings.arrange(dana, introduced, **a_plan(mallory))
    assert "attendees" in refused.value.fields


def test_a_member_who_left_is_not_invited_any_more(meeting, dana, alice, charlie, bob):
    with transaction():
        session.delete(session.scalars(select(Membership).where(Membership.user_id == alice.id)).one())
    session.expire_all()
    with pytest.raises(Invalid):
        meetings.arrange(dana, meeting.introduction, **a_plan(alice))
    meetings.change(dana, meeting, **a_plan(charlie, bob))
    assert {one.user_id for one in meeting.attendees} == {dana.id, charlie.id, bob.id}
    assert "METHOD:CANCEL" in mails(alice)[-1].calendar


def test_who_meets_elsewhere_at_that_time_is_named_unless_it_shall_stand(meeting, dana, alice, charlie, bob):
    half_an_hour_on = a_plan(bob, charlie, starts_at=meeting.starts_at + timedelta(minutes=30))
    with pytest.raises(Invalid) as refused:
        meetings.arrange(dana, meeting.introduction, **half_an_hour_on)
    assert charlie.name in refused.value.fields["starts_at"]
    assert meetings.arrange(dana, meeting.introduction, anyway=True, **half_an_hour_on)


def test_before_consent_the_broker_meets_one_side_at_a_time(interest, brought_to, dana, alice, charlie):
    case = brought_to(Stage.QUALIFIED)
    with pytest.raises(Invalid) as refused:
        meetings.arrange(dana, case, **a_plan(alice, charlie))
    assert "attendees" in refused.value.fields
    one = meetings.arrange(dana, case, **a_plan(charlie))
    with pytest.raises(NotFound):
        meetings.get(alice, case, one.id)
    assert meetings.of_case(alice, case) == []
    assert meetings.get(charlie, case, one.id) is one


def test_before_consent_a_side_cannot_ask_the_other(brought_to, alice, charlie):
    case = brought_to(Stage.QUALIFIED)
    assert alice.id not in {one.user.id for one in meetings.candidates(charlie, case)}
    with pytest.raises(Invalid):
        meetings.arrange(charlie, case, **a_plan(alice))


def test_what_one_side_told_the_broker_stays_between_them(brought_to, dana, alice, charlie):
    case = brought_to(Stage.QUALIFIED)
    talk = meetings.arrange(dana, case, **a_plan(charlie))
    with later(talk):
        minutes.close(dana, talk, text="They fear the price.", next_action="Ask for the budget", owner="broker",
                      due_on=clock.today() + timedelta(days=3))
    assert case.stage is Stage.QUALIFIED and case.minutes == []
    assert [task.title for task in tasks.of_case(dana, case)] == ["Ask for the budget"]
    assert tasks.of_case(charlie, case) == tasks.of_case(alice, case) == []


def test_what_was_agreed_with_one_side_alone_stays_there_after_the_introduction(introduced, dana, charlie, alice):
    talk = meetings.arrange(dana, introduced, **a_plan(charlie))
    with later(talk):
        minutes.close(dana, talk, text="They fear the price.", next_action="Name the highest price", owner="need",
                      due_on=clock.today() + timedelta(days=5))
    assert [task.title for task in tasks.of_case(charlie, introduced)] == ["Name the highest price"]
    assert tasks.of_case(alice, introduced) == []


def test_person_in_two_roles_comes_for_the_side_and_does_not_broker(introduced, dana, company, charlie, alice):
    join(dana, company)
    by_id = {one.user.id: one.side for one in meetings.candidates(charlie, introduced)}
    assert by_id[dana.id] is Side.NEED
    with pytest.raises(Forbidden):
        meetings.arrange(a_person("x@broker.example", is_broker=True), introduced, **a_plan(alice))


def test_minutes_do_not_close_without_a_next_action_owner_and_day(meeting, dana):
    with later(meeting):
        for given in ({}, {"next_action": "Send samples"}, {"next_action": "Send samples", "owner": "need"},
                      {"owner": "need", "due_on": clock.today() + timedelta(days=5)}):
            with pytest.raises(Invalid):
                minutes.close(dana, meeting, text="We met.", **given)
    assert meeting.state is MeetingState.ARRANGED and meeting.introduction.stage is Stage.INTRODUCED


def test_minutes_of_the_first_meeting_move_the_case_on(meeting, charlie):
    with later(meeting):
        minutes.close(charlie, meeting, text="We met.", next_action="Send samples", owner="need",
                      due_on=clock.today() + timedelta(days=5))
    case = meeting.introduction
    assert (case.stage, meeting.state) == (Stage.DISCUSSING, MeetingState.HELD)
    assert meeting.minutes_id == case.minutes[-1].id and case.minutes[-1].owner is Owes.NEED


def test_minutes_recorded_as_a_move_close_the_meeting_of_that_day(meeting, dana, charlie):
    with later(meeting):
        said = {**entries("meet"), "held_on": minutes.held_on(meeting)}
        introductions.move(charlie, meeting.introduction, "meet", **said)
        minutes.link([meeting.introduction_id])
        minutes.link([meeting.introduction_id])
    assert (meeting.state, meeting.minutes_id) == (MeetingState.HELD, meeting.introduction.minutes[-1].id)


def test_minutes_may_end_the_talks_with_a_reason(meeting, dana):
    with later(meeting):
        with pytest.raises(Invalid) as refused:
            minutes.close(dana, meeting, text="No.", ends="no_agreement")
        assert "reason_code" in refused.value.fields
        minutes.close(dana, meeting, text="No.", ends="no_agreement", reason_code="terms")
    case = meeting.introduction
    assert (case.status, case.close_reason, meeting.text) == (Status.CLOSED, CloseReason.NO_AGREEMENT, "No.")


def test_minutes_of_a_meeting_to_come_are_refused(meeting, dana):
    with pytest.raises(Conflict):
        minutes.close(dana, meeting, text="We met.", next_action="x", owner="need", due_on=clock.today())
    with pytest.raises(Conflict):
        minutes.no_show(dana, meeting, "need")


def test_no_show_is_counted_and_asks_for_a_new_date(meeting, dana):
    with later(meeting):
        with pytest.raises(Invalid):
            minutes.no_show(dana, meeting, "result")
        minutes.no_show(dana, meeting, "result", due_on=clock.today() + timedelta(days=7))
    assert meeting.state is MeetingState.NO_SHOW
    assert meeting.introduction.minutes[-1].absent is Side.RESULT


def test_viewer_and_outsiders_arrange_nothing(introduced, victor, mallory, frank, alice, charlie):
    for person, error in ((victor, Forbidden), (frank, Forbidden), (mallory, NotFound)):
        with pytest.raises(error):
            meetings.arrange(person, introduced, **a_plan(alice, charlie))


def test_nothing_is_arranged_in_a_closed_case(meeting, dana, alice, charlie):
    with later(meeting):
        minutes.close(dana, meeting, ends="no_agreement", reason_code="terms", text="")
    with pytest.raises(Conflict):
        meetings.arrange(dana, meeting.introduction, **a_plan(alice, charlie))


def test_the_hour_is_told_in_the_zone_it_was_agreed_in_and_in_ours():
    moment = clock.now().replace(year=2026, month=7, day=1, hour=12, minute=0)
    said = when(moment, moment + timedelta(hours=1), "Europe/Berlin")
    assert "14:00–15:00 (Berlin time)" in said.en and "20:00–21:00 (Beijing time)" in said.en
    assert "北京时间" in when(moment, moment + timedelta(hours=1)).zh


def test_everybody_is_told_once_in_their_own_language(introduced, dana, alice, charlie):
    with transaction():
        charlie.language = "zh"
    meetings.arrange(dana, introduced, **a_plan(alice, charlie))
    notices = session.scalars(select(Notice).where(Notice.kind == "meetings", Notice.user_id == charlie.id)).all()
    assert len(notices) == 1 and len(mails(charlie)) == 1
    assert "北京时间" in mails(charlie)[0].body and "Beijing time" in mails(alice)[0].body
    assert session.query(Meeting).count() == 1


def test_the_second_click_arranges_no_second_meeting(introduced, dana, alice, charlie):
    plan = a_plan(alice, charlie)
    first = meetings.arrange(dana, introduced, **plan)
    assert meetings.arrange(dana, introduced, **plan) is first and len(mails(alice)) == 1


@pytest.mark.parametrize("blank", ["\n", "\r", " ", "\u2028"])
def test_a_link_writes_no_lines_into_everybodys_calendar(introduced, dana, alice, charlie, blank):
    link = f"https://meet.example/1{blank}ATTENDEE:mailto:mallory@other.example"
    with pytest.raises(Invalid) as refused:
        meetings.arrange(dana, introduced, **a_plan(alice, charlie, link=link))
    assert set(refused.value.fields) == {"link"}


@pytest.mark.parametrize("year", [1, 9999])
def test_a_meeting_at_the_ends_of_time_is_refused(introduced, dana, alice, charlie, year):
    with pytest.raises(Invalid) as refused:
        meetings.arrange(dana, introduced, **a_plan(alice, charlie, starts_at=datetime(year, 1, 1, tzinfo=clock.PLACE)))
    assert set(refused.value.fields) == {"starts_at"}
