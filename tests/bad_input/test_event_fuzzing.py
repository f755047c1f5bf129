"""Requests made up about talks, ratings, reports and training, sound and broken, where there is one of each: we fail at
none."""

from __future__ import annotations

import re

import pytest
from bad_input.made_up import operations, sends
from bad_input.trying import token_of

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.ratings import service as ratings
from marketplace.ratings.models import Verdict
from marketplace.ratings.service import Said
from marketplace.seating.models import TalkDay
from marketplace.training import certificates
from marketplace.training import service as training
from marketplace.training.models import Level

pytest_plugins = ["ratings.at_tables"]
OURS = re.compile(r"/(ratings|talks|report|training|brokers/{number}|certificates)(/|$)|/brokers$")


@pytest.mark.once
def test_nothing_that_is_sent_about_events_and_training_makes_the_api_fail(app, evening, alice, charlie, dana, erin):
    there = {"ref": evening.edition.ref, "slug": evening.edition.series.slug, "registration": evening.of(charlie).id}
    for one, other in ((alice, charlie), (charlie, alice)):
        ratings.rate(evening.of(one), evening.edition, {evening.of(other).id: Said(Verdict.POSSIBLE)})
    with transaction():
        session.add(TalkDay(edition_id=evening.edition.id, after=60, slots=3, minutes=15, places=2))
    course = training.plan(erin, {"title_zh": "初级班", "place": "渡口厅", "level": Level.JUNIOR, "hours": 8,
                                  "seats": 5, "starts_at": clock.now()})
    held = certificates.record(erin, dana, level=Level.JUNIOR, issuer="The exchange", issued_on=clock.today(),
                               valid_until=clock.later(clock.today(), 36)).ref
    numbers = {"training": course.id, "brokers": dana.id}
    tokens = {one.name: token_of(one) for one in (alice, dana, erin)}

    def aim(case, _):
        room = case.path.removeprefix("/api/v1/").partition("/")[0]
        for name in case.path_parameters or {}:
            here = numbers.get(room) if name == "number" else held if room == "certificates" else there.get(name)
            case.path_parameters[name] = here or case.path_parameters[name]

    ours = [one for one in operations(app) if OURS.search(one.path)]
    assert len(ours) > 20 and sum(sends(one, tokens, aim, examples=6) for one in ours) > 300
