"""The form for the registration office (技术合同登记表): its fields, and what the marketplace fills them with.

The fields are those that the instructions for the form (技术合同登记表填写说明) name; the form itself is in Chinese,
whatever language its page is in, because the office wants it so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marketplace import regions
from marketplace.contracts import form_words as words
from marketplace.introductions import agreements
from marketplace.introductions.models import Contract, Introduction, Side
from marketplace.listings import classifications
from marketplace.listings.models import Listing
from marketplace.listings.vocabulary import CONTRACT_TYPES, CURRENCIES
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label


class Shape(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    DAY = "day"
    MONEY = "money"


@dataclass(frozen=True)
class Case:
    """What the form is filled from."""

    introduction: Introduction
    contract: Contract

    def organisation(self, side: Side) -> Organisation:
        return self.introduction.listing_of(side).organisation

    @property
    def result(self) -> Listing:
        return self.introduction.result


@dataclass(frozen=True)
class Field:
    name: str
    label: Label
    known: Callable[[Case], Any] = lambda _: None
    """What the marketplace fills in; people may put something else in its place."""
    shape: Shape = Shape.TEXT
    needed: bool = True
    choices: Mapping[str, Label] | None = None
    hint: Label | None = None
    longest: int = 200
    wide: bool = False
    """Takes a whole line of the printed form."""
    of: Label | None = None
    """Whose it is, where two have one of the kind."""

    @property
    def whole_label(self) -> Label:
        """What tells it from all others."""
        if self.of is None or self.label.zh.startswith(self.of.zh):
            return self.label
        return Label(f"{self.of.zh}{self.label.zh}", f"{self.of.en}: {self.label.en}")


@dataclass(frozen=True)
class Section:
    title: Label
    fields: tuple[Field, ...]


def _party(side: Side, prefix: str, role: Label) -> Section:
    """Seller is who brings the result, buyer who has the need."""

    def of(attribute: str) -> Callable[[Case], Any]:
        return lambda case: getattr(case.organisation(side), attribute)

    def contact(attribute: str) -> Callable[[Case], Any]:
        return lambda case: getattr(case.introduction.listing_of(side).contact, attribute, None)

    kinds = words.LEGAL_KINDS
    fields = (
        Field(f"{prefix}_name", Label(f"{role.zh}名称", f"{role.en}'s name"), of("name"), wide=True),
        Field(f"{prefix}_credit_code", Label("统一社会信用代码", "Unified social credit code"), of("credit_code"),
              hint=Label("境外机构写“境外”", "For a foreign party write 境外")),
        Field(f"{prefix}_kind", Label("性质", "Legal kind"),
              lambda case: words.legal_kind(case.organisation(side).kind), Shape.CHOICE, choices=kinds),
        Field(f"{prefix}_region", Label("行政区划代码（国别）", "Region code, or country"), of("region"),
              hint=Label("GB/T 2260 六位代码；境外填国别", "Six digits of GB/T 2260; a country for foreign parties")),
        Field(f"{prefix}_address", Label("通讯地址", "Address"), wide=True, needed=False),
        Field(f"{prefix}_representative", Label("法定代表人", "Legal representative")),
        Field(f"{prefix}_contact", Label("项目联系人", "Contact for the project"), contact("name")),
        Field(f"{prefix}_phone", Label("联系电话", "Telephone"), contact("phone")),
        Field(f"{prefix}_email", Label("电子邮箱", "E-mail"), contact("email"), needed=False),
    )
    title = Label(f"{role.zh}信息", f"The {role.en.lower()}")
    return Section(title, tuple(replace(field, of=role) for field in fields))


def _further_parties(case: Case) -> str | None:
    own = {case.organisation(side).name for side in Side}
    codes = {case.organisation(side).credit_code for side in Side} - {None}
    others = [party.line for party in agreements.parties_of(case.contract.parties)
              if party.name not in own and party.credit_code not in codes]
    # A free text that names nobody we know names the two sides in its own way.
    return "；".join(others) if others and len(others) < len(agreements.parties_of(case.contract.parties)) else None


def _rights(case: Case) -> list[dict[str, Any]]:
    return case.result.details.get("ip") or []


def _subject(case: Case) -> str | None:
    summary = case.result.summary if case.result.language == "zh" else ""
    translated = next((t.summary for t in case.result.translations if t.language == "zh" and t.title), "")
    return (summary or translated or case.result.summary)[:1000] or None


def _title(case: Case) -> str:
    translated = next((t.title for t in case.result.translations if t.language == "zh" and t.title), None)
    title = case.result.title if case.result.language == "zh" else translated or case.result.title
    return f"{title}{CONTRACT_TYPES[case.contract.contract_type].zh}合同"


SECTIONS: tuple[Section, ...] = (
    Section(Label("合同", "The contract"), (
        Field("registration_no", Label("合同登记编号", "Registration number"), lambda c: c.contract.registration_no,
              needed=False, longest=16, hint=Label("由登记机构填写", "The registration office fills this in")),
        Field("project_name", Label("项目（合同）名称", "Project (contract) name"), _title, wide=True),
        Field("contract_type", Label("合同类别", "Type of contract"), lambda c: c.contract.contract_type, Shape.CHOICE,
              choices=CONTRACT_TYPES),
        Field("subtype", Label("合同细类", "Kind within the type"),
              lambda c: words.SUBTYPE_OF.get(c.contract.contract_type), Shape.CHOICE, choices=words.SUBTYPES),
        Field("signed_on", Label("合同签订日期", "Date of signing"), lambda c: c.contract.signed_on, Shape.DAY),
        Field("place", Label("签订地点", "Place of signing"), needed=False),
        Field("valid_from", Label("合同有效期自", "In force from"),
              lambda c: c.contract.valid_from or c.contract.signed_on, Shape.DAY),
        Field("valid_to", Label("合同有效期至", "In force until"), lambda c: c.contract.valid_to, Shape.DAY),
    )),
    _party(Side.RESULT, "seller", Label("卖方", "Seller")),
    _party(Side.NEED, "buyer", Label("买方", "Buyer")),
    Section(Label("其他当事人", "Others"), (
        Field("further_parties", Label("其他签约方", "Further parties"), _further_parties, needed=False, wide=True,
              longest=1_000),
        Field("agency", Label("中介方", "Intermediary"), needed=False),
        Field("broker", Label("技术经理人", "Broker"),
              lambda c: c.introduction.broker.name if c.introduction.broker else None, needed=False),
    )),
    Section(Label("技术", "The technology"), (
        Field("subject", Label("标的内容", "Subject matter"), _subject, Shape.LONG_TEXT, longest=1_000, wide=True),
        Field("technical_field", Label("技术领域", "Technical field"),
              lambda c: words.FIELD_OF.get(c.result.field or ""), Shape.CHOICE, choices=words.TECHNICAL_FIELDS),
        Field("ip_kind", Label("知识产权", "Intellectual property"),
              lambda c: words.ip_kind(row.get("type") for row in _rights(c)), Shape.CHOICE, choices=words.IP_KINDS),
        Field("ip_numbers", Label("知识产权编号", "Numbers of the rights"),
              lambda c: "、".join(str(row["number"]) for row in _rights(c) if row.get("number"))[:500] or None,
              needed=False, longest=500, wide=True),
        Field("programme", Label("项目（计划）来源", "Programme it comes from"), lambda _: "none", Shape.CHOICE,
              choices=words.PROGRAMMES),
        Field("objective", Label("社会经济目标", "Socio-economic objective"),
              lambda c: words.OBJECTIVE_OF.get(c.introduction.need.field or "", "industry"), Shape.CHOICE,
              choices=words.OBJECTIVES, hint=Label("GB/T 24450-2009", "GB/T 24450-2009")),
        Field("industry", Label("服务的国民经济行业", "Industry served"),
              lambda c: c.introduction.need.industry or c.result.industry, Shape.CHOICE,
              choices=classifications.INDUSTRIES, hint=Label("GB/T 4754-2017", "GB/T 4754-2017")),
    )),
    Section(Label("金额与履行", "Money and performance"), (
        Field("amount", Label("合同成交额（元）", "Contract amount"), lambda c: c.contract.amount, Shape.MONEY),
        Field("technology_amount", Label("其中：技术交易额（元）", "Technology amount within it"),
              lambda c: c.contract.technology_amount, Shape.MONEY,
              hint=Label("不含设备、仪器、原材料等非技术性费用", "Without equipment, instruments and material")),
        Field("currency", Label("币种", "Currency"), lambda c: c.contract.currency or "CNY", Shape.CHOICE,
              choices=CURRENCIES),
        Field("payment", Label("支付方式", "How it is paid"), shape=Shape.CHOICE, choices=words.PAYMENTS),
        Field("performance", Label("履行方式", "How it is performed"),
              lambda c: words.PERFORMANCE_OF.get(c.contract.contract_type), Shape.LONG_TEXT, longest=500, wide=True),
        Field("acceptance", Label("验收标准和方式", "How it is accepted"), shape=Shape.LONG_TEXT, needed=False,
              longest=500, wide=True),
        Field("related", Label("是否关联交易", "Between related parties"), lambda _: "no", Shape.CHOICE,
              choices=words.YES_NO),
    )),
)
FIELDS: dict[str, Field] = {field.name: field for section in SECTIONS for field in section.fields}
ROLES = {Side.RESULT: "seller", Side.NEED: "buyer"}


def known(case: Case) -> dict[str, Any]:
    """What the marketplace fills in by itself."""
    return {name: value for name, field in FIELDS.items() if (value := field.known(case)) not in (None, "")}


def missing(values: Mapping[str, Any]) -> list[Field]:
    """The fields that the office will ask for."""
    return [field for name, field in FIELDS.items() if field.needed and values.get(name) in (None, "")]


def printed(field: Field, value: Any) -> str:
    """A value as it stands in the form, in Chinese."""
    if value in (None, ""):
        return ""
    if field.choices is not None:
        label = field.choices.get(str(value))
        text = label.zh if label else str(value)
        return f"{value} {text}" if field.name == "industry" and label else text
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    if field.name.endswith("_region"):
        return f"{value} {regions.name(str(value), 'zh')}".strip()
    return str(value)


def to_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value


def from_json(field: Field, value: Any) -> Any:
    if value in (None, ""):
        return None
    if field.shape is Shape.DAY:
        return date.fromisoformat(value)
    return Decimal(value) if field.shape is Shape.MONEY else value
