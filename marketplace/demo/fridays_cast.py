"""A hundred and twenty organisations that meet on Fridays: who they are, what they need, what they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pypinyin import lazy_pinyin

from marketplace.accounts import accepting, texts
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.demo.people import PASSWORD, password_hash
from marketplace.demo.timeline import Timeline, World, rows
from marketplace.listings import service as listings
from marketplace.listings.content import validate_content
from marketplace.listings.models import Kind
from marketplace.organisations import service as organisations
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import MembershipClass

HOUSES = 10
"""Organisations of one theme: five companies, three institutes, two that serve or finance them."""
COMPANIES, INSTITUTES = 5, 3
STEWARDS = ("erin", "grace")
MEMBERSHIP = {OrganisationKind.INSTITUTE: MembershipClass.FOUNDING, OrganisationKind.COMPANY: MembershipClass.ORDINARY}


@dataclass
class Member:
    """An organisation of the Fridays with the person who comes for it."""

    number: int
    theme: dict[str, Any]
    row: dict[str, Any]
    name: str
    pairs: list[dict[str, Any]] = field(default_factory=list)
    """Of the theme's needs and results those that are theirs."""

    @property
    def key(self) -> str:
        return f"friday-{self.number}"

    @property
    def place(self) -> int:
        """Of the theme among the themes."""
        return (self.number - 1) // HOUSES

    @property
    def kind(self) -> OrganisationKind:
        return OrganisationKind(self.row["kind"])

    @property
    def email(self) -> str:
        return f"guest{self.number:03}@fridays.example"

    @property
    def has_need(self) -> bool:
        return self.kind is OrganisationKind.COMPANY

    def listing(self, pair: dict[str, Any]) -> str:
        return f"{self.key}-{self.theme['pairs'].index(pair)}"


def members() -> Iterator[Member]:
    """In the order of the themes; the result that answers a company's need is at one of the theme's institutes."""
    told = rows("fridays")
    for number, name in zip(range(len(told["themes"]) * HOUSES), told["people"], strict=False):
        theme, place = told["themes"][number // HOUSES], number % HOUSES
        one = Member(number + 1, theme, theme["organisations"][place], name)
        if place < COMPANIES:
            one.pairs = [theme["pairs"][place]]
        elif place < COMPANIES + INSTITUTES:
            one.pairs = [pair for n, pair in enumerate(theme["pairs"]) if n // 2 == place - COMPANIES]
        yield one


def plan(timeline: Timeline, world: World, joined: datetime) -> None:
    """They come for the Fridays, on one day; what they need and have they write in the week after."""
    for one in members():
        moment = joined + timedelta(minutes=7 * one.number)
        timeline.add(moment, partial(_join, world, one))
        for n, pair in enumerate(one.pairs):
            timeline.add(moment + timedelta(days=2 + one.number % 9, minutes=n), partial(_offer, world, one, pair))


def _join(world: World, one: Member) -> None:
    person = accounts.create(one.email, one.name, PASSWORD, language="zh", password_hash=password_hash())
    accepting.accept(person, texts.latest())
    world.people[one.key] = person
    slug = "-".join(lazy_pinyin(one.row["name"][:2])) + f"-{one.number}"
    made = organisations.create(
        person, kind=one.kind, name=one.row["name"], name_en=one.row["name_en"], slug=slug, credit_code=None,
        region=one.row["region"], about=f"{one.theme['title']}领域的{'科研院所' if not one.has_need else '企业'}，"
        "经常参加“周五见”活动。" if one.pairs else f"为{one.theme['title']}领域的企业和院所提供专业服务。",
        about_en=f"Works in {one.theme['title_en'].lower()} and comes to the Fridays.", website=None,
    )
    operator = world.people["erin"]
    organisations.verify(operator, made)
    steward = world.people[STEWARDS[one.number % 2]].id if one.has_need else None
    organisations.place(operator, made, membership=MEMBERSHIP.get(one.kind, MembershipClass.GUEST), steward_id=steward)
    world.organisations[one.key] = made


def _offer(world: World, one: Member, pair: dict[str, Any]) -> None:
    kind = Kind.NEED if one.has_need else Kind.RESULT
    raw, person = (_need if one.has_need else _result)(one, pair), world.people[one.key]
    content, errors = validate_content(kind, raw)
    if errors:
        raise ValueError(f"{one.key}: {errors}")
    listing = listings.create(person, world.organisations[one.key], kind, content)
    what = "need_en" if one.has_need else "result_en"
    listings.set_translation(person, listing, "en", {
        "title": pair[what], "summary": f"{pair[what]}. {one.theme['title_en']}: brought to the Fridays for talks at "
        "the table.", "keywords": pair["keywords_en"],
    })
    listings.submit(person, listing)
    listings.publish(reviewer(world, one.number), listing)
    world.listings[one.listing(pair)] = listing


def reviewer(world: World, number: int) -> User:
    return world.people[("dana", "felix", "erin", "grace")[number % 4]]


def _either(one: Member, pair: dict[str, Any]) -> dict[str, Any]:
    theme = one.theme
    return {"language": "zh", "keywords": pair["keywords"], "field": theme["field"], "industry": theme["industry"],
            "region": one.row["region"], "modes": ["development", "licence", "service"], "anonymous": False}


def _need(one: Member, pair: dict[str, Any]) -> dict[str, Any]:
    return {
        **_either(one, pair), "subtype": "improvement", "title": pair["need"],
        "summary": f"{pair['need']}。求能在现有产线上验证的方案，目标：{pair['target']}。",
        "situation": f"目前的做法达不到要求：{pair['need']}。已在本单位产线上积累一年数据，可供合作方使用。",
        "outcome": f"六个月内在一条产线上稳定达到：{pair['target']}。",
        "targets": f"{pair['target']}；连续运行 30 天。", "budget_band": "1m_to_5m",
        "criteria": "以现场试用结果为准。", "trl_min": 5, "trl_max": 9,
    }


def _result(one: Member, pair: dict[str, Any]) -> dict[str, Any]:
    return {
        **_either(one, pair), "subtype": "technology", "title": pair["result"],
        "summary": f"{pair['result']}：{pair['advantage']}。可提供样件或现场测试。",
        "problem": f"企业常见的难题：{pair['need']}。现有办法成本高，效果也不稳定。",
        "how_it_works": f"围绕{'、'.join(pair['keywords'][:3])}形成的成套方法，已在中试线上验证。",
        "advantage": f"{pair['advantage']}。", "indicators": f"{pair['target']}。", "trl": 6,
        "trl_evidence": "在合作企业中试线上运行 6 个月，有第三方检测报告 2 份。", "exclusivity": "non_exclusive",
        "price_kind": "negotiable", "collaboration": "先做 4 周可行性测试，再签技术开发合同，团队驻场调试。",
    }
