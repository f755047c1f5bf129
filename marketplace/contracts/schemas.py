"""The shapes of contracts, their steps, forms and surveys, for pages and JSON alike."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from marketplace.contracts.form import FIELDS
from marketplace.contracts.form import Shape as FormShape
from marketplace.contracts.ledger import What
from marketplace.contracts.models import StepKind
from marketplace.introductions.models import Side
from marketplace.listings.vocabulary import CURRENCIES
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Day, Money, Shape

VERSION: dict[str, Any] = {"metadata": {"description": "The version you saw; a newer one refuses the change"}}
CURRENCY = validate.OneOf(list(CURRENCIES))


class StepForm(Shape):
    """Money only in payments; `actual_on` says that it is done."""

    kind = fields.Enum(StepKind, by_value=True, load_default=StepKind.PAYMENT)
    title = fields.String(load_default=None)
    planned_on = Day(load_default=None)
    amount = Money(load_default=None)
    currency = fields.String(load_default=None, validate=CURRENCY)
    payer = fields.Enum(Side, by_value=True, load_default=None)
    is_final = fields.Boolean(load_default=False)
    actual_on = Day(load_default=None)
    actual_amount = Money(load_default=None)
    evidence = fields.String(load_default=None)
    version = fields.Integer(**VERSION)


class StepChange(Shape):
    """What is left out stays; null empties."""

    title = fields.String(allow_none=True)
    planned_on = Day(allow_none=True)
    amount = Money(allow_none=True)
    currency = fields.String(allow_none=True, validate=CURRENCY)
    payer = fields.Enum(Side, by_value=True, allow_none=True)
    is_final = fields.Boolean()
    actual_on = Day(allow_none=True)
    actual_amount = Money(allow_none=True)
    evidence = fields.String(allow_none=True)
    cancelled_because = fields.String(metadata={"description": "Cancels the step; sent alone"})
    version = fields.Integer(**VERSION)


class CancelForm(Shape):
    because = fields.String(load_default="")
    version = fields.Integer()


class SurveyForm(Shape):
    answer = fields.String(load_default=None)
    jobs = fields.Integer(load_default=None, allow_none=True)
    revenue = Money(load_default=None, allow_none=True)
    currency = fields.String(load_default=None, allow_none=True, validate=CURRENCY)
    satisfaction = fields.Integer(load_default=None, allow_none=True)
    comment = fields.String(load_default=None, allow_none=True)
    version = fields.Integer(**VERSION)


def _field(shape: FormShape, about: str) -> fields.Field[Any]:
    options: dict[str, Any] = {"allow_none": True, "metadata": {"description": about}}
    if shape is FormShape.DAY:
        return Day(**options)
    return Money(**options) if shape is FormShape.MONEY else fields.String(**options)


_REGISTRATION = {name: _field(field.shape, field.label.zh) for name, field in FIELDS.items()}
RegistrationForm = Shape.from_dict({**_REGISTRATION, "version": fields.Integer(**VERSION)}, name="RegistrationForm")


class LedgerQuery(Shape):
    since = Day(data_key="from", load_default=None)
    until = Day(data_key="to", load_default=None)
    broker = fields.Integer(load_default=None)


class LedgerCasesQuery(LedgerQuery):
    what = fields.Enum(What, by_value=True, required=True)
    page = page_fields()["page"]
    size = page_fields()["size"]


class PartyOut(Shape):
    name = fields.String()
    credit_code = fields.String(allow_none=True)


class ContractOut(Shape):
    version = fields.Integer(metadata={"description": "The record's number; send it back to correct this one"})
    recorded_at = fields.AwareDateTime()
    recorded_by = fields.String()
    contract_type = fields.String()
    signed_on = fields.Date()
    valid_from = fields.Date(allow_none=True)
    valid_to = fields.Date(allow_none=True)
    amount = Money(allow_none=True)
    technology_amount = Money(allow_none=True)
    currency = fields.String(allow_none=True)
    undisclosed = fields.Boolean()
    parties = fields.List(fields.Nested(PartyOut))
    evidence = fields.String(allow_none=True)
    registration_no = fields.String(allow_none=True)
    waiver_reason = fields.String(allow_none=True)
    corrected_because = fields.String(allow_none=True)


class ContractPage(Shape):
    introduction = fields.String()
    contract = fields.Nested(ContractOut)
    former = fields.List(fields.Nested(ContractOut))


class StepOut(Shape):
    id = fields.Integer()
    kind = fields.String()
    state = fields.String()
    title = fields.String()
    planned_on = fields.Date()
    amount = Money(allow_none=True)
    currency = fields.String(allow_none=True)
    payer = fields.String(allow_none=True)
    is_final = fields.Boolean()
    actual_on = fields.Date(allow_none=True)
    actual_amount = Money(allow_none=True)
    evidence = fields.String(allow_none=True)
    cancelled_because = fields.String(allow_none=True)
    version = fields.Integer()


class SumsOut(Shape):
    currency = fields.String()
    contract = Money(allow_none=True)
    planned = Money(allow_none=True)
    paid = Money(allow_none=True)


class StepPage(Shape):
    introduction = fields.String()
    items = fields.List(fields.Nested(StepOut))
    sums = fields.Nested(SumsOut, allow_none=True, metadata={"description": "null: the amounts are not for you"})


class MissingOut(Shape):
    name = fields.String()
    label = fields.String()


class RegistrationOut(Shape):
    introduction = fields.String()
    values = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True))
    entered = fields.List(fields.String(), metadata={"description": "Filled in by people, not by the marketplace"})
    missing = fields.List(fields.Nested(MissingOut))
    version = fields.Integer()


class SurveyOut(Shape):
    id = fields.Integer()
    kind = fields.String()
    side = fields.String()
    sent_at = fields.AwareDateTime()
    answered_at = fields.AwareDateTime(allow_none=True)
    answer = fields.String(allow_none=True)
    jobs = fields.Integer(allow_none=True)
    revenue = Money(allow_none=True)
    currency = fields.String(allow_none=True)
    satisfaction = fields.Integer(allow_none=True)
    comment = fields.String(allow_none=True)
    version = fields.Integer()


class SurveyPage(Shape):
    introduction = fields.String()
    items = fields.List(fields.Nested(SurveyOut))


class AmountOut(Shape):
    currency = fields.String()
    contract = Money()
    technology = Money()


class AccountOut(Shape):
    broker_id = fields.Integer(allow_none=True)
    broker = fields.String()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    amounts = fields.List(fields.Nested(AmountOut))
    undisclosed = fields.Integer(metadata={"description": "Contracts signed whose amount is not disclosed"})


class LedgerOut(Shape):
    since = fields.Date(data_key="from", allow_none=True)
    until = fields.Date(data_key="to", allow_none=True)
    items = fields.List(fields.Nested(AccountOut))


class LedgerCaseOut(Shape):
    introduction = fields.String()
    at = fields.AwareDateTime()
    url = fields.String()


class LedgerCases(Shape):
    items = fields.List(fields.Nested(LedgerCaseOut))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()
