"""How good the matches are, measured on judged folders with the very steps of the product."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marketplace.listings.documents import SETTINGS
from marketplace.listings.models import Kind, Listing
from marketplace.listings.vectors import side_of
from marketplace.matching import measures
from marketplace.matching.features import features
from marketplace.matching.judged import Judged
from marketplace.matching.meaning import Meaning, meanings, near, text_of
from marketplace.matching.profiles import Profile, key_terms, profile
from marketplace.matching.scoring import score
from marketplace.matching.weights import Weights
from search.embedded import EmbeddedEngine
from search.embedding import Embedder, Vector, centred, means

KEYS = ("ndcg@10", "auc", "mrr", "recall@10", "recall@100")
CANDIDATES = 300
"""Results that are looked at closely for each need, where it is to be found among all."""
_INDEX = "results"
_PORTION = 2_000
_AT_ONCE = 16
"""Texts that get their vectors before the next are looked at."""
Figures = dict[str, float | None]
Vectors = Mapping[str, Meaning]
Told = Callable[[str], None]


def evaluate(judged: Judged, weights: Weights, embedder: Embedder | None = None, told: Told = lambda _: None) -> Any:
    """One object with a figure for each of KEYS, None where the layout has none, and the same of the `baseline`."""
    meant = vectors(judged, embedder, told) if embedder is not None and embedder.dimensions else {}
    if judged.layout == "pools":
        found = measures.of_pools(pool_scores(judged, weights, meant))
        plain = measures.of_pools(_plain_pools(judged))
    else:
        found = measures.of_ranks(_ranks(judged, weights, meant, told))
        plain = measures.of_ranks(_plain_ranks(judged))
    return _complete(found) | {"baseline": _complete(plain)}


def _complete(figures: Figures) -> Figures:
    return {key: figures.get(key) for key in KEYS}


def pool_scores(judged: Judged, weights: Weights, meant: Vectors) -> list[tuple[str, float, int]]:
    """(need, score, level) of every judged pair."""
    scorer = Scorer(judged, weights, meant)
    return [(one.need, scorer.of(one.need, one.result), one.level) for one in judged.judgements]


class Scorer:
    """The product's features and score for listings that are in no database; each is read once."""

    def __init__(self, judged: Judged, weights: Weights, meant: Vectors) -> None:
        self.judged, self.weights, self.meant = judged, weights, meant
        self.profiles: dict[int, Profile] = {}

    def profile(self, listing: Listing) -> Profile:
        return self.profiles.setdefault(id(listing), profile(listing))

    def features(self, need: str, result: str) -> Any:
        one, other = self.judged.needs[need], self.judged.results[result]
        asked, given = self.meant.get(f"need {need}"), self.meant.get(f"result {result}")
        close = near(asked.whole, given.whole, asked.parts) if asked and given else None
        return features(one, other, self.profile(one), self.profile(other), close)

    def of(self, need: str, result: str) -> float:
        """The probability, of which the score is a rounded function: it has no ties that are none."""
        return score(self.features(need, result), self.weights).likely


def vectors(judged: Judged, embedder: Embedder, told: Told) -> Vectors:
    """As the worker makes them, seen from the middles of their languages' needs and results."""
    judged_results = {one.result for one in judged.judgements}
    listings = {f"need {ref}": listing for ref, listing in judged.needs.items()} | {
        f"result {ref}": listing for ref, listing in judged.results.items()
        if judged.layout == "qrels" or ref in judged_results
    }
    texts = {ref: (text_of(listing), listing.kind is Kind.NEED) for ref, listing in listings.items()}
    distinct = sorted(set(texts.values()), key=lambda one: len(one[0]))
    made: dict[tuple[str, bool], Meaning] = {}
    for at in range(0, len(distinct), _AT_ONCE):
        some = distinct[at:at + _AT_ONCE]
        made |= dict(zip(some, meanings(embedder, *zip(*some, strict=True)), strict=True))
        if at // 1_000 != (at + _AT_ONCE) // 1_000:
            told(f"{len(made)} of {len(distinct)} texts have their vectors")
    languages = {ref: side_of(listing.language, listing.kind) for ref, listing in listings.items()}
    middles = means([made[texts[ref]].whole for ref in texts], [languages[ref] for ref in texts])

    def seen(ref: str, vector: Vector) -> Vector:
        return centred(vector, languages[ref], middles)

    return {
        ref: Meaning(seen(ref, made[text].whole), tuple(seen(ref, part) for part in made[text].parts))
        for ref, text in texts.items()
    }


def _plain_pools(judged: Judged) -> list[tuple[str, float, int]]:
    """BM25 of the pairs of characters of the titles."""
    numbers = {ref: number for number, ref in enumerate(judged.results)}
    plain = measures.Bm25([measures.character_pairs(listing.title) for listing in judged.results.values()])
    asked = {ref: plain.scores(measures.character_pairs(need.title)) for ref, need in judged.needs.items()}
    return [(one.need, asked[one.need].get(numbers[one.result], 0.0), one.level) for one in judged.judgements]


def _wanted(judged: Judged) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = defaultdict(list)
    for one in judged.judgements:
        wanted[one.need].append(one.result)
    return wanted


def _places(order: Iterable[str], wanted: list[str]) -> list[int | None]:
    places = {ref: place for place, ref in enumerate(order, 1)}
    return [places.get(ref) for ref in wanted]


def _plain_ranks(judged: Judged) -> dict[str, list[int | None]]:
    """BM25 of words without plurals: title and objective of the need against title (unless hidden) and abstract."""
    refs = list(judged.results)
    plain = measures.Bm25([measures.plain_words(f"{one.title} {one.summary}") for one in judged.results.values()])
    places = {}
    for need, wanted in _wanted(judged).items():
        found = plain.scores(measures.plain_words(judged.others[need]))
        places[need] = _places((refs[at] for at in sorted(found, key=lambda at: (-found[at], at))), wanted)
    return places


def _ranks(judged: Judged, weights: Weights, meant: Vectors, told: Told) -> dict[str, list[int | None]]:
    """Every result is in an index, as in the product; what its candidate step does not bring is not found."""
    scorer, refs = Scorer(judged, weights, meant), list(judged.results)
    places: dict[str, list[int | None]] = {}
    with tempfile.TemporaryDirectory(prefix="yinqiao-evaluate-") as folder:
        engine = EmbeddedEngine(folder, writer=True)
        _fill(engine, judged, told)
        for need, wanted in _wanted(judged).items():
            terms = key_terms(scorer.profile(judged.needs[need]))
            hits = engine.similar(_INDEX, terms, limit=CANDIDATES).hits
            found = {refs[hit.id]: scorer.of(need, refs[hit.id]) for hit in hits}
            order = sorted(found, key=lambda ref, of=found: (-of[ref], ref))  # type: ignore[misc]
            places[need] = _places(order, wanted)
        engine.close()
    return places


def _fill(engine: EmbeddedEngine, judged: Judged, told: Told) -> None:
    engine.create(_INDEX, SETTINGS)
    documents = [
        {"id": number, "title": listing.title, "summary": listing.summary}
        for number, listing in enumerate(judged.results.values())
    ]
    for at in range(0, len(documents), _PORTION):
        engine.upsert(_INDEX, documents[at:at + _PORTION])
    told(f"{len(documents)} results are in an index of their own")
