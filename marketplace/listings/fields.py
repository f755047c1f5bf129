"""Every field of a listing, declared once: forms, completeness, import and export headings, the JSON shapes,
the comparison of versions and what each tier may read all follow from this table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from marketplace.listings import vocabulary as words
from marketplace.listings.models import Kind, Listing
from marketplace.phrases import Label

BOTH = frozenset(Kind)
RESULT = frozenset({Kind.RESULT})
NEED = frozenset({Kind.NEED})


class Shape(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    CHOICES = "choices"
    TAGS = "tags"
    WHOLE_NUMBER = "whole_number"
    MONEY = "money"
    DAY = "day"
    FLAG = "flag"
    REGION = "region"
    INDUSTRY = "industry"
    IP_ROWS = "ip_rows"
    """A list of {type, number, status, territory, co_owners}; co_owners is a list of {name, share in %}."""


class Section(StrEnum):
    """The parts of the form, in order."""

    WHAT = "what"
    SUBSTANCE = "substance"
    MATURITY = "maturity"
    TERMS = "terms"
    CONFIDENTIAL = "confidential"
    ADMINISTRATION = "administration"


SECTIONS = {
    Section.WHAT: Label("是什么", "What it is"),
    Section.SUBSTANCE: Label("具体内容", "The substance"),
    Section.MATURITY: Label("成熟度与知识产权", "Readiness and intellectual property"),
    Section.TERMS: Label("合作条件", "Terms"),
    Section.CONFIDENTIAL: Label("保密内容", "Confidential"),
    Section.ADMINISTRATION: Label("管理信息", "Administration"),
}


@dataclass(frozen=True)
class Field:
    name: str
    label: Label
    shape: Shape
    section: Section
    kinds: frozenset[Kind] = BOTH
    required: bool = False
    """Needed to submit, not to save a draft."""
    tier: int = 1
    """Who may read it; `confidential` alone has its tier in the row."""
    column: bool = False
    """A column of the table; otherwise a key of `details`."""
    review_again: bool = False
    """A change to it after publication goes to review."""
    longest: int = 5_000
    """Characters of a text, entries of a list."""
    weight: int = 1
    """Share in the completeness score."""
    choices: Mapping[str, Label] | None = None
    hint: Label | None = None
    """What a reviewer looks for here."""

    def of(self, kind: Kind) -> bool:
        return kind in self.kinds

    def choices_for(self, kind: Kind) -> Mapping[str, Label]:
        if self.name == "subtype":
            return words.RESULT_SUBTYPES if kind is Kind.RESULT else words.NEED_SUBTYPES
        return self.choices or {}


WHAT, SUBSTANCE, MATURITY = Section.WHAT, Section.SUBSTANCE, Section.MATURITY
TERMS, CONFIDENTIAL, ADMINISTRATION = Section.TERMS, Section.CONFIDENTIAL, Section.ADMINISTRATION

FIELDS: tuple[Field, ...] = (
    Field("title", Label("标题", "Title"), Shape.TEXT, WHAT, required=True, tier=0, column=True, review_again=True, longest=300, weight=3,
          hint=Label("说清对象与效果，例如“用于储能电站的阻燃电解液”", "Name the object and its effect, e.g. “Flame-retardant electrolyte for storage plants”")),
    Field("subtype", Label("类别", "Type"), Shape.CHOICE, WHAT, required=True, tier=0, column=True),
    Field("summary", Label("公开摘要", "Public summary"), Shape.LONG_TEXT, WHAT, required=True, tier=0, column=True, review_again=True, longest=500, weight=3,
          hint=Label("所有人可见，不超过 500 字，不写保密内容", "Everybody reads this: at most 500 characters, nothing confidential")),
    Field("keywords", Label("关键词", "Keywords"), Shape.TAGS, WHAT, required=True, tier=0, column=True, longest=20, weight=2,
          hint=Label("对方会用哪些词来搜索？用顿号、逗号或分号分隔", "Which words would the other side search for? Separate them with commas or semicolons")),
    Field("field", Label("战略性新兴产业领域", "Emerging-industry field"), Shape.CHOICE, WHAT, required=True, tier=0, column=True, choices=words.FIELDS),
    Field("industry", Label("国民经济行业", "Industry"), Shape.INDUSTRY, WHAT, tier=0, column=True,
          hint=Label("GB/T 4754 门类或大类", "A section or division of GB/T 4754")),
    Field("ipc", Label("国际专利分类", "IPC"), Shape.TAGS, WHAT, tier=0, column=True, longest=10,
          hint=Label("例如 H01M 10/0567", "For example H01M 10/0567")),
    Field("region", Label("地区", "Region"), Shape.REGION, WHAT, required=True, tier=0, column=True),
    Field("problem", Label("解决的问题", "Problem solved"), Shape.LONG_TEXT, SUBSTANCE, RESULT, required=True, weight=3,
          hint=Label("谁在什么场合遇到什么困难？", "Who meets which difficulty, and where?")),
    Field("how_it_works", Label("技术原理", "How it works"), Shape.LONG_TEXT, SUBSTANCE, RESULT, required=True, longest=60_000, weight=2),
    Field("advantage", Label("相对领先方案的优势", "Advantage over the leading alternative"), Shape.LONG_TEXT, SUBSTANCE, RESULT, required=True, weight=4,
          hint=Label("与目前最好的做法相比好多少？请写数字", "How much better than the best alternative today? Give numbers")),
    Field("indicators", Label("性能指标", "Performance indicators"), Shape.LONG_TEXT, SUBSTANCE, RESULT, required=True, weight=3,
          hint=Label("指标、数值、测试条件", "Indicator, value, test conditions")),
    Field("situation", Label("现状", "Situation"), Shape.LONG_TEXT, SUBSTANCE, NEED, required=True, longest=60_000, weight=3,
          hint=Label("现在怎么做？哪里不行？", "How is it done today, and what fails?")),
    Field("outcome", Label("期望结果", "Desired outcome"), Shape.LONG_TEXT, SUBSTANCE, NEED, required=True, weight=3),
    Field("targets", Label("可衡量的目标", "Measurable targets"), Shape.LONG_TEXT, SUBSTANCE, NEED, required=True, weight=4,
          hint=Label("达到什么数值算成功？", "Which figures would mean success?")),
    Field("tried", Label("已尝试的办法", "Already tried"), Shape.LONG_TEXT, SUBSTANCE, NEED, weight=2),
    Field("constraints", Label("约束条件", "Constraints"), Shape.LONG_TEXT, SUBSTANCE, NEED, weight=2,
          hint=Label("成本、标准、环境", "Cost, standards, environment")),
    Field("trl", Label("技术就绪度", "Technology readiness level"), Shape.WHOLE_NUMBER, MATURITY, RESULT, required=True, tier=0, column=True, review_again=True, weight=2,
          hint=Label("1–9，GB/T 22900", "1–9, GB/T 22900")),
    Field("trl_evidence", Label("就绪度依据", "Evidence for the readiness level"), Shape.LONG_TEXT, MATURITY, RESULT, required=True, weight=2,
          hint=Label("何时、何地、达到什么规模？", "When, where, at what scale?")),
    Field("ip", Label("知识产权", "Intellectual property"), Shape.IP_ROWS, MATURITY, RESULT, review_again=True, longest=50, weight=2),
    Field("trl_min", Label("可接受的最低就绪度", "Lowest acceptable readiness level"), Shape.WHOLE_NUMBER, MATURITY, NEED, tier=0, column=True),
    Field("trl_max", Label("可接受的最高就绪度", "Highest acceptable readiness level"), Shape.WHOLE_NUMBER, MATURITY, NEED, tier=0, column=True),
    Field("modes", Label("合作方式", "Transfer modes"), Shape.CHOICES, TERMS, required=True, tier=0, column=True, choices=words.MODES, longest=7),
    Field("exclusivity", Label("许可排他性", "Exclusivity"), Shape.CHOICE, TERMS, RESULT, required=True, choices=words.EXCLUSIVITY),
    Field("territory", Label("许可地域", "Territory"), Shape.TEXT, TERMS, RESULT, longest=200,
          hint=Label("空白表示不限", "Blank means not limited")),
    Field("price_kind", Label("报价方式", "Price"), Shape.CHOICE, TERMS, RESULT, required=True, tier=0, column=True, review_again=True, choices=words.PRICE_KINDS),
    Field("price_amount", Label("金额", "Amount"), Shape.MONEY, TERMS, RESULT, tier=0, column=True, review_again=True,
          hint=Label("参考价和底价须填；可写“80万元”", "Needed for an indicative or floor price; “80万元” is understood")),
    Field("price_currency", Label("币种", "Currency"), Shape.CHOICE, TERMS, RESULT, tier=0, column=True, review_again=True, choices=words.CURRENCIES),
    Field("collaboration", Label("我们希望如何合作", "How we would work with you"), Shape.LONG_TEXT, TERMS, RESULT, required=True, weight=2),
    Field("partner_sought", Label("期望的合作方", "Partner sought"), Shape.LONG_TEXT, TERMS, RESULT),
    Field("budget_band", Label("预算", "Budget"), Shape.CHOICE, TERMS, NEED, required=True, tier=0, column=True, review_again=True, choices=words.BUDGET_BANDS),
    Field("deadline", Label("截止日期", "Deadline"), Shape.DAY, TERMS, NEED, tier=0, column=True),
    Field("preferred_partner", Label("意向合作方", "Preferred partner"), Shape.LONG_TEXT, TERMS, NEED),
    Field("region_limits", Label("地域要求", "Region limits"), Shape.TEXT, TERMS, NEED, longest=200),
    Field("criteria", Label("如何评价方案", "How answers will be judged"), Shape.LONG_TEXT, TERMS, NEED, weight=2),
    Field("confidential", Label("保密内容", "Confidential detail"), Shape.LONG_TEXT, CONFIDENTIAL, tier=2, column=True, review_again=True, longest=20_000, weight=0),
    Field("confidential_tier", Label("保密内容何时可见", "Who reads the confidential detail"), Shape.CHOICE, CONFIDENTIAL, column=True, review_again=True, weight=0,
          choices={str(tier): label for tier, label in words.CONFIDENTIAL_TIERS.items()}),
    Field("anonymous", Label("匿名发布", "Anonymous"), Shape.FLAG, CONFIDENTIAL, tier=0, column=True, weight=0,
          hint=Label("对接前不显示机构名称", "The organisation is not named before an introduction")),
    Field("language", Label("原文语言", "Language of origin"), Shape.CHOICE, ADMINISTRATION, tier=0, column=True, weight=0, choices=words.LANGUAGES),
    Field("valid_until", Label("有效期至", "Valid until"), Shape.DAY, ADMINISTRATION, tier=0, column=True, weight=0,
          hint=Label("空白：成果 12 个月，需求 6 个月", "Blank: 12 months for a result, 6 for a need")),
    Field("source", Label("来源", "Source"), Shape.TEXT, ADMINISTRATION, column=True, longest=200, weight=0),
    Field("external_id", Label("外部编号", "External id"), Shape.TEXT, ADMINISTRATION, column=True, longest=200, weight=0,
          hint=Label("您系统中的编号；再次导入时据此更新", "The number in your own system; importing again updates by it")),
)

BY_NAME = {field.name: field for field in FIELDS}


def fields_of(kind: Kind) -> tuple[Field, ...]:
    return tuple(field for field in FIELDS if field.of(kind))


def value(listing: Listing, name: str) -> Any:
    """What the listing says in a field: a column's value, or the entry in `details`, None when absent."""
    return getattr(listing, name) if BY_NAME[name].column else listing.details.get(name)


def is_empty(given: object) -> bool:
    return given is None or given == "" or given == []


def tier_of(field: Field, listing: Listing) -> int:
    """The tier at which this listing shows the field."""
    return listing.confidential_tier if field.name == "confidential" else field.tier
