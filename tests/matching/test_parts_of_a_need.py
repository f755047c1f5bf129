"""What is read of a listing, sentence by sentence, and how near a result lies to what a need asks for."""

import math

import pytest
from conftest import a_listing
from embedders import KnowsAFewWords

from marketplace.listings.models import Kind
from marketplace.matching.features import Features
from marketplace.matching.meaning import LONGEST, MOST, Near, meanings, near, sentences, text_of
from marketplace.matching.profiles import profile
from marketplace.matching.reasons import ALIKE, MEANT, reasons
from marketplace.matching.scoring import score


def test_sentences_are_read_without_the_numbers_of_lists():
    text = "电池回收\n1、电解液不燃；（2）10kV断路器可靠。\n预期目标：\n三、寿命超过3.5年"
    assert sentences(text) == ["电解液不燃", "10kV断路器可靠", "预期目标", "寿命超过3.5年"]


def test_english_sentences_end_where_a_space_follows():
    assert sentences("Title\nIt holds 3.5 kg. Made of PLA/PBAT! Why?") == ["It holds 3.5 kg", "Made of PLA/PBAT"]


def test_text_without_punctuation_is_cut_and_an_endless_one_ends():
    assert [len(one) for one in sentences("题\n" + "长" * 700)] == [LONGEST, LONGEST, 100]
    assert len(sentences("题\n" + "这是一句话。" * 500)) == MOST
    assert sentences("题") == sentences("") == []


def test_title_alone_means_what_the_model_says():
    model = KnowsAFewWords()
    alone, = meanings(model, ["Battery"], [True])
    assert alone.whole == alone.parts[0] == model.embed(["Battery"])[0]


def test_parts_are_kept_of_needs_alone():
    need, result = meanings(KnowsAFewWords(), ["Battery\nrobot arm. solar roof"] * 2, [True, False])
    assert len(need.parts) == 3 and result.parts == ()
    assert math.hypot(*need.whole) == math.hypot(*result.whole) == pytest.approx(1)


def test_sentences_of_a_result_are_read_together():
    model = KnowsAFewWords()
    meanings(model, ["Battery\nrobot arm. solar roof. " + "membrane " * 40], [False])
    asked = [text for text, _ in model.asked]
    assert asked[:2] == ["Battery", "Battery: robot arm; solar roof"] and len(asked) < 6


def test_a_long_summary_does_not_drown_the_title():
    model = KnowsAFewWords()
    battery, = model.embed(["Battery"])
    read, = meanings(model, ["Battery\nrobot robot. robot robot robot. robot robot"], [False])
    assert near(battery, read.whole).whole > near(battery, model.embed(["Battery\n" + "robot " * 7])[0]).whole


def test_result_is_near_a_need_of_which_it_answers_one_sentence():
    model = KnowsAFewWords()
    need, = meanings(model, ["Battery\nrobot arm. solar roof"], [True])
    robot, = model.embed(["robot arm"])
    found = near(need.whole, robot, need.parts)
    assert found.part == 1 and found.closest == pytest.approx(1) and found.closest > found.whole


def test_nothing_is_said_of_meaning_where_one_has_no_vector():
    assert near(None, [1.0]) is None and near([1.0], None) is None
    assert near([1.0, 0.0], [1.0, 0.0]) == Near(1.0, 1.0, 0)


def test_reason_quotes_the_sentence_that_is_answered(institute, company):
    need = a_listing(company, Kind.NEED, title="Battery", keywords=[], summary="It must not burn. Robots load it.")
    result = a_listing(institute)
    known = Features({"words": 0.3, "meaning": 0.5, "closest_part": 0.8}, {}, part=2)
    made = score(known)
    told = {one.label: one for one in reasons(result, need, profile(result), profile(need), known, made)}
    assert told[MEANT].here == ALIKE and told[MEANT].there == "“Robots load it”"


def test_spaces_between_chinese_characters_are_none(institute):
    """Titles copied from tables and papers are often spaced out."""
    listing = a_listing(institute, title="智能 提醒 机器人 AI 2", language="zh", keywords=[], summary="")
    assert text_of(listing) == "智能提醒机器人 AI 2"
