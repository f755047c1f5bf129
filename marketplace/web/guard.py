"""Deny by default: a route that is not marked @public needs somebody signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, redirect, request, url_for
from werkzeug.routing import IntegerConverter, Map

from marketplace.errors import NotFound, Unauthorised
from marketplace.phrases import say

STATIC = ("static", "bootstrap.static")
"""Flask's own routes to style, script and icons, which nobody could mark."""

SHORT = 12
"""Characters; what is no longer is a code or a choice, or quickly written again."""
LARGEST_ID = 2**31 - 1
"""The largest number of a row that both databases can look for."""
View = TypeVar("View", bound=Callable[..., Any])


class RowNumber(IntegerConverter):
    """<int:…> in a route; a number that can be no row's leads nowhere, rather than to a database that refuses it."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:
        super().__init__(map, *args, **{"max": LARGEST_ID, **options})


def public(view: View) -> View:
    """Mark a view as open to visitors; put it nearest to the function, below the route."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def is_public(view: Callable[..., Any]) -> bool:
    return getattr(view, "is_public", False)


def actor() -> Any:
    """Who acts in this request (accounts.models.User); None is a visitor."""
    if "actor" not in g:
        g.actor = current_app.extensions["who"]()
    return g.actor


def is_api() -> bool:
    """Does this request want JSON and problem+json rather than pages?"""
    return request.path.startswith("/api/") and request.path != "/api/docs"


def written() -> list[str]:
    """What somebody wrote into a form, as far as it would be missed."""
    if request.method != "POST" or "password" in request.form:
        return []
    return [
        text for name, values in request.form.lists() for text in values
        if len(text) > SHORT and name not in ("csrf_token", "marks", "next")
    ]


def install(app: Flask, who: Callable[[], Any]) -> None:
    """Refuse strangers; `who` answers for a request, or raises Unauthorised for a token that is no good."""
    app.extensions["who"] = who
    app.url_map.converters["int"] = RowNumber

    @app.before_request
    def refuse_impossible_addresses() -> None:
        if "\0" in request.path:  # which PostgreSQL's text cannot hold
            raise NotFound

    @app.before_request
    def refuse_strangers() -> Response | None:
        view = current_app.view_functions.get(request.endpoint or "")
        if view is None or is_public(view) or request.endpoint in STATIC:
            return None
        if actor() is not None:
            return None
        if is_api():
            raise Unauthorised(say("Send a bearer token; POST /api/v1/tokens gives one."))
        if g.get("signed_out") and written():
            raise Unauthorised(say("You have been signed out meanwhile. Sign in, then send it once more."))
        after = request.full_path if request.method == "GET" else (request.referrer or "/")
        return redirect(url_for("accounts.sign_in", next=after.rstrip("?")))  # type: ignore[return-value]
