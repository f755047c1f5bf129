"""What two people of one table say of their talk, and what follows where both say the same."""

from datetime import timedelta

import pytest
from ratings.seats import seat
from sqlalchemy import select, update

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.events import attending
from marketplace.outbox import Entry
from marketplace.ratings import following, service
from marketplace.ratings.models import Later, Mutual, Rating, Verdict
from marketplace.ratings.service import Said
from marketplace.seating.models import PlanState, SeatingPlan, TalkDay
from marketplace.seating.models import Talk as TalkOfTwo

pytest_plugins = ["ratings.at_tables"]
POSSIBLE, INFORMATIVE, NOT_HELD = Said(Verdict.POSSIBLE), Said(Verdict.INFORMATIVE), Said(Verdict.NOT_HELD)


def rate(evening, person, other, said):
    return service.rate(evening.of(person), evening.edition, {evening.of(other).id: said})


def mutuals():
    return session.scalars(select(Mutual)).all()


def told():
    return session.scalars(select(Entry.subject_id).where(Entry.topic == "rating.mutual")).all()


def test_everybody_of_the_table_who_came_is_asked_about_but_no_colleague(evening, alice, charlie, grace):
    asked = service.asked(evening.of(alice), evening.edition)
    assert [one.other.user for one in asked] == [charlie, grace]
    assert [one.talk.table_number for one in asked] == [1, 1]
    assert asked[0].talk.met_at == evening.edition.starts_at


def test_who_did_not_come_has_nothing_to_rate_and_is_rated_by_nobody(evening, bob, charlie):
    assert service.asked(evening.of(bob), evening.edition) == []
    with pytest.raises(Invalid):
        rate(evening, charlie, bob, POSSIBLE)


def test_a_guest_who_left_early_is_rated_all_the_same(evening, erin, alice, charlie):
    with transaction():
        evening.of(charlie).left_at = evening.edition.starts_at + timedelta(minutes=30)
    assert charlie in [one.other.user for one in service.asked(evening.of(alice), evening.edition)]


def test_both_see_a_cooperation(evening, alice, charlie):
    rate(evening, alice, charlie, POSSIBLE)
    assert mutuals() == []
    rate(evening, charlie, alice, POSSIBLE)
    [agreed] = mutuals()
    assert {agreed.one.user, agreed.other.user} == {alice, charlie}
    assert agreed.effective_at == evening.edition.starts_at
    assert told() == [agreed.id]


@pytest.mark.parametrize("answer", [INFORMATIVE, NOT_HELD])
def test_one_alone_opens_nothing(evening, alice, charlie, answer):
    rate(evening, alice, charlie, POSSIBLE)
    rate(evening, charlie, alice, answer)
    assert mutuals() == []


def test_answered_twice_is_one_answer_and_one_agreement(evening, alice, charlie):
    assert rate(evening, alice, charlie, NOT_HELD) == 1
    assert rate(evening, alice, charlie, Said(Verdict.POSSIBLE, "A trial")) == 1
    assert rate(evening, alice, charlie, Said(Verdict.POSSIBLE, "A trial")) == 0
    rate(evening, charlie, alice, POSSIBLE)
    rate(evening, charlie, alice, INFORMATIVE)
    rate(evening, charlie, alice, POSSIBLE)
    assert len(session.scalars(select(Rating)).all()) == 2
    assert len(mutuals()) == 1
    assert len(told()) == 1


def test_what_one_wrote_is_read_by_the_other_only_once_both_agree(evening, alice, charlie):
    rate(evening, alice, charlie, Said(Verdict.POSSIBLE, "A pilot line"))
    of_charlie = {one.other.user: one for one in service.asked(evening.of(charlie), evening.edition)}
    assert of_charlie[alice].words is None
    rate(evening, charlie, alice, POSSIBLE)
    of_charlie = {one.other.user: one for one in service.asked(evening.of(charlie), evening.edition)}
    assert of_charlie[alice].words == "A pilot line"
    rate(evening, alice, charlie, Said(Verdict.INFORMATIVE, "They will never pay"))
    of_charlie = {one.other.user: one for one in service.asked(evening.of(charlie), evening.edition)}
    assert of_charlie[alice].words is None


def test_what_the_other_says_meanwhile_is_seen_by_who_has_the_page_open(evening, alice, charlie):
    rate(evening, charlie, alice, INFORMATIVE)
    seen = session.scalars(select(Rating)).one()  # as the page that is open has it
    change = update(Rating).where(Rating.id == seen.id).values(verdict=Verdict.POSSIBLE)
    with transaction():
        session.execute(change.execution_options(synchronize_session=False))
    rate(evening, alice, charlie, POSSIBLE)
    assert len(mutuals()) == 1


def test_nobody_rates_whom_they_did_not_sit_with(evening, erin, alice, charlie, grace):
    [plan] = session.scalars(select(SeatingPlan)).all()
    with transaction():
        session.delete(plan)
    seat(evening.edition, [evening.of(alice), evening.of(grace)], [evening.of(charlie)])
    with pytest.raises(Invalid, match="did not sit at one table"):
        rate(evening, alice, charlie, POSSIBLE)


def test_nothing_is_rated_before_the_event(evening, alice, charlie):
    evening.at(evening.edition.starts_at - timedelta(minutes=1))
    with pytest.raises(Conflict):
        rate(evening, alice, charlie, POSSIBLE)


def test_a_note_has_an_end(evening, alice, charlie):
    with pytest.raises(Invalid) as refused:
        rate(evening, alice, charlie, Said(Verdict.POSSIBLE, "x" * 1001))
    assert list(refused.value.fields) == [f"note-{evening.of(charlie).id}"]


def test_only_who_has_a_place_rates(evening, dana, erin):
    for person in (dana, erin, None):
        with pytest.raises(NotFound):
            service.mine(person, evening.edition)


def test_a_small_gathering_without_a_seating_sat_at_one_table(evening, alice, charlie, grace):
    with transaction():
        session.delete(session.scalars(select(SeatingPlan)).one())
    assert [one.other.user for one in service.asked(evening.of(alice), evening.edition)] == [charlie, grace]
    assert service.asked(evening.of(alice), evening.edition)[0].talk.table_number is None


def test_a_seating_that_was_not_published_seats_nobody(evening, alice):
    plan = session.scalars(select(SeatingPlan)).one()
    with transaction():
        plan.state = PlanState.DRAFT
    assert all(one.talk.table_number is None for one in service.asked(evening.of(alice), evening.edition))


def test_rounds_share_the_time_and_two_who_met_twice_rate_once(evening, alice, charlie, grace):
    seat(evening.edition, [evening.of(alice), evening.of(charlie)], [evening.of(grace)], round=2)
    first = session.scalars(select(SeatingPlan).where(SeatingPlan.round == 1)).one()
    for one in first.seats:
        if one.registration.user_id == charlie.id:
            with transaction():
                session.delete(one)
    session.expire_all()
    asked = {one.other.user: one.talk for one in service.asked(evening.of(alice), evening.edition)}
    half = (evening.edition.ends_at - evening.edition.starts_at) / 2
    assert asked[grace].met_at == evening.edition.starts_at
    assert asked[charlie].met_at == evening.edition.starts_at + half


@pytest.mark.parametrize("published", [True, False])
def test_a_talk_of_two_is_rated_like_a_table(evening, alice, grace, charlie, published):
    plan = session.scalars(select(SeatingPlan)).one()
    one, other = sorted([evening.of(alice).id, evening.of(grace).id])
    with transaction():
        session.delete(plan)
        session.add(TalkDay(edition_id=evening.edition.id, after=30, slots=3, minutes=20, places=5,
                            published_at=clock.now() if published else None))
        session.add(TalkOfTwo(edition_id=evening.edition.id, slot=1, place=1, one_id=one, other_id=other))
    asked = service.asked(evening.of(alice), evening.edition)
    if published:
        assert [row.other.user for row in asked] == [grace]
        assert asked[0].talk.met_at == evening.edition.starts_at + timedelta(minutes=50)
    else:
        assert [row.other.user for row in asked] == [charlie, grace]  # one table


def test_half_a_year_on_people_say_what_became_of_it(evening, alice, charlie, grace):
    rate(evening, alice, charlie, INFORMATIVE)
    rate(evening, alice, grace, NOT_HELD)
    rate(evening, charlie, alice, POSSIBLE)
    assert service.asked_again(evening.of(alice), evening.edition) == []
    evening.at(evening.edition.ends_at + timedelta(days=190))
    assert [one.other.user for one in service.asked_again(evening.of(alice), evening.edition)] == [charlie]
    service.rate_again(evening.of(alice), evening.edition, {evening.of(charlie).id: Later.TALKING})
    [agreed] = mutuals()
    assert agreed.effective_at == clock.now()  # at the table they did not agree


def test_what_did_not_take_place_is_not_asked_again(evening, alice, charlie):
    rate(evening, alice, charlie, NOT_HELD)
    evening.at(evening.edition.ends_at + timedelta(days=190))
    with pytest.raises(Invalid):
        service.rate_again(evening.of(alice), evening.edition, {evening.of(charlie).id: Later.AGREED})


def test_a_link_acts_for_its_person_and_for_two_months(evening, alice):
    link = service.token(evening.of(alice))
    assert service.bearer(link) is evening.of(alice)
    evening.at(evening.edition.ends_at + timedelta(days=62))
    for stale in (link, "forged", service.token(evening.of(alice))[:-2]):
        with pytest.raises(NotFound):
            service.bearer(stale)


def test_who_has_left_the_marketplace_has_no_link(evening, alice):
    with transaction():
        alice.disabled_at = clock.now()
    with pytest.raises(NotFound):
        service.bearer(service.token(evening.of(alice)))


def test_an_agreement_without_a_case_is_looked_at_again_for_a_while(evening, alice, charlie):
    rate(evening, alice, charlie, POSSIBLE)
    rate(evening, charlie, alice, POSSIBLE)
    assert following.look_again() == 1
    evening.at(clock.now() + timedelta(days=91))
    assert following.look_again() == 0


def test_a_place_given_back_is_no_place(evening, erin, dana, alice):
    evening.at(evening.edition.starts_at - timedelta(hours=1))
    attending.register(dana, evening.edition)
    attending.cancel(dana, evening.edition)
    with pytest.raises(NotFound):
        service.mine(dana, evening.edition)
