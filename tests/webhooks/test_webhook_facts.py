"""An organisation's programs are told what happens to its own listings and cases, once, and of nothing else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from conftest import a_listing
from webhooks.conftest import EVERY, again, log_of, told
from webhooks.receiving import receiving

from marketplace import clock, outbox
from marketplace.db import session, transaction
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Stage
from marketplace.introductions.talk import pass_on, write_message
from marketplace.listings import service as listings
from marketplace.listings.models import Kind, Listing, State
from marketplace.organisations.models import Organisation
from marketplace.webhooks import facts, service
from marketplace.webhooks.models import Fact

pytest_plugins = ["introductions.case_cast"]


@pytest.fixture
def of_company(charlie, company):
    """The company's own receiver."""
    with receiving() as one:
        one.endpoint, _ = service.register(charlie, company, one.url, EVERY)
        yield one


@pytest.fixture
def of_platform(erin):
    with receiving() as one:
        one.endpoint, _ = service.register(erin, None, one.url, EVERY)
        yield one


def publish(alice, dana, institute) -> Listing:
    draft = a_listing(institute, state=State.DRAFT)
    listings.submit(alice, draft)
    return listings.publish(dana, draft)


def bodies(receiver) -> list[dict]:
    return [json.loads(one.body) for one in receiver.arrived]


def test_a_listing_is_told_of_when_it_comes_out_changes_and_goes(endpoint, receiver, alice, dana, institute):
    listing = publish(alice, dana, institute)
    told()
    listings.change(alice, listing, {"title": "A new electrolyte"}, None)
    told()
    assert receiver.facts == ["listing.published"], "what waits for review is nobody's business yet"
    listings.publish(dana, listing)
    told()
    listings.pause(alice, listing)
    told()
    listings.resume(alice, listing)
    told()
    listings.withdraw(alice, listing, "Sold.")
    told()
    assert receiver.facts == ["listing.published", "listing.changed", "listing.withdrawn", "listing.published",
                              "listing.withdrawn"]
    first = bodies(receiver)[0]
    assert first["ref"] == listing.ref
    assert first["link"] == f"http://127.0.0.1:8000/listings/{listing.ref}"
    assert first["api"] == f"http://127.0.0.1:8000/api/v1/listings/{listing.ref}"
    versions = [body["version"] for body in bodies(receiver)]
    assert versions == sorted(versions)


def test_a_draft_is_told_to_nobody(endpoint, receiver, of_platform, alice, institute):
    draft = listings.create(alice, institute, Kind.RESULT, {"title": "Secret plans", "language": "en"})
    listings.change(alice, draft, {"title": "More secret plans"}, None)
    listings.withdraw(alice, draft, "Never mind.")
    assert told() == 0
    assert receiver.arrived == of_platform.arrived == []


def test_other_organisations_are_not_told_and_the_platform_is(of_company, of_platform, alice, dana, institute):
    publish(alice, dana, institute)
    told()
    assert of_company.arrived == []
    assert of_platform.facts == ["listing.published"]


def test_hearing_twice_tells_once(endpoint, receiver, alice, dana, institute):
    listing = publish(alice, dana, institute)
    told()
    for _ in range(3):
        facts.of_listings([listing.id])
        with transaction():
            outbox.publish("listing.changed", listing.id)
        told()
    assert receiver.facts == ["listing.published"]


def test_what_changes_back_and_forth_between_two_looks_is_told_as_it_stands(endpoint, receiver, alice, dana, institute):
    listing = publish(alice, dana, institute)
    told()
    listings.pause(alice, listing)
    listings.resume(alice, listing)
    told()
    assert receiver.facts == ["listing.published"]


def test_a_listing_from_before_we_began_to_note_is_not_told_as_new(endpoint, receiver, alice, institute):
    old = a_listing(institute)
    with transaction():
        old.published_at = old.changed_at = clock.now() - timedelta(days=90)
        outbox.publish("listing.changed", old.id)
    assert told() == 0
    listings.withdraw(alice, old, "Sold.")
    told()
    assert receiver.facts == ["listing.withdrawn"]


def test_what_happened_before_an_address_was_registered_is_not_told(alice, dana, institute, receiver):
    publish(alice, dana, institute)
    service.register(alice, institute, receiver.url, EVERY)
    assert told() == 0


def test_what_happens_during_a_pause_is_not_told_afterwards(endpoint, receiver, alice, dana, institute):
    service.pause(alice, endpoint)
    publish(alice, dana, institute)
    outbox.drain()
    service.resume(alice, again(endpoint.id))
    assert told() == 0


def test_history_told_after_the_fact_is_no_news(endpoint, receiver, alice, dana, institute):
    with clock.at(clock.now() - timedelta(days=200)):
        publish(alice, dana, institute)
    assert told() == 0


def test_only_what_was_chosen_is_told(alice, dana, institute, receiver):
    service.register(alice, institute, receiver.url, [Fact.LISTING_WITHDRAWN])
    listing = publish(alice, dana, institute)
    told()
    listings.withdraw(alice, listing, "Sold.")
    told()
    assert receiver.facts == ["listing.withdrawn"]


def test_interest_goes_to_the_side_that_did_not_express_it(endpoint, receiver, of_company, interest):
    told()
    of_cases = [body for body in bodies(receiver) if body["ref"] == interest.ref]
    assert [body["fact"] for body in of_cases] == ["interest.received", "introduction.moved"]
    assert "interest.received" not in of_company.facts and "introduction.moved" in of_company.facts
    body = of_cases[0]
    assert body["ref"] == interest.ref and body["link"].endswith(f"/introductions/{interest.ref}")


def test_every_move_is_told_to_both_sides_once(endpoint, receiver, of_company, brought_to):
    case = brought_to(Stage(4))
    told()
    told()
    moves = [body["version"] for body in bodies(of_company) if body["fact"] == "introduction.moved"]
    assert moves == list(range(1, case.version + 1))
    assert [b["version"] for b in bodies(receiver) if b["fact"] == "introduction.moved"] == moves


def test_nothing_sent_says_who_is_on_the_other_side(endpoint, receiver, of_company, interest, dana, alice):
    introductions.move(dana, interest, "take")
    write_message(alice, interest, "We are Institute, call Alice at 13800138000.")
    told()
    for one in (*receiver.arrived, *of_company.arrived):
        text = one.body.decode() + str(one.headers)
        assert not any(word in text.lower() for word in ("alice", "charlie", "company", "138001", "electrolyte"))


def test_what_the_system_only_guesses_is_no_news(endpoint, receiver, of_company, need, result):
    introductions.suggest(None, need, result)
    assert told() == 0


def test_what_a_broker_suggests_is(endpoint, receiver, dana, need, result):
    introductions.suggest(dana, need, result)
    told()
    assert receiver.facts == ["introduction.moved"]


def test_a_message_is_told_to_the_side_it_is_for(endpoint, receiver, of_company, of_platform, interest, charlie, dana):
    introductions.move(dana, interest, "take")
    told()
    for one in (receiver, of_company, of_platform):
        one.arrived.clear()
    asked = write_message(charlie, interest, "How pure is it?")
    told()
    assert (receiver.facts, of_company.facts, of_platform.facts) == ([], [], ["message.received"])
    pass_on(dana, interest, asked.id, "How pure is it?")
    told()
    assert (receiver.facts, of_company.facts) == (["message.received"], [])
    write_message(dana, interest, "Between us brokers.", "brokers")
    told()
    assert (len(receiver.arrived), len(of_company.arrived), len(of_platform.arrived)) == (1, 0, 3)


def test_a_party_to_no_case_is_told_of_none(mallory, interest, charlie):
    with receiving() as other:
        organisation = session.query(Organisation).filter_by(slug="other").one()
        service.register(mallory, organisation, other.url, EVERY)
        write_message(charlie, interest, "How pure is it?")
        told()
        assert other.arrived == []


def test_many_facts_cost_a_fixed_number_of_questions(endpoint, institute, count_queries):
    def change(many: int) -> int:
        ids = [a_listing(institute).id for _ in range(many)]
        with count_queries() as asked:
            facts.of_listings(ids)
        return asked.count

    assert change(3) == change(12)


def test_facts_are_queued_for_each_address_that_wants_them(alice, dana, institute, receiver):
    first, _ = service.register(alice, institute, receiver.url, EVERY)
    second, _ = service.register(alice, institute, f"{receiver.url}/2", EVERY)
    publish(alice, dana, institute)
    told()
    assert len(log_of(first.id)) == len(log_of(second.id)) == 1
    assert len({*receiver.numbers}) == 2
