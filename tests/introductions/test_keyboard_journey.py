"""A broker takes the demonstration's open cases to their end, and never touches a mouse.

Everything the broker does goes through the keyboard of a real browser. What only the two sides may do (consent, sign,
confirm) they do meanwhile, through the services.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import running
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from marketplace import clock, config, db
from marketplace.accounts.models import User
from marketplace.app import bind
from marketplace.db import session
from marketplace.introductions import conditions, service, workload
from marketplace.introductions.models import CloseReason, Introduction, Side, Stage, Status
from marketplace.introductions.moves import Who
from marketplace.introductions.permissions import capacities

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(running.CHROMIUM is None, reason=running.HOW_TO_GET_CHROMIUM),
]
THIRTY = 30
FURTHEST_TAB = 120
FOCUSED = """() => {
  const e = document.activeElement;
  const type = e.type ?? "";
  return {tag: e.tagName, type, name: e.name ?? "", href: e.getAttribute("href") ?? "", text: e.textContent.trim(),
          value: e.value ?? "", checked: e.checked ?? false, required: e.required ?? false,
          main: !!e.closest("main"), options: e.tagName === "SELECT" ? [...e.options].map((o) => o.value) : []};
}"""


@pytest.fixture(autouse=True)
def rolled_back() -> None:
    """These tests have a database of their own."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running.chromium() as browser:
        yield browser


@dataclass
class Hands:
    """Somebody at a keyboard."""

    page: Page
    address: str

    def __post_init__(self) -> None:
        self.page.mouse.click = self.page.mouse.move = _no_mouse  # type: ignore[method-assign]

    def types_address(self, path: str) -> None:
        response = self.page.goto(self.address + path)
        assert response is not None and response.status < 400, path

    def presses(self, key: str) -> None:
        self.page.keyboard.press(key)

    def opens(self, key: str) -> None:
        """A key that leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def focus(self) -> dict[str, Any]:
        return self.page.evaluate(FOCUSED)

    def into_main(self) -> None:
        """By the link that skips what every page has."""
        self.page.evaluate("document.activeElement.blur()")
        for _ in range(2):
            if self.focus()["main"] or self.page.evaluate("location.hash") == "#content":
                return
            self.presses("Tab")
            if self.focus()["href"] == "#content":
                self.presses("Enter")

    def tabs_to(self, fits: Any) -> dict[str, Any]:
        for _ in range(FURTHEST_TAB):
            self.presses("Tab")
            at = self.focus()
            if fits(at):
                return at
        raise AssertionError(f"Tab does not lead there on {self.page.url}")

    def fills_and_sends(self, values: dict[str, Any]) -> None:
        """Tab from field to field of the form that is open, then Enter on its button."""
        self.into_main()
        filled: set[str] = set()
        while True:
            at = self.tabs_to(lambda at: at["main"] and (at["tag"] in ("INPUT", "TEXTAREA", "SELECT", "BUTTON")))
            if at["tag"] == "BUTTON" and at["type"] == "submit":
                break
            self._fill(at, values, filled)
        self.opens("Enter")
        assert not self.page.locator(".problems").count(), self.page.locator(".problems").inner_text()

    def _fill(self, at: dict[str, Any], values: dict[str, Any], filled: set[str]) -> None:
        name, value = at["name"], values.get(at["name"])
        if at["type"] == "checkbox":
            if not at["checked"] and (value is True or name == "checklist"):
                self.presses("Space")
        elif value is None or (name in filled and at["type"] != "date"):
            return
        elif at["tag"] == "SELECT":
            for _ in range(at["options"].index(value) - at["options"].index(at["value"])):
                self.presses("ArrowDown")
            assert self.focus()["value"] == value
        elif at["type"] == "date":
            if name not in filled:
                self._types_day(value)
        else:
            self.page.keyboard.type(value)
        filled.add(name)

    def _types_day(self, day: date) -> None:
        """In the order in which this browser asks for it."""
        for order in ("%m%d%Y", "%d%m%Y", "%Y%m%d"):
            self.page.keyboard.type(day.strftime(order))
            if self.focus()["value"] == day.isoformat():
                return
            for _ in range(3):
                self.presses("ArrowLeft")
        raise AssertionError(f"the day was understood as {self.focus()['value']}")


def _no_mouse(*_: object, **__: object) -> None:
    raise AssertionError("there is no mouse here")


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Marketplace]:
    with running.marketplace(tmp_path_factory.mktemp("keyboard")) as place:
        _open_database(place.var)
        yield place
        session.remove()


def _open_database(var: Path) -> None:
    settings = config.read({"YINQIAO_VAR": str(var), "SECRET_KEY": "only for the tests, nowhere else"})
    bind(settings, db.connect(settings.database_url))


def test_a_broker_takes_thirty_cases_to_use_or_to_a_reasoned_no_by_keyboard_alone(place, browser):
    refs = _thirty_cases_for_dana()
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    hands = Hands(context.new_page(), place.address)
    hands.types_address("/sign-in?lang=en")
    hands.fills_and_sends({"email": "dana@broker.example", "password": running.PASSWORD})
    numbers = count(1)
    for number, ref in enumerate(refs):
        _opens_by_keyboard(hands, ref)
        if number % 3 == 2:
            _says_no(hands, ref)
        else:
            _brings_into_use(hands, ref, numbers)
    ended = session.scalars(select(Introduction).where(Introduction.ref.in_(refs))).all()
    assert len(ended) == THIRTY
    for case in ended:
        reasoned_no = case.status is Status.CLOSED and case.reason_code is not None
        assert case.stage is Stage.IMPLEMENTED or reasoned_no, (case.ref, case.stage, case.status)
    assert sum(case.stage is Stage.IMPLEMENTED for case in ended) >= THIRTY // 2
    hands.types_address("/desk")
    hands.presses("n")
    context.close()


def _thirty_cases_for_dana() -> list[str]:
    """The open cases of the demonstration become hers; closed ones that can be reopened make up thirty."""
    dana, erin = _person("dana@broker.example"), _person("erin@operator.example")
    unfinished = select(Introduction).where(Introduction.stage < Stage.IMPLEMENTED).order_by(Introduction.id)
    cases = session.scalars(unfinished).all()
    found: list[str] = []
    for case in [*(case for case in cases if case.is_open), *(case for case in cases if not case.is_open)]:
        if len(found) < THIRTY and _becomes_hers(dana, erin, case):
            found.append(case.ref)
    assert len(found) == THIRTY
    return found


def _becomes_hers(dana: User, erin: User, case: Introduction) -> bool:
    broker = case.broker or dana
    if not case.is_open:
        if not any(way.move.name == "reopen" for way in service.available_moves(broker, case)):
            return False
        service.move(broker, case, "reopen", note="They called.")
    if case.broker_id not in (None, dana.id) and workload.hand_on(erin, [case.ref], dana.email)[0].problem:
        return False
    return Who.BROKER in capacities(dana, case)


def _opens_by_keyboard(hands: Hands, ref: str) -> None:
    """Find it in the list by its number, step to it, open it."""
    hands.types_address("/desk/cases?status=all")
    hands.into_main()
    hands.tabs_to(lambda at: at["name"] == "q")
    hands.page.keyboard.type(ref)
    hands.opens("Enter")
    hands.into_main()
    hands.presses("j")
    hands.opens("Enter")
    assert hands.page.url.partition("#")[0].endswith(f"/introductions/{ref}"), hands.page.url


def _brings_into_use(hands: Hands, ref: str, numbers: Iterator[int]) -> None:
    for _ in range(20):
        case = _case(ref)
        if case.stage is Stage.IMPLEMENTED:
            return
        if _sides_do_their_part(case):
            hands.types_address(f"/introductions/{ref}")
            continue
        hands.opens("m")
        if "/moves/" in hands.page.url:
            hands.fills_and_sends(_entries(hands.page.url, next(numbers)))
        assert hands.page.url.partition("#")[0].endswith(ref), hands.page.url
    raise AssertionError(f"{ref} is still at {_case(ref).stage!r}")


def _says_no(hands: Hands, ref: str) -> None:
    case = _case(ref)
    if case.needs_owner or case.status is Status.ON_HOLD:
        hands.opens("m")
    reason = CloseReason.REJECTED_AT_TRIAGE if case.stage <= Stage.QUALIFIED else CloseReason.TERMINATED
    hands.into_main()
    hands.tabs_to(lambda at: at["tag"] == "SUMMARY" and "Close it" in at["text"])
    hands.presses("Enter")
    hands.tabs_to(lambda at: at["href"].endswith(f"/moves/close-{reason.value}"))
    hands.opens("Enter")
    hands.fills_and_sends({"reason_code": "timing", "note": "They build a new plant first."})
    assert _case(ref).status is Status.CLOSED


def _entries(address: str, number: int) -> dict[str, Any]:
    today = clock.today()
    key = re.search(r"/moves/([\w-]+)", address)[1]
    contract = {"contract_type": "licence", "signed_on": today, "amount": "80万元", "currency": "CNY",
                "parties": "The company; The institute", "evidence": "No. 7, scanned"}
    return {
        "qualify": {},
        "meet": {"held_on": today, "text": "We tested a cell.", "next_action": "Send samples", "owner": "need",
                 "due_on": today},
        "intent": {"dated_on": today, "contract_type": "licence", "text": "We intend to."},
        "sign": contract,
        "register": {"registration_no": f"{2026440300900000 + number}", "technology_amount": "50万元"},
        "report_outcome": {"reached_on": today, "text": "Runs in two plants."},
    }.get(key, {"note": "So it was agreed."})


def _sides_do_their_part(case: Introduction) -> bool:
    """Whatever only they may do at this stage; True when they did something."""
    wanted = {Stage.SUGGESTED: ["express_interest"], Stage.QUALIFIED: ["consent", "sign_nda"],
              Stage.PERFORMING: ["confirm_outcome"]}.get(case.stage, [])
    version = case.version
    for side in Side:
        for name in wanted:
            person = case.listing_of(side).contact
            assert person is not None
            if case.stage is Stage.SUGGESTED and (side is Side.RESULT or case.needs_owner):
                continue
            if any(way.move.name == name for way in service.available_moves(person, case)):
                if name == "sign_nda" and not conditions.asks_nda(case):
                    continue
                given = {"express_interest": {"cooperation_sought": "A trial.", "unclear": "Price.", "about_us": "We."},
                         "sign_nda": {"agree": True}}.get(name, {})
                service.move(person, case, name, **given)
    return case.version != version


def _case(ref: str) -> Introduction:
    session.remove()
    return session.scalars(select(Introduction).where(Introduction.ref == ref)).one()


def _person(address: str) -> User:
    return session.scalars(select(User).where(User.email == address)).one()
