"""Why a pair belongs together, in the words and values of both sides, and what is missing.

The profiles given here are those of the reader's tier: a reason never quotes what the reader could not open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marketplace import regions
from marketplace.listings import vocabulary as words
from marketplace.listings.classifications import INDUSTRIES
from marketplace.listings.models import Kind, Listing
from marketplace.matching.answering import Answers
from marketplace.matching.features import Features
from marketplace.matching.generic import GENERIC
from marketplace.matching.meaning import sentences, text_of
from marketplace.matching.profiles import ASPECTS, Aspect, Passage, Profile, pieces
from marketplace.matching.scoring import MEANING, WORDS, Score
from marketplace.phrases import Label, in_language, money, say

MOST_WORDS = 6
_KEPT = 24
NOT_STATED = say("not stated")
MEANT = Label("语义", "Meaning")
ALIKE = say("the two texts say similar things")
_QUOTED = 80
ANSWERING = Label("答复", "Answering")
PROMPT = Label("通常在 5 个工作日内答复", "usually answers within 5 working days")
NOT_KNOWN = say("not enough known")


@dataclass(frozen=True)
class Joined:
    """Several terms of the field as one line of text."""

    parts: tuple[Any, ...]

    def in_language(self, language: str) -> str:
        return ("、" if language == "zh" else ", ").join(str(in_language(part, language)) for part in self.parts)

    def __str__(self) -> str:
        return self.in_language("en")


@dataclass(frozen=True)
class Words:
    """Words of a text as they are written there; a reader is shown those of their own language first."""

    written: tuple[str, ...]

    def in_language(self, language: str) -> str:
        own_first = sorted(self.written, key=lambda word: word.isascii() == (language == "zh"))
        return ("、" if language == "zh" else ", ").join(own_first[:MOST_WORDS])

    def __str__(self) -> str:
        return self.in_language("en")


@dataclass(frozen=True)
class Reason:
    label: Label
    here: Any
    """What this listing says: text, or something with a text in each language."""
    there: Any
    """What its counterpart says."""
    weight: float
    """Its points of the score; 0 for what does not fit or is not stated."""

    @property
    def is_unknown(self) -> bool:
        """Does one side not say?"""
        return NOT_STATED in (self.here, self.there)


def reasons(
    here: Listing, there: Listing, ours: Profile, theirs: Profile, known: Features, made: Score,
    answers: Mapping[int, Answers] | None = None,
) -> list[Reason]:
    """The strongest first, what is missing last. `answers`: how organisations answer, by their ids."""
    found = [
        *_shared_words(ours, theirs, made), *_meaning(here, there, known, made), *_facts(here, there, known, made),
        *_answers(here, there, made, answers or {}),
    ]
    return sorted(found, key=lambda reason: -reason.weight)


def _shared_words(ours: Profile, theirs: Profile, made: Score) -> list[Reason]:
    """Part by part of this listing, the words that stand anywhere in the other: what one side asks for in its title
    the other may answer in its summary."""
    found: list[tuple[Aspect, Words, Words, float]] = []
    told: set[str] = set()
    there = {term: weight for other in theirs.passages.values() for term, weight in other.weights.items()}
    written = {term: how for other in theirs.passages.values() for term, how in other.written.items()}
    for aspect in ASPECTS:
        one = ours.passages.get(aspect.name)
        if one is None:
            continue
        shared = [term for term in one.written if term in written and _says_something(term) and term not in told]
        shared.sort(key=lambda term: -one.weights[term] * there[term])
        if shared:
            told.update(shared)
            weight = aspect.share * sum(one.weights[term] * there[term] for term in shared) / (one.length or 1)
            here = Words(tuple(one.written[term] for term in shared[:_KEPT]))
            found.append((aspect, here, Words(tuple(written[term] for term in shared[:_KEPT])), weight))
        elif aspect.name in theirs.passages:
            here, near = _near(one, theirs.passages[aspect.name])
            if here.written:
                found.append((aspect, here, near, 0.1 * aspect.share))
    points, whole = made.points.get(WORDS, 0.0), sum(weight for *_, weight in found)
    return [
        Reason(aspect.label, here, there, round(points * weight / whole, 1)) for aspect, here, there, weight in found
    ] if points > 0 and whole else []


def _says_something(term: str) -> bool:
    """Is it worth showing? A character left over from cutting a text (率, 也) counts, but tells nobody anything."""
    return term not in GENERIC and (len(term) > 1 or term.isascii())


def _near(one: Passage, other: Passage) -> tuple[Words, Words]:
    """Words that share a pair of characters (锂电池, 锂离子电池), where no whole word is shared."""
    having: dict[str, list[str]] = {}
    for theirs in other.written:
        if not theirs.isascii() and theirs not in GENERIC:
            for piece in pieces(theirs):
                having.setdefault(piece, []).append(theirs)
    pairs = dict.fromkeys(
        (ours, theirs) for ours in one.written if not ours.isascii() and ours not in GENERIC
        for piece in pieces(ours) for theirs in having.get(piece, ())
    )
    pairs = dict.fromkeys([*pairs][:MOST_WORDS])
    return Words(tuple(dict.fromkeys(a for a, _ in pairs))), Words(tuple(dict.fromkeys(b for _, b in pairs)))


def _meaning(here: Listing, there: Listing, known: Features, made: Score) -> list[Reason]:
    """Nearness of meaning has no words to show; that it counts is said, and of which sentence of the need it holds.
    The sentence is of tier 0, like all that vectors are made of."""
    points = made.points.get(MEANING, 0.0)
    if points < 1:
        return []
    need = here if here.kind is Kind.NEED else there
    said = sentences(text_of(need))[known.part - 1:known.part] if known.part else []
    told = f"“{_shortened(said[0])}”" if said else ALIKE
    ours, theirs = (told, ALIKE) if need is here else (ALIKE, told)
    return [Reason(MEANT, ours, theirs, round(points, 1))]


def _shortened(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED].rstrip()}…"


def _answers(here: Listing, there: Listing, made: Score, answers: Mapping[int, Answers]) -> list[Reason]:
    """That an organisation usually answers in time; of one that does not, nothing is said. Nor of one that is not to be
    known: who has read of the same habit elsewhere could put two and two together."""
    told = [
        PROMPT if not one.anonymous and answers.get(one.organisation_id, Answers()).are_usual else None
        for one in (here, there)
    ]
    points = round(made.points.get("answers", 0.0), 1)
    return [Reason(ANSWERING, told[0] or NOT_KNOWN, told[1] or NOT_KNOWN, points)] if any(told) else []


def _facts(here: Listing, there: Listing, known: Features, made: Score) -> list[Reason]:
    found: list[Reason] = []
    for name, (label, say_of, wanted) in _FACTS.items():
        ours, theirs = say_of(here), say_of(there)
        fits = known.facts.get(name)
        if fits is None:
            if wanted and (ours is None) != (theirs is None):
                found.append(Reason(label, ours or NOT_STATED, theirs or NOT_STATED, 0.0))
        elif fits > 0 or wanted:
            found.append(Reason(label, ours, theirs, round(made.points.get(name, 0.0), 1)))
    return found


def _field(listing: Listing) -> Label | None:
    return words.FIELDS.get(listing.field or "")


def _industry(listing: Listing) -> Label | None:
    return INDUSTRIES.get(listing.industry or "")


def _ipc(listing: Listing) -> Joined | None:
    return Joined(tuple(listing.ipc)) if listing.ipc else None


def _readiness(listing: Listing) -> str | None:
    if listing.kind is Kind.RESULT:
        return str(listing.trl) if listing.trl else None
    if listing.trl_min is None and listing.trl_max is None:
        return None
    return f"{listing.trl_min or 1}–{listing.trl_max or 9}"


def _modes(listing: Listing) -> Joined | None:
    return Joined(tuple(words.MODES[mode] for mode in listing.modes if mode in words.MODES)) if listing.modes else None


def _price(listing: Listing) -> Any:
    if listing.kind is Kind.NEED:
        return words.BUDGET_BANDS.get(listing.budget_band or "") if listing.budget_band != "hidden" else None
    if listing.price_amount is None or listing.price_kind not in ("indicative", "floor"):
        return None
    return money(listing.price_amount, listing.price_currency)


def _region(listing: Listing) -> Label | None:
    code = listing.region
    return Label(regions.name(code, "zh"), regions.name(code, "en")) if code else None


_FACTS: dict[str, tuple[Label, Callable[[Listing], Any], bool]] = {
    "field": (Label("领域", "Field"), _field, True),
    "industry": (Label("行业", "Industry"), _industry, False),
    "ipc": (Label("国际专利分类", "IPC"), _ipc, False),
    "trl": (Label("技术就绪度", "Readiness level"), _readiness, True),
    "mode": (Label("合作方式", "Transfer modes"), _modes, True),
    "price": (Label("预算与报价", "Budget and price"), _price, True),
    "region": (Label("地区", "Region"), _region, False),
}
"""Fact -> (name, what a listing says of it, is it worth telling when it is missing or does not fit). All are tier 0."""
