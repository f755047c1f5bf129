"""Deny by default: a route that is not marked @public needs somebody signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, redirect, request, url_for

from marketplace.errors import Unauthorised
from marketplace.phrases import say

STATIC = ("static", "bootstrap.static")
"""Flask's own routes to style, script and icons, which nobody could mark."""

View = TypeVar("View", bound=Callable[..., Any])


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


def install(app: Flask, who: Callable[[], Any]) -> None:
    """Refuse strangers; `who` answers for a request, or raises Unauthorised for a token that is no good."""
    app.extensions["who"] = who

    @app.before_request
    def refuse_strangers() -> Response | None:
        view = current_app.view_functions.get(request.endpoint or "")
        if view is None or is_public(view) or request.endpoint in STATIC:
            return None
        if actor() is not None:
            return None
        if is_api():
            raise Unauthorised(say("Send a bearer token; POST /api/v1/tokens gives one."))
        after = request.full_path if request.method == "GET" else (request.referrer or "/")
        return redirect(url_for("accounts.sign_in", next=after.rstrip("?")))  # type: ignore[return-value]
