"""`yinqiao demo --series`, shortened to two Fridays: each is run from survey to minutes by the services alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy import Engine as Database

from marketplace import clock, index
from marketplace.commands import demo as command
from marketplace.db import session, transaction
from marketplace.demo import fridays, fridays_cast, people
from marketplace.demo.timeline import Timeline, World
from marketplace.events import service as events
from marketplace.events.models import Attendance, Edition, Registration
from marketplace.introductions.models import Introduction, Origin, Stage
from marketplace.messaging import service as messaging
from marketplace.messaging.models import OutgoingMail
from marketplace.ratings.models import EditionMinutes, Rating
from marketplace.requests_desk.models import Request
from marketplace.seating import working
from marketplace.seating.models import HostNote, Seat, SeatingPlan
from marketplace.surveys.models import Answer

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


def test_series_has_its_fridays_and_one_to_come():
    held, coming = past_editions(), events.upcoming(series=events.get_series(fridays.SLUG))
    assert (len(held), len(coming)) == (2, 1)
    for edition in (*held, *coming):
        assert edition.starts_at.astimezone(clock.PLACE).weekday() == fridays.FRIDAY
        assert len(edition.hosts) == 3
        assert edition.guests[0].organisation is not None


def test_everybody_who_came_had_a_seat_with_a_reason_to_sit_there():
    for edition in past_editions():
        came = set(session.scalars(select(Registration.id).where(
            Registration.edition_id == edition.id, Registration.state == Attendance.ATTENDED)))
        plan = session.scalars(select(SeatingPlan).where(SeatingPlan.edition_id == edition.id)).one()
        seated = set(session.scalars(select(Seat.registration_id).where(Seat.plan_id == plan.id)))
        assert len(came) >= 24
        assert seated == came
        assert plan.is_published
        assert plan.value is not None
        assert plan.greedy is not None
        assert plan.bound is not None
        assert plan.greedy <= plan.value <= plan.bound


def test_needs_were_surveyed_and_talks_were_noted_and_rated():
    assert count(Answer) > 40
    assert count(HostNote) >= 6
    assert count(EditionMinutes) == 2
    assert count(Rating) > 100
    assert count(Request) == 6


def test_tables_became_introductions_that_went_on():
    stages = session.scalars(select(Introduction.stage).where(Introduction.origin == Origin.EVENT)).all()
    assert len(stages) >= 4
    assert max(stages) >= Stage.QUALIFIED


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
    monkeypatch.setattr(command.loading, "load", lambda progress: told.append("demo") or "world")
    monkeypatch.setattr(command.fridays, "load", lambda progress, world: told.append(world))
    command.load(series=False)
    command.load(series=True)
    assert told == ["demo", "demo", "world"]
