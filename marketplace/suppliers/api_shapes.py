"""Supplier libraries as JSON."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from marketplace.suppliers.models import State
from marketplace.suppliers.schemas import LONGEST
from marketplace.suppliers.vocabulary import STANDINGS
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Shape

_VERSION = {"description": "Of the place, as you read it: 409 when it has changed since"}


class SupplierLibrariesQuery(Shape):
    whose = fields.String(load_default="others", validate=validate.OneOf(["own", "others"]), metadata={
        "description": "own: your companies' libraries; others: the calls of others that take applications"})
    page = page_fields()["page"]
    size = page_fields()["size"]


class SupplierPlacesQuery(Shape):
    page = page_fields()["page"]
    size = page_fields()["size"]


class SuppliersQuery(SupplierPlacesQuery):
    q = fields.String(load_default="", validate=validate.Length(max=100), metadata={
        "description": "Words of a supplier's name, of what it supplies or of its proof"})
    standing = fields.String(load_default="", validate=validate.OneOf(["", *STANDINGS]), metadata={
        "description": "in: accepted and good today; waiting: to be decided; expired; out: declined, or left"})


class ChangedSupplierLibrary(Shape):
    title = fields.String(required=True, validate=validate.Length(max=120))
    wanted = fields.String(required=True, validate=validate.Length(max=LONGEST), metadata={
        "description": "What the buyer procures"})
    conditions = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST), metadata={
        "description": "What a supplier must have or show"})
    event = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40), metadata={
        "description": "The coming event of directed procurement for this buyer (E-…) that goes with it"})


class NewSupplierLibrary(ChangedSupplierLibrary):
    buyer = fields.String(load_default=None, allow_none=True, metadata={
        "description": "Short name of your company; not needed by who writes for one alone"})


class SupplierApplication(Shape):
    organisation = fields.String(load_default=None, allow_none=True, metadata={
        "description": "Short name of the organisation that applies; not needed by who writes for one alone"})
    supplies = fields.String(required=True, validate=validate.Length(max=LONGEST))
    proof = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST), metadata={
        "description": "Certificates, capacity, whom it supplies already"})


class SupplierRenewal(Shape):
    supplies = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST), metadata={
        "description": "As it stands when left out"})
    proof = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=LONGEST), metadata={
        "description": "As it stands when left out"})


class SupplierAcceptance(Shape):
    version = fields.Integer(load_default=None, allow_none=True, metadata=_VERSION)


class SupplierRefusal(SupplierAcceptance):
    reason = fields.String(required=True, validate=validate.Length(max=2_000), metadata={
        "description": "The supplier reads it"})


class SupplierSide(Schema):
    slug = fields.String()
    name = fields.String()


class SupplierLibraryOut(Schema):
    ref = fields.String()
    buyer = fields.Nested(SupplierSide)
    title = fields.String()
    wanted = fields.String()
    conditions = fields.String(allow_none=True)
    event = fields.String(allow_none=True)
    is_open = fields.Boolean(metadata={"description": "Does it take applications?"})
    created_at = fields.AwareDateTime()
    version = fields.Integer()
    may = fields.List(fields.String(), metadata={"description": "What you may do: change, apply, search"})
    url = fields.String()


class SupplierLibrariesOut(Schema):
    items = fields.List(fields.Nested(SupplierLibraryOut))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class SupplierPlaceBrief(Schema):
    id = fields.Integer()
    library = fields.String()
    organisation = fields.Nested(SupplierSide)
    supplies = fields.String()
    proof = fields.String(allow_none=True)
    state = fields.Enum(State, by_value=True)
    standing = fields.String(metadata={"description": "The same in words, with what is expired or asks to renew"})
    is_valid = fields.Boolean(metadata={"description": "In the library today?"})
    renews = fields.Boolean(metadata={"description": "Accepted, and has asked for another year"})
    applied_at = fields.AwareDateTime()
    accepted_on = fields.Date(allow_none=True, metadata={"description": "For the first time"})
    valid_until = fields.Date(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Why it was not accepted, or for no other year"})
    version = fields.Integer()
    url = fields.String()


class SupplierPaper(Schema):
    id = fields.Integer()
    name = fields.String()
    size = fields.Integer()
    media_type = fields.String()


class SupplierPlaceOut(SupplierPlaceBrief):
    contact = fields.String(allow_none=True)
    papers = fields.List(fields.Nested(SupplierPaper))
    may = fields.List(fields.String(), metadata={
        "description": "What you may do now: accept, decline, renew, leave, add_paper"})


class SupplierPlacesOut(Schema):
    items = fields.List(fields.Nested(SupplierPlaceBrief))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


_EACH: dict[str, fields.Field[Any]] = {name: fields.Integer() for name in ("in", "waiting", "expired")}
SupplierCounts = Schema.from_dict(_EACH, name="SupplierCounts")
"""Made of a table, because no field of a class can be called “in”."""


class SuppliersOut(SupplierPlacesOut):
    counts = fields.Nested(SupplierCounts, metadata={"description": "How many stand where, in all of the library"})
