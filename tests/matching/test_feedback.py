import pytest
from conftest import a_listing, a_person, an_organisation, join
from indexing import index_listings

from marketplace.db import session
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.listings.models import Kind
from marketplace.matching import feedback, service
from marketplace.matching.models import Reason, Side
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Role


@pytest.fixture
def result(institute):
    return a_listing(institute)


@pytest.fixture
def need(company, result):
    made = a_listing(company, Kind.NEED)
    index_listings()
    return made


def found(actor, listing):
    session.expire_all()
    return [match.listing.id for match in service.best(actor, listing)]


def test_side_that_declines_sees_the_pair_no_more_from_either_listing(need, result, alice, charlie):
    said = feedback.not_relevant(charlie, need, result, "wrong_object", " not this ")
    assert (said.side, said.note) == (Side.NEED, "not this")
    assert found(charlie, need) == [] and found(charlie, result) == []


def test_other_side_goes_on_seeing_it(need, result, alice, charlie):
    feedback.not_relevant(charlie, need, result, "price")
    assert found(alice, result) == [need.id] and found(alice, need) == [result.id]


def test_nobody_else_pushes_what_one_side_declined(need, result, charlie, dana):
    feedback.not_relevant(charlie, result, need, "price")
    assert found(dana, need) == [] and found(None, need) == []


def test_broker_hides_it_from_everybody(need, result, alice, charlie, dana):
    assert feedback.not_relevant(dana, need, result, "wrong_field").side is Side.BROKER
    assert found(alice, result) == [] and found(charlie, need) == [] and found(None, need) == []


def test_said_again_it_replaces_what_was_said(need, result, charlie):
    feedback.not_relevant(charlie, need, result, "price")
    feedback.not_relevant(charlie, need, result, "other", "we know them")
    assert [(one.reason, one.note) for one in feedback.ours(charlie, need)] == [(Reason.OTHER, "we know them")]


def test_taken_back_it_is_shown_again(need, result, charlie, dana):
    feedback.not_relevant(charlie, need, result, "price")
    feedback.relevant_after_all(charlie, need, result)
    assert found(charlie, need) == [result.id] and found(dana, need) == [result.id]


def test_only_one_s_own_judgement_can_be_taken_back(need, result, alice, charlie):
    feedback.not_relevant(charlie, need, result, "price")
    with pytest.raises(NotFound):
        feedback.relevant_after_all(alice, need, result)
    assert found(charlie, need) == []


def test_outsiders_and_viewers_do_not_judge(need, result, company):
    outsider = a_person("eve@elsewhere.example")
    join(outsider, an_organisation("elsewhere", OrganisationKind.COMPANY))
    reader = a_person("ron@company.example")
    join(reader, company, Role.VIEWER)
    for person in (outsider, reader, None):
        with pytest.raises(Forbidden):
            feedback.not_relevant(person, need, result, "price")


def test_two_needs_are_no_match(need, company, charlie):
    with pytest.raises(Invalid):
        feedback.not_relevant(charlie, need, a_listing(company, Kind.NEED), "price")


@pytest.mark.parametrize(("reason", "note", "field"), [("ugly", "", "reason"), ("price", "x" * 501, "note")])
def test_wrong_input_is_named(need, result, charlie, reason, note, field):
    with pytest.raises(Invalid) as problem:
        feedback.not_relevant(charlie, need, result, reason, note)
    assert field in problem.value.fields


def test_what_reads_like_the_declined_scores_less_from_both_sides(need, result, institute, charlie):
    twin = a_listing(institute)
    before = service.score_of(need, twin)
    feedback.not_relevant(charlie, need, result, "wrong_object")
    assert service.score_of(need, twin) == service.score_of(twin, need) < before


def test_price_says_nothing_of_what_reads_alike(need, result, institute, charlie):
    twin = a_listing(institute)
    before = service.score_of(need, twin)
    feedback.not_relevant(charlie, need, result, "price")
    assert service.score_of(need, twin) == before
