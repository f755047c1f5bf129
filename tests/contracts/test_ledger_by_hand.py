"""The ledger says of any history what somebody who reads it line by line would count."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from conftest import a_listing, a_person
from sqlalchemy import select

from marketplace import clock
from marketplace.contracts import ledger
from marketplace.contracts.ledger import What
from marketplace.db import session, transaction
from marketplace.introductions.due import start_of
from marketplace.introductions.models import CloseReason, History, Introduction, Origin, ReasonCode, Side, Stage, Status
from marketplace.listings.models import Kind

REACHED = {Stage.QUALIFIED: What.QUALIFIED, Stage.INTRODUCED: What.INTRODUCED, Stage.SIGNED: What.SIGNED,
           Stage.IMPLEMENTED: What.IMPLEMENTED}
GIVEN_ON = ("assign", "hand_over")


def live(chance, number, pair, brokers, member, operator):
    """A case with a random course of moves, each a little later than the one before."""
    at, broker = clock.now() - timedelta(days=200), chance.choice([*brokers, None])
    case = Introduction(
        ref=f"I-1999-{number:06d}", need_id=pair[0], result_id=pair[1], stage=Stage.SUGGESTED, origin=Origin.MATCH,
        status=Status.CLOSED, created_at=at, entered_stage_at=at, version=1, broker_id=broker,
    )
    session.add(case)
    session.flush()
    stage, status, rows = Stage.SUGGESTED, Status.ACTIVE, []

    def note(move, actor, side, to, after, reason=None):
        rows.append(History(
            introduction_id=case.id, version=len(rows) + 1, move=move, from_stage=stage if rows else None, to_stage=to,
            from_status=status if rows else None, status=after, actor_id=actor, side=side, effective_at=at,
            recorded_at=at, reason=reason, reason_code=ReasonCode.TERMS if reason else None, note=None, fingerprint="",
        ))

    note("suggest", broker, None, stage, status)
    for _ in range(chance.randrange(2, 14)):
        at += timedelta(days=chance.random() * 25)
        move = chance.choice(["on"] * 7 + ["back", "assign", "hand_over", "close", "propose"])
        mover = chance.choice([(broker, None), (member, Side.NEED), (None, None)])
        if status is Status.CLOSED:
            note("reopen", broker, None, stage, Status.ACTIVE)
            status = Status.ACTIVE
        elif move == "on" and stage < Stage.IMPLEMENTED:
            note("on", *mover, Stage(stage + 1), status)
            stage = Stage(stage + 1)
        elif move == "back" and stage > Stage.SUGGESTED:
            note("back", broker, None, Stage(stage - 1), status)
            stage = Stage(stage - 1)
        elif move in GIVEN_ON:
            note(move, operator if move == "assign" else broker, None, stage, status)
            broker = chance.choice(brokers)
        elif move == "propose" and broker is not None:
            note("propose", broker, None, stage, status)
        elif move == "close":
            reason = chance.choice([CloseReason.COMPLETED, CloseReason.NO_AGREEMENT, CloseReason.EXPIRED])
            note("close", *mover, stage, Status.CLOSED, reason)
            status = Status.CLOSED
    case.stage, case.broker_id, case.version = stage, broker, len(rows)
    session.add_all(rows)


def held(case, rows, row):
    if row.actor_id is not None and row.side is None:
        return row.actor_id
    if any(one.move in GIVEN_ON for one in rows):
        earlier = [one for one in rows if one.version < row.version and one.actor_id is not None and one.side is None]
        if earlier and earlier[-1].move not in GIVEN_ON:
            return earlier[-1].actor_id
    return case.broker_id


def by_hand(within):
    found = Counter()
    for case in session.scalars(select(Introduction)).all():
        these = select(History).where(History.introduction_id == case.id).order_by(History.version)
        rows, seen = session.scalars(these).all(), set()
        for row in rows:
            what = None
            if row.move in ("suggest", "propose") and row.actor_id is not None and row.side is None:
                what = What.SOURCED if row.move == "propose" or row.version == 1 else None
            if row.from_stage is not None and row.to_stage in REACHED and row.from_stage < row.to_stage:
                what = None if row.to_stage in seen else REACHED[row.to_stage]
                seen.add(row.to_stage)
            if row.move == "close" and row.reason is not CloseReason.COMPLETED:
                later = [one for one in rows if one.version > row.version and one.move == "reopen"]
                what = None if later else What.DECLINED
            begins = within.since is None or row.effective_at >= start_of(within.since)
            ends = within.until is None or row.effective_at < start_of(within.until + timedelta(days=1))
            if what is not None and begins and ends:
                found[held(case, rows, row), what] += 1
    return {key: many for key, many in found.items() if key[0] is not None}


@pytest.mark.parametrize("seed", range(6))
def test_the_ledger_counts_what_is_counted_by_hand(seed, company, institute, charlie, erin, dana):
    chance = random.Random(seed)
    brokers = [dana.id, a_person("frank@broker.example", is_broker=True).id]
    pair = (a_listing(company, Kind.NEED).id, a_listing(institute).id)
    with transaction():
        for number in range(60):
            live(chance, number, pair, brokers, charlie.id, erin.id)
    today = clock.today()
    for within in (ledger.Period(None, None), ledger.Period(today - timedelta(days=120), today - timedelta(days=60))):
        lines = ledger.accounts(erin, within)
        counted = {(line.broker.id, what): many for line in lines for what, many in line.counts.items() if many}
        assert counted == by_hand(within)
        own = ledger.accounts(dana, within)[0]
        assert own.counts == {what: counted.get((dana.id, what), 0) for what in What}
        for what in What:
            behind = ledger.cases(erin, what, within, None, 1, 1)[1]
            assert behind == sum(many for (_, one), many in counted.items() if one is what)
