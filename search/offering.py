"""Suggestions from a Meilisearch server: whole values, by how they begin, by their words, and by their sound."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from search import Filter, Suggestion
from search.answering import Body, Known, body_of
from search.asking import put
from search.completion import CONTAINS_SOUND, LONGEST_TEXT, SOUNDS, Offer, rank, shared_out
from search.dialect import sound_word
from search.layout import opening
from search.pinyin import sounds, typed, words_of_sound
from search.question import Question
from search.text import asked, fold, words

_LOOKED_AT = 5
"""Documents that are looked at for each suggestion: not all of their values are meant."""


def offers(
    ask: Callable[[list[Body]], list[Body]], known: Known, text: str, filters: tuple[Filter, ...], limit: int,
) -> list[Suggestion]:
    begun, names = opening(text[:LONGEST_TEXT]), known.settings.suggest
    question = Question(words=tuple(asked(begun)), unfinished=True)
    if not question.words or not names or limit < 1:
        return []
    letters = typed(begun)
    retrieved = {"limit": _LOOKED_AT * limit, "attributesToRetrieve": ["id", *(f"offered_{name}" for name in names)]}
    # One search for each attribute: of a single one all might go to the first.
    bodies = [{**body_of(known, filters, [name]), **retrieved, "q": put(question).text()} for name in names]
    heard = {**body_of(known, filters), **retrieved, "attributesToSearchOn": [f"sound_{name}" for name in names]}
    bodies += [{**heard, "q": sound_word(beginning)} for beginning in _beginnings(letters)]
    found: dict[str, Offer] = {}
    for offer in _offered(ask(bodies), names, begun, letters):
        key = fold(offer[1].text)
        if key not in found or offer[0] < found[key][0]:
            found[key] = offer
    return shared_out(found.values(), limit)


def _offered(answers: Sequence[Body], names: Sequence[str], begun: str, letters: str) -> Iterator[Offer]:
    for answer in answers:
        for hit in answer["hits"]:
            for name in names:
                for text in hit.get(f"offered_{name}", ()):
                    place = rank(text, begun)
                    if place is None and letters:
                        place = _rank_of_sound(text, letters)
                    if place is not None:
                        yield place, Suggestion(text, int(hit["id"]), name)


def _rank_of_sound(text: str, letters: str) -> int | None:
    heard = sounds(words(text), text)
    meant = words_of_sound(letters, lambda begun: [(sound, 1) for sound in heard if sound.startswith(begun)])
    if any(fold(text).startswith(word) for word in meant):
        return SOUNDS
    return CONTAINS_SOUND if meant else None


def _beginnings(letters: str) -> list[str]:
    """What a sound may begin with that was typed as these letters."""
    wanted: list[str] = []

    def note(beginning: str) -> list[Any]:
        wanted.append(beginning)
        return []

    if letters:
        words_of_sound(letters, note)
    return wanted
