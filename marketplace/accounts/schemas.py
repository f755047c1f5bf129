"""The shapes of people, for forms and for JSON."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.accounts.scopes import Scope
from marketplace.accounts.tokens import LIFETIMES
from marketplace.phrases import LANGUAGES, Label, say
from marketplace.web.payloads import Shape

LONGEST_NAME = 60
LIFETIME_NAMES = {str(days): Label(f"{days} 天", f"{days} days") for days in LIFETIMES}
LANGUAGE_NAMES = {"zh": Label("中文", "中文"), "en": Label("English", "English")}


def address() -> fields.Email:
    return fields.Email(required=True, validate=validate.Length(max=254))


def name() -> fields.String:
    """A name goes into mails to others, so it must not carry a message or a link of its own."""
    alone = validate.Regexp(r"(?i)(?!.*(?:://|www\.))[^\n\t<>]+\Z", error=say("Write the name alone, on one line."))
    return fields.String(required=True, validate=[validate.Length(1, 80), alone])


def language() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(LANGUAGES))


class Accepting(Shape):
    """The box that stands for yes, and which editions of the terms stood beside it."""

    accept = fields.Boolean(
        required=True, load_only=True,
        validate=validate.Equal(True, error=say("An account needs this: read both texts, then tick the box.")),
    )
    editions = fields.String(required=True)

    @post_load
    def without_the_tick(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        data.pop("accept")
        return data


class NewAccount(Accepting):
    name = name()
    email = address()
    password = fields.String(required=True)
    language = language()


class NewPerson(Accepting):
    """Of somebody whose address another system has proven."""

    name = name()
    language = language()


class SignIn(Shape):
    email = fields.String(required=True)
    password = fields.String(required=True)
    remember = fields.Boolean(load_default=False)
    next = fields.String(load_default="")


class Forgotten(Shape):
    email = address()


class NewPassword(Shape):
    password = fields.String(required=True)


class ChangedPassword(Shape):
    current = fields.String(required=True)
    password = fields.String(required=True)


class ShownPassword(Shape):
    password = fields.String(required=True)
    next = fields.String(load_default="")


class Code(Shape):
    code = fields.String(required=True, validate=validate.Length(max=60))


class NewSecondFactor(Code):
    token = fields.String(required=True)


class MadePasskey(Shape):
    """What a device answered, and what its person calls it; too long a name is cut, for the device has kept it."""

    name = fields.String(load_default=None)
    credential = fields.String(required=True)


class ShownPasskey(Shape):
    email = fields.String(load_default="")
    """Not looked at; it comes back if somebody has written it."""
    credential = fields.String(required=True)
    remember = fields.Boolean(load_default=False)
    next = fields.String(load_default="")


class Profile(Shape):
    name = name()
    phone = fields.String(
        load_default=None,
        validate=validate.Regexp(
            r"[+()\d][-+()\d\s.]{4,29}(?:\s*(?:#|x|ext\.?|转)\s*\d{1,6})?",
            error=say("“{input}” is not a telephone number. Write it like 0755-8600 1234 or +65 6123 4567."),
        ),
    )
    language = language()
    version = fields.Integer(required=True)


class Nothing(Shape):
    """A form of one button."""


class Days(fields.Integer):
    """How long a token is good."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.OneOf(LIFETIMES), **options)


class NewToken(Shape):
    name = fields.String(required=True, validate=validate.Length(1, LONGEST_NAME))
    scopes = fields.List(
        fields.String(validate=validate.OneOf(list(Scope))), required=True,
        validate=validate.Length(min=1, error=say("Tick at least one thing that the token may be used for.")),
    )
    days = Days(required=True)
    password = fields.String(required=True)


class Credentials(Shape):
    email = fields.String(required=True, metadata={"example": "alice@institute.example"})
    password = fields.String(required=True)
    code = fields.String(
        load_default=None, validate=validate.Length(max=60),
        metadata={"description": "Of the second factor, where the account has one: the app's, or a recovery code."},
    )
    name = fields.String(
        load_default=None, validate=validate.Length(1, LONGEST_NAME),
        metadata={"description": "What you call it on your account page; no two of yours alike."},
    )
    scopes = fields.List(
        fields.String(validate=validate.OneOf(list(Scope))), load_default=None, validate=validate.Length(min=1),
        metadata={"description": "What it may be used for; without it for all that you may do."},
    )
    days = Days(load_default=LIFETIMES[0], metadata={"description": "How long it is good."})


class Token(Shape):
    token = fields.String(metadata={"description": "Send it as Authorization: Bearer …; it is shown this once."})
    name = fields.String(allow_none=True)
    scopes = fields.List(fields.String(), allow_none=True, metadata={"description": "null: all that you may do."})
    expires_at = fields.AwareDateTime()
