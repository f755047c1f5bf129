"""Long questions: titles and sentences that somebody pastes to find their like."""

import pytest

from search import Engine, Query
from search.embedded import EmbeddedEngine

TITLE = "低温 等离子体 氧化锌 薄膜 沉积 设备 研制 "


def upsert(searcher: Engine, index: str, *titles: str) -> None:
    searcher.upsert(index, [{"id": number, "title": title} for number, title in enumerate(titles, 1)])


@pytest.mark.parametrize("kept", range(1, 8))
def test_as_few_words_are_given_up_as_can_be_and_the_most_common_first(
    searcher: Engine, empty: str, kept: int,
) -> None:
    words = TITLE.split()
    # The first word stands alone once, the second twice and so on; and the first `kept` of them together once.
    upsert(searcher, empty, " ".join(words[:kept]), *(word for at, word in enumerate(words) for _ in range(3 * at + 1)))
    page = searcher.search(empty, Query(TITLE))
    assert (page.hits[0].id, page.dropped) == (1, tuple(words[kept:]))
    assert page.total == (2 if kept == 1 else 1)


def test_what_stands_in_a_document_as_pasted_is_found_alone(searcher: Engine, empty: str) -> None:
    upsert(searcher, empty, "一种区快链与石墨希的检测方法研究与应用", *["区块链 石墨烯 检测 方法 研究 应用"] * 12)
    page = searcher.search(empty, Query("区快链与石墨希的检测方法研究与应用 "))
    assert ([hit.id for hit in page.hits], page.dropped) == ([1], ())


def test_a_word_that_nobody_wrote_is_forgiven_in_a_long_question_too(searcher: Engine, empty: str) -> None:
    upsert(searcher, empty, "磷酸铁锂电池 低温 放电 性能 测试 装置 研制 报告")
    page = searcher.search(empty, Query("磷酸铁理电池 低温 放电 性能 测试 装置 研制 报告 "))
    assert [hit.id for hit in page.hits] == [1]


def test_what_a_word_came_to_is_learnt_anew_after_every_change(searcher: Engine, empty: str) -> None:
    for number, title in enumerate(["lithium", "lithography", "石墨烯", "石墨烯"], 1):
        searcher.upsert(empty, [{"id": number, "title": title}])
        found = {hit.id for text in ("litho", "lithium", "石墨烯") for hit in searcher.search(empty, Query(text)).hits}
        assert found == set(range(1, number + 1))
    searcher.delete(empty, [3])
    assert {hit.id for hit in searcher.search(empty, Query("石墨烯")).hits} == {4}
    if isinstance(searcher, EmbeddedEngine):
        searcher.forget()
        assert searcher.search(empty, Query("石墨烯")).total == 1
