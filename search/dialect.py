"""How settings, documents and filters are put to a Meilisearch server.

An attribute x becomes up to six fields: `text_x` is searched and holds the text as `search.spelling` has it; `sound_x`
is what its Chinese words sound like, for suggestions; `string_x` and `number_x` are for filters, facets and sorting;
`stored_x` and `offered_x` keep what was written, for quotes and suggestions. The settings of an index can be read back
from these names, so no process needs to be told them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from search import AnyOf, Between, Document, Filter, NoneOf, Refused, Settings
from search.checking import FAR, choice, kept, texts_of
from search.expansion import typing_errors
from search.pinyin import sounds
from search.spelling import spelled
from search.text import words

LOCALES = ["cmn", "eng"]
_EMBEDDER = "meaning_"
WITH_VECTOR = "has_vector"
"""True in the documents that have one: without a vector the server lists a document last, but lists it."""
_SOUND = "9"
"""Before each sound, so that no English word begins like one or is a mistyping of one."""
_UNORDERED = ("filterableAttributes", "sortableAttributes")
_MOST_VALUES = 60_000
_MOST_HITS = 10_000_000
_LONGEST_SEARCH = 3_000
"""Milliseconds after which the server answers with what it has."""


def server_settings(settings: Settings) -> dict[str, Any]:
    """All settings of ours but the synonyms, which come and go by themselves."""
    texts = [f"text_{name}" for name in settings.searchable]
    return {
        "searchableAttributes": [*texts, *(f"sound_{name}" for name in settings.suggest)],
        "filterableAttributes": [
            "id", *(f"string_{name}" for name in settings.strings), *(f"number_{name}" for name in settings.numbers),
            *([WITH_VECTOR] if settings.vector else []),
        ],
        "sortableAttributes": [f"number_{name}" for name in settings.numbers],
        "displayedAttributes": [
            "id", *(f"stored_{name}" for name in settings.stored), *(f"offered_{name}" for name in settings.suggest),
        ],
        "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness"],
        "typoTolerance": {
            "enabled": True,
            "minWordSizeForTypos": {"oneTypo": _shortest(1), "twoTypos": _shortest(2)},
            "disableOnNumbers": True,
        },
        "localizedAttributes": [{"attributePatterns": ["text_*", "sound_*"], "locales": LOCALES}],
        # Phrases are words next to each other, and which are is kept only so.
        "proximityPrecision": "byWord",
        "prefixSearch": "indexingTime",
        # Nobody searches among the values of a facet.
        "facetSearch": False,
        # Above these the server would cut the counts of a facet and the total off.
        "faceting": {"maxValuesPerFacet": _MOST_VALUES, "sortFacetValuesBy": {"*": "count"}},
        "pagination": {"maxTotalHits": _MOST_HITS},
        "searchCutoffMs": _LONGEST_SEARCH,
        "embedders": {
            embedder(settings): {"source": "userProvided", "dimensions": settings.vector}
        } if settings.vector else {},
    }


def embedder(settings: Settings) -> str:
    """The server's name for the vectors of an index; those of another length are others."""
    return f"{_EMBEDDER}{settings.vector}"


def changes(wanted: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """What of the wanted settings the server does not have yet."""
    found = {name: value for name, value in wanted.items() if not _has(present.get(name), value, name in _UNORDERED)}
    gone = set(present.get("embedders") or ()) - set(wanted.get("embedders") or ())
    if gone:
        found["embedders"] = {**wanted["embedders"], **dict.fromkeys(sorted(gone))}
    return found


def _has(present: Any, wanted: Any, in_any_order: bool = False) -> bool:
    """The server adds what was left to it, and keeps no order of lists in which it has no meaning."""
    if isinstance(wanted, Mapping):
        there = present or {}
        return isinstance(there, Mapping) and all(_has(there.get(name), value) for name, value in wanted.items())
    if in_any_order:
        return isinstance(present, list) and sorted(map(str, present)) == sorted(map(str, wanted))
    return bool(present == wanted)


def settings_of(answer: Mapping[str, Any]) -> Settings:
    """Our settings, read back from the server's. Weights do not survive, only their order."""
    searchable = _named("text_", answer["searchableAttributes"])
    filterable = [one for one in answer["filterableAttributes"] if isinstance(one, str)]
    displayed = answer["displayedAttributes"]
    lengths = [name.removeprefix(_EMBEDDER) for name in answer.get("embedders") or () if name.startswith(_EMBEDDER)]
    return Settings(
        searchable={name: float(len(searchable) - at) for at, name in enumerate(searchable)},
        strings=_named("string_", filterable), numbers=_named("number_", filterable),
        suggest=_named("offered_", displayed), stored=_named("stored_", displayed),
        vector=int(lengths[0]) if lengths else 0,
    )


def server_document(settings: Settings, document: Document) -> dict[str, Any]:
    checked = kept(settings, document)
    made: dict[str, Any] = {"id": checked["id"]}
    for name in settings.searchable:
        if texts := texts_of(checked, name):
            made[f"text_{name}"] = [spelled(text) for text in texts]
            if name in settings.suggest and (heard := sound_words(texts)):
                made[f"sound_{name}"] = heard
            for prefix, names in (("stored_", settings.stored), ("offered_", settings.suggest)):
                if name in names:
                    made[prefix + name] = [text.encode("utf-8", "replace").decode() for text in texts]
    for name in settings.strings:
        if values := [choice(text) for text in texts_of(checked, name)]:
            made[f"string_{name}"] = list(dict.fromkeys(values))
    made.update({f"number_{name}": checked[name] for name in settings.numbers if name in checked})
    if settings.vector:
        made |= _vector(settings, checked.get("vector"))
    return made


def without_vector(settings: Settings, identity: int) -> dict[str, Any]:
    """What a document that was there before vectors were kept is to be given."""
    return {"id": identity, **_vector(settings, None)}


def _vector(settings: Settings, vector: Sequence[float] | None) -> dict[str, Any]:
    # Of an embedder that is fed by us the server wants to be told in so many words that there is none.
    return {"_vectors": {embedder(settings): vector}, WITH_VECTOR: vector is not None}


def sound_words(texts: Sequence[str]) -> list[str]:
    """What the Chinese words of these texts sound like, as the server has it."""
    heard = {sound.partition("|")[0] for text in texts for sound in sounds(words(text), text)}
    return sorted(sound_word(one) for one in heard)


def sound_word(letters: str) -> str:
    return _SOUND + letters


def filter_text(settings: Settings, condition: Filter) -> str:
    """The filter in the server's language; every value is quoted, so none can change its meaning."""
    if isinstance(condition, Between):
        if condition.attribute not in settings.numbers:
            raise Refused(f"there is no number {condition.attribute!r}")
        return _range(f"number_{condition.attribute}", condition)
    if condition.attribute not in settings.strings:
        raise Refused(f"there is no filter on {condition.attribute!r}")
    if not isinstance(condition, AnyOf | NoneOf):
        raise Refused(f"{condition!r} is not a filter")
    values = ", ".join(_quoted(choice(value)) for value in dict.fromkeys(condition.values))
    return f"string_{condition.attribute} {'NOT IN' if isinstance(condition, NoneOf) else 'IN'} [{values}]"


def _range(field: str, condition: Between) -> str:
    ends = [(">=", condition.low), ("<=", condition.high)]
    parts = []
    for sign, value in ends:
        if value is not None:
            if math.isnan(value):
                raise Refused("a range cannot end at NaN")
            parts.append(f"{field} {sign} {_plain(value)}")
    return " AND ".join(parts) or f"{field} EXISTS"


def _plain(value: float) -> str:
    """A number without an exponent, which the filter language does not know."""
    return format(Decimal(repr(max(-FAR, min(FAR, value)))), "f")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _named(prefix: str, fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(field.removeprefix(prefix) for field in fields if field.startswith(prefix))


def _shortest(errors: int) -> int:
    """The length from which a word may have so many typing errors; the rule itself stands in search.expansion."""
    return next(length for length in range(1, 64) if typing_errors("a" * length) >= errors)
