import json

import pytest
from conftest import a_listing, an_organisation
from sqlalchemy import event

from marketplace import index, outbox
from marketplace.db import session, transaction
from marketplace.listings import documents
from marketplace.listings.models import Exclusion, Grant, Kind, ListingTranslation, State
from marketplace.organisations.models import Kind as OrganisationKind
from search import Query


def document(listing):
    session.expire_all()
    show, forget = documents.build([listing.id])
    assert forget == []
    return show[0]


def words_in(document, attributes):
    return json.dumps([document.get(name) for name in attributes], ensure_ascii=False)


def test_confidential_text_is_never_in_the_index(institute):
    listing = a_listing(institute, confidential="The salt is LiXYZ-7", confidential_tier=3)
    assert "LiXYZ-7" not in words_in(document(listing), document(listing))


def test_member_text_is_in_body_only(institute):
    made = document(a_listing(institute))
    assert "fluorinated phosphate" in words_in(made, ["body"])
    assert "fluorinated phosphate" not in words_in(made, set(made) - {"body"})


def test_public_text_carries_every_translation(institute):
    listing = a_listing(institute)
    with transaction():
        session.add(ListingTranslation(listing_id=listing.id, language="zh", title="阻燃电解液", summary="不会燃烧",
                                       keywords=["锂电池"]))
    public = words_in(document(listing), documents.PUBLIC)
    assert all(text in public for text in ("阻燃电解液", "不会燃烧", "锂电池", "Flame-retardant", "does not burn"))


def test_anonymous_listing_names_nobody(company):
    need = a_listing(company, Kind.NEED, anonymous=True)
    made = document(need)
    assert made["organisation"] is None and made["organisation_slug"] is None
    assert company.slug not in json.dumps({name: value for name, value in made.items() if name != "organisation_kind"})


def test_name_within_an_anonymous_text_cannot_be_searched(company):
    need = a_listing(company, Kind.NEED, anonymous=True, summary="Company needs it, see www.company.example")
    made = document(need)
    assert "Company" not in words_in(made, documents.PUBLIC) and "www" not in words_in(made, documents.PUBLIC)


def test_patent_numbers_of_an_anonymous_result_are_not_searchable(institute):
    details = {"ip": [{"type": "invention", "number": "ZL202410000001.2", "status": "granted"}]}
    assert "ZL2024" in words_in(document(a_listing(institute, details=details)), ["body"])
    assert "ZL2024" not in words_in(document(a_listing(institute, details=details, anonymous=True)), ["body"])


def test_province_finds_its_cities(institute):
    assert document(a_listing(institute, region="440305"))["region"] == ["CN", "440000", "440300", "440305"]


def test_listing_from_abroad_lies_in_its_country_alone(institute):
    assert document(a_listing(institute, region="SG"))["region"] == ["SG"]


def test_readiness_of_a_need_is_the_range_it_accepts(institute, company):
    result, need = document(a_listing(institute)), document(a_listing(company, Kind.NEED, trl_min=5, trl_max=None))
    assert (result["trl_low"], result["trl_high"], result["trl"]) == (6, 6, ["6", "4-6"])
    assert (need["trl_low"], need["trl_high"], need["trl"]) == (5, 9, [*"56789", "4-6", "7-9"])


@pytest.mark.parametrize(("price", "expected"), [
    ({"price_kind": "negotiable"}, None),
    ({"price_kind": "indicative", "price_amount": 800_000, "price_currency": "CNY"}, (800_000, 800_000)),
    ({"price_kind": "floor", "price_amount": 1_000, "price_currency": "USD"}, (7_100, 1e15)),
])
def test_price_is_kept_in_yuan(institute, price, expected):
    made = document(a_listing(institute, **price))
    assert (made.get("price_low"), made.get("price_high")) == (expected or (None, None))


@pytest.mark.parametrize(("price", "expected"), [
    ({"price_kind": "negotiable"}, "unstated"),
    ({"price_kind": "indicative", "price_amount": 100_000, "price_currency": "CNY"}, "up_to_100k"),
    ({"price_kind": "floor", "price_amount": 100_000, "price_currency": "USD"}, "500k_to_1m"),
    ({"price_kind": "indicative", "price_amount": 90_000_000, "price_currency": "CNY"}, "over_10m"),
])
def test_asking_price_lies_in_a_step_of_budgets(institute, price, expected):
    assert document(a_listing(institute, **price))["price_band"] == expected


@pytest.mark.parametrize(("band", "expected"), [("1m_to_5m", "1m_to_5m"), ("hidden", "unstated")])
def test_budget_is_its_own_step_unless_it_is_hidden(company, band, expected):
    assert document(a_listing(company, Kind.NEED, budget_band=band))["price_band"] == expected


def test_audience_follows_state_exclusions_and_grants(institute, company):
    other = an_organisation("other", OrganisationKind.COMPANY)
    listing = a_listing(institute, state=State.PAUSED)
    with transaction():
        session.add(Exclusion(listing_id=listing.id, organisation_id=company.id))
        session.add(Grant(listing_id=listing.id, organisation_id=other.id, tier=2, introduction_ref="I-1",
                          granted_at=listing.created_at))
    made = document(listing)
    assert set(made["audience"]) == {"reviewers", f"organisation:{institute.id}", f"organisation:{other.id}"}
    assert made["excluded"] == [f"organisation:{company.id}"]


def test_vanished_listing_is_forgotten(institute):
    listing = a_listing(institute)
    assert documents.build([listing.id, 987_654])[1] == [987_654]


def test_building_takes_as_many_queries_for_fifty_as_for_two(institute, database):
    ids = [a_listing(institute).id for _ in range(50)]
    session.expire_all()

    def queries(ids):
        statements = []
        listen = lambda *arguments: statements.append(arguments[2])  # noqa: E731
        event.listen(database, "before_cursor_execute", listen)
        documents.build(ids)
        event.remove(database, "before_cursor_execute", listen)
        return len(statements)

    assert queries(ids[:2]) == queries(ids)


def test_renamed_organisation_is_found_by_its_new_name(institute, engine):
    listing_id = a_listing(institute).id
    with transaction():
        institute.name = "Silkworm Academy"
        outbox.publish("organisation.changed", institute.id)
    while outbox.drain():
        pass
    assert [hit.id for hit in engine.search("listings", Query("silkworm")).hits] == [listing_id]


def test_rebuilt_index_agrees_with_the_database(institute, company):
    for state in State:
        a_listing(institute, state=state)
    a_listing(company, Kind.NEED)
    assert index.rebuild(documents.LISTINGS) == len(State) + 1
    assert index.check(documents.LISTINGS) == (set(), set())
