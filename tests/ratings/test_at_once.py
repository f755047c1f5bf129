"""Two who rate each other at the same moment: neither may miss what the other says."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from conftest import a_person, an_organisation, join
from events.planned import a_series, an_edition
from ratings.seats import seat
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session
from marketplace.events import attending
from marketplace.events.models import Edition, Registration
from marketplace.organisations.models import Kind
from marketplace.outbox import Entry
from marketplace.ratings import service
from marketplace.ratings.models import Mutual, Verdict
from marketplace.ratings.service import Said


def test_two_who_say_it_at_once_are_one_agreement(own_database):
    erin, people = a_person("erin@operator.example", is_operator=True), []
    for slug, kind in (("company", Kind.COMPANY), ("institute", Kind.INSTITUTE)):
        people.append(a_person(f"x@{slug}.example"))
        join(people[-1], an_organisation(slug, kind))
    edition = an_edition(erin, a_series(erin), days=0)
    places = [attending.register(person, edition) for person in people]
    seat(edition, places)
    one, other = (place.id for place in places)
    number, then = edition.id, edition.starts_at + timedelta(minutes=5)
    session.remove()
    together = Barrier(2)

    def rate(mine: int, theirs: int) -> int:
        with clock.at(then):
            try:
                registration, there = session.get_one(Registration, mine), session.get_one(Edition, number)
                together.wait()
                return service.rate(registration, there, {theirs: Said(Verdict.POSSIBLE)})
            finally:
                session.remove()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(rate, (one, other), (other, one))) == [1, 1]
    assert len(session.scalars(select(Mutual)).all()) == 1
    assert len(session.scalars(select(Entry.id).where(Entry.topic == "rating.mutual")).all()) == 1
