"""Forms that lose nothing: what was entered comes back with the complaint beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from werkzeug.datastructures import MultiDict

from marketplace.db import session
from marketplace.errors import Conflict, Invalid, TooMany
from marketplace.phrases import say
from marketplace.web.language import words
from marketplace.web.payloads import load


def form_page(
    template: str,
    schema: Schema,
    done: Callable[[dict[str, Any]], ResponseReturnValue],
    *,
    initial: Mapping[str, Any] | None = None,
    **context: Any,
) -> ResponseReturnValue:
    """Show the form on GET; on POST give the checked values to `done`, whose answer is the view's.

    When the schema or `done` raises Invalid or Conflict, the form is shown again, filled as it was sent, with
    `errors` by field name ("" for the whole form), translated. Templates get `values`, `errors` and `context`.
    """
    refused: TooMany | None = g.pop("refused", None)
    if refused is not None:  # sent too often: nothing was looked at, and nothing written is lost
        filled = render_template(template, values=submitted(schema, request.form), errors={"": words(refused.message)},
                                 **context)
        return make_response(filled, refused.status, {"Retry-After": str(refused.wait)})
    if request.method in ("GET", "HEAD"):
        return render_template(template, values=dict(initial or {}), errors={}, **context)
    values = submitted(schema, request.form)
    try:
        return done(load(schema, {name: value for name, value in values.items() if value != ""}))
    except Invalid as problem:
        errors, status = problem.fields, 422
    except Conflict as problem:
        errors, status = {"": problem.message or say("It has changed meanwhile")}, 409
    session.rollback()
    shown = {name: words(message) for name, message in errors.items()}
    return make_response(render_template(template, values=values, errors=shown, **context), status)


def submitted(schema: Schema, form: MultiDict[str, str]) -> dict[str, Any]:
    """The form as the schema's field names see it: repeated names as lists where the schema has a list."""
    values: dict[str, Any] = {}
    for name, field in schema.load_fields.items():
        key = field.data_key or name
        if isinstance(field, fields.List):
            values[key] = [v for v in form.getlist(key) if v != ""]
        elif isinstance(field, fields.Boolean):
            values[key] = key in form and form[key] not in ("", "false", "0")
        elif key in form:
            values[key] = form[key]
    return values
