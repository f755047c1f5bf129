"""Training sessions, brokers and certificates as JSON."""

from __future__ import annotations

from marshmallow import Schema, fields

from marketplace.training.models import Level, Taking
from marketplace.training.schemas import CertificateForm, Content, within_reach
from marketplace.web.pagination import page_fields
from marketplace.web.payloads import Choice, Shape


class TrainingQuery(Shape):
    over = fields.Boolean(load_default=False, metadata={
        "description": "true: what has begun, the latest first; else what is to come, the next first"})
    page = page_fields()["page"]
    size = page_fields()["size"]


class BrokersQuery(Shape):
    level = Choice(Level, load_default=None, metadata={"description": "Only those who hold this level today"})
    page = page_fields()["page"]
    size = page_fields()["size"]


class NewTraining(Content):
    """A session as operators plan it."""

    starts_at = fields.AwareDateTime(required=True, validate=within_reach)


class TrainingChange(NewTraining):
    """All of it, as it is to be."""

    version = fields.Integer(load_default=None, metadata={
        "description": "The one you have read; 409 when it is no longer that. Or send If-Match."})


class NewCertificate(CertificateForm):
    session_id = fields.Integer(load_default=None, allow_none=True, metadata={
        "description": "The session that led to it, which the holder has taken part in"})


class EnrolmentOut(Schema):
    id = fields.Integer()
    person = fields.Integer(attribute="user_id", metadata={"description": "Their number, as in /brokers/{number}"})
    name = fields.String(attribute="user.name")
    email = fields.String(attribute="user.email")
    state = fields.Enum(Taking, by_value=True)
    enrolled_at = fields.DateTime()


class TrainingBrief(Schema):
    id = fields.Integer()
    title = fields.String(metadata={"description": "In the reader's language"})
    place = fields.String()
    teacher = fields.String(allow_none=True)
    level = fields.Enum(Level, by_value=True, metadata={"description": "Of the certificate it leads to"})
    starts_at = fields.DateTime()
    hours = fields.Integer()
    seats = fields.Integer()
    places_left = fields.Integer()
    cancelled_at = fields.DateTime(allow_none=True)
    mine = fields.Enum(Taking, by_value=True, allow_none=True, metadata={"description": "How you stand to it"})
    may_enrol = fields.Boolean()
    url = fields.String()


class TrainingOut(TrainingBrief):
    about = fields.String(metadata={"description": "In the reader's language; Markdown"})
    title_zh = fields.String()
    title_en = fields.String(allow_none=True)
    about_zh = fields.String(allow_none=True)
    about_en = fields.String(allow_none=True)
    version = fields.Integer()
    enrolments = fields.List(fields.Nested(EnrolmentOut), allow_none=True, metadata={
        "description": "Who has a place; for operators, null for all others"})


class TrainingPage(Schema):
    items = fields.List(fields.Nested(TrainingBrief))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class CertificateOut(Schema):
    ref = fields.String()
    level = fields.Enum(Level, by_value=True)
    issuer = fields.String()
    issued_on = fields.Date()
    valid_until = fields.Date()
    is_valid = fields.Boolean(metadata={"description": "It has neither ended nor been withdrawn"})
    withdrawn_at = fields.DateTime(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Why it was withdrawn"})
    session_id = fields.Integer(allow_none=True, metadata={"description": "The session that led to it"})


class BrokerBrief(Schema):
    id = fields.Integer()
    name = fields.String()
    certificate = fields.Nested(CertificateOut, allow_none=True, metadata={
        "description": "The highest that holds today"})
    url = fields.String()


class AttendedOut(Schema):
    id = fields.Integer()
    title = fields.String()
    level = fields.Enum(Level, by_value=True)
    starts_at = fields.DateTime()
    hours = fields.Integer()


class BrokerOut(BrokerBrief):
    certificates = fields.List(fields.Nested(CertificateOut), metadata={
        "description": "All, the latest first; those that ended or were withdrawn among them"})
    attended = fields.List(fields.Nested(AttendedOut), metadata={"description": "Sessions they took part in"})


class BrokerPage(Schema):
    items = fields.List(fields.Nested(BrokerBrief))
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()
