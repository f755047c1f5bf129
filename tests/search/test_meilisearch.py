"""What the adapter sends to a Meilisearch server and how it takes what comes back, against an imitation of the server;
how the two find is held to the contract of all engines."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from search import AnyOf, Between, NoneOf, Query, Settings, Term
from search import meilisearch as adapter
from search.dialect import server_document, server_settings, settings_of
from search.meilisearch import MeilisearchEngine
from search.spelling import spelled
from tests.search.conftest import SERVED
from tests.search.imitation import Imitation

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def test_settings_survive_the_way_to_the_server_and_back() -> None:
    back = settings_of(server_settings(SERVED))
    assert [*back.searchable] == [*SERVED.searchable]
    assert (back.strings, back.numbers) == (SERVED.strings, SERVED.numbers)
    assert (back.suggest, back.stored) == (SERVED.suggest, SERVED.stored)


    assert settings_of(server_settings(replace(SERVED, vector=384))).vector == 384


def test_an_index_is_made_with_its_settings(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.create("fresh", replace(SERVED, vector=3))
    assert server.sent("POST", "/indexes") == [{"uid": "fresh", "primaryKey": "id"}]
    settings, = server.sent("PATCH", "/indexes/fresh/settings")
    assert settings["searchableAttributes"] == ["text_title", "text_body", "sound_title"]
    assert settings["filterableAttributes"] == ["id", "string_kind", "string_region", "number_price", "has_vector"]
    assert settings["sortableAttributes"] == ["number_price"]
    assert settings["typoTolerance"] == {
        "enabled": True, "minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8}, "disableOnNumbers": True,
    }
    assert settings["localizedAttributes"] == [{"attributePatterns": ["text_*", "sound_*"], "locales": ["cmn", "eng"]}]
    assert settings["rankingRules"] == ["sort", "words", "typo", "proximity", "attribute", "exactness"]
    assert settings["pagination"]["maxTotalHits"] >= 1_000_000
    assert settings["faceting"] == {"maxValuesPerFacet": 60_000, "sortFacetValuesBy": {"*": "count"}}
    assert settings["embedders"] == {"meaning_3": {"source": "userProvided", "dimensions": 3}}
    assert settings["searchCutoffMs"] < 5_000


def test_settings_that_are_there_already_are_not_sent(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    theirs = server.indexes["listings"].settings
    theirs["typoTolerance"]["disableOnWords"] = []  # what we leave to the server comes back as well
    theirs["filterableAttributes"] = sorted(theirs["filterableAttributes"], reverse=True)
    meilisearch.create("listings", SERVED)
    assert server.sent("POST", "/indexes") == [] == server.sent("PATCH", "/indexes/listings/settings")
    meilisearch.create("listings", replace(SERVED, numbers=("price", "year")))
    changed, = server.sent("PATCH", "/indexes/listings/settings")
    assert set(changed) == {"filterableAttributes", "sortableAttributes"}


def test_synonyms_outlive_other_settings_and_go_with_a_swap(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.synonyms("listings", [["graphene", "石墨烯"]])
    meilisearch.create("listings", replace(SERVED, strings=("kind",)))
    assert "graphene" in server.indexes["listings"].settings["synonyms"]
    meilisearch.swap("listings", "new")
    assert "graphene" in server.indexes["new"].settings["synonyms"]
    assert server.indexes["listings"].settings["synonyms"] == {}


def test_synonyms_that_are_there_already_are_not_sent(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.synonyms("listings", [["graphene", "石墨烯"]])
    meilisearch.synonyms("listings", [["石墨烯", "graphene"], ["alone"]])
    assert len(server.sent("PATCH", "/indexes/listings/settings")) == 1
    meilisearch.synonyms("listings", [])
    assert server.sent("PATCH", "/indexes/listings/settings")[-1] == {"synonyms": {}}


def test_the_server_is_asked_once_a_second_what_an_index_is_like(
    server: Imitation, meilisearch: MeilisearchEngine,
) -> None:
    for _ in range(5):
        meilisearch.search("listings", Query("x "))
    assert len(server.sent("GET", "/indexes/listings/settings")) == 1
    assert len(server.sent("GET", "/version")) == 1


def test_a_document_is_sent_folded_for_searching_and_whole_for_quoting() -> None:
    document = {"id": 1, "title": "鋰電池 PLA/PBAT", "kind": "a", "price": None, "region": ["x", "x"], "unnamed": 1}
    made = server_document(SERVED, document)
    assert made.pop("text_title") == [spelled("锂电池 PLA/PBAT")]
    assert {"9ldc", "9lidianchi"} <= set(made.pop("sound_title"))
    assert made == {
        "id": 1, "stored_title": ["鋰電池 PLA/PBAT"],
        "offered_title": ["鋰電池 PLA/PBAT"], "string_kind": ["a"], "string_region": ["x"],
    }


def test_a_document_says_of_its_vector_that_there_is_none() -> None:
    settings = replace(SERVED, vector=2)
    with_one = server_document(settings, {"id": 1, "title": "x", "vector": [0.5, 1]})
    assert (with_one["_vectors"], with_one["has_vector"]) == ({"meaning_2": [0.5, 1.0]}, True)
    without = server_document(settings, {"id": 1, "title": "x", "vector": None})
    assert (without["_vectors"], without["has_vector"]) == ({"meaning_2": None}, False)


def test_documents_are_sent_in_requests_of_bounded_size(
    server: Imitation, meilisearch: MeilisearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert adapter._LARGEST_BATCH == 8_000_000
    monkeypatch.setattr(adapter, "_LARGEST_BATCH", 80_000)
    texts = ["lithium battery " * 200] * 60
    meilisearch.upsert("listings", [{"id": number, "title": text} for number, text in enumerate(texts)])
    batches = server.sent("POST", "/indexes/listings/documents")
    assert len(batches) > 3 and sum(map(len, batches)) == 60
    assert all(len(json.dumps(batch)) < 100_000 for batch in batches)


def test_a_rebuild_goes_on_while_the_server_still_indexes(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    seen: list[int] = []

    def batches() -> Iterator[list[dict[str, Any]]]:
        for number in range(6):
            seen.append(len([path for _, path, _ in server.requests if path.startswith("/tasks/")]))
            yield [{"id": number, "title": "x"}]

    meilisearch.fill("listings", batches())
    assert seen == [0, 0, 0, 0, 1, 2]
    assert meilisearch.count("listings") == 6
    assert len([path for _, path, _ in server.requests if path.startswith("/tasks/")]) == 6


def test_ids_are_deleted_by_a_filter(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.delete("listings", [3, 4])
    assert server.sent("POST", "/indexes/listings/documents/delete") == [{"filter": "id IN [3, 4]"}]


def test_a_page_and_its_facets_are_one_request(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.hits = lambda query: [{"id": 5, "_rankingScore": 0.9, "stored_title": ["鋰電池"]}]
    page = meilisearch.search("listings", Query(
        "电池 ", (AnyOf("kind", ('a"b\\', "c")), NoneOf("region", ("x",)), Between("price", 1e20, None)),
        facets=("kind", "region"), sort=("price", True), page=2, size=10, attributes=("title",), highlight=("title",),
    ))
    (body,) = server.sent("POST", "/multi-search")
    first, second = body["queries"]
    assert first["filter"] == [
        r'string_kind IN ["a\"b\\", "c"]', 'string_region NOT IN ["x"]', "number_price >= 100000000000000000000",
    ]
    assert (first["q"], first["page"], first["hitsPerPage"]) == ('"00030005027744" ', 2, 10)
    assert first["sort"] == ["number_price:desc"]
    assert (first["facets"], first["attributesToSearchOn"]) == (["string_region"], ["text_title"])
    assert second["filter"] == first["filter"][1:]
    assert (second["facets"], second["limit"]) == (["string_kind"], 0)
    assert page.facets == {"kind": {"a": 1}, "region": {"a": 1}}
    assert page.hits[0].quotes["title"] == (("鋰", False), ("電池", True))


def test_a_readers_signs_reach_the_server_only_as_quotes_and_minuses(
    server: Imitation, meilisearch: MeilisearchEngine,
) -> None:
    server.hits = lambda query: [{"id": 1}]
    meilisearch.search("listings", Query('"fuel cells" -"a b" -lithium (PLA/PBAT) title:x* batt'))
    query, = server.sent("POST", "/multi-search")[0]["queries"]
    pair, minus = (next(one for one in spelled(text).split(". ") if one.startswith("01"))
                   for text in ("fuel cells", "a b"))
    assert query["q"] == f'-"{minus}" -"lithium" "{pair}" plapbat title x batt'
    assert query["matchingStrategy"] == "all"


@pytest.mark.parametrize("text", [
    '" OR 1=1', "-", '-"', "a\\b", "\x00", "🔋", "\ud800", "锂\u202e电", "' --", "<script>", "x" * 100_000,
    "锂" * 50_000, "a\nb\tc", "{}[]", "ＡＢＣ", "00038146", "9lidianchi",
])
def test_hostile_texts_reach_the_server_as_letters_figures_quotes_and_minuses(
    server: Imitation, meilisearch: MeilisearchEngine, text: str,
) -> None:
    hostile = (AnyOf("kind", (text,)), NoneOf("region", (text,)))
    for query in (Query(text), Query(f'"{text}" -{text}'), Query("x", hostile)):
        assert meilisearch.search("listings", query).total == 0
    for request in server.sent("POST", "/multi-search"):
        for one in request["queries"]:
            assert re.fullmatch(r'[a-z0-9 "\-]*', one["q"]), one["q"]
            assert len(one["q"]) < 60_000
    meilisearch.suggest("listings", text)
    meilisearch.similar("listings", [Term(text)])


def test_words_are_given_up_in_the_stated_order(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    known = {"battery": 9, "lithium": 3, "unicorn": 0}

    def hits(query: dict[str, Any]) -> list[dict[str, Any]]:
        asked = query["q"].split()
        count = known.get(asked[0], 0) if len(asked) == 1 else 0
        return [{"id": number} for number in range(count)]

    server.hits = hits
    page = meilisearch.search("listings", Query("battery unicorn lithium "))
    assert (page.total, page.dropped) == (3, ("battery", "unicorn"))
    server.hits = lambda query: []
    page = meilisearch.search("listings", Query("battery unicorn "))
    assert (page.total, page.dropped) == (0, ())


def test_likeness_adds_up_what_each_term_is_worth(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    both, one = {"id": 1, "_rankingScore": 0.5}, {"id": 2, "_rankingScore": 0.8}
    server.hits = lambda query: [one, both] if query["q"].startswith("lithium") else [both]
    page = meilisearch.similar("listings", [Term("lithium", 1.0), Term("回收", 1.0), Term("!!")], limit=5)
    assert [hit.id for hit in page.hits] == [1, 2]
    assert page.hits[0].score == pytest.approx(1.0)


def test_settings_changed_by_another_process_are_read_again(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    meilisearch.search("listings", Query())
    server.indexes["listings"].change(server_settings(Settings(searchable={"title": 1.0}, strings=("kind", "field"))))
    meilisearch.search("listings", Query(facets=("field",)))
    assert server.sent("POST", "/multi-search")[-1]["queries"][0]["facets"] == ["string_field"]


def test_a_mistyped_word_is_marked_where_the_server_found_it(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.hits = lambda query: [{"id": 1, "stored_title": ["Lithium batteries"]}]
    page = meilisearch.search("listings", Query("litium ", highlight=("title",)))
    assert page.hits[0].quotes["title"] == (("Lithium", True), (" batteries", False))


def test_threads_share_one_engine(server: Imitation, meilisearch: MeilisearchEngine) -> None:
    server.hits = lambda query: [{"id": int(query["q"].strip('" '))}]
    faults: list[object] = []

    def ask(number: int) -> None:
        for _ in range(10):
            hits = meilisearch.search("listings", Query(f"{number} ")).hits
            if [hit.id for hit in hits] != [number]:
                faults.append(hits)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
