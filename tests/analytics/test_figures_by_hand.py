"""Every figure, recomputed from what the history API tells, on random histories: anybody could do the same."""

from __future__ import annotations

import by_hand
import numpy as np
import pytest
from conftest import a_listing, a_person, an_organisation
from histories import add, lived, lives, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from marketplace import clock
from marketplace.analytics import columns, service, telling
from marketplace.analytics.asking import CUTS, question
from marketplace.analytics.cuts import province
from marketplace.db import session, transaction
from marketplace.introductions.models import History, Introduction, Origin, Stage
from marketplace.listings.models import Kind, Listing
from marketplace.organisations.models import Kind as OrganisationKind

RANDOM = settings(deadline=None, max_examples=80,
                  suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
FIELDS, REGIONS, EVENTS = ("biology", "new_energy", None), ("440305", "440100", "SG", None), (None, "E-1", "E-2")


@pytest.fixture
def stage_set(institute, company):
    """Needs and results of several fields, regions and kinds of supplier, and two brokers of one name."""
    agency = an_organisation("agency", OrganisationKind.AGENCY)
    needs = [a_listing(company, Kind.NEED, title=f"Need {n}", field=FIELDS[n % 3], region=REGIONS[n % 4])
             for n in range(8)]
    results = [a_listing(institute), a_listing(agency)]
    brokers = [None, a_person("one@broker.example", "Lin", is_broker=True),
               a_person("two@broker.example", "Lin", is_broker=True)]
    assert all(result.organisation.slug for result in results)  # which is read now: later the session is another
    return needs, results, brokers


def as_told(need, result, broker, origin, event):
    return {
        "need": need.id, "field": need.field, "region": province(need.region) or None, "origin": str(origin),
        "event": event, "broker": f"{broker.name} <{broker.email}>" if broker else None,
        "organisation_kind": "institute" if result.organisation.slug == "institute" else "agency",
    }


@pytest.fixture
def rows_of(signed_in, erin):
    """rows_of(ref) -> the history as the API gives it."""
    browser = signed_in(erin)

    def ask(ref):
        return [by_hand.read(item) for item in browser.get(f"/api/v1/introductions/{ref}/history").get_json()["items"]]

    return ask


def empty_again():
    with transaction():
        session.execute(delete(History))
        session.execute(delete(Introduction))
    session.expunge_all()


@RANDOM
@given(data=st.data())
def test_every_figure_is_what_counting_the_histories_gives(data, stage_set, rows_of, erin):
    empty_again()
    needs, results, brokers = stage_set
    now = clock.now()
    with clock.at(now):
        cases = []
        for number, life in enumerate(data.draw(st.lists(lives(), min_size=1, max_size=8))):
            result, broker = results[data.draw(st.integers(0, 1))], brokers[data.draw(st.integers(0, 2))]
            origin, event = data.draw(st.sampled_from(Origin)), data.draw(st.sampled_from(EVENTS))
            made = told(needs[number], result, lived(life, now), broker, origin, event)
            cases.append({"ref": made.ref, **as_told(needs[number], result, broker, origin, event)})
        for case in cases:
            case["rows"] = rows_of(case["ref"])
        by = data.draw(st.sampled_from([None, *CUTS]))
        days_ago = sorted(data.draw(st.lists(st.integers(0, 400), min_size=2, max_size=2)))
        asked = question({"from": str(clock.today() - days_ago[1] * by_hand.DAY),
                          "to": str(clock.today() - days_ago[0] * by_hand.DAY), "by": by or ""})
        of = by_hand.cohort(cases, asked.since, asked.until)
        assert telling.told(service.funnel(asked)) == by_hand.funnel(cases, now, by, asked.since, asked.until)
        agree(service.figures(erin, asked), of, cases, now)
        published = {need.id: now - data.draw(st.integers(0, 90)) * by_hand.DAY for need in needs}
        for number, at in published.items():
            session.execute(update(Listing).where(Listing.id == number).values(published_at=at))
        answered = service.figures(erin, question({})).answered
        assert (answered.kept, answered.of) == by_hand.needs_answered(published, cases, now)


def agree(figures, of, cases, now):
    assert figures.entered == len(of)
    for reply in figures.replies:
        assert by_hand.reply(of, reply.stage, now) == {
            "waits": reply.waits, "open": reply.open, "in_time": reply.in_time.kept, "judged": reply.in_time.of,
            "median": rounded(reply.median), "p90": rounded(reply.p90),
        }
    reasons, codes, where = by_hand.ends(of)
    assert figures.close_reasons == reasons
    assert figures.reason_codes == codes
    assert figures.closed_at == {stage: where[stage] for stage in Stage}
    assert (figures.no_shows.missed, figures.no_shows.meetings, figures.no_shows.introductions) == by_hand.no_shows(of)
    for one in figures.groups:
        mine = [case for case in of if case[figures.cut.name] == (one.name if figures.cut.name == "broker"
                                                                 and one.group.value else one.group.value)]
        signed = [case for case in mine if max(row["to_stage"] for row in case["rows"]) >= 6]
        still = [case for case in mine if (by_hand.stands_at(case["rows"]) or 0) >= 1]
        assert (one.group.entered, one.group.signed, one.group.open) == (len(mine), len(signed), len(still))
    assert sum(one.group.entered for one in figures.groups) == len(of)


def rounded(days):
    return None if days is None else round(days, 4)


@RANDOM
@given(data=st.data())
def test_what_is_kept_up_to_date_is_what_reading_everything_gives(data, stage_set):
    """Moves arrive in parts, by introduction in any order; after each part both ways to read agree."""
    empty_again()
    needs, results, _ = stage_set
    now = clock.now()
    drawn = [lived(life, now) for life in data.draw(st.lists(lives(), min_size=1, max_size=5))]
    state = columns.read(session.connection())
    made = {}
    while any(drawn):
        with transaction():
            number = data.draw(st.sampled_from([n for n, rows in enumerate(drawn) if rows]))
            count = data.draw(st.integers(1, len(drawn[number])))
            part, drawn[number] = drawn[number][:count], drawn[number][count:]
            if number in made:
                add(made[number][0], part, made[number][1])
            else:
                made[number] = (told(needs[number], results[0], part), 0)
            made[number] = (made[number][0], made[number][1] + count)
        state = columns.brought_up_to_date(state, session.connection())
        same(state, columns.read(session.connection()))


def same(one, other):
    for part in ("courses", "cases", "listings"):
        for name, array in vars(getattr(one, part)).items():
            assert np.array_equal(array, getattr(getattr(other, part), name), equal_nan=name == "best"), (part, name)
    assert sorted(rows_in(one.stays)) == sorted(rows_in(other.stays))
    assert list(one.stays.lasted) == list(other.stays.lasted)


def rows_in(stays):
    return list(zip(*(array.tolist() for array in vars(stays).values()), strict=True))
