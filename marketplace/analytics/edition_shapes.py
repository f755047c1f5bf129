"""The shapes of what events bring, over the API; each figure with what it is counted from."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from marketplace.events.models import Strand
from marketplace.organisations.models import Kind
from marketplace.web.payloads import Money, Shape


def _count(description: str) -> fields.Field[Any]:
    return fields.Integer(metadata={"description": description})


SeriesReportQuery = Shape.from_dict(
    {
        "from": fields.String(load_default="", metadata={
            "description": "The first month or day, as 2026-01 or 2026-01-15; without it, from the first edition"}),
        "to": fields.String(load_default="", metadata={"description": "The last month or day, itself included"}),
    },
    name="SeriesReportQuery",
)


class BroughtAmount(Schema):
    amount = Money()
    currency = fields.String()


class BroughtFigures(Schema):
    """What can be counted of one edition, and of several together."""

    registered = _count("People with a place")
    came = _count("People checked in; where nobody was, everybody with a place, once it is over")
    no_shows = _count("Once it is over, people with a place less those who came")
    organisations = _count("Of those who came; of a series, each once however often it came")
    answers = _count("Answers to the survey before the event")
    needs = _count("Of these, those that name a need")
    raters = _count("People who rated their talks")
    talks = _count("Pairs at a table or in a talk of two of which at least one says that they talked")
    intents = _count("Pairs that both saw a cooperation")
    raised = _count("Requests to parks and authorities raised there")
    solved = _count("Of these, those whose answer the company has confirmed")
    introductions = _count("Opened by such a pair or at the event, or moved on by it; of a series, each once")
    contracts = _count("Of these introductions, those that ever came to a contract")
    amounts = fields.List(fields.Nested(BroughtAmount), metadata={
        "description": "Of these contracts, as far as their amount is known, by currency"})
    undisclosed = _count("Contracts that are in no sum")


class BroughtKind(Schema):
    kind = fields.Enum(Kind, by_value=True)
    organisations = fields.Integer()


class BroughtStrand(Schema):
    strand = fields.Enum(Strand, by_value=True)
    came = fields.Integer()


class HeldShape(BroughtFigures):
    """One edition."""

    ref = fields.String()
    title = fields.String()
    strand = fields.Enum(Strand, by_value=True)
    starts_at = fields.DateTime()
    new = _count("Organisations that had come to no earlier edition of the series")


class PairPerson(Schema):
    name = fields.String()
    organisation = fields.String(allow_none=True)


class PairShape(Schema):
    one = fields.Nested(PairPerson)
    other = fields.Nested(PairPerson)
    introduction = fields.String(allow_none=True, metadata={
        "description": "The case that follows (I-…); null while one side has no need or result open to the other"})
    stage = fields.Integer(allow_none=True, metadata={"description": "Of the introduction, 1 to 8"})


class EditionReport(HeldShape):
    pairs = fields.List(fields.Nested(PairShape), metadata={"description": "Who both see a cooperation"})


class SeriesReport(Schema):
    slug = fields.String()
    name = fields.String()
    held = _count("Editions that have begun in the period")
    figures = fields.Nested(BroughtFigures, metadata={"description": "All of them together"})
    kinds = fields.List(fields.Nested(BroughtKind), metadata={"description": "Organisations that came, by kind"})
    strands = fields.List(fields.Nested(BroughtStrand), metadata={"description": "People who came, by strand"})
    editions = fields.List(fields.Nested(HeldShape), metadata={"description": "Each, the first first"})
