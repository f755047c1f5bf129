import pytest
from conftest import a_listing
from indexing import EngineThatIsDown, index_listings

from marketplace import index
from marketplace.listings.models import Kind, State


def page(client, address="/search"):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_visitor_reads_results_with_marked_words(client, institute):
    result = a_listing(institute)
    index_listings()
    shown = page(client, "/search?q=electrolyte")
    assert "<mark>electrolyte</mark>" in shown and f'href="/listings/{result.ref}' in shown
    assert 'id="results"' in shown and 'id="facets"' in shown and "1 listing<" in shown


def test_counts_stand_beside_every_choice(client, institute, company):
    a_listing(institute), a_listing(company, Kind.NEED)
    index_listings()
    shown = page(client)
    assert 'value="new_energy"' in shown and '<span class="many">2</span>' in shown


def test_every_filter_can_be_taken_away(client, institute):
    a_listing(institute)
    index_listings()
    shown = page(client, "/search?q=electrolyte&field=new_energy&trl_min=4&region=440300")
    assert 'href="/search?q=electrolyte&amp;trl_min=4&amp;region=440300"' in shown
    assert 'href="/search?q=electrolyte&amp;field=new_energy&amp;region=440300&amp;trl=7-9"' in shown
    assert "4–6 Validation" in shown and "7–9 Demonstration and use" in shown and "Shenzhen" in shown


def test_chinese_reader_reads_chinese(app, institute):
    a_listing(institute)
    index_listings()
    client = app.test_client()
    shown = page(client, "/search?q=electrolyte&lang=zh&field=new_energy")
    for text in ("新能源", "技术就绪度", "合作方式", "1 条供需信息", "匹配度优先"):
        assert text in shown
    for text in ("Narrow the search", "Remove this filter", "Best match", "Apply", "Published"):
        assert text not in shown


def test_nothing_found_leads_to_registering_a_need(client):
    index_listings()
    shown = page(client, "/search?q=zinc air battery")
    assert 'href="/listings/new/need?title=zinc+air+battery"' in shown


def test_senseless_address_is_complained_of_and_the_rest_is_answered(client, institute):
    result = a_listing(institute)
    index_listings()
    shown = page(client, "/search?q=electrolyte&trl_min=99&kind=thing&page=x&utm_source=mail")
    assert "Between 1 and 9." in shown and "“thing” is none of the choices" in shown and result.ref in shown
    assert "utm_source</span>" not in shown


def test_page_that_does_not_exist_says_so(client, institute):
    a_listing(institute)
    index_listings()
    assert "There is no page 77 of these results." in page(client, "/search?page=77")


def test_engine_down_is_said_on_the_page(client, institute):
    result = a_listing(institute)
    index.bind(EngineThatIsDown())
    shown = page(client, "/search?q=electrolyte")
    assert "not answering" in shown and result.ref in shown


@pytest.mark.parametrize(
    "query", ["%00", "%F0%9F%94%8B", "%E2%80%AE", "%22%28", "<script>alert(1)</script>", "a" * 200_000]
)
def test_hostile_query_is_shown_as_text(client, query):
    index_listings()
    assert "<script>alert" not in page(client, f"/search?q={query}")


def test_own_draft_wears_its_state(signed_in, alice, institute):
    a_listing(institute, state=State.DRAFT)
    index_listings()
    assert "Draft" in page(signed_in(alice), "/search?q=electrolyte")
    assert "Draft" not in page(signed_in(alice), "/search?q=nothing+like+it")


def test_anonymous_need_is_shown_without_its_organisation(client, company):
    a_listing(company, Kind.NEED, anonymous=True)
    index_listings()
    shown = page(client, "/search?q=electrolyte")
    assert "Anonymous" in shown and "Company ·" not in shown


def test_an_organisation_shows_what_it_has_published(client, institute):
    published, draft = a_listing(institute), a_listing(institute, state=State.DRAFT)
    shown = page(client, f"/organisations/{institute.slug}")
    assert f'href="/listings/{published.ref}"' in shown and draft.ref not in shown


def test_an_organisation_does_not_betray_its_anonymous_listings(signed_in, alice, charlie, institute):
    hidden = a_listing(institute, anonymous=True)
    assert hidden.ref not in page(signed_in(charlie), f"/organisations/{institute.slug}")


def test_nothing_is_said_of_words_where_none_were_asked_for(client, institute):
    a_listing(institute)
    index_listings()
    assert "Nothing has" not in page(client)
