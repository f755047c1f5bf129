"""Text in two languages, folded and cut."""

import subprocess
from pathlib import Path

import opencc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.highlight import Needles, quote
from search.question import parse
from search.text import LONGEST_WORD, asked, fold, key_words, singular, spans, units, words, words_and_units

MIXED = st.text(alphabet=st.one_of(
    st.sampled_from("锂鋰電电池的ab cAZ09,./-'éÅß℃㎏ﬁＡ１，。×²“”…\u0301\u200f\x00🔋リン배ü\ud800µΩ"), st.characters(),
), max_size=60)


@pytest.mark.parametrize(("text", "expected"), [
    ("鋰電池與軟體", "锂电池与软体"), ("ＡＢＣ１２３", "abc123"), ("Café Ångström", "cafe angstrom"),
    ("STRASSE straße", "strasse strasse"),
    ("毛坏 藉口 答覆 明瞭 沈默", "毛坯 借口 答复 明了 沉默"),
    ("ﬁlm ㎏ ℃", "film kg °c"), ("PLA／PBAT", "pla/pbat"), ("lith\u200fium", "lithium"),
])
def test_what_a_reader_holds_equal_folds_alike(text: str, expected: str) -> None:
    assert fold(text) == expected


def test_a_long_chinese_word_is_found_by_the_short_ones_in_it() -> None:
    assert {"锂电池", "电池"} <= set(words("新型锂电池材料"))
    assert [word.text for word in asked("锂电池")] == ["锂电池"]


@pytest.mark.parametrize(("text", "whole", "parts"), [
    ("LiFePO4", "lifepo4", {"lifepo4"}), ("PLA/PBAT", "plapbat", {"pla", "pbat"}),
    ("GB/T 22900", "gbt22900", {"gb", "22900"}),
    ("GB/T22900", "gbt22900", {"22900"}), ("10 kV", "10kv", {"10", "kv"}), ("10kV", "10kv", {"10", "kv"}),
    ("wi-fi", "wifi", {"wi", "fi"}), ("25℃", "25c", {"25"}), ("1,000 MPa", "1000mpa", {"1000", "mpa"}),
    ("电压10kV高压", "10kv", {"电压", "10", "高压"}), ("ISO 9001", "iso9001", {"iso"}),
    ("lithium-ion", "lithiumion", {"lithium", "ion"}),
])
def test_a_name_is_kept_whole_and_in_parts(text: str, whole: str, parts: set[str]) -> None:
    assert {whole, *parts} <= set(words(text))
    assert whole in [word.text for word in asked(text)]


@pytest.mark.parametrize(("plural", "expected"), [
    ("batteries", "battery"), ("cells", "cell"), ("glasses", "glass"), ("boxes", "box"), ("analysis", "analysis"),
    ("gas", "gas"), ("glass", "glass"), ("apparatus", "apparatus"), ("switches", "switch"), ("ties", "tie"),
    ("us", "us"),
])
def test_plurals_fold(plural: str, expected: str) -> None:
    assert singular(plural) == expected


def test_key_words_leave_out_what_says_nothing() -> None:
    assert key_words("一种用于锂电池的 separator for the X") == ["用于", "锂电池", "separator"]


def test_a_query_is_read_into_words_phrases_and_exclusions() -> None:
    question = parse('battery "fuel cell" -lithium -"solid oxide" 电')
    assert [word.text for word in question.words] == ["battery", "电"]
    assert question.phrases == (("fuel", "cell"),)
    assert set(question.excluded) == {("solid", "oxide"), ("lithium",)}
    assert question.unfinished
    assert not parse("battery ").unfinished
    assert [word.text for word in parse("the").words] == ["the"]
    assert [word.text for word in parse("the battery of ").words] == ["battery"]
    assert parse(" -- 🔋 \"\" ").is_open


@given(MIXED)
@settings(max_examples=300, deadline=None)
def test_every_view_of_a_text_agrees_with_the_others(text: str) -> None:
    found, row = (view.split() for view in words_and_units(text))
    assert (sorted(found), row) == (sorted(words(text)), units(text))
    for span in spans(text):
        assert 0 <= span.start < span.end <= len(text)
    for word in words(text):
        assert not any(character.isspace() for character in word)
        assert 0 < len(word) <= LONGEST_WORD or not word.isascii()


def test_a_text_with_characters_of_four_bytes_is_spaced_like_any_other() -> None:
    text = "锂𠮷电池，for 電池𠀀"
    found, row = words_and_units(text)
    assert row.split() == units(text) == ["锂", "𠮷", "电", "池", "for", "电", "池", "𠀀"]
    assert sorted(found.split()) == sorted(words(text))


@given(st.text(alphabet="锂鋰電电池的ab cA9,./-'éﬁＡ，。“”…🔋", max_size=60))
@settings(max_examples=300, deadline=None)
def test_words_are_traced_to_where_they_stand(text: str) -> None:
    assert [span.word for span in spans(text)] == words(text)
    for span in spans(text):
        assert span.word in words(text[span.start:span.end])


@given(MIXED)
@settings(max_examples=300, deadline=None)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert words(fold(text)) == words(text)


@given(MIXED)
@settings(max_examples=300, deadline=None)
def test_any_line_can_be_asked_and_any_text_quoted(text: str) -> None:
    question = parse(text)
    needles = Needles(frozenset(word.text for word in question.words), ("a",), question.phrases)
    assert "".join(piece for piece, _ in quote(text, needles)) == text


@given(st.text(alphabet="锂電 abc，.", min_size=300, max_size=800))
@settings(max_examples=50, deadline=None)
def test_a_cropped_quote_is_a_part_of_the_text(text: str) -> None:
    plain = "".join(piece for piece, _ in quote(text, Needles(frozenset(("abc", "锂"))), 100))
    assert plain in text
    assert len(plain) <= 100


def test_no_phrase_of_the_dictionary_is_taken_for_simplified_already(tmp_path: Path) -> None:
    library = Path(opencc.__file__).parent / "clib"
    program, dictionary = library / "bin" / "opencc_dict", library / "share" / "opencc" / "TSPhrases.ocd2"
    if not (program.exists() and dictionary.exists()):
        pytest.skip("this opencc does not bring the program that lists its dictionaries")
    listed = tmp_path / "phrases.txt"
    command = [program, "-i", dictionary, "-f", "ocd2", "-o", listed, "-t", "text"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    phrases = [line.split("\t")[0] for line in listed.read_text("utf-8").splitlines() if "\t" in line]
    assert len(phrases) > 200
    convert = opencc.OpenCC("t2s").convert
    assert [one for one in phrases if len(convert(one)) == len(one) and fold(one) != convert(one)] == []
