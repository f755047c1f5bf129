"""What a public file says is found by everybody, what members may read by members, and the rest by nobody."""

import io

import papers
import pytest
from conftest import a_listing
from sqlalchemy import inspect

from marketplace import index, outbox
from marketplace.db import session, transaction
from marketplace.files import texts
from marketplace.finding.terms import LISTINGS
from marketplace.listings import documents, service, sharing
from marketplace.listings.models import Exclusion, State

WORD = "cyclohexanone"


def work():
    while outbox.drain():
        pass


@pytest.fixture
def published(institute):
    listing = a_listing(institute)
    with transaction():
        outbox.publish("listing.changed", listing.id)
    return listing


def again(row):
    """The row in the session of now: a page ends the session it came from."""
    return session.get_one(type(row), inspect(row).identity[0])


def attach(alice, listing, tier=0, text=f"It withstands {WORD} for 300 hours.", name="sheet.pdf"):
    file = sharing.attach(again(alice), again(listing), name, io.BytesIO(papers.a_pdf(text)), tier)
    work()
    return file


def finds(browser, listing, q=WORD):
    return f"/listings/{again(listing).ref}" in browser.get(f"/search?q={q}").text


def test_visitor_finds_a_result_by_its_public_data_sheet(client, alice, published):
    assert not finds(client, published)
    attach(alice, published)
    assert finds(client, published) and finds(client, published, f"electrolyte+{WORD}")


def test_a_chinese_sentence_broken_over_two_lines_is_found(client, alice, published):
    attach(alice, published, text="本品通过了热失控蔓\n延试验，符合标准。")
    assert finds(client, published, "热失控蔓延")


def test_members_find_what_only_they_may_read(client, signed_in, alice, charlie, published):
    attach(alice, published, tier=1)
    assert finds(signed_in(charlie), published) and not finds(client, published)
    assert "1" in client.get("/search?q=electrolyte").text and WORD not in client.get("/search?q=electrolyte").text


@pytest.mark.parametrize("tier", [2, 3])
def test_nobody_finds_by_what_is_told_under_an_introduction(client, signed_in, alice, charlie, dana, published, tier):
    attach(alice, published, tier=tier)
    for browser in (client, signed_in(charlie), signed_in(alice), signed_in(dana)):
        assert not finds(browser, published)
    show, _ = documents.build([again(published).id])
    assert WORD not in str(show)


def test_files_of_an_anonymous_listing_find_nothing(client, signed_in, alice, charlie, institute):
    listing = a_listing(institute, anonymous=True)
    attach(alice, listing), attach(alice, listing, tier=1)
    for browser in (client, signed_in(charlie), signed_in(alice)):
        assert not finds(browser, listing)
    assert sharing.texts_of(again(listing), []) == {}


def test_whoever_must_not_know_of_a_listing_does_not_learn_of_it_by_its_files(
    signed_in, alice, charlie, company, published
):
    attach(alice, published)
    with transaction():
        again(published).exclusions = [Exclusion(organisation_id=again(company).id)]
        outbox.publish("listing.changed", published.id)
    work()
    assert not finds(signed_in(charlie), published)


def test_drafts_files_find_nothing(client, signed_in, alice, charlie, institute):
    listing = a_listing(institute, state=State.DRAFT)
    attach(alice, listing)
    assert not finds(client, listing) and not finds(signed_in(charlie), listing)


def test_file_that_is_removed_finds_nothing_any_more(client, alice, published):
    file = attach(alice, published)
    assert finds(client, published)
    service.detach(again(alice), again(published), again(file).id)
    work()
    assert not finds(client, published)


def test_index_and_database_agree(alice, published):
    attach(alice, published)
    assert index.check(LISTINGS) == (set(), set())


def test_many_files_of_a_listing_are_searched_up_to_a_limit_and_read_in_one_query(
    alice, published, count_queries, monkeypatch
):
    monkeypatch.setattr(texts, "SEARCHED", 50)
    for number in range(4):
        attach(alice, published, tier=number % 2, text=f"{number} twenty letters 1234", name=f"{number}.pdf")
    number = published.id
    with count_queries() as asked:
        said = texts.of_subjects("listing", [number, number + 1], 1)
    assert asked.count == 1
    assert said == {number: [(0, "0 twenty letters 1234"), (1, "1 twenty letters 1234"), (0, "2 twenty")]}


def test_listings_without_files_cost_one_query_more_and_no_attribute(institute, count_queries):
    ids = [a_listing(institute).id for _ in range(5)]
    with count_queries() as asked:
        show, _ = documents.build(ids)
    assert asked.count <= 8 and not any("files" in one for one in show)
