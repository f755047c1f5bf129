"""In how few requests the adapter finds its answers, and what it does about words the server knows nothing of."""

import re
from dataclasses import replace
from typing import Any

import pytest

from search import AnyOf, Query, Term
from search.meilisearch import MeilisearchEngine
from search.spelling import read, spelled, synonym_map
from tests.search.conftest import SERVED
from tests.search.imitation import Imitation

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TITLES = ("磷酸铁锂电池回收技术", "石墨烯薄膜", "Lithium battery separator", "锂离子电池", "Fuel cell LiFePO4 at 10 kV")


@pytest.fixture
def filled(server: Imitation, meilisearch: MeilisearchEngine) -> MeilisearchEngine:
    kinds = ("result", "need")
    meilisearch.upsert("listings", [
        {"id": number, "title": title, "kind": kinds[number % 2], "region": "cn"}
        for number, title in enumerate(TITLES, 1)
    ])
    return meilisearch


def searches(server: Imitation) -> list[list[dict[str, Any]]]:
    """The searches of each request."""
    return [request["queries"] for request in server.sent("POST", "/multi-search")]


def found(engine: MeilisearchEngine, text: str, **more: Any) -> set[int]:
    return {hit.id for hit in engine.search("listings", Query(text, **more)).hits}


# --- requests


def test_what_is_found_as_asked_takes_one_request(server: Imitation, filled: MeilisearchEngine) -> None:
    chosen = (AnyOf("kind", ("result",)), AnyOf("region", ("cn",)))
    page = filled.search("listings", Query("电池 ", chosen, facets=("kind", "region"), highlight=("title",)))
    assert page.facets == {"kind": {"result": 1, "need": 1}, "region": {"cn": 1}}
    assert [len(one) for one in searches(server)] == [3]


def test_a_word_nobody_wrote_takes_two_more(server: Imitation, filled: MeilisearchEngine) -> None:
    page = filled.search("listings", Query("lithium zirconocene separator ", facets=("kind",)))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({3}, ("zirconocene",))
    assert [len(one) for one in searches(server)] == [1, 3, 2]


def test_a_mistyped_chinese_word_takes_three_more(server: Imitation, filled: MeilisearchEngine) -> None:
    page = filled.search("listings", Query("石墨希薄膜 ", highlight=("title",)))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({2}, ())
    assert page.hits[0].quotes["title"] == (("石墨烯薄膜", True),)
    assert len(searches(server)) <= 4


def test_a_mistyped_term_finds_its_equals(filled: MeilisearchEngine) -> None:
    filled.synonyms("listings", [["石墨烯", "separator"]])
    assert found(filled, "石墨希 ") == found(filled, "石墨烯 ") == {2, 3}


def test_words_that_cannot_be_found_together_take_at_most_four_requests(
    server: Imitation, filled: MeilisearchEngine,
) -> None:
    page = filled.search("listings", Query("separator fuel cell battery "))
    assert page.total == 1
    assert len(searches(server)) <= 4


def test_a_pasted_document_is_read_as_far_as_the_server_reads(server: Imitation, filled: MeilisearchEngine) -> None:
    filled.search("listings", Query("lithium battery " + " ".join(f"word{number}x" for number in range(5_000))))
    assert all(len(one["q"].split()) <= 10 for request in searches(server) for one in request)
    assert len(searches(server)) <= 4


@pytest.mark.parametrize("text", [
    "-x" + " -x".join(map(str, range(300))) + " battery", f'"{"电池" * 900}" battery', f'-"{"电池" * 900}" battery',
])
def test_what_is_asked_for_comes_within_what_the_server_reads(
    server: Imitation, filled: MeilisearchEngine, text: str,
) -> None:
    filled.search("listings", Query(text))
    asked = searches(server)[0][0]["q"]
    assert asked.endswith("battery") and len(re.findall(r"\w+|\W", asked)) < 1_000


def test_terms_of_a_listing_are_one_request(server: Imitation, filled: MeilisearchEngine) -> None:
    terms = [Term("lithium", 2.0), Term("石墨烯"), Term("fuel cell"), *(Term(f"word{number}") for number in range(500))]
    page = filled.similar("listings", terms)
    assert page.hits[0].id == 3
    assert len(searches(server)) == 1


def test_a_suggestion_by_sound_is_in_the_same_request(server: Imitation, filled: MeilisearchEngine) -> None:
    assert [one.text for one in filled.suggest("listings", "shimoxi")] == ["石墨烯薄膜"]
    assert {one.text for one in filled.suggest("listings", "ldc")} == {"磷酸铁锂电池回收技术"}
    assert filled.suggest("listings", "shimoxi", filters=(AnyOf("kind", ("need",)),)) == []
    assert len(searches(server)) == 3


@pytest.mark.parametrize("text", ["yuel ", "ffuel ", "ufel ", "gattery ", "attery ", "abttery ", "batteyr "])
def test_a_wrong_first_letter_is_forgiven_as_any_other(filled: MeilisearchEngine, text: str) -> None:
    page = filled.search("listings", Query(text))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({5} if "uel" in text or "ufel" in text else {3}, ())


def test_two_errors_in_a_short_word_are_too_many(filled: MeilisearchEngine) -> None:
    for text in ("yuell ", "gattory ", "zegl ", "uel "):
        assert filled.search("listings", Query(text)).total == 0


# --- spelling


def test_no_chinese_reaches_the_server_to_be_cut() -> None:
    for text in ("磷酸铁锂电池，LiFePO4 正极", "10 kV、5 μm", "リチウムイオン", "α-Fe₂O₃"):
        assert spelled(text).replace(". ", " ").isascii() and spelled(text).replace(". ", "").replace(" ", "").isalnum()


def test_words_are_in_order_and_what_else_is_asked_for_stands_apart() -> None:
    main, *apart = spelled("Recycling 锂电池 at 10 kV").split(". ")
    assert read(main) == ("recycling", "锂", "电", "池", "at", "10", "kv")
    assert {read(one) for one in apart if one.startswith("00")} >= {("锂",), ("电",), ("池",), ("锂", "电", "池")}
    assert "10kv" in apart


def test_languages_without_chinese_signs_stay_as_they_are() -> None:
    assert spelled("Переработка аккумуляторов") .startswith("переработка аккумуляторов")


def test_a_visitors_phrase_is_not_found_by_what_only_members_read(
    server: Imitation, filled: MeilisearchEngine,
) -> None:
    """The server minds the order of words wherever they stand, so phrases of ours are words of their own."""
    filled.upsert("listings", [
        {"id": 70, "title": "cell for fuel; 池中电", "body": "fuel cell 电池"}, {"id": 71, "title": "fuel cell 电池"},
    ])
    assert found(filled, '"fuel cell"', attributes=("title",)) == {5, 71}
    assert found(filled, '"电池"', attributes=("title",)) == {1, 4, 71}
    assert 70 in found(filled, '"fuel cell"')


def test_terms_with_the_same_meaning_are_not_followed_from_group_to_group() -> None:
    found = synonym_map([["anode", "cathode"], ["cathode", "电极"]])
    assert (found["anode"], len(found["cathode"])) == (["cathode"], 2)


# --- vectors


def test_words_and_what_is_near_are_asked_for_together(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.create("new", replace(SERVED, vector=2))
    meilisearch.upsert("new", [
        {"id": 1, "title": "battery", "vector": [1.0, 0.0]}, {"id": 2, "title": "accumulator", "vector": [0.9, 0.1]},
        {"id": 3, "title": "battery tester"},
    ])
    page = meilisearch.search("new", Query("battery ", vector=(1.0, 0.0), near=0.5, facets=("kind",)))
    assert ({hit.id for hit in page.hits}, page.total) == ({1, 2, 3}, 3)
    words, near = searches(server)[0]
    assert "vector" not in words
    assert near["hybrid"] == {"embedder": "meaning_2", "semanticRatio": 1.0}
    assert near["filter"] == ["has_vector = true"]
    assert len(searches(server)) == 3
