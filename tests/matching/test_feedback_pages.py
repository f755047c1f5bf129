import pytest
from conftest import a_listing, a_person, an_organisation, join
from indexing import index_listings

from marketplace.listings.models import Kind, State
from marketplace.matching import feedback
from marketplace.organisations.models import Kind as OrganisationKind


@pytest.fixture
def pair(institute, company):
    made = a_listing(institute), a_listing(company, Kind.NEED)
    index_listings()
    return made


@pytest.fixture
def address(pair):
    return f"/listings/{pair[1].ref}/matches/{pair[0].ref}/not-relevant"


def page(browser, pair):
    return browser.get(f"/listings/{pair[1].ref}/matches").get_data(as_text=True)


def test_side_says_why_a_match_is_not_relevant_and_can_take_it_back(signed_in, charlie, pair, address):
    browser = signed_in(charlie)
    assert address in page(browser, pair)
    assert "A different object" in browser.get(address).get_data(as_text=True)
    answer = browser.post(address, data={"reason": "wrong_object", "note": "we weld"}, follow_redirects=True)
    shown = answer.get_data(as_text=True)
    assert "Noted." in shown and "we weld" in shown and "A different object" in shown and address not in shown
    shown = browser.post(address.replace("/not-relevant", "/relevant"), follow_redirects=True).get_data(as_text=True)
    assert "The match is shown again." in shown and address in shown and "we weld" not in shown


def test_form_comes_back_with_what_was_written(signed_in, charlie, pair, address):
    answer = signed_in(charlie).post(address, data={"note": "half a thought"})
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "half a thought" in shown


def test_form_speaks_chinese(signed_in, charlie, pair, address):
    shown = signed_in(charlie).get(f"{address}?lang=zh").get_data(as_text=True)
    assert "这条匹配为什么不合适" in shown and "对象不符" in shown and "Not relevant" not in shown


def test_other_side_is_not_told(signed_in, alice, charlie, pair, address):
    feedback.not_relevant(charlie, *pair, "price", "too dear for us")
    shown = page(signed_in(alice), pair)
    assert "too dear" not in shown and address in shown


def test_visitor_is_asked_to_sign_in_and_shown_no_way(client, pair, address):
    assert address not in page(client, pair)
    assert client.get(address).status_code == 302 and client.post(address).status_code == 302


def test_outsider_may_not_judge(signed_in, pair, address):
    eve = a_person("eve@elsewhere.example")
    join(eve, an_organisation("elsewhere", OrganisationKind.COMPANY))
    browser = signed_in(eve)
    assert address not in page(browser, pair)
    assert browser.get(address).status_code == 403
    assert browser.post(address, data={"reason": "price"}).status_code == 403
    assert browser.post(address.replace("/not-relevant", "/relevant")).status_code == 403
    assert browser.put(f"/api/v1{address}", json={"reason": "price"}).status_code in (401, 403)


def test_draft_of_others_is_not_there_to_be_judged(signed_in, institute, charlie, pair):
    draft = a_listing(institute, state=State.DRAFT)
    browser = signed_in(charlie)
    for way in ("not-relevant", "relevant"):
        assert browser.post(f"/listings/{pair[1].ref}/matches/{draft.ref}/{way}").status_code == 404
    assert browser.get(f"/listings/{pair[1].ref}/matches/{draft.ref}/not-relevant").status_code == 404
