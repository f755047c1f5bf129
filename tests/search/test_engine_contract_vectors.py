"""What the port promises of vectors, held against every engine."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from search import AnyOf, Between, Engine, NoneOf, Query, Refused, Settings
from search.embedded import EmbeddedEngine

PLAIN = Settings(
    searchable={"title": 4.0, "body": 1.0}, strings=("kind",), numbers=("price",), stored=("title",),
    suggest=("title",),
)
SETTINGS = replace(PLAIN, vector=3)
EAST, NORTH, UP = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
DOCUMENTS: tuple[dict[str, Any], ...] = (
    {"id": 1, "title": "lithium battery", "kind": "result", "price": 1, "vector": [2.0, 0.0, 0.0]},
    {"id": 2, "title": "energy storage plant", "kind": "result", "price": 2, "vector": [0.9, 0.1, 0.0]},
    {"id": 3, "title": "robot gripper", "kind": "need", "price": 3, "vector": [0.0, 1.0, 0.0]},
    {"id": 4, "title": "battery tester", "kind": "need", "price": 4},
    {"id": 5, "title": "accumulator", "kind": "need", "price": 5, "vector": [0.8, 0.0, 0.6]},
)


@pytest.fixture
def bare(searcher: Engine) -> Iterator[str]:
    name = f"test-{uuid4().hex}"
    searcher.create(name, SETTINGS)
    yield name
    searcher.drop(name)


@pytest.fixture
def meant(searcher: Engine, bare: str) -> str:
    searcher.upsert(bare, DOCUMENTS)
    return bare


def nearest(searcher: Engine, index: str, vector: tuple[float, ...] = EAST, **more: Any) -> list[int]:
    return [hit.id for hit in searcher.nearest(index, vector, **more).hits]


def found(searcher: Engine, index: str, text: str, **more: Any) -> list[int]:
    return [hit.id for hit in searcher.search(index, Query(text, **more)).hits]


# --- nearest

def test_the_nearest_come_first_with_their_cosine(searcher: Engine, meant: str) -> None:
    page = searcher.nearest(meant, (3.0, 0.0, 0.0))
    assert [hit.id for hit in page.hits] == [1, 2, 5, 3]
    assert [hit.score for hit in page.hits] == pytest.approx([1, 0.9 / math.hypot(0.9, 0.1), 0.8, 0], abs=0.01)


def test_who_has_no_vector_is_near_nothing(searcher: Engine, meant: str) -> None:
    assert 4 not in nearest(searcher, meant, UP)


@pytest.mark.parametrize(("filters", "expected"), [
    ((AnyOf("kind", ("need",)),), [5, 3]),
    ((NoneOf("kind", ("need",)),), [1, 2]),
    ((Between("price", 2, 4),), [2, 3]),
    ((AnyOf("kind", ("result",)), Between("price", 2, None)), [2]),
    ((AnyOf("kind", ("nothing",)),), []),
])
def test_filters_hold_exactly(searcher: Engine, meant: str, filters: Any, expected: list[int]) -> None:
    assert nearest(searcher, meant, filters=filters) == expected


def test_no_more_are_given_than_asked_for(searcher: Engine, meant: str) -> None:
    assert nearest(searcher, meant, limit=2) == [1, 2]
    assert nearest(searcher, meant, limit=0) == []


def test_changed_lost_and_deleted_vectors_are_followed(searcher: Engine, meant: str) -> None:
    searcher.upsert(meant, [{**DOCUMENTS[0], "vector": [0.0, -1.0, 0.0]}, {**DOCUMENTS[1], "title": "renamed"}])
    assert nearest(searcher, meant) == [2, 5, 3, 1] or nearest(searcher, meant) == [2, 5, 1, 3]
    searcher.upsert(meant, [{"id": 2, "title": "without"}])
    searcher.delete(meant, [3])
    assert nearest(searcher, meant) == [5, 1]


def test_an_index_filled_in_one_go_has_its_vectors(searcher: Engine, bare: str) -> None:
    searcher.fill(bare, [DOCUMENTS[:2], DOCUMENTS[2:]])
    assert nearest(searcher, bare) == [1, 2, 5, 3]


def test_swapped_indexes_swap_their_vectors(searcher: Engine, meant: str) -> None:
    other = f"test-{uuid4().hex}"
    searcher.create(other, replace(PLAIN, vector=2))
    searcher.upsert(other, [{"id": 7, "title": "other", "vector": [0.0, 1.0]}])
    searcher.swap(meant, other)
    assert nearest(searcher, meant, (0.0, 1.0)) == [7]
    assert nearest(searcher, other) == [1, 2, 5, 3]
    searcher.drop(other)


def test_an_index_given_other_settings_keeps_vectors_of_the_same_length_and_no_others(
    searcher: Engine, meant: str
) -> None:
    searcher.create(meant, replace(SETTINGS, strings=("kind", "region")))
    assert nearest(searcher, meant) == [1, 2, 5, 3]
    searcher.create(meant, replace(PLAIN, vector=2))
    assert nearest(searcher, meant, (1.0, 0.0)) == [] and searcher.count(meant) == 5
    searcher.upsert(meant, [{"id": 1, "title": "lithium battery", "vector": [1.0, 0.0]}])
    assert nearest(searcher, meant, (1.0, 0.0)) == [1]
    searcher.create(meant, PLAIN)
    assert found(searcher, meant, "lithium", vector=EAST) == [1]


@pytest.mark.parametrize("vector", [
    [1.0, 2.0], [1.0, 2.0, 3.0, 4.0], [], "abc", 7, [1.0, math.nan, 0.0], [1.0, math.inf, 0.0], [1.0, "2", 0.0],
    [1.0, None, 0.0],
])
def test_a_wrong_vector_is_refused_and_nothing_of_its_batch_is_written(
    searcher: Engine, meant: str, vector: Any
) -> None:
    with pytest.raises(Refused, match="vector"):
        searcher.upsert(meant, [{"id": 8, "title": "sound"}, {"id": 9, "title": "unsound", "vector": vector}])
    assert searcher.count(meant) == 5


@pytest.mark.parametrize("vector", [(1.0, 2.0), (), (1.0, math.nan, 0.0)])
def test_a_question_with_a_wrong_vector_is_refused(searcher: Engine, meant: str, vector: tuple[float, ...]) -> None:
    with pytest.raises(Refused, match="vector"):
        searcher.nearest(meant, vector)
    with pytest.raises(Refused, match="vector"):
        searcher.search(meant, Query("battery", vector=vector))


def test_an_index_without_vectors_takes_no_notice_of_them(searcher: Engine, bare: str) -> None:
    searcher.create(bare, PLAIN)
    searcher.upsert(bare, DOCUMENTS)
    assert sorted(found(searcher, bare, "battery ", vector=EAST)) == [1, 4]
    with pytest.raises(Refused, match="vector"):
        searcher.nearest(bare, EAST)


# --- words and nearness together

def test_what_lies_near_is_found_without_the_word(searcher: Engine, meant: str) -> None:
    page = searcher.search(meant, Query("battery ", vector=EAST, near=0.7))
    assert {hit.id for hit in page.hits} == {1, 2, 4, 5} and page.hits[0].id == 1
    assert page.total == 4


def test_who_is_not_near_enough_is_not_found(searcher: Engine, meant: str) -> None:
    assert set(found(searcher, meant, "battery ", vector=EAST, near=0.9)) == {1, 2, 4}
    assert set(found(searcher, meant, "battery ", vector=(-1.0, 0.0, 0.0), near=0.5)) == {1, 4}


def test_facets_count_what_is_near_too(searcher: Engine, meant: str) -> None:
    page = searcher.search(meant, Query("battery ", vector=EAST, near=0.7, facets=("kind",)))
    assert page.facets == {"kind": {"result": 2, "need": 2}}


def test_nothing_near_escapes_filters_exclusions_and_phrases(searcher: Engine, meant: str) -> None:
    need = (AnyOf("kind", ("need",)),)
    assert set(found(searcher, meant, "battery ", vector=EAST, near=0.7, filters=need)) == {4, 5}
    assert set(found(searcher, meant, "battery -storage", vector=EAST, near=0.7)) == {1, 4, 5}
    assert set(found(searcher, meant, '"lithium battery"', vector=EAST, near=0.7)) == {1}


def test_a_word_nobody_has_still_finds_what_it_means(searcher: Engine, meant: str) -> None:
    page = searcher.search(meant, Query("zirconocene ", vector=EAST, near=0.7))
    assert [hit.id for hit in page.hits] == [1, 2, 5] and page.total == 3


def test_how_much_nearness_decides_can_be_chosen(searcher: Engine, meant: str) -> None:
    by_words = found(searcher, meant, "battery tester ", vector=EAST, near=0.7, semantic=0.1)
    by_meaning = found(searcher, meant, "battery tester ", vector=EAST, near=0.7, semantic=0.9)
    assert by_words[0] == 4 and by_meaning[0] == 1


def test_sorted_by_a_number_only_words_find(searcher: Engine, meant: str) -> None:
    assert found(searcher, meant, "battery ", vector=EAST, sort=("price", True)) == [4, 1]


def test_pages_of_both_hold_everything_once(searcher: Engine, bare: str) -> None:
    searcher.upsert(bare, [
        {"id": number, "title": "battery" if number % 3 else "cell", "vector": [1.0, number / 100, 0.0]}
        for number in range(300)
    ])
    asked = Query("battery ", vector=EAST, near=0.5, size=7)
    total = searcher.search(bare, asked).total
    pages = [searcher.search(bare, replace(asked, page=page)) for page in range(1, total // 7 + 2)]
    seen = [hit.id for page in pages for hit in page.hits]
    assert len(seen) == len(set(seen)) == total >= 200
    assert {number for number in range(300) if number % 3} <= set(seen)


# --- the embedded engine's file

def test_an_engine_opened_anew_and_a_reader_beside_it_know_the_vectors(tmp_path: Path) -> None:
    writer, reader = EmbeddedEngine(tmp_path / "engine", writer=True), EmbeddedEngine(tmp_path / "engine")
    writer.create("listings", SETTINGS)
    writer.upsert("listings", DOCUMENTS[:2])
    assert nearest(reader, "listings") == [1, 2]
    writer.upsert("listings", DOCUMENTS[2:])
    assert nearest(reader, "listings") == [1, 2, 5, 3]
    writer.close()
    again = EmbeddedEngine(tmp_path / "engine", writer=True)
    again.upsert("listings", [{**DOCUMENTS[2], "vector": [1.0, 0.0, 0.01]}])
    assert nearest(reader, "listings") == [1, 3, 2, 5]
    again.close()
