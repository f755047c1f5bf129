"""Hits by their words and hits by the nearness of what they mean, in one list of one tantivy index.

The best by words and all that is near are ranked together, by their ranks in the two lists: scores of words and cosines
cannot be added. Whatever else has the words follows in its own order, so every page is cut from one and the same list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import tantivy

HEAD = 200
"""So many of the best by words are ranked together with what is near."""
_EVEN = 20
"""How slowly a place in a list loses its worth: the 20th is worth half of the first."""
_Must, _Should, _MustNot = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot

Clause = tuple[tantivy.Occur, tantivy.Query]
Ranked = list[tuple[float, tantivy.DocAddress]]


@dataclass
class Mixed:
    searcher: tantivy.Searcher
    schema: tantivy.Schema
    found: tantivy.Query | None
    """Decides what has the words, filters among it; None: nothing has."""
    ranked: tantivy.Query | None
    """The same, with what decides the rank."""
    near: Sequence[tuple[int, float]]
    """(id, cosine) of what is near and fulfils the filters, the nearest first."""
    share: float
    """How much of the rank nearness decides, from 0 to 1."""
    _both: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.found is not None:
            both = tantivy.Query.boolean_query([(_Must, self.found), (_Must, self._among(one for one, _ in self.near))])
            self._both = set(self._ids([at for _, at in self.searcher.search(both, len(self.near), count=False).hits]))

    @property
    def alone(self) -> int:
        """How many are found by nearness only."""
        return len(self.near) - len(self._both)

    def either(self, words: Sequence[Clause]) -> list[Clause]:
        """Clauses for what has the words or is near; for counting."""
        near = self._among(one for one, _ in self.near)
        if self.found is None:
            return [(_Must, near)]
        everything = (_Must, tantivy.Query.const_score_query(tantivy.Query.all_query(), 0.0))
        worded = tantivy.Query.boolean_query([everything, *words])
        return [(_Must, tantivy.Query.boolean_query([(_Should, worded), (_Should, near)]))]

    def page(self, size: int, offset: int) -> Ranked:
        """(score, address), the best first."""
        head = self._head()
        shown = head[offset:offset + size]
        if len(shown) < size and self.ranked is not None:
            known = self._ids([at for _, at in head])
            rest = tantivy.Query.boolean_query([(_Must, self.ranked), (_MustNot, self._among(known))])
            first = max(0, offset - len(head))
            # They score less than any before them: what had a worse place in the list of words has no other.
            least = head[-1][0] if head else 1.0
            hits = self.searcher.search(rest, size - len(shown), count=False, offset=first).hits
            shown += [(least / (2 + first + place), at) for place, (_, at) in enumerate(hits)]
        return shown

    def _head(self) -> Ranked:
        worded: list[tantivy.DocAddress] = []
        if self.ranked is not None:
            worded = [at for _, at in self.searcher.search(self.ranked, HEAD, count=False).hits]
        ids = self._ids(worded)
        addresses = dict(zip(ids, worded, strict=True))
        scores = {one: (1 - self.share) * _worth(place) for place, one in enumerate(ids)}
        for place, (one, _) in enumerate(self.near):
            scores[one] = scores.get(one, 0.0) + self.share * _worth(place)
        missing = [one for one, _ in self.near if one not in addresses]
        if missing:
            there = [at for _, at in self.searcher.search(self._among(missing), len(missing), count=False).hits]
            addresses.update(zip(self._ids(there), there, strict=True))
        best = sorted((one for one in scores if one in addresses), key=lambda one: -scores[one])
        return [(scores[one], addresses[one]) for one in best]

    def _ids(self, addresses: list[tantivy.DocAddress]) -> list[int]:
        return [int(one or 0) for one in self.searcher.fast_field_values("id", addresses)]

    def _among(self, ids: Iterable[int]) -> tantivy.Query:
        return tantivy.Query.const_score_query(tantivy.Query.term_set_query(self.schema, "id", [*ids]), 0.0)


def _worth(place: int) -> float:
    return 1 / (_EVEN + place)
