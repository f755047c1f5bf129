"""The front page shows everybody what is here, and nobody what is not theirs to see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import a_listing
from sqlalchemy import event

from marketplace import clock
from marketplace.analytics import home
from marketplace.db import session, transaction
from marketplace.events import service as events
from marketplace.events.models import State as EventState
from marketplace.listings.models import Exclusion, Kind, State


@pytest.fixture
def counted(database):
    """counted(act) -> how many statements the act sent to the database."""

    def count(act):
        statements = []

        def listener(*call):
            statements.append(call[2])

        event.listen(database, "before_cursor_execute", listener)
        try:
            act()
        finally:
            event.remove(database, "before_cursor_execute", listener)
        return len(statements)

    return count


def test_counts_are_of_what_everybody_may_know_of(institute, company):
    a_listing(institute)
    a_listing(institute, state=State.DRAFT)
    a_listing(company, Kind.NEED)
    a_listing(company, Kind.NEED, state=State.MATCHED)
    a_listing(company, Kind.NEED, state=State.EXPIRED)
    seen = home.home_figures(None, "en")
    assert (seen.results, seen.needs, seen.organisations, seen.concluded) == (1, 2, 2, 0)


def test_a_draft_is_not_among_the_newest_even_for_its_author(institute, alice):
    a_listing(institute, title="Still being written", state=State.DRAFT)
    assert home.home_figures(alice, "en").newest_results == []


def test_an_excluded_company_does_not_see_the_new_result(institute, company, charlie):
    listing = a_listing(institute)
    with transaction():
        session.add(Exclusion(listing_id=listing.id, organisation_id=company.id))
    assert home.home_figures(charlie, "en").newest_results == []
    assert len(home.home_figures(None, "en").newest_results) == 1


def test_an_anonymous_need_names_nobody_on_the_front_page(client, company):
    a_listing(company, Kind.NEED, title="A need without a name", anonymous=True)
    page = client.get("/").get_data(as_text=True)
    assert "A need without a name" in page
    assert "Company" not in page.partition('id="needs"')[2].partition("</section>")[0]


def test_an_empty_place_says_what_will_be_here(client):
    page = client.get("/").get_data(as_text=True)
    assert "No needs yet" in page
    assert "Post a need" in page


def test_the_search_field_of_the_front_page_leads_to_the_search(client):
    page = client.get("/").get_data(as_text=True)
    assert '<form class="big-search" action="/search" role="search">' in page
    assert page.count('type="search"') == 1


def test_the_front_page_asks_the_database_no_more_often_for_more_listings(app, client, institute, company, counted):
    a_listing(institute)
    a_listing(company, Kind.NEED)
    few = counted(lambda: client.get("/"))
    for n in range(5):
        a_listing(institute, title=f"Result {n}")
        a_listing(company, Kind.NEED, title=f"Need {n}")
    assert counted(lambda: client.get("/")) == few


def test_help_prints_the_pipeline_in_both_languages(client):
    assert "the contract is executed" in client.get("/help").get_data(as_text=True)
    assert "合同已签署" in client.get("/help?lang=zh").get_data(as_text=True)


def test_what_comes_next_is_announced_and_what_is_not_yet_public_is_not(client, erin, company):
    series = events.create_series(erin, {"slug": "fridays", "title_zh": "周五见", "organisation": "company"})
    starts = clock.now() + timedelta(days=3)
    for title, state in (("Next Friday", EventState.OPEN), ("Only planned", EventState.DRAFT)):
        edition = events.create_edition(erin, series, {
            "strand": "science_meets_company", "title_zh": title, "title_en": title, "place_zh": "渡口厅",
            "starts_at": starts, "ends_at": starts + timedelta(hours=2), "capacity": 48,
        })
        if state is EventState.OPEN:
            events.set_state(erin, edition, state)
    page = client.get("/").get_data(as_text=True)
    assert "Coming up" in page
    assert "Next Friday" in page
    assert "Only planned" not in page
