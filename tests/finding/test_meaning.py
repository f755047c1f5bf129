"""What words mean helps a search where it can be had in time, and costs nothing where not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from conftest import a_listing
from embedders import KnowsAFewWords

from marketplace import index, outbox
from marketplace.finding import meaning, service, terms
from marketplace.finding.criteria import Criteria
from marketplace.listings import vectors
from marketplace.matching import embedding
from search import Query, Unavailable

SUBJECTS = (("Accumulator pack", "en"), ("储能系统", "zh"), ("Robot gripper", "en"), ("机器人夹爪", "zh"))


@pytest.fixture
def embedder(institute, engine) -> Iterator[KnowsAFewWords]:
    """Forty listings, findable by what they mean."""
    one = KnowsAFewWords()
    meaning.forget()
    vectors.bind(one)
    for number in range(10):
        for title, language in SUBJECTS:
            a_listing(institute, title=f"{title} {number}", language=language, keywords=[], summary="", details={})
    embedding.take_over()
    while embedding.make_some():
        pass
    embedding.recentre()
    outbox.drain()
    index.rebuild(terms.LISTINGS)
    one.asked.clear()
    yield one
    vectors.bind(vectors.NoEmbedder())
    meaning.forget()


def titles(text: str, **more: object) -> list[str]:
    found = service.find(None, Criteria(q=text, size=50, **more))  # type: ignore[arg-type]
    assert not found.degraded
    return ["".join(piece for piece, _ in row.title) for row in found.rows]


def test_a_reader_finds_what_is_meant_in_either_language(embedder) -> None:
    assert {title.rpartition(" ")[0] for title in titles("battery")} == {"Accumulator pack", "储能系统"}
    assert len(titles("battery", kind=("result",))) == 20 and titles("battery", kind=("need",)) == []


def test_the_same_words_are_embedded_once(embedder) -> None:
    assert titles("battery") == titles("battery") == titles(" battery ")
    assert embedder.asked == [("battery", "query")]


def test_what_is_excluded_is_no_part_of_what_is_meant(embedder) -> None:
    found = titles("battery -robot")
    assert [text for text, _ in embedder.asked] == ["battery"] and len(found) == 20


def test_sorted_by_date_nobody_asks_what_it_means(embedder) -> None:
    titles("battery", sort="newest")
    titles("")
    assert embedder.asked == []


def test_without_the_embedder_words_alone_decide_and_it_is_left_alone_for_a_while(embedder, caplog) -> None:
    embedder.problem = Unavailable("the embedder at http://model answered 503")
    assert len(titles("robot")) == 10 and "answered 503" in caplog.text
    assert titles("battery") == [] and len(embedder.asked) == 1
    meaning.forget()
    embedder.problem = None
    assert len(titles("battery")) == 20


def test_a_slow_embedder_is_not_waited_for_and_helps_the_next_reader(embedder, monkeypatch) -> None:
    whole = embedder.embed
    monkeypatch.setattr(meaning, "PATIENCE", 0.05)
    embedder.embed = lambda texts, kind="passage": (time.sleep(0.4), whole(texts, kind))[1]
    started = time.monotonic()
    assert len(titles("robot")) == 10 and time.monotonic() - started < 0.35
    for _ in range(100):
        if meaning._known:
            break
        time.sleep(0.02)
    assert len(titles("robot")) == 20


def test_an_index_of_another_embedder_is_searched_by_words(embedder, engine, caplog) -> None:
    from dataclasses import replace

    engine.create("listings", replace(terms.LISTINGS.settings, vector=5))
    assert len(titles("robot")) == 10 and "words alone decide" in caplog.text


@pytest.mark.parametrize(("text", "language"), [
    ("锂电池", "zh"), ("lithium 电池", "zh"), ("lithium battery", "en"), ("литий", ""), ("بطارية", ""),
])
def test_the_language_of_a_question_is_told_from_its_script(text: str, language: str) -> None:
    assert meaning.language_of(text) == language


def test_nothing_is_asked_where_no_embedder_is_set_up() -> None:
    query = Query("battery")
    assert meaning.meant(query) is query
