"""Asks the marketplace for an address as somebody, and says whether they got past the access check."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from access.planted import leaks
from access.sending import FILE, QUERIES, SENT
from access.world import ROLES, VISITOR, World
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
    def is_by_link(self) -> bool:
        """Whoever holds the link from a mail is who it was sent to."""
        return "<token>" in self.rule

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


def asked_by_all(app: Flask, world: World, *, api: bool) -> Iterator[tuple[Route, str, TestResponse]]:
    """Every way in, by everybody: of the API or of the pages."""
    plain = {name: value for name, value in world.names.items() if "." not in name}
    for route, rule in sorted(rules_of(app).items()):
        if route.is_api is not api:
            continue
        path = address(rule, world.names) + QUERIES.get(route.endpoint, "").format_map(plain)
        for role in ROLES:
            with nothing_stays(), ask(app, world, role, route, path, filled(SENT.get(route.name), plain)) as response:
                assert response.status_code != 500, f"{route.name} failed for {role}"
                yield route, role, response


def amiss(app: Flask, world: World, wanted: Mapping[str, frozenset[str]], *, api: bool) -> list[str]:
    """What the marketplace does otherwise than the table says, and what it tells whom it should not."""
    found = []
    for route, role, response in asked_by_all(app, world, api=api):
        if route.name in wanted and is_in(response) is not (role in wanted[route.name]):
            found.append(f"{route.name}: {role} is {'in' if is_in(response) else 'out'}")
        found += [f"{route.name}: {flaw} for {role}" for flaw in flaws(response)]
        if not route.is_by_link:
            # A feed shows to all what it shows to visitors, so that whoever is sent its address may read it.
            reader = VISITOR if route.endpoint == "saved.search_feed" else role
            found += [f"{route.name} tells {role} {word}" for word in leaks(reader, response)]
    return found


def flaws(response: TestResponse) -> Iterator[str]:
    """What would let somebody else's script run, or somebody else's site send a form."""
    policy = response.headers["Content-Security-Policy"]
    if "unsafe" in policy and not policy.startswith("sandbox"):  # of files and mails, in which nothing runs
        yield "no strict policy"
    if response.mimetype == "text/html" and not policy.startswith("sandbox"):
        forms = re.findall(r'<form[^>]*method="post".*?</form>', response.text, re.DOTALL | re.IGNORECASE)
        yield from ("a form without its token" for form in forms if 'name="csrf_token"' not in form)


def ask(app: Flask, world: World, role: str, route: Route, path: str, sent: Mapping[str, Any] | None) -> TestResponse:
    """The answer, to be closed by whoever asked."""
    key, client = world.keys[role], app.test_client()
    headers = {"Accept-Language": "en"}
    if route.is_api:
        headers["If-Match"] = "*"  # whatever it is by now: this is not about who was faster
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
