"""Refuses what a token is not for."""

from __future__ import annotations

from flask import Flask, g, request

from marketplace.accounts.scopes import Scope, covers
from marketplace.errors import Forbidden
from marketplace.phrases import say
from marketplace.web.guard import actor, is_api

READING = ("GET", "HEAD", "OPTIONS")


class Undeclared(Exception):
    """A route of the API changes something and nobody has said what scope that takes."""


def install(app: Flask, writing: dict[str, Scope | None]) -> None:
    """Refuse what a token is not for. `writing`: blueprint's name -> the scope its changes take; None: it has none."""

    def needed(endpoint: str, method: str) -> Scope | None:
        view = app.view_functions[endpoint]
        if hasattr(view, "scope"):
            return view.scope  # type: ignore[no-any-return]
        if method in READING:
            return Scope.READ
        scope = writing[_room(endpoint)]
        if scope is None:
            raise Undeclared(f"{method} {endpoint}: name the scope of {_room(endpoint)} in app.py")
        return scope

    app.extensions["scope needed"] = needed

    @app.before_request
    def refuse_other_uses() -> None:
        endpoint = request.endpoint
        if endpoint is None or not is_api() or "Authorization" not in request.headers or _room(endpoint) not in writing:
            return
        scope = needed(endpoint, request.method)
        if scope is not None and actor() is not None and not covers(g.get("token"), scope):
            raise Forbidden(say("This token is not for that: it lacks the scope {scope}. Make one that has it on your "
                                "account page, or with POST /api/v1/tokens.", scope=scope))


def _room(endpoint: str) -> str:
    return endpoint.partition(".")[0]
