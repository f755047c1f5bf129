"""The shapes of webhooks, for forms and for JSON."""

from __future__ import annotations

from marshmallow import fields, validate

from marketplace.phrases import say
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape
from marketplace.webhooks.models import Because, Fact, Outcome, Problem, Standing
from marketplace.webhooks.receivers import LONGEST
from marketplace.webhooks.vocabulary import CHOICES

_URL = validate.Length(max=LONGEST)
_FACTS = validate.Length(min=1, error=say("Choose at least one."))


def _facts(**options: object) -> fields.List[str]:
    one = fields.String(validate=validate.OneOf([fact.value for fact in CHOICES]))
    return fields.List(one, validate=_FACTS, **options)  # type: ignore[arg-type]


class NewWebhook(Shape):
    url = fields.String(required=True, validate=_URL)
    facts = _facts(required=True)


class WebhookForm(NewWebhook):
    version = fields.Integer(load_default=None)


class WebhookChange(Shape):
    url = fields.String(validate=_URL)
    facts = _facts()
    version = fields.Integer(metadata={"description": "The one you saw; 409 when it has changed since."})


class WebhookOut(Shape):
    id = fields.Integer()
    url = fields.String()
    facts = fields.List(fields.String())
    standing = fields.Enum(Standing, by_value=True)
    disabled_because = fields.Enum(Because, by_value=True, allow_none=True)
    failures = fields.Integer(metadata={"description": "Tries that came to nothing since the last that did not."})
    failing_since = fields.AwareDateTime(allow_none=True)
    former_until = fields.AwareDateTime(
        allow_none=True, metadata={"description": "Until when the former secret signs beside the present one."}
    )
    created_at = fields.AwareDateTime()
    version = fields.Integer()


class NewSecret(Shape):
    secret = fields.String(metadata={"description": "Shown this once."})
    former_until = fields.AwareDateTime(allow_none=True)


class WebhookMade(WebhookOut):
    secret = fields.String(metadata={"description": "Shown this once."})


class WebhookList(Shape):
    items = fields.List(fields.Nested(WebhookOut))


class DeliveryQuery(Shape):
    outcome = fields.Enum(Outcome, by_value=True, load_default=None)
    page = page_fields()["page"]
    size = page_fields()["size"]


class DeliveryOut(Shape):
    number = fields.String(metadata={"description": "The id in its body and in Yinqiao-Delivery."})
    fact = fields.Enum(Fact, by_value=True)
    ref = fields.String()
    outcome = fields.Enum(Outcome, by_value=True)
    created_at = fields.AwareDateTime()
    attempts = fields.Integer()
    tried_at = fields.AwareDateTime(allow_none=True)
    due_at = fields.AwareDateTime(allow_none=True, metadata={"description": "The next try; null when there is none."})
    status = fields.Integer(allow_none=True)
    milliseconds = fields.Integer(allow_none=True)
    problem = fields.Enum(Problem, by_value=True, allow_none=True)
    answer = fields.String(allow_none=True, metadata={"description": "Its first characters."})
    body = fields.String(metadata={"description": "What is sent, word for word."})


class DeliveryPage(Shape):
    items = fields.List(fields.Nested(DeliveryOut))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()
