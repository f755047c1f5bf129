"""The demonstration, loaded once for all of these tests; what each test does to it is taken back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import sign_in
from sqlalchemy import Connection, func, select
from sqlalchemy import Engine as Database

from marketplace import clock, index, outbox, subscriptions
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.casework.models import DocumentVersion, Meeting, MeetingState, Task
from marketplace.db import session
from marketplace.demo import loading
from marketplace.demo.people import PASSWORD
from marketplace.errors import Conflict
from marketplace.events import service as events
from marketplace.events.models import Edition
from marketplace.introductions.models import Consent, Contract, History, Introduction, SignedCopy, Stage, Status
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import Grant, Kind, Listing, ListingTranslation, ListingVersion
from marketplace.listings.permissions import tier_for
from marketplace.messaging.models import Message, Notice, OutgoingMail
from marketplace.organisations.models import Organisation

CAST = {
    "alice@institute.example": "/mine", "bob@institute.example": "/mine", "charlie@company.example": "/mine",
    "dana@broker.example": "/desk", "erin@operator.example": "/review",
}
DATA = Path(loading.__file__).parent


@pytest.fixture(scope="module")
def loaded(application, database: Database, engine) -> Iterator[Connection]:
    connection = database.connect()
    outer = connection.begin()
    session.remove()
    session.configure(bind=connection, join_transaction_mode="create_savepoint")
    index.bind(engine)
    parts: list[int] = []
    loading.load(parts.append)
    assert sum(parts) == 100
    yield connection
    session.remove()
    outer.rollback()
    connection.close()


@pytest.fixture(autouse=True)
def rolled_back(loaded: Connection, engine) -> Iterator[None]:
    inner = loaded.begin_nested()
    session.remove()
    session.configure(bind=loaded, join_transaction_mode="create_savepoint")
    index.bind(engine)
    yield
    session.remove()
    inner.rollback()
    engine.drop("listings")


def how_many(table, *where) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def rows(name: str):
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def test_there_is_enough_to_look_at():
    assert how_many(Organisation) >= 12
    assert how_many(Listing, Listing.kind == Kind.RESULT) >= 40
    assert how_many(Listing, Listing.kind == Kind.NEED) >= 25
    assert how_many(Introduction) >= 30
    assert set(session.scalars(select(Introduction.stage))) == set(Stage)
    assert set(session.scalars(select(Introduction.status))) == set(Status)
    for table in (ListingTranslation, ListingVersion, Consent, Contract, Grant, Message):
        assert how_many(table) >= 10, table


def test_every_listing_is_in_the_state_its_author_wrote():
    kinds = {"result": "results", "need": "needs"}
    wanted = Counter((kind, row["state"]) for kind, file in kinds.items() for row in rows(file))
    found = Counter((kind.value, state.value) for kind, state in session.execute(select(Listing.kind, Listing.state)))
    assert found == wanted


def test_every_introduction_stands_where_its_author_wrote():
    wanted = Counter((row["stage"], row["status"]) for row in rows("introductions"))
    found = Counter(
        (int(stage), status.value) for stage, status in session.execute(select(Introduction.stage, Introduction.status))
    )
    assert found == wanted


def test_history_tells_how_each_introduction_came_to_where_it_is():
    for introduction in session.scalars(select(Introduction)):
        moves = session.scalars(
            select(History).where(History.introduction_id == introduction.id).order_by(History.version)
        ).all()
        assert [move.version for move in moves] == list(range(1, introduction.version + 1))
        assert (moves[-1].to_stage, moves[-1].status) == (introduction.stage, introduction.status)
        for before, after in pairwise(moves):
            assert (after.from_stage, after.from_status) == (before.to_stage, before.status)
            assert after.effective_at >= before.effective_at
        assert moves[-1].recorded_at <= clock.now()


def test_history_reaches_back_for_months():
    assert clock.now() - session.scalar(select(func.min(History.effective_at))) > timedelta(days=200)


def test_contacts_were_released_by_two_consents_and_by_nothing_else():
    for introduction in session.scalars(select(Introduction)):
        granted = session.scalars(select(Grant.tier).where(
            Grant.introduction_ref == introduction.ref, Grant.revoked_at.is_(None))).all()
        sides = {consent.side for consent in introduction.consents}
        assert (introduction.stage >= Stage.INTRODUCED) == (len(sides) == 2)
        assert all(tier < 2 for tier in granted) or len(sides) == 2


@pytest.mark.parametrize(("email", "page"), CAST.items())
def test_the_cast_signs_in_and_finds_work(app, email, page):
    browser = app.test_client()
    answer = browser.post("/sign-in", data={"email": email, "password": PASSWORD, "next": page})
    assert answer.location == page
    assert browser.get(page).status_code == 200


def test_a_company_reads_more_of_a_result_once_it_has_been_introduced():
    case = session.scalars(select(Introduction).where(Introduction.stage == Stage.PERFORMING)).first()
    assert tier_for(case.need.contact, case.result) >= 2


def test_no_mail_leaves_and_only_the_last_days_notices_are_unread():
    assert how_many(OutgoingMail) == 0
    assert how_many(outbox.Entry, outbox.Entry.subscriber.in_(["mail", "notices", "post"])) == 0
    week_ago = clock.now() - timedelta(days=8)
    assert how_many(Notice, Notice.read_at.is_(None), Notice.created_at < week_ago) == 0
    assert how_many(Notice, Notice.read_at.is_(None)) > 0
    assert how_many(Notice, Notice.created_at < week_ago) > 100


def test_the_next_day_brings_no_flood_either():
    before = how_many(Notice)
    for timer in subscriptions.timers():
        timer.run()
    assert how_many(Notice) - before < 20


def test_a_second_load_refuses_and_changes_nothing():
    before = how_many(Listing)
    with pytest.raises(Conflict, match="This database has data"):
        loading.load(print)
    assert how_many(Listing) == before


def test_everything_is_found_once_the_outbox_is_empty():
    for _ in range(100):
        if not outbox.drain():
            break
    assert outbox.waiting() == 0
    assert outbox.failing() == []
    assert index.check(LISTINGS) == (set(), set())


def test_events_were_held_and_more_are_coming(app):
    assert len(events.upcoming()) == 2
    assert how_many(Edition, Edition.ends_at < clock.now()) == 4
    page = app.test_client().get("/events?lang=zh").text
    assert "专家会诊" in page
    member = sign_in(app.test_client(), accounts.by_email("charlie@company.example"))
    assert session.scalar(select(User.name).where(User.email == "bob@institute.example")) in member.get(
        events.upcoming(1)[0].url).text


def test_an_introduction_from_an_event_names_it():
    refs = set(session.scalars(select(Introduction.origin_ref).where(Introduction.origin == "event")))
    assert refs
    assert refs <= set(session.scalars(select(Edition.ref)))


def test_its_cases_have_meetings_tasks_documents_and_something_that_waits() -> None:
    assert {MeetingState.ARRANGED, MeetingState.HELD} <= set(session.scalars(select(Meeting.state)))
    open_tasks = session.scalars(select(Task).where(Task.done_at.is_(None))).all()
    assert any(task.due_on < clock.today() for task in open_tasks)
    assert session.scalar(select(func.max(DocumentVersion.number))) == 2
    assert session.scalar(select(func.count()).select_from(Message).where(Message.waits))
    assert session.scalar(select(func.count()).select_from(SignedCopy).where(SignedCopy.checked_at.is_(None)))
