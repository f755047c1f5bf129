"""How a document lies in a tantivy index: which field holds what, and how values get there.

`words_x` and `run_x` are the two views of a searchable attribute x (see search.text); `lexicon` holds each word of the
attributes that are suggested (the short ones) once, so that matching, counting and expanding read one list instead of
one per attribute; `string_x` and `number_x` are for filters, facets and sorting (tantivy puts a missing number last
both ways); `opening_x` and `sound` (see search.pinyin) are for suggestions; `vector_row` says where its vector lies
(see search.vectors); `payload` is the document itself.
"""

import json
import math
from binascii import b2a_base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
import tantivy

from search import AnyOf, Between, Filter, NoneOf, Refused, Settings
from search.checking import FAR, ROW, choice
from search.pinyin import said_twice
from search.remembered import Remembered
from search.text import fold, views, words_and_units

FORMAT = 3
"""Raise it whenever the same document would be indexed differently: older indexes then ask to be rebuilt."""
LEXICON = "lexicon"
SOUND = "sound"
_SPACED = "spaced"
_OPENING = 80
_MANY = 16
_BETWEEN_TEXTS = " | "
"""Stands where one text of a list ends, so that no phrase runs over into the next."""


def schema_of(settings: Settings) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_bytes_field("payload", stored=True)
    builder.add_text_field(LEXICON, tokenizer_name=_SPACED, index_option="basic")
    for name in settings.searchable:
        builder.add_text_field(f"words_{name}", tokenizer_name=_SPACED, index_option="freq")
        builder.add_text_field(f"run_{name}", tokenizer_name=_SPACED, index_option="position")
    for name in settings.strings:
        builder.add_text_field(f"string_{name}", tokenizer_name="raw", index_option="basic", fast=True)
    for name in settings.numbers:
        builder.add_float_field(f"number_{name}", indexed=True, fast=True)
    for name in settings.suggest:
        builder.add_text_field(f"opening_{name}", tokenizer_name="raw", index_option="basic")
    builder.add_text_field(SOUND, tokenizer_name=_SPACED, index_option="basic")
    if settings.vector:
        builder.add_integer_field(ROW, fast=True)
    return builder.build()


def register(index: tantivy.Index) -> tantivy.Index:
    """Name our tokenizer to an index just opened: tantivy keeps the name on disk, but not what it means."""
    index.register_tokenizer(_SPACED, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def line(settings: Settings, document: dict[str, Any]) -> str:
    """What `kept` returned, as the index takes it: one line of JSON, field by field, which tantivy reads in half the
    time that a document given field by field takes."""
    return packed(settings, document).decode()


def packed(settings: Settings, document: dict[str, Any]) -> bytes:
    """A line as it goes from one process to another."""
    fields: dict[str, Any] = {
        "id": document["id"], "payload": b2a_base64(_payload(document), newline=False).decode("ascii"),
    }
    _pack_texts(settings, document, fields)
    value_of = document.get
    for name in settings.strings:
        if choices := value_of(name):
            # A value given twice would be counted twice by a facet.
            fields[_STRINGS[name]] = (
                _choices[choices[0]] if len(choices) == 1 else [*dict.fromkeys(map(_choices.__getitem__, choices))]
            )
    for name in settings.numbers:
        if (number := value_of(name)) is not None:
            fields[_NUMBERS[name]] = float(number)
    if ROW in document:
        fields[ROW] = document[ROW]
    return orjson.dumps(fields)


def _pack_texts(settings: Settings, document: dict[str, Any], fields: dict[str, Any]) -> None:
    lexicon: set[str] = set()
    sound: set[str] = set()
    for name in settings.searchable:
        if not (texts := document.get(name)):
            continue
        words_field, run_field, opening_field = _TEXTS[name]
        if name in settings.suggest:
            values = [_values[texts]] if type(texts) is str else [*map(_values.__getitem__, texts)]
            fields[opening_field] = [value.opening for value in values]
            for value in values:
                sound |= value.sounds
                lexicon |= value.words
            both: Sequence[tuple[str, str]] = [value.views for value in values]
        elif type(texts) is str:
            fields[words_field], fields[run_field] = words_and_units(texts)
            continue
        else:
            both = [*map(words_and_units, texts)]
        fields[words_field] = " ".join([words for words, _ in both])
        fields[run_field] = _BETWEEN_TEXTS.join([row for _, row in both])
    fields[LEXICON] = " ".join(lexicon)
    fields[SOUND] = " ".join(sound)


class _Value(NamedTuple):
    opening: str
    sounds: frozenset[str]
    words: frozenset[str]
    views: tuple[str, str]


def _value(text: str) -> _Value:
    """A value that is suggested: a name or a keyword, written in one document after the other."""
    folded = fold(text)
    both = views(folded)
    words = both[0].split()
    return _Value(_opening(folded), said_twice(words, folded), frozenset(words), both)


_values = Remembered(_value, 4_096)
_choices = Remembered(choice, 65_536)
_TEXTS = Remembered[str, tuple[str, str, str]](lambda name: (f"words_{name}", f"run_{name}", f"opening_{name}"), 1_000)
_STRINGS = Remembered[str, str]("string_{}".format, 1_000)
_NUMBERS = Remembered[str, str]("number_{}".format, 1_000)


def _payload(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError:  # half a character, or a number of more than 64 bits
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def payload(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> dict[str, Any]:
    """The document as `kept` made it."""
    document: dict[str, Any] = orjson.loads(searcher.doc(address).get_first("payload") or b"{}")
    return document


def lists_of(settings: Settings, attributes: Sequence[str] | None) -> list[str]:
    """The fields that together list every word of these attributes, or of all: as few as there are."""
    names = tuple(settings.searchable if attributes is None else attributes)
    if len(settings.suggest) > 1 and set(settings.suggest).issubset(names):
        return [LEXICON, *(f"words_{name}" for name in names if name not in settings.suggest)]
    return [f"words_{name}" for name in names]


def opening(text: str) -> str:
    """How a value begins, as suggestions look it up."""
    return _opening(fold(text))


def _opening(folded: str) -> str:
    return " ".join(folded.split())[:_OPENING]


def filter_query(schema: tantivy.Schema, settings: Settings, condition: Filter) -> tuple[tantivy.Occur, tantivy.Query]:
    if isinstance(condition, Between):
        return tantivy.Occur.Must, _range(schema, settings, condition)
    if condition.attribute not in settings.strings:
        raise Refused(f"there is no filter on {condition.attribute!r}")
    if not isinstance(condition, AnyOf | NoneOf):
        raise Refused(f"{condition!r} is not a filter")
    field = f"string_{condition.attribute}"
    values = [choice(value) for value in dict.fromkeys(condition.values)]
    if not values:
        query = tantivy.Query.empty_query()
    elif len(values) > _MANY:
        query = tantivy.Query.term_set_query(schema, field, values)
    else:
        query = tantivy.Query.boolean_query([
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, field, value, "basic")) for value in values
        ])
    if isinstance(condition, NoneOf):
        return tantivy.Occur.MustNot, query
    return tantivy.Occur.Must, tantivy.Query.const_score_query(query, 0.0)


def _range(schema: tantivy.Schema, settings: Settings, condition: Between) -> tantivy.Query:
    if condition.attribute not in settings.numbers:
        raise Refused(f"there is no number {condition.attribute!r}")
    low, high = _end(condition.low, -FAR), _end(condition.high, FAR)
    if low > high:
        return tantivy.Query.empty_query()
    field = f"number_{condition.attribute}"
    query = tantivy.Query.range_query(schema, field, tantivy.FieldType.Float, low, high)
    return tantivy.Query.const_score_query(query, 0.0)


def _end(value: float | None, otherwise: float) -> float:
    if value is None:
        return otherwise
    if math.isnan(value):
        raise Refused("a range cannot end at NaN")
    return max(-FAR, min(FAR, float(value)))
