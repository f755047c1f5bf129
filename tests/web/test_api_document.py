"""The API describes itself, to programs and to people, and keeps to what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from marketplace.web import api_docs


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return api_docs.document(app)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in api_docs.METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


def test_anybody_may_read_the_document(client: FlaskClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200 and answer.json["openapi"].startswith("3.1")
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_every_address_of_the_api_is_in_it(app: Flask, document: dict[str, Any]) -> None:
    described = {re.sub(r"{\w+}", "{}", path) for path in document["paths"]}
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1")]
    served = {re.sub(r"<[^>]+>", "{}", rule) for rule in rules}
    assert served - described == {api_docs.ADDRESS}


def test_every_operation_says_what_it_does_what_it_answers_and_who_may(document: dict[str, Any]) -> None:
    seen = set()
    for name, one in operations(document):
        assert one.get("summary"), name
        assert any(status.startswith("2") for status in one["responses"]), name
        assert "default" in one["responses"], name
        assert [list(way) for way in one["security"]] in ([["token"]], [["token"], []]), name
        assert len(one["security"][0]["token"]) == (0 if name.endswith(("/tokens", "/tokens/current")) else 1), name
        assert one["operationId"] not in seen, name
        seen.add(one["operationId"])


def test_every_reference_in_it_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                yield part["$ref"]
            for inner in part.values():
                yield from references(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from references(inner)

    for reference in set(references(document)):
        assert api_docs._resolved(document, {"$ref": reference})


@pytest.mark.parametrize(("language", "title"), [("en", "The API"), ("zh", "接口说明")])
def test_people_read_it_in_their_language(app: Flask, document: dict[str, Any], language: str, title: str) -> None:
    page = app.test_client().get(f"/api/docs?lang={language}").get_data(as_text=True)
    assert f"<h1>{title}</h1>" in page
    for name, _ in operations(document):
        assert f"<code>{name}</code>" in page


def test_the_page_brings_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/docs").get_data(as_text=True)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    assert "<script>" not in page and " style=" not in page


def test_nothing_a_visitor_sends_makes_the_api_fail(app: Flask) -> None:
    """A few dozen requests made from the document, the same each time: sound ones and broken ones."""
    schema = schemathesis.openapi.from_wsgi(api_docs.ADDRESS, app)
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if {} not in operation.definition.raw["security"]:
            continue
        for mode in GenerationMode:
            with suppress(Unsatisfiable):  # what takes no parameters cannot be asked wrongly
                tried += asked_well_or_badly(operation, mode)
    assert tried > 50


def asked_well_or_badly(operation: Any, mode: GenerationMode) -> int:
    tried = []

    @settings(max_examples=8, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        tried.append(case)
        case.call_and_validate(checks=[not_a_server_error])

    holds()
    return len(tried)
