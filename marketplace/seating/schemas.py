"""The shapes of seating, for forms and JSON."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from marketplace.phrases import say
from marketplace.seating.models import NoteKind, PlanState, Work
from marketplace.seating.notes import LONGEST
from marketplace.seating.problem import LEAST, MOST, MOST_ROUNDS, USUAL
from marketplace.web.payloads import Shape

_ONCE = validate.Regexp(r"[\w-]{8,64}\Z")


class SeatEverybody(Shape):
    """How everybody is to be seated."""

    seats = fields.Integer(load_default=USUAL, validate=validate.Range(
        LEAST, MOST, error=say("A table has {min} to {max} seats.")), metadata={"description": "Seats of a table"})
    tables = fields.Integer(load_default=None, allow_none=True, metadata={
        "description": "How many tables; without it, as many as people need"})
    rounds = fields.Integer(load_default=1, validate=validate.Range(1, MOST_ROUNDS), metadata={
        "description": "How often people change tables, the first seating included"})
    free = fields.Boolean(load_default=False, metadata={
        "description": "Seat those anew, too, whom somebody has put at a table by hand"})


class SeatingRound(Shape):
    round = fields.Integer(load_default=1, validate=validate.Range(1, MOST_ROUNDS))


class SeatChange(Shape):
    to = fields.String(required=True, metadata={
        "description": "3: to table 3; 3-45: in exchange with registration 45, who sits there; 0: no seat"})
    version = fields.Integer(required=True, metadata={"description": "Of the plan, as you read it"})


class SeatMove(SeatChange):
    registration = fields.Integer(required=True)


class HostNoteShape(Shape):
    round = fields.Integer(load_default=1)
    table = fields.Integer(required=True)
    kind = fields.Enum(NoteKind, by_value=True, load_default=NoteKind.SAID)
    text = fields.String(required=True, validate=validate.Length(max=LONGEST))
    once = fields.String(required=True, validate=_ONCE, metadata={
        "description": "Made by you, once for each note: sent again with the same, it is kept once"})


class HostNoteForm(HostNoteShape):
    """As a phone's form sends it: round and table in one field."""

    class Meta:
        exclude = ("round", "table")

    at = fields.String(required=True, validate=validate.Regexp(r"[1-9]-[1-9]\d{0,2}\Z", error=say("Choose a table.")))


class GuestOut(Schema):
    registration = fields.Integer()
    name = fields.String()
    organisation = fields.String(allow_none=True)
    leads = fields.Boolean()


class SeatReasonOut(Schema):
    text = fields.String()
    need = fields.String(allow_none=True)
    result = fields.String(allow_none=True)
    score = fields.Float(allow_none=True)


class SittingOut(GuestOut):
    fixed = fields.Boolean(metadata={"description": "Put there by a person"})
    reasons = fields.List(fields.Nested(SeatReasonOut))


class SeatingTableOut(Schema):
    number = fields.Integer()
    size = fields.Integer()
    people = fields.List(fields.Nested(SittingOut))


class SeatingRoundOut(Schema):
    round = fields.Integer()
    state = fields.Enum(PlanState, by_value=True)
    work = fields.Enum(Work, by_value=True)
    share = fields.Float(metadata={"description": "Of the work that is done"})
    version = fields.Integer()
    value = fields.Integer(metadata={"description": "What the seating is worth as it is, in points"})
    parts = fields.Dict(keys=fields.String(), values=fields.Integer())
    greedy = fields.Integer(allow_none=True, metadata={"description": "What seating people one by one would be worth"})
    bound = fields.Integer(allow_none=True, metadata={"description": "No seating is worth more"})
    proven = fields.Boolean()
    tables = fields.List(fields.Nested(SeatingTableOut))
    without_seat = fields.List(fields.Integer(), metadata={"description": "Registrations"})
    troubles = fields.List(fields.String(), metadata={"description": "What cannot be had, and because of whom"})


class SeatingOut(Schema):
    rounds = fields.List(fields.Nested(SeatingRoundOut))


class TablemateOut(GuestOut):
    need = fields.String(allow_none=True)
    result = fields.String(allow_none=True)
    score = fields.Float(allow_none=True)


class MyTableOut(Schema):
    round = fields.Integer()
    number = fields.Integer()
    leads = fields.Boolean()
    mates = fields.List(fields.Nested(TablemateOut))


class MyTablesOut(Schema):
    rounds = fields.List(fields.Nested(MyTableOut))


class HostNoteOut(Schema):
    number = fields.Integer(attribute="id")
    round = fields.Integer()
    table = fields.Integer(attribute="table_number")
    kind = fields.Enum(NoteKind, by_value=True)
    text = fields.String()
    author = fields.String(attribute="author.name")
    written_at = fields.DateTime()


class HostNotesOut(Schema):
    items = fields.List(fields.Nested(HostNoteOut))
