"""The search page as a reader meets it: narrowing, nothing found, and what a visitor is told."""

from conftest import RESULT, a_listing, join
from indexing import index_listings

from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.listings.models import Exclusion, Kind, ListingTranslation, State, TranslationState
from marketplace.organisations.models import Organisation


def page(client, address="/search"):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_counts_of_a_group_ignore_what_is_chosen_in_it(client, institute):
    a_listing(institute), a_listing(institute, field="biology"), a_listing(institute, field="biology")
    index_listings()
    shown = page(client, "/search?field=new_energy")
    ticks = {value: 'checked' in tick for value in ("new_energy", "biology")
             for tick in [shown.partition(f'name="field" value="{value}"')[2].partition("</label>")[0]]}
    assert ticks == {"new_energy": True, "biology": False} and '<span class="many">2</span>' in shown
    assert "1 listing<" in shown


def test_choice_that_would_give_nothing_is_not_offered_unless_it_is_chosen(client, institute):
    a_listing(institute)
    index_listings()
    assert 'value="digital_creative"' not in page(client)
    assert 'value="digital_creative" form="search" checked' in page(client, "/search?field=digital_creative")


def test_way_to_a_chosen_city_lies_open_without_a_script(client, institute):
    a_listing(institute), a_listing(institute, region="320500")
    index_listings()
    shown = page(client, "/search?region=440300")
    opened = [part.partition("<span")[2].partition("</span>")[0] for part in shown.split("<details open><summary>")[1:]]
    assert [text.partition(">")[2] for text in opened] == ["Within China", "Within Guangdong"]
    assert "Within Jiangsu" in shown


def test_levels_of_an_old_address_are_ticked_as_stages(client, institute):
    a_listing(institute)
    index_listings()
    shown = page(client, "/search?trl_min=5&trl_max=9")
    assert all(f'value="{value}" form="search" checked' in shown for value in ("5", "6", "7-9"))
    assert 'value="4-6" form="search">' in shown


def test_title_of_the_page_tells_what_is_searched_for(client, institute):
    a_listing(institute)
    index_listings()
    assert "<title>Search: electrolyte · Needs" in page(client, "/search?q=electrolyte&kind=need")
    assert "<title>Search · " in page(client)


def test_words_left_out_stand_as_chips_and_can_be_insisted_on(client, institute):
    a_listing(institute)
    index_listings()
    shown = page(client, "/search?q=electrolyte+graphanequux")
    assert "No listing has <q>graphanequux</q> as written" in shown
    assert 'href="/search?q=electrolyte"' in shown and "q=electrolyte+%22graphanequux%22" in shown


def test_filter_in_the_way_is_named_with_its_cost(client, institute):
    result = a_listing(institute)
    index_listings()
    shown = page(client, "/search?q=electrolyte&region=SG")
    assert "without Region" in shown and "What comes nearest" in shown and result.ref in shown


def test_marketplace_without_a_listing_says_what_will_be_here(client):
    index_listings()
    shown = page(client)
    assert "Nothing has been published yet." in shown and 'href="/listings/new/need"' in shown
    assert "Nothing fits these filters yet." in page(client, "/search?kind=need")


def test_order_that_hides_everything_is_named(client, institute):
    listing = a_listing(institute)
    with transaction():
        listing.valid_until = None
    index_listings()
    assert "without Closing soon first" in page(client, "/search?sort=closing")


def test_visitor_is_asked_to_sign_in_before_a_need_and_comes_back_to_it(app, client, charlie):
    index_listings()
    need = "/listings/new/need?title=zinc+air&field=new_energy"
    assert f'href="{need.replace("&", "&amp;")}"' in page(client, "/search?q=zinc+air&field=new_energy")
    refused = client.get(need)
    assert refused.status_code == 302 and "/sign-in" in refused.location
    signing_in = page(client, refused.location)
    assert 'name="next" value="/listings/new/need?title=zinc+air&amp;field=new_energy"' in signing_in
    register = signing_in.partition('href="/register?next=')[2].partition('"')[0]
    page(client, f"/register?next={register}")
    assert 'name="next" value="/listings/new/need?title=zinc' in page(client, "/sign-in")


def test_nobody_is_led_elsewhere_by_registering(client):
    page(client, "/register?next=https://elsewhere.example/")
    assert 'name="next" value="/"' in page(client, "/sign-in")


def test_member_of_a_company_finds_the_form_filled_in(signed_in, charlie):
    begun = "title=Zinc+%3Cair%3E&field=new_energy&region=320500&state=published"
    shown = page(signed_in(charlie), f"/listings/new/need?{begun}")
    assert 'value="Zinc &lt;air&gt;"' in shown
    assert '<option value="new_energy" selected>' in shown and '<option value="320500" selected>' in shown


def test_who_writes_for_nobody_yet_keeps_what_was_begun(signed_in, dana, company):
    person, organisation = dana.id, company.id
    browser = signed_in(dana)
    assert browser.get("/listings/new/need?title=Zinc+air").location == "/listings/new"
    join(session.get_one(User, person), session.get_one(Organisation, organisation))
    assert 'value="Zinc air"' in page(browser, "/listings/new/need")
    assert 'value="Zinc air"' not in page(browser, "/listings/new/need")


def test_machine_translation_is_marked_and_shown_with_its_original(app, institute):
    result = a_listing(institute)
    with transaction():
        session.add(ListingTranslation(listing_id=result.id, language="zh", title="储能阻燃电解液", summary="不会燃烧",
                                       state=TranslationState.MACHINE))
    index_listings()
    shown = page(app.test_client(), "/search?lang=zh")
    assert "储能阻燃电解液" in shown and "机器翻译" in shown and RESULT["title"] in shown


def test_translation_by_its_author_stands_alone_unless_only_the_original_has_the_word(app, institute):
    result = a_listing(institute)
    with transaction():
        session.add(ListingTranslation(listing_id=result.id, language="zh", title="储能阻燃电解液", summary="不会燃烧"))
    index_listings()
    client = app.test_client()
    assert RESULT["title"] not in page(client, "/search?lang=zh") and "机器翻译" not in page(client, "/search?lang=zh")
    assert "Flame-retardant <mark>electrolyte</mark> for" in page(client, "/search?lang=zh&q=electrolyte")


def test_counts_tell_a_visitor_nothing_of_what_they_may_not_see(client, signed_in, institute, company, charlie, alice):
    hidden = a_listing(institute, field="biology", region="SG", industry="C27")
    a_listing(institute, Kind.RESULT, State.DRAFT, field="digital_creative", region="110000")
    with transaction():
        session.add(Exclusion(listing_id=hidden.id, organisation_id=company.id))
    session.expire_all()
    index_listings()
    told = ('value="biology"', 'value="SG"', 'value="C27"', 'value="digital_creative"', 'value="110000"')
    assert [text in page(signed_in(charlie)) for text in told] == [False] * 5
    assert [text in page(client) for text in told] == [True, True, True, False, False]
    assert [text in page(signed_in(alice)) for text in told] == [True] * 5


def test_page_takes_as_many_queries_for_twenty_rows_as_for_two(client, institute, count_queries):
    for _ in range(2):
        a_listing(institute)
    index_listings()
    page(client, "/search?q=electrolyte")
    with count_queries() as two:
        page(client, "/search?q=electrolyte&region=440300")
    for _ in range(18):
        a_listing(institute)
    index_listings()
    with count_queries() as twenty:
        page(client, "/search?q=electrolyte&region=440300")
    assert two.count == twenty.count <= 8


def test_page_that_found_nothing_takes_few_queries(client, institute, count_queries):
    for _ in range(12):
        a_listing(institute)
    index_listings()
    page(client)
    with count_queries() as asked:
        page(client, "/search?q=electrolyte&region=SG&trl=9")
    assert asked.count <= 12
