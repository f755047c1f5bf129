import json

import pytest
from conftest import NEED, RESULT, a_listing, an_organisation
from indexing import EngineThatIsDown, index_listings
from sqlalchemy import event

from marketplace import clock, index
from marketplace.db import session, transaction
from marketplace.listings.models import Exclusion, Grant, Kind, Listing, State
from marketplace.matching import service, weights
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.phrases import in_language


def found(actor, listing, limit=10):
    session.expire_all()
    return [match.listing.id for match in service.best(actor, listing, limit)]


def told(match):
    return json.dumps([[in_language(part, "en") for part in (r.label, r.here, r.there)] for r in match.reasons])


@pytest.fixture
def result(institute):
    return a_listing(institute)


@pytest.fixture
def need(company):
    return a_listing(company, Kind.NEED)


def test_need_finds_the_result_and_the_result_the_need(result, need, alice, charlie):
    index_listings()
    assert found(charlie, need) == [result.id] and found(alice, result) == [need.id]
    assert service.best(charlie, need)[0].score == service.best(alice, result)[0].score


def test_reasons_name_the_words_of_both_sides(result, need, charlie):
    index_listings()
    match = service.best(charlie, need)[0]
    subject = next(r for r in match.reasons if r.label.en == "Title and keywords")
    assert "electrolyte" in str(subject.here) and "electrolyte" in str(subject.there) and subject.weight > 10
    field = next(r for r in match.reasons if r.label.en == "Field")
    assert (field.here.en, field.there.en) == ("New energy", "New energy")
    level = next(r for r in match.reasons if r.label.en == "Readiness level")
    assert (level.here, level.there) == ("5–9", "6")


def test_what_is_missing_is_told_without_points(result, need, charlie):
    index_listings()
    price = next(r for r in service.best(charlie, need)[0].reasons if r.label.en == "Budget and price")
    assert str(price.there) == "not stated" and price.weight == 0 and price.is_unknown


def test_own_organisation_never_matches(institute, alice, result):
    a_listing(institute, Kind.NEED)
    index_listings()
    assert found(alice, result) == []


@pytest.mark.parametrize("excluding", ["result", "need"])
def test_exclusion_on_either_side_keeps_them_apart(result, need, company, institute, dana, excluding):
    one, other = (result, company) if excluding == "result" else (need, institute)
    with transaction():
        session.add(Exclusion(listing_id=one.id, organisation_id=other.id))
    session.expire_all()
    index_listings()
    assert found(dana, need) == [] and found(dana, result) == []
    assert not service.may_meet(result, need)


@pytest.mark.parametrize("state", [s for s in State if s not in (State.PUBLISHED, State.RENEWAL_DUE)])
def test_only_published_counterparts_are_shown(institute, need, dana, alice, state):
    a_listing(institute, state=state)
    index_listings()
    assert found(dana, need) == [] and found(alice, need) == []


def test_draft_is_matched_for_its_owner(institute, need, alice):
    draft = a_listing(institute, state=State.DRAFT)
    index_listings()
    assert found(alice, draft) == [need.id]


def test_stale_index_does_not_bring_back_what_was_withdrawn(result, need, charlie):
    index_listings()
    with transaction():
        session.get(Listing, result.id).state = State.WITHDRAWN
    assert found(charlie, need) == []


def test_visitor_is_told_nothing_of_the_members_text(institute, company):
    secret = {"details": {**RESULT["details"], "how_it_works": "zirconogram", "indicators": "zirconogram"}}
    a_listing(institute, **secret)
    need = a_listing(company, Kind.NEED, details={**NEED["details"], "situation": "zirconogram",
                                                  "targets": "zirconogram"})
    index_listings()
    match = service.best(None, need)[0]
    assert "zirconogram" not in told(match)
    assert {r.label.en for r in match.reasons} <= {
        "Title and keywords", "Summary", "Field", "Region", "Readiness level", "Transfer modes", "Budget and price",
    }


def test_visitor_and_member_get_the_same_score(result, need, charlie):
    index_listings()
    assert service.best(None, need)[0].score == service.best(charlie, need)[0].score


@pytest.mark.parametrize("tier", [2, 3])
def test_confidential_text_is_no_reason_even_for_those_who_may_read_it(institute, company, alice, tier):
    result = a_listing(institute, confidential="zirconogram electrolyte", confidential_tier=tier)
    a_listing(company, Kind.NEED, details={**NEED["details"], "targets": "zirconogram"})
    with transaction():
        session.add(Grant(listing_id=result.id, organisation_id=company.id, tier=3, introduction_ref="I-1",
                          granted_at=clock.now()))
    index_listings()
    assert "zirconogram" not in told(service.best(alice, result)[0])


def test_anonymous_counterpart_is_not_named_in_a_reason(institute, alice):
    hidden = an_organisation("zirconia", OrganisationKind.COMPANY)
    result = a_listing(institute, title="Electrolyte for Zirconia cells")
    a_listing(hidden, Kind.NEED, anonymous=True, title="Zirconia needs electrolyte cells")
    index_listings()
    assert "irconia" not in told(service.best(alice, result)[0])


def test_limit_is_kept_and_the_best_come_first(institute, need, charlie):
    for n in range(6):
        a_listing(institute, title="Electrolyte " + "for cells and plants and more " * n)
    index_listings()
    scores = [match.score for match in service.best(charlie, need, 4)]
    assert len(scores) == 4 and scores == sorted(scores, reverse=True)


def test_engine_down_still_gives_the_field(result, need, charlie):
    index.bind(EngineThatIsDown())
    assert found(charlie, need) == [result.id]


def test_forty_candidates_take_as_many_queries_as_two(institute, need, charlie, database):
    def queries():
        session.expire_all()
        charlie.memberships, need.exclusions, need.grants, need.translations, need.organisation  # noqa: B018
        weights.current()  # is read again every few seconds
        statements = []
        listen = lambda *arguments: statements.append(arguments[2])  # noqa: E731
        event.listen(database, "before_cursor_execute", listen)
        service.best(charlie, need)
        event.remove(database, "before_cursor_execute", listen)
        return len(statements)

    for _ in range(2):
        a_listing(institute)
    index_listings()
    few = queries()
    for _ in range(38):
        a_listing(institute)
    index_listings()
    assert queries() == few <= 6


def test_character_left_over_from_cutting_a_text_is_no_reason(institute, company, charlie):
    need = a_listing(company, Kind.NEED, title="钎焊率也到九成", keywords=["钎焊"], language="zh")
    a_listing(institute, title="焊率也到九成的钎焊", keywords=["钎焊"], language="zh")
    index_listings()
    match = service.best(charlie, need)[0]
    words = {word for one in match.reasons for word in str(in_language(one.here, "zh")).split("、")}
    assert "钎焊" in words and not words & set("率也到")
