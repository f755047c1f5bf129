"""The registration form of one contract: read, saved, its gaps named. The only writer of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock, regions
from marketplace.accounts.models import User
from marketplace.contracts import form, steps
from marketplace.contracts.form import FIELDS, Case, Field, Shape
from marketplace.contracts.models import RegistrationForm, StepKind
from marketplace.contracts.permissions import can_edit, is_privy
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import agreements
from marketplace.introductions.models import Introduction
from marketplace.introductions.permissions import can_see
from marketplace.organisations import credit_codes
from marketplace.phrases import day_of, say

PRIVY = say("The registration form is for the parties, the broker of the case and operators.")
EDITORS = say("Those who write for one of the parties, the broker of the case and operators fill in the form.")
STALE = say("Somebody else saved this form meanwhile. What you entered is still here; compare it with the form as it "
            "stands, and save again.")


@dataclass(frozen=True)
class Filled:
    """The form as it stands."""

    values: dict[str, Any]
    entered: frozenset[str]
    """The fields that people filled in or changed."""
    missing: tuple[Field, ...]
    version: int
    """0: nobody has saved it yet."""
    changed_at: datetime | None
    changed_by: User | None

    @property
    def is_complete(self) -> bool:
        return not self.missing


def read(actor: User, introduction: Introduction) -> Filled:
    """The form, filled with what the marketplace knows and what people entered in its place."""
    if not can_see(actor, introduction) or not introduction.contracts:
        raise NotFound
    require(is_privy(actor, introduction), PRIVY)
    return _filled(introduction, _row(introduction))


def save(actor: User, introduction: Introduction, given: Mapping[str, Any], *, version: int | None) -> Filled:
    """Keep what was entered; a field left as the marketplace filled it goes on following the records.

    `version` is the one the person saw. Gaps may stay: the page names them.
    """
    if not can_see(actor, introduction) or not introduction.contracts:
        raise NotFound
    require(can_edit(actor, introduction), EDITORS)
    row = _row(introduction)
    current = _filled(introduction, row)
    values = _checked({**current.values, **{name: given[name] for name in FIELDS if name in given}})
    if version is not None and version != current.version:
        raise Conflict(STALE)
    known = _known(introduction)
    entered = {name: form.to_json(value) for name, value in values.items() if value != known.get(name)}
    try:
        with transaction():
            if row is None:
                row = RegistrationForm(introduction_id=introduction.id, version=1)
                session.add(row)
            row.entered, row.changed_at, row.changed_by = entered, clock.now(), actor
            session.flush()
            audit.record(actor.id, "registration.saved", "introduction", introduction.id, introduction.ref)
    except (IntegrityError, StaleDataError):  # the other one saved at the same moment
        raise Conflict(STALE) from None
    return _filled(introduction, row)


def _row(introduction: Introduction) -> RegistrationForm | None:
    return session.scalar(select(RegistrationForm).where(RegistrationForm.introduction_id == introduction.id))


def _known(introduction: Introduction) -> dict[str, Any]:
    """What the marketplace fills in: from the records, and how it is paid from the payments that are planned."""
    found = form.known(Case(introduction, introduction.contracts[-1]))
    way = _payment(introduction)
    return {**found, "payment": way} if way else found


def _filled(introduction: Introduction, row: RegistrationForm | None) -> Filled:
    entered = row.entered if row is not None else {}
    own = {name: form.from_json(field, entered[name]) for name, field in FIELDS.items() if name in entered}
    values = {**_known(introduction), **own}
    gaps = tuple(form.missing(values))
    if row is None:
        return Filled(values, frozenset(), gaps, 0, None, None)
    return Filled(values, frozenset(entered), gaps, row.version, row.changed_at, row.changed_by)


def _payment(introduction: Introduction) -> str | None:
    """How it is paid, as far as the planned payments tell."""
    planned = [step for step in steps.of(introduction) if step.kind is StepKind.PAYMENT and not step.cancelled_at]
    return None if not planned else "at_once" if len(planned) == 1 else "instalments"


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises Invalid with a message for each field that is wrong."""
    wrong: dict[str, str] = {}
    found: dict[str, Any] = {}
    for name, field in FIELDS.items():
        value = values.get(name)
        if isinstance(value, str):
            value = value.strip()
        found[name] = None if value == "" else value
        fault = _fault(field, found[name])
        if fault:
            wrong[name] = fault
    wrong |= _disagreements(found)
    if wrong:
        raise Invalid(wrong)
    for side in form.ROLES.values():
        code = found[f"{side}_credit_code"]
        found[f"{side}_credit_code"] = credit_codes.tidy(code) if code and code != "境外" else code
    if found["registration_no"]:
        found["registration_no"] = agreements.tidied_number(found["registration_no"])
    return found


def _fault(field: Field, value: Any) -> str | None:
    if value is None:
        return None
    if field.choices is not None:
        return None if value in field.choices else say("“{input}” is none of the choices.", input=str(value)[:40])
    if field.shape is Shape.DAY:
        return None if isinstance(value, date) else say("Give a day.")
    if field.shape is Shape.MONEY:
        if isinstance(value, Decimal) and value > 0:
            return None
        return say("{input} is too little. Write an amount above 0.", input=str(value)[:40])
    if len(str(value)) > field.longest:
        return say("At most {max} characters; this has {given}.", max=field.longest, given=len(str(value)))
    if field.name == "registration_no":
        return agreements.number_fault(agreements.tidied_number(value))
    if field.name.endswith("_credit_code"):
        return None if value == "境外" else credit_codes.fault(credit_codes.tidy(value))
    if field.name.endswith("_region") and not regions.is_region(value):
        return say("“{input}” is no region code. Write the six digits of the city, such as 440300, or a country, such "
                   "as SG.", input=value[:40])
    return None


def _disagreements(found: Mapping[str, Any]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    amount, technology = found.get("amount"), found.get("technology_amount")
    if isinstance(amount, Decimal) and isinstance(technology, Decimal) and technology > amount:
        wrong["technology_amount"] = agreements.more_than_all(technology, amount, found.get("currency"))
    days = [found.get(name) for name in ("signed_on", "valid_from", "valid_to")]
    signed_on, valid_from, valid_to = (day if isinstance(day, date) else None for day in days)
    if signed_on is not None and signed_on > clock.today():
        wrong["signed_on"] = say("{day} has not come yet. Give the day on which it happened.",
                                 day=day_of(signed_on))
    begins = valid_from or signed_on
    if valid_to is not None and begins is not None and valid_to < begins:
        wrong["valid_to"] = say("{day} lies before the contract begins. Give a later day, or leave it empty.",
                                day=day_of(valid_to))
    return wrong
