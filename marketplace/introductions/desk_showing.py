"""What the desk, the board and the list show, put together for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace import clock, regions
from marketplace.accounts.models import User
from marketplace.introductions import desk as desks
from marketplace.introductions import service, showing, vocabulary, workload
from marketplace.introductions.cards import Card, End, Way, ways
from marketplace.introductions.filters import CHOICES, REPLY, WHOSE, Filters
from marketplace.introductions.models import Introduction, Owes, ReasonCode, Stage, Status
from marketplace.introductions.moves import Tone
from marketplace.listings.models import OPEN_FOR_INTEREST
from marketplace.messaging.packing import unpacked
from marketplace.phrases import Label, say
from marketplace.web.language import current
from marketplace.web.pagination import Slice

SIZE = 50
TABS = (
    ("desk.today", Label("今天", "Today")), ("desk.board", Label("看板", "Board")),
    ("desk.cases", Label("列表", "List")), ("desk.brokers", Label("工作量", "Workload")),
)
NAMES: dict[str, tuple[Label, str, dict[str, str]]] = {
    "replies": (Label("等我回复", "Waiting for my reply"), "broker", {"reply": "1", "status": "all"}),
    "owed": (Label("待我办理", "I owe the next step"), "broker", {"owes": "broker"}),
    "to_take": (Label("待受理的新意向", "New interest to take"), "", {"broker": "none", "stage": "1"}),
    "orphaned": (Label("经理人已离开，待接手", "The broker has left"), "", {"broker": "left", "status": "all"}),
    "overdue": (Label("对方已逾期", "Others are overdue"), "broker", {"due": "overdue"}),
    "soon": (Label("对方 7 天内到期", "Others owe within 7 days"), "broker", {"due": "week"}),
    "suggestions": (Label("值得推荐的匹配", "Matches worth proposing"), "", {"broker": "none", "stage": "0"}),
    "renewals": (Label("续期、复核与回访", "Renewals, reviews and follow-ups"), "broker", {}),
    "on_hold": (Label("7 天内恢复的搁置", "Wakes up within 7 days"), "broker", {"status": "on_hold"}),
}
"""Each pile of the desk: its name, whether the broker's own, and the filters of the list that has all of it."""
OF_ALL = {
    "replies": Label("待经理人回复", "Waiting for a broker's reply"),
    "owed": Label("待经理人办理", "Brokers owe the next step"),
}
"""What an operator, who sees everybody's, calls some of them."""
DISMISSALS = {code.value: vocabulary.REASON_CODES[code] for code in (
    ReasonCode.NOT_OUR_FIELD, ReasonCode.TOO_EARLY, ReasonCode.NO_CLEAR_ADVANTAGE, ReasonCode.DESCRIPTION_UNCLEAR,
    ReasonCode.NO_COMMERCIAL_ROUTE, ReasonCode.TERMS, ReasonCode.TIMING, ReasonCode.IP_POSITION,
)}
"""Reasons that need no words of one's own."""


@dataclass(frozen=True)
class Line:
    """One case of a list."""

    card: Card
    turn: Any
    """Who owes the next step, as this reader would say it."""
    due: datetime | None
    """The last moment that is still in time."""
    badge: tuple[Any, str]
    ways: Sequence[Way]
    reasons: Sequence[tuple[Any, Any, Any]]
    """Of a suggestion: (what is compared, here, there)."""
    ending: Sequence[End]
    """Whose term on the marketplace ends soon, while the two are still talking."""


def line(actor: User, card: Card) -> Line:
    due = card.due_at and card.due_at - timedelta(seconds=1)
    reasons = [tuple(unpacked({"": part})[""] for part in reason) for reason in card.match_reasons or ()]
    return Line(card, _turn(actor, card), due, _badge(card), ways(actor, card), reasons, _ending(card))


def today(actor: User) -> dict[str, Any]:
    desk = service.desk(actor)
    mine = {"broker": "me"} if actor.is_broker else {}
    piles = []
    for code, (label, whose, chosen) in NAMES.items():
        pile = getattr(desk, code)
        every = {**(mine if whose else {}), **chosen} if chosen else None
        label = label if actor.is_broker else OF_ALL.get(code, label)
        piles.append({"code": code, "label": label, "total": pile.total, "every": every,
                      "lines": [line(actor, card) for card in pile.items] if code != "suggestions" else []})
    proposals = [(one.need, [line(actor, card) for card in one.candidates]) for one in desk.proposals]
    return {
        "piles": piles, "proposals": proposals, "vocabulary": vocabulary, "is_clear": desk.is_clear,
        "dismissals": DISMISSALS, **tabs(actor),
        "untaken": desk.to_take.total if actor.is_broker else 0,
        "waiting": desk.replies.total + desk.owed.total + desk.to_take.total + desk.orphaned.total,
    }


def board(actor: User, chosen: Filters) -> dict[str, Any]:
    columns = [
        (stage, vocabulary.STAGES[stage], pile.total, [line(actor, card) for card in pile.items])
        for stage, pile in desks.board(actor, chosen).items() if chosen.stage in (None, stage)
    ]
    return {"columns": columns, **filtered(actor, chosen)}


def cases(actor: User, chosen: Filters, page: int) -> dict[str, Any]:
    pile = desks.listed(actor, chosen, page, SIZE)
    return {"page": Slice([line(actor, card) for card in pile.items], pile.total, page, SIZE),
            "may_hand_on": True, **filtered(actor, chosen)}


def filtered(actor: User, chosen: Filters) -> dict[str, Any]:
    """What the filters above the board and the list are drawn from."""
    brokers = {str(person.id): person.name for person in service.brokers()}
    return {
        "filters": chosen, "arguments": chosen.arguments(), "chips": chips(chosen, brokers), "choices": CHOICES,
        "whose": {**WHOSE, **brokers}, "stages": {str(int(s)): said.name for s, said in vocabulary.STAGES.items()},
        "regions": _regions(chosen.region), "names": FILTER_NAMES, "vocabulary": vocabulary,
        **tabs(actor, chosen.arguments()),
    }


def chips(chosen: Filters, brokers: Mapping[str, str]) -> list[tuple[str, Any, Any]]:
    """(argument, its name, its value) of every filter that is set, so that each can be taken away."""
    found: list[tuple[str, Any, Any]] = []
    for name, value in chosen.arguments().items():
        if name == "broker":
            shown: Any = WHOSE.get(value) or brokers.get(value, value)
        elif name == "stage":
            shown = vocabulary.STAGES[Stage(int(value))].name
        elif name == "region":
            shown = regions.name(value, current())
        else:
            shown = CHOICES[name][value] if name in CHOICES else value
        found.append((name, FILTER_NAMES[name], shown))
    return found


FILTER_NAMES = {
    "broker": Label("技术经理人", "Broker"), "stage": Label("阶段", "Stage"), "status": Label("状态", "Status"),
    "owes": Label("下一步由谁办", "Who owes the next step"), "due": Label("期限", "Due"), "reply": REPLY["1"],
    "field": Label("领域", "Field"), "region": Label("地区", "Region"), "origin": Label("来源", "Origin"),
    "q": Label("标题或编号", "Title or number"), "since": Label("起始不早于", "Begun from"),
    "until": Label("起始不晚于", "Begun until"),
}


def tabs(actor: User, arguments: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The pages beside one another; board and list keep what is filtered."""
    kept = dict(arguments) if arguments is not None else {"broker": "me"} if actor.is_broker else {}
    return {"tabs": [(view, label, kept if view in ("desk.board", "desk.cases") else {}) for view, label in TABS]}


def loads(actor: User) -> dict[str, Any]:
    found = workload.workload(actor)
    here = [load for load in found if load.is_here]
    return {
        "loads": found, "groups": {name: label for name, (label, _) in workload.GROUPS.items()},
        "bars": [(load.name, load.open, say("{open} open, {late} overdue", open=load.open, late=load.overdue),
                  _all_of(load.broker_id)) for load in found if load.open or load.is_here],
        "gone": [load for load in found if not load.is_here], "here": here, **tabs(actor),
    }


def asks(actor: User, introduction: Introduction, key: str) -> bool:
    """Has this move to be made on a page of its own: because it asks something, or says what is missing?"""
    way = next((m for m in service.all_moves(actor, introduction) if m.move.key == key), None)
    if way is None:
        showing.move_of(actor, introduction, key)
    # What is said under one's name, or ends something, is never done by the way.
    by_the_way = way is not None and way.is_possible and way.move.tone is not Tone.DANGER
    return not by_the_way or way is None or any(entry.required for entry in way.inputs)


def _all_of(broker_id: int) -> str:
    return f"/desk/cases?broker={broker_id}"


def _ending(card: Card) -> list[End]:
    if card.stage >= Stage.SIGNED or card.status is Status.CLOSED:
        return []
    last = clock.today() + desks.AHEAD
    return [end for end in card.ends
            if end.state in OPEN_FOR_INTEREST and end.valid_until is not None and end.valid_until <= last]


def _turn(actor: User, card: Card) -> Any:
    if card.owed_by is Owes.NOBODY:
        return None
    if card.owed_by is not Owes.BROKER:
        return vocabulary.OWES[card.owed_by]
    if card.broker_id == actor.id:
        return say("You")
    return card.broker if card.broker and not card.broker_has_left else vocabulary.OWES[Owes.BROKER]


def _badge(card: Card) -> tuple[Any, str]:
    if card.status is Status.CLOSED and card.close_reason is not None:
        good = card.close_reason.value == "completed"
        return vocabulary.CLOSE_REASONS[card.close_reason], "good" if good else "quiet"
    if card.status is Status.ON_HOLD:
        return vocabulary.STATUSES[Status.ON_HOLD], "waiting"
    return vocabulary.STAGES[card.stage].name, "good"


def _regions(chosen: str) -> list[tuple[str, str]]:
    """Provinces, and what is chosen within one."""
    found = [(code, regions.short_name(code, current())) for code in regions.provinces()]
    if chosen and chosen not in dict(found):
        found.insert(0, (chosen, regions.name(chosen, current())))
    return found
