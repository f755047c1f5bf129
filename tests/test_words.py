"""Every reader finds every sentence in their own language."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import messages

SENTENCES = list(messages.sentences())
SINGULAR = {"One thing needs correcting; what you entered has been kept."}
"""English names the one thing without a number; Chinese has only one form."""


def test_every_sentence_has_a_chinese_one():
    lacking = [f"{s.place}: {s.text}" for found in messages.missing().values() for s in found]
    assert not lacking, "\n".join(lacking)


def test_a_sentence_has_one_chinese_form_wherever_it_stands():
    forms = defaultdict(set)
    for catalogue in messages.translations().values():
        for english, chinese in catalogue.items():
            forms[english].add(chinese)
    assert not {english: chinese for english, chinese in forms.items() if len(chinese) > 1}


@pytest.mark.parametrize("room", sorted(messages.translations()))
def test_a_translation_keeps_every_value_of_its_sentence(room):
    for english, chinese in messages.translations()[room].items():
        if english not in SINGULAR:
            assert messages.values_in(chinese) == messages.values_in(english), english


def test_no_sentence_is_written_in_chinese():
    """The sentence in the source is English; a Chinese one would reach English readers. Examples may quote Chinese."""
    chinese = [s for s in SENTENCES if s.text and all(not c.isascii() for c in s.text if c.isalpha())]
    assert not [s for s in chinese if any(c.isalpha() for c in s.text)]
