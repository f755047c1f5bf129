"""Needs and results of those who meet in one room."""

from conftest import a_listing, an_organisation
from sqlalchemy import select

from marketplace.db import session, transaction
from marketplace.listings.models import Exclusion, Kind, Listing
from marketplace.matching import feedback, service
from marketplace.matching.crossing import crossed
from marketplace.organisations.models import Kind as OrganisationKind

OTHER = {"title": "Glue for wet wood", "summary": "An adhesive that sets under water.", "keywords": ["adhesive"]}


def test_scores_are_those_of_matching_the_best_first(company, institute):
    need = a_listing(company, Kind.NEED)
    results = [a_listing(institute), a_listing(institute, **OTHER)]
    found = crossed([need], results)
    assert [(one.result.id, one.score) for one in found] == sorted(
        ((one.id, service.score_of(need, one)) for one in results if service.score_of(need, one) >= service.LEAST),
        key=lambda pair: -pair[1])
    assert found[0].result is results[0]


def test_only_the_nearest_are_scored_and_the_best_is_among_them(company, institute):
    need = a_listing(company, Kind.NEED)
    for number in range(12):
        a_listing(institute, **OTHER | {"title": f"Glue number {number}"})
    best = a_listing(institute)
    results = session.query(type(best)).filter_by(kind=Kind.RESULT).all()
    assert crossed([need], results, of_each=1)[0].result is best


def test_pairs_that_may_not_meet_are_left_out(company, institute):
    need, own = a_listing(company, Kind.NEED), a_listing(company)
    hidden, refused = a_listing(institute), a_listing(institute)
    with transaction():
        session.add(Exclusion(listing_id=hidden.id, organisation_id=company.id))
    session.refresh(hidden)
    assert [one.result for one in crossed([need], [own, hidden, refused])] == [refused]


def test_pair_that_somebody_called_not_relevant_is_left_out(company, institute, charlie):
    need, result = a_listing(company, Kind.NEED), a_listing(institute)
    feedback.not_relevant(charlie, need, result, "too_early")
    assert crossed([need], [result]) == []


def test_nothing_to_compare_compares_nothing(company):
    assert crossed([], []) == [] and crossed([a_listing(company, Kind.NEED)], []) == []


def test_queries_do_not_grow_with_the_room(company, institute, count_queries):
    def asked(number):
        others = [an_organisation(f"lab-{number}-{n}", OrganisationKind.INSTITUTE) for n in range(number)]
        made = [*(a_listing(company, Kind.NEED) for _ in others), *(a_listing(one) for one in others)]
        numbers = [one.id for one in made]
        session.expunge_all()  # as a worker reads them: nothing is at hand from before
        read = session.scalars(select(Listing).where(Listing.id.in_(numbers))).all()
        needs, results = ([one for one in read if one.kind is kind] for kind in (Kind.NEED, Kind.RESULT))
        with count_queries() as queries:
            crossed(needs, results)
        return queries.count

    asked(1)
    assert asked(2) == asked(9)
