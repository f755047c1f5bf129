"""What makes a contract sound: who its parties are, its registration number, its amounts and days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from sqlalchemy import select

from marketplace import clock
from marketplace.db import session
from marketplace.errors import Invalid
from marketplace.introductions.models import Contract, Introduction, Side
from marketplace.organisations import credit_codes
from marketplace.organisations.models import Organisation
from marketplace.phrases import Phrase, day_of, money, say

MOST_PARTIES = 12
LONGEST_NAME = 200
COPIED = (
    "contract_type", "signed_on", "valid_from", "valid_to", "amount", "currency", "parties", "evidence",
    "registration_no", "technology_amount", "waiver_reason",
)
_CODE = re.compile(r"[0-9A-Z]{15,20}")
"""What somebody meant to be a credit code, right or wrong."""


@dataclass(frozen=True)
class Party:
    name: str
    credit_code: str | None = None

    @property
    def line(self) -> str:
        return f"{self.name} {self.credit_code}" if self.credit_code else self.name


def parties_of(text: str) -> list[Party]:
    """The parties of a contract as they were entered: a line each, or parted by semicolons."""
    return [_party(line) for line in re.split(r"[\n;；]", text) if line.strip()]


def party_of(organisation: Organisation) -> Party:
    return Party(organisation.name, organisation.credit_code)


def tidied_parties(text: str) -> str:
    return "\n".join(party.line for party in parties_of(text))


def party_fault(text: str) -> Phrase | None:
    """What is wrong with the (tidied) parties, in words that help to mend it."""
    parties = parties_of(text)
    if len(parties) < 2:
        return say("A contract has two parties or more, and this names {n}. Write each on a line of its own.",
                   n=len(parties))
    if len(parties) > MOST_PARTIES:
        return say("At most {max} parties; this names {n}.", max=MOST_PARTIES, n=len(parties))
    for place, party in enumerate(parties, 1):
        if not party.name or len(party.name) > LONGEST_NAME:
            return say("Line {line} lacks a party's name of at most {max} characters.", line=place, max=LONGEST_NAME)
        wrong = credit_codes.fault(party.credit_code) if party.credit_code else None
        if wrong is not None:
            return wrong
    for same in ([p.name for p in parties], [p.credit_code for p in parties if p.credit_code]):
        twice = next((one for one in same if same.count(one) > 1), None)
        if twice:
            return say("“{name}” stands here twice. Each party signs once.", name=twice[:40])
    return None


def tidied_number(text: str) -> str:
    """A registration number as it stands on the certificate: full-width digits and what parts the groups are gone."""
    return re.sub(r"[\s\-–—.·]", "", normalize("NFKC", text))


def number_fault(number: str) -> Phrase | None:
    """The instructions for 技术合同登记表 say that the office gives sixteen digits, and nothing of what they mean."""
    wrong = next((character for character in number if not (character.isascii() and character.isdigit())), None)
    if wrong is not None:
        return say("“{input}” has “{character}” in it; a registration number is 16 digits. Copy it from the "
                   "certificate.", input=number[:40], character=wrong)
    if len(number) != 16:
        return say("“{input}” has {given} digits; a registration number has 16. Copy it from the certificate.",
                   input=number[:40], given=len(number))
    if len(set(number)) == 1:
        return say("“{input}” is no number that an office gives. Copy it from the certificate.", input=number)
    return None


def more_than_all(technology: Decimal, amount: Decimal, currency: str | None) -> Phrase:
    return say("{technology} is more than the contract amount of {amount}. Leave out equipment and material, or "
               "correct the contract.", technology=money(technology, currency), amount=money(amount, currency))


def earliest_signing(introduction: Introduction) -> date | None:
    """No contract of this case can have been signed before the two sides knew each other, or before their intent."""
    known = [c.at.astimezone(clock.PLACE).date() for c in introduction.consents if c.withdrawn_at is None]
    met = [max(known)] if {c.side for c in introduction.consents if c.withdrawn_at is None} == set(Side) else []
    return max([*met, *(intent.dated_on for intent in introduction.intents)], default=None)


def day_faults(introduction: Introduction, given: dict[str, object]) -> dict[str, Phrase]:
    """Days that do not fit what is on record of this case already."""
    found: dict[str, Phrase] = {}
    signed_on, earliest = given.get("signed_on"), earliest_signing(introduction)
    if isinstance(signed_on, date) and earliest is not None and signed_on < earliest:
        found["signed_on"] = say("{day} lies before {earliest}, when the two sides were introduced or stated their "
                                 "intent. Give the day of the contract that followed.",
                                 day=day_of(signed_on), earliest=day_of(earliest))
    reached_on, contract = given.get("reached_on"), latest(introduction)
    if isinstance(reached_on, date) and contract is not None and reached_on < contract.signed_on:
        found["reached_on"] = say("{day} lies before the contract, which was signed on {signed}.",
                                  day=day_of(reached_on), signed=day_of(contract.signed_on))
    return found


def require_free(introduction: Introduction, number: str) -> None:
    """A number belongs to one contract: that of another case is a slip of the clipboard."""
    this = select(Introduction.ref).join(Contract, Contract.introduction_id == Introduction.id)
    other = session.scalar(this.where(Contract.registration_no == number, Introduction.id != introduction.id).limit(1))
    if other is not None:
        raise Invalid({"registration_no": say("“{input}” is the number of another contract ({ref}). Copy it from the "
                                              "certificate.", input=number, ref=other)})


def copied(contract: Contract, **changes: Any) -> Contract:
    """A new record that says the same but for the changes."""
    return Contract(**{name: getattr(contract, name) for name in COPIED} | changes)


def latest(introduction: Introduction) -> Contract | None:
    """The record that counts."""
    return introduction.contracts[-1] if introduction.contracts else None


def _party(line: str) -> Party:
    """"Name CODE", "Name（CODE）", "Name, CODE" or a name alone, which is left as it is written."""
    text = line.strip().strip("、,，").strip()
    match = re.fullmatch(r"(.+?)[\s,，、:：(（]+([0-9A-Za-z０-９Ａ-Ｚａ-ｚ\-]{15,40})[)）]?", text)
    code = credit_codes.tidy(match[2]) if match else ""
    if match and _CODE.fullmatch(code) and any(character.isdigit() for character in code):
        return Party(match[1].strip(), code)
    return Party(" ".join(text.split()))
