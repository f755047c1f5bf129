"""Headers, cookies, cross-site requests and rates: the same for every page."""

from __future__ import annotations

from flask import Flask, Response, request, session
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace.web import limits
from marketplace.web.assets import KEPT
from marketplace.web.guard import STATIC

csrf = CSRFProtect()

LARGEST_REQUEST = 64 * 1024 * 1024
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

PERMISSIONS = ", ".join(f"{feature}=()" for feature in (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi",
    "payment", "usb",
))
"""What no page of ours asks a browser for. Passkeys (publickey-credentials-*) stay allowed."""


def install(app: Flask, base_url: str, proxies: int = 0) -> None:
    """`proxies`: how many of ours a request passes, so that as many entries of X-Forwarded-For are true, from the end;
    what a client wrote there before them never is."""
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    https = base_url.startswith("https://")
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=https,
        REMEMBER_COOKIE_HTTPONLY=True, REMEMBER_COOKIE_SAMESITE="Lax", REMEMBER_COOKIE_SECURE=https,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024, WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=https,
    )
    csrf.init_app(app)
    limits.install(app)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if https:  # elsewhere browsers leave both aside, and complain of the first
            response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if request.endpoint in STATIC:
            response.headers["Cache-Control"] = KEPT if response.status_code < 400 else "no-cache"
            session.accessed = False  # Flask-Login looked into it for nothing: the file is the same for everybody
        else:
            kept = "no-store" if request.cookies else "no-cache"
            response.headers.setdefault("Cache-Control", f"private, {kept}")
            response.vary.add("Cookie")
            response.vary.add("Accept-Language")
        return response
