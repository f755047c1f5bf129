"""How documents, settings, filters and questions are put to a Meilisearch server.

An attribute x becomes up to five fields: `text_x` is searched and holds the text as `spelled` writes it; `string_x` and
`number_x` are for filters, facets and sorting; `stored_x` and `offered_x` keep what was written, for quotes and
suggestions. The settings of an index can be read back from these names, so no process needs to be told them.
"""

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from search import AnyOf, Between, Document, Filter, NoneOf, Refused, Settings
from search.checking import FAR, choice, kept, texts_of
from search.expansion import typing_errors
from search.question import Question
from search.text import asked, singular

LOCALES = ["cmn", "eng"]
_MOST_VALUES = 60_000
_MOST_HITS = 10_000_000


def server_settings(settings: Settings) -> dict[str, Any]:
    return {
        "searchableAttributes": [f"text_{name}" for name in settings.searchable],
        "filterableAttributes": [
            "id", *(f"string_{name}" for name in settings.strings), *(f"number_{name}" for name in settings.numbers),
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
        "localizedAttributes": [{"attributePatterns": ["text_*"], "locales": LOCALES}],
        # Above these the server would cut the counts of a facet and the total off.
        "faceting": {"maxValuesPerFacet": _MOST_VALUES, "sortFacetValuesBy": {"*": "count"}},
        "pagination": {"maxTotalHits": _MOST_HITS},
    }


def settings_of(answer: dict[str, Any]) -> Settings:
    """Our settings, read back from the server's. Weights do not survive, only their order."""
    searchable = _named("text_", answer["searchableAttributes"])
    filterable = [one for one in answer["filterableAttributes"] if isinstance(one, str)]
    displayed = answer["displayedAttributes"]
    return Settings(
        searchable={name: float(len(searchable) - at) for at, name in enumerate(searchable)},
        strings=_named("string_", filterable), numbers=_named("number_", filterable),
        suggest=_named("offered_", displayed), stored=_named("stored_", displayed),
    )


def server_document(settings: Settings, document: Document) -> dict[str, Any]:
    checked = kept(settings, document)
    made: dict[str, Any] = {"id": checked["id"]}
    for name in settings.searchable:
        if texts := texts_of(checked, name):
            made[f"text_{name}"] = [spelled(text) for text in texts]
            for prefix, names in (("stored_", settings.stored), ("offered_", settings.suggest)):
                if name in names:
                    made[prefix + name] = [text.encode("utf-8", "replace").decode() for text in texts]
    for name in settings.strings:
        if values := [choice(text) for text in texts_of(checked, name)]:
            made[f"string_{name}"] = list(dict.fromkeys(values))
    made.update({f"number_{name}": checked[name] for name in settings.numbers if name in checked})
    return made


def spelled(text: str) -> str:
    """The text folded and cut as the embedded engine would, for the server to index: its words in order, so that
    phrases hold, and after them the names that were taken apart, whole."""
    words = asked(text)
    row = [_row(word.units) for word in words]
    whole = dict.fromkeys(word.text for word in words if len(word.units) > 1 and not word.is_chinese)
    return " ".join(row) + "".join(f". {name}" for name in whole)


def server_text(question: Question, but: Iterable[str] = ()) -> str:
    """The question in the server's syntax, made of letters and digits only but for its own quotes and minuses.

    `but` are words to leave out. The words come last, where the server completes the last of them.
    """
    left_out = set(but)
    parts = [f'-"{_row(run)}"' for run in question.excluded] + [f'"{_row(run)}"' for run in question.phrases]
    parts += [_row(word.units) for word in question.words if word.text not in left_out]
    complete = not question.words or not question.unfinished or question.words[-1].text in left_out
    return " ".join(parts) + (" " if complete and parts else "")


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


def _row(units: tuple[str, ...]) -> str:
    """Units as the index has them: Chinese together, the rest apart and without its plural."""
    row = ""
    for unit in units:
        latin = unit.isascii()
        row += (" " if row and (latin or row[-1].isascii()) else "") + (singular(unit) if latin else unit)
    return row


def _named(prefix: str, fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(field.removeprefix(prefix) for field in fields if field.startswith(prefix))


def _shortest(errors: int) -> int:
    """The length from which a word may have so many typing errors; the rule itself stands in search.expansion."""
    return next(length for length in range(1, 64) if typing_errors("a" * length) >= errors)
