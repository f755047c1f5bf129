"""Pages of listings, read and written by the right people and refused to the wrong ones."""

import re

import pytest
from conftest import RESULT, a_listing, a_person, join
from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.listings import service
from marketplace.listings.models import Kind, Listing, State, TranslationState
from marketplace.organisations.models import Role


def typed(**changes):
    """The whole form as a browser sends it."""
    form = {**{k: v for k, v in RESULT.items() if k != "details"}, **RESULT["details"], **changes}
    return {k: ", ".join(v) if k == "keywords" else v for k, v in form.items()}


def shown_values(page, name):
    return re.search(rf'name="{name}"[^>]*value="([^"]*)"', page).group(1).replace("&#34;", '"')


def now(ref):
    """The row as it is after a request: requests end with a session of their own."""
    session.expire_all()
    return session.scalars(select(Listing).where(Listing.ref == ref)).one()


def person(name):
    return session.scalars(select(User).where(User.email.startswith(name))).one()


def test_visitor_reads_a_published_listing(client, institute):
    page = client.get(f"/listings/{a_listing(institute).ref}").text
    assert "Flame-retardant electrolyte" in page and "TRL 6 of 9" in page
    assert "Self-extinguishing" not in page and "members of verified organisations" in page


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/edit",
        "/preview",
        "/versions",
        "/submit",
        "/exclusions",
        "/attachments",
        "/translations/zh",
        "/do/withdraw",
    ],
)
def test_draft_does_not_exist_for_a_stranger(signed_in, charlie, institute, path):
    draft = a_listing(institute, state=State.DRAFT)
    assert signed_in(charlie).get(f"/listings/{draft.ref}{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/preview", "/versions", "/submit", "/exclusions", "/attachments", "/translations/zh"]
)
def test_outsider_has_no_author_pages_of_a_published_listing(signed_in, charlie, institute, path):
    assert signed_in(charlie).get(f"/listings/{a_listing(institute).ref}{path}").status_code == 404


@pytest.mark.parametrize("path", ["/edit", "/do/withdraw"])
def test_outsider_cannot_change_a_published_listing(signed_in, charlie, institute, path):
    listing = a_listing(institute)
    assert signed_in(charlie).post(f"/listings/{listing.ref}{path}", data={"remark": "x"}).status_code == 403
    assert session.get(Listing, listing.id).state is State.PUBLISHED


@pytest.mark.parametrize(
    "path", ["/exclusions", "/attachments", "/attachments/1/remove", "/submit", "/translations/zh"]
)
def test_outsider_cannot_post_to_author_pages(signed_in, charlie, institute, path):
    assert signed_in(charlie).post(f"/listings/{a_listing(institute).ref}{path}", data={}).status_code == 404


def test_outsider_cannot_copy(signed_in, charlie, institute):
    assert signed_in(charlie).post(f"/listings/{a_listing(institute).ref}/copy").status_code == 403


@pytest.mark.parametrize("path", ["/mine", "/listings/new", "/listings/new/need", "/review"])
def test_visitor_is_sent_to_sign_in(client, path):
    response = client.get(path)
    assert response.status_code == 302 and "/sign-in" in response.location


def test_reader_gets_their_language_first(client, institute, alice):
    listing = a_listing(institute)
    service.set_translation(
        alice, listing, "zh", {"title": "储能电站用阻燃电解液", "summary": "不燃烧。", "keywords": ["电解液"]}
    )
    page = client.get(f"/listings/{listing.ref}?lang=zh").text
    assert "<h1>储能电站用阻燃电解液</h1>" in page and "Flame-retardant electrolyte" in page
    assert "<h1>Flame-retardant" in client.get(f"/listings/{listing.ref}?lang=en").text


def test_stale_translation_says_so(client, institute, alice):
    listing = a_listing(institute, state=State.PUBLISHED)
    service.set_translation(alice, listing, "zh", {"title": "阻燃电解液"})
    with transaction():
        listing.translations[0].is_stale = True
        listing.translations[0].state = TranslationState.MACHINE
    page = client.get(f"/listings/{listing.ref}?lang=zh").text
    assert "Original" in page or "原文" in page


def test_anonymous_listing_names_nobody_on_its_page(client, signed_in, charlie, institute):
    with transaction():
        institute.name, institute.name_en = "南山材料研究院", "Nanshan Materials"
    listing = a_listing(institute, anonymous=True)
    for browser in (client, signed_in(charlie)):
        page = browser.get(f"/listings/{listing.ref}").text
        assert "Nanshan" not in page and "南山" not in page and "/organisations/institute" not in page


def test_hostile_text_is_shown_as_text(signed_in, alice, institute):
    listing = a_listing(institute, title='<script>alert("x")</script>')
    assert "<script>alert" not in signed_in(alice).get(f"/listings/{listing.ref}").text


# Writing


def test_officer_writes_a_draft_and_finds_it_again(signed_in, alice):
    browser = signed_in(alice)
    response = browser.post("/listings/new/result", data=typed(then="draft"))
    assert response.status_code == 302
    page = browser.get(response.location).text
    assert "Flame-retardant electrolyte" in page and "A 100 kWh cabinet ran 14 months." in page
    listing = session.scalars(select(Listing)).one()
    assert listing.state is State.DRAFT and listing.modes == ["development", "licence"]


def test_half_a_draft_is_kept(signed_in, alice):
    response = signed_in(alice).post("/listings/new/need", data={"title": "Something that does not burn"})
    assert response.status_code == 302
    assert session.scalars(select(Listing)).one().title == "Something that does not burn"


def test_wrong_entry_comes_back_with_its_message_and_everything_else(signed_in, alice):
    response = signed_in(alice).post(
        "/listings/new/need", data={"title": "A need", "deadline": "soon", "situation": "It burns."}
    )
    assert response.status_code == 422
    assert (
        "“soon” is not a date" in response.text and "It burns." in response.text and 'value="A need"' in response.text
    )
    assert session.scalar(select(Listing)) is None


def test_person_without_an_organisation_is_shown_the_way(signed_in, app):
    alone = a_person("alone@mail.example")
    browser = signed_in(alone)
    assert "/organisations/new" in browser.get("/listings/new").text
    assert browser.post("/listings/new/need", data={"title": "x"}).status_code == 302
    assert session.scalar(select(Listing)) is None


def test_viewer_cannot_write_for_the_organisation(signed_in, institute):
    vera = a_person("vera@institute.example")
    join(vera, institute, Role.VIEWER)
    listing = a_listing(institute)
    assert signed_in(vera).get(f"/listings/{listing.ref}/edit").status_code == 403


def test_intellectual_property_is_written_in_rows(signed_in, alice):
    rows = {
        "ip-0-type": "invention",
        "ip-0-number": "ZL202219990001.7",
        "ip-0-status": "granted",
        "ip-0-territory": "中国",
        "ip-0-co_owners": "甲所 60%, 乙司 40%",
        "ip-1-type": "",
        "ip-1-number": "",
    }
    browser = signed_in(alice)
    location = browser.post("/listings/new/result", data=typed(**rows)).location
    [row] = session.scalars(select(Listing)).one().details["ip"]
    assert row["co_owners"] == [{"name": "甲所", "share": 60}, {"name": "乙司", "share": 40}]
    assert "甲所 60%, 乙司 40%" in browser.get(location).text


def test_box_unticked_is_unticked(signed_in, alice, institute):
    listing = a_listing(institute, state=State.DRAFT, anonymous=True)
    signed_in(alice).post(f"/listings/{listing.ref}/edit", data={"anonymous": "", "modes": ["", "licence"]})
    listing = now(listing.ref)
    assert (listing.anonymous, listing.modes) == (False, ["licence"])


def opened(browser, ref):
    page = browser.get(f"/listings/{ref}/edit").text
    return {"version": shown_values(page, "version"), "marks": shown_values(page, "marks")}


def test_two_editors_of_one_field_are_both_heard(signed_in, alice, bob, institute):
    ref, his = a_listing(institute, state=State.DRAFT).ref, signed_in(bob)
    start = opened(his, ref)
    service.change(person("alice"), now(ref), {"title": "Alice's title", "partner_sought": "A cell maker"}, None)
    response = his.post(f"/listings/{ref}/edit", data=typed(title="Bob's title", **start))
    assert response.status_code == 409 and now(ref).title == "Alice's title"
    page = response.text
    assert "Bob&#39;s title" in page and "<del>Alice&#39;s</del>" in page
    assert "A cell maker" in page and "Partner sought" in page
    start = {"version": shown_values(page, "version"), "marks": shown_values(page, "marks")}
    whole = typed(title="Bob's title", partner_sought="A cell maker", **start)
    assert his.post(f"/listings/{ref}/edit", data=whole).status_code == 302
    assert (now(ref).title, now(ref).details["partner_sought"]) == ("Bob's title", "A cell maker")


def test_change_of_state_meanwhile_does_not_disturb_a_writer(signed_in, alice, bob, institute):
    ref, his = a_listing(institute, state=State.DRAFT).ref, signed_in(bob)
    start = opened(his, ref)
    service.submit(person("alice"), now(ref))
    assert his.post(f"/listings/{ref}/edit", data=typed(title="Bob's title", **start)).status_code == 302


def test_wrong_entry_of_an_editor_keeps_version_and_text(signed_in, alice, institute):
    ref, browser = a_listing(institute, state=State.DRAFT).ref, signed_in(alice)
    start = opened(browser, ref)
    response = browser.post(f"/listings/{ref}/edit", data=typed(title="x" * 2001, **start))
    assert response.status_code == 422 and "this has 2001" in response.text
    assert shown_values(response.text, "version") == start["version"]


# Moving


def test_submission_says_what_is_missing_and_links_to_it(signed_in, alice, institute):
    listing = service.create(alice, institute, Kind.RESULT, {"title": "Half"})
    response = signed_in(alice).post(f"/listings/{listing.ref}/submit")
    assert response.status_code == 422 and f"/listings/{listing.ref}/edit#f-advantage" in response.text


def test_likely_duplicate_is_shown_before_submitting(signed_in, alice, institute):
    first = a_listing(institute)
    second = a_listing(institute, state=State.DRAFT, title=RESULT["title"] + " (new)")
    assert first.ref in signed_in(alice).get(f"/listings/{second.ref}/submit").text


def test_double_clicked_submit_is_told_gently(signed_in, alice, institute):
    listing, browser = a_listing(institute, state=State.DRAFT), signed_in(alice)
    assert browser.post(f"/listings/{listing.ref}/submit").status_code == 302
    assert browser.post(f"/listings/{listing.ref}/submit").status_code == 409


def test_withdrawing_asks_why_and_keeps_the_content(signed_in, alice, institute):
    ref, browser = a_listing(institute).ref, signed_in(alice)
    assert "Its content is kept" in browser.get(f"/listings/{ref}/do/withdraw").text
    assert browser.post(f"/listings/{ref}/do/withdraw", data={"remark": ""}).status_code == 422
    assert browser.post(f"/listings/{ref}/do/withdraw", data={"remark": "Licensed."}).status_code == 302
    listing = now(ref)
    assert (listing.state, listing.remark, listing.title) == (State.WITHDRAWN, "Licensed.", RESULT["title"])


def test_one_click_renews(signed_in, alice, institute):
    ref = a_listing(institute, state=State.EXPIRED).ref
    assert signed_in(alice).post(f"/listings/{ref}/do/renew").status_code == 302
    assert now(ref).state is State.PUBLISHED


def test_decisions_of_review_are_not_taken_on_the_authors_page(signed_in, erin, institute):
    listing = a_listing(institute, state=State.SUBMITTED)
    assert signed_in(erin).post(f"/listings/{listing.ref}/do/publish").status_code == 404


def test_unknown_move_does_not_exist(signed_in, alice, institute):
    assert signed_in(alice).get(f"/listings/{a_listing(institute).ref}/do/explode").status_code == 404


# Around a listing


def test_preview_shows_each_readers_part(signed_in, alice, institute):
    listing = a_listing(institute, confidential="Ratio 3:7.", confidential_tier=3)
    page = signed_in(alice).get(f"/listings/{listing.ref}/preview").text
    assert page.count("Ratio 3:7.") == 1 and "After a signed NDA" in page


def test_versions_show_words_that_came_and_went(signed_in, alice, erin, institute):
    listing = a_listing(institute)
    service.change(alice, listing, {"title": "Flame-retardant electrolyte for ships"}, None)
    for reader in (alice, erin):
        page = signed_in(reader).get(f"/listings/{listing.ref}/versions").text
        assert "<ins>ships</ins>" in page and "<del>" in page


def test_translation_is_written_beside_the_original(signed_in, alice, institute):
    listing, browser = a_listing(institute), signed_in(alice)
    assert RESULT["summary"] in browser.get(f"/listings/{listing.ref}/translations/zh").text
    data = {"title": "阻燃电解液", "summary": "不燃。", "keywords": "电解液、储能"}
    assert browser.post(f"/listings/{listing.ref}/translations/zh", data=data).status_code == 302
    assert now(listing.ref).translations[0].keywords == ["电解液", "储能"]
    assert browser.get(f"/listings/{listing.ref}/translations/en").status_code == 404


def test_author_cannot_smuggle_in_a_reviewed_mark(signed_in, alice, institute):
    listing = a_listing(institute)
    data = {"title": "阻燃电解液", "reviewed": "1"}
    assert signed_in(alice).post(f"/listings/{listing.ref}/translations/zh", data=data).status_code == 403


def test_excluded_organisation_is_named_and_loses_sight(signed_in, alice, charlie, company, institute):
    listing, browser = a_listing(institute), signed_in(alice)
    wrong = browser.post(f"/listings/{listing.ref}/exclusions", data={"organisations": "Nobody Ltd"})
    assert wrong.status_code == 422 and "Nobody Ltd" in wrong.text
    assert browser.post(f"/listings/{listing.ref}/exclusions", data={"organisations": "Company\n"}).status_code == 302
    assert signed_in(charlie).get(f"/listings/{listing.ref}").status_code == 404
    assert "Company" in browser.get(f"/listings/{listing.ref}/exclusions").text


@pytest.mark.parametrize("ref", ["R-2026-999999", "%00", "%F0%9F%98%80", "x" * 300, "R-2026-000001'--", "%E2%80%AE"])
def test_strange_ref_is_simply_not_there(client, ref):
    assert client.get(f"/listings/{ref}").status_code == 404


def test_ref_is_read_in_either_case(client, institute):
    assert client.get(f"/listings/{a_listing(institute).ref.lower()}").status_code == 200
