"""Both of a table see a cooperation: an introduction is opened, or one that is open moves on."""

from datetime import timedelta

import pytest
from conftest import a_listing
from introductions.case_entries import ANSWERS, entries
from ratings.seats import seat
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.events import attending
from marketplace.introductions import from_tables, service
from marketplace.introductions.models import History, Introduction, Origin, Side, Stage, Status
from marketplace.listings.models import Exclusion, Kind
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Membership, Role
from marketplace.ratings import service as ratings
from marketplace.ratings.models import Mutual, Verdict
from marketplace.ratings.service import Said
from marketplace.seating.models import SeatingFit

pytest_plugins = ["ratings.at_tables"]


@pytest.fixture
def offer(institute):
    return a_listing(institute)


@pytest.fixture
def demand(company):
    return a_listing(company, Kind.NEED)


def both_agree(evening, one, other, note=None):
    ratings.rate(evening.of(one), evening.edition, {evening.of(other).id: Said(Verdict.POSSIBLE, note)})
    ratings.rate(evening.of(other), evening.edition, {evening.of(one).id: Said(Verdict.POSSIBLE)})
    agreed = session.scalars(select(Mutual).order_by(Mutual.id.desc())).first()
    assert agreed is not None
    from_tables.open_or_advance([agreed.id])
    return agreed


def cases():
    return session.scalars(select(Introduction)).all()


def told(person):
    return [one.phrase for one in session.scalars(select(Notice).where(Notice.user_id == person.id))]


def test_two_of_a_table_have_an_introduction_that_began_there(evening, alice, charlie, offer, demand):
    agreed = both_agree(evening, alice, charlie, "A pilot line in spring")
    [case] = cases()
    assert (case.need, case.result) == (demand, offer)
    assert (case.origin, case.origin_ref) == (Origin.EVENT, evening.edition.ref)
    assert case.stage is Stage.INTEREST
    assert agreed.introduction_ref == case.ref
    assert {one.side: one.cooperation_sought for one in case.interests} == {
        Side.RESULT: "A pilot line in spring",
        Side.NEED: "We sat at one table at Injectable processes and both see a cooperation.",
    }


def test_it_is_effective_at_the_tables_time_and_due_from_now(evening, alice, charlie, offer, demand):
    evening.at(evening.edition.ends_at + timedelta(days=5))
    both_agree(evening, alice, charlie)
    [case] = cases()
    begun = session.scalars(select(History).where(History.introduction_id == case.id).order_by(History.version)).all()
    assert [row.effective_at for row in begun] == [evening.edition.starts_at] * 2
    assert begun[0].recorded_at == clock.now()
    assert case.entered_stage_at == evening.edition.starts_at
    assert case.due_at > clock.now()


def test_names_are_not_released_by_it(evening, alice, charlie, offer, demand):
    both_agree(evening, alice, charlie)
    assert cases()[0].consents == []


def test_telling_it_twice_opens_one(evening, alice, charlie, offer, demand):
    agreed = both_agree(evening, alice, charlie)
    from_tables.open_or_advance([agreed.id])
    assert len(cases()) == 1
    assert len([one for one in told(alice) if "both see a cooperation" in one]) == 1


def test_nobody_is_introduced_who_has_thought_better_of_it(evening, alice, charlie, institute, company):
    agreed = both_agree(evening, alice, charlie)  # neither has anything to introduce yet
    mine = {evening.of(charlie).id: Said(Verdict.INFORMATIVE)}
    ratings.rate(evening.of(alice), evening.edition, mine)
    a_listing(institute)
    a_listing(company, Kind.NEED)
    from_tables.open_or_advance([agreed.id])
    assert cases() == []
    ratings.rate(evening.of(alice), evening.edition, {number: Said(Verdict.POSSIBLE) for number in mine})
    from_tables.open_or_advance([agreed.id])
    assert len(cases()) == 1


def test_what_the_seating_named_is_introduced_rather_than_another_pair(evening, company, alice, charlie, offer, demand):
    other = a_listing(company, Kind.NEED, title="A valve for hydrogen", summary="It must not leak.", keywords=["valve"])
    one, two = sorted([evening.of(alice).id, evening.of(charlie).id])
    with transaction():
        session.add(SeatingFit(edition_id=evening.edition.id, one_id=one, other_id=two, need_id=other.id,
                               result_id=offer.id, fit=40))
    both_agree(evening, alice, charlie)
    assert cases()[0].need is other


def test_of_several_listings_the_best_fit_is_introduced(evening, company, alice, charlie, offer, demand):
    a_listing(company, Kind.NEED, title="A robot that paints ships", summary="Hulls of 300 m.", keywords=["robot"],
              field="equipment")
    both_agree(evening, alice, charlie)
    assert cases()[0].need is demand


def test_a_suggestion_becomes_an_interest(evening, alice, charlie, offer, demand):
    suggested = service.suggest(None, demand, offer)
    both_agree(evening, alice, charlie)
    assert cases() == [suggested]
    assert suggested.stage is Stage.INTEREST
    assert suggested.origin is Origin.MATCH


def test_the_other_sides_interest_is_added_to_a_case(evening, alice, charlie, offer, demand, dana):
    case = service.express_interest(charlie, demand, offer, **ANSWERS)
    service.move(dana, case, "take")
    both_agree(evening, alice, charlie)
    assert {one.side for one in case.interests} == set(Side)
    assert [one.cooperation_sought for one in case.interests if one.side is Side.NEED] == ["A licence and a trial."]


def test_after_an_introduction_the_table_was_the_first_meeting(evening, alice, charlie, offer, demand, dana):
    case = service.express_interest(charlie, demand, offer, **ANSWERS)
    for person, name in ((dana, "take"), (dana, "qualify"), (charlie, "consent"), (alice, "consent")):
        service.move(person, case, name, **entries(name))
    assert case.stage is Stage.INTRODUCED
    both_agree(evening, alice, charlie, "A pilot line in spring")
    assert case.stage is Stage.DISCUSSING
    [minutes] = case.minutes
    assert minutes.held_on == evening.edition.starts_at.astimezone(clock.PLACE).date()
    assert "A pilot line in spring" in minutes.text


def test_a_case_that_is_further_stays_where_it_is(evening, alice, charlie, offer, demand, dana):
    case = service.express_interest(charlie, demand, offer, **ANSWERS)
    for person, name in ((dana, "take"), (dana, "qualify"), (charlie, "consent"), (alice, "consent"), (alice, "meet")):
        service.move(person, case, name, **entries(name))
    version = case.version
    agreed = both_agree(evening, alice, charlie)
    assert (case.version, agreed.introduction_ref) == (version, case.ref)


def test_a_closed_case_does_not_stand_in_the_way(evening, alice, charlie, offer, demand):
    old = service.express_interest(charlie, demand, offer, **ANSWERS)
    service.move(charlie, old, "close", reason="withdrawn", reason_code="timing")
    both_agree(evening, alice, charlie)
    assert {case.status for case in cases()} == {Status.CLOSED, Status.ACTIVE}


def as_viewer(person):
    with transaction():
        session.scalars(select(Membership).where(Membership.user_id == person.id)).one().role = Role.VIEWER
    session.expire(person)


def test_who_may_not_speak_for_the_organisation_expresses_no_interest(evening, alice, charlie, offer, demand):
    as_viewer(charlie)
    both_agree(evening, alice, charlie)
    assert [one.side for one in cases()[0].interests] == [Side.RESULT]


def test_where_neither_may_it_is_a_suggestion(evening, alice, charlie, offer, demand):
    as_viewer(charlie)
    as_viewer(alice)
    both_agree(evening, alice, charlie)
    assert cases()[0].stage is Stage.SUGGESTED
    assert cases()[0].origin is Origin.EVENT


def test_without_a_listing_both_are_told_what_would_help_once(evening, alice, charlie, offer):
    agreed = both_agree(evening, alice, charlie)
    from_tables.open_or_advance([agreed.id])
    assert cases() == []
    assert agreed.introduction_ref is None
    for person in (alice, charlie):
        assert len([one for one in told(person) if "Enter the need or the result" in one]) == 1


def test_a_listing_that_comes_later_is_introduced_then(evening, alice, charlie, offer, company):
    agreed = both_agree(evening, alice, charlie)
    a_listing(company, Kind.NEED)
    from_tables.open_or_advance([agreed.id])
    assert agreed.introduction_ref == cases()[0].ref


def test_an_exclusion_is_stronger_than_a_talk(evening, institute, company, alice, charlie, offer, demand):
    with transaction():
        session.add(Exclusion(listing_id=demand.id, organisation_id=institute.id))
    session.expire_all()
    both_agree(evening, alice, charlie)
    assert cases() == []


def test_who_comes_for_no_organisation_opens_nothing(evening, erin, dana, alice, offer, demand):
    evening.at(evening.edition.starts_at - timedelta(minutes=5))
    attending.register(dana, evening.edition)
    attending.check_in(erin, evening.edition, evening.of(dana).id)
    seat(evening.edition, [evening.of(dana), evening.of(alice)], round=2)
    evening.at(evening.edition.ends_at + timedelta(hours=2))
    both_agree(evening, alice, dana)
    assert cases() == []


def test_listings_of_either_kind_serve(evening, institute, company, alice, charlie):
    need, result = a_listing(institute, Kind.NEED), a_listing(company)
    both_agree(evening, alice, charlie)
    assert (cases()[0].need, cases()[0].result) == (need, result)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_are_told_where_it_goes_on(evening, alice, charlie, offer, demand, language):
    both_agree(evening, alice, charlie)
    ref = cases()[0].ref
    for person, other in ((alice, "Charlie"), (charlie, "Alice")):
        [news] = [one.in_language(language) for one in told(person) if "both see a cooperation" in one]
        assert other in news
        assert ref in news
