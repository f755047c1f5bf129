"""Who is asked, reminded and rung up."""

from datetime import datetime, timedelta

import pytest
from asked_people import a_survey, let_in, says, someone
from conftest import a_person
from sqlalchemy import func, select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, NotFound
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Kind, MembershipClass
from marketplace.surveys import asking, service
from marketplace.surveys.asking import Show, Wanted
from marketplace.surveys.models import Call, State, SurveyOf

MONDAY = datetime(2026, 11, 23, 10, tzinfo=clock.PLACE)


@pytest.fixture
def on_monday(monkeypatch):
    """At ten on a working Monday; call it to be some days later."""

    def later(**by):
        moment = MONDAY + timedelta(**by)
        monkeypatch.setattr(clock, "now", lambda: moment)

    later()
    return later


def told(person):
    theirs = select(Notice).where(Notice.user_id == person.id).order_by(Notice.id)
    return [str(notice.phrase) for notice in session.scalars(theirs)]


def test_who_is_new_is_told_once_and_who_is_gone_comes_back_quietly(erin, alice, charlie):
    survey = a_survey(erin)
    assert asking.keep(survey, {alice.id: None}) == 1
    assert asking.keep(survey, {charlie.id: None}) == 1
    assert asking.of(alice, survey).ended_at is not None
    assert asking.keep(survey, {alice.id: None, charlie.id: None}) == 0
    assert asking.of(alice, survey).ended_at is None
    assert len(told(alice)) == len(told(charlie)) == 1
    assert told(alice)[0].startswith("Before the event: tell us what you need")


def test_the_silent_are_reminded_three_days_before_and_the_day_before(erin, alice, charlie, on_monday):
    survey = a_survey(erin, days=4)
    let_in(survey, alice, charlie)
    assert asking.remind() == 0
    on_monday(days=1, hours=1)
    says(charlie, survey, need="A pump.")
    assert (asking.remind(), asking.remind()) == (1, 0)
    on_monday(days=3, hours=1)
    assert (asking.remind(), asking.remind()) == (1, 0)
    assert ["still waits" in one for one in told(alice)] == [True, True]
    assert told(charlie) == []


def test_nobody_is_reminded_at_night_on_a_sunday_or_of_what_was_just_asked(erin, alice, on_monday):
    survey = a_survey(erin, days=2)
    let_in(survey, alice)
    on_monday(hours=1)
    assert asking.remind() == 0
    on_monday(hours=20)
    assert asking.remind() == 0
    on_monday(days=1)
    assert asking.remind() == 1


@pytest.mark.parametrize("state", [State.DRAFT, State.CLOSED])
def test_nobody_is_reminded_of_a_survey_that_is_not_open(erin, alice, on_monday, state):
    let_in(a_survey(erin, state=state, days=2), alice)
    on_monday(days=1, hours=1)
    assert asking.remind() == 0


def test_staff_see_who_is_missing_and_what_calls_gave(erin, alice, charlie):
    survey = a_survey(erin)
    let_in(survey, alice, charlie)
    says(charlie, survey, need="A pump.")
    row = asking.of(alice, survey)
    asking.call(erin, survey, row.id, number=1, reached=False, note="Rings on Thursday.")
    people, counts = asking.follow(erin, survey, Show.MISSING)
    assert [(one.asked.user_id, one.last_call.note, one.last_call.called_by) for one in people] == [
        (alice.id, "Rings on Thursday.", erin)]
    assert counts == {Show.MISSING: 1, Show.ANSWERED: 1, Show.EVERYBODY: 2}
    assert [one.asked.user_id for one in asking.follow(erin, survey, Show.ANSWERED)[0]] == [charlie.id]


def test_a_call_sent_twice_is_one_call_and_somebody_elses_is_said(erin, alice):
    survey = a_survey(erin)
    let_in(survey, alice)
    row = asking.of(alice, survey)
    for _ in range(2):
        asking.call(erin, survey, row.id, number=1, reached=True, note=None)
    assert session.scalar(select(func.count()).select_from(Call)) == 1
    other = a_person("olga@operator.example", is_operator=True)
    with pytest.raises(Conflict, match="Somebody else has rung Alice up"):
        asking.call(other, survey, row.id, number=1, reached=True, note=None)
    asking.call(other, survey, row.id, number=2, reached=True, note=None)
    assert [call.number for call in asking.person(erin, survey, row.id)[1]] == [1, 2]


def test_only_operators_run_surveys(erin, alice, dana):
    survey = a_survey(erin)
    let_in(survey, alice)
    row = asking.of(alice, survey)
    for person in (alice, dana):
        with pytest.raises(NotFound):
            service.get(person, survey.id)
        for refused in (
            lambda p: service.create(p, SurveyOf.MEMBERS, {}), lambda p: service.every(p),
            lambda p: service.set_state(p, survey, State.CLOSED), lambda p: service.publish(p, survey, True),
            lambda p: service.change(p, survey, {}, (), None), lambda p: asking.follow(p, survey, Show.MISSING),
            lambda p: asking.call(p, survey, row.id, number=1, reached=True, note=None),
            lambda p: asking.ask_members(p, survey, Wanted()), lambda p: asking.person(p, survey, row.id),
        ):
            with pytest.raises(Forbidden):
                refused(person)


def test_members_are_asked_by_class_and_kind_each_once(erin, alice, bob, charlie):
    survey = a_survey(erin, SurveyOf.MEMBERS)
    guest = someone("guest")
    with transaction():
        guest.memberships[0].organisation.membership = MembershipClass.GUEST
    members = Wanted([MembershipClass.ORDINARY, MembershipClass.FOUNDING])
    assert set(asking.members(erin, members)) == {alice.id, charlie.id}
    assert set(asking.members(erin, Wanted(kinds=[Kind.INSTITUTE]))) == {alice.id}
    assert asking.ask_members(erin, survey, members) == 2
    assert asking.ask_members(erin, survey, Wanted()) == 1
    assert [len(told(person)) for person in (alice, bob, charlie, guest)] == [1, 0, 1, 1]


def test_members_are_not_asked_before_it_is_open_nor_about_an_event(erin):
    for survey in (a_survey(erin, SurveyOf.MEMBERS, State.DRAFT), a_survey(erin)):
        with pytest.raises(Conflict):
            asking.ask_members(erin, survey, Wanted())


def test_a_survey_whose_last_day_is_over_is_not_opened(erin, on_monday):
    survey = a_survey(erin, days=1, state=State.CLOSED)
    on_monday(days=2)
    with pytest.raises(Conflict, match="last day is over"):
        service.set_state(erin, survey, State.OPEN)


def test_a_collected_notice_is_told_to_who_is_still_asked(erin, alice, charlie):
    one, other = a_survey(erin), a_survey(erin)
    let_in(one, alice)
    asking.keep(other, {alice.id: None})
    asking.keep(other, {charlie.id: None})
    assert asking.visible_numbers(alice, [str(one.id), str(other.id), "x"]) == [str(one.id)]


def test_ones_own_surveys_begin_with_what_waits(erin, alice):
    old, new = a_survey(erin, title_en="Old"), a_survey(erin, title_en="New")
    let_in(old, alice)
    let_in(new, alice)
    says(alice, new, need="A pump.")
    listed = [(survey.title.en, when is not None) for survey, when in asking.mine(alice)]
    assert listed == [("Old", False), ("New", True)]
