"""The words of contracts and what follows from them, in both languages."""

from __future__ import annotations

from marketplace.contracts.models import Answer, StepKind, StepState, SurveyKind
from marketplace.phrases import Label

STEP_KINDS = {StepKind.MILESTONE: Label("里程碑", "Milestone"), StepKind.PAYMENT: Label("付款", "Payment")}
STEP_STATES = {
    StepState.PLANNED: (Label("未到期", "Planned"), "quiet"),
    StepState.OVERDUE: (Label("逾期", "Overdue"), "waiting"),
    StepState.DONE: (Label("已完成", "Done"), "good"),
    StepState.CANCELLED: (Label("已取消", "Cancelled"), "quiet"),
}
PAID = Label("已到账", "Received")
SURVEYS = {
    SurveyKind.SIX_MONTHS: Label("履约 6 个月回访", "Survey 6 months after work began"),
    SurveyKind.TWELVE_MONTHS: Label("落地 12 个月回访", "Survey 12 months after first use"),
}
ANSWERS = {
    Answer.IN_USE: Label("已投入使用", "In use"),
    Answer.UNDER_WAY: Label("仍在推进", "Still under way"),
    Answer.STOPPED: Label("已停止", "Stopped"),
}
SATISFACTION = {
    5: Label("5 非常满意", "5 Very satisfied"),
    4: Label("4 满意", "4 Satisfied"),
    3: Label("3 一般", "3 Neither"),
    2: Label("2 不满意", "2 Dissatisfied"),
    1: Label("1 很不满意", "1 Very dissatisfied"),
}
ROLES = (Label("卖方", "Seller"), Label("买方", "Buyer"), Label("其他签约方", "Further party"))
