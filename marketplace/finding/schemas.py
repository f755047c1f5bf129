"""What a search may be asked for, in an address; the page and the API read it alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, ValidationError, fields, post_load, pre_load, validate, validates_schema

from marketplace import regions
from marketplace.errors import Invalid
from marketplace.finding.criteria import CLOSING, NEWEST, RELEVANCE, Criteria, levels_of
from marketplace.finding.suggesting import Group
from marketplace.listings import vocabulary as words
from marketplace.listings.classifications import find_industry
from marketplace.listings.documents import CHINA
from marketplace.listings.models import Kind
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.phrases import say
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Money, Shape, load

_MOST = 50
_CHINA = {"cn", "china", "中国"}
_LEVELS = tuple(map(str, words.TRL))


class Several(fields.List[str]):
    """One or several codes: `field=a&field=b` or `field=a,b`."""

    default_error_messages = {
        "choice": say("“{input}” is none of the choices: {choices}."), "many": say("At most {max} values."),
        "invalid": say("Send a list of texts."),
    }

    def __init__(self, choices: Any) -> None:
        self.choices = tuple(choices)
        super().__init__(fields.String(), load_default=(), metadata={"enum": list(self.choices)} if choices else {})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, (list, tuple)) or not all(isinstance(text, str) for text in given):
            raise self.make_error("invalid")
        codes = dict.fromkeys(code.strip() for text in given for code in text.split(",") if code.strip())
        if len(codes) > _MOST:
            raise self.make_error("many", max=_MOST)
        return tuple(dict.fromkeys(self.code(written) for written in codes))

    def code(self, written: str) -> str:
        if written not in self.choices:
            raise self.make_error("choice", input=written[:40], choices=", ".join(self.choices))
        return written


class Regions(Several):
    """Codes or names: 440300, 深圳, Shenzhen, SG."""

    default_error_messages = {
        "region": say(
            "“{input}” is not a region we know. Send a GB/T 2260 code such as 440300, or a country such as SG."
        ),
    }

    def code(self, written: str) -> str:
        if written.casefold() in _CHINA:
            return CHINA
        found = regions.find(written)
        if found is None:
            raise self.make_error("region", input=written[:40])
        return found


class Industries(Several):
    default_error_messages = {
        "industry": say("“{input}” is no industry we know. Send a GB/T 4754 section or division such as C or C38."),
    }

    def code(self, written: str) -> str:
        found = find_industry(written)
        if found is None:
            raise self.make_error("industry", input=written[:40])
        return found


class SearchSchema(Shape):
    q = fields.String(load_default="")
    kind = Several([kind.value for kind in Kind])
    subtype = Several(dict.fromkeys([*words.RESULT_SUBTYPES, *words.NEED_SUBTYPES]))
    field = Several(words.FIELDS)
    region = Regions(())
    industry = Industries(())
    trl = Several([*words.TRL_STAGES, *_LEVELS])
    trl_min = fields.Integer(load_default=None, validate=validate.Range(1, 9))
    trl_max = fields.Integer(load_default=None, validate=validate.Range(1, 9))
    price_band = Several(words.PRICE_BANDS)
    mode = Several(words.MODES)
    organisation_kind = Several([kind.value for kind in OrganisationKind])
    organisation = fields.String(load_default=None, validate=validate.Length(max=200))
    price_min = Money(load_default=None)
    price_max = Money(load_default=None)
    days = fields.Integer(load_default=None, validate=validate.Range(1, 3650))
    sort = fields.String(load_default=None, validate=validate.OneOf([RELEVANCE, NEWEST, CLOSING]))
    page = page_fields()["page"]
    size = page_fields()["size"]

    @pre_load
    def without_blanks(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """A form sends every choice that was left open as an empty text."""
        return {name: value for name, value in data.items() if value not in ("", [], [""])}

    @validates_schema(skip_on_field_errors=True)
    def ranges(self, data: dict[str, Any], **_: Any) -> None:
        for low, high in (("trl_min", "trl_max"), ("price_min", "price_max")):
            if data[low] is not None and data[high] is not None and data[low] > data[high]:
                message = say("This is less than the lower end, {low}.", low=str(data[low]))
                raise ValidationError(message, field_name=high)

    @post_load
    def criteria(self, data: dict[str, Any], **_: Any) -> Criteria:
        data["trl"] = _levels(data["trl"], data.pop("trl_min"), data.pop("trl_max"))
        return Criteria(**data)


def _levels(chosen: tuple[str, ...], lowest: int | None, highest: int | None) -> tuple[str, ...]:
    """A range of levels, as the stages and levels it is made of; what is chosen beside a range must lie in it."""
    if lowest is None and highest is None:
        return chosen
    within = set(range(lowest or 1, (highest or 9) + 1))
    if chosen:
        within &= {level for value in chosen for level in levels_of(value)}
    if not within:
        raise ValidationError(say("This range has none of the levels chosen."), field_name="trl_min")
    stages = [stage for stage in words.TRL_STAGES if within.issuperset(levels_of(stage))]
    covered = {level for stage in stages for level in levels_of(stage)}
    return (*stages, *map(str, sorted(within - covered)))


class SuggestSchema(Shape):
    q = fields.String(load_default="")


class ChoiceSchema(Shape):
    value = fields.String()
    label = fields.String()
    count = fields.Integer()
    parent = fields.String(metadata={"description": "what it lies in: a city's province, a level's stage"})


class HitSchema(Shape):
    ref = fields.String()
    kind = fields.String()
    title = fields.String()
    snippet = fields.String()
    organisation = fields.String(allow_none=True, metadata={"description": "null when the listing is anonymous to you"})
    score = fields.Float()


class FoundSchema(Shape):
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()
    took_ms = fields.Float()
    engine = fields.String()
    degraded = fields.Boolean(metadata={"description": "the engine is down; only titles were searched"})
    dropped = fields.List(fields.String(), metadata={"description": "words given up so that something was found"})
    hits = fields.List(fields.Nested(HitSchema))
    facets = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(ChoiceSchema)))


class SuggestionSchema(Shape):
    text = fields.String()
    group = fields.String(metadata={"enum": [group.value for group in Group]})
    url = fields.String(attribute="address", metadata={"description": "where it leads; a term is searched for"})
    ref = fields.String(allow_none=True, metadata={"description": "a listing that says so"})
    kind = fields.String(allow_none=True)


class SuggestionsSchema(Shape):
    suggestions = fields.List(fields.Nested(SuggestionSchema))


_SCHEMA = SearchSchema()


def criteria_from(arguments: Mapping[str, list[str]]) -> tuple[Criteria, dict[str, str]]:
    """(what can be looked for, complaints by name): an argument that makes no sense is left out and complained of."""
    given: dict[str, Any] = {
        name: values if isinstance(_SCHEMA.fields.get(name), Several) else values[-1]
        for name, values in arguments.items() if values
    }
    complaints: dict[str, str] = {}
    while True:
        try:
            return _criteria(given), complaints
        except Invalid as problem:
            names = {name.partition(".")[0]: message for name, message in problem.fields.items()}
            complaints.update(names)
            given = {name: value for name, value in given.items() if name not in names}


def _criteria(given: Mapping[str, Any]) -> Criteria:
    criteria: Any = load(_SCHEMA, given, unknown=EXCLUDE)
    return criteria  # type: ignore[no-any-return]
