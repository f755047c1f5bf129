"""Introductions put straight into the tables with any history, possible or not, and random histories to put there."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.introductions.models import CloseReason, History, Introduction, Origin, ReasonCode, Stage, Status


def an_introduction(need, result, *moves, broker=None, reason=None, code=None, origin=Origin.SEARCH, event=None):
    """moves: (stage, days ago) or (stage, days ago, status) or (stage, days ago, status, name), as in the history."""
    rows = [{"stage": m[0], "at": clock.now() - timedelta(days=m[1]), "status": m[2] if len(m) > 2 else Status.ACTIVE,
             "move": m[3] if len(m) > 3 else "x", "reason": None, "code": None} for m in moves]
    if rows[-1]["status"] is Status.CLOSED:
        rows[-1] |= {"reason": reason or CloseReason.EXPIRED, "code": code}
    return told(need, result, rows, broker, origin, event)


def told(need, result, rows, broker=None, origin=Origin.SEARCH, event=None):
    now = clock.now()
    with transaction():
        last = rows[-1]
        introduction = Introduction(
            ref=f"I-{session.query(Introduction).count() + 1}", need_id=need.id, result_id=result.id,
            stage=Stage(last["stage"]), status=last["status"], origin=origin, origin_ref=event,
            broker_id=broker.id if broker else None, created_at=now, entered_stage_at=now,
            close_reason=last["reason"], reason_code=last["code"], version=len(rows),
        )
        session.add(introduction)
        session.flush()
        add(introduction, rows)
    return introduction


def add(introduction, rows, after=0):
    """More rows of its history."""
    before = None
    for version, row in enumerate(rows, after + 1):
        session.add(History(
            introduction_id=introduction.id, version=version, move=row["move"], to_stage=Stage(row["stage"]),
            from_stage=before and Stage(before["stage"]), from_status=before and before["status"], status=row["status"],
            effective_at=row["at"], recorded_at=clock.now(), reason=row["reason"], reason_code=row["code"],
        ))
        before = row
    session.flush()


STEPS = ("on", "on", "on", "on", "skip", "back", "hold", "wake", "close", "reopen", "consent", "no_show", "meet",
         "discuss", "take")


def lives():
    """Random ways through the pipeline: rows for `told`, oldest first, some at the same moment, none in the future."""
    minutes = st.one_of(st.just(0), st.integers(0, 60 * 24 * 9), st.integers(1, 60 * 24 * 40))
    step = st.tuples(st.sampled_from(STEPS), minutes, st.data())
    return st.tuples(st.integers(0, 1), st.integers(1, 60 * 24 * 300), st.lists(step, max_size=14))


def lived(life, now):
    """The rows of one of `lives`."""
    stage, minutes_ago, steps = life
    at = now - timedelta(minutes=minutes_ago, seconds=minutes_ago % 7)
    rows = [_row("suggest" if stage == 0 else "express_interest", stage, Status.ACTIVE, at)]
    for name, minutes, data in steps:
        at += timedelta(minutes=minutes)
        if at > now:
            break
        row = _next(rows[-1], name, at, data)
        if row is not None:
            rows.append(row)
    return rows


def _next(last, name, at, data):
    """What the step makes of where it stands; None where it makes nothing."""
    stage, status = last["stage"], last["status"]
    if status is Status.CLOSED:
        return _row("reopen", stage, Status.ACTIVE, at) if name in ("reopen", "on", "wake", "meet") else None
    if name == "close":
        reason = data.draw(st.sampled_from(CloseReason))
        return _row("close", stage, Status.CLOSED, at, reason, data.draw(st.sampled_from([None, *ReasonCode])))
    if status is Status.ON_HOLD:
        return _row("wake", stage, Status.ACTIVE, at) if name in ("wake", "on", "discuss") else None
    if name in ("on", "skip", "back"):
        there = stage + {"on": 1, "skip": 2, "back": -1}[name]
        return _row({"on": "qualify"}.get(name, name), there, status, at) if 0 <= there <= 8 else None
    if name == "hold":
        return _row("hold", stage, Status.ON_HOLD, at)
    return _row(name, stage, status, at) if name in ("consent", "no_show", "meet", "discuss", "take") else None


def _row(move, stage, status, at, reason=None, code=None):
    return {"move": move, "stage": stage, "status": status, "at": at, "reason": reason, "code": code}
