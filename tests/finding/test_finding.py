from datetime import timedelta

import pytest
from conftest import NEED, a_listing, a_person, an_organisation, join
from indexing import EngineThatIsDown, index_listings
from sqlalchemy import event

from marketplace import clock, index
from marketplace.db import session, transaction
from marketplace.finding import service as finding
from marketplace.finding.criteria import Criteria
from marketplace.finding.suggesting import suggest
from marketplace.listings.models import Exclusion, Grant, Kind, Listing, ListingTranslation, State
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import State as OrganisationState


def refs(actor, q="", **criteria):
    return [row.ref for row in finding.find(actor, Criteria(q=q, **criteria)).rows]


def marked(quote):
    return [text for text, found in quote if found]


def group(found, name):
    return {choice.value: choice for g in found.groups if g.name == name for choice, _ in g.every()}


def values(choices):
    return [choice.value for choice in choices]


def test_visitor_finds_a_published_result_by_its_title(institute):
    result = a_listing(institute)
    index_listings()
    found = finding.find(None, Criteria(q="electrolyte"), "en")
    assert [row.ref for row in found.rows] == [result.ref]
    assert marked(found.rows[0].title) == ["electrolyte"]
    assert found.rows[0].plain_title == result.title
    assert (found.total, found.engine, found.degraded) == (1, "embedded", False)


def test_visitor_cannot_probe_what_only_members_may_read(institute, charlie):
    result = a_listing(institute)
    index_listings()
    assert refs(None, "fluorinated phosphate") == []
    assert refs(charlie, "fluorinated phosphate") == [result.ref]
    found = finding.find(charlie, Criteria(q="phosphate"), "en").rows[0]
    assert marked(found.why) == ["phosphate"] and found.why_from.en == "How it works"


def test_visitor_is_quoted_nothing_of_the_members_text(institute):
    a_listing(institute, summary="Safe.", title="Phosphate", keywords=["x"])
    index_listings()
    found = finding.find(None, Criteria(q="phosphate"), "en").rows[0]
    assert "".join(text for text, _ in found.why) == "Safe."


def test_member_of_an_unverified_organisation_searches_as_a_visitor(institute):
    a_listing(institute)
    newcomer = a_person("new@pending.example")
    join(newcomer, an_organisation("pending", OrganisationKind.COMPANY, OrganisationState.PENDING))
    index_listings()
    assert refs(newcomer, "fluorinated") == []


@pytest.mark.parametrize("who", ["charlie", "dana", "visitor"])
def test_nobody_finds_confidential_text(request, institute, who):
    a_listing(institute, confidential="zirconogram")
    index_listings()
    assert refs(None if who == "visitor" else request.getfixturevalue(who), "zirconogram") == []


def test_anonymous_need_cannot_be_traced_to_its_organisation(company, institute, alice):
    need = a_listing(company, Kind.NEED, anonymous=True, title="A company seeks safe electrolyte")
    index_listings()
    for reader in (None, alice):
        assert refs(reader, organisation="company") == []
        assert refs(reader, "company") == []
        row = finding.find(reader, Criteria(q="electrolyte"), "en").rows[0]
        assert row.ref == need.ref and row.organisation is None and row.organisation_slug is None
        assert "company" not in row.plain_title
        assert all("ompany" not in one.text for one in suggest(reader, "comp"))


def test_party_let_in_by_an_introduction_sees_who_it_is(company, institute, alice):
    need = a_listing(company, Kind.NEED, anonymous=True)
    with transaction():
        session.add(Grant(listing_id=need.id, organisation_id=institute.id, tier=2, introduction_ref="I-2026-000001",
                          granted_at=clock.now()))
    index_listings()
    assert finding.find(alice, Criteria(q="electrolyte"), "en").rows[0].organisation.en == "Company"


def test_excluded_organisation_does_not_find_it(institute, company, charlie, alice):
    result = a_listing(institute)
    with transaction():
        session.add(Exclusion(listing_id=result.id, organisation_id=company.id))
    session.expire_all()
    index_listings()
    assert refs(charlie) == [] and refs(alice) == [result.ref] and refs(None) == [result.ref]


def test_draft_is_found_by_its_own_organisation_only(institute, alice, charlie, dana):
    draft = a_listing(institute, state=State.DRAFT)
    index_listings()
    assert refs(alice, "electrolyte") == [draft.ref]
    assert refs(charlie, "electrolyte") == refs(dana, "electrolyte") == refs(None, "electrolyte") == []


def test_stale_index_hides_but_never_leaks(institute, charlie):
    result = a_listing(institute)
    index_listings()
    with transaction():
        session.get(Listing, result.id).state = State.WITHDRAWN
    assert refs(charlie, "electrolyte") == []
    assert suggest(charlie, "flame") == []


def test_suggestion_that_the_listing_no_longer_says_is_withheld(institute):
    result = a_listing(institute)
    index_listings()
    assert suggest(None, "flame")[0].ref == result.ref
    with transaction():
        session.get(Listing, result.id).title = "Another title"
    assert suggest(None, "flame") == []


def test_reader_gets_the_title_in_their_language(institute):
    result = a_listing(institute)
    with transaction():
        session.add(ListingTranslation(listing_id=result.id, language="zh", title="储能阻燃电解液", summary="不会燃烧"))
    index_listings()
    found = finding.find(None, Criteria(q="电解液"), "zh").rows[0]
    assert found.plain_title == "储能阻燃电解液" and marked(found.title) == ["电解液"]
    assert finding.find(None, Criteria(q="电解液"), "en").rows[0].plain_title == result.title


@pytest.mark.parametrize(("criteria", "expected"), [
    ({"kind": ("need",)}, ["need"]),
    ({"field": ("biology",)}, []),
    ({"subtype": ("technology",)}, ["result"]),
    ({"region": ("440000",)}, ["result", "need"]),
    ({"region": ("110000",)}, []),
    ({"region": ("CN",)}, ["result", "need"]),
    ({"region": ("SG",)}, []),
    ({"region": ("440000", "440100")}, []),
    ({"trl": ("7-9",)}, ["need"]),
    ({"trl": ("5",)}, ["need"]),
    ({"trl": ("6",)}, ["result", "need"]),
    ({"trl": ("1-3", "6")}, ["result", "need"]),
    ({"trl": ("4-6", "5")}, ["need"]),
    ({"price_band": ("unstated",)}, ["result"]),
    ({"price_band": ("1m_to_5m", "over_10m")}, ["need"]),
    ({"mode": ("development",)}, ["result"]),
    ({"organisation_kind": ("company",)}, ["need"]),
    ({"organisation": "institute"}, ["result"]),
    ({"price_min": 2_000_000}, ["need"]),
    ({"price_max": 500_000}, []),
    ({"days": 7}, ["result", "need"]),
])
def test_filters_narrow_alike_with_the_index_and_without(institute, company, criteria, expected, engine):
    listings = {"result": a_listing(institute).ref, "need": a_listing(company, Kind.NEED).ref}
    index_listings()
    assert set(refs(None, **criteria)) == {listings[name] for name in expected}
    if not any(name.startswith("price") for name in criteria):
        index.bind(EngineThatIsDown())
        assert set(refs(None, **criteria)) == {listings[name] for name in expected}


def test_counts_of_a_group_ignore_what_is_chosen_in_it(institute, company):
    a_listing(institute), a_listing(institute, field="biology"), a_listing(company, Kind.NEED, field="biology")
    index_listings()
    found = finding.find(None, Criteria(field=("biology",)))
    counts = {value: choice.count for value, choice in group(found, "field").items()}
    assert counts == {"biology": 2, "new_energy": 1} and group(found, "field")["biology"].chosen
    assert group(found, "kind")["need"].count == 1 and group(found, "kind")["need"].label.zh == "需求"


def test_chosen_choice_without_results_is_kept(institute):
    a_listing(institute)
    index_listings()
    assert group(finding.find(None, Criteria(q="nothingatall", field=("biology",))), "field")["biology"].count == 0


def test_cities_open_beneath_the_chosen_province(institute):
    a_listing(institute, region="440305")
    index_listings()
    closed = group(finding.find(None, Criteria()), "region")
    assert list(closed) == ["CN", "440000", "440300"]
    assert closed["CN"].is_open and not closed["440000"].is_open
    opened = group(finding.find(None, Criteria(region=("440300",))), "region")
    assert list(opened) == ["CN", "440000", "440300", "440305"] and opened["440000"].is_open


def test_every_level_of_the_tree_has_its_count(institute):
    a_listing(institute, region="440305"), a_listing(institute, region="440100"), a_listing(institute, region="SG")
    index_listings()
    counts = {value: choice.count for value, choice in group(finding.find(None, Criteria()), "region").items()}
    assert counts == {"CN": 2, "440000": 2, "440100": 1, "440300": 1, "SG": 1}


def test_what_lies_in_a_choice_says_more_than_the_choice(institute):
    shenzhen = a_listing(institute, region="440300").ref
    a_listing(institute, region="440100")
    index_listings()
    assert refs(None, region=("440000", "440300")) == [shenzhen]


def test_industries_lie_in_their_section(institute):
    a_listing(institute, industry="C38"), a_listing(institute, industry="C39")
    index_listings()
    counted = group(finding.find(None, Criteria()), "industry")
    assert {value: choice.count for value, choice in counted.items()} == {"C": 2, "C38": 1, "C39": 1}
    assert values(counted["C"].children) == ["C38", "C39"]


def test_stage_counts_a_need_once_however_many_of_its_levels_it_accepts(institute, company):
    a_listing(institute, trl=4), a_listing(company, Kind.NEED, trl_min=5, trl_max=9)
    index_listings()
    counted = group(finding.find(None, Criteria(trl=("7-9",))), "trl")
    assert {value: choice.count for value, choice in counted.items()} == {
        "4-6": 2, "4": 1, "5": 1, "6": 1, "7-9": 1, "7": 1, "8": 1, "9": 1,
    }
    assert counted["7-9"].chosen and counted["7-9"].is_open and not counted["4-6"].is_open


def test_prices_and_budgets_are_counted_by_step(institute, company):
    a_listing(institute, price_kind="indicative", price_amount=300_000, price_currency="CNY"), a_listing(institute)
    a_listing(company, Kind.NEED)
    index_listings()
    found = finding.find(None, Criteria())
    assert [(c.value, c.count) for c in group(found, "price_band").values()] == [
        ("100k_to_500k", 1), ("1m_to_5m", 1), ("unstated", 1),
    ]
    titles = [next(g.label.en for g in finding.find(None, Criteria(kind=kind)).groups if g.name == "price_band")
              for kind in ((), ("result",), ("need",))]
    assert titles == ["Price or budget", "Price", "Budget"]


def test_many_choices_wait_behind_the_first(institute):
    for industry in ("C13", "C14", "C15", "C17", "C18", "C19", "C20", "C21", "C22", "C23", "C24"):
        a_listing(institute, industry=industry)
    index_listings()
    section = group(finding.find(None, Criteria(industry=("C24",))), "industry")["C"]
    assert len(section.shown) == 9 and "C24" in values(section.shown) and values(section.rest) == ["C22", "C23"]


def test_sorting_by_newest_and_by_closing(institute, company):
    old = a_listing(company, Kind.NEED, deadline=clock.today() + timedelta(days=3))
    with transaction():
        old.published_at = clock.now() - timedelta(days=9)
    new = a_listing(institute)
    past = a_listing(company, Kind.NEED, deadline=clock.today() - timedelta(days=1))
    index_listings()
    assert refs(None, sort="newest")[-1] == old.ref
    assert refs(None, sort="closing") == [old.ref, new.ref]
    assert past.ref in refs(None)


def test_engine_down_still_answers_from_titles_and_says_so(institute, company):
    result = a_listing(institute)
    a_listing(company, Kind.NEED, title="Company seeks electrolyte", anonymous=True)
    index.bind(EngineThatIsDown())
    found = finding.find(None, Criteria(q="ELECTROLYTE plants"), "en")
    assert [row.ref for row in found.rows] == [result.ref] and found.total == 1
    assert found.degraded and found.engine == "sql"
    assert marked(found.rows[0].title) == ["electrolyte", "plants"]
    assert refs(None, "company electrolyte") == []
    assert [one.ref for one in suggest(None, "electrolyte")] == [result.ref]


@pytest.mark.parametrize("text", [
    "", " ", "\x00", '"', '""" (((', "AND OR NOT", "-", "*:*", "🔋", "\u202eabc\u202c", "a" * 1_000_000,
    "电" * 300_000, "%_\\", "'; DROP TABLE listings; --", "\ud800",
])
def test_hostile_query_is_only_text(institute, text, engine):
    a_listing(institute)
    index_listings()
    assert finding.find(None, Criteria(q=text)).total in (0, 1)
    suggest(None, text)
    index.bind(EngineThatIsDown())
    if "\x00" not in text and text.isprintable():
        assert finding.find(None, Criteria(q=text)).degraded


def test_page_beyond_the_last_is_empty(institute):
    a_listing(institute)
    index_listings()
    found = finding.find(None, Criteria(page=1_000_000))
    assert found.rows == [] and found.total == 1


def test_twenty_rows_take_as_many_queries_as_two(institute, charlie, database):
    for _ in range(20):
        a_listing(institute)
    index_listings()

    def queries(size):
        session.expire_all()
        charlie.memberships  # noqa: B018  comes with the person
        statements = []
        listen = lambda *arguments: statements.append(arguments[2])  # noqa: E731
        event.listen(database, "before_cursor_execute", listen)
        assert len(finding.find(charlie, Criteria(q="electrolyte", size=size), "zh").rows) == size
        event.remove(database, "before_cursor_execute", listen)
        return len(statements)

    queries(2)
    assert queries(2) == queries(20) <= 4


def test_need_without_levels_accepts_any(company):
    need = a_listing(company, Kind.NEED, **{**NEED, "trl_min": None, "trl_max": None})
    index_listings()
    assert refs(None, trl=("9",)) == [need.ref] == refs(None, trl=("1",))
