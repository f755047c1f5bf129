"""Errors as pages, and as problem+json (RFC 9457) under /api/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, json, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, TooManyRequests

from marketplace import context
from marketplace.db import is_away, session
from marketplace.errors import Conflict, Invalid, MarketplaceError, TooMany, Unauthorised, Unavailable
from marketplace.phrases import say
from marketplace.web.guard import is_api, written
from marketplace.web.language import current, words

TITLES = {
    400: say("The request cannot be read"),
    401: say("Sign in first"),
    403: say("You may not do this"),
    404: say("There is no such page, or it is not for you to see"),
    405: say("This address does not take that method"),
    406: say("There is no such representation"),
    412: say("It has changed since you read it. Load it again and repeat your change."),
    413: say("This is larger than we take"),
    415: say("This kind of content is not understood"),
    422: say("Something needs correcting"),
    428: say("Say what you have read: send back its ETag in the header If-Match"),
    429: say("Too many tries; please wait a little"),
    500: say("Something went wrong on our side"),
}


def install(app: Flask) -> None:
    app.register_error_handler(MarketplaceError, _safely(ours))
    app.register_error_handler(HTTPException, _safely(http))
    app.register_error_handler(StaleDataError, _safely(stale))
    app.register_error_handler(CSRFError, _safely(expired_form))
    app.register_error_handler(Exception, _safely(unexpected))


def _safely(handler: Callable[[Any], Response]) -> Callable[[Any], Response]:
    """To say something in the reader's language may ask the database, which may be what has gone."""

    def handle(error: Any) -> Response:
        try:
            return handler(error)
        except DBAPIError as problem:
            if not is_away(problem):
                raise
            return without_database()

    return handle


def ours(error: MarketplaceError) -> Response:
    session.rollback()
    fields = {name: words(text) for name, text in error.fields.items()} if isinstance(error, Invalid) else None
    response = answer(error.status, words(error.title), words(error.message), fields)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.wait)
    return response


def stale(_: StaleDataError) -> Response:
    return ours(Conflict(say("Somebody else changed it while you were writing. Load it again and repeat your change.")))


def expired_form(_: CSRFError) -> Response:
    message = say(
        "This form was open too long or came from another site. Go back, load it again and send it once more."
    )
    return answer(400, words(TITLES[400]), words(message))


def http(error: HTTPException) -> Response:
    """Werkzeug's, Flask's and flask-smorest's own refusals."""
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    session.rollback()
    messages = getattr(error, "data", {}).get("messages")
    response = answer(error.code, words(TITLES.get(error.code, say("The request was refused"))), "", _flat(messages))
    if isinstance(error, TooManyRequests) and error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(error.valid_methods)
    return response


def unexpected(error: Exception) -> Response:
    session.rollback()
    current_app.logger.exception("unexpected error at %s %s", request.method, request.url_rule or "no route")
    if is_away(error):
        return without_database()
    detail = say("It has been noted. Nothing you sent was kept; please try again.")
    return answer(500, words(TITLES[500]), words(detail))


def without_database() -> Response:
    """Said without asking who reads it, which only the database could tell."""
    session.rollback()
    g.actor = None
    detail = say("The database does not answer at this moment. Wait a little, and look whether what you sent is there "
                 "before you send it once more.")
    return answer(Unavailable.status, words(Unavailable.title), words(detail))


def answer(status: int, title: str, detail: str = "", fields: dict[str, str] | None = None) -> Response:
    """One error, as the reader wants it: a page, or problem+json."""
    if not is_api():
        told = {"status": status, "title": title, "detail": detail, "fields": fields or {},
                "number": context.current().request_id}
        page = render_template("error.html", **told, entered=entered(status))
        return Response(page, status=status)
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if fields is not None:
        body["fields"] = fields
    if number := context.current().request_id:
        body["request_id"] = number
    headers = {"Content-Language": current()}
    if status == Unauthorised.status:
        headers["WWW-Authenticate"] = "Bearer"
    if status == Unavailable.status:
        headers["Retry-After"] = "5"
    return Response(json.dumps(body, ensure_ascii=False), status, headers, content_type="application/problem+json")


def entered(status: int) -> list[str]:
    """What somebody wrote into a form that was not taken, so that they can copy it and nothing is lost."""
    return written() if status in (400, 401, 403, 404, 409, 429, 500, 503) else []


def _flat(messages: Any, prefix: str = "") -> dict[str, str] | None:
    """webargs' nested messages as {"keywords.0": "…"}."""
    if not messages:
        return None
    if isinstance(messages, list):
        return {prefix.strip("."): " ".join(str(words(m)) for m in messages)}
    found: dict[str, str] = {}
    for name, inner in messages.items():
        at_location = not prefix and name in ("json", "query", "form", "files", "headers")
        path = prefix if at_location or name == "_schema" else f"{prefix}{name}."
        found.update(_flat(inner if isinstance(inner, (dict, list)) else [inner], path) or {})
    return found
