import re
from datetime import timedelta

import pytest
from conftest import a_listing
from saving import WEDNESDAY, arrive, at, published, saves
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.finding import alerts, asking, hits, saved
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency, SavedSearch
from marketplace.listings.models import State

LATER = WEDNESDAY + timedelta(minutes=1)


def page(browser, address, status=200):
    answer = browser.get(address)
    assert answer.status_code == status, answer.location
    return answer.get_data(as_text=True)


def kept(person):
    return session.scalars(select(SavedSearch).where(SavedSearch.owner_id == person.id)).all()


def test_the_search_page_offers_to_save_what_is_asked(client, signed_in, charlie):
    shown = page(client, "/search?q=electrolyte&field=new_energy")
    assert 'formaction="/searches/new"' in shown and "application/atom+xml" in shown
    assert "/search.atom?field=new_energy&amp;q=electrolyte&amp;language=en" in shown
    form = page(signed_in(charlie), "/searches/new?q=electrolyte&field=new_energy&trl=&sort=newest")
    assert 'value="electrolyte · New energy"' in form


def test_the_name_is_proposed_in_the_readers_language(signed_in, charlie):
    assert 'value="电解液 · 新能源"' in page(signed_in(charlie), "/searches/new?q=电解液&field=new_energy&lang=zh")


def test_a_visitor_signs_in_on_the_way(client):
    answer = client.get("/searches/new?q=electrolyte")
    assert answer.status_code == 302 and "next=/searches/new?q%3Delectrolyte" in answer.location.replace("%2F", "/") \
        .replace("%3F", "?")


def test_saved_renamed_deleted(signed_in, charlie):
    browser = signed_in(charlie)
    answer = browser.post("/searches/new?q=electrolyte", data={"name": "Mine", "frequency": "daily"})
    assert answer.location == "/searches"
    [one] = kept(charlie)
    assert one.criteria == {"shape": 1, "q": "electrolyte"} and one.frequency is Frequency.DAILY
    assert "Mine" in page(browser, "/searches") and "Every day at 8:00" in page(browser, "/searches")
    browser.post(f"/searches/{one.id}/edit", data={"name": "Yours", "frequency": "never", "version": one.version})
    assert "Yours" in page(browser, "/searches")
    browser.post(f"/searches/{one.id}/delete")
    assert kept(charlie) == [] and "No saved searches yet" in page(browser, "/searches")


def test_the_form_comes_back_with_what_was_entered(signed_in, charlie):
    answer = signed_in(charlie).post("/searches/new?q=x", data={"name": "y" * 81, "frequency": "daily"})
    assert answer.status_code == 422 and "y" * 81 in answer.get_data(as_text=True) and not kept(charlie)


def test_the_same_question_is_kept_once(signed_in, charlie):
    saves(charlie, q="Lithium  Battery", field=("new_energy",), name="First")
    browser = signed_in(charlie)
    again = "/searches/new?q=lithium+battery&field=new_energy&sort=closing"
    assert "You have saved this search already, as “First”" in page(browser, again)
    assert browser.post(again, data={"name": "z", "frequency": "daily"}).status_code == 409
    assert len(kept(charlie)) == 1


def test_fifty_are_enough(signed_in, charlie):
    for number in range(saved.MOST):
        saves(charlie, q=f"word{number}")
    answer = signed_in(charlie).post("/searches/new?q=one+more", data={"name": "z", "frequency": "daily"})
    assert answer.status_code == 422 and "You have 50 saved searches" in answer.get_data(as_text=True)


def test_a_stale_form_is_refused(signed_in, charlie):
    one = saves(charlie)
    version = one.version
    saved.change(charlie, one, name="Newer", frequency=Frequency.DAILY)
    sent = {"name": "Older", "frequency": "daily", "version": version}
    answer = signed_in(charlie).post(f"/searches/{one.id}/edit", data=sent)
    assert answer.status_code == 409 and "Older" in answer.get_data(as_text=True)


def test_new_hits_are_shown_until_looked_at(signed_in, charlie, institute):
    with at(WEDNESDAY):
        number = saves(charlie).id
    published(institute, LATER)
    browser = signed_in(charlie)
    assert "1 new in my searches" in page(browser, "/help") and "1 new</span>" in page(browser, "/searches")
    answer = browser.get(f"/searches/{number}")
    assert answer.location == "/search?q=electrolyte&sort=newest"
    assert "new in my searches" not in page(browser, "/help")


def test_the_page_is_up_to_date_before_the_worker_comes(signed_in, charlie, institute):
    with at(WEDNESDAY):
        saves(charlie)
    with at(LATER):
        a_listing(institute), arrive()
        browser = signed_in(charlie)
        assert "1 new</span>" not in page(browser, "/searches"), "this process may not see it in the index yet"
    with at(LATER + timedelta(seconds=5)):
        assert "1 new</span>" in page(browser, "/searches")


def test_only_what_is_visible_now_is_counted(signed_in, charlie, institute):
    with at(WEDNESDAY):
        saves(charlie)
    result = published(institute, LATER)
    with transaction():
        result.state = State.PAUSED
    assert "new in my searches" not in page(signed_in(charlie), "/help")
    assert "1 new</span>" not in page(signed_in(charlie), "/searches")


def test_the_number_in_the_head_costs_one_query(charlie, institute, count_queries):
    with at(WEDNESDAY):
        for word in ("electrolyte", "lithium", "storage"):
            saves(charlie, q=word)
    published(institute, LATER)
    assert hits.new_for(charlie) == 1
    with count_queries() as asked:
        assert hits.new_for(charlie) == 1
    assert asked.count == 1


def test_a_long_list_costs_as_much_as_a_short_one(signed_in, charlie, count_queries):
    browser = signed_in(charlie)
    counts = []
    for words in (("a",), ("b", "c", "d", "e", "f")):
        for word in words:
            saves(charlie, q=word, organisation=f"org-{word}")
        with count_queries() as asked:
            page(browser, "/searches")
        counts.append(asked.count)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("method, address", [
    ("get", "/searches/{}"), ("get", "/searches/{}/edit"), ("post", "/searches/{}/edit"),
    ("post", "/searches/{}/delete"), ("post", "/searches/{}/feed"),
])
def test_somebody_elses_search_does_not_exist(signed_in, alice, erin, charlie, method, address):
    one = saves(charlie)
    for stranger in (alice, erin):
        data = {"data": {"name": "x", "frequency": "daily"}} if method == "post" else {}
        assert getattr(signed_in(stranger), method)(address.format(one.id), **data).status_code == 404
    assert session.get(SavedSearch, one.id).name == "electrolyte"


def test_a_list_shows_ones_own_only(signed_in, alice, charlie):
    saves(charlie, name="Secret of Charlie")
    assert "Secret of Charlie" not in page(signed_in(alice), "/searches")


def test_every_filter_of_the_page_is_kept():
    from dataclasses import fields

    handled = {*asking.FACETS, *asking.TEXTS, *asking.AMOUNTS, *asking.NUMBERS, *asking.NOT_ASKED}
    assert {field.name for field in fields(Criteria)} == handled


# The way out of the mails


def token_of(person, one=None):
    return alerts.link(person, one).rpartition("/")[2]


def test_looking_at_the_link_ends_nothing(client, charlie):
    one = saves(charlie, name="Mine")
    shown = page(client, f"/unsubscribe/{token_of(charlie, one)}")
    assert "Mails about “Mine” end" in shown and one.frequency is Frequency.AT_ONCE


def test_one_click_needs_neither_sign_in_nor_token_of_a_form(app, signed_in, charlie):
    one, other = saves(charlie, name="Mine"), saves(charlie, q="other")
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        client = app.test_client()
        sent = {"List-Unsubscribe": "One-Click"}
        assert client.post(f"/unsubscribe/{token_of(charlie, one)}", data=sent).status_code == 200
        assert signed_in(charlie).post("/searches/new?q=x", data={"name": "x"}).status_code == 400
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert session.get(SavedSearch, one.id).frequency is Frequency.NEVER
    assert session.get(SavedSearch, other.id).frequency is Frequency.AT_ONCE


def test_all_mails_end_at_once_and_twice_is_said(client, charlie):
    saves(charlie), saves(charlie, q="other")
    address = f"/unsubscribe/{token_of(charlie)}"
    assert "You get no more mails about your saved searches" in client.post(address).get_data(as_text=True)
    assert {one.frequency for one in kept(charlie)} == {Frequency.NEVER}
    assert "ended already" in client.post(address).get_data(as_text=True)
    assert "ended already" in page(client, address)


def test_a_forged_old_or_foreign_link_ends_nothing(client, charlie, alice):
    one = saves(charlie)
    good = token_of(charlie, one)
    with at(clock.now() - timedelta(days=366)):
        old = token_of(charlie, one)
    foreign = alerts.links.signer("leave alerts").dumps([alice.id, one.id])
    other_purpose = alerts.links.signer("reset").dumps([charlie.id, 0])
    forged = good[:-9] + ("A" if good[-9] != "A" else "B") + good[-8:]
    for token in (forged, old, foreign, other_purpose, "x", "%00"):
        answer = client.post(f"/unsubscribe/{token}")
        assert answer.status_code == 404, token
    assert "no longer works" in page(client, "/unsubscribe/nonsense", 404)
    assert session.get(SavedSearch, one.id).frequency is Frequency.AT_ONCE


def test_the_link_opens_nothing_else(client, charlie):
    token = token_of(charlie, saves(charlie))
    for address in (f"/searches/{token}.atom", f"/reset/{token}", f"/confirm/{token}"):
        assert "electrolyte" not in client.get(address).get_data(as_text=True)
    assert client.get(f"/searches/{token}.atom").status_code == 404


def test_a_link_to_a_deleted_search_is_met_with_kindness(client, charlie):
    one = saves(charlie)
    token = token_of(charlie, one)
    saved.remove(charlie, one)
    assert "may have been deleted" in page(client, f"/unsubscribe/{token}", 404)


def test_pages_are_chinese_for_chinese_readers(signed_in, charlie, client):
    one = saves(charlie, name="电解液")
    browser = signed_in(charlie, "zh")
    for address in ("/searches", f"/searches/{one.id}/edit", "/searches/new?q=x",
                    f"/unsubscribe/{token_of(charlie, one)}"):
        shown = re.sub(r"<[^>]+>|http\S+", " ", page(browser, f"{address}{'&' if '?' in address else '?'}lang=zh"))
        assert not re.search(r"\b(Save|Delete|Change|searches|mails|Mail|New)\b", shown), address


def test_name_cannot_turn_the_letters_of_a_mail_around(charlie):
    kept = saves(charlie, name="a\u202egnp\u2066 \x07b\r\nBcc: c")
    assert kept.name == "agnp b Bcc: c"
