"""`yinqiao demo --series`, shortened to two Fridays: each is run from survey to minutes by the services alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy import Engine as Database

from marketplace import clock, index
from marketplace.broadcasts.models import Recipient
from marketplace.commands import demo as command
from marketplace.db import session, transaction
from marketplace.demo import friday_breakfast, friday_guests, friday_services, fridays, fridays_cast, loading, people
from marketplace.demo.timeline import Timeline, World
from marketplace.events import service as events
from marketplace.events.models import Answer, Attendance, Edition, EventInvitation, InvitationWish, Registration
from marketplace.introductions.models import Introduction, Origin, Stage
from marketplace.messaging import service as messaging
from marketplace.messaging.models import OutgoingMail
from marketplace.ratings.models import EditionMinutes, Later, Mutual, Rating
from marketplace.requests_desk.models import Level, Request
from marketplace.seating import talking, working
from marketplace.seating.models import HostNote, Seat, SeatingPlan, Talk, TalkDay, TalkWish, TalkWishKind
from marketplace.suppliers.models import Library, Supplier
from marketplace.suppliers.models import State as SupplierState
from marketplace.surveys.models import Answer as SurveyAnswer
from marketplace.surveys.models import Survey, SurveyOf
from marketplace.training.models import Certificate, Enrolment, Taking

HOUSES = list(fridays_cast.members())
COMING = [one for one in HOUSES if any(fridays._comes(one, number) for number in range(3))]


@pytest.fixture(scope="module")
def held(application, database: Database, engine) -> Iterator[Connection]:
    connection = database.connect()
    outer = connection.begin()
    session.remove()
    session.configure(bind=connection, join_transaction_mode="create_savepoint")
    index.bind(engine)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fridays, "EDITIONS", 2)
        patched.setattr(fridays, "COMING", 1)
        patched.setattr(fridays, "ROUNDS", {0: 2})
        patched.setattr(friday_guests, "WITH_TALKS", (1, 2))
        patched.setattr(friday_services, "PROCURING", (1,))
        patched.setattr(talking, "SECONDS", 1.0)
        patched.setattr(working, "QUICK", 0.3)
        patched.setattr(fridays_cast, "members", lambda: COMING)
        timeline, world = Timeline(clock.now()), World()
        people.plan(timeline, world)
        with messaging.without_mail(), transaction():
            timeline.run(lambda _: None)
        fridays.load(lambda _: None, world)
    yield connection
    session.remove()
    outer.rollback()
    connection.close()


@pytest.fixture(autouse=True)
def rolled_back(held: Connection, engine) -> Iterator[None]:
    inner = held.begin_nested()
    session.remove()
    session.configure(bind=held, join_transaction_mode="create_savepoint")
    index.bind(engine)
    yield
    session.remove()
    inner.rollback()
    engine.drop("listings")


def past_editions() -> list[Edition]:
    return list(events.past(series=events.get_series(fridays.SLUG))[0])


def count(table, *where) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def plans_of(edition: Edition) -> list[SeatingPlan]:
    return list(session.scalars(select(SeatingPlan).where(SeatingPlan.edition_id == edition.id)))


def test_series_has_its_fridays_and_one_to_come():
    held, coming = past_editions(), events.upcoming(series=events.get_series(fridays.SLUG))
    assert (len(held), len(coming)) == (2, 1)
    for edition in (*held, *coming):
        assert edition.starts_at.astimezone(clock.PLACE).weekday() == fridays.FRIDAY
        assert len(edition.hosts) >= 3
        assert edition.guests[0].organisation is not None


def test_everybody_who_came_had_a_seat_with_a_reason_to_sit_there():
    for edition in past_editions():
        came = set(session.scalars(select(Registration.id).where(
            Registration.edition_id == edition.id, Registration.state == Attendance.ATTENDED)))
        assert len(came) >= 24
        for plan in plans_of(edition):
            seated = set(session.scalars(select(Seat.registration_id).where(Seat.plan_id == plan.id)))
            assert seated == came
            assert plan.is_published
            assert plan.greedy <= plan.value <= plan.bound


def test_needs_were_surveyed_and_talks_were_noted_and_rated():
    assert count(SurveyAnswer) > 40
    assert count(HostNote) >= 6
    assert count(EditionMinutes) == 2
    assert count(Rating) > 100
    assert count(Request) == 6


def test_tables_became_introductions_that_went_on():
    stages = session.scalars(select(Introduction.stage).where(Introduction.origin == Origin.EVENT)).all()
    assert len(stages) >= 4
    assert max(stages) >= Stage.QUALIFIED


def test_people_change_tables_at_one_of_them():
    latest, first = past_editions()
    assert (len(plans_of(first)), len(plans_of(latest))) == (2, 1)


def test_invited_people_accept_decline_and_keep_silent():
    said = Counter(session.scalars(select(EventInvitation.answer).join(Edition).where(Edition.ends_at < clock.now())))
    assert set(said) == {Answer.ACCEPTED, Answer.DECLINED, None}
    coming = events.upcoming(series=events.get_series(fridays.SLUG))[0]
    assert count(EventInvitation, EventInvitation.edition_id == coming.id, EventInvitation.answer.is_(None))
    assert count(InvitationWish) > 2


def test_two_talk_with_one_another_as_far_as_they_wish():
    edition, coming = past_editions()[0], events.upcoming(series=events.get_series(fridays.SLUG))[0]
    day = session.get_one(TalkDay, edition.id)
    assert day.published_at is not None
    assert set(session.scalars(select(TalkWish.kind).where(TalkWish.edition_id == edition.id))) == set(TalkWishKind)
    held = session.scalars(select(Talk).where(Talk.edition_id == edition.id)).all()
    talks = {(talk.one_id, talk.other_id) for talk in held}
    refused = select(TalkWish).where(TalkWish.kind == TalkWishKind.REFUSES)
    assert talks
    assert not talks & {tuple(sorted((one.one_id, one.other_id))) for one in session.scalars(refused)}
    assert session.get_one(TalkDay, coming.id).published_at is None


def test_buyer_has_a_library_with_suppliers_of_its_friday():
    library = session.scalars(select(Library).where(Library.edition_id == past_editions()[0].id)).one()
    states = set(session.scalars(select(Supplier.state).where(Supplier.library_id == library.id)))
    assert states == {SupplierState.APPLIED, SupplierState.ACCEPTED, SupplierState.DECLINED}
    assert count(Supplier, Supplier.library_id == library.id, Supplier.reminders == 1)
    assert count(Supplier, Supplier.library_id == library.id, Supplier.renews)


def test_one_need_was_told_and_begins_introductions():
    told = session.scalars(select(Recipient)).all()
    assert len(told) > 10
    assert 0 < len([one for one in told if one.opened_at]) < len(told)
    assert count(Introduction, Introduction.origin == Origin.BROADCAST)


def test_members_were_asked_once_this_year_and_their_figures_are_published():
    survey = session.scalars(select(Survey).where(Survey.kind == SurveyOf.MEMBERS)).one()
    assert survey.published_at is not None
    assert count(SurveyAnswer, SurveyAnswer.survey_id == survey.id) > 20


def test_breakfast_is_rated_at_once_and_again_half_a_year_on():
    held = events.past(series=events.get_series(friday_breakfast.SLUG))[0][0]
    rated = session.scalars(select(Rating).where(Rating.edition_id == held.id)).all()
    assert len(rated) > 30
    assert {Later.NOTHING, Later.TALKING} <= {one.later for one in rated}
    assert count(Mutual, Mutual.edition_id == held.id) == 1
    coming = events.upcoming(series=events.get_series(friday_breakfast.SLUG))[0]
    states = set(session.scalars(select(Registration.state).where(Registration.edition_id == coming.id)))
    assert states == {Attendance.REQUESTED, Attendance.REGISTERED, Attendance.DECLINED}


def test_steward_park_and_authority_have_answered():
    levels = session.execute(select(Request.level, Request.step)).all()
    assert {level for level, _ in levels} == set(Level)


def test_brokers_are_trained_and_certified():
    assert count(Certificate) == 2
    assert count(Enrolment, Enrolment.state == Taking.ATTENDED) == 2


def test_nothing_leaves_by_mail():
    assert count(OutgoingMail) == 0


def test_report_and_wall_page_stand(app):
    browser = app.test_client()
    for edition in past_editions():
        assert browser.get(edition.url + "?lang=zh").status_code == 200
        assert browser.get(edition.url + "/cover.svg").status_code == 200
    assert "周五见" in browser.get("/events/series/fridays?lang=zh").text


def test_a_hundred_and_twenty_organisations_take_part():
    assert len(HOUSES) == len({one.row["name"] for one in HOUSES}) == len({one.name for one in HOUSES}) == 120
    everybody = {one.number for number in range(12) for one in HOUSES if fridays._comes(one, number)}
    assert len(everybody) == 120
    for number in range(12):
        assert 20 <= sum(fridays._comes(one, number) for one in HOUSES) <= 34


def test_command_holds_the_fridays_only_when_asked(monkeypatch):
    told = []
    monkeypatch.setattr(loading, "load", lambda progress: told.append("demo") or "world")
    monkeypatch.setattr(fridays, "load", lambda progress, world: told.append(world))
    command.load(series=False)
    command.load(series=True)
    assert told == ["demo", "demo", "world"]
