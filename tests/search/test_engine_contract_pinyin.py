"""What the port promises of suggestions by sound, and of their order, held against every engine."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search import AnyOf, Engine

TITLES = (
    "磷酸铁锂电池回收技术", "高导热石墨烯薄膜", "重庆大学的成果", "中国银行的需求", "鈉離子電池", "LDC converter 电路",
)
KEYWORDS = (["锂电池", "回收"], ["石墨烯"], ["重庆"], ["银行"], ["区块链", "锂离子电池"], ["converter"])


@pytest.fixture
def texts(searcher: Engine, empty: str) -> str:
    searcher.upsert(empty, [
        {"id": number, "title": title, "keywords": keywords, "kind": "need" if number == 1 else "result"}
        for number, (title, keywords) in enumerate(zip(TITLES, KEYWORDS, strict=True), 1)
    ])
    return empty


def suggested(searcher: Engine, index: str, text: str, *filters: AnyOf, limit: int = 8) -> list[str]:
    return [one.text for one in searcher.suggest(index, text, filters=filters, limit=limit)]


@pytest.mark.parametrize("text", [
    "lidianchi", "lidc", "ldc", "ldianchi", "lidianc", "li dian chi", "Li'dian'chi", "ＬＩＤＩＡＮ",
])
def test_a_chinese_word_is_suggested_by_its_sound(searcher: Engine, texts: str, text: str) -> None:
    found = [one for one in suggested(searcher, texts, text) if not one.startswith("LDC")]
    assert found[0] == "锂电池"
    assert "磷酸铁锂电池回收技术" in found


@pytest.mark.parametrize(("text", "expected"), [
    ("shimoxi", "石墨烯"), ("smx", "石墨烯"), ("chongqing", "重庆"), ("yinhang", "银行"), ("qukuailian", "区块链"),
    ("qkl", "区块链"), ("lilizidianchi", "锂离子电池"), ("llzdc", "锂离子电池"), ("nalizi", "鈉離子電池"),
    ("nlz", "鈉離子電池"), ("huishou", "回收"), ("hs", "回收"), ("huis", "回收"), ("cqdx", "重庆大学的成果"),
])
def test_compounds_and_characters_with_two_sounds(searcher: Engine, texts: str, text: str, expected: str) -> None:
    assert expected in suggested(searcher, texts, text)


def test_what_is_literal_comes_before_what_only_sounds_so(searcher: Engine, texts: str) -> None:
    found = suggested(searcher, texts, "ldc")
    assert found[:2] == ["LDC converter 电路", "锂电池"]
    assert suggested(searcher, texts, "ldc", limit=1) == ["LDC converter 电路"]


def test_sounds_keep_to_the_filters(searcher: Engine, texts: str) -> None:
    assert suggested(searcher, texts, "lidianchi", AnyOf("kind", ("result",))) == []
    assert suggested(searcher, texts, "shimoxi", AnyOf("kind", ("result",))) == ["石墨烯", "高导热石墨烯薄膜"]


@pytest.mark.parametrize("text", ["zhongqing", "lidianchx", "l", "ldcq", "xingzou", "q" * 60, "lian" * 1_000, "电ldc"])
def test_what_nothing_sounds_like_is_not_suggested(searcher: Engine, texts: str, text: str) -> None:
    assert not {"锂电池", "重庆", "银行"} & set(suggested(searcher, texts, text))


def test_a_sound_follows_its_document(searcher: Engine, texts: str) -> None:
    searcher.upsert(texts, [{"id": 2, "title": "气凝胶"}])
    assert suggested(searcher, texts, "smx") == []
    assert suggested(searcher, texts, "qnj") == ["气凝胶"]
    searcher.delete(texts, [2])
    assert suggested(searcher, texts, "qnj") == []


def test_no_attribute_crowds_out_another(searcher: Engine, empty: str) -> None:
    searcher.upsert(empty, [
        *({"id": number, "title": f"Sensor number {number}"} for number in range(1, 30)),
        {"id": 40, "title": "x", "keywords": ["sensor fusion", "smart sensor", "sensors"]},
    ])
    found = searcher.suggest(empty, "sensor")
    assert len(found) == 8
    assert {one.attribute for one in found} == {"title", "keywords"}
    assert {"sensor fusion", "smart sensor"} <= {one.text for one in found}
    # Literal beginnings first, whatever attribute they are of.
    begins = [one.text.lower().startswith("sensor") for one in found]
    assert begins == sorted(begins, reverse=True)
    assert searcher.suggest(empty, "sensor", limit=1)[0].text.lower().startswith("sensor")


@given(text=st.text(alphabet=st.one_of(st.sampled_from("lidanchzghsümx '电"), st.characters()), max_size=20))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_beginning_is_too_odd(searcher: Engine, texts: str, text: str) -> None:
    for one in searcher.suggest(texts, text):
        assert one.text in {*TITLES, *(word for words in KEYWORDS for word in words)}
