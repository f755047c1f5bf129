"""Commits are real here, and each has a connection of their own: two at one moment."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

from conftest import a_person, an_organisation, join
from desk_facts import REPLY, TEXT, TITLE, morning
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict
from marketplace.organisations.models import Kind, Organisation
from marketplace.refs import RefCounter
from marketplace.requests_desk import service, timers
from marketplace.requests_desk.models import Request, RequestAct, Step, Topic, What


def at_once(*acts: Callable[[Barrier], object]) -> None:
    session.remove()
    barrier = Barrier(len(acts))
    threads = [Thread(target=act, args=(barrier,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.remove()


def a_company_with_a_steward() -> tuple[int, int, int]:
    """(the company's, its person's and its steward's number)."""
    with transaction():
        session.add(RefCounter(letter="Q", year=clock.today().year, last=0))
    steward = a_person("steward@broker.example", is_broker=True)
    company = an_organisation("hurried", Kind.COMPANY, steward_id=steward.id)
    person = a_person("person@hurried.example")
    join(person, company)
    return company.id, person.id, steward.id


def test_two_workers_take_a_late_request_up_once(own_database):
    company, person, _ = a_company_with_a_steward()
    service.ask(session.get_one(User, person), session.get_one(Organisation, company), Topic.OTHER, TITLE, TEXT)
    with morning(3):
        assert timers.run() == 1

    def work(barrier: Barrier) -> None:
        barrier.wait()
        with morning(4):
            timers.run()
        session.remove()

    at_once(work, work)
    whats = session.scalars(select(RequestAct.what).order_by(RequestAct.id)).all()
    assert whats == [What.RAISED, What.ASSIGNED, What.OVERDUE]
    assert session.scalars(select(Request.step)).one() is Step.WAITING


def test_pressed_twice_at_once_it_is_raised_once(own_database):
    company, person, _ = a_company_with_a_steward()

    def press(barrier: Barrier) -> None:
        actor, organisation = session.get_one(User, person), session.get_one(Organisation, company)
        barrier.wait()
        service.ask(actor, organisation, Topic.OTHER, TITLE, TEXT)
        session.remove()

    at_once(press, press)
    assert len(session.scalars(select(Request.ref)).all()) == 1


def test_answered_and_withdrawn_at_once_one_of_the_two_happens(own_database):
    company, person, steward = a_company_with_a_steward()
    ref = service.ask(session.get_one(User, person), session.get_one(Organisation, company), Topic.OTHER, TITLE,
                      TEXT).ref
    lost: list[str] = []

    def act(number: int, what: Callable[[User, Request], object]) -> Callable[[Barrier], None]:
        def acting(barrier: Barrier) -> None:
            actor = session.get_one(User, number)
            request = service.get(actor, ref)
            barrier.wait()
            try:
                what(actor, request)
            except Conflict:
                lost.append(str(number))
            session.remove()
        return acting

    at_once(act(steward, lambda actor, one: service.answer(actor, one, REPLY)), act(person, service.withdraw))
    assert len(lost) == 1
    assert session.scalars(select(Request.step)).one() in (Step.ANSWERED, Step.WITHDRAWN)
