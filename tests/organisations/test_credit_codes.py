import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.organisations import credit_codes

GENUINE = ("91350100M000100Y43", "91110000600037341L", "12100000400010275N")
"""The standard's own example; a published company's; a published institute's."""


@pytest.mark.parametrize("code", GENUINE)
def test_genuine_codes_are_sound(code):
    assert credit_codes.fault(code) is None


def test_code_is_tidied_as_people_copy_it():
    assert credit_codes.tidy(" ９１３５０１００-m000100y 43\n") == "91350100M000100Y43"


CHARACTERS = st.sampled_from(credit_codes.ALPHABET)


@given(st.text(CHARACTERS, min_size=17, max_size=17), st.integers(0, 16), CHARACTERS)
def test_one_misread_character_is_always_noticed(first, place, other):
    code = first + credit_codes.check_character(first)
    assert credit_codes.fault(code) is None
    if code[place] != other:
        assert credit_codes.fault(code[:place] + other + code[place + 1 :]) is not None


@pytest.mark.parametrize(("code", "complaint"), [
    ("9135", "has 4 characters"), ("91350100M000100O43", "“O” in place 16"), ("91350100M000100Y44", "does not fit"),
])
def test_fault_says_what_and_where(code, complaint):
    assert complaint in credit_codes.fault(code)
