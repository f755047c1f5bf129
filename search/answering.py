"""One question to one index of a Meilisearch server, and its answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import OSA

from search import AnyOf, Filter, Hit, Page, Query, Quote, Settings
from search.asking import Doubt, Part, doubts, meant_by, other_readings, put
from search.checking import BETWEEN_TEXTS, check_query, in_window
from search.dialect import LOCALES, WITH_VECTOR, embedder, filter_text
from search.expansion import typing_errors
from search.highlight import Needles, quote
from search.nearness import NEAREST, Scores, fused, similarity
from search.question import Question, parse
from search.spelling import read
from search.text import fold, words

Body = dict[str, Any]
Ask = Callable[[list[Body]], list[Body]]
"""Several searches in one request."""
_MOST_READINGS = 120
_LOOKED_AT = 5
"""Documents that are read to learn what a mistyped word was meant to be."""


@dataclass(frozen=True)
class Known:
    """An index as the server describes it."""

    index: str
    settings: Settings
    terms: Mapping[str, list[str]]
    """Its synonyms: the key of a term -> what else is looked for."""


def body_of(
    known: Known, filters: Sequence[Filter] = (), attributes: Sequence[str] | None = None, but: str | None = None,
) -> Body:
    """A search for everything, under every filter but the choice of values of one attribute."""
    names = known.settings.searchable if attributes is None else attributes
    conditions = [
        filter_text(known.settings, one) for one in filters if not (isinstance(one, AnyOf) and one.attribute == but)
    ]
    body: Body = {
        "indexUid": known.index, "matchingStrategy": "all", "locales": LOCALES,
        "attributesToSearchOn": [f"text_{name}" for name in names],
    }
    return {**body, "filter": conditions} if conditions else body


def among(body: Body, ids: Iterable[int]) -> Body:
    """The same search among these documents only."""
    return {**body, "filter": [*body.get("filter", ()), f"id IN [{', '.join(map(str, ids))}]"]}


def near_body(known: Known, vector: Sequence[float], filters: Sequence[Filter], limit: int) -> Body:
    """The documents nearest to the vector; those without one of their own are left out."""
    body = body_of(known, filters)
    return {
        **body, "filter": [*body.get("filter", ()), f"{WITH_VECTOR} = true"], "vector": [*vector],
        "hybrid": {"embedder": embedder(known.settings), "semanticRatio": 1.0}, "page": 1, "hitsPerPage": limit,
        "showRankingScore": True, "attributesToRetrieve": ["id"],
    }


def scores_of(answer: Body) -> dict[int, float]:
    return {int(hit["id"]): float(hit.get("_rankingScore", 0.0)) for hit in answer["hits"]}


class Answering:
    def __init__(self, ask: Ask, known: Known, query: Query) -> None:
        check_query(known.settings, query)
        self._ask, self._known, self._query = ask, known, query
        self._question = parse(query.text)
        self._asked = put(self._question, known.terms)
        self._base = body_of(known, query.filters, query.attributes)
        self._chosen = [name for name in query.facets if name in {
            one.attribute for one in query.filters if isinstance(one, AnyOf)
        }]
        """Facets with a choice already made: theirs are the counts that need a search of their own."""

    def page(self) -> Page:
        bodies, nearest = self._bodies(self._asked.text()), self._nearest()
        answers = self._ask([*bodies, *nearest])
        near = self._near_enough(answers.pop()) if nearest else {}
        parts: Sequence[Part] = self._asked.parts
        if not answers[0]["totalHits"] and parts:
            answers, parts = self._loosened() or (answers, parts)
        page = Page(
            hits=self._hits(answers[0]["hits"], parts) if in_window(self._query) and not near else (),
            total=int(answers[0]["totalHits"]), facets=self._facets(answers), dropped=self._dropped(parts),
        )
        return self._with_near(page, answers[0], near, parts) if near else page

    def _bodies(self, text: str) -> list[Body]:
        """The page, and one search more for each facet of which something was chosen."""
        query, chosen = self._query, self._chosen
        stored = ["id", *(f"stored_{name}" for name in query.highlight)]
        page: Body = {
            **self._base, "q": text, "showRankingScore": True, "attributesToRetrieve": stored,
            "facets": [f"string_{name}" for name in query.facets if name not in chosen],
            # Pages by number make the server count all hits; offset and limit would make it guess.
            "page": query.page if in_window(query) else 1, "hitsPerPage": query.size if in_window(query) else 0,
        }
        if query.sort is not None:
            page["sort"] = [f"number_{query.sort[0]}:{'desc' if query.sort[1] else 'asc'}"]
        if self._by_meaning and in_window(query):
            # What is near may stand before any of these, so the page is cut from their scores.
            page |= {"page": 1, "hitsPerPage": query.page * query.size, "attributesToRetrieve": ["id"]}
        counting = [
            {**body_of(self._known, query.filters, query.attributes, but=name), "q": text,
             "facets": [f"string_{name}"], "limit": 0}
            for name in chosen
        ]
        return [page, *counting]

    def _facets(self, answers: Sequence[Body]) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        for answer in answers:
            counts |= answer.get("facetDistribution") or {}
        return {name: dict(counts.get(f"string_{name}", {})) for name in self._query.facets}

    def _dropped(self, parts: Sequence[Part]) -> tuple[str, ...]:
        kept = {word.text for part in parts for word in part.words}
        every = [word for part in self._asked.parts for word in part.words]
        return tuple(word.written for word in every if word.text not in kept)

    # --- when nothing is found

    def _loosened(self) -> tuple[list[Body], list[Part]] | None:
        """Take Chinese words that nobody wrote for others, and give up words, those that occur nowhere first and then
        the most common, until something is found; in the order the embedded engine would."""
        asked = self._asked
        alone = self._totals(self._everywhere(), [asked.alone(part) for part in asked.parts])
        counted = self._guessed(alone)
        left = [pair for pair in counted if pair[1]]
        steps = [[part for part, _ in left]]
        while len(left) > (0 if asked.phrases else 1):
            left.remove(max(reversed(left), key=lambda pair: pair[1]))
            steps.append([part for part, _ in left])
        steps = [step for step in steps if (step or asked.phrases) and tuple(step) != asked.parts]
        if not steps:
            return None
        # The first step is the likeliest to find something: it is asked for at once with all that a page needs.
        page = self._bodies(asked.text(steps[0]))
        answers = self._ask([*page, *(self._counting(self._base, asked.text(step)) for step in steps[1:])])
        totals = [int(answer["totalHits"]) for answer in (answers[0], *answers[len(page):])]
        first = next((at for at, total in enumerate(totals) if total), None)
        if first is None:
            return None
        return answers[:len(page)] if first == 0 else self._ask(self._bodies(asked.text(steps[first]))), steps[first]

    def _guessed(self, alone: Sequence[int]) -> list[tuple[Part, int]]:
        """The parts and how many documents have each, those replaced that were probably mistyped."""
        parts = self._asked.parts
        counted = [*zip(parts, alone, strict=True)]
        others = [(at, one) for at, part in enumerate(parts) if not alone[at] for one in other_readings(part)]
        doubtful = [(one, reading) for one in doubts(self._question, parts, [bool(count) for count in alone])
                    for reading in one.readings()][:_MOST_READINGS]
        if not others and not doubtful:
            return counted
        retrieved = ["id", *self._texts()]
        looking = {**self._everywhere(), "page": 1, "hitsPerPage": _LOOKED_AT, "attributesToRetrieve": retrieved}
        answers = self._ask([
            *(self._counting(self._everywhere(), self._asked.alone(one)) for _, one in others),
            *({**looking, "q": reading + " "} for _, reading in doubtful),
        ])
        taken: set[int] = set()
        for (at, one), answer in zip(others, answers, strict=False):
            if answer["totalHits"] > counted[at][1]:
                counted[at] = (one, int(answer["totalHits"]))
                taken.add(at)
        met: dict[Doubt, list[Body]] = {}
        for (doubt, _), answer in zip(doubtful, answers[len(others):], strict=True):
            met.setdefault(doubt, []).append(answer)
        for doubt, (as_typed, *seen) in met.items():
            places = range(doubt.first, doubt.last + 1)
            if as_typed["totalHits"] or not taken.isdisjoint(places):
                continue
            texts = {hit["id"]: [fold(text) for name in self._texts() for text in hit.get(name, ())]
                     for answer in seen for hit in answer["hits"]}
            if word := doubt.meant([*texts.values()]):
                taken.update(places)
                total = max(int(one["totalHits"]) for one in seen)
                counted[doubt.first] = (meant_by(doubt, parts, word, self._known.terms), total)
                counted[doubt.first + 1:doubt.last + 1] = [(part, 0) for part in parts[doubt.first + 1:doubt.last + 1]]
        return counted

    def _texts(self) -> list[str]:
        """What the server can show of the attributes that are searched."""
        settings = self._known.settings
        names = self._query.attributes or tuple(settings.searchable)
        offered = set(settings.suggest) - set(settings.stored)
        return [f"{'offered' if name in offered else 'stored'}_{name}" for name in names
                if name in offered or name in settings.stored]

    def _everywhere(self) -> Body:
        """A search of all there is for whoever asks, whatever else they narrow it by."""
        return body_of(self._known, self._query.reach, self._query.attributes)

    def _counting(self, body: Body, text: str) -> Body:
        return {**body, "q": text, "page": 1, "hitsPerPage": 0}

    def _totals(self, body: Body, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        return [int(answer["totalHits"]) for answer in self._ask([self._counting(body, text) for text in texts])]

    # --- by meaning

    @property
    def _by_meaning(self) -> bool:
        return self._query.vector is not None and bool(self._known.settings.vector) and self._query.sort is None

    def _nearest(self) -> list[Body]:
        vector = self._query.vector if self._by_meaning else None
        return [] if vector is None else [near_body(self._known, vector, self._query.filters, NEAREST)]

    def _near_enough(self, answer: Body) -> Scores:
        scores = {one: score for one, score in scores_of(answer).items() if similarity(score) >= self._query.near}
        strict = self._asked.text([])
        if scores and strict:
            # What must or must not stand there counts for what is near as well, but the server, asked for what is
            # near, reads no words.
            there, = self._ask([among({**self._base, "q": strict, "limit": len(scores)}, scores)])
            kept = {int(hit["id"]) for hit in there["hits"]}
            scores = {one: score for one, score in scores.items() if one in kept}
        return scores

    def _with_near(self, page: Page, found: Body, near: Scores, parts: Sequence[Part]) -> Page:
        """The page with what is near among its hits. Total and counts are those of the words, and of the few documents
        that only nearness found."""
        query = self._query
        both: Scores = {}
        if page.total:
            there = {"q": self._asked.text(parts), "limit": len(near), "showRankingScore": True,
                     "attributesToRetrieve": ["id"]}
            both = scores_of(self._ask([among({**self._base, **there}, near)])[0])
        ranked = fused(scores_of(found), near, both, min(max(query.semantic, 0.0), 1.0))
        shown = ranked[(query.page - 1) * query.size:query.page * query.size] if in_window(query) else []
        alone = [one for one in near if one not in both]
        facets, stored = self._more(alone, [one for one, _ in shown])
        counts = {
            name: {value: had.get(value, 0) + facets.get(name, {}).get(value, 0)
                   for value in {**had, **facets.get(name, {})}}
            for name, had in page.facets.items()
        }
        quoted = {hit.id: hit.quotes for hit in self._hits(stored, parts)}
        hits = tuple(Hit(one, score, quoted.get(one, {})) for one, score in shown)
        return Page(hits, page.total + len(alone), counts, page.dropped)

    def _more(self, alone: Sequence[int], shown: Sequence[int]) -> tuple[dict[str, dict[str, int]], list[Body]]:
        """The counts of what only nearness found, and the stored texts of what is shown."""
        query = self._query
        everything = {"indexUid": self._known.index, "q": ""}
        bodies = []
        if alone and query.facets:
            names = [f"string_{name}" for name in query.facets]
            bodies.append({**among(everything, alone), "facets": names, "limit": 0})
        if shown and query.highlight:
            stored = ["id", *(f"stored_{name}" for name in query.highlight)]
            bodies.append({**among(everything, shown), "limit": len(shown), "attributesToRetrieve": stored})
        answers = self._ask(bodies) if bodies else []
        facets = self._facets(answers[:1]) if alone and query.facets else {}
        return facets, answers[-1]["hits"] if shown and query.highlight else []

    # --- hits

    def _hits(self, found: Sequence[Body], parts: Sequence[Part]) -> tuple[Hit, ...]:
        query = self._query
        texts = [
            {name: BETWEEN_TEXTS.join(hit[f"stored_{name}"]) for name in query.highlight if f"stored_{name}" in hit}
            for hit in found
        ]
        needles = needles_of(self._question, parts, self._known.terms, texts)
        quotes: list[dict[str, Quote]] = [{name: quote(text, needles) for name, text in one.items()} for one in texts]
        return tuple(
            Hit(int(hit["id"]), 0.0 if query.sort else float(hit.get("_rankingScore", 0.0)), quoted)
            for hit, quoted in zip(found, quotes, strict=True)
        )


def needles_of(
    question: Question, parts: Sequence[Part], terms: Mapping[str, list[str]], texts: Sequence[Mapping[str, str]],
) -> Needles:
    """What to mark. The server does not say how it read a mistyped word, so the texts are asked."""
    if not any(texts):
        return Needles()
    asked = [word for part in parts for word in part.words]
    sought = {word.text for word in asked}
    here = {word for one in texts for text in one.values() for word in words(text)}
    near = {
        word for word in here for one in sought - here
        if (allowed := typing_errors(one)) and OSA.distance(one, word, score_cutoff=allowed) <= allowed
    }
    beginnings = (asked[-1].text,) if question.unfinished and asked and asked[-1] == question.words[-1] else ()
    runs = [*question.phrases, *(word.units for word in asked if len(word.units) > 1)]
    runs += [run for part in parts for run in part.runs]
    runs += [run for key, ways in terms.items() if _is_asked(key, parts) for run in map(read, ways) if run]
    return Needles(frozenset(sought | near), beginnings, tuple(runs))


def _is_asked(key: str, parts: Sequence[Part]) -> bool:
    return f" {key} " in f" {' '.join(part.text for part in parts)} "
