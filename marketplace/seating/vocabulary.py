"""What parts of a seating's worth, its states and hosts' notes are called."""

from __future__ import annotations

from marketplace.phrases import Label
from marketplace.seating.meeting_slots import WhyNot
from marketplace.seating.models import NoteKind, PlanState

PARTS = {
    "fit": Label("供需匹配", "supply and demand fit"),
    "served": Label("遇到合适对象的人", "people with a good counterpart"),
    "wishes": Label("想见的人", "wishes to meet"),
    "stayed": Label("不换桌", "people who stay where they sit"),
    "repeats": Label("以前同桌过", "have sat together before"),
    "leads": Label("缺少主持", "table without a host or broker"),
    "balance": Label("同类机构扎堆", "too many of one kind"),
    "evenness": Label("各桌人数不均", "uneven tables"),
    "broken": Label("违反规则", "rules broken"),
}
"""By the names of problem.Value's parts."""

STATES = {
    PlanState.DRAFT: Label("草稿", "Draft"),
    PlanState.PUBLISHED: Label("已公布", "Published"),
}

NOTES = {
    NoteKind.SAID: Label("谈到的情况", "What was said"),
    NoteKind.AGREED: Label("约定的下一步", "A next step they agreed on"),
    NoteKind.ASKED: Label("向部门或园区提出的问题", "A question for the authorities or the park"),
}

WHY_NO_TALK = {
    WhyNot.REFUSED: Label("其中一方不便见面", "one of them does not wish it, or an exclusion stands against it"),
    WhyNot.OWN_ORGANISATION: Label("两人属于同一机构", "they are of one organisation"),
    WhyNot.NOT_HERE: Label("对方不参加", "the other does not come"),
    WhyNot.NO_COMMON_TIME: Label("没有共同的空闲时段", "they have no time in common"),
    WhyNot.FULL: Label("时段或洽谈位已排满", "their times or the places are full"),
}
