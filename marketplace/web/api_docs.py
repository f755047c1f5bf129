"""The API's own description: the OpenAPI document, and a page for people made from the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request

from marketplace.phrases import Phrase, say
from marketplace.web.guard import is_public, public

bp = Blueprint("api_docs", __name__)
ADDRESS = "/api/v1/openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")
_WORDS = {
    "string": say("text"), "integer": say("whole number"), "number": say("number"), "boolean": say("yes or no"),
    "object": say("object"), "array": say("list"),
}
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "What kind of thing went wrong, in the reader's language."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "This case."},
        "fields": {
            "type": "object", "additionalProperties": {"type": "string"},
            "description": "A message for each field that needs correcting; \"\" stands for the whole.",
        },
    },
}


@dataclass(frozen=True)
class Field:
    name: str
    kind: list[Phrase | str]
    required: bool
    note: str
    where: str = ""


@dataclass(frozen=True)
class Operation:
    """One method of one address, as the page shows it."""

    method: str
    path: str
    summary: str
    description: str
    open: bool
    scope: str | None
    """What a token needs, if not any will do."""
    parameters: list[Field]
    body: list[Field]
    answers: list[tuple[str, str, list[Field]]] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return f"{self.method}-{self.path}".lower().replace("/", "-").replace("{", "").replace("}", "")


@bp.get(ADDRESS)
@public
def openapi() -> Response:
    response = jsonify(document(current_app))
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.get("/api/docs")
@public
def page() -> str:
    described = document(current_app)
    groups = [(tag["name"], tag.get("description", ""), list(_operations(described, tag["name"])))
              for tag in described["tags"]]
    return render_template("web/api_docs.html", groups=groups, problem=_fields(described, PROBLEM), address=ADDRESS)


def document(app: Flask) -> dict[str, Any]:
    """OpenAPI 3.1, with what flask-smorest cannot know: who may come in, and how errors look."""
    made: dict[str, Any] | None = app.extensions.get("openapi document")
    if made is None:
        made = app.extensions["api"].spec.to_dict()
        _name_groups(made)
        _say_who_may(app, made)
        _show_problems(made)
        app.extensions["openapi document"] = made
    return made


def _name_groups(made: dict[str, Any]) -> None:
    for tag in made["tags"]:
        tag["name"] = _group(tag["name"])
    for operation in _every(made):
        operation["tags"] = [_group(name) for name in operation["tags"]]


def _group(name: str) -> str:
    return name.removesuffix("_api").replace("_", " ").capitalize()


def _say_who_may(app: Flask, made: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in METHODS:
            operation = made["paths"].get(path, {}).get(method)
            if operation is None or method.upper() not in (rule.methods or ()):
                continue
            operation["operationId"] = rule.endpoint.replace("_api.", "_")
            scope = app.extensions["scope needed"](rule.endpoint, method.upper())
            open_: list[dict[str, list[str]]] = [{}] if is_public(app.view_functions[rule.endpoint]) else []
            operation["security"] = [{"token": [scope] if scope else []}, *open_]


def _show_problems(made: dict[str, Any]) -> None:
    made["components"]["schemas"]["Problem"] = PROBLEM
    for name in ("Error", "PaginationMetadata"):
        made["components"]["schemas"].pop(name, None)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for response in made["components"]["responses"].values():
        if "content" in response:
            response["content"] = content


def _every(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in made["paths"].values():
        yield from (methods[method] for method in METHODS if method in methods)


def _operations(made: dict[str, Any], group: str) -> Iterator[Operation]:
    for path, methods in made["paths"].items():
        for method in METHODS:
            one = methods.get(method)
            if one is not None and group in one["tags"]:
                yield _operation(made, path, method, one, methods.get("parameters", []))


def _operation(made: dict[str, Any], path: str, method: str, one: dict[str, Any], shared: list[Any]) -> Operation:
    given = [_resolved(made, parameter) for parameter in [*shared, *one.get("parameters", [])]]
    body = _resolved(made, one.get("requestBody", {})).get("content", {}).get("application/json", {}).get("schema", {})
    answers = [(status, response.get("description", ""), _fields(made, _json(response)))
               for status, response in ((s, _resolved(made, r)) for s, r in one["responses"].items())
               if status.startswith("2")]
    return Operation(
        method.upper(), path, one.get("summary", ""), one.get("description", ""), {} in one["security"],
        next(iter(one["security"][0]["token"]), None),
        [_field(made, one["name"], one, one.get("required", False)) for one in given], _fields(made, body), answers,
    )


def _json(response: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = response.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _fields(made: dict[str, Any], schema: dict[str, Any]) -> list[Field]:
    schema = _resolved(made, schema)
    if schema.get("type") == "array":
        schema = _resolved(made, schema["items"])
    needed = schema.get("required", [])
    return [_field(made, name, one, name in needed) for name, one in schema.get("properties", {}).items()]


def _field(made: dict[str, Any], name: str, one: dict[str, Any], required: bool) -> Field:
    """Of a parameter or of a schema's property."""
    kind = one.get("schema", one)
    note = one.get("description") or kind.get("description") or ""
    return Field(name, _kind(made, kind), required, note, one.get("in", ""))


def _kind(made: dict[str, Any], schema: dict[str, Any]) -> list[Phrase | str]:
    """In words: ["list", "text"], ["a | b"] …"""
    if "enum" in schema:
        return [" | ".join(str(one) for one in schema["enum"] if one is not None)]
    schema = _resolved(made, schema)
    kinds = schema.get("type", "object")
    kind = next((one for one in kinds if one != "null"), "string") if isinstance(kinds, list) else kinds
    if kind == "array":
        return [_WORDS["array"], *_kind(made, schema.get("items", {}))]
    if kind == "object" and schema.get("properties"):
        return [_WORDS["object"], "{" + ", ".join(schema["properties"]) + "}"]
    return [_WORDS.get(kind, kind)]


def _resolved(made: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    reference = described.get("$ref")
    if reference is None:
        return described
    found: Any = made
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return _resolved(made, found)
