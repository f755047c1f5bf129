import pytest

from search.text import asked, asked_texts


@pytest.mark.parametrize("text", [
    "", "LiFePO4 正极材料的制备方法, 10 kV programmable sources!", "PLA/PBAT 共混 GB/T 22900-2009",
    "かなとカナ，ไทย и другое",
    "it's the users' well-known state-of-the-art 5,000 rpm", "a" * 300,
])
def test_texts_are_those_of_the_words_asked_for(text):
    assert asked_texts(text) == [word.text for word in asked(text)]
