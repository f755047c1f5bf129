"""What the port promises of filters, facets, order, pages and suggestions, held against every engine."""

import pytest

from search import MAXIMUM_WINDOW, AnyOf, Between, Engine, NoneOf, Query, Refused

FACETS = ("kind", "region")


def found(searcher: Engine, index: str, text: str = "", *filters: AnyOf | NoneOf | Between, **more: object) -> set[int]:
    return {hit.id for hit in searcher.search(index, Query(text, filters, **more)).hits}  # type: ignore[arg-type]


def ranked(searcher: Engine, index: str, query: Query) -> list[int]:
    return [hit.id for hit in searcher.search(index, query).hits]


def test_filters_narrow(searcher: Engine, listings: str) -> None:
    assert found(searcher, listings, "", AnyOf("kind", ("need",))) == {2, 4}
    assert found(searcher, listings, "", AnyOf("region", ("us", "cn-bj"))) == {1, 2}
    assert found(searcher, listings, "", NoneOf("region", ("cn",))) == {2, 4}
    assert found(searcher, listings, "", AnyOf("kind", ("need",)), AnyOf("region", ("cn",))) == set()
    assert found(searcher, listings, "battery", AnyOf("kind", ("need",))) == {2, 4}
    assert found(searcher, listings, "", AnyOf("kind", ())) == set()
    assert found(searcher, listings, "", NoneOf("kind", ())) == {1, 2, 3, 4}
    many = tuple(f"r{number}" for number in range(300))
    assert found(searcher, listings, "", AnyOf("region", (*many, "us"))) == {2}


def test_a_range_includes_its_ends_and_leaves_out_the_unknown(searcher: Engine, listings: str) -> None:
    assert found(searcher, listings, "", Between("price", 20.5, 500)) == {1, 2}
    assert found(searcher, listings, "", Between("price", high=0)) == {4}
    assert found(searcher, listings, "", Between("price", 20.6)) == {1}
    assert found(searcher, listings, "", Between("price")) == {1, 2, 4}
    assert found(searcher, listings, "", Between("price", 5, 1)) == set()
    assert found(searcher, listings, "", Between("published", 1_650_000_000, 1_700_000_000)) == {1, 3}
    assert found(searcher, listings, "", Between("price", float("-inf"), float("inf"))) == {1, 2, 4}


@pytest.mark.parametrize("value", [
    'a"b', "a\\b", "] OR kind = need", "a' OR 1=1", "\x00", "🔋", "\u202eabc", "", "a,b", "*",
])
def test_no_character_in_a_filter_is_an_operator(searcher: Engine, empty: str, value: str) -> None:
    searcher.upsert(empty, [{"id": 1, "title": "x", "kind": value}, {"id": 2, "title": "x", "kind": "plain"}])
    assert found(searcher, empty, "", AnyOf("kind", (value,))) == ({1} if value else set())
    assert found(searcher, empty, "", NoneOf("kind", (value,))) == ({2} if value else {1, 2})


def test_facets_count_every_value(searcher: Engine, listings: str) -> None:
    page = searcher.search(listings, Query("", facets=FACETS))
    assert page.facets == {"kind": {"result": 2, "need": 2}, "region": {"cn": 2, "cn-bj": 1, "us": 1}}
    assert searcher.search(listings, Query("lithium", facets=("kind",))).facets == {"kind": {"result": 1, "need": 1}}


def test_a_facet_ignores_the_choice_made_in_itself_but_not_in_others(searcher: Engine, listings: str) -> None:
    page = searcher.search(listings, Query("", (AnyOf("kind", ("need",)), Between("price")), facets=FACETS))
    assert page.total == 2
    assert page.facets == {"kind": {"need": 2, "result": 1}, "region": {"us": 1}}
    page = searcher.search(listings, Query("", (AnyOf("kind", ("result",)), AnyOf("region", ("us",))), facets=FACETS))
    assert page.total == 0
    assert page.facets == {"kind": {"need": 1}, "region": {"cn": 2, "cn-bj": 1}}


def test_a_facet_counts_thousands_of_values(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [{"id": number, "title": "x", "region": f"r{number}"} for number in range(3000)])
    assert len(searcher.search(empty, Query("", facets=("region",))).facets["region"]) == 3000


def test_a_document_without_the_number_comes_last_both_ways(searcher: Engine, listings: str) -> None:
    assert ranked(searcher, listings, Query(sort=("price", False))) == [4, 2, 1, 3]
    assert ranked(searcher, listings, Query(sort=("price", True))) == [1, 2, 4, 3]
    assert ranked(searcher, listings, Query("battery", sort=("published", False))) == [2, 1, 4]


def test_pages_follow_one_another_and_the_total_stays(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [{"id": number, "title": "sensor", "price": number} for number in range(45)])
    pages = [searcher.search(empty, Query("sensor", page=page, sort=("price", False))) for page in (1, 2, 3, 4)]
    assert [hit.id for page in pages for hit in page.hits] == list(range(45))
    assert [page.total for page in pages] == [45] * 4
    everything = {hit.id for page in (1, 2, 3) for hit in searcher.search(empty, Query("sensor", page=page)).hits}
    assert everything == set(range(45))


@pytest.mark.parametrize(("page", "size"), [(MAXIMUM_WINDOW, 20), (2**70, 1), (1, MAXIMUM_WINDOW + 1), (1, 0), (3, 20)])
def test_a_page_beyond_the_end_is_empty_and_the_total_is_true(
    searcher: Engine, listings: str, page: int, size: int,
) -> None:
    answer = searcher.search(listings, Query("battery", page=page, size=size, facets=("kind",)))
    assert (answer.hits, answer.total, answer.facets) == ((), 3, {"kind": {"result": 1, "need": 2}})


@pytest.mark.parametrize("query", [
    Query(page=0), Query(page=-1), Query(size=-1), Query(facets=("price",)), Query(facets=("nothing",)),
    Query(sort=("title", True)), Query(attributes=("kind",)), Query(attributes=()), Query(highlight=("kind",)),
    Query(filters=(AnyOf("title", ("x",)),)), Query(filters=(Between("kind", 1),)),
    Query(filters=(NoneOf("nothing", ("x",)),)), Query(filters=(Between("price", float("nan")),)),
])
def test_an_impossible_query_is_refused(searcher: Engine, listings: str, query: Query) -> None:
    with pytest.raises(Refused):
        searcher.search(listings, query)


# --- suggestions


def test_values_that_begin_so_are_suggested_before_those_with_such_a_word(searcher: Engine, listings: str) -> None:
    texts = [one.text for one in searcher.suggest(listings, "电池")]
    assert texts[0] == "电池"
    assert set(texts) == {"电池", "鈉離子電池正極材料", "磷酸铁锂电池回收技术"}
    assert [one.text for one in searcher.suggest(listings, "SEP")] == ["separator", "Lithium battery separator"]
    first = searcher.suggest(listings, "lith")[0]
    assert (first.text, first.id, first.attribute) == ("Lithium battery separator", 2, "title")


def test_suggestions_keep_to_filters_and_limit(searcher: Engine, listings: str) -> None:
    assert {one.id for one in searcher.suggest(listings, "电池", filters=(AnyOf("region", ("cn-bj",)),))} == {1}
    assert len(searcher.suggest(listings, "s", limit=1)) == 1
    assert searcher.suggest(listings, "s", limit=0) == []
    assert searcher.suggest(listings, "") == []


def test_a_text_carried_by_many_is_suggested_once(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [{"id": number, "title": "Perovskite cell"} for number in range(30)])
    assert [one.text for one in searcher.suggest(empty, "perov")] == ["Perovskite cell"]
