"""How words are taken apart, put in each other's place and sounded, without an index."""

import pytest

from search import Refused, Suggestion
from search.completion import BEGINS, CONTAINS, SOUNDS, shared_out
from search.mistyped import meant, patterns, unsure_part, windows
from search.pinyin import is_begun, sounds, syllables, typed, words_of_sound
from search.question import parse
from search.synonyms import Synonyms, checked_groups
from search.text import words


def windows_of(text: str) -> list[str]:
    line = parse(text).line
    found = windows(line, [len(word.text) == 1 for word in line])
    return ["".join(word.text for word in line[first:last]) for first, last in found]


def test_a_chinese_word_is_looked_for_with_one_error_anywhere_in_it() -> None:
    assert set(patterns("石墨希")) == {
        ("", "墨", "希"), ("石", "", "希"), ("石", "墨", ""), ("石", "", "墨", "希"), ("石", "墨", "", "希"),
        ("墨", "石", "希"), ("石", "希", "墨"),
    }
    assert patterns("石烯") == [("石", "", "烯")]
    assert ("石", "墨", "烯") in patterns("石墨墨烯")


def test_errors_are_suspected_where_a_word_fell_into_pieces() -> None:
    assert windows_of("石墨希导热膜")[:3] == ["石墨希导热膜", "石墨希导热", "石墨希"]
    assert windows_of("锂离子电磁") == ["锂离子电磁"]
    assert windows_of("锂电池") == []


def test_what_stands_in_the_gap_is_what_was_meant() -> None:
    assert meant("石墨希", [["高导热石墨烯薄膜"], ["石墨烯"], ["石墨提纯"], ["石墨的"]]) == ["石墨烯"]
    assert meant("人工能", [["人工智能质检"]]) == ["人工智能"]
    assert meant("飞机场", [["飞行"]]) == []
    assert unsure_part("石墨希", "石墨烯") == "石墨"
    assert unsure_part("人工能", "人工智能") is None


def test_words_are_known_by_their_sound() -> None:
    kept = sounds(words("高导热石墨烯"), "高导热石墨烯")
    assert {"shimoxi|石墨烯", "smx|石墨烯", "shimo|石墨"} <= kept
    assert syllables("重庆") == ("chong", "qing")
    assert syllables("银行") == ("yin", "hang")
    assert syllables("㐂x") == ()
    assert is_begun("lidc", ("li", "dian", "chi"))
    assert not is_begun("ldq", ("li", "dian", "chi"))
    assert [typed("Li'dian chi"), typed("l"), typed("锂d"), typed("a1")] == ["lidianchi", "", "", ""]
    counts = {"lidianchi|锂电池": 3, "ldc|锂电池": 3, "lidian|锂电": 9, "ld|锂电": 9}

    def beginning(letters: str) -> list[tuple[str, int]]:
        return [(sound, count) for sound, count in counts.items() if sound.startswith(letters)]

    assert words_of_sound("lidi", beginning) == ["锂电", "锂电池"]
    assert words_of_sound("lidc", beginning) == ["锂电池"]


def test_a_table_keeps_what_is_of_use() -> None:
    groups = checked_groups([["IoT", "iot", "物联网"], [], ["x"], ["!", "a"], ["the", "IoT"]])
    assert groups == (("IoT", "物联网"), ("the", "IoT"))
    with pytest.raises(Refused):
        checked_groups(["iot"])


def test_the_longest_term_is_taken_first_and_none_twice() -> None:
    synonyms = Synonyms((
        ("锂电池", "LIB"), ("锂电池回收", "recycling"), ("solid state battery", "SSB"), ("电机", "motor"),
    ))

    def instead(text: str) -> list[tuple[int, int, list[str]]]:
        return [
            (one.first, one.last, [" ".join(word.text for word in words) for words in one.instead])
            for one in synonyms.stretches(parse(text))
        ]

    assert instead("锂电池回收 ") == [(0, 2, ["recycling"])]
    assert instead("锂电池 回") == [(0, 1, ["lib"])]
    assert instead("solid-state batteries ") == [(0, 2, ["ssb"])]
    assert instead("电机 发电机组") == [(0, 1, ["motor"]), (1, 2, ["发 motor 组"])]
    assert instead("") == []


def test_every_attribute_has_its_share_of_suggestions() -> None:
    offers = [(BEGINS, Suggestion(f"t{n}", n, "title")) for n in range(9)]
    offers += [(CONTAINS, Suggestion("k", 20, "keywords")), (SOUNDS, Suggestion("s", 21, "organisation"))]
    assert [one.text for one in shared_out(offers, 4)] == ["t0", "t1", "t2", "k"]
    assert [one.text for one in shared_out(offers, 1)] == ["t0"]
    assert [one.text for one in shared_out(offers, 20)][-2:] == ["k", "s"]
    assert shared_out([], 8) == []
