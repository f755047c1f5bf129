"""Asks the marketplace for an address as somebody, and says whether they got past the access check."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from access.sending import FILE, QUERIES, SENT
from access.world import ROLES, World
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from marketplace.accounts.signing_in import KEY
from marketplace.db import session

ASKED = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True, order=True)
class Route:
    endpoint: str
    method: str
    rule: str
    is_one_of_several: bool = False
    """The endpoint has other addresses too."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        first = f":/{self.rule.split('/')[1]}" if self.is_one_of_several else ""
        return f"{self.method} {self.endpoint}{first}"

    @property
    def is_api(self) -> bool:
        return self.rule.startswith("/api/v1")


def rules_of(app: Flask) -> dict[Route, Rule]:
    """Every way in, as the application itself lists them."""
    many = Counter(rule.endpoint for rule in app.url_map.iter_rules())
    return {Route(rule.endpoint, method, rule.rule, many[rule.endpoint] > 1): rule
            for rule in app.url_map.iter_rules() for method in (rule.methods or set()) & ASKED}


def address(rule: Rule, names: Mapping[str, Any]) -> str:
    """The rule's address in this world: an argument is looked up for the view, then for its room, then for all."""
    room = rule.endpoint.rpartition(".")[0]
    of_platform = rule.rule.startswith(("/operator/webhooks", "/api/v1/webhooks"))
    given = {}
    for argument in rule.arguments:
        ways = (f"{rule.endpoint}.{argument}", f"{room}.{argument}", argument)
        if of_platform:
            ways = (f"platform.{argument}", *ways)
        found = [names[way] for way in ways if way in names]
        assert found, f"{rule.rule}: say in tests/access/world.py what “{argument}” is"
        given[argument] = found[0]
    built = rule.build(given)
    assert built, f"{rule.rule} cannot be built from {given}"
    return built[1]


def filled(given: Any, names: Mapping[str, Any]) -> Any:
    """A table's texts with what stands in {braces} put in, as far down as they go."""
    if isinstance(given, str):
        return given.format_map(names)
    if isinstance(given, list):
        return [filled(one, names) for one in given]
    return {name: filled(one, names) for name, one in given.items()} if isinstance(given, dict) else given


@contextmanager
def nothing_stays() -> Iterator[None]:
    """What is done within is undone."""
    session.remove()
    point = session.get_bind().begin_nested()  # type: ignore[union-attr]
    try:
        yield
    finally:
        session.remove()
        point.rollback()


def those_let_in(app: Flask, world: World, route: Route, rule: Rule) -> frozenset[str]:
    """The roles that get past this route's access check."""
    plain = {name: value for name, value in world.names.items() if "." not in name}
    path = address(rule, world.names) + QUERIES.get(route.endpoint, "").format_map(plain)
    found = set()
    for role in ROLES:
        with nothing_stays(), ask(app, world, role, route, path, filled(SENT.get(route.name), plain)) as response:
            assert response.status_code != 500, f"{route.name} failed for {role}"
            if is_in(response):
                found.add(role)
    return frozenset(found)


def differences(app: Flask, world: World, wanted: Mapping[str, frozenset[str]], api: bool) -> list[str]:
    """What the marketplace does otherwise than the table says, of its API or of its pages."""
    found = []
    for route, rule in sorted(rules_of(app).items()):
        if route.is_api is not api or route.name not in wanted:
            continue
        let_in, right = those_let_in(app, world, route, rule), wanted[route.name]
        found += [f"{route.name} lets {role} in" for role in sorted(let_in - right)]
        found += [f"{route.name} keeps {role} out" for role in sorted(right - let_in)]
    return found


def ask(app: Flask, world: World, role: str, route: Route, path: str, sent: Mapping[str, Any] | None) -> TestResponse:
    """The answer, to be closed by whoever asked."""
    key, client = world.keys[role], app.test_client()
    headers = {"Accept-Language": "en"}
    if route.is_api and key.token:
        headers["Authorization"] = f"Bearer {key.token}"
    elif key.cookie:
        with client.session_transaction() as cookie:
            cookie[KEY] = key.cookie
    return client.open(path, method=route.method, headers=headers, **_body(route, sent))


def _body(route: Route, sent: Mapping[str, Any] | None) -> dict[str, Any]:
    if route.method == "GET":
        return {}
    if route.is_api and not (sent and FILE in sent.values()):
        return {"json": dict(sent or {})}
    return {"data": {name: (io.BytesIO(b"%PDF-1.7 a test report"), "drawing.pdf") if value == FILE else value
                     for name, value in (sent or {}).items()}}


def is_in(response: TestResponse) -> bool:
    """Past the access check, whatever came of it then. The guard sends strangers to sign in and come back."""
    if response.status_code in (401, 403, 404):
        return False
    return not (response.status_code in (302, 303) and response.location.startswith("/sign-in?next="))
