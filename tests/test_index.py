"""An index says what the rows say: after changes, after a rebuild, and whatever fails in between."""

import pytest
from conftest import a_listing
from indexing import EngineThatIsDown, index_listings

from marketplace import clock, index, outbox
from marketplace.db import session, transaction
from marketplace.listings.documents import LISTINGS
from marketplace.listings.models import Listing, State
from search import Query, Unavailable


def change(listing, **values):
    with transaction():
        row = session.get(Listing, listing.id)
        for name, value in values.items():
            setattr(row, name, value)
        outbox.publish("listing.changed", listing.id)


def titles_found(engine, text):
    return engine.search("listings", Query(text)).total


def test_change_is_found_after_the_worker_passes(institute, engine):
    listing = a_listing(institute)
    change(listing, title="Silkworm cocoon sorter")
    outbox.drain()
    assert titles_found(engine, "silkworm") == 1 and outbox.waiting() == 0


def test_change_waits_while_the_engine_is_down(institute, engine, monkeypatch):
    listing = a_listing(institute)
    index.bind(EngineThatIsDown())
    change(listing, title="Silkworm cocoon sorter")
    outbox.drain()
    assert outbox.waiting() == 1
    index.bind(engine)
    later = clock.now() + outbox.LONGEST_WAIT
    monkeypatch.setattr(clock, "now", lambda: later)
    outbox.drain()
    assert titles_found(engine, "silkworm") == 1 and outbox.waiting() == 0


def test_vanished_row_is_forgotten(institute, engine):
    listing = a_listing(institute)
    index_listings()
    index.keep(LISTINGS)([listing.id, 999_999])
    with transaction():
        session.delete(session.get(Listing, listing.id))
        outbox.publish("listing.changed", listing.id)
    outbox.drain()
    assert engine.count("listings") == 0


def test_hearing_twice_changes_nothing(institute, engine):
    listing = a_listing(institute)
    for _ in range(2):
        index.keep(LISTINGS)([listing.id])
    assert engine.count("listings") == 1


def test_rebuild_takes_in_every_row_and_forgets_the_others(institute, engine):
    index.keep(LISTINGS)([])
    engine.upsert("listings", [{"id": 424_242, "title": "Nobody's"}])
    for _ in range(3):
        a_listing(institute)
    assert index.check(LISTINGS)[1] == {424_242}
    assert index.rebuild(LISTINGS) == 3
    assert index.check(LISTINGS) == (set(), set())
    assert not engine.exists("listings-rebuild")


def test_work_is_parted_into_batches():
    assert [len(batch) for batch in index.batches(range(5), 2)] == [2, 2, 1]


def test_failed_rebuild_leaves_the_old_index(institute, engine, monkeypatch):
    a_listing(institute, title="Silkworm cocoon sorter")
    index.rebuild(LISTINGS)

    def fails(ids):
        raise RuntimeError("a row nobody can read")

    broken = index.Findable(LISTINGS.name, LISTINGS.settings, fails, LISTINGS.every_id)
    with pytest.raises(RuntimeError):
        index.rebuild(broken)
    assert titles_found(engine, "silkworm") == 1
    assert "nobody can read" in index.rebuild_of("listings").error


def test_change_during_a_rebuild_waits_for_its_end(institute):
    listing_id = a_listing(institute).id

    def meanwhile(_):
        with pytest.raises(Unavailable):
            index.keep(LISTINGS)([listing_id])

    index.rebuild(LISTINGS, meanwhile)
    index.keep(LISTINGS)([listing_id])


def test_withdrawn_listing_is_no_longer_for_everyone(institute, engine):
    from marketplace.finding.criteria import audience_filters

    listing = a_listing(institute)
    index_listings()
    change(listing, state=State.WITHDRAWN)
    outbox.drain()
    assert engine.search("listings", Query(filters=audience_filters(None))).total == 0


def test_without_an_engine_the_question_is_refused():
    index._bound.clear()
    with pytest.raises(Unavailable):
        index.engine()
