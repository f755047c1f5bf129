"""What a process holds of the history is what the history says, whoever else writes, and in whatever order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import a_listing, an_organisation
from histories import an_introduction
from sqlalchemy import delete, event, update

from marketplace import clock
from marketplace.analytics import columns, service
from marketplace.analytics.asking import Question, question
from marketplace.db import session, transaction
from marketplace.introductions.models import History, Introduction, Stage, Status
from marketplace.listings.models import Kind, Listing
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Organisation


@pytest.fixture
def place(own_database):
    """A database of its own, in which commits are real, with a company's needs and an institute's result."""
    columns.forget()
    company = an_organisation("company", OrganisationKind.COMPANY)
    result = a_listing(an_organisation("institute", OrganisationKind.INSTITUTE))
    needs = [a_listing(company, Kind.NEED, title=f"Need {number}") for number in range(4)]
    yield needs, result
    columns.forget()


def reached(**asked):
    return [step.reached for cohort in service.funnel(question(asked)).cohorts for step in cohort.stages]


def a_move(introduction, version, stage, number=None, status=Status.ACTIVE):
    now = clock.now()
    return History(id=number, introduction_id=introduction.id, version=version, move="x", to_stage=Stage(stage),
                   status=status, effective_at=now, recorded_at=now)


def test_what_others_write_is_seen_at_the_next_look(place):
    needs, result = place
    made = an_introduction(needs[0], result, (1, 2))
    assert sum(reached()) == 1
    with transaction():
        session.add(a_move(made, 2, 3))
    an_introduction(needs[1], result, (1, 2))
    assert sum(reached()) == 4


def test_the_second_look_reads_only_what_is_new(place, own_database, monkeypatch):
    needs, result = place
    an_introduction(needs[0], result, (1, 2))
    assert sum(reached()) == 1
    monkeypatch.setattr(columns, "read", lambda connection: pytest.fail("everything was read again"))
    an_introduction(needs[1], result, (1, 2), (2, 1))
    assert sum(reached()) == 3


def test_a_lower_number_that_is_committed_later_is_not_missed(place):
    """As PostgreSQL may do with two that write at once."""
    needs, result = place
    made = an_introduction(needs[0], result, (1, 2))
    other = an_introduction(needs[1], result, (1, 2))
    with transaction():
        session.add(a_move(made, 2, 3, number=900))
    assert sum(reached()) == 4
    with transaction():
        session.add(a_move(other, 2, 2, number=800))
    assert sum(reached()) == 5


def test_rows_of_long_ago_are_not_read_each_time(place):
    needs, result = place
    with clock.at(clock.now() - timedelta(hours=3)):
        first = an_introduction(needs[0], result, (1, 2))
    an_introduction(needs[1], result, (1, 2))
    reached()
    state = columns.current()
    newest = session.query(History.id).order_by(History.id.desc()).first()[0]
    oldest = session.query(History.id).filter(History.introduction_id == first.id).one()[0]
    assert (state.after, set(state.seen)) == (oldest, {newest})


def test_a_restored_backup_is_read_anew(place):
    needs, result = place
    an_introduction(needs[0], result, (1, 2))
    made = an_introduction(needs[1], result, (1, 2), (2, 1))
    assert sum(reached()) == 3
    with transaction():
        session.execute(delete(History).where(History.introduction_id == made.id))
        session.execute(delete(Introduction).where(Introduction.id == made.id))
    assert sum(reached()) == 1


def test_a_need_that_changes_its_field_and_a_supplier_its_kind_are_counted_where_they_are_now(place):
    needs, result = place
    an_introduction(needs[0], result, (1, 2))
    assert sum(reached(field="biology")) == 0
    with transaction():
        this = update(Listing).where(Listing.id == needs[0].id)
        session.execute(this.values(field="biology", changed_at=clock.now()))
        institute = session.get_one(Organisation, result.organisation_id)
        institute.kind = OrganisationKind.AGENCY
    assert sum(reached(field="biology")) == 1
    assert {cohort.key for cohort in service.funnel(Question(by="organisation_kind")).cohorts} == {"agency"}


def test_they_are_there_before_anybody_asks(place, monkeypatch):
    needs, result = place
    an_introduction(needs[0], result, (1, 2))
    service.warm()
    monkeypatch.setattr(columns, "read", lambda connection: pytest.fail("somebody had to wait"))
    assert sum(reached()) == 1


def test_four_who_ask_at_once_get_the_same_answer(place):
    needs, result = place
    for need in needs:
        an_introduction(need, result, (1, 2), (2, 1))

    def ask(_):
        try:
            return reached()
        finally:
            session.remove()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(12)))
    assert answers == [answers[0]] * 12 and sum(answers[0]) == 8


def test_what_is_rolled_back_was_never_counted(place):
    needs, result = place
    made = an_introduction(needs[0], result, (1, 2))
    with pytest.raises(ZeroDivisionError), transaction():
        session.add(a_move(made, 2, 3))
        session.flush()
        1 / 0  # noqa: B018
    assert sum(reached()) == 1


@pytest.mark.parametrize(
    "path", ["/figures?by=broker", "/figures?region=440000&origin=search&by=event", "/figures/public"]
)
def test_a_page_asks_the_database_twelve_times_at_most(place, own_database, signed_in, erin, path):
    needs, result = place
    an_introduction(needs[0], result, (1, 2), (2, 1), broker=erin, event="E-1")
    browser = signed_in(erin)
    browser.get(path)
    statements = []

    def note(*call):
        statements.append(call[2])

    event.listen(own_database, "before_cursor_execute", note)
    assert browser.get(path).status_code == 200
    event.remove(own_database, "before_cursor_execute", note)
    assert len([one for one in statements if not one.startswith("BEGIN")]) <= 12
