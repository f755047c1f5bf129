"""What the script adds, in a real browser whose every request is answered by the application in this process."""

from __future__ import annotations

import json

import pytest
from conftest import a_listing
from flask import render_template_string
from indexing import index_listings
from running import CHROMIUM, HOW_TO_GET_CHROMIUM, chromium

from marketplace.listings.models import Kind

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason=HOW_TO_GET_CHROMIUM)]
HERE = "http://yinqiao.test"
SUGGESTIONS = [
    {"text": "electrolyte", "group": "term", "url": "/search?q=electrolyte"},
    {"text": "electron beam", "group": "term", "url": "/search?q=electron+beam"},
    {"text": "Electrolyser wanted", "group": "title", "url": "/listings/N-1"},
]
FORM = """{% extends "base.html" %}
{% from "_macros/forms.html" import form_start, form_end, field, button, post_button, problems %}
{% block content %}
{{ form_start("/sent", guard=True) }}{{ problems(errors) }}{{ field("title", "Title", {}, errors, maximum=10) }}
{{ button("Save", name="what", value="draft") }}{{ form_end() }}
{{ post_button("/gone", "Withdraw", "danger", confirm="Two introductions end.") }}
<p id="work" data-poll="/work">waiting</p>{% endblock %}"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser, app, client):
    """A page in a browser, with the application at the other end; `seen` are its requests, `told` its complaints."""
    context = browser.new_context(base_url=HERE, locale="en-GB", viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.seen, opened.told, opened.extra = [], [], {}

    def answer(route):
        request = route.request
        address = request.url.removeprefix(HERE)
        opened.seen.append((request.method, address, request.post_data))
        if address.partition("?")[0] in opened.extra:
            return route.fulfill(**opened.extra[address.partition("?")[0]](address))
        found = client.open(address, method=request.method, data=request.post_data_buffer, buffered=True,
                            content_type=request.headers.get("content-type"))
        return route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.data)

    opened.route("**/*", answer)
    opened.on("pageerror", lambda error: opened.told.append(str(error)))
    opened.on("console", lambda said: opened.told.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()


@pytest.fixture
def form(app, page):
    """The page with a guarded form, one complaint, a dangerous button and some work in progress."""
    def shown(_):
        with app.test_request_context("/form?lang=en"):
            body = render_template_string(FORM, errors={"title": "This is needed."})
        return {"body": body, "content_type": "text/html", "headers": {"Content-Security-Policy": "script-src 'self'"}}

    page.extra["/form"] = shown
    page.extra["/work"] = lambda _: {"body": '<p id="work" data-done>ready</p>', "content_type": "text/html"}
    page.extra["/sent"] = lambda _: {"status": 204}
    page.goto("/form")
    return page


def offer(page, suggestions):
    body = json.dumps({"suggestions": suggestions})
    page.extra["/api/v1/suggest"] = lambda _: {"body": body, "content_type": "application/json"}


@pytest.fixture
def suggesting(page):
    offer(page, SUGGESTIONS)
    page.goto("/")
    return page


def test_no_page_makes_the_browser_complain(page):
    for address in ("/", "/help", "/search", "/sign-in", "/register"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
    assert page.told == []


def test_a_slash_goes_to_the_search_field(page):
    page.goto("/help")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "quick-search"
    page.keyboard.type("a/b j k ?")
    assert page.locator("#quick-search").input_value() == "a/b j k ?"


def test_j_and_k_go_along_the_list_and_enter_opens(page, company):
    refs = [a_listing(company, Kind.NEED, title=f"Need {n}").ref for n in range(3)]
    page.goto("/")
    at = "document.activeElement.textContent"
    page.keyboard.press("j")
    assert page.evaluate(at) == "Need 2"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(at) == "Need 0"
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/listings/{refs[1]}")


def test_a_question_mark_opens_the_help(page):
    page.goto("/")
    page.keyboard.press("?")
    page.wait_for_url("**/help#keyboard")


def test_suggestions_appear_while_typing_and_can_be_taken_with_the_keyboard(suggesting):
    field = suggesting.get_by_role("combobox", name="Search results and needs")
    field.press_sequentially("elec")
    suggesting.get_by_role("option", name="electron beam").wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    assert suggesting.locator("[role=status]").text_content() == "3 suggestions"
    field.press("ArrowDown")
    field.press("ArrowDown")
    chosen = suggesting.locator(f"#{field.get_attribute('aria-activedescendant')}")
    assert (chosen.text_content(), chosen.get_attribute("aria-selected")) == ("electron beam", "true")
    field.press("Enter")
    suggesting.wait_for_url("**/search?q=electron+beam")


def test_suggested_listing_opens_and_its_group_has_a_name(suggesting):
    field = suggesting.get_by_role("combobox", name="Search results and needs")
    field.press_sequentially("elec")
    suggesting.get_by_role("group", name="Listings").get_by_role("option").wait_for()
    assert suggesting.get_by_role("group", name="Search terms").get_by_role("option").count() == 2
    field.press("ArrowUp")
    field.press("Enter")
    suggesting.wait_for_url("**/listings/N-1")


def test_answer_that_comes_too_late_is_not_shown(page):
    page.extra["/api/v1/suggest"] = lambda address: {
        "body": json.dumps({"suggestions": [{"text": address, "group": "term", "url": "/"}]}),
        "content_type": "application/json",
    }
    page.goto("/")
    page.get_by_role("combobox").press_sequentially("electrolyte", delay=5)
    page.get_by_role("option", name="/api/v1/suggest?q=electrolyte").wait_for()
    assert len([address for _, address, _ in page.seen if "suggest" in address]) < 4


def test_arrow_down_asks_again_and_enter_without_a_choice_searches_what_is_written(suggesting):
    field = suggesting.get_by_role("combobox")
    field.press_sequentially("elec")
    suggesting.get_by_role("option").first.wait_for()
    field.press("Escape")
    field.press("ArrowDown")
    suggesting.get_by_role("option").first.wait_for()
    field.press("Enter")
    suggesting.wait_for_url("**/search?q=elec")


def test_escape_and_leaving_close_the_suggestions(suggesting):
    field = suggesting.get_by_role("combobox")
    field.press_sequentially("e")
    suggesting.get_by_role("option").first.wait_for()
    field.press("Escape")
    assert suggesting.get_by_role("option").count() == 0
    assert field.get_attribute("aria-expanded") == "false"
    field.press_sequentially("l")
    suggesting.get_by_role("option").first.wait_for()
    field.blur()
    suggesting.get_by_role("listbox").wait_for(state="hidden")


def test_a_suggestion_is_text_and_never_markup(page):
    nasty = [{"text": "<img src=x onerror=alert(1)>", "group": "term", "url": "/search"}]
    offer(page, nasty)
    page.goto("/")
    page.get_by_role("combobox").press_sequentially("x")
    page.get_by_role("option").wait_for()
    assert page.get_by_role("option").text_content() == nasty[0]["text"]
    assert page.locator(".suggestions img").count() == 0


def test_without_an_answer_the_search_field_still_searches(page):
    page.extra["/api/v1/suggest"] = lambda _: {"status": 503}
    page.goto("/")
    page.get_by_role("combobox").press_sequentially("pump")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=pump")


def test_results_follow_the_typing_and_the_address_follows_too(page):
    page.goto("/search")
    page.locator("#q").press_sequentially("zeppelin")
    page.wait_for_url("**/search?q=zeppelin*")
    assert page.evaluate("document.activeElement.id") == "q"
    searches = [address for _, address, _ in page.seen if address.startswith("/search?q")]
    assert len(searches) < len("zeppelin")


def test_enter_searches_and_saving_takes_along_what_was_typed(page):
    page.goto("/search")
    page.fill("#q", "zeppelin")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=zeppelin*")
    page.fill("#q", "zeppelin hangar")
    page.get_by_role("button", name="Save this search").click()
    page.wait_for_url(lambda url: "/sign-in?next=/searches/new" in url and "hangar" in url)


def test_a_branch_opens_with_the_keyboard_and_stays_open_when_a_city_is_chosen(page, institute):
    a_listing(institute), a_listing(institute, region="110000")
    index_listings()
    page.goto("/search")
    page.locator("summary", has_text="Within Guangdong").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Shenzhen").check()
    page.wait_for_url("**/search?*region=440300*")
    page.get_by_role("heading", name="1 listing").wait_for()
    assert page.get_by_label("Shenzhen").is_checked() and page.get_by_label("Beijing").is_visible()


def test_facets_are_a_sheet_on_a_phone_until_they_are_applied(page, institute):
    a_listing(institute)
    index_listings()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/search")
    assert not page.get_by_label("New energy").is_visible()
    page.get_by_text("Narrow the search").click()
    page.get_by_label("New energy").check()
    page.wait_for_url("**/search?*field=new_energy*")
    page.get_by_label("Date of publication").scroll_into_view_if_needed()
    before = page.evaluate("document.querySelector('.facets').scrollTop")
    page.get_by_label("Licence").check()
    page.wait_for_url("**/search?*mode=licence*")
    assert page.evaluate("document.querySelector('.facets').scrollTop") == before > 0
    page.get_by_role("button", name="Show what fits").click()
    page.get_by_label("New energy").wait_for(state="hidden")


def test_a_name_is_found_among_many_choices(page, institute):
    for province in (13, 14, 15, 21, 22, 23, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 51):
        a_listing(institute, region=f"{province}0100")
    index_listings()
    page.goto("/search")
    assert not page.get_by_label("Nanjing").is_visible()
    page.get_by_placeholder("Find in this list").fill("nanj")
    assert page.get_by_label("Nanjing").is_visible() and page.get_by_label("Jiangsu").is_visible()
    assert page.get_by_label("Hangzhou").is_hidden() and page.get_by_label("Zhejiang").is_hidden()


def test_a_form_is_sent_once_however_often_it_is_clicked(form):
    form.locator("#f-title").fill("Pump")
    form.get_by_role("button", name="Save").dblclick()
    form.wait_for_timeout(200)
    sent = [body for method, address, body in form.seen if method == "POST"]
    assert len(sent) == 1
    assert "what=draft" in sent[0]
    assert form.get_by_role("button", name="Save").is_disabled()


def test_a_complaint_names_its_field_and_leads_to_it(form):
    assert form.evaluate("document.activeElement.id") == "problems"
    link = form.locator("#problems a")
    assert link.text_content() == "Title This is needed."
    link.click()
    assert form.evaluate("document.activeElement.id") == "f-title"


def test_what_still_fits_is_counted_in_characters_as_people_count_them(form):
    form.locator("#f-title").fill("𠮷野家的電池壊れた")
    assert form.locator(".left-over").text_content() == "9 / 10"
    form.locator("#f-title").fill("12345678901")
    assert "over" in form.locator(".left-over").get_attribute("class")
    assert form.locator("#f-title").input_value() == "12345678901"


def test_leaving_a_form_with_something_in_it_asks_first(form):
    asked = []
    form.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    form.locator("#f-title").fill("Pump")
    form.get_by_role("link", name="Help").first.click()
    form.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert form.url.endswith("/form")


def test_work_elsewhere_is_asked_after_until_it_is_done(form):
    form.get_by_text("ready").wait_for(timeout=5000)
    assert form.locator("#work").get_attribute("data-done") == ""


def test_what_cannot_be_undone_says_so_before_it_is_sent(form):
    form.locator("summary", has_text="Withdraw").click()
    assert form.get_by_text("Two introductions end.").is_visible()
    form.keyboard.press("Escape")
    assert not form.get_by_text("Two introductions end.").is_visible()
    assert not [method for method, *_ in form.seen if method == "POST"]


@pytest.mark.parametrize("address", ["/", "/help", "/search?q=pump", "/sign-in", "/register", "/nowhere"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_sticks_out_of_a_phone(page, address, language):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
