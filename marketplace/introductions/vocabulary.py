"""The words of the pipeline, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.introductions.models import CloseReason, Confirmed, Origin, Owes, ReasonCode, Side, Stage, Status
from marketplace.phrases import Label

S = Stage


@dataclass(frozen=True)
class StageWords:
    name: Label
    entered_when: Label
    must_be_true: Label
    timer: Label


STAGES: dict[Stage, StageWords] = {
    S.SUGGESTED: StageWords(
        Label("推荐", "Suggested"),
        Label("系统或技术经理人推荐一对需求与成果", "the system or a broker proposes a need and a result"),
        Label("双方均已发布，未互相排除，且不属同一机构", "both published, neither excludes the other, not the same organisation"),
        Label("30 天无人响应则失效", "expires after 30 days without an answer"),
    ),
    S.INTEREST: StageWords(
        Label("意向", "Interest"),
        Label("一方表达合作意向", "one side expresses interest"),
        Label("回答三个问题：希望怎样合作、还有什么不清楚、我们是谁",
              "three answers: the cooperation sought, what is unclear, who we are"),
        Label("技术经理人 3 个工作日内受理", "the broker acts within 3 working days"),
    ),
    S.QUALIFIED: StageWords(
        Label("受理", "Qualified"),
        Label("技术经理人核实后受理", "a broker has checked the case and takes it on"),
        Label("已指定技术经理人，核对清单已完成", "a broker is assigned and the checklist is done"),
        Label("5 个工作日内征得双方同意", "both sides are asked to consent within 5 working days"),
    ),
    S.INTRODUCED: StageWords(
        Label("对接", "Introduced"),
        Label("双方同意，互相公开身份与联系方式", "both sides consent; identities and contacts are released"),
        Label("有双方的同意记录；涉密内容要求时已签保密协议",
              "two consent records; a signed NDA where confidential text asks for it"),
        Label("14 天内第一次会面", "first meeting within 14 days"),
    ),
    S.DISCUSSING: StageWords(
        Label("洽谈", "Discussing"),
        Label("举行了第一次会面", "the first meeting was held"),
        Label("有纪要，写明下一步、负责方与日期", "minutes with the next action, its owner and date"),
        Label("下一步逾期 7 天提醒，30 天由技术经理人复核",
              "next action overdue: reminder after 7 days, broker's review after 30"),
    ),
    S.NEGOTIATING: StageWords(
        Label("谈判", "Negotiating"),
        Label("有书面合作意向", "a written intent exists"),
        Label("有意向记录，并已明确拟签合同类型", "an intent on record and the contract type foreseen"),
        Label("90 天复核一次", "review after 90 days"),
    ),
    S.SIGNED: StageWords(
        Label("签约", "Signed"),
        Label("合同已签署", "the contract is executed"),
        Label("有合同类型、日期、金额或“不公开”、签约方；有凭证或双方确认",
              "type, date, amount or “undisclosed”, parties; evidence, or both sides confirm"),
        Label("30 天内办理技术合同登记", "register the contract within 30 days"),
    ),
    S.PERFORMING: StageWords(
        Label("履约", "Performing"),
        Label("合同正在履行", "the work is under way"),
        Label("有登记编号与技术交易额，或写明理由的免登记", "registration number and technology amount, or a waiver with its reason"),
        Label("6 个月回访", "follow-up after 6 months"),
    ),
    S.IMPLEMENTED: StageWords(
        Label("落地", "Implemented"),
        Label("技术投入使用，或款项付清", "the technology is in use, or the final payment was made"),
        Label("成效经双方确认", "the outcome is confirmed by both sides"),
        Label("12 个月回访", "survey after 12 months"),
    ),
}

STATUSES = {
    Status.ACTIVE: Label("进行中", "Active"),
    Status.ON_HOLD: Label("搁置", "On hold"),
    Status.CLOSED: Label("已关闭", "Closed"),
}

CLOSE_REASONS = {
    CloseReason.COMPLETED: Label("圆满完成", "Completed"),
    CloseReason.DECLINED_BY_COUNTERPART: Label("对方婉拒", "Declined by the counterpart"),
    CloseReason.REJECTED_AT_TRIAGE: Label("未通过初审", "Rejected at triage"),
    CloseReason.WITHDRAWN: Label("意向方撤回", "Withdrawn"),
    CloseReason.NO_AGREEMENT: Label("未达成一致", "No agreement"),
    CloseReason.TERMINATED: Label("合同终止", "Terminated"),
    CloseReason.EXPIRED: Label("逾期失效", "Expired"),
    CloseReason.DUPLICATE: Label("重复", "Duplicate"),
    CloseReason.LISTING_WITHDRAWN: Label("供需信息已撤回", "Listing withdrawn"),
}
NO_CODE_NEEDED = frozenset({CloseReason.COMPLETED, CloseReason.EXPIRED, CloseReason.DUPLICATE})

R = ReasonCode
REASON_CODES = {
    R.TOO_EARLY: Label("成熟度不够", "Too early"),
    R.NO_CLEAR_ADVANTAGE: Label("优势不明显", "No clear advantage"),
    R.NO_COMMERCIAL_ROUTE: Label("看不到商业化路径", "No commercial route"),
    R.DESCRIPTION_UNCLEAR: Label("描述不清楚", "Description unclear"),
    R.SCIENTIFIC_DOUBT: Label("对技术原理存疑", "Scientific doubt"),
    R.NOT_OUR_FIELD: Label("不是我们的领域", "Not our field"),
    R.ALREADY_HAVE_SOLUTION: Label("已有解决方案", "Already have a solution"),
    R.BUDGET: Label("预算不足", "Budget"),
    R.IP_POSITION: Label("知识产权状况不合适", "Intellectual-property position"),
    R.TERMS: Label("合作条件谈不拢", "Terms"),
    R.COMPETITOR_CONFLICT: Label("与竞争对手有冲突", "Conflict with a competitor"),
    R.TIMING: Label("时机不合适", "Timing"),
    R.NO_RESPONSE: Label("没有回应", "No response"),
    R.OTHER: Label("其他（请写明）", "Other (please say)"),
}

ORIGINS = {
    Origin.SEARCH: Label("搜索", "Search"),
    Origin.MATCH: Label("匹配", "Match"),
    Origin.BROKER: Label("技术经理人", "Broker"),
    Origin.EVENT: Label("活动", "Event"),
    Origin.BROADCAST: Label("需求推送", "Broadcast"),
}

SIDES = {Side.NEED: Label("需求方", "Need side"), Side.RESULT: Label("成果方", "Result side")}

OWES = {
    Owes.BROKER: Label("技术经理人", "The broker"),
    Owes.NEED: Label("需求方", "The need side"),
    Owes.RESULT: Label("成果方", "The result side"),
    Owes.BOTH: Label("双方", "Both sides"),
    Owes.NOBODY: Label("无", "Nobody"),
}

REMINDED = {
    "owes": Label("负责下一步的一方", "Who owes the step"), "broker": Label("技术经理人", "The broker"),
    "operators": Label("运营人员", "The operators"),
}
"""Whom a reminder goes to: due.To."""

CONFIRMED = {Confirmed.SIGNED: Label("合同", "Contract"), Confirmed.OUTCOME: Label("成效", "Outcome")}

CHECKLIST = {
    "real_request": Label("意向真实、具体，三个问题都答到了", "The interest is real and specific; all three questions are answered"),
    "fits": Label("成果确实可能解决这项需求", "The result could plausibly answer the need"),
    "authority": Label("提出人能代表机构洽谈", "The person may speak for the organisation"),
    "no_conflict": Label("不存在竞争、排除或利益冲突", "No competitor, exclusion or conflict of interest stands against it"),
}
"""What the broker makes sure of before taking a case on."""
