"""Two workers at the same moment: a digest is written once, an address hears of a fact once."""

from datetime import timedelta

import pytest
from at_once import together
from conftest import a_person
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.messaging import digests, service
from marketplace.messaging.kinds import Kind
from marketplace.messaging.models import OutgoingMail
from marketplace.messaging.posting import first_time
from marketplace.phrases import say


@pytest.fixture
def person(own_database):
    number = a_person("alice@institute.example").id
    for n in range(3):
        service.notify([number], say("No. {n}", n=n), "/account", kind=Kind.NEWS)
    session.remove()
    return number


def test_workers_that_collect_together_write_one_mail(person):
    later = clock.now() + timedelta(days=14)

    def tell():
        with clock.at(later):
            digests.tell(person)

    assert together(tell) == [None] * 4
    assert len(session.scalars(select(OutgoingMail.id)).all()) == 1


def test_one_of_several_writes_to_an_address_about_a_fact(own_database):
    def write():
        with transaction():
            return first_time("office@institute.example", "fact")

    assert sorted(together(write)) == [False, False, False, True]
