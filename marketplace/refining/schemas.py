"""The shapes of refining, for forms and JSON. Answers and texts are checked by answers.py and texts.py in both."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from marketplace.listings.fields import BY_NAME
from marketplace.listings.schemas import _AsSent, _json_field
from marketplace.refining.answers import COMPARISONS, PERIODS, TARGET_KEYS, TEXTS, TRIED_KEYS
from marketplace.refining.models import Step, Turn, What
from marketplace.refining.texts import REFINED
from marketplace.web.payloads import Shape

LONGEST = 2_000


class AskForm(Shape):
    wish = fields.String(load_default="", validate=validate.Length(max=LONGEST), metadata={
        "description": "What should become clearer",
    })


class EndForm(Shape):
    note = fields.String(load_default="", validate=validate.Length(max=LONGEST))


class ProposeForm(Shape):
    message = fields.String(load_default="", validate=validate.Length(max=LONGEST), metadata={
        "description": "What you say to the company with it",
    })
    version = fields.Integer(load_default=None, allow_none=True)


class ReturnForm(Shape):
    note = fields.String(required=True, validate=validate.Length(max=LONGEST), metadata={
        "description": "What should be different",
    })
    version = fields.Integer(load_default=None, allow_none=True, metadata={
        "description": "The refinement's, as you read it; 409 when it is no longer that",
    })


class ApproveShape(Shape):
    version = fields.Integer(load_default=None, allow_none=True)
    keep = fields.List(fields.String(validate=validate.OneOf(REFINED)), load_default=list, metadata={
        "description": "Fields that stay as the need has them now",
    })
    decided_on = fields.String(load_default=None, allow_none=True, metadata={
        "description": "`text_now` of the refinement you read; needed when the need was changed meanwhile",
    })


class QuestionnaireShape(Shape):
    """All the answers: what is left out is emptied."""

    answers = fields.Dict(keys=fields.String(), required=True, metadata={
        "description": (
            f"Texts {', '.join(TEXTS)}; `targets`, a list of objects with {', '.join(TARGET_KEYS)} (comparison: "
            f"{', '.join(COMPARISONS)}); `tried`, a list of objects with {', '.join(TRIED_KEYS)}; worth_low and "
            f"worth_high in CNY, worth_period ({', '.join(PERIODS)}). Everything may be left out."
        ),
    })
    version = fields.Integer(load_default=None, allow_none=True, metadata={
        "description": "The questionnaire's, as you read it; 409 when somebody saved since",
    })
    hands_over = fields.Boolean(load_default=False, metadata={"description": "It is the other side's turn now"})


class QuestionnaireOut(Schema):
    answers = fields.Dict()
    version = fields.Integer()
    changed_at = fields.AwareDateTime(allow_none=True)
    changed_by = fields.String(allow_none=True)
    still_open = fields.Dict(keys=fields.String(), values=fields.String())


_Text = Shape.from_dict({name: _AsSent(BY_NAME[name]) for name in REFINED}, name="RefinedText")
RefinedOut = Schema.from_dict({name: _json_field(BY_NAME[name]) for name in REFINED}, name="RefinedTextOut")


class TextShape(_Text):  # type: ignore[misc, valid-type]
    """The fields of the refined text that you change."""

    version = fields.Integer(load_default=None, allow_none=True)
    seen = fields.String(load_default=None, allow_none=True, metadata={
        "description": "`text_now` as you read it; 409 when the company has changed the need since",
    })


class ActOut(Schema):
    what = fields.Enum(What, by_value=True)
    at = fields.AwareDateTime()
    by = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class RefinementBrief(Schema):
    need = fields.String()
    title = fields.String()
    organisation = fields.String()
    number = fields.Integer()
    step = fields.Enum(Step, by_value=True)
    step_name = fields.String()
    turn = fields.Enum(Turn, by_value=True)
    mine_to_do = fields.Boolean()
    broker = fields.String(allow_none=True)
    asked_at = fields.AwareDateTime()
    changed_at = fields.AwareDateTime()
    url = fields.String()


class RefinementOut(RefinementBrief):
    version = fields.Integer()
    wish = fields.String()
    message = fields.String(allow_none=True)
    remark = fields.String(allow_none=True)
    original = fields.Nested(RefinedOut)
    text = fields.Nested(RefinedOut, allow_none=True, metadata={
        "description": "The refined text; null for the company until it is proposed",
    })
    text_now = fields.String(metadata={"description": "A digest of what the need says now"})
    changed_meanwhile = fields.List(fields.String())
    questionnaire = fields.Nested(QuestionnaireOut)
    history = fields.List(fields.Nested(ActOut))
    may = fields.List(fields.String(), metadata={"description": "What you may do now"})


class RefinementsOut(Schema):
    to_take = fields.List(fields.Nested(RefinementBrief))
    mine = fields.List(fields.Nested(RefinementBrief))
    others = fields.List(fields.Nested(RefinementBrief))
    over = fields.List(fields.Nested(RefinementBrief))


class InsteadOut(Schema):
    text = fields.String()
    way = fields.String()
    found = fields.Integer()


class UnheardOut(Schema):
    text = fields.String()
    found = fields.Integer()
    instead = fields.List(fields.Nested(InsteadOut))


class VagueOut(Schema):
    field = fields.String()
    says = fields.String()


class NearbyOut(Schema):
    keyword = fields.String()
    results = fields.Integer()


class HintsOut(Schema):
    """Counts are of open results that you and the need's company may know of."""

    words_asked = fields.Integer()
    unheard = fields.List(fields.Nested(UnheardOut))
    nearby = fields.List(fields.Nested(NearbyOut))
    vague = fields.List(fields.Nested(VagueOut))
    degraded = fields.Boolean()
