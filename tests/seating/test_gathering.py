"""What a seating is made from."""

import pytest
from conftest import a_listing, an_organisation
from events.planned import an_edition
from seating.seated import HYDROGEN, a_match, come, crowd, here, seat_all, somebody

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.events import attending
from marketplace.listings.models import Exclusion, Kind, Listing, State
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.seating import gathering, service
from marketplace.seating.models import SeatingFit
from marketplace.surveys.models import Answer, AnswerListing, QuestionSet, Survey, SurveyOf
from marketplace.surveys.wishes import Wishes

pytest_plugins = ["seating.seating_cast"]


def gathered(edition, **how):
    return gathering.gather(edition, attending.placed(edition), (8, 8), **how)


def test_hosts_and_brokers_lead(friday, charlie, dana, alice):
    come(friday, charlie, dana, alice)
    assert [guest.leads for guest in gathered(friday).guests] == [True, True, False]


def test_wishes_of_the_survey_are_known_without_ones_own_organisation(friday, monkeypatch):
    one, two, three = crowd(friday, 3)
    said = {one.user_id: Wishes(meet=frozenset({one.organisation_id, two.organisation_id}),
                                avoid=frozenset({three.organisation_id}))}
    monkeypatch.setattr(gathering, "wishes", lambda _: said)
    guest = gathered(friday).guests[0]
    assert guest.wants == {two.organisation_id} and guest.avoids == {three.organisation_id}


@pytest.mark.parametrize(("state", "counts"), [(State.PUBLISHED, True), (State.DRAFT, True), (State.WITHDRAWN, False)])
def test_exclusion_of_a_live_listing_keeps_apart(friday, state, counts):
    one, two = crowd(friday, 2)
    listing = a_listing(one.organisation, Kind.NEED, state)
    with transaction():
        session.add(Exclusion(listing_id=listing.id, organisation_id=two.organisation_id))
    first, second = gathered(friday).guests
    assert (two.organisation_id in first.avoids) is counts and not second.avoids


def test_nobody_is_a_counterpart_of_their_own(friday):
    """They come for the one organisation and made a draft for the other, of their answer to the survey."""
    one, _ = a_match(friday)
    with transaction():
        listing = session.query(Listing).filter_by(organisation_id=one.organisation_id).one()
        others = session.query(Listing).filter_by(kind=Kind.RESULT).one()
    said = {one.user_id: Wishes(listing_ids=(listing.id, others.id))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering, "wishes", lambda _: said)
        gathering.score(friday, attending.placed(friday)[:1])
    assert session.query(SeatingFit).count() == 0


def test_score_is_that_of_matching_and_between_people_who_stand_for_the_listings(friday):
    one, other = a_match(friday)
    crowd(friday, 4)
    assert gathering.score(friday, attending.placed(friday)) == 1
    from marketplace.matching import service as matching
    need = session.query(Listing).filter_by(organisation_id=one.organisation_id).one()
    result = session.query(Listing).filter_by(organisation_id=other.organisation_id).one()
    [(key, pair)] = gathered(friday).pairs.items()
    assert key == tuple(sorted((one.id, other.id)))
    assert (pair.need, pair.result, pair.fit) == (need.ref, result.ref, matching.score_of(need, result))


def test_author_stands_for_a_listing_rather_than_the_colleagues(friday):
    one, other = a_match(friday)
    colleague = come(friday, somebody("Zed", other.organisation))[0]
    from marketplace.listings.models import Listing
    with transaction():
        session.query(Listing).filter_by(organisation_id=other.organisation_id).one().contact_id = colleague.user_id
    gathering.score(friday, attending.placed(friday))
    assert list(gathered(friday).pairs) == [tuple(sorted((one.id, colleague.id)))]


def test_draft_made_of_an_answer_counts_for_who_answered(friday):
    one, other = crowd(friday, 2)
    draft = a_listing(one.organisation, Kind.NEED, State.DRAFT)
    a_listing(other.organisation, Kind.RESULT)
    assert gathering.score(friday, attending.placed(friday)) == 0
    now = clock.now()
    with transaction():
        survey = Survey(kind=SurveyOf.EVENT, title_zh="会前问卷", created_at=now, changed_at=now)
        session.add(survey)
        session.flush()
        session.add(QuestionSet(survey_id=survey.id, number=1, questions=[], created_at=now))
        answer = Answer(survey_id=survey.id, user_id=one.user_id, organisation_id=one.organisation_id, number=1,
                        content={}, answered_at=now, changed_at=now)
        session.add(answer)
        session.flush()
        session.add(AnswerListing(answer_id=answer.id, role="need", listing_id=draft.id))
        friday.survey_id = survey.id
    assert gathering.score(friday, attending.placed(friday)) == 1
    [pair] = gathered(friday).pairs.values()
    assert pair.need == draft.ref


def test_pairs_that_do_not_fit_are_not_kept(friday):
    one, _ = a_match(friday)
    third = an_organisation("gas", OrganisationKind.INSTITUTE)
    a_listing(third, Kind.RESULT, **HYDROGEN)
    come(friday, somebody("Gao", third))
    gathering.score(friday, attending.placed(friday))
    best = session.query(SeatingFit).order_by(SeatingFit.fit.desc()).first()
    assert one.id in (best.one_id, best.other_id) and best.fit > 60


def test_who_met_counts_published_tables_of_those_who_came(erin, friday):
    people = crowd(friday, 4)
    seat_all(erin, friday)
    later = an_edition(erin, friday.series, days=7)
    come(later, *(one.user for one in people))
    assert not gathered(later).met
    service.publish(erin, friday)
    assert set(gathered(later).met.values()) == {1} and len(gathered(later).met) == 6
    here(people[:3])
    assert len(gathered(later).met) == 3
    assert not gathered(friday).met


def test_another_series_is_another_memory(erin, friday):
    from marketplace.events import service as events
    people = crowd(friday, 4)
    seat_all(erin, friday)
    service.publish(erin, friday)
    other = events.create_series(erin, {"slug": "breakfast", "title_zh": "早餐会", "organisation": "company"})
    elsewhere = an_edition(erin, other, days=7)
    come(elsewhere, *(one.user for one in people))
    assert not gathered(elsewhere).met


def test_many_people_take_no_more_queries_than_few(friday, count_queries):
    a_match(friday)
    crowd(friday, 2)

    def asked():
        session.expire_all()
        with count_queries() as queries:
            people = attending.placed(friday)
            gathering.score(friday, people)
            gathering.gather(friday, people, (8,) * 4)
        return queries.count

    asked()
    few = asked()
    for one in crowd(friday, 12, OrganisationKind.INSTITUTE):
        a_listing(one.organisation, Kind.RESULT)
        a_listing(one.organisation, Kind.NEED)
    assert asked() <= few + 1
