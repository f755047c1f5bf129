"""The search port: what the marketplace asks of any engine.

Two engines stand behind it, `search.embedded` (tantivy, in a folder) and `search.meilisearch` (a server);
tests/search/test_engine_contract.py holds both to the same behaviour. Nothing here knows the marketplace.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Document = Mapping[str, Any]


class SearchError(Exception):
    """Anything an engine can complain of."""


class Unavailable(SearchError):
    """The engine did not answer, or answered that it cannot now: it is down, another process is writing, or the index
    has not been built yet. Trying later may help."""


class Refused(SearchError):
    """The engine answered that the request itself is wrong; trying again will not help."""


@dataclass(frozen=True)
class Settings:
    """What an index can do with the attributes of its documents.

    A document is a flat mapping with an integer `id`. Values are strings, integers, floats, booleans, None,
    or lists of strings or integers; `vector`, where the settings have one, a list of that many finite floats.
    Attributes named nowhere here are ignored.
    """

    searchable: Mapping[str, float]
    """Text attribute -> weight, the most important first. Lists of strings are searched like one text."""
    strings: tuple[str, ...] = ()
    """Filterable and facetable attributes holding a string or a list of strings."""
    numbers: tuple[str, ...] = ()
    """Filterable and sortable attributes holding a number (dates as epoch seconds); None when absent."""
    suggest: tuple[str, ...] = ()
    """Searchable attributes whose whole values are offered as suggestions."""
    stored: tuple[str, ...] = ()
    """Searchable attributes kept so that a hit can quote them with marks; a subset of `searchable`."""
    vector: int = 0
    """How many numbers the `vector` has that a document may carry, for nearness of meaning; 0: none is kept."""


@dataclass(frozen=True)
class AnyOf:
    """The attribute has at least one of the values."""

    attribute: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class NoneOf:
    """The attribute has none of the values (a document without the attribute passes)."""

    attribute: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """low <= attribute <= high; an open end is None; a document without the attribute fails."""

    attribute: str
    low: float | None = None
    high: float | None = None


Filter = AnyOf | NoneOf | Between


@dataclass(frozen=True)
class Query:
    """One question. Every filter must hold. Hostile text is data: no character in it is an operator, except that
    a "quoted phrase" must occur as it stands and a -word must not occur. A text without a single word asks for
    everything.

    Every word must occur, or one of its synonyms; mistyped by one letter from four letters on and by two from eight, a
    Chinese word of three characters or more by one character that is wrong, missing or too many; the last word, unless
    a space follows it, may be the beginning of a longer one. What was written as asked ranks before what needed any of
    this. When that finds nothing, words are given up: first those that occur nowhere, then the most common, one after
    the other. Phrases and exclusions never are."""

    text: str = ""
    filters: tuple[Filter, ...] = ()
    reach: tuple[Filter, ...] = ()
    """Those of `filters` that say what there is at all for whoever asks. Where a word stands only beyond them, it
    occurs nowhere: it is given up, or forgiven, as a word that nobody wrote, so that no answer tells of it."""
    facets: tuple[str, ...] = ()
    """String attributes to count. A facet's counts ignore the AnyOf filter on the same attribute, so that
    a reader sees what choosing another value would give."""
    sort: tuple[str, bool] | None = None
    """(number attribute, descending?); None means by relevance. Documents without the attribute come last."""
    page: int = 1
    size: int = 20
    attributes: tuple[str, ...] | None = None
    """Search only in these attributes; None means all the searchable ones."""
    highlight: tuple[str, ...] = ()
    """Stored attributes to quote in each hit."""
    vector: tuple[float, ...] | None = None
    """What the text means. With it, hits by relevance are also those whose own vector lies near, words found or not:
    of the nearest few dozen under the same filters, exclusions and phrases, those at least `near`. Total and facets
    count them too. An index without vectors takes no notice."""
    semantic: float = 0.5
    """With a vector: how much of the ranking nearness decides, the words the rest (0 to 1)."""
    near: float = 0.0
    """With a vector: the cosine from which on another one lies near."""


@dataclass(frozen=True)
class Term:
    """One weighted word or short phrase of a listing, for `similar`."""

    text: str
    weight: float = 1.0


Quote = tuple[tuple[str, bool], ...]
"""A cropped text as (piece, is it a matched word?) pieces; joined, the pieces are the plain text."""


@dataclass(frozen=True)
class Hit:
    id: int
    score: float
    """Comparable within one answer only."""
    quotes: Mapping[str, Quote] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    """Words of the query that were given up so that something could be found, in the order of the query."""
    took_ms: float = 0.0


@dataclass(frozen=True)
class Suggestion:
    text: str
    id: int
    """A document that carries the text."""
    attribute: str


MAXIMUM_WINDOW = 10_000
"""page * size beyond this is answered with no hits; `total` stays true."""


class Engine(Protocol):
    """Every call raises Unavailable or Refused, and nothing else, for reasons of the engine's own.

    A write is findable by every reader of the same engine when the call returns; readers in other processes
    see it within a second.
    """

    name: str
    layout: int
    """Raised when indexes are laid out anew: one that was made under another number has to be rebuilt."""

    def create(self, index: str, settings: Settings) -> None:
        """Make an empty index. One that exists is kept, with these settings from now on."""

    def exists(self, index: str) -> bool: ...

    def upsert(self, index: str, documents: Sequence[Document]) -> None:
        """Make these documents findable, replacing those with the same ids."""

    def fill(self, index: str, batches: Iterable[Sequence[Document]]) -> None:
        """Put all these documents into an index that is new and empty, each id once: what a rebuild does. They are
        findable when this returns, some of them perhaps before. At any time only a few batches are held in memory.
        What the iterable itself raises is passed on as it is, and the index is then good for nothing but `drop`."""

    def delete(self, index: str, ids: Sequence[int]) -> None:
        """Make these ids unfindable; unknown ids are ignored."""

    def search(self, index: str, query: Query) -> Page: ...

    def similar(
        self, index: str, terms: Sequence[Term], *, filters: tuple[Filter, ...] = (), limit: int = 50,
        attributes: tuple[str, ...] | None = None,
    ) -> Page:
        """The documents that share most, by weight, of `terms`; no term is compulsory."""

    def nearest(
        self, index: str, vector: Sequence[float], *, filters: tuple[Filter, ...] = (), limit: int = 50,
    ) -> Page:
        """The documents whose vectors point most the same way (cosine, the score), the nearest first."""

    def suggest(self, index: str, text: str, *, filters: tuple[Filter, ...] = (), limit: int = 8) -> list[Suggestion]:
        """Values of the `suggest` attributes that begin with, or contain a word that begins with, `text`; after them
        Chinese ones whose pinyin (lidianchi) or initials (ldc) do. Each attribute has its share of the literal ones;
        those that begin so are shown first."""

    def synonyms(self, index: str, groups: Sequence[Sequence[str]]) -> None:
        """From now on, and without a rebuild, each word or phrase of a group finds documents with any other of it; the
        groups given before are forgotten. They belong to the index and go with it when it is swapped.

        Groups do not chain: where a = b and b = c stand apart, a does not find c, so no loop can arise.
        """

    def count(self, index: str) -> int: ...

    def ids(self, index: str) -> Iterator[int]:
        """Every id in the index, in no order."""

    def swap(self, index: str, other: str) -> None:
        """Exchange the two indexes' contents and settings in one step; readers never meet neither."""

    def drop(self, index: str) -> None:
        """Remove the index; an unknown one is ignored."""

    def ping(self) -> None:
        """Return if the engine answers now; raise Unavailable if not."""
