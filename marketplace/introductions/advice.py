"""What could be mended in a listing when others say no: by reason, with the field of the edit form it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.introductions.models import ReasonCode
from marketplace.listings.models import Kind
from marketplace.phrases import Label

R = ReasonCode


@dataclass(frozen=True)
class Advice:
    says: Label
    field: str | None = None
    """Of the edit form; None where no field mends it."""


ADVICE: Mapping[Kind, Mapping[ReasonCode, Advice]] = {
    Kind.RESULT: {
        R.TOO_EARLY: Advice(Label(
            "写清做到了哪一步：何时、何地、多大规模，离试用还差什么",
            "Say how far it is: when, where, at what scale, and what a trial still lacks"), "trl_evidence"),
        R.NO_CLEAR_ADVANTAGE: Advice(Label(
            "与对方现在的做法比，好多少？写出数字和对比条件",
            "How much better than what they do today? Give figures and conditions"), "advantage"),
        R.NO_COMMERCIAL_ROUTE: Advice(Label(
            "说明怎样合作、谁来做、几个月见样品",
            "Say how you would work together, who does it, when there is a sample"), "collaboration"),
        R.DESCRIPTION_UNCLEAR: Advice(Label(
            "摘要先说解决什么问题，再说原理；少用缩写",
            "Let the summary say first which problem it solves; avoid abbreviations"), "summary"),
        R.SCIENTIFIC_DOUBT: Advice(Label(
            "补上指标的测试条件、第三方报告或论文",
            "Add test conditions, a third party's report or a paper to the indicators"), "indicators"),
        R.NOT_OUR_FIELD: Advice(Label(
            "检查关键词和领域，别让不相干的人找到它",
            "Check keywords and field, so that the right people find it"), "keywords"),
        R.ALREADY_HAVE_SOLUTION: Advice(Label(
            "写明哪些场合现有方案做不到、而它做得到",
            "Say where today's solutions fail and this one does not"), "advantage"),
        R.BUDGET: Advice(Label(
            "给出参考价，或写明可先小规模试用",
            "Give an indicative price, or offer a small trial first"), "price_kind"),
        R.IP_POSITION: Advice(Label(
            "列出权利人、状态与地域，共有的写明份额",
            "List owners, status and territory, and the shares of co-owners"), "ip"),
        R.TERMS: Advice(Label(
            "放宽合作方式或排他性，写明可以商量的地方",
            "Widen modes or exclusivity; say what is open to discussion"), "modes"),
        R.COMPETITOR_CONFLICT: Advice(Label(
            "可以设置不向哪些机构展示",
            "You can choose organisations it is hidden from")),
        R.TIMING: Advice(Label(
            "写明何时可以开始、多久见效",
            "Say when it could begin and when it shows effect"), "collaboration"),
        R.NO_RESPONSE: Advice(Label(
            "检查联系人是否还在岗、通知是否开着，尽快答复",
            "Check that the contact is still there and notices are on; answer soon")),
        R.OTHER: Advice(Label(
            "看看对方的说明",
            "Read what they wrote")),
    },
    Kind.NEED: {
        R.TOO_EARLY: Advice(Label(
            "想清楚能接受的最低就绪度",
            "Think over the lowest readiness level you accept"), "trl_min"),
        R.NO_CLEAR_ADVANTAGE: Advice(Label(
            "写明达到什么数值才算成功，现在是多少",
            "Say which figures mean success, and what they are today"), "targets"),
        R.NO_COMMERCIAL_ROUTE: Advice(Label(
            "写明预算和解决后的用量，让对方看到值得做",
            "Say the budget and the volume, so that it is seen to be worth it"), "budget_band"),
        R.DESCRIPTION_UNCLEAR: Advice(Label(
            "写现象、条件和数字；可请经理人一起梳理",
            "Write symptom, conditions and figures; a broker can refine it with you"), "situation"),
        R.SCIENTIFIC_DOUBT: Advice(Label(
            "写明试过什么、为什么不行",
            "Say what was tried and why it failed"), "tried"),
        R.NOT_OUR_FIELD: Advice(Label(
            "检查关键词和领域",
            "Check keywords and field"), "keywords"),
        R.ALREADY_HAVE_SOLUTION: Advice(Label(
            "写明现有方案哪里不够",
            "Say where today's solutions fall short"), "tried"),
        R.BUDGET: Advice(Label(
            "公开预算区间，或分期合作",
            "Show a budget band, or work in steps"), "budget_band"),
        R.IP_POSITION: Advice(Label(
            "写明能接受的权利安排",
            "Say which ownership you could accept"), "criteria"),
        R.TERMS: Advice(Label(
            "放宽合作方式",
            "Widen the modes of cooperation"), "modes"),
        R.COMPETITOR_CONFLICT: Advice(Label(
            "可以设置不向哪些机构展示",
            "You can choose organisations it is hidden from")),
        R.TIMING: Advice(Label(
            "检查截止日期是否太紧",
            "See whether the deadline is too close"), "deadline"),
        R.NO_RESPONSE: Advice(Label(
            "检查联系人是否还在岗、通知是否开着，尽快答复",
            "Check that the contact is still there and notices are on; answer soon")),
        R.OTHER: Advice(Label(
            "看看对方的说明",
            "Read what they wrote")),
    },
}
