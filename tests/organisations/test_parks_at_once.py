"""Two parks that turn to each other at the same moment."""

from __future__ import annotations

from at_once import outcomes
from conftest import a_person, an_organisation

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.organisations import parks
from marketplace.organisations.models import Kind, Organisation
from marketplace.organisations.park_models import Partnership


def test_parks_that_ask_each_other_at_once_have_one_partnership(own_database):
    operator = a_person("erin@operator.example", is_operator=True).id
    one, other = (an_organisation(name, Kind.PARK).id for name in ("north", "south"))

    def asks(park: int, partner: str):
        return lambda: parks.ask(session.get_one(User, operator), session.get_one(Organisation, park), partner)

    met = outcomes(asks(one, "south"), asks(other, "north"), asks(one, "south"))
    assert sorted(met) == ["Invalid", "Invalid", "done"]
    assert session.query(Partnership).count() == 1
