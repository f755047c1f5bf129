"""What the port promises of documents that whoever asks may not know of, held against every engine: none is a hint."""

from typing import Any

import pytest

from search import AnyOf, Engine, Page, Query
from tests.search.conftest import SETTINGS

PUBLIC, SECRET = ("result",), ("need",)
TITLES = {
    1: ("Solid electrolyte", PUBLIC), 2: ("固态电解质薄膜", PUBLIC), 3: ("Perovskite solar module", PUBLIC),
    4: ("Electrolyte zyvoqud", SECRET), 5: ("锂硫电池固态电解质", SECRET), 6: ("电解液阻燃剂", SECRET),
    7: ("Perovskitf", SECRET),
}
REACH = (AnyOf("kind", PUBLIC),)


def document(number: int) -> dict[str, Any]:
    title, kind = TITLES[number]
    return {"id": number, "title": title, "kind": [*kind], "region": [f"r{number}"]}


@pytest.fixture
def half_secret(searcher: Engine, empty: str) -> str:
    searcher.upsert(empty, [document(one) for one in TITLES])
    return empty


@pytest.fixture
def public(searcher: Engine) -> str:
    """The same without what is secret."""
    searcher.create("public", SETTINGS)
    searcher.upsert("public", [document(one) for one, (_, kind) in TITLES.items() if kind == PUBLIC])
    return "public"


def told(page: Page) -> tuple[set[int], int, tuple[str, ...], dict[str, dict[str, int]]]:
    return {hit.id for hit in page.hits}, page.total, page.dropped, {k: dict(v) for k, v in page.facets.items()}


@pytest.mark.parametrize("text", [
    "electrolyte zyvoqud", "zyvoqud", "electrolyte zyvqud", "electrolyte zyvo", "zyvoqud electrolyte ",
    "electrolyte -zyvoqud", '"zyvoqud" electrolyte', "锂硫电池", "锂硫电池固态电解质", "固态电解质 阻燃剂", "电解液",
    "固态电解液", "锂硫电持 电解质",
    "perovskitf", "perovskitf solar", "阻然剂 薄膜", "electrolyte 阻燃剂",
])
def test_an_answer_is_as_if_there_were_only_what_one_may_know_of(
    searcher: Engine, half_secret: str, public: str, text: str,
) -> None:
    query = Query(text, filters=REACH, reach=REACH, facets=("region",))
    assert told(searcher.search(half_secret, query)) == told(searcher.search(public, query))


def test_a_filter_beyond_the_reach_still_hides_what_words_would_find(searcher: Engine, half_secret: str) -> None:
    narrow = AnyOf("region", ("r3",))
    page = searcher.search(half_secret, Query("electrolyte solid", filters=(*REACH, narrow), reach=REACH))
    assert (page.total, page.dropped) == (0, ())
