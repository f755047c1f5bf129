"""Which column of somebody's spreadsheet is which field: guessed from Chinese and English headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from unicodedata import normalize

from rapidfuzz import fuzz

from marketplace.errors import Invalid
from marketplace.listings.fields import BY_NAME, Field, Shape, fields_of
from marketplace.listings.models import Kind
from marketplace.phrases import say

IMPORTED = frozenset(BY_NAME) - {"source"}
"""`source` is one value for a whole file, not a column people have."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "title": (
        "成果名称",
        "项目名称",
        "需求名称",
        "技术名称",
        "名称",
        "题目",
        "name",
        "project title",
        "technology name",
    ),
    "subtype": ("成果类型", "需求类型", "类型", "种类", "type of result", "type of need"),
    "summary": (
        "摘要",
        "简介",
        "成果简介",
        "需求简介",
        "项目简介",
        "概述",
        "abstract",
        "description",
        "teaser",
        "brief",
    ),
    "keywords": ("关键字", "标签", "keyword", "key words", "tags"),
    "field": ("领域", "技术领域", "产业领域", "所属领域", "战新领域", "technology field", "emerging industry", "area"),
    "industry": ("行业", "所属行业", "应用行业", "行业分类", "sector"),
    "ipc": ("ipc分类号", "专利分类号", "ipc code", "ipc class"),
    "region": ("所在地", "所在地区", "省市", "城市", "location", "city", "province"),
    "problem": ("拟解决的问题", "痛点", "应用场景", "problem", "problem addressed"),
    "how_it_works": ("技术方案", "技术内容", "技术路线", "实现方法", "technical approach", "approach", "method"),
    "advantage": ("优势", "技术优势", "创新点", "先进性", "advantages", "innovation", "benefit"),
    "indicators": ("技术指标", "主要指标", "性能参数", "performance", "specifications", "key indicators"),
    "situation": (
        "需求背景",
        "背景",
        "现状与问题",
        "问题描述",
        "需求描述",
        "background",
        "current situation",
        "problem description",
    ),
    "outcome": ("预期目标", "期望成果", "预期成果", "expected outcome", "objective", "goal"),
    "targets": (
        "技术指标要求",
        "目标指标",
        "考核指标",
        "指标要求",
        "target values",
        "requirements",
        "acceptance targets",
    ),
    "tried": ("已开展工作", "前期工作", "work so far"),
    "constraints": ("限制条件", "约束", "limits"),
    "trl": ("成熟度", "技术成熟度", "trl", "readiness level", "maturity"),
    "trl_evidence": ("成熟度说明", "成熟度依据", "trl evidence"),
    "ip": ("专利", "专利情况", "知识产权情况", "专利号", "patents", "patent", "ip"),
    "trl_min": ("最低成熟度", "最低就绪度", "trl min", "minimum trl"),
    "trl_max": ("最高成熟度", "最高就绪度", "trl max", "maximum trl"),
    "modes": ("转化方式", "转让方式", "合作模式", "拟合作方式", "cooperation mode", "modes", "mode of transfer"),
    "exclusivity": ("独占性", "许可类型", "licence type"),
    "price_kind": ("价格类型", "定价方式", "price type"),
    "price_amount": ("价格", "转让价格", "报价", "price amount", "asking price"),
    "price_currency": ("货币", "currency"),
    "collaboration": ("合作设想", "合作需求", "how to work together", "collaboration"),
    "budget_band": ("预算金额", "预算区间", "拟投入资金", "投入预算", "budget band"),
    "deadline": ("截止时间", "需求截止日期", "due date", "closing date"),
    "valid_until": ("有效期", "到期日", "expiry date", "expires"),
    "external_id": ("编号", "成果编号", "需求编号", "项目编号", "序号", "id", "number", "no", "record id"),
    "confidential": ("保密信息", "不公开内容", "confidential"),
    "anonymous": ("是否匿名", "匿名"),
    "language": ("语言",),
}
SURE = 88
"""rapidfuzz ratio from which a heading that is not exactly known is taken for a field's."""


def guess(kind: Kind, columns: Sequence[str]) -> dict[str, str]:
    """field name -> column, for the columns that are recognised; each column serves one field at most."""
    known = {name: field for field in fields_of(kind) for name in _names_of(field) if field.name in IMPORTED}
    mapping: dict[str, str] = {}
    left = list(columns)
    for column in columns:
        field = known.get(_folded(column))
        if field and field.name not in mapping:
            mapping[field.name] = column
            left.remove(column)
    for column in left:
        scored = ((fuzz.ratio(_folded(column), name), field) for name, field in known.items() if len(name) > 3)
        score, field = max(scored, key=lambda pair: pair[0], default=(0.0, None))
        if field and score >= SURE and field.name not in mapping:
            mapping[field.name] = column
    return mapping


def checked_mapping(kind: Kind, columns: Iterable[str], asked: Mapping[str, str]) -> dict[str, str]:
    """The mapping a person asked for (field -> column). Raises Invalid for a field or a column that is not there."""
    present = list(columns)
    folded = {_folded(column): column for column in present}
    mapping: dict[str, str] = {}
    for name, column in asked.items():
        field = field_named(kind, name)
        found = column if column in present else folded.get(_folded(column))
        if found is None:
            raise Invalid(
                {
                    "map": say(
                        "{field}={column}: the file has no column “{column}”. Its columns: {columns}.",
                        field=name,
                        column=column,
                        columns=", ".join(present[:40]),
                    )
                }
            )
        mapping[field.name] = found
    return mapping


def field_named(kind: Kind, name: str) -> Field:
    """The field by its name or its label in either language; raises Invalid with those there are."""
    wanted = _folded(name)
    for field in fields_of(kind):
        if field.name in IMPORTED | {"source"} and wanted in {
            _folded(n) for n in (field.name, field.label.zh, field.label.en)
        }:
            return field
    raise Invalid(
        {
            "map": say(
                "There is no field “{name}”. The fields: {fields}.",
                name=name,
                fields=", ".join(f.name for f in fields_of(kind)),
            )
        }
    )


def column_headings(kind: Kind, language: str) -> dict[str, str]:
    """field name -> heading, in the order of templates and exports."""
    chosen = [field for field in fields_of(kind) if field.name in IMPORTED]
    return {
        field.name: field.label.in_language(language) for field in sorted(chosen, key=lambda f: f.name != "external_id")
    }


def note_for(field: Field, kind: Kind, language: str) -> str:
    """What the template's comment says of a column: is it needed, what may stand in it."""
    parts = []
    if field.required:
        parts.append("必填" if language == "zh" else "Needed")
    if field.hint:
        parts.append(field.hint.in_language(language))
    choices = field.choices_for(kind)
    if choices:
        parts.append(" / ".join(label.in_language(language) for label in choices.values()))
    if field.shape is Shape.DAY:
        parts.append("2026-11-23")
    return "\n".join(parts)


def _names_of(field: Field) -> set[str]:
    return {_folded(n) for n in (field.name, field.label.zh, field.label.en, *ALIASES.get(field.name, ()))}


def _folded(heading: str) -> str:
    """Headings differ in case, width, spaces, stars for "needed" and remarks in brackets."""
    text = re.sub(r"[(（\[【].*?[)）\]】]", "", normalize("NFKC", heading).casefold())
    return re.sub(r"[\s_*:：\-]+", "", text)
