"""How the parts stand, for /metrics: outbox, workers, timers, index, mail and cases. A few queries on indexes.

Nothing here names a person, an organisation or a listing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import case, func, select

from marketplace import clock, index, outbox, subscriptions, timers
from marketplace.db import session
from marketplace.introductions.models import Introduction, Stage, Status
from marketplace.messaging.models import OutgoingMail
from search import SearchError

ALIVE = timedelta(seconds=30)
RECENT = timedelta(days=1)


def every() -> Iterator[Metric]:
    """All of them, as the rows say now."""
    now = clock.now()
    try:
        for part in (_outbox, _workers, _timers, _mail, _cases):
            yield from part(now)
        yield from _indexes()
    finally:
        session.rollback()


def _outbox(now: datetime) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("yinqiao_outbox_waiting", "Promises not kept yet", labels=["subscriber"])
    failing = GaugeMetricFamily("yinqiao_outbox_failing", "Promises whose last try failed", labels=["subscriber"])
    oldest = GaugeMetricFamily("yinqiao_outbox_oldest_seconds", "How long the longest has been due",
                               labels=["subscriber"])
    entry = outbox.Entry
    counted = select(entry.subscriber, func.count(), func.count(entry.error), func.min(entry.due_at))
    found = {row[0]: row for row in session.execute(counted.group_by(entry.subscriber))}
    for name in sorted({name for hearers in subscriptions.table().values() for name in hearers} | set(found)):
        _, count, failed, due = found.get(name, (name, 0, 0, None))
        waiting.add_metric([name], count)
        failing.add_metric([name], failed)
        oldest.add_metric([name], _since(due, now))
    yield from (waiting, failing, oldest)


def _workers(now: datetime) -> Iterator[Metric]:
    alive = select(func.count()).select_from(outbox.Beat).where(outbox.Beat.at > now - ALIVE)
    yield GaugeMetricFamily("yinqiao_workers", "Workers that showed life in the last 30 seconds",
                            session.scalar(alive) or 0)
    last = outbox.last_beat()
    if last is not None:
        yield GaugeMetricFamily("yinqiao_worker_silent_seconds", "Since any worker last showed life",
                                _since(last, now))


def _timers(now: datetime) -> Iterator[Metric]:
    failing = GaugeMetricFamily("yinqiao_timer_failing", "Did its last run fail?", labels=["timer"])
    overdue = GaugeMetricFamily("yinqiao_timer_overdue_seconds", "How long it should have run already",
                                labels=["timer"])
    for name, at, error in session.execute(select(timers.Due.name, timers.Due.at, timers.Due.error)):
        failing.add_metric([name], error is not None)
        overdue.add_metric([name], _since(at, now))
    yield from (failing, overdue)


def _mail(now: datetime) -> Iterator[Metric]:
    sent, refused = OutgoingMail.sent_at.is_not(None), OutgoingMail.error.is_not(None)
    state = case((sent, "sent"), (refused, "refused"), else_="waiting").label("state")
    counted = select(state, func.count()).where(OutgoingMail.created_at > now - RECENT).group_by(state)
    found = {row[0]: row[1] for row in session.execute(counted)}
    mails = GaugeMetricFamily("yinqiao_mails", "Mails written in the last 24 hours, by what became of them",
                              labels=["state"])
    for name in ("sent", "refused", "waiting"):
        mails.add_metric([name], found.get(name, 0))
    yield mails


def _cases(_: datetime) -> Iterator[Metric]:
    cases = GaugeMetricFamily("yinqiao_cases_open", "Introductions under way or on hold, by stage", labels=["stage"])
    counted = select(Introduction.stage, func.count()).where(Introduction.status.in_((Status.ACTIVE, Status.ON_HOLD)))
    found = {row[0]: row[1] for row in session.execute(counted.group_by(Introduction.stage))}
    for stage in Stage:
        cases.add_metric([stage.name.lower()], found.get(stage, 0))
    yield cases


def _indexes() -> Iterator[Metric]:
    up = GaugeMetricFamily("yinqiao_index_up", "Does the search engine answer?", labels=["index"])
    documents = GaugeMetricFamily("yinqiao_index_documents", "Documents that can be found", labels=["index"])
    for findable in subscriptions.findables():
        try:
            known = index.engine().exists(findable.name)
            count = index.engine().count(findable.name) if known else 0
        except SearchError:
            up.add_metric([findable.name], 0)
        else:
            up.add_metric([findable.name], 1)
            documents.add_metric([findable.name], count)
    yield from (up, documents)


def _since(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment is not None else 0.0
