"""THE table of moves. The service enforces it; the page's buttons, the API's `moves` and the help page print it.

A row: what the move is called, from which stages to which, from which statuses to which, who may make it,
what must be true, what it asks for, and (by the stage it leads to) the timer it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from marketplace.introductions import conditions as c
from marketplace.introductions import inputs as ask
from marketplace.introductions import vocabulary as words
from marketplace.introductions.conditions import Condition
from marketplace.introductions.inputs import Input
from marketplace.introductions.models import CloseReason, Stage, Status
from marketplace.phrases import Label

Arrow = tuple[Stage | None, Stage]
"""From (None: it did not exist) to."""


class Who(StrEnum):
    SIDE = "side"
    """An editor or admin of the organisation behind the need or the result."""
    BROKER = "broker"
    """The broker of the case; while it has none, any broker. Never one who belongs to a side."""
    OPERATOR = "operator"
    SYSTEM = "system"


WHO = {
    Who.SIDE: Label("任意一方", "Either side"),
    Who.BROKER: Label("技术经理人", "The broker"),
    Who.OPERATOR: Label("运营人员", "An operator"),
    Who.SYSTEM: Label("系统", "The system"),
}


class Tone(StrEnum):
    PRIMARY = "primary"
    QUIET = "quiet"
    DANGER = "danger"


@dataclass(frozen=True)
class Move:
    name: str
    label: Label
    explains: Label
    who: frozenset[Who]
    arrows: frozenset[Arrow]
    conditions: tuple[Condition, ...] = ()
    inputs: tuple[Input, ...] = ()
    statuses: frozenset[Status] = frozenset({Status.ACTIVE})
    to_status: Status = Status.ACTIVE
    keeps_status: bool = False
    """An active case stays active and one on hold stays on hold, whatever `to_status` says."""
    reason: CloseReason | None = None
    tone: Tone = Tone.QUIET
    also: tuple[Label, ...] = field(default=())
    """What must be true beyond the introduction's own records; the service looks it up."""

    def leads_from(self, stage: Stage | None, status: Status | None) -> bool:
        return (status is None or status in self.statuses) and any(start == stage for start, _ in self.arrows)

    def status_after(self, status: Status | None) -> Status:
        return status if self.keeps_status and status is not None else self.to_status

    def targets(self, stage: Stage | None) -> list[Stage]:
        return sorted(end for start, end in self.arrows if start == stage)

    @property
    def key(self) -> str:
        """As in addresses: close-withdrawn, sign."""
        return f"{self.name}-{self.reason.value}" if self.reason else self.name

    @property
    def must_be_true(self) -> tuple[Label, ...]:
        return (*(condition.says for condition in self.conditions), *self.also)


def _who(*who: Who) -> frozenset[Who]:
    return frozenset(who)


def _stay(*stages: int) -> frozenset[Arrow]:
    return frozenset((Stage(s), Stage(s)) for s in stages)


def _step(*pairs: tuple[int, int]) -> frozenset[Arrow]:
    return frozenset((Stage(start), Stage(end)) for start, end in pairs)


SIDE, BROKER = _who(Who.SIDE), _who(Who.BROKER)
OPEN = frozenset({Status.ACTIVE, Status.ON_HOLD})
ANSWERS = (ask.COOPERATION, ask.UNCLEAR, ask.ABOUT_US)
MINUTES = (ask.HELD_ON, ask.MINUTES, ask.NEXT_ACTION, ask.OWNER, ask.DUE_ON)

BEGINNINGS = (
    Move("suggest", Label("推荐对接", "Suggest"), Label("向双方推荐这一对需求与成果", "Propose this pair to both sides"),
         _who(Who.BROKER, Who.SYSTEM), frozenset({(None, Stage.SUGGESTED)}), also=(c.PAIR_FITS, c.NO_OTHER_OPEN)),
    Move("express_interest", Label("表达合作意向", "Express interest"),
         Label("由技术经理人受理并征询对方，对方此时看不到您的联系方式",
               "A broker takes it up and asks the other side, who does not see your contacts yet"),
         SIDE, frozenset({(None, Stage.INTEREST)}), inputs=ANSWERS, also=(c.PAIR_FITS,), tone=Tone.PRIMARY),
)

FORWARD = (
    Move("express_interest", Label("表达合作意向", "Express interest"),
         Label("由技术经理人受理并征询对方，对方此时看不到您的联系方式",
               "A broker takes it up and asks the other side, who does not see your contacts yet"),
         SIDE, _step((0, 1)) | _stay(1, 2), (c.NOT_YET_INTERESTED,), ANSWERS, statuses=OPEN, tone=Tone.PRIMARY),
    Move("propose", Label("推荐给双方", "Propose to both"),
         Label("由您负责，并告知双方：这一对值得谈", "You answer for it, and both sides are told that this pair is worth a talk"),
         BROKER, _stay(0), (c.UNASSIGNED,), tone=Tone.PRIMARY),
    Move("take", Label("受理此案", "Take the case"), Label("由您负责这项对接", "You become the broker of this introduction"),
         BROKER, _stay(*range(1, 9)), (c.UNASSIGNED,), statuses=OPEN, keeps_status=True, tone=Tone.PRIMARY),
    Move("qualify", Label("核实并受理", "Qualify"), Label("完成核对清单，随后征求双方同意", "Complete the checklist; both sides are then asked to consent"),
         BROKER, _step((1, 2)), (c.ASSIGNED, c.LISTINGS_READABLE), (ask.CHECKLIST,), tone=Tone.PRIMARY),
    Move("consent", Label("同意对接", "Consent"),
         Label("双方都同意后，对方将看到贵机构名称、联系人和对接后可见的内容",
               "Once both sides consent, the other side sees your organisation, your contact and what is shown after an introduction"),
         SIDE, _stay(*range(2, 9)), (c.NOT_YET_CONSENTED,), tone=Tone.PRIMARY),
    Move("sign_nda", Label("签署保密协议", "Sign the NDA"),
         Label("双方签署后，保密协议后可见的内容互相开放", "Once both have signed, what an NDA protects opens to the other side"),
         SIDE, _stay(2, 3, 4, 5, 6, 7), (c.NOT_YET_SIGNED_NDA,), (ask.AGREE,)),
    Move("accept_nda", Label("核对无误，接受签署件", "Accept the signed copy"),
         Label("您已核对签署件：文本、盖章与签字人无误，视为该方已签署保密协议",
               "You have checked text, seal and signatory; the side counts as having signed the NDA"),
         BROKER, _stay(2, 3, 4, 5, 6, 7), (c.COPY_WAITS,), (ask.SIGNER,)),
    Move("introduce", Label("公开身份，正式对接", "Introduce"), Label("双方互见名称与联系方式", "Names and contacts are released to both"),
         _who(Who.BROKER, Who.SYSTEM), _step((2, 3)), (c.BOTH_CONSENTED, c.NDA_WHERE_ASKED), tone=Tone.PRIMARY),
    Move("meet", Label("记录第一次会面", "Record the first meeting"), Label("写下谈了什么、下一步由谁在何时完成", "What was said, and who does what next by when"),
         _who(Who.BROKER, Who.SIDE), _step((3, 4)), inputs=MINUTES, tone=Tone.PRIMARY),
    Move("no_show", Label("有人未到会", "Somebody did not come"), Label("记录缺席并改期", "Note who was absent and set a new date"),
         _who(Who.BROKER, Who.SIDE), _stay(3, 4), inputs=(ask.HELD_ON, ask.ABSENT, ask.NEW_DATE, ask.NOTE.optional)),
    Move("discuss", Label("补充纪要", "Add minutes"), Label("记录一次会面及其下一步", "Record a meeting and what follows from it"),
         _who(Who.BROKER, Who.SIDE), _stay(4, 5, 6, 7), inputs=MINUTES),
    Move("intent", Label("记录合作意向书", "Record the intent"), Label("双方已有书面意向，进入谈判", "A written intent exists; negotiation begins"),
         BROKER, _step((4, 5)), inputs=(ask.DATED_ON, ask.CONTRACT_TYPE, ask.INTENT), tone=Tone.PRIMARY),
    Move("record_contract", Label("记录合同，请双方确认", "Record the contract for both to confirm"),
         Label("没有凭证时，由双方确认合同属实", "Without evidence, both sides confirm that it was signed"),
         BROKER, _stay(3, 4, 5), inputs=ask.CONTRACT),
    Move("confirm_contract", Label("确认合同", "Confirm the contract"), Label("确认所记录的合同属实", "The contract on record is as you signed it"),
         SIDE, _stay(3, 4, 5, 6), (c.CONTRACT_RECORDED, c.NOT_YET_CONFIRMED_CONTRACT), tone=Tone.PRIMARY),
    Move("sign", Label("记录签约", "Record the signing"), Label("合同已签署，附凭证", "The contract is executed; give the evidence"),
         BROKER, _step((5, 6)), inputs=(*ask.CONTRACT, ask.EVIDENCE), tone=Tone.PRIMARY),
    Move("sign", Label("确认签约", "Signed"), Label("双方已确认合同", "Both sides have confirmed the contract"),
         _who(Who.SYSTEM), _step((5, 6)), (c.CONTRACT_CONFIRMED,)),
    Move("register", Label("记录合同登记", "Record the registration"), Label("技术合同已登记，开始履约", "The contract is registered; the work is under way"),
         BROKER, _step((6, 7)), inputs=(ask.REGISTRATION_NO, ask.TECHNOLOGY_AMOUNT), tone=Tone.PRIMARY),
    Move("waive", Label("免登记", "Waive registration"), Label("合同不登记，写明理由后开始履约", "The contract is not registered, for a reason; the work is under way"),
         BROKER, _step((6, 7)), inputs=(ask.WAIVER_REASON,)),
    Move("report_outcome", Label("记录成效，请双方确认", "Record the outcome for both to confirm"),
         Label("技术已投入使用，或款项已付清", "The technology is in use, or the final payment was made"),
         BROKER, _stay(7), inputs=(ask.REACHED_ON, ask.OUTCOME), tone=Tone.PRIMARY),
    Move("confirm_outcome", Label("确认成效", "Confirm the outcome"), Label("确认所记录的成效属实", "The outcome on record is as you see it"),
         SIDE, _stay(7), (c.OUTCOME_REPORTED, c.NOT_YET_CONFIRMED_OUTCOME), tone=Tone.PRIMARY),
    Move("implement", Label("确认落地", "Implemented"), Label("成效经双方确认", "Both sides have confirmed the outcome"),
         _who(Who.BROKER, Who.SYSTEM), _step((7, 8)), (c.OUTCOME_CONFIRMED,), tone=Tone.PRIMARY),
)

EXCEPTIONS = (
    Move("hand_over", Label("转交同事", "Hand over"), Label("由另一位技术经理人接手，即刻生效", "A colleague answers for it from now on"),
         BROKER, _stay(*range(9)), (c.ASSIGNED,), (ask.BROKER, ask.NOTE), statuses=OPEN, keeps_status=True),
    Move("assign", Label("指派技术经理人", "Assign a broker"), Label("由这位技术经理人负责", "This broker answers for it"),
         _who(Who.OPERATOR), _stay(*range(9)), inputs=(ask.BROKER,), statuses=OPEN, keeps_status=True),
    Move("withdraw_consent", Label("撤回同意", "Withdraw consent"),
         Label("身份公开前撤回，不再公开；公开后撤回，已公开的无法收回，但不再继续公开联系方式与资料",
               "Before names are released, nothing is. Afterwards, what is known cannot be taken back, but no contacts, files or confidential text are opened any more"),
         SIDE, _stay(*range(2, 9)), (c.HAS_CONSENTED,), (ask.NOTE.optional,), statuses=OPEN, keeps_status=True, tone=Tone.DANGER),
    Move("skip", Label("跳过阶段", "Skip a stage"), Label("说明为什么不经过中间阶段；同意、保密协议与合同不能跳过",
         "Say why the stages between are passed over; consent, NDA and contract cannot be"),
         BROKER, _step((0, 2), (3, 5)), inputs=(ask.TO_STAGE, ask.NOTE)),
    Move("skip", Label("跳过阶段", "Skip a stage"), Label("说明为什么不经过中间阶段；同意、保密协议与合同不能跳过",
         "Say why the stages between are passed over; consent, NDA and contract cannot be"),
         BROKER, _step((3, 6), (4, 6)), (c.CONTRACT_STANDS,), (ask.TO_STAGE, ask.NOTE)),
    Move("back", Label("退回一个阶段", "Back one stage"), Label("说明为什么；该阶段的同意或确认随之作废",
         "Say why; the consents or confirmations of that stage become void"),
         BROKER, _step(*((s, s - 1) for s in range(1, 9))), inputs=(ask.NOTE,)),
    Move("hold", Label("搁置", "Put on hold"), Label("到指定日期自动恢复", "It wakes up by itself on the day you give"),
         BROKER, _stay(*range(1, 8)), inputs=(ask.WAKES_ON, ask.NOTE), to_status=Status.ON_HOLD),
    Move("wake", Label("恢复", "Wake up"), Label("继续推进", "Take it up again"),
         _who(Who.BROKER, Who.SYSTEM), _stay(*range(1, 8)), statuses=frozenset({Status.ON_HOLD}), tone=Tone.PRIMARY),
)


def _close(reason: CloseReason, who: frozenset[Who], stages: Iterable[int], explains: Label,
           conditions: tuple[Condition, ...] = ()) -> Move:
    coded = () if reason in words.NO_CODE_NEEDED else (ask.REASON_CODE,)
    return Move("close", words.CLOSE_REASONS[reason], explains, who, _stay(*stages), conditions, (*coded, ask.REASON_TEXT),
                statuses=OPEN, to_status=Status.CLOSED, reason=reason,
                tone=Tone.QUIET if reason is CloseReason.COMPLETED else Tone.DANGER)


CLOSINGS = (
    _close(CloseReason.COMPLETED, BROKER, (7, 8), Label("合作已完成", "The cooperation has reached its end")),
    _close(CloseReason.DECLINED_BY_COUNTERPART, _who(Who.SIDE), (0, 1, 2),
           Label("婉拒对方的意向或推荐", "Say no to the other side's interest, or to the suggestion"), (c.NOT_YET_INTERESTED,)),
    _close(CloseReason.DECLINED_BY_COUNTERPART, BROKER, (0, 1, 2), Label("对方已向您婉拒", "The counterpart told you no")),
    _close(CloseReason.REJECTED_AT_TRIAGE, BROKER, (0, 1, 2), Label("核实后不予受理", "On examination the case is not taken on")),
    _close(CloseReason.WITHDRAWN, _who(Who.SIDE), range(1, 6), Label("撤回本方的意向", "Withdraw your interest"), (c.HAS_INTEREST,)),
    _close(CloseReason.WITHDRAWN, BROKER, range(1, 6), Label("意向方已向您撤回", "The interested side withdrew through you")),
    _close(CloseReason.NO_AGREEMENT, _who(Who.SIDE, Who.BROKER), (3, 4, 5), Label("谈过但未达成一致", "You talked and did not agree")),
    _close(CloseReason.TERMINATED, BROKER, range(3, 9), Label("对接或合同提前终止", "The talks or the contract ended before their time")),
    _close(CloseReason.EXPIRED, _who(Who.SYSTEM), (0,), Label("推荐 30 天无人响应", "Nobody answered the suggestion in 30 days")),
    _close(CloseReason.EXPIRED, BROKER, range(6), Label("长期没有进展", "Nothing has moved for long")),
    _close(CloseReason.DUPLICATE, BROKER, range(6), Label("与另一项对接重复", "The same case is followed elsewhere")),
    _close(CloseReason.LISTING_WITHDRAWN, _who(Who.SYSTEM, Who.BROKER), range(6),
           Label("一方撤回了供需信息", "One side withdrew its listing"), (c.A_LISTING_WITHDRAWN,)),
)

REOPENING = (
    Move("reopen", Label("重新开启", "Reopen"), Label("回到关闭前的阶段", "It returns to the stage before closing"),
         BROKER, _stay(*range(9)), (c.LISTINGS_NOT_WITHDRAWN,), (ask.NOTE,), statuses=frozenset({Status.CLOSED}),
         also=(c.NO_OTHER_OPEN,)),
)

TABLE: tuple[Move, ...] = (*BEGINNINGS, *FORWARD, *EXCEPTIONS, *CLOSINGS, *REOPENING)
NAMES = frozenset(move.name for move in TABLE)


def rows(name: str, reason: CloseReason | None = None) -> list[Move]:
    """The rows of the table with this name, and for closing this reason."""
    return [move for move in TABLE if move.name == name and (move.reason is None or move.reason is reason)]


def possible(stage: Stage | None, status: Status | None, who: Iterable[Who]) -> Iterator[Move]:
    """What these roles may do from here, as far as stage and status decide."""
    roles = set(who)
    return (move for move in TABLE if move.leads_from(stage, status) and move.who & roles)


def inputs_of(move: Move, who: Iterable[Who]) -> tuple[Input, ...]:
    """What the move asks of these people: a broker may always add a note and say when it took effect."""
    given = {entry.name for entry in move.inputs}
    roles = set(who)
    if not roles & {Who.BROKER, Who.OPERATOR} or Who.SIDE in roles:
        return move.inputs
    extra = [ask.NOTE.optional] if "note" not in given else []
    return (*move.inputs, *extra, ask.EFFECTIVE_AT)
