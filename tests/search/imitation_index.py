"""One index of the imitation: finds and ranks as the documentation and the source of Meilisearch 1.15 say.

What it leaves out is the ranking by nearness of words to one another and all that makes the server fast. Texts of ours
are words with single spaces between them and ". " where a phrase must not reach across, so its tokenizer is that short.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from rapidfuzz.distance import OSA

Body = dict[str, Any]
_WORD = re.compile(r"\w+|\. ")
_TERM = re.compile(r'(-?)"([^"]*)"|(-?)(\w+)')
_FAR = 8
_MOST_WORDS = 10
_MOST_POSITIONS = 65_535
_NUMERIC = re.compile(r"[\d!-/:-@\[-`{-~]+")


class Complaint(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Index:
    def __init__(self) -> None:
        self.settings: Body = {
            "searchableAttributes": ["*"], "filterableAttributes": [], "sortableAttributes": [],
            "displayedAttributes": ["*"], "synonyms": {}, "embedders": {}, "typoTolerance": {
                "enabled": True, "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9}, "disableOnWords": [],
                "disableOnAttributes": [], "disableOnNumbers": False,
            },
        }
        self.documents: dict[int, Body] = {}
        self._words: dict[int, dict[str, dict[str, list[int]]]] = {}

    # --- writing

    def change(self, wanted: Body) -> None:
        for name in (one for one, embedder in (wanted.get("embedders") or {}).items() if embedder):
            for document in self.documents.values():
                if name not in document.get("_vectors", {}):
                    raise Complaint("vector_embedding_error", f"no vectors of {name} for {document['id']}")
        for name, value in wanted.items():
            if name in ("embedders", "typoTolerance"):
                merged = {**self.settings.get(name, {}), **(value or {})}
                self.settings[name] = {key: one for key, one in merged.items() if one is not None}
            else:
                self.settings[name] = value
        self._words.clear()

    def add(self, documents: list[Body]) -> None:
        for document in documents:
            for name, embedder in self.settings["embedders"].items():
                vectors = document.get("_vectors", {})
                if name not in vectors:
                    raise Complaint("vector_embedding_error", f"no vectors of {name} for {document['id']}")
                if vectors[name] is not None and len(vectors[name]) != embedder["dimensions"]:
                    raise Complaint("invalid_vector_dimensions", f"{embedder['dimensions']} expected")
        for document in documents:
            self.documents[document["id"]] = document
            self._words.pop(document["id"], None)

    def update(self, documents: list[Body]) -> None:
        for document in documents:
            self.documents[document["id"]].update(document)

    def delete(self, condition: str) -> None:
        for one in [one for one, document in self.documents.items() if self._fulfils(document, condition)]:
            del self.documents[one]
            self._words.pop(one, None)

    # --- searching

    def search(self, query: Body) -> Body:
        for given, allowed, code in (
            ("facets", "filterableAttributes", "invalid_search_facets"),
            ("attributesToSearchOn", "searchableAttributes", "invalid_search_attributes_to_search_on"),
        ):
            if unknown := set(query.get(given) or ()) - set(self.settings[allowed]):
                raise Complaint(code, f"{sorted(unknown)} are not in {allowed}")
        ranked = self._ranked(query)
        found = [document for document, _ in ranked]
        exact = "hitsPerPage" in query
        size = query["hitsPerPage"] if exact else query.get("limit", 20)
        start = (query.get("page", 1) - 1) * size if exact else query.get("offset", 0)
        hits = [self._shown(document, score, query) for document, score in ranked[start:start + size]]
        counts: dict[str, dict[str, int]] = {name: {} for name in query.get("facets", ())}
        for name, values in counts.items():
            for document in found:
                for value in _values(document.get(name)):
                    values[str(value)] = values.get(str(value), 0) + 1
        total = {"totalHits": len(found)} if exact else {"estimatedTotalHits": len(found)}
        return {"hits": hits, "facetDistribution": counts, **total}

    def _ranked(self, query: Body) -> list[tuple[Body, float]]:
        allowed = [one for one in self.documents.values()
                   if all(self._fulfils(one, condition) for condition in query.get("filter", ()))]
        if "hybrid" in query:
            assert query["hybrid"]["semanticRatio"] == 1.0, "the imitation does not mix words and vectors"
            return self._nearest(allowed, query)
        question = _Question(self, query)
        scored = [(one, score) for one in allowed if (score := question.score(one)) is not None]
        for rule in reversed(query.get("sort", ())):
            name, _, way = rule.partition(":")
            if name not in self.settings["sortableAttributes"]:
                raise Complaint("invalid_search_sort", f"{name} is not sortable")
            sign = -1 if way == "desc" else 1
            scored.sort(key=lambda pair: -pair[1])
            scored.sort(key=lambda pair: (name not in pair[0], sign * pair[0].get(name, 0)))
            return scored
        return sorted(scored, key=lambda pair: -pair[1])

    def _nearest(self, allowed: list[Body], query: Body) -> list[tuple[Body, float]]:
        name = query["hybrid"]["embedder"]
        if name not in self.settings["embedders"]:
            raise Complaint("invalid_search_embedder", f"there is no embedder {name}")
        if len(query["vector"]) != self.settings["embedders"][name]["dimensions"]:
            raise Complaint("invalid_vector_dimensions", "the query's vector has other dimensions")
        scored = []
        for document in allowed:
            vector = document["_vectors"][name]
            score = 0.0 if vector is None else (1 + _cosine(vector, query["vector"])) / 2
            scored.append((document, score))
        return sorted(scored, key=lambda pair: -pair[1])

    def _shown(self, document: Body, score: float, query: Body) -> Body:
        names = set(query.get("attributesToRetrieve", self.settings["displayedAttributes"]))
        names &= set(self.settings["displayedAttributes"])
        shown = {name: value for name, value in document.items() if name in names}
        return {**shown, "_rankingScore": score} if query.get("showRankingScore") else shown

    # --- filters

    def _fulfils(self, document: Body, condition: str) -> bool:
        return all(self._fulfils_one(document, part) for part in condition.split(" AND ") if part) if not re.match(
            r"\w+ (NOT )?IN ", condition) else self._fulfils_one(document, condition)

    def _fulfils_one(self, document: Body, condition: str) -> bool:
        match = re.fullmatch(r"(\w+) (NOT IN|IN|>=|<=|=|EXISTS) ?(.*)", condition, re.DOTALL)
        if match is None or match[1] not in self.settings["filterableAttributes"]:
            raise Complaint("invalid_search_filter", f"{condition[:80]} cannot be filtered by")
        name, sign, value = match.groups()
        own = _values(document.get(name))
        if sign == "EXISTS":
            return name in document
        if sign.endswith("IN"):
            wanted = {_compared(one) for one in _listed(value)}
            return (sign == "IN") == any(_compared(one) in wanted for one in own)
        if sign == "=":
            return any(_compared(one) == value for one in own)
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise Complaint("invalid_search_filter", f"{value} is no number")
        return any(one >= float(value) if sign == ">=" else one <= float(value) for one in own)

    # --- words

    def words(self, identity: int) -> dict[str, dict[str, list[int]]]:
        """Attribute -> word -> its places."""
        if identity not in self._words:
            document = self.documents[identity]
            self._words[identity] = {
                name: _places(_values(document.get(name))) for name in self.settings["searchableAttributes"]
            }
        return self._words[identity]

    def tolerant(self) -> set[str]:
        """Words that others may be a mistyping or the beginning of; of figures none."""
        every = {word for one in self.documents for words in self.words(one).values() for word in words}
        numbers = self.settings["typoTolerance"]["disableOnNumbers"]
        return {word for word in every if not (numbers and _NUMERIC.fullmatch(word))}


class _Question:
    def __init__(self, index: Index, query: Body) -> None:
        self.index = index
        self.attributes = query.get("attributesToSearchOn") or index.settings["searchableAttributes"]
        self.terms: list[tuple[str, bool]] = []  # (words, in quotes?)
        self.negative: list[list[str]] = []
        text = query.get("q", "")
        for match in _TERM.finditer(text):
            if match[1] or match[3]:
                self.negative.append((match[2] or match[4]).split())
            elif len(self.terms) < _MOST_WORDS:
                self.terms.append((match[2], True) if match[2] is not None else (match[4], False))
        self.prefix = bool(self.terms) and not self.terms[-1][1] and text.endswith(self.terms[-1][0])
        self._derived: dict[tuple[str, bool, int], dict[str, int]] = {}

    def score(self, document: Body) -> float | None:
        """None if it is not found."""
        words = self.index.words(document["id"])
        if any(self._has_phrase(words, run) for run in self.negative):
            return None
        best = self._best(words, 0)
        if best is None:
            return None
        typos, attribute, inexact = best
        return 1 - typos / 20 - attribute / 1_000 - inexact / 100_000

    def _best(self, words: dict[str, dict[str, list[int]]], at: int) -> tuple[int, int, int] | None:
        """(typing errors, worst attribute, words not as asked) of the best way to find the terms from here on."""
        if at == len(self.terms):
            return 0, 0, 0
        found = []
        for length in range(1, min(3, len(self.terms) - at) + 1):
            own = self._one(words, self.terms[at:at + length], at + length == len(self.terms))
            rest = self._best(words, at + length) if own is not None else None
            if own is not None and rest is not None:
                found.append((own[0] + rest[0], max(own[1], rest[1]), own[2] + rest[2]))
        return min(found, default=None)

    def _one(
        self, words: dict[str, dict[str, list[int]]], terms: list[tuple[str, bool]], last: bool,
    ) -> tuple[int, int, int] | None:
        if len(terms) == 1 and terms[0][1]:
            run = terms[0][0].split()
            place = self._attribute(words, run[0]) if run and self._has_phrase(words, run) else None
            return None if place is None else (0, place, 0)
        if any(quoted for _, quoted in terms):
            return None
        texts = [text for text, _ in terms]
        whole = "".join(texts)
        found = []
        for word, typos in self._derivations(whole, last and self.prefix, len(terms) - 1).items():
            place = self._attribute(words, word)
            if place is not None and not (typos and _NUMERIC.fullmatch(word)):
                found.append((typos, place, int(word != whole)))
        for other in self._synonyms(texts):
            place = self._attribute(words, other[0])
            if place is not None and self._has_phrase(words, other):
                found.append((0, place, 1))
        if len(terms) == 1:
            for cut in range(1, len(whole)):
                if self._has_phrase(words, [whole[:cut], whole[cut:]]):
                    found.append((1, self._attribute(words, whole[:cut]) or 0, 1))
        return min(found, default=None)

    def _synonyms(self, texts: list[str]) -> list[list[str]]:
        return [way.split() for way in self.index.settings["synonyms"].get(" ".join(texts), [])][:50]

    def _derivations(self, word: str, prefix: bool, fewer: int) -> dict[str, int]:
        key = (word, prefix, fewer)
        if key not in self._derived:
            sizes = self.index.settings["typoTolerance"]["minWordSizeForTypos"]
            most = max(0, (len(word) >= sizes["oneTypo"]) + (len(word) >= sizes["twoTypos"]) - fewer)
            found = {word: 0}
            for other in self.index.tolerant():
                typos = min(_typos(word, other[:length]) for length in _lengths(word, other, prefix))
                if typos <= most:
                    found[other] = typos
            self._derived[key] = found
        return self._derived[key]

    def _attribute(self, words: dict[str, dict[str, list[int]]], word: str) -> int | None:
        """The best of the attributes searched that has it."""
        order = self.index.settings["searchableAttributes"]
        return min((order.index(name) for name in self.attributes if word in words[name]), default=None)

    def _has_phrase(self, words: dict[str, dict[str, list[int]]], run: list[str]) -> bool:
        """Each word in an attribute that is searched, neighbours next to each other in any (as the server has it)."""
        if not run or any(self._attribute(words, word) is None for word in run):
            return False
        return all(
            any(place + 1 in places.get(other, ()) for places in words.values() for place in places.get(one, ()))
            for one, other in pairwise(run)
        )


def _places(texts: list[Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    at, step = -1, 1
    for text in texts:
        for match in _WORD.finditer(str(text).lower()):
            if match[0] == ". ":
                step = _FAR
                continue
            at, step = at + step, 1
            if at < _MOST_POSITIONS:
                found.setdefault(match[0], []).append(at)
        step = _FAR
    return found


def _lengths(word: str, other: str, prefix: bool) -> Iterator[int]:
    yield len(other)
    if prefix:
        yield from (length for length in range(len(word) - 2, len(word) + 3) if 0 < length <= len(other))


def _typos(word: str, other: str) -> int:
    """A wrong first letter counts as two."""
    if abs(len(word) - len(other)) > 2:
        return 9
    distance = int(OSA.distance(word, other, score_cutoff=2))
    return distance + 1 if distance and word[0] != other[0] else distance


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _compared(value: Any) -> Any:
    return str(value).lower() if isinstance(value, str | bool) else value


def _listed(text: str) -> list[Any]:
    if not (text.startswith("[") and text.endswith("]")):
        raise Complaint("invalid_search_filter", f"{text[:80]} is no list")
    found = []
    for match in re.finditer(r'"((?:[^"\\]|\\.)*)"|(-?\d+)|([^,\s])', text[1:-1], re.DOTALL):
        if match[3]:
            raise Complaint("invalid_search_filter", f"{match[3]!r} stands outside the quotes")
        found.append(int(match[2]) if match[2] else re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL))
    return found


def _cosine(one: list[float], other: list[float]) -> float:
    length = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / length if length else 0.0

