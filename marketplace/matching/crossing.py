"""Every need of some with every result of others, as when they meet in a room: the pairs that fit, scored as ever.

Comparing all with all in full would take minutes. Texts are compared first, which is quick, and for each need only the
results nearest to it are scored. What is not in the listings themselves is read once for all, so the number of queries
does not grow with the number of listings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from marketplace.db import session
from marketplace.listings.models import Listing
from marketplace.matching import answering, feedback
from marketplace.matching.embedding import parts_of, vectors_of
from marketplace.matching.features import cosine
from marketplace.matching.meaning import Near, near
from marketplace.matching.models import MatchFeedback
from marketplace.matching.profiles import Profile, profile
from marketplace.matching.service import LEAST, READ, Pair, freshness, may_meet

OF_EACH = 8
"""Results that are scored in full for one need."""


@dataclass(frozen=True)
class Crossed:
    need: Listing
    result: Listing
    score: float
    """0–100, as `service.score_of` gives it."""


def crossed(needs: Sequence[Listing], results: Sequence[Listing], of_each: int = OF_EACH) -> list[Crossed]:
    """The pairs that fit, the best first; without those that somebody called not relevant or that may not meet."""
    if not needs or not results:
        return []
    known = Known(needs, results)
    found = []
    for need in needs:
        near_enough = known.nearest(need, [one for one in results if known.may_meet(need, one)], of_each)
        found += [Crossed(need, one, known.score(need, one)) for one in near_enough]
    fit = [one for one in found if one.score >= LEAST]
    return sorted(fit, key=lambda one: (-one.score, one.need.id, one.result.id))


class Known:
    """What is read once: profiles, vectors, how organisations answer, what was said of matches."""

    def __init__(self, needs: Sequence[Listing], results: Sequence[Listing]) -> None:
        every = [*needs, *results]
        self.profiles: dict[int, Profile] = {one.id: profile(one, READ) for one in every}
        self.vectors, self.parts = vectors_of(every), parts_of(needs)
        self.answers = answering.of([one.organisation_id for one in every])
        self.judgements = _judgements(needs, results)
        self.said = {(one.here, one.there) for one in self.judgements}

    def may_meet(self, need: Listing, result: Listing) -> bool:
        return (need.id, result.id) not in self.said and may_meet(need, result)

    def nearest(self, need: Listing, results: Sequence[Listing], most: int) -> list[Listing]:
        return sorted(results, key=lambda one: (-self._likeness(need, one), one.id))[:most]

    def _likeness(self, need: Listing, result: Listing) -> float:
        """Quickly and roughly: by words, and by meaning where there are vectors."""
        words = cosine(self.profiles[need.id].whole.units, self.profiles[result.id].whole.units)
        close = near(self.vectors.get(need.id), self.vectors.get(result.id))
        return words + max(0.0, close.whole) if close else words

    def score(self, need: Listing, result: Listing) -> float:
        about = [one for one in self.judgements if one.here == need.id or one.there == result.id]
        unlike = feedback.unlike_declined(need, [result], about)
        beyond = {
            "freshness": freshness(need, result), "declined": unlike.get(result.id),
            "answers": answering.of_pair(need.organisation_id, result.organisation_id, self.answers),
        }
        pair = Pair(need, result, self.profiles[need.id], self.profiles[result.id], self._near(need, result), beyond,
                    self.answers)
        return pair.score.total

    def _near(self, need: Listing, result: Listing) -> Near | None:
        if not self.vectors:
            return None
        return near(self.vectors.get(need.id), self.vectors.get(result.id), self.parts.get(need.id, ()))


def _judgements(needs: Sequence[Listing], results: Sequence[Listing]) -> list[feedback.Judgement]:
    """What was said of the pairs of these needs and of these results, in one query."""
    columns = (MatchFeedback.need_id, MatchFeedback.result_id, MatchFeedback.organisation_id, MatchFeedback.reason)
    rows = session.execute(select(*columns).where(or_(
        MatchFeedback.need_id.in_([one.id for one in needs]), MatchFeedback.result_id.in_([one.id for one in results]),
    )))
    return [feedback.Judgement(*row) for row in rows]
