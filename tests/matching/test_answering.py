"""An organisation that answers in time is the better partner, a little; one of which nothing is known, neither."""

import pytest
from conftest import a_listing
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from marketplace.db import session, transaction
from marketplace.listings.models import Kind, Listing
from marketplace.matching import answering, service, weights
from marketplace.matching.answering import Answers
from marketplace.matching.models import Answering
from marketplace.phrases import in_language


@pytest.fixture
def pair(institute, company):
    return a_listing(institute), a_listing(company, Kind.NEED)


def score(pair):
    return service.score_of(*pair)


def answers(organisation, asked, answered):
    answering.keep({organisation.id: Answers(asked, answered)})


def told(actor, listing):
    """What reasons say of answering, in the words of both sides."""
    from indexing import index_listings

    index_listings()
    match = service.best(actor, session.get_one(Listing, listing.id))[0]
    return [(in_language(one.here, "en"), in_language(one.there, "en"))
            for one in match.reasons if one.label.en == "Answering"]


def test_new_organisation_is_neither_better_nor_worse(pair, institute):
    before = score(pair)
    answers(institute, 0, 0)
    assert score(pair) == before and answering.of([institute.id]) == {}
    low, high = weights.shipped().facts["answers"]
    assert low == -high != 0, "half, where everybody begins, must weigh nothing"


def test_who_answers_scores_higher_than_who_does_not(pair, institute):
    before = score(pair)
    answers(institute, 10, 10)
    better = score(pair)
    answers(institute, 10, 0)
    assert score(pair) < before < better < before + 5


def test_pair_has_one_score_from_both_sides(pair, institute, company):
    answers(institute, 8, 2)
    answers(company, 5, 5)
    result, need = pair
    assert service.score_of(result, need) == service.score_of(need, result)


def test_one_answer_says_less_than_many():
    assert Answers(0, 0).rate == 0.5 < Answers(1, 1).rate < Answers(9, 9).rate < 1
    assert not Answers(1, 1).are_usual and Answers(4, 3).are_usual and not Answers(9, 3).are_usual


def test_reader_is_told_who_usually_answers(pair, institute, charlie):
    answers(institute, 5, 5)
    assert told(charlie, pair[1]) == [("not enough known", "usually answers within 5 working days")]


def test_of_one_that_does_not_answer_nothing_is_said(pair, institute, charlie):
    answers(institute, 5, 1)
    assert told(charlie, pair[1]) == []


def test_anonymous_organisation_is_not_known_by_how_it_answers(institute, company, charlie):
    a_listing(institute, anonymous=True)
    need = a_listing(company, Kind.NEED)
    answers(institute, 5, 5)
    assert told(charlie, need) == []


def test_more_answers_than_questions_are_refused_by_the_database(institute):
    with pytest.raises(IntegrityError), transaction():
        session.add(Answering(organisation_id=institute.id, asked=1, answered=2, updated_at=institute.created_at))


def test_counts_are_replaced_not_added(institute):
    answers(institute, 3, 1)
    answers(institute, 4, 2)
    assert answering.of([institute.id]) == {institute.id: Answers(4, 2)}
    assert inspect(session.get_one(Answering, institute.id)).persistent
