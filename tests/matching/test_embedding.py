"""Listings get their vectors: of what everybody may read, a little at a time, whatever the embedder does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from conftest import a_listing
from embedders import KnowsAFewWords
from indexing import EngineThatIsDown
from sqlalchemy import select

from marketplace import clock, index, outbox
from marketplace.db import session, transaction
from marketplace.finding import terms
from marketplace.listings import documents, vectors
from marketplace.listings.models import Kind, Listing, State
from marketplace.listings.vectors import ListingVector, VectorSpace
from marketplace.matching import embedding
from search import AnyOf, Query, Refused, Unavailable
from search.embedding import cosine

SUBJECTS = (("Battery pack", "en"), ("储能电池", "zh"), ("Robot gripper", "en"), ("机器人夹爪", "zh"),
            ("Solar panel", "en"), ("光伏组件", "zh"), ("Membrane filter", "en"), ("膜过滤", "zh"))


@pytest.fixture
def embedder() -> Iterator[KnowsAFewWords]:
    one = KnowsAFewWords()
    vectors.bind(one)
    yield one
    vectors.bind(vectors.NoEmbedder())


@pytest.fixture
def furnished(institute, company) -> list[int]:
    """Forty listings of four subjects in two languages."""
    return [
        a_listing(institute, title=f"{title} {number}", language=language, keywords=[], summary="").id
        for number in range(5) for title, language in SUBJECTS
    ]


def work() -> None:
    """What the worker does until nothing is due."""
    for _ in range(100):
        if not outbox.drain():
            return


def row(listing: int) -> ListingVector:
    return session.scalars(
        select(ListingVector).where(ListingVector.listing_id == listing).execution_options(populate_existing=True)
    ).one()


def tell(*listings: int) -> None:
    with transaction():
        outbox.publish("listing.changed", *listings)


def retitle(listing: int, title: str) -> None:
    with transaction():
        session.get_one(Listing, listing).title = title
        outbox.publish("listing.changed", listing)


def nearest(engine, listing: int, number: int = 5) -> list[str]:
    found = [hit.id for hit in engine.nearest("listings", vectors.of([listing])[listing], limit=number).hits]
    titles = dict(session.execute(select(Listing.id, Listing.title).where(Listing.id.in_(found))).all())
    return [titles[one] for one in found]


def rebuilt() -> None:
    for name in index.asked_for():
        assert name == terms.LISTINGS.name
        index.rebuild(terms.LISTINGS)


def test_nothing_is_done_where_no_embedder_is_set_up(institute, engine) -> None:
    listing = a_listing(institute)
    tell(listing.id)
    work()
    embedding.look_after()
    assert session.scalar(select(ListingVector.listing_id)) is None
    assert session.get(VectorSpace, 1) is None and embedding.vector_of(session.merge(listing)) is None


def test_listings_are_found_by_what_they_mean_across_languages(furnished, engine, embedder) -> None:
    index.rebuild(terms.LISTINGS)
    embedding.look_after()
    work()
    assert len(embedder.asked) == 40 and embedding.due() == 0
    rebuilt()
    battery, chinese, robot, other = furnished[:4]
    assert all("电池" in title or "Battery" in title for title in nearest(engine, battery, 10))
    made = embedding.vectors_of(session.scalars(select(Listing)).all())
    assert set(made) == set(furnished)
    assert made[battery] == embedding.vector_of(session.get_one(Listing, battery))
    near = cosine(made[battery], made[chinese])
    assert near > 0.7 > 0.3 > cosine(made[robot], made[chinese])
    assert cosine(made[robot], made[other]) == pytest.approx(near, abs=0.3)
    assert index.check(terms.LISTINGS) == (set(), set())


def test_neighbours_are_those_of_the_other_side_that_mean_the_same(furnished, company, engine, embedder) -> None:
    need = a_listing(company, Kind.NEED, title="Wanted: energy storage", keywords=[], summary="").id
    embedding.look_after()
    work()
    rebuilt()
    listing = session.get_one(Listing, need)
    found = embedding.neighbours(listing, (AnyOf("kind", ("result",)),), 10)
    assert {number % 8 for number in (furnished.index(one) for one in found)} == {0, 1}
    assert min(found.values()) > 0.5
    index.bind(EngineThatIsDown())
    assert embedding.neighbours(listing, (), 10) == {}
    index.bind(engine)


def test_changed_words_are_embedded_again_and_other_changes_are_not(furnished, engine, embedder) -> None:
    embedding.look_after()
    work()
    rebuilt()
    embedder.asked.clear()
    with transaction():
        session.get_one(Listing, furnished[0]).valid_until = clock.today()
    tell(furnished[0])
    work()
    assert embedder.asked == []
    retitle(furnished[0], "Robot arm for welding")
    work()
    assert [text for text, _ in embedder.asked] == ["Robot arm for welding"]
    assert all("Robot" in title or "机器人" in title for title in nearest(engine, furnished[0], 8))


def test_only_what_everybody_may_read_of_what_everybody_may_see_leaves(institute, engine, embedder) -> None:
    secret = a_listing(institute, title="Drafted", state=State.DRAFT)
    paused = a_listing(institute, title="Paused", state=State.PAUSED)
    veiled = a_listing(
        institute, title="Robot of Institute", anonymous=True, confidential="The secret recipe",
        details={"problem": "Members only", "indicators": "Members too"},
    )
    need = a_listing(institute, Kind.NEED, title="Robot wanted")
    embedding.take_over()
    embedding.mark_every()
    tell(*(one.id for one in (secret, paused, veiled, need)))
    work()
    said = "\n".join(text for text, _ in embedder.asked)
    assert "Robot wanted" in said and "Robot of" in said
    for word in ("Drafted", "Paused", "Institute", "secret", "Members"):
        assert word not in said


def test_an_embedder_that_is_down_loses_nothing_and_holds_nobody_up(furnished, engine, embedder, monkeypatch) -> None:
    embedder.problem = Unavailable("the embedder at http://model cannot be reached")
    embedding.look_after()
    retitle(furnished[0], "Silkworm cocoon sorter")
    work()
    assert engine.search("listings", Query("silkworm")).total == 1, "words are found meanwhile"
    assert embedding.due() == 40 and outbox.waiting()
    assert "cannot be reached" in outbox.failing()[0][3]
    embedder.problem = None
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    work()
    assert embedding.due() == 0 and outbox.waiting() == 0


def test_a_text_that_is_refused_waits_by_itself(furnished, engine, embedder, monkeypatch) -> None:
    whole = embedder.embed

    def picky(texts, kind="passage"):
        if any("Robot gripper 3" in text for text in texts):
            raise Refused("the embedder few words gave something that is no finite number (text 1 of the batch)")
        return whole(texts, kind)

    embedder.embed = picky
    embedding.look_after()
    work()
    bad = furnished[26]
    assert "no finite number" in row(bad).error and row(bad).due_at > clock.now()
    assert embedding.due() == 0 and len(vectors.of(furnished)) == 39
    assert embedding.refused() == (1, row(bad).error)
    embedder.embed = whole
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    embedding.look_after()
    work()
    assert row(bad).error is None and len(vectors.of(furnished)) == 40


def test_another_embedder_takes_over_by_itself(furnished, engine, embedder, caplog) -> None:
    embedding.look_after()
    work()
    rebuilt()
    assert vectors.dimensions() == 8
    other = KnowsAFewWords("other words")
    vectors.bind(other)
    assert vectors.dimensions() == 0, "vectors of two embedders are never compared"
    embedding.look_after()
    assert "embedder=other words" in caplog.text and "embedder=few words" in caplog.text
    assert index.asked_for() == ["listings"] and embedding.due() == 40
    rebuilt()
    with pytest.raises(Refused):
        engine.nearest("listings", [1.0] * 8)
    work()
    rebuilt()
    assert len(engine.nearest("listings", [1.0] * 8, limit=50).hits) == 40
    vectors.bind(vectors.NoEmbedder())
    embedding.look_after()
    assert index.asked_for() == ["listings"] and session.scalar(select(VectorSpace.id)) is None


def test_the_middles_stay_until_there_are_twice_as_many(furnished, institute, engine, embedder) -> None:
    embedding.look_after()
    work()
    rebuilt()
    before, institute = vectors.space(), session.merge(institute)
    more = [a_listing(institute, title=f"Robot {number}").id for number in range(39)]
    tell(*more)
    work()
    assert vectors.space() == before and index.asked_for() == []
    tell(a_listing(session.merge(institute), title="Robot of Theseus").id)
    work()
    assert vectors.space() != before and index.asked_for() == ["listings"]


def test_the_first_vectors_of_many_are_used_before_the_last_is_made(furnished, engine, embedder, monkeypatch) -> None:
    monkeypatch.setattr(embedding, "EARLY", 24)
    monkeypatch.setattr(embedding, "SLICE", 0.0)
    embedding.look_after()
    for _ in range(5):
        outbox.drain()
    assert vectors.space() is None
    outbox.drain()
    assert vectors.space() is not None and embedding.due() == 16 and index.asked_for() == ["listings"]
    rebuilt()
    work()
    assert embedding.due() == 0 and len(engine.nearest("listings", [1.0] * 8, limit=50).hits) == 40


def test_of_a_handful_of_listings_nothing_is_said_to_be_near(institute, engine, embedder) -> None:
    listing = a_listing(institute).id
    embedding.look_after()
    work()
    assert row(listing).vector and vectors.of([listing]) == {}
    assert "vector" not in documents.build([listing])[0][0]


def test_a_change_while_the_embedder_thinks_is_not_lost(furnished, engine, embedder) -> None:
    whole, listing = embedder.embed, furnished[0]

    def slow(texts, kind="passage"):
        if any(text.startswith("Battery pack 0") for text in texts):
            retitle(listing, "Robot instead")
            outbox.drain()
        return whole(texts, kind)

    embedder.embed = slow
    embedding.take_over()
    while embedding.make_some():
        pass
    assert any(text.startswith("Robot instead") for text, _ in embedder.asked)
    assert embedding.due() == 0
