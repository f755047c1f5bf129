"""Whatever people do, in whatever order: what must always be true of an introduction."""

from datetime import timedelta
from itertools import pairwise

from case_entries import ANSWERS, entries
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session
from marketplace.errors import MarketplaceError
from marketplace.introductions import service
from marketplace.introductions.models import CloseReason, History, Introduction, Stage, Status
from marketplace.introductions.moves import NAMES
from marketplace.listings.models import Grant

pytest_plugins = ["introductions.case_cast"]


class Pipeline(RuleBasedStateMachine):
    """`people`, `pair` and `shift` (moves the clock) are set by the test."""

    people: list
    pair: tuple
    shift: object

    @initialize(suggested=st.booleans())
    def begin(self, suggested):
        need, result = self.pair
        for case in session.scalars(select(Introduction).where(Introduction.status != Status.CLOSED)):
            session.execute(Introduction.__table__.update().values(status="closed", close_reason="duplicate")
                            .where(Introduction.id == case.id))
            session.execute(Grant.__table__.update().values(revoked_at=clock.now()))
        session.commit()
        session.expire_all()
        charlie, dana = self.people[0], self.people[2]
        if suggested:
            self.case = service.suggest(dana, need, result)
        else:
            self.case = service.express_interest(charlie, need, result, **ANSWERS)
        self.seen = {}

    @rule(who=st.integers(0, 4), which=st.integers(0, 40))
    def do_what_is_offered(self, who, which):
        actor = self.people[who]
        offered = service.available_moves(actor, self.case)
        if not offered:
            return
        chosen = offered[which % len(offered)]
        given = entries(chosen.move.name)
        asked = {entry.name for entry in chosen.inputs if entry.required}
        if "reason_code" in asked:
            given = {"reason_code": "terms"}
        if "to_stage" in asked:
            given = {"to_stage": int(chosen.targets[0]), "note": "Because."}
        if "broker" in asked:
            given = {"broker": self.people[3].email, "note": "Frank knows the field."}
        before = self.case.version
        service.move(actor, self.case, chosen.move.name, reason=chosen.move.reason, version=before, **given)
        assert self.case.version > before

    @rule(who=st.integers(0, 4), name=st.sampled_from(sorted(NAMES)), reason=st.sampled_from([None, *CloseReason]))
    def try_anything(self, who, name, reason):
        before = (self.case.version, self.case.stage, self.case.status)
        try:
            service.move(self.people[who], self.case, name, reason=reason, **entries(name))
        except MarketplaceError:
            session.rollback()
            session.refresh(self.case)
            assert (self.case.version, self.case.stage, self.case.status) == before

    @rule(who=st.integers(0, 1))
    def express_interest_again(self, who):
        try:
            case = service.express_interest(self.people[who], *self.pair, **ANSWERS)
        except MarketplaceError:
            session.rollback()
            return
        if case is not self.case:
            assert not self.case.is_open
            self.case, self.seen = case, {}

    @rule(days=st.integers(1, 40))
    def let_time_pass(self, days):
        self.shift(timedelta(days=days))
        service.run_timers()

    @invariant()
    def one_open_a_pair(self):
        need, result = self.pair
        of_pair = select(Introduction).where(Introduction.need_id == need.id, Introduction.result_id == result.id)
        assert len(session.scalars(of_pair.where(Introduction.status != Status.CLOSED)).all()) <= 1

    @invariant()
    def history_tells_where_it_stands(self):
        rows = session.scalars(
            select(History).where(History.introduction_id == self.case.id).order_by(History.version)
        ).all()
        assert [row.version for row in rows] == list(range(1, self.case.version + 1))
        assert (rows[-1].to_stage, rows[-1].status) == (self.case.stage, self.case.status)
        assert (rows[0].from_stage, rows[0].from_status) == (None, None)
        for earlier, row in pairwise(rows):
            assert (row.from_stage, row.from_status) == (earlier.to_stage, earlier.status)
            assert row.effective_at >= earlier.effective_at

    @invariant()
    def history_is_only_added_to(self):
        rows = session.execute(
            select(History.__table__).where(History.introduction_id == self.case.id).order_by(History.version)
        ).all()
        for row in rows:
            assert self.seen.setdefault(row.version, tuple(row)) == tuple(row)

    @invariant()
    def grants_match_the_stage(self):
        tiers = {grant.tier for grant in session.scalars(
            select(Grant).where(Grant.introduction_ref == self.case.ref, Grant.revoked_at.is_(None))
        )}
        case = self.case
        if case.stage is Stage.SUGGESTED or (not case.is_open and case.close_reason is not CloseReason.COMPLETED):
            assert tiers == set()
        elif case.stage < Stage.INTRODUCED:
            assert tiers == {1}
        else:
            assert tiers == ({3} if len(case.signatures) == 2 else {2})

    @invariant()
    def somebody_owes_every_open_case(self):
        case = self.case
        assert (case.due_at is None) == (case.status is not Status.ACTIVE)
        assert (case.wakes_at is not None) == (case.status is Status.ON_HOLD)


def test_random_lives_of_an_introduction(charlie, alice, dana, frank, erin, need, result, monkeypatch):
    def shift(distance):
        moment = clock.now() + distance
        monkeypatch.setattr(clock, "now", lambda: moment)

    machine = type("Lives", (Pipeline,), {
        "people": [charlie, alice, dana, frank, erin], "pair": (need, result), "shift": staticmethod(shift),
    })
    run_state_machine_as_test(machine, settings=settings(
        max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None,
    ))
