"""Several who press for the last place at the same moment."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from at_once import outcomes, together
from conftest import a_person

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import Conflict
from marketplace.training import service
from marketplace.training.models import Enrolment, Level, TrainingSession


def test_the_last_place_is_given_out_once(own_database):
    erin = a_person("erin@operator.example", is_operator=True)
    people = [a_person(f"broker{number}@broker.example", is_broker=True).id for number in range(4)]
    course = service.plan(erin, {
        "title_zh": "初级班", "place": "渡口厅", "level": Level.JUNIOR, "hours": 8, "seats": 1,
        "starts_at": clock.now() + timedelta(days=3),
    }).id
    session.remove()
    turn = count()

    def enrol():
        who = session.get_one(User, people[next(turn)])
        return service.enrol(who, session.get_one(TrainingSession, course))

    answers = together(enrol)
    assert [type(one) for one in answers if not isinstance(one, Enrolment)] == [Conflict] * 3
    assert session.get_one(TrainingSession, course).taken == 1


def test_a_place_taken_while_places_are_made_fewer_breaks_nothing(own_database):
    erin = a_person("erin@operator.example", is_operator=True).id
    one, other = (a_person(f"b{number}@broker.example", is_broker=True).id for number in range(2))
    content = {"title_zh": "初级班", "place": "渡口厅", "level": Level.JUNIOR, "hours": 8,
               "starts_at": clock.now() + timedelta(days=3)}
    course = service.plan(session.get_one(User, erin), {**content, "seats": 2}).id
    service.enrol(session.get_one(User, one), session.get_one(TrainingSession, course))

    def make_fewer():
        training = session.get_one(TrainingSession, course)
        service.change(session.get_one(User, erin), training, {**content, "seats": 1}, training.version)

    def enrol():
        service.enrol(session.get_one(User, other), session.get_one(TrainingSession, course))

    assert sorted(outcomes(make_fewer, enrol)) == ["Conflict", "done"]
    kept = session.get_one(TrainingSession, course)
    assert kept.taken <= kept.seats
