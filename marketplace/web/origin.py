"""Where a request comes from, told to what records it. Installed before anything that may record."""

from __future__ import annotations

import re

from flask import Flask, request

from marketplace import context
from marketplace.web.guard import is_api

_BROWSERS = (
    ("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Edg", "Edge"), ("OPR/", "Opera"),
    ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"),
    ("Safari/", "Safari"), ("curl/", "curl"), ("python-requests/", "Python"), ("python-httpx/", "Python"),
    ("Python-urllib/", "Python"), ("okhttp/", "Java"), ("Java/", "Java"), ("Go-http-client/", "Go"),
)
"""What stands in a User-Agent, the more telling first: Edge calls itself Chrome and Safari too."""
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)


def install(app: Flask) -> None:
    @app.before_request
    def note_origin() -> None:
        context.amend(via="api" if is_api() else "page", address=request.remote_addr, credential=None,
                      device=device(request.headers.get("User-Agent", "")))

    @app.teardown_request
    def forget_origin(_: BaseException | None) -> None:
        context.begin("command")


def device(user_agent: str) -> str | None:
    """A browser and a system, no more than a person recognises a device of theirs by: "Firefox, Windows"."""
    known = (
        next((name for sign, name in table if re.search(rf"(?<![A-Za-z]){re.escape(sign)}", user_agent)), None)
        for table in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(filter(None, known)) or None
