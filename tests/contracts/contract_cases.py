"""An introduction with a contract, its steps and surveys, and entries for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from introductions.case_entries import entries

from marketplace import clock, workdays
from marketplace.contracts import steps, surveys
from marketplace.contracts.models import Step, Survey
from marketplace.db import session
from marketplace.introductions import service
from marketplace.introductions.models import Introduction, Stage

CODE, OTHER_CODE = "91440300MA5EXAMP0X", "12440300MB2EXAMP0Y"


def at_work(days: int) -> datetime:
    """A moment so many days on at which people are written to: of that working day, or of the next one."""
    return workdays.hour_from(clock.now() + timedelta(days=days))


def from_today(changes: dict[str, Any]) -> dict[str, Any]:
    """These entries, with the day where one says how far from today it is: what is said while the tests are gathered
    must not have the day in it, for another may have begun when it is used."""
    return {name: clock.today() + value if isinstance(value, timedelta) else value
            for name, value in changes.items()}


def payment(**changes: Any) -> dict[str, Any]:
    return {"kind": "payment", "title": "First instalment", "planned_on": clock.today() + timedelta(days=30),
            "amount": Decimal(300_000), "payer": "need", **from_today(changes)}


def milestone(**changes: Any) -> dict[str, Any]:
    return {"kind": "milestone", "title": "Pilot line accepted", "planned_on": clock.today() + timedelta(days=60),
            **from_today(changes)}


def corrected(**changes: Any) -> dict[str, Any]:
    return {**entries("sign"), "corrected_because": "A figure was misread.", **changes}


@pytest.fixture
def signed(brought_to) -> Introduction:
    return brought_to(Stage.SIGNED)


@pytest.fixture
def performing(brought_to) -> Introduction:
    return brought_to(Stage.PERFORMING)


@pytest.fixture
def undisclosed(brought_to, dana) -> Introduction:
    """A contract whose amount the parties keep to themselves."""
    case = brought_to(Stage.NEGOTIATING)
    return service.move(dana, case, "sign", **{**entries("sign"), "amount": None, "undisclosed": True})


@pytest.fixture
def step(signed, dana) -> Step:
    return steps.plan(dana, signed, payment())


@pytest.fixture
def asked(performing) -> list[Survey]:
    """Both sides were asked half a year after work began; the clock stands there."""
    with clock.at(at_work(190)):
        assert surveys.run() == 2
        yield session.query(Survey).order_by(Survey.side).all()
