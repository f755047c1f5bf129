"""The figures once more, by counting on fingers: plain loops over the rows that the history API gives, in the words of
docs/api.md. It shares nothing with the code it checks but the calendar of working days."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from marketplace import workdays

PLACE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def read(item):
    """A row of the API with its time as a time."""
    return {**item, "at": datetime.fromisoformat(item["effective_at"])}


def entered(rows):
    """When it first stood at interest or beyond."""
    for row in rows:
        if row["to_stage"] >= 1:
            return row["at"]
    return None


def cohort(cases, since=None, until=None):
    chosen = []
    for case in cases:
        at = entered(case["rows"])
        if at is not None and (since is None or at >= since) and (until is None or at < until):
            chosen.append(case)
    return chosen


def funnel(cases, now, by=None, since=None, until=None):
    chosen = cohort(cases, since, until)
    groups = {}
    for case in chosen:
        month = entered(case["rows"]).astimezone(PLACE).strftime("%Y-%m")
        groups.setdefault((month, case[by] if by else None), []).append(case)
    cohorts = []
    for month, key in sorted(groups, key=lambda pair: (pair[0], pair[1] or "")):
        stages = []
        for stage in range(1, 9):
            reached = [c for c in groups[month, key] if max(row["to_stage"] for row in c["rows"]) >= stage]
            here = [c for c in groups[month, key] if stands_at(c["rows"]) == stage]
            stages.append({"stage": stage, "reached": len(reached), "still_open": len(here)})
        cohorts.append({"month": month, "key": key, "stages": stages})
    return {"cohorts": cohorts, "time_in_stage": [time_in_stage(chosen, stage, now) for stage in range(1, 9)]}


def stands_at(rows):
    """The stage at which an open one stands; None for a closed one."""
    return None if rows[-1]["status"] == "closed" else rows[-1]["to_stage"]


def stays(rows, now):
    """(stage, how long, has it ended)"""
    found, begun = [], None
    for row in rows:
        if begun is not None and (row["status"] == "closed" or row["to_stage"] != begun["to_stage"]):
            found.append((begun["to_stage"], row["at"] - begun["at"], True))
            begun = None
        if begun is None and row["status"] != "closed":
            begun = row
    if begun is not None:
        found.append((begun["to_stage"], now - begun["at"], False))
    return found


def time_in_stage(cases, stage, now):
    here = [(long, ended) for case in cases for where, long, ended in stays(case["rows"], now) if where == stage]
    return {
        "stage": stage, "n": len(here), "open": sum(1 for _, ended in here if not ended),
        "median_days": days(quantile(here, Fraction(1, 2))), "p90_days": days(quantile(here, Fraction(9, 10))),
    }


def quantile(waits, share):
    """Kaplan and Meier, with exact fractions."""
    left = Fraction(1)
    for moment in sorted({long for long, ended in waits if ended}):
        at_risk = sum(1 for long, _ in waits if long >= moment)
        leaving = sum(1 for long, ended in waits if ended and long == moment)
        left *= 1 - Fraction(leaving, at_risk)
        if left <= 1 - share:
            return moment
    return None


def days(duration):
    return None if duration is None else round(duration / DAY, 4)


def waits(cases, stage):
    """(since, until or None) of the first time each was at the stage."""
    found = []
    for case in cases:
        rows = case["rows"]
        start = next((n for n, row in enumerate(rows) if row["to_stage"] == stage), None)
        if start is None:
            continue
        until = None
        for row in rows[start + 1:]:
            if row["status"] == "closed" or row["to_stage"] > stage or (stage == 2 and row["move"] == "consent"):
                until = row["at"]
                break
        found.append((rows[start]["at"], until))
    return found


def reply(cases, stage, now):
    found = waits(cases, stage)
    long = [((until or now) - since, until is not None) for since, until in found]
    in_time = judged = 0
    for since, until in found:
        last = workdays.after(since.astimezone(PLACE).date(), {1: 3, 2: 5}[stage]) + DAY
        due = datetime(last.year, last.month, last.day, tzinfo=PLACE)
        judged += until is not None or due < now
        in_time += until is not None and until <= due
    return {
        "waits": len(found), "open": sum(1 for _, until in found if until is None),
        "median": days(quantile(long, Fraction(1, 2))), "p90": days(quantile(long, Fraction(9, 10))),
        "in_time": in_time, "judged": judged,
    }


def ends(cases):
    """(how they closed, with which code, where those stood that were not completed)"""
    shut = [case["rows"][-1] for case in cases if case["rows"][-1]["status"] == "closed"]
    return (
        Counter(row["reason"] for row in shut), Counter(row["reason_code"] for row in shut if row["reason_code"]),
        Counter(row["to_stage"] for row in shut if row["reason"] != "completed"),
    )


def no_shows(cases):
    moves = [Counter(row["move"] for row in case["rows"]) for case in cases]
    missed = [count["no_show"] for count in moves]
    meetings = sum(count["no_show"] + count["meet"] + count["discuss"] for count in moves)
    return sum(missed), meetings, sum(1 for many in missed if many)


def needs_answered(needs, cases, now):
    """needs: name -> published; cases name theirs in "need"."""
    asked = {need: at for need, at in needs.items() if at <= now - 30 * DAY}
    kept = 0
    for need, published in asked.items():
        times = [entered(case["rows"]) for case in cases if case["need"] == need]
        kept += any(at is not None and at - published <= 30 * DAY for at in times)
    return kept, len(asked)
