"""Introductions: every step a move that the table allowed to its maker on that day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

from marketplace.accounts.models import User
from marketplace.demo import dealings
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.introductions import conditions
from marketplace.introductions import service as introductions
from marketplace.introductions import vocabulary as words
from marketplace.introductions.agreements import party_of
from marketplace.introductions.models import CloseReason, Introduction, Origin, Side, Stage
from marketplace.listings import service as listings
from marketplace.listings.models import Listing, State
from marketplace.listings.vocabulary import CONTRACT_TYPES

NEXT_ACTION = "落实会上约定的事项，把结果反馈给技术经理人"
EVIDENCE = "合同原件双方各存一份，扫描件由技术经理人留存"
WAIVER = "合同不申请税收优惠，双方商定不办理登记"
HOUR, HOUR_AFTER_EVENT = 11, 18
DAYS_OF_HISTORY = 320


def plan(timeline: Timeline, world: World) -> None:
    finally_in = {row["key"]: State(row["state"]) for row in rows("needs")}
    for number, row in enumerate(rows("introductions")):
        Case(timeline, world, row, number, finally_in[row["need"]] is State.MATCHED).plan()
    for days_ago in range(DAYS_OF_HISTORY, -1, -1):
        timeline.add(timeline.moment(days_ago, hour=7), introductions.run_timers)


class Case:
    """One row of introductions.json on its way."""

    introduction: Introduction

    def __init__(self, timeline: Timeline, world: World, row: dict[str, Any], number: int, ends_need: bool) -> None:
        self.timeline, self.world, self.row, self.number, self.ends_need = timeline, world, row, number, ends_need

    def plan(self) -> None:
        """Enter everything this case consists of into the timeline."""
        hour = HOUR_AFTER_EVENT if self.row.get("event") else HOUR
        add, moment = self.timeline.add, self.timeline.moment
        for place, step in enumerate(self.row["steps"]):
            add(moment(step["days_ago"], hour, self.number), partial(self._step, place))
        for message in self.row["messages"]:
            add(moment(message["days_ago"], 19, self.number), partial(self._say, message))
        dealings.plan(self.timeline, self)
        last = self.row["steps"][-1]
        if last["to"] == Stage.QUALIFIED and not self.row["close"]:
            add(moment(last["days_ago"] - 1, hour), lambda: self._consent(Side(self.row["initiator"])))
        if self.row["hold"]:
            add(moment(self.row["hold"]["days_ago"], hour), self._hold)
        if self.row["close"] and self.row["close"]["reason"] != CloseReason.EXPIRED:  # that one the timer closes
            add(moment(self.row["close"]["days_ago"], 20), self._close)

    @property
    def need(self) -> Listing:
        return self.world.listings[self.row["need"]]

    @property
    def result(self) -> Listing:
        return self.world.listings[self.row["result"]]

    @property
    def broker(self) -> User:
        return self.world.people[self.row["broker"]]

    def person(self, side: Side) -> User:
        contact = (self.need if side is Side.NEED else self.result).contact
        assert contact is not None
        return contact

    def move(self, who: User, name: str, **given: Any) -> None:
        introductions.move(who, self.introduction, name, **given)

    def _step(self, place: int) -> None:
        step = self.row["steps"][place]
        STEPS[Stage(step["to"])](self, place, self._day(place), step["note"])

    def _day(self, place: int) -> date:
        return self.timeline.day(-int(self.row["steps"][place]["days_ago"]))

    def _origin(self) -> dict[str, Any]:
        edition = self.world.editions[self.row["event"]].ref if self.row.get("event") else None
        return {"origin": Origin(self.row["origin"]), "origin_ref": edition}

    def _suggest(self, place: int, day: date, note: str) -> None:
        by_broker = self.row["broker"] is not None and self.row["origin"] == Origin.BROKER
        self.introduction = introductions.suggest(
            self.broker if by_broker else None, self.need, self.result, **self._origin()
        )

    def _express_interest(self, place: int, day: date, note: str) -> None:
        self.introduction = introductions.express_interest(
            self.person(Side(self.row["initiator"])), self.need, self.result, **self.row["answers"], **self._origin()
        )

    def _qualify(self, place: int, day: date, note: str) -> None:
        if self.introduction.broker_id is None:
            self.move(self.broker, "take")
        self.move(self.broker, "qualify", checklist=list(words.CHECKLIST), note=note)

    def _consent(self, side: Side) -> None:
        if conditions.asks_nda(self.introduction) and side not in conditions.signed_nda(self.introduction):
            self.move(self.person(side), "sign_nda", agree=True)
        self.move(self.person(side), "consent")

    def _introduce(self, place: int, day: date, note: str) -> None:
        """The second consent introduces them by itself; each then reads what it was let see."""
        for side in Side:
            self._consent(side)
        for side in Side:
            listings.reading(self.person(side), self.introduction.listing_of(side.other))

    def _meet(self, place: int, day: date, note: str) -> None:
        follows = place + 1 < len(self.row["steps"])
        due = self._day(place + 1) if follows else day + timedelta(days=14)
        if not follows and self.number % 3:  # the others have let it slip, which the desk shows
            due = max(due, self.timeline.day(3 + self.number % 9))
        who = self.person(Side(self.row["initiator"]))
        said = {"held_on": day, "text": note, "next_action": NEXT_ACTION, "due_on": due,
                "owner": ("need", "result", "both")[self.number % 3]}
        if not dealings.close_meeting(self, who, **said):
            self.move(who, "meet", **said)

    def _agree_in_principle(self, place: int, day: date, note: str) -> None:
        self.move(self.broker, "intent", dated_on=day, text=note, contract_type=self._contract_type())

    def _contract_type(self) -> str:
        if self.row["contract"]:
            return str(self.row["contract"]["type"])
        return next((mode for mode in self.result.modes if mode in CONTRACT_TYPES), "development")

    def _sign(self, place: int, day: date, note: str) -> None:
        """Every other contract has evidence on record, the rest are confirmed by both sides."""
        contract = self.row["contract"]
        parties = "\n".join(party_of(listing.organisation).line for listing in (self.result, self.need))
        given = {"contract_type": contract["type"], "signed_on": day, "parties": parties, "note": note}
        if contract["amount"] is None:
            given["undisclosed"] = True
        else:
            given |= {"amount": contract["amount"], "currency": contract["currency"]}
        if self.number % 2:
            self.move(self.broker, "sign", evidence=EVIDENCE, **given)
        else:
            self.move(self.broker, "record_contract", **given)
            for side in Side:
                self.move(self.person(side), "confirm_contract")
        if not self.ends_need:  # a contract marks the need as matched; this one goes on looking
            listings.resume(self.person(Side.NEED), self.need)

    def _register(self, place: int, day: date, note: str) -> None:
        contract = self.row["contract"]
        if contract["registration_no"] is None:
            self.move(self.broker, "waive", waiver_reason=WAIVER, note=note)
        else:
            self.move(self.broker, "register", registration_no=contract["registration_no"],
                      technology_amount=contract["technology_amount"], note=note)

    def _implement(self, place: int, day: date, note: str) -> None:
        self.move(self.broker, "report_outcome", reached_on=day, text=self.row["outcome"] or note, note=note)
        for side in Side:
            self.move(self.person(side), "confirm_outcome")

    def _say(self, message: dict[str, Any]) -> None:
        who = self.broker if message["by"] == "broker" else self.person(Side(message["by"]))
        introductions.write_message(who, self.introduction, message["text"])

    def _hold(self) -> None:
        hold = self.row["hold"]
        self.move(self.broker, "hold", wakes_on=self.timeline.day(hold["wake_in_days"]), note=hold["note"])

    def _close(self) -> None:
        close = self.row["close"]
        declined = close["reason"] == CloseReason.DECLINED_BY_COUNTERPART
        who = self.person(Side(self.row["initiator"]).other) if declined else self.broker
        code = {"reason_code": close["code"]} if close["code"] else {}
        self.move(who, "close", reason=close["reason"], note=close["text"], **code)


STEPS: dict[Stage, Callable[[Case, int, date, str], None]] = {
    Stage.SUGGESTED: Case._suggest, Stage.INTEREST: Case._express_interest, Stage.QUALIFIED: Case._qualify,
    Stage.INTRODUCED: Case._introduce, Stage.DISCUSSING: Case._meet, Stage.NEGOTIATING: Case._agree_in_principle,
    Stage.SIGNED: Case._sign, Stage.PERFORMING: Case._register, Stage.IMPLEMENTED: Case._implement,
}
