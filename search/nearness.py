"""Hits by their words and hits by the nearness of what they mean, in one list.

A Meilisearch server can mix them itself, but then every document counts as found, however far its vector lies. So it is
asked for both apart: what has the words, and the nearest few.
"""

from collections.abc import Mapping

NEAREST = 50
"""Documents found by nearness alone are among this many."""
Scores = Mapping[int, float]


def similarity(score: float) -> float:
    """The cosine the server makes its score of: 1 for the same direction, 0.5 for a right angle."""
    return 2 * score - 1


def fused(found: Scores, near: Scores, both: Scores, share: float) -> list[tuple[int, float]]:
    """Ids with their scores, the best first: those found by words, those near, and `both`, which are near and have the
    words however low they stand there. Scores are the server's, between 0 and 1; `share` is what nearness decides."""
    scores = {one: (1 - share) * score for one, score in {**found, **both}.items()}
    for one, score in near.items():
        scores[one] = scores.get(one, 0.0) + share * score
    place = {one: at for at, one in enumerate([*found, *near])}
    return sorted(scores.items(), key=lambda pair: (-pair[1], place.get(pair[0], 0)))
