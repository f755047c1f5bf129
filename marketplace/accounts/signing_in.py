"""Who this request comes from: a signed-in browser (Flask-Login) or a program with a bearer token."""

from __future__ import annotations

from flask import Flask, g, request
from flask_login import LoginManager, current_user

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.accounts.tokens import good
from marketplace.db import session
from marketplace.errors import Unauthorised
from marketplace.phrases import say
from marketplace.web.guard import is_api


def install(app: Flask) -> None:
    manager = LoginManager()
    manager.init_app(app)
    manager.user_loader(load)


def load(key: str) -> User | None:
    """The person behind a session cookie, unless they were disabled or signed out everywhere since."""
    number, _, generation = key.partition(".")
    if not number.isdigit():
        return None
    user = session.get(User, int(number))
    if user is None or user.disabled_at is not None or str(user.session_number) != generation:
        return None
    return user


def person() -> User | None:
    """Raises Unauthorised for a token that is unknown, expired or malformed."""
    header = request.headers.get("Authorization")
    if header and is_api():
        scheme, _, token = header.partition(" ")
        g.token = good(token.strip(), clock.now()) if scheme.lower() == "bearer" else None
        if g.token is None:
            raise Unauthorised(say("This token is unknown or has expired. POST /api/v1/tokens gives a new one."))
        return g.token.user  # type: ignore[no-any-return]
    if is_api() and request.method not in ("GET", "HEAD", "OPTIONS"):
        return None  # a browser's cookie must not be enough for another site to make a change through the API
    return current_user._get_current_object() if current_user.is_authenticated else None
