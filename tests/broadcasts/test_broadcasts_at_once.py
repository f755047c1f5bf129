"""Several at the same moment: each person is written to once, whoever leaves gets nothing, one press is one case."""

from __future__ import annotations

import pytest
from at_once import at_once, together
from conftest import a_person, an_organisation
from sqlalchemy import func, select
from told import a_funding_need, an_investor, sent

from marketplace.accounts.models import User
from marketplace.broadcasts import answering, news, sending, service
from marketplace.broadcasts.models import Broadcast, Recipient
from marketplace.db import session
from marketplace.introductions.models import Introduction
from marketplace.messaging.models import OutgoingMail
from marketplace.organisations.models import Kind

READERS = 12


@pytest.fixture
def going(own_database):
    """The number of a broadcast to a dozen readers of whom nobody has been written to."""
    erin = a_person("erin@operator.example", is_operator=True)
    for number in range(READERS):
        an_investor(f"reader{number}")
    number = sent(erin, a_funding_need(an_organisation("company", Kind.COMPANY))).id
    session.remove()
    return number


def test_workers_that_write_together_write_to_each_once(going):
    def write():
        while sending.write_some(going, 5) is not None:
            pass

    assert together(write) == [None] * 4
    assert sorted(session.scalars(select(OutgoingMail.to))) == sorted(
        session.scalars(select(User.email).where(~User.is_operator)))
    assert session.scalar(select(func.count()).where(Recipient.mailed_at.is_not(None))) == READERS


def test_nobody_who_leaves_while_mails_are_written_has_one_left(going):
    people = list(session.scalars(select(User.id).where(~User.is_operator)))
    session.remove()
    turns = iter(range(4))

    def write_or_leave():
        if next(turns) % 2:
            for number in people[:READERS // 2]:
                news.leave(session.get_one(User, number))
        else:
            while sending.write_some(going, 2) is not None:
                pass

    assert together(write_or_leave) == [None] * 4
    stayed = session.scalars(select(User.email).where(User.id.in_(people[READERS // 2:])))
    assert sorted(session.scalars(select(OutgoingMail.to))) == sorted(stayed)


def test_two_broadcasts_of_one_need_that_are_sent_at_once_tell_each_reader_once(own_database):
    erin = a_person("erin@operator.example", is_operator=True)
    for number in range(READERS):
        an_investor(f"reader{number}")
    need = a_funding_need(an_organisation("company", Kind.COMPANY))
    planned, operator = [service.plan(erin, listing=need.ref).id for _ in range(2)], erin.id
    session.remove()

    def sends(number):
        broadcast = session.get_one(Broadcast, number)
        return service.send(session.get_one(User, operator), broadcast, broadcast.version)

    answers = at_once(*(lambda number=number: sends(number) for number in planned))
    assert sorted(str(one) if isinstance(one, int) else type(one).__name__ for one in answers) == ["12", "Conflict"]
    assert session.scalar(select(func.count()).select_from(Recipient)) == READERS


def test_pressing_several_times_at_once_begins_one_introduction(going):
    while sending.write_some(going, 50) is not None:
        pass
    token = answering.link(session.scalars(select(Recipient.id)).first()).rpartition("/")[2]
    session.remove()
    refs = together(lambda: answering.interest(answering.behind(token, whose(token)), {}).ref)
    assert len(set(refs)) == 1
    assert session.scalar(select(func.count()).select_from(Introduction)) == 1


def whose(token):
    """The reader of the mail, signed in."""
    return answering.behind(token).person
