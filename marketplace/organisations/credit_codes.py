"""Unified social credit codes (统一社会信用代码, GB 32100): 18 characters, of which the last checks the others."""

from __future__ import annotations

from unicodedata import normalize

from marketplace.phrases import Phrase, say

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""I, O, S, V and Z are not used: they are too easily misread."""
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def tidy(text: str) -> str:
    """As printed on a licence, without blanks or full-width letters."""
    return "".join(normalize("NFKC", text).upper().replace("-", "").split())


def fault(code: str) -> Phrase | None:
    """Why a tidied code cannot be right, in words that help to mend it."""
    if len(code) != 18:
        return say("“{code}” has {given} characters; a credit code has 18.", code=code[:30], given=len(code))
    for place, character in enumerate(code, 1):
        if character not in ALPHABET:
            return say("“{character}” in place {place} cannot stand in a credit code; it has digits and capitals "
                       "without I, O, S, V, Z.", character=character, place=place)
    if code[17] != check_character(code[:17]):
        return say("“{code}” cannot be right: its last character does not fit the others. Compare it with the licence.",
                   code=code)
    return None


def check_character(first: str) -> str:
    """The 18th character for the first 17."""
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(first, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]
