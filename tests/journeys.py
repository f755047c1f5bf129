"""What people do in a browser, a sentence each; tests/test_journeys.py strings the sentences together."""

from __future__ import annotations

import email
import email.policy
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect
from running import PASSWORD


@dataclass
class Person:
    """Somebody with a browser of their own, reading one language."""

    page: Page
    address: str
    language: str

    @classmethod
    def arrives(cls, browser: Browser, address: str, language: str, width: int = 1280) -> Person:
        locale = "zh-CN" if language == "zh" else "en-GB"
        context = browser.new_context(locale=locale, viewport={"width": width, "height": 900})
        context.set_default_timeout(20_000)
        return cls(context.new_page(), address, language)

    def reads(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def goes(self, path: str) -> Page:
        response = self.page.goto(path if path.startswith("http") else self.address + path)
        assert response is not None and response.status < 400, f"{path}: {response and response.status}"
        return self.page

    def fills(self, **values: Any) -> None:
        """Every named field with its value: a text, a choice's code, or a list of codes to tick."""
        for name, value in values.items():
            boxes = self.page.locator(f"main [name='{name}']:not([type=hidden])")
            if isinstance(value, list):
                for code in value:
                    self.page.check(f"main input[name='{name}'][value='{code}']")
            elif boxes.first.evaluate("e => e.tagName") == "SELECT":
                boxes.first.select_option(value)
            else:
                boxes.first.fill(value)

    def presses(self, zh: str, en: str) -> None:
        """A button or a link that looks like one, by its words; the address changes."""
        words = self.reads(zh, en)
        page = self.page.locator("main")
        button = page.get_by_role("button", name=words, exact=True).or_(
            page.get_by_role("link", name=words, exact=True)
        )
        button.first.click()
        self.page.wait_for_load_state()

    def sees(self, *words: str) -> None:
        for text in words:
            expect(self.page.locator("main")).to_contain_text(text)

    def sign_in(self, address: str, password: str = PASSWORD) -> None:
        self.goes("/sign-in")
        self.fills(email=address, password=password)
        self.page.locator("main button[type=submit]").first.click()
        self.page.wait_for_load_state()
        expect(self.page.locator("header .menu").first).to_be_attached()


def mail_to(var: Path, address: str, containing: str) -> str:
    """The first link in the newest mail to this address whose link contains a word; mails lie in var/mail."""
    for _ in range(100):
        for path in sorted((var / "mail").glob("*.eml"), key=lambda p: p.stat().st_mtime, reverse=True):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body(("plain",))
            if address in str(message["To"]) and body is not None:
                link = re.search(rf"https?://\S*{containing}\S*", body.get_content())
                if link:
                    return link[0]
        time.sleep(0.1)
    raise AssertionError(f"no mail to {address} with a link to {containing}")


def ref_of(page: Page) -> str:
    found = re.search(r"[RNI]-\d{4}-\d{6}", page.url)
    assert found, page.url
    return found[0]


def publishes_a_listing(author: Person, reviewer: Person, kind: str, values: dict[str, Any]) -> str:
    """Written in sections, saved as a draft, checked, submitted, reviewed; returns its reference."""
    author.goes(f"/listings/new/{kind}")
    half = dict(list(values.items())[: len(values) // 2])
    author.fills(**half)
    author.presses("保存草稿", "Save draft")
    ref = ref_of(author.page)
    author.goes(f"/listings/{ref}/edit")
    author.fills(**values)
    author.presses("保存并检查", "Save and check")
    author.presses("提交", "Submit")
    reviewer.goes(f"/review/{ref}")
    reviewer.sees(values["title"])
    reviewer.page.locator("button[form=accept]").first.click()
    reviewer.page.wait_for_load_state()
    return ref


def finds(person: Person, words: str, title: str) -> None:
    """A search until the worker has made it findable."""
    for _ in range(50):
        person.goes(f"/search?q={words}")
        if person.page.locator("#results").get_by_text(title).count():
            return
        time.sleep(0.2)
    raise AssertionError(f"“{title}” is not found by “{words}”")


def moves(person: Person, case: str, key: str, **values: Any) -> None:
    """One move of an introduction, through its own page."""
    person.goes(f"/introductions/{case}/moves/{key}")
    person.fills(**values)
    person.page.locator("main button[type=submit]:visible").last.click()  # a phone's is at the bottom edge
    person.page.wait_for_url(re.compile(rf"/introductions/{case}(#.*)?$"))


def follows_to_implemented(
    case: str, broker: Person, supplier: Person, demander: Person, *, day: str, later: str
) -> None:
    """From interest to use, every stage of the pipeline."""
    moves(broker, case, "take")
    moves(broker, case, "qualify", checklist=["real_request", "fits", "authority", "no_conflict"])
    moves(supplier, case, "consent")
    moves(demander, case, "consent")
    supplier.goes(f"/introductions/{case}")
    moves(
        broker,
        case,
        "meet",
        held_on=day,
        text="We met and saw the data. 双方看了数据。",
        next_action="Samples 送样",
        owner="result",
        due_on=later,
    )
    moves(
        broker,
        case,
        "intent",
        dated_on=day,
        contract_type="licence",
        text="Licence with a pilot line. 许可并共建中试线。",
    )
    moves(
        broker,
        case,
        "sign",
        contract_type="licence",
        signed_on=day,
        amount="120万元",
        currency="CNY",
        parties="A; B",
        evidence="HT-2026-001",
    )
    moves(broker, case, "register", registration_no="2026440300000001", technology_amount="100万元")
    moves(broker, case, "report_outcome", reached_on=day, text="In use on line 2. 二号产线投用。")
    moves(supplier, case, "confirm_outcome")
    moves(demander, case, "confirm_outcome")
