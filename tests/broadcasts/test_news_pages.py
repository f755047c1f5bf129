"""Asking for news, answering it with one press, and leaving, as people do it in the browser and mail programs do."""

from __future__ import annotations

import pytest
from conftest import a_listing, a_person, an_organisation, attached
from sqlalchemy import func, select
from told import a_funding_need, an_investor, sent, write_all

from marketplace.broadcasts import answering, news, service
from marketplace.broadcasts.models import Recipient, What
from marketplace.db import session, transaction
from marketplace.introductions.models import Introduction, Origin, Stage
from marketplace.listings import service as listings
from marketplace.listings.models import Listing
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import State as OrganisationState

BROWSER = {"User-Agent": "Mozilla/5.0"}


@pytest.fixture
def funding(company):
    return a_funding_need(company)


@pytest.fixture
def investor():
    return an_investor("investor")


@pytest.fixture
def told_of(erin, funding, investor):
    """The broadcast, whose one reader is the investor."""
    broadcast = sent(erin, funding)
    write_all()
    return broadcast


def way(person) -> str:
    number = session.scalar(select(Recipient.id).where(Recipient.user_id == person.id))
    return "/" + answering.link(number).split("/", 3)[3]


def cases() -> int:
    return session.scalar(select(func.count()).select_from(Introduction))


def test_person_asks_for_news_changes_what_and_leaves(signed_in, alice):
    browser = signed_in(alice)
    page = browser.get("/account/news").text
    assert "Send me needs like these" in page
    browser.post("/account/news", data={"wanted": "1", "subtype": ["funding"], "region": "深圳, Singapore"})
    assert news.of(alice) == {What.SUBTYPE: ["funding"], What.FIELD: [], What.REGION: ["440300", "SG"], What.KIND: []}
    assert "Shenzhen, Singapore" in browser.get("/account/news").text
    browser.post("/account/news", data={"wanted": "1", "field": ["biology"]})
    assert news.of(alice)[What.SUBTYPE] == [] and news.of(alice)[What.FIELD] == ["biology"]
    browser.post("/account/news", data={})
    assert news.of(alice) is None


def test_a_region_that_is_none_comes_back_with_what_was_chosen(signed_in, alice):
    answer = signed_in(alice).post("/account/news", data={"wanted": "1", "subtype": ["funding"], "region": "Atlantis"})
    assert answer.status_code == 422
    assert "“Atlantis” is not a region we know." in answer.text and 'value="funding" checked' in answer.text
    assert news.of(alice) is None


def test_the_link_of_the_mail_opens_a_page_with_one_button_and_begins_nothing(client, told_of, investor):
    page = client.get(way(investor), headers=BROWSER)
    assert page.status_code == 200 and page.headers["X-Robots-Tag"] == "noindex"
    assert "Ten million for a pilot line" in page.text and "I am interested" in page.text
    assert cases() == 0
    counts = service.counts([told_of.id])[told_of.id]
    assert (counts.mailed, counts.opened, counts.interested) == (1, 1, 0)


def test_programs_that_look_through_mail_are_not_counted_as_readers(client, told_of, investor):
    client.get(way(investor), headers={"User-Agent": "SafeLinks-Scanner/1.0 bot"})
    assert service.counts([told_of.id])[told_of.id].opened == 0


def test_one_press_begins_an_introduction_for_the_readers_organisation(signed_in, told_of, funding, investor):
    client = signed_in(investor)
    answer = client.post(way(investor), data={})
    assert answer.status_code == 302
    case = session.scalars(select(Introduction)).one()
    assert (case.need_id, case.origin, case.origin_ref) == (funding.id, Origin.BROADCAST, told_of.ref)
    assert case.stage is Stage.INTEREST
    assert case.result.organisation.slug == "investor" and case.result.title.startswith("In answer to: Ten million")
    assert case.ref in client.get(way(investor)).text
    assert service.counts([told_of.id])[told_of.id].interested == 1


def test_pressing_twice_begins_one_introduction(signed_in, told_of, investor):
    client = signed_in(investor)
    for _ in range(3):
        client.post(way(investor), data={})
    assert cases() == 1
    assert session.scalar(select(func.count()).select_from(Listing)) == 2


def test_reader_answers_with_a_result_of_theirs_and_says_why(signed_in, told_of, investor):
    own = a_listing(investor.memberships[0].organisation, title="Growth capital")
    ref = own.ref
    signed_in(investor).post(way(investor), data={"own": ref, "message": "We invest in pilot lines."})
    case = session.scalars(select(Introduction)).one()
    assert case.result.ref == ref
    assert case.interests[0].cooperation_sought == "We invest in pilot lines."


def test_the_result_that_fits_is_proposed_and_a_weak_one_is_not(signed_in, told_of, investor):
    client = signed_in(investor)
    investor = attached(investor)
    home = investor.memberships[0].organisation
    weak = a_listing(home, title="Wheat that stands", summary="A dwarf wheat.", keywords=["wheat"], field="biology",
                     details={"problem": "Wheat falls over in storms."})
    page = client.get(way(investor)).text
    assert 'value="new" selected' in page and f'value="{weak.ref}"' in page and "a draft that is begun for you" in page
    fits = a_listing(home, title="A pilot line for electrolyte that cannot burn", trl=7, modes=["licence"],
                     summary="Cabinets pass the nail test, no fire.", keywords=["electrolyte", "safety"])
    assert f'value="{fits.ref}" selected' in client.get(way(investor)).text


def test_a_listing_of_somebody_else_is_not_taken_for_ones_own(signed_in, told_of, institute, investor):
    theirs = a_listing(institute, title="Not yours").ref
    answer = signed_in(investor).post(way(investor), data={"own": theirs})
    assert answer.status_code == 422 and "Choose one of your listings" in answer.text
    assert cases() == 0


def test_interest_in_a_need_that_closed_meanwhile_is_refused(client, charlie, told_of, funding, investor):
    listings.mark_matched(charlie, funding)
    assert "It is not open for interest now" in client.get(way(investor)).text
    assert client.post(way(investor), data={}).status_code == 409
    assert cases() == 0


def test_who_may_not_know_of_the_need_any_more_finds_nothing_there(client, charlie, told_of, funding, investor):
    listings.set_exclusions(charlie, funding, [investor.memberships[0].organisation])
    page = client.get(way(investor))
    assert page.status_code == 404 and "Ten million" not in page.text


def test_reader_without_an_organisation_is_told_what_is_missing(client, erin, funding):
    alone = a_person("alone@nowhere.example", "Alone")
    news.ask(alone, {})
    sent(erin, funding)
    write_all()
    assert "Join an organisation first" in client.get(way(alone)).text
    assert client.post(way(alone), data={}).status_code == 422


def test_reader_of_an_unverified_organisation_is_told_so(client, told_of, investor):
    with transaction():
        investor.memberships[0].organisation.state = OrganisationState.PENDING
    assert "has not been verified yet" in client.get(way(investor)).text
    assert client.post(way(investor), data={}).status_code == 422


def test_forged_and_foreign_links_lead_nowhere(client, told_of, investor):
    assert client.get(way(investor) + "x").status_code == 404
    assert client.post("/news/nonsense", data={}).status_code == 404
    leave = "/" + news.link(investor).split("/", 3)[3]
    assert client.get("/news/" + leave.rpartition("/")[2]).status_code == 404


def test_mail_program_ends_the_news_with_one_post_without_a_session(app, client, told_of, investor):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        leave = "/" + news.link(investor).split("/", 3)[3]
        page = client.get(leave)
        assert "End the news of needs?" in page.text and news.is_subscribed(investor)
        assert client.post(leave, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert not news.is_subscribed(investor)
    assert "No more news of needs" in client.get(leave).text
    assert client.get(leave + "x").status_code == 404


def test_operator_plans_looks_sends_and_follows(signed_in, erin, funding, investor):
    browser = signed_in(erin)
    assert "Tell this need by mail" in browser.get(f"/listings/{funding.ref}").text
    made = browser.post("/broadcasts/new", data={"listing": funding.ref, "kinds": ["investor"], "regions": "Shenzhen",
                                                 "note_en": "Answer by Friday."})
    page = browser.get(made.location).text
    assert "Send to 1 person" in page and "Investor" in page and "Answer by Friday." in page
    ref = made.location.rpartition("/")[2]
    version = service.get(erin, ref).version
    browser.post(f"/broadcasts/{ref}/send", data={"version": version})
    write_all()
    followed = browser.get(f"/broadcasts/{ref}").text
    assert "What came of it" in followed and "Mails written" in followed
    assert "Ten million for a pilot line" in browser.get("/broadcasts").text
    assert browser.get(f"/broadcasts/{ref}/edit").status_code == 302


def test_a_broadcast_that_names_no_need_comes_back_filled(signed_in, erin):
    answer = signed_in(erin).post("/broadcasts/new", data={"listing": "N-1999-000001", "note_en": "Please"})
    assert answer.status_code == 422
    assert "There is no need N-1999-000001." in answer.text and "Please" in answer.text


def test_sending_a_page_that_is_stale_says_so(signed_in, erin, funding, investor):
    broadcast = service.plan(erin, listing=funding.ref)
    browser = signed_in(erin)
    answer = browser.post(f"/broadcasts/{broadcast.ref}/send", data={"version": 99}, follow_redirects=True)
    assert "It has been changed or sent meanwhile" in answer.text


def test_others_find_no_broadcasts(signed_in, client, charlie, dana, erin, funding):
    broadcast = service.plan(erin, listing=funding.ref)
    for person in (charlie, dana):
        browser = signed_in(person)
        assert browser.get("/broadcasts").status_code == 403
        assert browser.get(f"/broadcasts/{broadcast.ref}").status_code == 404
        assert browser.post(f"/broadcasts/{broadcast.ref}/send", data={"version": 1}).status_code == 404
        assert "Tell this need by mail" not in browser.get(f"/listings/{funding.ref}").text


def test_list_of_broadcasts_takes_as_many_queries_for_many_as_for_few(signed_in, erin, company, count_queries):
    def asked() -> int:
        with count_queries() as counted:
            browser.get("/broadcasts")
        return counted.count

    browser = signed_in(erin)
    service.plan(attached(erin), listing=a_funding_need(company).ref)
    browser.get("/broadcasts")
    few = asked()
    for number in range(5):
        other = an_organisation(f"o{number}", OrganisationKind.COMPANY)
        service.plan(attached(erin), listing=a_funding_need(other, title=f"Need {number}").ref)
    assert asked() == few
