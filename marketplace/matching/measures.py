"""How good an order of results is, and the plain search it is held against."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import log, log2

from search.text import fold, words

STRONG = 3
"""From this level on a judge called the pair fairly strong."""
SMALL_POOL = 10
"""Needs with fewer judged results say nothing of an order of ten."""


def ndcg(ranked: Iterable[tuple[float, int]], depth: int = 10) -> float | None:
    """Of (score, level) pairs, with gain 2^(level-1)-1; None where every level is 1, for then all orders are as good.
    Results of one score share their places: each order of them is as likely."""
    pairs = sorted(ranked, key=lambda pair: -pair[0])
    best = sum(gain / log2(place + 2) for place, gain in enumerate(sorted(map(_gain, pairs), reverse=True)[:depth]))
    if not best:
        return None
    reached, place = 0.0, 0
    for _, equals in groupby(pairs, key=lambda pair: pair[0]):
        gains = [_gain(pair) for pair in equals]
        reached += sum(gains) / len(gains) * sum(
            1 / log2(at + 2) for at in range(place, min(place + len(gains), depth))
        )
        place += len(gains)
    return reached / best


def _gain(pair: tuple[float, int]) -> float:
    return float(2 ** (pair[1] - 1) - 1)


def auc(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """How often a right one has the higher score than a wrong one; None when there are only the one or the other."""
    right = sum(good for _, good in pairs)
    wrong = len(pairs) - right
    if not right or not wrong:
        return None
    ranks, place = 0.0, 0
    for _, equals in groupby(sorted(pairs, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
        group = [good for _, good in equals]
        ranks += sum(group) * (place + (len(group) + 1) / 2)
        place += len(group)
    return (ranks - right * (right + 1) / 2) / (right * wrong)


def of_pools(scored: Iterable[tuple[str, float, int]]) -> dict[str, float | None]:
    """Of (need, score, level): nDCG@10 and AUC, each the mean over the needs whose pool can tell; and for judging the
    score itself, which has to mean the same for every need, AUC of all pairs as one pool."""
    rows = list(scored)
    pools: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for need, score, level in rows:
        pools[need].append((score, level))
    told = [ndcg(pool) for pool in pools.values() if len(pool) >= SMALL_POOL]
    known = [value for value in told if value is not None]
    parted = [auc([(score, level >= STRONG) for score, level in pool]) for pool in pools.values()]
    telling = [value for value in parted if value is not None]
    return {
        "ndcg@10": sum(known) / len(known) if known else None,
        "auc": sum(telling) / len(telling) if telling else None,
        "auc_as_one_pool": auc([(score, level >= STRONG) for _, score, level in rows]),
    }


def of_ranks(places: Mapping[str, Sequence[int | None]]) -> dict[str, float | None]:
    """Of the places (from 1) of the right results of each need; None for one that was not found."""
    count = len(places)

    def recall(depth: int) -> float:
        shares = (sum(at is not None and at <= depth for at in found) / len(found) for found in places.values())
        return sum(shares) / count

    first = (min((at for at in found if at is not None), default=None) for found in places.values())
    return {
        "mrr": sum(1 / at for at in first if at) / count, "recall@10": recall(10), "recall@100": recall(100),
    } if count else {"mrr": None, "recall@10": None, "recall@100": None}


class Bm25:
    """The plain search that is known to work. `k1` and `b` as everybody has them."""

    K1, B = 1.2, 0.75

    def __init__(self, texts: Sequence[list[str]]) -> None:
        self.count = len(texts)
        lengths = [len(text) for text in texts]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        self.postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, text in enumerate(texts):
            slack = self.K1 * (1 - self.B + self.B * lengths[number] / mean)
            for term, times in Counter(text).items():
                self.postings[term].append((number, times * (self.K1 + 1) / (times + slack)))

    def scores(self, asked: Iterable[str]) -> dict[int, float]:
        """By the number of the text; those that share nothing are absent."""
        found: dict[int, float] = defaultdict(float)
        for term, times in Counter(asked).items():
            postings = self.postings.get(term, ())
            rarity = log(1 + (self.count - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, weight in postings:
                found[number] += times * rarity * weight
        return found


def character_pairs(text: str) -> list[str]:
    """Neighbouring characters, whatever stands between the words."""
    row = "".join(fold(text).split())
    return [row[at:at + 2] for at in range(len(row) - 1)]


def plain_words(text: str) -> list[str]:
    """Words without their plural."""
    return words(text)
