"""Who this request comes from: a browser that is signed in, or a program with a bearer token.

The browser's cookie (Flask's, signed) carries the key of its row in accounts.sessions, which is what Flask-Login knows
it by; the cookie alone opens nothing once the row is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, after_this_request, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError

from marketplace import clock, context
from marketplace.accounts import devices, second_factor, sessions
from marketplace.accounts.models import BrowserSession, User
from marketplace.accounts.sessions import Opened
from marketplace.accounts.tokens import good
from marketplace.db import session as database
from marketplace.errors import Forbidden, Unauthorised
from marketplace.phrases import say
from marketplace.web.guard import STATIC, actor, is_api

KEY = "_user_id"
"""Where Flask-Login keeps the key in the cookie."""
DEVICE = "device"
"""The cookie that says no more than: this browser has been here before."""
KEPT = ("language", "_flashes")
"""What a browser keeps of its cookie when somebody signs in or out; all else, the CSRF token first, is made anew."""
WITHOUT_SECOND_FACTOR = {
    *STATIC, "second_factor.set_up", "sessions.confirm", "accounts.sign_out", "accounts.forgotten", "accounts.reset",
    "privacy.accept", "privacy.text", "privacy.waiting", "health.alive", "health.ready",
}
"""All that staff may reach who still have to set one up."""
View = TypeVar("View", bound=Callable[..., Any])
log = logging.getLogger(__name__)


class Browser(UserMixin):
    """A browser that is signed in, as Flask-Login sees it."""

    def __init__(self, key: str, opened: Opened | None = None) -> None:
        self.key, self.opened = key, opened

    def get_id(self) -> str:
        return self.key


def install(app: Flask) -> None:
    manager = LoginManager()
    manager.session_protection = None  # the row says more of a browser than where it is and what it calls itself
    manager.init_app(app, add_context_processor=False)  # pages ask `actor`; an error page asks nobody
    manager.user_loader(load)
    app.config.update(PERMANENT_SESSION_LIFETIME=sessions.longest(), SESSION_REFRESH_EACH_REQUEST=False)
    app.before_request(lead_to_second_factor)
    app.after_request(note_use)


def load(key: object) -> Browser | None:
    """The browser with this key, unless its session is over; cookies of earlier releases hold something else."""
    if not isinstance(key, str):
        return None
    found = sessions.opened_by(key)
    return Browser(key, found) if found is not None else None


def person() -> User | None:
    """Raises Unauthorised for a token that is unknown, expired or malformed."""
    header = request.headers.get("Authorization")
    if header and is_api():
        scheme, _, token = header.partition(" ")
        g.token = good(token.strip(), clock.now()) if scheme.lower() == "bearer" else None
        if g.token is None:
            raise Unauthorised(say("This token is unknown or has expired. POST /api/v1/tokens gives a new one."))
        context.amend(credential=f"token {g.token.id}")
        return g.token.user  # type: ignore[no-any-return]
    if is_api() and request.method not in ("GET", "HEAD", "OPTIONS"):
        return None  # a browser's cookie must not be enough for another site to make a change through the API
    found = opened()
    return found.person if found is not None else None


def opened() -> Opened | None:
    """The browser this request comes from, if it is signed in."""
    if "opened" not in g:
        had_key = KEY in session
        g.opened = current_user.opened if isinstance(current_user._get_current_object(), Browser) else None
        g.signed_out = had_key and g.opened is None  # the cookie stays: a newer one may be on its way
        if g.opened is not None:
            context.amend(credential=f"session {g.opened.row.id}")
    return g.opened  # type: ignore[no-any-return]


def this_browser() -> BrowserSession:
    """The row of the browser; raises Unauthorised where there is none, as for a program."""
    found = opened()
    if found is None:
        raise Unauthorised
    return found.row


def start(person: User, *, remember: bool = False, with_code: bool = False, by_mail: bool = False) -> None:
    """Sign this browser in as `person`, with a key and a cookie that nobody can have planted here before."""
    leave()
    device_key = devices.key_from(request.cookies.get(DEVICE))
    login_user(Browser(sessions.begin(
        person, remembered=remember, with_code=with_code, device_key=device_key, by_mail=by_mail
    )))
    g.pop("_login_user")  # the next who asks gets it with its row
    session.permanent = remember
    g.just_signed_in = True

    @after_this_request
    def keep_device(response: Response) -> Response:
        response.set_cookie(DEVICE, device_key, max_age=devices.KEPT, httponly=True, samesite="Lax",
                            secure=current_app.config["SESSION_COOKIE_SECURE"])
        return response


def leave() -> None:
    """Sign this browser out: its row is gone, so a copy of its cookie opens nothing either."""
    key = session.get(KEY)
    if isinstance(key, str):
        sessions.end_key(key)
    logout_user()
    kept = {name: session[name] for name in KEPT if name in session}
    session.clear()
    session.update(kept)
    for name in ("actor", "opened", "csrf_token", "_login_user"):
        g.pop(name, None)


def renew(key: str) -> None:
    """Give this browser another key, because it may do more, or less, from here on."""
    session[KEY] = key
    session.pop("csrf_token", None)
    for name in ("opened", "csrf_token", "_login_user"):
        g.pop(name, None)


def recently_confirmed(view: View) -> View:
    """Mark a page that asks for the password again unless it was shown a moment ago; put it below the route."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not sessions.is_confirmed(this_browser()):
            return redirect(url_for("sessions.confirm", next=request.path))
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def lead_to_second_factor() -> Any:
    """Where staff must have a second factor, who has none yet gets to nothing else."""
    if request.endpoint in WITHOUT_SECOND_FACTOR or not second_factor.is_needed_of_staff():
        return None
    person = actor()
    if person is None or not second_factor.is_needed(person):
        return None
    found = opened() if "token" not in g else None
    if found.row.with_code if found is not None else second_factor.is_asked(person):
        return None
    if is_api():
        raise Forbidden(second_factor.NEEDED)
    return redirect(url_for("second_factor.set_up"))


def note_use(response: Response) -> Response:
    """When the browser was last seen. An answer that is ready does not fail because this could not be written."""
    found = g.get("opened")
    if found is not None:
        try:
            sessions.note(found)
        except (SQLAlchemyError, RuntimeError):
            database.rollback()
            log.warning("the use of session %d could not be noted", found.row.id, exc_info=True)
    return response
