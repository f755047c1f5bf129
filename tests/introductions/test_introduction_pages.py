"""The pages of introductions, as their readers see them."""

import re

import pytest
from case_entries import ANSWERS, entries
from conftest import a_listing
from sqlalchemy import event, select

from marketplace.db import session, transaction
from marketplace.introductions import service
from marketplace.introductions.models import Introduction, Stage
from marketplace.introductions.vocabulary import CHECKLIST
from marketplace.listings.models import Kind, Listing, State

pytest_plugins = ["introductions.case_cast"]


def page(browser, address, status=200):
    answer = browser.get(address)
    assert answer.status_code == status, answer.get_data(as_text=True)[:600]
    return answer.get_data(as_text=True)


def queries(database, browser, address):
    counted = []
    listener = lambda *statement: counted.append(statement[2])  # noqa: E731
    event.listen(database, "before_cursor_execute", listener)
    page(browser, address)
    event.remove(database, "before_cursor_execute", listener)
    return len([s for s in counted if s.startswith("SELECT")])


def routes(ref):
    case = f"/introductions/{ref}"
    return [("GET", case), ("GET", f"{case}/messages"), ("POST", f"{case}/messages"), ("GET", f"{case}/moves/take"),
            ("POST", f"{case}/moves/take"), ("POST", f"{case}/moves/close-duplicate")]


def test_stranger_finds_none_of_the_pages_of_a_case(signed_in, mallory, interest):
    for method, address in routes(interest.ref):
        assert signed_in(mallory).open(address, method=method, data={}).status_code == 404, address


def test_visitor_is_asked_to_sign_in(client, interest, result):
    addresses = [*routes(interest.ref), ("GET", "/introductions"), ("GET", f"/introductions/new?listing={result.ref}"),
                 ("GET", "/desk"), ("POST", "/desk/next"), ("POST", "/introductions/suggest")]
    for method, address in addresses:
        answer = client.open(address, method=method)
        assert (answer.status_code, "/sign-in" in answer.headers.get("Location", "")) == (302, True), address


def test_members_have_no_desk(signed_in, charlie, interest):
    page(signed_in(charlie), "/desk", 404)
    assert signed_in(charlie).post("/desk/next").status_code == 404


def test_member_cannot_suggest(signed_in, charlie, need, result):
    answer = signed_in(charlie).post("/introductions/suggest", data={"need": need.ref, "result": result.ref})
    assert answer.status_code == 404


def test_viewer_sees_the_case_without_buttons(signed_in, victor, interest):
    assert "/moves/" not in page(signed_in(victor), f"/introductions/{interest.ref}")


def test_viewer_cannot_move(signed_in, victor, interest):
    address = f"/introductions/{interest.ref}/moves/close-withdrawn"
    answer = signed_in(victor).post(address, data={"reason_code": "budget"})
    assert answer.status_code == 403


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("person", ["charlie", "alice", "dana", "erin"])
def test_every_reader_sees_the_case_at_every_stage(request, signed_in, brought_to, person, language):
    browser, seen = signed_in(request.getfixturevalue(person)), set()
    for stage in list(Stage)[1:]:
        ref = brought_to(stage).ref
        shown = page(browser, f"/introductions/{ref}?lang={language}")
        assert "{{" not in shown
        for key in set(re.findall(rf"/introductions/{ref}/moves/([\w-]+)", shown)) - seen:
            page(browser, f"/introductions/{ref}/moves/{key}")
            seen.add(key)


def test_company_expresses_interest_in_a_result(signed_in, charlie, need, result):
    browser = signed_in(charlie)
    assert need.title in page(browser, f"/introductions/new?listing={result.ref}")
    answer = browser.post(f"/introductions/new?listing={result.ref}", data={**ANSWERS, "own": need.ref})
    assert answer.status_code == 302
    assert ANSWERS["unclear"] in page(browser, answer.location)


def test_company_without_a_need_begins_one_on_the_way(signed_in, charlie, result):
    browser = signed_in(charlie)
    answer = browser.post(f"/introductions/new?listing={result.ref}",
                          data={**ANSWERS, "new_title": "Electrolyte that cannot burn"})
    case = service.get(charlie, answer.location.rpartition("/")[2])
    assert (case.need.title, case.need.state) == ("Electrolyte that cannot burn", State.DRAFT)


def test_form_comes_back_filled_and_nothing_is_begun(signed_in, charlie, result):
    browser = signed_in(charlie)
    answer = browser.post(f"/introductions/new?listing={result.ref}",
                          data={"new_title": "A new need", "about_us": "We make <cabinets>."})
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "We make &lt;cabinets&gt;." in shown
    assert 'id="e-unclear"' in shown
    assert session.query(Listing).filter_by(title="A new need").count() == 0


def test_both_listings_may_be_named_in_the_address(signed_in, charlie, need, result):
    browser = signed_in(charlie)
    answer = browser.post(f"/introductions/new?need={need.ref}&result={result.ref}&origin=match",
                          data={**ANSWERS, "own": need.ref, "origin": "match"})
    assert service.get(charlie, answer.location.rpartition("/")[2]).origin == "match"


def test_no_interest_in_what_does_not_exist(signed_in, charlie):
    page(signed_in(charlie), "/introductions/new?listing=R-1999-000001", 404)
    page(signed_in(charlie), "/introductions/new", 404)


def test_own_and_paused_listings_say_why_not(signed_in, alice, charlie, company, result):
    assert "your own listing" in page(signed_in(alice), f"/introductions/new?listing={result.ref}")
    matched = a_listing(company, Kind.NEED, State.MATCHED)
    assert "not open for interest" in page(signed_in(alice), f"/introductions/new?listing={matched.ref}")


def test_broker_suggests_a_pair(signed_in, dana, need, result):
    browser = signed_in(dana)
    assert "Suggest this pair" in page(browser, f"/introductions/new?need={need.ref}&result={result.ref}")
    answer = browser.post("/introductions/suggest", data={"need": need.ref, "result": result.ref})
    assert service.get(dana, answer.location.rpartition("/")[2]).stage is Stage.SUGGESTED


def test_broker_takes_the_next_case_and_qualifies_it(signed_in, dana, interest):
    browser = signed_in(dana)
    assert "Take the next case" in page(browser, "/desk")
    case = browser.post("/desk/next").location
    answer = browser.post(f"{case}/moves/qualify", data={"checklist": list(CHECKLIST), "version": 2})
    assert answer.status_code == 302
    assert service.get(dana, interest.ref).stage is Stage.QUALIFIED


def test_incomplete_checklist_comes_back_ticked_as_it_was(signed_in, dana, interest):
    service.move(dana, interest, "take")
    answer = signed_in(dana).post(f"/introductions/{interest.ref}/moves/qualify",
                                  data={"checklist": ["fits"], "note": "Half done."})
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.search(r'value="fits" checked', shown)
    assert "Half done." in shown


def test_second_broker_keeps_what_was_written(signed_in, dana, frank, brought_to):
    case = brought_to(Stage.DISCUSSING)
    seen = case.version
    service.move(dana, case, "discuss", **entries("discuss"))
    answer = signed_in(dana).post(f"/introductions/{case.ref}/moves/intent",
                                  data={"version": seen, "text": "We intend to licence it."})
    assert answer.status_code == 409
    assert "We intend to licence it." in answer.get_data(as_text=True)


def test_double_click_lands_on_the_case(signed_in, dana, interest):
    browser = signed_in(dana)
    for _ in range(2):
        answer = browser.post(f"/introductions/{interest.ref}/moves/take", data={"version": 1})
        assert answer.status_code == 302
    assert service.get(dana, interest.ref).version == 2


def test_unknown_move_is_no_page(signed_in, dana, interest):
    page(signed_in(dana), f"/introductions/{interest.ref}/moves/teleport", 404)


def test_move_out_of_order_says_so(signed_in, dana, interest):
    assert "not possible now" in page(signed_in(dana), f"/introductions/{interest.ref}/moves/sign")


def test_contacts_show_only_after_both_consent(signed_in, alice, charlie, brought_to):
    ref, browser = brought_to(Stage.QUALIFIED).ref, signed_in(alice)
    assert charlie.email not in page(browser, f"/introductions/{ref}")
    brought_to(Stage.INTRODUCED)
    assert charlie.email in page(browser, f"/introductions/{ref}")


def test_anonymous_need_names_nobody_before_consent(signed_in, alice, charlie, dana, company, need, brought_to):
    with transaction():
        need.anonymous = True
        company.name_en = "Quiet Cabinets"
    case = brought_to(Stage.QUALIFIED)
    shown = page(signed_in(alice), f"/introductions/{case.ref}") + page(signed_in(alice), "/introductions")
    for secret in ("Quiet Cabinets", charlie.email, charlie.name, ANSWERS["about_us"]):
        assert secret not in shown
    assert ANSWERS["cooperation_sought"] in shown
    service.move(charlie, case, "close", reason="withdrawn", reason_code="budget")
    shown = page(signed_in(alice), f"/introductions/{case.ref}")
    assert "Quiet Cabinets" not in shown
    assert charlie.name not in shown
    assert "Budget" in shown


def test_brokers_note_on_a_move_is_not_for_the_sides_before_names_are_known(signed_in, alice, dana, interest):
    service.move(dana, interest, "take", note="It is Charlie's firm.")
    assert "firm" not in page(signed_in(alice), f"/introductions/{interest.ref}")


def test_history_shows_both_dates(signed_in, dana, interest, monkeypatch):
    from datetime import timedelta

    from marketplace import clock

    moment = clock.now() + timedelta(days=9)
    monkeypatch.setattr(clock, "now", lambda: moment)
    service.move(dana, interest, "take", effective_at=moment - timedelta(days=8))
    assert "recorded" in page(signed_in(dana), f"/introductions/{interest.ref}")


def test_message_is_sent_and_kept_when_refused(signed_in, charlie, interest):
    browser = signed_in(charlie)
    address = f"/introductions/{interest.ref}/messages"
    assert browser.post(address, data={"body": "Is it flammable?"}).status_code == 302
    assert "Is it flammable?" in page(browser, f"/introductions/{interest.ref}")
    refused = browser.post(address, data={"body": "x" * 10_001})
    assert refused.status_code == 422
    assert "x" * 10_001 in refused.get_data(as_text=True)


def test_empty_pages_offer_the_next_step(signed_in, charlie, dana):
    assert "No introductions yet" in page(signed_in(charlie), "/introductions")
    assert "The desk is clear" in page(signed_in(dana), "/desk")
    assert "还没有对接" in page(signed_in(charlie), "/introductions?lang=zh")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_table_is_printed_for_everybody(client, language):
    shown = page(client, f"/help/pipeline?lang={language}")
    assert ("Waive registration" if language == "en" else "免登记") in shown


def test_lists_need_a_fixed_number_of_queries(signed_in, database, dana, charlie, company, institute):
    def more(count):
        for _ in range(count):
            service.express_interest(charlie, a_listing(company, Kind.NEED), a_listing(institute), **ANSWERS)

    more(2)
    browsers = {"/desk": signed_in(dana), "/introductions": signed_in(charlie)}
    few = {}
    for address, browser in browsers.items():
        session.expire_all()
        session.remove()
        few[address] = queries(database, browser, address)
    more(6)
    for address, browser in browsers.items():
        session.remove()
        assert queries(database, browser, address) == few[address], address
    assert max(few.values()) < 45


def test_one_case_for_each_listing_row(signed_in, charlie, interest):
    assert page(signed_in(charlie), "/introductions").count(f'href="/introductions/{interest.ref}"') == 1
    assert session.query(Introduction).count() == 1


def test_listing_page_leads_to_the_open_introduction(signed_in, charlie, mallory, interest, result):
    assert f"/introductions/{interest.ref}" in page(signed_in(charlie), f"/listings/{result.ref}")
    shown = page(signed_in(mallory), f"/listings/{result.ref}")
    assert f"/introductions/new?listing={result.ref}" in shown
    assert interest.ref not in shown


def test_authors_read_why_others_said_no(signed_in, alice, charlie, mallory, interest, result):
    service.move(charlie, interest, "close", reason="withdrawn", reason_code="too_early", note="We need TRL 8.")
    assert "We need TRL 8." in page(signed_in(alice), f"/listings/{result.ref}")
    assert "We need TRL 8." not in page(signed_in(mallory), f"/listings/{result.ref}")


def test_who_has_only_been_suggested_may_still_express_interest(signed_in, charlie, need, result):
    service.suggest(None, need, result)
    browser = signed_in(charlie)
    assert f"/introductions/new?listing={result.ref}" in page(browser, f"/listings/{result.ref}")
    browser.post(f"/introductions/new?listing={result.ref}", data={"own": need.ref, **ANSWERS})
    joined = session.scalars(select(Introduction)).one()
    assert joined.stage is Stage.INTEREST
    assert f"/introductions/new?listing={result.ref}" not in page(browser, f"/listings/{result.ref}")
