"""What the port promises of synonyms, held against every engine; and in which order words are given up beside them."""

import time
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search import AnyOf, Engine, Query, Refused, Settings, Term

GROUPS = (
    ("锂电池", "lithium battery", "Li-ion"), ("internet of things", "物联网", "IoT"), ("PV", "photovoltaic", "光伏"),
    ("LFP", "磷酸铁锂", "lithium iron phosphate"),
)
TITLES = (
    "锂电池回收",  # 1
    "Recycling of lithium batteries",
    "Li-ion cathode",
    "物联网网关",
    "IoT gateway",  # 5
    "Photovoltaic modules",
    "光伏发电",
    "LFP cathode powder",
    "磷酸铁锂正极材料",
    "lithium grease; lead battery",  # 10
)


@pytest.fixture
def texts(searcher: Engine, empty: str) -> str:
    searcher.upsert(empty, [
        {"id": number, "title": title, "kind": "need" if number % 2 else "result"}
        for number, title in enumerate(TITLES, 1)
    ])
    searcher.synonyms(empty, GROUPS)
    return empty


def found(searcher: Engine, index: str, text: str, *filters: AnyOf) -> set[int]:
    return {hit.id for hit in searcher.search(index, Query(text, filters)).hits}


@pytest.mark.parametrize(("text", "expected"), [
    ("锂电池 ", {1, 2, 3}), ("鋰電池 ", {1, 2, 3}), ("锂电池", {1, 2, 3}),
    ("lithium battery ", {1, 2, 3, 10}), ("LITHIUM BATTERIES ", {1, 2, 3, 10}), ("Lithium-Battery ", {1, 2, 3}),
    ("li-ion ", {1, 2, 3}), ("Ｌｉ－ｉｏｎ ", {1, 2, 3}),
    ("internet of things ", {4, 5}), ("iot ", {4, 5}), ("物联网 ", {4, 5}), ("IoT 网关 ", {4}), ("iot gateway ", {5}),
    ("pv ", {6, 7}), ("photovoltaics ", {6, 7}), ("光伏 ", {6, 7}), ("光伏发电 ", {7}),
    ("锂电池回收 ", {1}), ("lithium battery recycling ", {2}), ("回收锂电池 ", {1}), ("锂电池 cathode ", {3}),
    ("磷酸铁锂 ", {8, 9}), ("lfp cathode ", {8}), ("磷酸铁锂 powder ", {8}), ("lithium iron phosphate ", {8, 9}),
])
def test_a_word_or_phrase_finds_its_equals(searcher: Engine, texts: str, text: str, expected: set[int]) -> None:
    page = searcher.search(texts, Query(text))
    assert ({hit.id for hit in page.hits}, page.dropped) == (expected, ())


def test_an_equal_of_several_words_is_a_phrase(searcher: Engine, texts: str) -> None:
    assert 10 not in found(searcher, texts, "锂电池 ")


def test_what_was_written_comes_first(searcher: Engine, texts: str) -> None:
    for text, first in (("锂电池", 1), ("li-ion", 3), ("iot", 5), ("物联网", 4), ("光伏", 7), ("photovoltaic", 6)):
        assert searcher.search(texts, Query(text + " ")).hits[0].id == first


def test_a_rare_equal_does_not_outdo_the_word_itself(searcher: Engine, texts: str) -> None:
    searcher.upsert(texts, [{"id": number, "title": f"锂电池 number {number}"} for number in range(100, 140)])
    order = [hit.id for hit in searcher.search(texts, Query("锂电池 ", size=60)).hits]
    assert set(order[-2:]) == {2, 3}


def test_equals_are_found_inside_words_the_segmenter_joins(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [{"id": 1, "title": "motor housing"}, {"id": 2, "title": "大容量 lithium battery 模组"}])
    searcher.synonyms(empty, [["锂电池", "lithium battery"], ["电机", "motor"]])
    assert found(searcher, empty, "大容量锂电池 ") == {2}
    assert found(searcher, empty, "大容量锂电池模组 ") == {2}
    assert found(searcher, empty, "电机housing ") == {1}


def test_a_mistyped_word_is_forgiven_beside_equals_of_its_pieces(searcher: Engine, empty: str) -> None:
    titles = ["石墨烯薄膜", "工业机器人", "graphite electrode 希"]
    searcher.upsert(empty, [{"id": number, "title": title} for number, title in enumerate(titles, 1)])
    searcher.synonyms(empty, [["石墨", "graphite"], ["机械", "mechanical"], ["锂电池", "机械人 x"]])
    assert found(searcher, empty, "石墨墨烯 ") == {1}
    assert found(searcher, empty, "机械人 ") == {2}
    assert 3 in found(searcher, empty, "石墨希 ")


def test_quotes_mark_equals(searcher: Engine, texts: str) -> None:
    hits = searcher.search(texts, Query("锂电池 ", highlight=("title",))).hits
    marked = {hit.id: [piece for piece, is_marked in hit.quotes["title"] if is_marked] for hit in hits}
    assert marked == {1: ["锂电池"], 2: ["lithium batteries"], 3: ["Li-ion"]}


def test_phrases_and_exclusions_are_meant_as_they_are(searcher: Engine, texts: str) -> None:
    assert found(searcher, texts, '"锂电池"') == {1}
    assert found(searcher, texts, '"lithium battery"') == {2}
    assert found(searcher, texts, "锂电池 -锂电池") == {2, 3}
    assert found(searcher, texts, 'iot -"iot gateway"') == {4}


def test_groups_do_not_chain_and_loops_do_no_harm(searcher: Engine, texts: str) -> None:
    searcher.synonyms(texts, [["iot", "pv"], ["pv", "lfp"], ["lfp", "iot"], ["gateway", "gateways"]])
    assert found(searcher, texts, "iot ") == {5, 8}
    searcher.synonyms(texts, [["iot", "grease"], ["grease", "lfp"]])
    assert found(searcher, texts, "iot ") == {5, 10}
    assert found(searcher, texts, "grease ") == {5, 8, 10}


@pytest.mark.parametrize("group", [
    [], [""], ["iot"], ["iot", "IoT", "ＩＯＴ"], ["!", "🔋"], ["iot", "", "  ", "—"], ["iot", "the"], ["the", "of"],
    ["iot", "\ud800"], ["iot", "x" * 10_000], ["iot", "电" * 5_000], ["iot", "\x00"], ["iot", '"', "-"],
    ["iot", *(f"w{number}" for number in range(500))], ["iot", "iot iot", "iot iot iot"],
])
def test_an_odd_group_does_no_harm(searcher: Engine, texts: str, group: list[str]) -> None:
    searcher.synonyms(texts, [group, ["pv", "光伏"]])
    assert 5 in found(searcher, texts, "iot ")
    assert 7 in found(searcher, texts, "pv ")


def test_a_table_is_replaced_whole(searcher: Engine, texts: str) -> None:
    searcher.synonyms(texts, [["gateway", "网关"]])
    assert found(searcher, texts, "iot ") == {5}
    assert found(searcher, texts, "gateway ") == {4, 5}
    searcher.synonyms(texts, [])
    assert found(searcher, texts, "gateway ") == {5}


def test_they_stay_with_an_index_and_are_swapped_with_it(searcher: Engine, texts: str) -> None:
    other = f"test-{uuid4().hex}"
    searcher.create(other, Settings(searchable={"title": 1.0}, stored=("title",)))
    searcher.upsert(other, [{"id": 1, "title": "物联网"}, {"id": 2, "title": "IoT"}])
    assert found(searcher, other, "iot ") == {2}
    searcher.swap(texts, other)
    assert found(searcher, texts, "iot ") == {2}
    assert found(searcher, other, "iot ") == {4, 5}
    searcher.create(other, Settings(searchable={"title": 1.0, "body": 1.0}, strings=("kind",), stored=("title",)))
    assert found(searcher, other, "iot ") == {4, 5}
    searcher.upsert(other, [{"id": 77, "title": "IoT again"}])
    assert found(searcher, other, "物联网 ") == {4, 5, 77}
    searcher.drop(other)


def test_an_index_that_is_not_there_has_none(searcher: Engine) -> None:
    with pytest.raises(Exception, match="nobody"):
        searcher.synonyms("nobody", GROUPS)


@pytest.mark.parametrize("groups", [["iot"], [["iot", 5]], [None]])
def test_what_is_no_table_is_refused(searcher: Engine, texts: str, groups: list[list[str]]) -> None:
    with pytest.raises(Refused):
        searcher.synonyms(texts, groups)
    assert found(searcher, texts, "iot ") == {4, 5}


def test_thousands_of_groups_cost_a_question_nothing(searcher: Engine, texts: str) -> None:
    def taken() -> float:
        started = time.perf_counter()
        for _ in range(20):
            searcher.search(texts, Query("gateway "))
        return time.perf_counter() - started

    taken()
    before = min(taken() for _ in range(3))
    searcher.synonyms(texts, [[f"word{n}", f"词语{n}", f"phrase of {n}"] for n in range(5_000)])
    searcher.search(texts, Query("gateway "))
    assert min(taken() for _ in range(3)) < 2 * before + 0.05


# --- beside synonyms, what is given up


def test_a_word_found_by_its_equal_alone_is_not_given_up(searcher: Engine, texts: str) -> None:
    page = searcher.search(texts, Query("photovoltaic 发电 "))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({7}, ())
    searcher.synonyms(texts, [["solar electricity", "光伏"]])
    page = searcher.search(texts, Query("solar electricity "))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({7}, ())


def test_an_equal_that_does_not_help_is_given_up_by_name(searcher: Engine, texts: str) -> None:
    searcher.synonyms(texts, [["solar electricity", "光伏"], ["zirconocene", "metallocene"]])
    page = searcher.search(texts, Query("zirconocene gateway "))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({5}, ("zirconocene",))
    page = searcher.search(texts, Query("solar gateway electricity "))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({5}, ("solar", "electricity"))
    page = searcher.search(texts, Query("grease solar electricity "))
    assert page.dropped in (("grease",), ("solar", "electricity"))


def test_words_are_given_up_in_the_order_stated_and_named_in_their_own(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [
        *({"id": number, "title": "pump valve"} for number in range(1, 9)), {"id": 10, "title": "valve seat"},
        {"id": 20, "title": "turbine"},
    ])
    page = searcher.search(empty, Query("valve metallocene pump turbine "))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({20}, ("valve", "metallocene", "pump"))
    page = searcher.search(empty, Query("metallocene turbine pump -valve "))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({20}, ("metallocene", "pump"))
    page = searcher.search(empty, Query('pump metallocene "valve seat"'))
    assert ({hit.id for hit in page.hits}, page.dropped) == ({10}, ("pump", "metallocene"))
    page = searcher.search(empty, Query('pump "seat valve"'))
    assert (page.total, page.dropped) == (0, ())


def test_likeness_knows_equals(searcher: Engine, texts: str) -> None:
    assert {1, 2, 3} <= {hit.id for hit in searcher.similar(texts, [Term("锂电池")]).hits}
    assert {2, 1} <= {hit.id for hit in searcher.similar(texts, [Term("lithium battery"), Term("the")]).hits}
    assert searcher.similar(texts, [Term("锂电池")]).hits[0].id == 1


WORDS = st.text(alphabet=st.one_of(st.sampled_from("ab锂电池 -\"2the"), st.characters()), max_size=8)


@given(groups=st.lists(st.lists(WORDS, max_size=4), max_size=5), text=WORDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_table_is_too_odd(searcher: Engine, texts: str, groups: list[list[str]], text: str) -> None:
    searcher.synonyms(texts, groups)
    for asked in (text, *(member for group in groups for member in group)):
        page = searcher.search(texts, Query(asked, highlight=("title",)))
        assert 0 <= page.total <= len(TITLES)
