"""What the port promises, held against every engine (_narrowing has filters, facets, pages, suggestions)."""

import threading
from dataclasses import replace
from uuid import uuid4

import pytest

from search import (
    AnyOf,
    Between,
    Engine,
    NoneOf,
    Query,
    Refused,
    Settings,
    Term,
    Unavailable,
)

FACETS = ("kind", "region")


def found(searcher: Engine, index: str, text: str = "", *filters: AnyOf | NoneOf | Between, **more: object) -> set[int]:
    return {hit.id for hit in searcher.search(index, Query(text, filters, **more)).hits}  # type: ignore[arg-type]


def ranked(searcher: Engine, index: str, query: Query) -> list[int]:
    return [hit.id for hit in searcher.search(index, query).hits]


# --- finding


@pytest.mark.parametrize(("text", "expected"), [
    ("", {1, 2, 3, 4}),
    ("锂电池", {1}),
    ("电池", {1, 3}),
    ("電池", {1, 3}),
    ("钠离子", {3}),
    ("lithium", {1, 2}),
    ("LITHIUM", {1, 2}),
    ("ｌｉｔｈｉｕｍ", {1, 2}),
    ("battery", {1, 2, 4}),
    ("batteries", {1, 2, 4}),
    ("cafe", {3}),
    ("abc film", {3}),
    ("wifi", {3}),
    ("lifepo4", {1}),
    ("PLA/PBAT", {2}),
    ("pbat", {2}),
    ("GB/T22900", {2}),
    ("gb/t 22900", {2}),
    ("10kV", {1}),
    ("10 kv", {1}),
    ("lithium 回收", {1}),
])
def test_a_reader_finds_it_however_it_is_written(
    searcher: Engine, listings: str, text: str, expected: set[int],
) -> None:
    assert found(searcher, listings, text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("litium", {1, 2}), ("lithuim", {1, 2}), ("seperator", {2}), ("separatro", {2}), ("recyclinng lithium", {1}),
    ("hydrogne", {4}), ("oxyde", {4}),
])
def test_a_typing_error_is_forgiven(searcher: Engine, listings: str, text: str, expected: set[int]) -> None:
    assert found(searcher, listings, text + " ") == expected


@pytest.mark.parametrize("text", ["cul", "oxyyyde", "fuek", "lifepo5"])
def test_too_many_errors_for_the_length_are_not_forgiven(searcher: Engine, empty: str, text: str) -> None:
    searcher.upsert(empty, [{"id": 1, "title": "cel oxide lifepo4 fuels"}])
    assert found(searcher, empty, text + " ") == ({1} if text == "fuek" else set())


def test_the_last_word_may_be_unfinished(searcher: Engine, listings: str) -> None:
    assert found(searcher, listings, "fuel ce") == {4}
    assert found(searcher, listings, "separ") == {2}
    assert found(searcher, listings, "磷酸铁锂电池回") == {1}


def test_every_completion_is_found_however_many_there_are(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [{"id": number, "title": f"quark{number:03}x"} for number in range(200)])
    assert searcher.search(empty, Query("quark")).total == 200


def test_a_quoted_phrase_stands_as_it_is(searcher: Engine, listings: str) -> None:
    assert found(searcher, listings, '"lithium battery"') == {2}
    assert found(searcher, listings, '"battery lithium"') == set()
    assert found(searcher, listings, "“fuel cell” stack") == {4}
    assert found(searcher, listings, '"锂电池回收"') == {1}
    assert found(searcher, listings, '"电池锂"') == set()


def test_a_phrase_does_not_run_over_from_one_text_of_a_list_to_the_next(searcher: Engine, listings: str) -> None:
    assert found(searcher, listings, '"cell hydrogen"') == set()


def test_a_word_after_a_minus_must_not_occur(searcher: Engine, listings: str) -> None:
    assert found(searcher, listings, "battery -lithium") == {4}
    assert found(searcher, listings, "电池 -回收") == {3}
    assert found(searcher, listings, '-"fuel cell" battery') == {1, 2}
    assert found(searcher, listings, "-电池 ") == {2, 4}


def test_a_word_that_occurs_nowhere_is_dropped_and_named(searcher: Engine, listings: str) -> None:
    page = searcher.search(listings, Query("lithium Zirconocene "))
    assert {hit.id for hit in page.hits} == {1, 2}
    assert page.dropped == ("zirconocene",)


def test_the_most_common_word_is_dropped_when_all_together_find_nothing(searcher: Engine, listings: str) -> None:
    page = searcher.search(listings, Query("battery sensors "))
    assert {hit.id for hit in page.hits} == {3}
    assert page.dropped == ("battery",)


def test_a_filter_that_leaves_nothing_for_a_word_loosens_it_too(searcher: Engine, listings: str) -> None:
    page = searcher.search(listings, Query("lithium battery ", (AnyOf("region", ("us",)),)))
    assert (page.total, page.dropped) == (1, ())
    page = searcher.search(listings, Query("battery hydrogen ", (AnyOf("kind", ("result",)),)))
    assert (page.total, page.dropped) == (0, ())
    page = searcher.search(listings, Query("lithium battery hydrogen ", (AnyOf("kind", ("need",)),)))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({4}, ("lithium", "battery"))


def test_nothing_is_dropped_when_nothing_can_be_found(searcher: Engine, listings: str) -> None:
    page = searcher.search(listings, Query("zirconocene metallocene ", facets=FACETS))
    assert (page.total, page.hits, page.dropped) == (0, (), ())
    assert page.facets == {"kind": {}, "region": {}}


def test_a_match_in_the_title_comes_before_one_in_the_body(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [
        {"id": 1, "title": "Sensor", "body": "a graphene layer"},
        {"id": 2, "title": "Graphene", "body": "a sensor layer"},
    ])
    assert ranked(searcher, empty, Query("graphene ")) == [2, 1]
    assert ranked(searcher, empty, Query("sensor ")) == [1, 2]


def test_a_correct_word_comes_before_a_corrected_one(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [{"id": 1, "title": "Plasma coatings"}, {"id": 2, "title": "Plasmas coating"},
                          {"id": 3, "title": "Plasmo coating"}])
    assert ranked(searcher, empty, Query("plasmo "))[0] == 3


def test_a_search_can_be_kept_to_some_attributes(searcher: Engine, listings: str) -> None:
    assert found(searcher, listings, "battery ", attributes=("title",)) == {2}
    assert found(searcher, listings, "litium ", attributes=("body",)) == {1}
    assert found(searcher, listings, '"lithium battery"', attributes=("body",)) == set()
    assert found(searcher, listings, "回收", attributes=("keywords",)) == {1}


def test_a_language_without_spaces_is_found_by_its_parts(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [{"id": 1, "title": "リチウムイオン"}, {"id": 2, "title": "배터리 재활용"}])
    assert found(searcher, empty, "イオン") == {1}
    assert found(searcher, empty, "배터리") == {2}


# --- hostile text


@pytest.mark.parametrize("text", [
    '"', '""', '"unclosed lithium', "-", "--", '-"', "(((", "title:", "AND OR NOT", "+lithium", "lithium^5", "*", "?",
    "~2", "[a TO b]", "{", "\\", "\x00", "lithium\x00battery", "🔋🔋", "\u202e\u200f", "lithium\u200fbattery",
    "\ud800", "%_", "'; --", "<script>", "a" * 1_000_000, "锂" * 1_000_000, '"' * 1_000_000, "-x " * 300_000,
    "a b " * 250_000, "e\u0301" * 100_000,
    "\u0301", "1" * 5000, ".*", "lith.*", "�",
])
def test_no_text_breaks_the_search(searcher: Engine, listings: str, text: str) -> None:
    page = searcher.search(listings, Query(text, facets=FACETS, highlight=("title", "body")))
    assert 0 <= page.total <= 4
    searcher.suggest(listings, text)
    searcher.similar(listings, [Term(text)])


def test_operators_are_only_text(searcher: Engine, listings: str) -> None:
    assert found(searcher, listings, "title:lithium ") == found(searcher, listings, "title lithium ")
    assert found(searcher, listings, "(lithium) ") == found(searcher, listings, "lithium ")
    assert found(searcher, listings, "lith.* ") == found(searcher, listings, "lith ")


def test_hostile_documents_are_found_and_come_back_whole(searcher: Engine, empty: str) -> None:
    bodies = [
        "nul \x00 zircon", "rtl \u202e zircon", "🔋 zircon 🔋", "half \ud800 zircon", "zircon " + "word " * 200_000,
    ]
    searcher.upsert(empty, [{"id": number, "title": "t", "body": body} for number, body in enumerate(bodies)])
    page = searcher.search(empty, Query("zircon", highlight=("body",)))
    assert page.total == len(bodies)
    for hit in page.hits:
        assert [piece for piece, marked in hit.quotes["body"] if marked] == ["zircon"]


@pytest.mark.parametrize("document", [
    {"title": "no id"}, {"id": "1"}, {"id": 1.5}, {"id": True}, {"id": 2**64}, {"id": 5, "title": {"a": 1}},
    {"id": 5, "price": "cheap"}, {"id": 5, "price": float("nan")}, {"id": 5, "price": 10**400},
])
def test_a_wrong_document_is_refused_and_its_batch_with_it(
    searcher: Engine, listings: str, document: dict[str, object],
) -> None:
    with pytest.raises(Refused):
        searcher.upsert(listings, [{"id": 9, "title": "fine"}, document])
    assert set(searcher.ids(listings)) == {1, 2, 3, 4}


# --- quotes


def test_a_quote_marks_what_was_found_in_the_text_as_written(searcher: Engine, listings: str) -> None:
    def marked(text: str, attribute: str, identity: int) -> list[str]:
        hits = searcher.search(listings, Query(text, highlight=(attribute,))).hits
        pieces = next(hit.quotes[attribute] for hit in hits if hit.id == identity)
        return [piece for piece, is_marked in pieces if is_marked]

    assert marked("电池 ", "title", 3) == ["電池"]
    assert marked("lithium ", "body", 1) == ["lithium"]
    assert marked("litium ", "title", 2) == ["Lithium"]
    assert marked("cafe ", "body", 3) == ["Café"]
    assert marked("film ", "body", 3) == ["ﬁlm"]
    assert marked("pla/pbat ", "body", 2) == ["PLA/PBAT"]
    assert marked("10kv ", "body", 1) == ["10 kV"]
    assert marked('"fuel cell"', "keywords", 4) == ["fuel cell"]
    assert marked("", "title", 1) == []


def test_a_quote_is_the_plain_text_when_joined(searcher: Engine, listings: str) -> None:
    hits = searcher.search(listings, Query("电池", highlight=("title", "keywords"))).hits
    quotes = {
        hit.id: {name: "".join(piece for piece, _ in pieces) for name, pieces in hit.quotes.items()} for hit in hits
    }
    assert quotes[1] == {"title": "磷酸铁锂电池回收技术", "keywords": "电池, 回收"}
    assert quotes[3]["title"] == "鈉離子電池正極材料"


def test_a_long_text_is_cropped_around_the_first_find(searcher: Engine, empty: str) -> None:
    long = "开头。" * 300 + "这里有石墨烯薄膜。" + "结尾。" * 300
    searcher.upsert(empty, [{"id": 1, "title": "t", "body": long}])
    hit, = searcher.search(empty, Query("石墨烯", highlight=("body",))).hits
    quote = hit.quotes["body"]
    plain = "".join(piece for piece, _ in quote)
    assert ("石墨烯", True) in quote
    assert plain in long
    assert len(plain) < 400


# --- alike


def test_the_document_that_shares_more_weight_is_more_alike(searcher: Engine, listings: str) -> None:
    page = searcher.similar(listings, [Term("lithium"), Term("battery"), Term("回收"), Term("unheard-of")])
    assert page.hits[0].id == 1
    assert {hit.id for hit in page.hits} == {1, 2, 4}
    heavy = searcher.similar(listings, [Term("fuel cell", 9.0), Term("lithium", 0.1)])
    assert heavy.hits[0].id == 4


def test_likeness_keeps_to_filters_attributes_and_limit(searcher: Engine, listings: str) -> None:
    terms = [Term("lithium"), Term("battery"), Term("电池")]
    assert {hit.id for hit in searcher.similar(listings, terms, filters=(AnyOf("kind", ("need",)),)).hits} == {2, 4}
    assert {hit.id for hit in searcher.similar(listings, terms, attributes=("title",)).hits} == {1, 2, 3}
    assert len(searcher.similar(listings, terms, limit=1).hits) == 1
    assert searcher.similar(listings, terms, limit=0).hits == ()


def test_likeness_of_nothing_is_nothing(searcher: Engine, listings: str) -> None:
    assert searcher.similar(listings, []).hits == ()
    assert searcher.similar(listings, [Term(""), Term("!!!"), Term("unheard")]).hits == ()


# --- writing


def test_an_upsert_replaces(searcher: Engine, listings: str) -> None:
    searcher.upsert(listings, [{"id": 1, "title": "Graphene"}, {"id": 1, "title": "Aerogel"}])
    assert searcher.count(listings) == 4
    assert found(searcher, listings, "aerogel") == {1}
    assert found(searcher, listings, "graphene") == set()
    assert found(searcher, listings, "回收") == set()
    assert found(searcher, listings, "", AnyOf("region", ("cn-bj",))) == set()


def test_a_deleted_document_is_gone_and_an_unknown_one_is_no_matter(searcher: Engine, listings: str) -> None:
    searcher.delete(listings, [2, 77])
    searcher.delete(listings, [])
    assert set(searcher.ids(listings)) == {1, 3, 4}
    assert found(searcher, listings, "separator ") == set()
    assert searcher.search(listings, Query("", facets=("kind",))).facets == {"kind": {"result": 2, "need": 1}}


def test_ids_are_all_given_once(searcher: Engine, empty: str) -> None:
    assert list(searcher.ids(empty)) == []
    wanted = [*range(2500), 2**40]
    searcher.upsert(empty, [{"id": identity, "title": "x"} for identity in wanted])
    assert sorted(searcher.ids(empty)) == wanted
    assert searcher.count(empty) == len(wanted)


def test_an_index_is_made_once_and_keeps_its_documents_under_new_settings(searcher: Engine, listings: str) -> None:
    searchable = {"body": 2.0, "title": 1.0}
    settings = Settings(searchable=searchable, strings=("kind",), numbers=("price",), stored=("title",))
    searcher.create(listings, settings)
    searcher.create(listings, settings)
    assert searcher.count(listings) == 4
    assert found(searcher, listings, "电池") == {1, 3}
    assert found(searcher, listings, "", AnyOf("kind", ("need",)), sort=("price", True)) == {2, 4}
    with pytest.raises(Refused):
        searcher.search(listings, Query(facets=("region",)))


@pytest.mark.parametrize("settings", [
    Settings(searchable={}), Settings(searchable={"a b": 1.0}), Settings(searchable={"a": 1.0}, stored=("b",)),
    Settings(searchable={"a": 1.0}, strings=("c",), numbers=("c",)), Settings(searchable={"a": 1.0}, suggest=("b",)),
])
def test_impossible_settings_are_refused(searcher: Engine, settings: Settings) -> None:
    with pytest.raises(Refused):
        searcher.create("impossible", settings)


def test_an_index_nobody_made_is_not_there_yet(searcher: Engine) -> None:
    assert not searcher.exists("nobody")
    for call in (lambda: searcher.search("nobody", Query()), lambda: searcher.upsert("nobody", [{"id": 1}]),
                 lambda: searcher.count("nobody"), lambda: searcher.suggest("nobody", "x")):
        with pytest.raises(Unavailable):
            call()
    searcher.drop("nobody")


def test_swapping_exchanges_documents_and_settings(searcher: Engine, listings: str) -> None:
    other = f"test-{uuid4().hex}"
    searcher.create(other, Settings(searchable={"title": 1.0}, stored=("title",)))
    searcher.upsert(other, [{"id": 7, "title": "Aerogel"}])
    searcher.swap(listings, other)
    assert set(searcher.ids(listings)) == {7}
    assert set(searcher.ids(other)) == {1, 2, 3, 4}
    assert searcher.search(other, Query("", facets=("kind",))).facets["kind"] == {"result": 2, "need": 2}
    with pytest.raises(Refused):
        searcher.search(listings, Query("", facets=("kind",)))
    searcher.drop(other)
    assert not searcher.exists(other)
    with pytest.raises(Refused):
        searcher.swap(listings, "nobody")


def test_readers_never_meet_a_moment_without_results_while_indexes_are_rebuilt_and_swapped(
    searcher: Engine, empty: str,
) -> None:
    settings = Settings(searchable={"title": 1.0}, strings=("kind",), stored=("title",))
    batch = [{"id": number, "title": "固态电池", "kind": "result"} for number in range(20)]
    searcher.create(empty, settings)
    searcher.upsert(empty, batch)
    faults: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                page = searcher.search(empty, Query("电池", facets=("kind",), highlight=("title",)))
            except Exception as error:
                faults.append(error)
            else:
                if page.total != 20 or page.facets != {"kind": {"result": 20}}:
                    faults.append(page)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(5):
        searcher.create(f"{empty}-new", settings)
        searcher.upsert(f"{empty}-new", batch)
        searcher.swap(empty, f"{empty}-new")
        searcher.drop(f"{empty}-new")
    stop.set()
    for reader in readers:
        reader.join()
    assert faults == []


def test_the_engine_answers(searcher: Engine, listings: str) -> None:
    searcher.ping()
    page = searcher.search(listings, Query("电池"))
    assert page.took_ms > 0
    assert replace(page, took_ms=0.0) == replace(searcher.search(listings, Query("电池")), took_ms=0.0)
