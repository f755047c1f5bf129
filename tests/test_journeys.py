"""The main job from end to end in a real browser: once in Chinese, once in English."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import timedelta

import journeys
import pytest
import running
from journeys import Person
from playwright.sync_api import Browser

from marketplace import clock

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(running.CHROMIUM is None, reason=running.HOW_TO_GET_CHROMIUM),
]

RESULT_ZH = {
    "title": "航空铸件微裂纹的超声导波在线检测装置",
    "subtype": "technology",
    "summary": "在铸件流水线上用导波发现 0.2 毫米以上的微裂纹，单件检测 8 秒。",
    "keywords": "超声导波、微裂纹、在线检测",
    "field": "high_end_equipment",
    "region": "440300",
    "problem": "涡流法漏检内部裂纹，返修率高。",
    "how_it_works": "双频导波激励，相位差成像。",
    "advantage": "检出率 98.5%，比进口涡流设备高 11 个百分点。",
    "indicators": "最小裂纹 0.2 mm；单件 8 s。",
    "trl": "7",
    "trl_evidence": "2025 年在两条产线试用 9 个月。",
    "modes": ["licence", "development"],
    "exclusivity": "non_exclusive",
    "price_kind": "indicative",
    "price_amount": "80万元",
    "collaboration": "提供样机并驻厂调试三个月。",
}
NEED_ZH = {
    "title": "铸件内部微裂纹的快速在线检测",
    "subtype": "improvement",
    "summary": "人工探伤跟不上节拍，漏检造成整批退货。",
    "keywords": "微裂纹、在线检测、超声",
    "field": "high_end_equipment",
    "region": "440300",
    "situation": "现用涡流仪，只能看表面，单件 40 秒。",
    "outcome": "装在流水线上，自动判别内部裂纹。",
    "targets": "0.3 mm 裂纹检出率不低于 97%，单件不超过 10 秒。",
    "modes": ["licence"],
    "budget_band": "1m_to_5m",
}
RESULT_EN = {
    "title": "Guided-wave sensor that finds microcracks in pump housings",
    "subtype": "technology",
    "summary": "Finds cracks of 0.2 mm in eight seconds, on the line.",
    "keywords": "guided wave, microcrack, inspection",
    "field": "high_end_equipment",
    "region": "440300",
    "problem": "Eddy currents miss cracks inside the wall.",
    "how_it_works": "Two frequencies, phase imaging.",
    "advantage": "98.5 % found, 11 points above eddy current.",
    "indicators": "0.2 mm; 8 s a part.",
    "trl": "7",
    "trl_evidence": "Two lines, nine months in 2025.",
    "modes": ["licence"],
    "exclusivity": "non_exclusive",
    "price_kind": "negotiable",
    "collaboration": "We bring a prototype.",
}
NEED_EN = {
    "title": "Inspect pump housings for microcracks on the line",
    "subtype": "improvement",
    "summary": "Manual inspection is too slow and misses cracks.",
    "keywords": "microcrack, inspection, pump",
    "field": "high_end_equipment",
    "region": "440300",
    "situation": "40 s a part by hand.",
    "outcome": "An automatic verdict on the line.",
    "targets": "97 % of cracks of 0.3 mm within 10 s.",
    "modes": ["licence"],
    "budget_band": "1m_to_5m",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running.chromium() as browser:
        yield browser


@pytest.fixture(autouse=True)
def rolled_back() -> None:
    """These tests have a database of their own."""


def days() -> dict[str, str]:
    today = clock.today()
    return {"day": today.isoformat(), "later": (today + timedelta(days=10)).isoformat()}


def test_a_result_finds_its_company_and_comes_into_use_in_chinese(tmp_path_factory, browser):
    with running.marketplace(tmp_path_factory.mktemp("zh")) as place:
        alice, charlie, dana, erin, visitor = (Person.arrives(browser, place.address, "zh") for _ in range(5))
        for person, name in (
            (alice, "alice@institute"),
            (charlie, "charlie@company"),
            (dana, "dana@broker"),
            (erin, "erin@operator"),
        ):
            person.sign_in(f"{name}.example")
        result = journeys.publishes_a_listing(alice, erin, "result", RESULT_ZH)
        need = journeys.publishes_a_listing(charlie, dana, "need", NEED_ZH)

        journeys.finds(visitor, "微裂纹检测", RESULT_ZH["title"])
        visitor.goes(f"/listings/{result}")
        visitor.sees(RESULT_ZH["summary"])
        assert RESULT_ZH["problem"] not in visitor.page.content()
        charlie.goes(f"/listings/{need}/matches")
        charlie.sees(RESULT_ZH["title"], "微裂纹")

        charlie.goes(f"/listings/{result}")
        charlie.sees(RESULT_ZH["problem"])
        charlie.presses("表达合作意向", "Express interest")
        charlie.fills(
            own=need, cooperation_sought="许可后在二号线试用", unclear="铝件是否适用？", about_us="年产 40 万件铸件"
        )
        charlie.presses("表达合作意向", "Express interest")
        case = journeys.ref_of(charlie.page)

        alice.goes(f"/introductions/{case}")
        alice.sees("已表达意向")
        journeys.follows_to_implemented(case, dana, alice, charlie, **days())
        charlie.goes(f"/introductions/{case}")
        charlie.sees("落地", "alice@institute.example")
        visitor.page.goto(f"{place.address}/introductions/{case}")
        assert "/sign-in" in visitor.page.url


def test_a_newcomer_finds_a_partner_in_english_on_a_phone(tmp_path_factory, browser):
    var = tmp_path_factory.mktemp("en")
    with running.marketplace(var, demo=False) as place:
        place.command(
            "user",
            "create",
            "erin@operator.example",
            "--name",
            "Erin",
            "--language",
            "en",
            "--operator",
            "--password",
            running.PASSWORD,
        )
        place.command(
            "user",
            "create",
            "dana@broker.example",
            "--name",
            "Dana",
            "--language",
            "en",
            "--broker",
            "--password",
            running.PASSWORD,
        )
        erin, dana = (Person.arrives(browser, place.address, "en") for _ in range(2))
        erin.sign_in("erin@operator.example")
        dana.sign_in("dana@broker.example")
        supplier = joins(browser, place, erin, "olga@lab.example", "Harbour Laboratory", "institute")
        demander = joins(browser, place, erin, "omar@pumps.example", "Tidewater Pumps", "company")

        journeys.publishes_a_listing(supplier, erin, "result", RESULT_EN)
        need = journeys.publishes_a_listing(demander, dana, "need", NEED_EN)
        journeys.finds(supplier, "microcrak inspection", NEED_EN["title"])
        supplier.goes(f"/listings/{need}")
        supplier.presses("表达合作意向", "Express interest")
        own = supplier.page.locator("main select[name=own]")
        own.select_option(index=1)
        supplier.fills(cooperation_sought="A licence and a trial", unclear="The alloy", about_us="A laboratory of 40")
        supplier.presses("表达合作意向", "Express interest")
        case = journeys.ref_of(supplier.page)
        journeys.follows_to_implemented(case, dana, supplier, demander, **days())

        token = post(
            f"{place.address}/api/v1/tokens", {"email": "omar@pumps.example", "password": "a long-enough phrase"}
        )
        told = get(f"{place.address}/api/v1/introductions/{case}", token["token"])
        assert told["stage"] == 8 or told["stage"] == "implemented" or told["stage"].get("number") == 8


def joins(browser: Browser, place: running.Marketplace, operator: Person, address: str, name: str, kind: str) -> Person:
    """Register, confirm the address, enter an organisation, have it verified."""
    person = Person.arrives(browser, place.address, "en", width=390)
    person.goes("/register")
    person.fills(name=name.split()[0], email=address, password="a long-enough phrase", language="en")
    person.page.check("main input[name=accept]")
    person.presses("开户", "Open the account")
    person.goes(journeys.mail_to(place.var, address, "/confirm/"))
    person.presses("是", "Yes, this address is mine")
    if person.page.locator("header .menu").count() == 0:
        person.sign_in(address, "a long-enough phrase")
    person.goes("/organisations/new")
    person.fills(name=name, kind=kind, region="440300")
    person.presses("登记机构", "Register the organisation")
    slug = name.lower().replace(" ", "-")
    operator.goes(f"/operator/organisations/{slug}")
    operator.presses("通过", "Verify")
    return person


def post(address: str, body: dict[str, str]) -> dict[str, str]:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def get(address: str, token: str) -> dict[str, object]:
    with urllib.request.urlopen(
        urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"}), timeout=10
    ) as answer:
        return json.load(answer)
