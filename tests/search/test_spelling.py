"""What a reader asks for is spelled as the texts are that have it, whatever they are made of."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from search.asking import put
from search.question import parse
from search.spelling import excluded, expression, is_sign, phrase, read, spelled, with_gap
from search.text import asked, units

TEXTS = st.text(alphabet=st.one_of(
    st.sampled_from("锂电池石墨烯回收abcdefgs0129 .-/kV%µα²éüリチ리эщ的and"), st.characters(),
), max_size=40)


def tokens(text: str) -> set[str]:
    """The words the server makes of it."""
    return set(re.findall(r"[^\W_]+", text))


@given(text=TEXTS)
@settings(max_examples=300, deadline=None)
def test_every_word_of_a_text_finds_it(text: str) -> None:
    there = tokens(spelled(text))
    for word in asked(text):
        assert tokens(expression(word)) <= there, word


@given(text=TEXTS, first=st.integers(0, 20), length=st.integers(1, 5))
@settings(max_examples=300, deadline=None)
def test_every_phrase_of_a_text_finds_it(text: str, first: int, length: int) -> None:
    run = tuple(units(text)[first:first + length])
    if run:
        assert set().union(*map(tokens, phrase(run))) <= tokens(spelled(text))


@given(text=TEXTS, first=st.integers(0, 20), length=st.integers(3, 6), gap=st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_chinese_with_any_character_missing_in_the_middle_finds_it(
    text: str, first: int, length: int, gap: int,
) -> None:
    run = units(text)[first:first + length]
    if all(map(is_sign, run)) and len(run) > 2:
        pattern = [*run]
        pattern[gap % len(run)] = ""
        assert tokens(with_gap(tuple(pattern))) <= tokens(spelled(text))


@given(line=TEXTS)
@settings(max_examples=300, deadline=None)
def test_a_question_is_letters_figures_quotes_and_minuses(line: str) -> None:
    text = put(parse(line)).text()
    assert text.count('"') % 2 == 0
    assert not re.search(r'[^\w "-]', text)
    assert not re.search(r"[\u3400-\u9fff\u3041-\u30fa]", text)


@given(text=TEXTS)
@settings(max_examples=300, deadline=None)
def test_words_in_order_can_be_read_back(text: str) -> None:
    run = tuple(one for one in units(text) if is_sign(one))
    if run:
        assert read(excluded(run).removeprefix("-")) == run
