import pytest
from conftest import NEED, a_listing
from indexing import EngineThatIsDown, index_listings

from marketplace import index
from marketplace.db import session, transaction
from marketplace.finding import terms
from marketplace.finding.suggesting import MOST, suggest
from marketplace.listings.models import Exclusion, Kind, State


def offered(actor, text):
    return [(one.group.value, one.text, one.address) for one in suggest(actor, text)]


def test_titles_terms_and_organisations_come_group_by_group(institute):
    result = a_listing(institute, title="Institutional robots", keywords=["instrument", "robot"])
    index_listings()
    assert offered(None, "inst") == [
        ("term", "instrument", "/search?q=instrument"),
        ("title", "Institutional robots", f"/listings/{result.ref}"),
        ("organisation", "institute", "/organisations/institute"),
    ]


def test_terms_of_the_table_are_offered_without_a_listing(erin, institute):
    a_listing(institute, keywords=["lithium battery"])
    terms.add(erin, ["lithium-ion cell", "锂离子电池"])
    index_listings()
    found = suggest(None, "lithi")
    assert [(one.text, one.ref is None) for one in found] == [("lithium battery", False), ("lithium-ion cell", True)]


def test_no_group_crowds_out_the_others(institute):
    for number in range(8):
        a_listing(institute, title=f"Institute robot {number}", keywords=[f"institution {number}"])
    index_listings()
    found = suggest(None, "instit")
    counts = {group.value: sum(one.group is group for one in found) for group in MOST}
    assert counts == {"term": 4, "title": 4, "organisation": 1}


def test_organisation_of_an_anonymous_need_is_not_suggested(company, institute, alice):
    a_listing(company, Kind.NEED, anonymous=True, **{**NEED, "title": "Need of company", "keywords": ["company"]})
    index_listings()
    for reader in (None, alice):
        assert all("ompany" not in text for _, text, _ in offered(reader, "comp"))


@pytest.mark.parametrize("who", ["charlie", "dana", "visitor"])
def test_draft_is_suggested_to_nobody_else(request, institute, who):
    a_listing(institute, state=State.DRAFT)
    index_listings()
    assert suggest(None if who == "visitor" else request.getfixturevalue(who), "flame") == []


def test_excluded_organisation_is_not_told_even_by_a_suggestion(institute, company, charlie, alice):
    result = a_listing(institute)
    with transaction():
        session.add(Exclusion(listing_id=result.id, organisation_id=company.id))
    session.expire_all()
    index_listings()
    assert suggest(charlie, "flame") == suggest(charlie, "instit") == [] and suggest(alice, "flame")


def test_titles_are_suggested_when_the_engine_is_down(institute, company):
    result = a_listing(institute)
    a_listing(company, Kind.NEED, anonymous=True)
    index.bind(EngineThatIsDown())
    assert offered(None, "electrolyte") == [("title", result.title, f"/listings/{result.ref}")]


def test_suggestions_take_few_queries(institute, count_queries):
    for number in range(6):
        a_listing(institute, title=f"Institute robot {number}")
    index_listings()
    with count_queries() as asked:
        assert suggest(None, "instit")
    assert asked.count <= 4


@pytest.mark.parametrize("text", ["", " ", "\x00", "a\x00b", "%_", "🔋", "\ud800", "-", '"', "a" * 10_000])
def test_hostile_beginning_is_only_text(institute, text):
    a_listing(institute)
    index_listings()
    suggest(None, text)
