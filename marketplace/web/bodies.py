"""What a program sends, looked at before any schema sees it: is it JSON that can be read, kept and given back?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from json import dumps, loads

from flask import Flask, Request, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from marketplace.errors import MarketplaceError
from marketplace.phrases import say
from marketplace.web.guard import is_api

LARGEST_JSON = 4 * 1024 * 1024
"""Files do not come through the API; the longest listing has a twentieth of this."""


class Unreadable(MarketplaceError):
    status = 400
    title = say("The request cannot be read")


class Asked(Request):
    """A request whose arguments and form hold no NUL: nobody types one, and PostgreSQL takes none."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        return ImmutableMultiDict(_without_nul(super().args))

    @cached_property
    def form(self) -> ImmutableMultiDict[str, str]:
        return ImmutableMultiDict(_without_nul(super().form))


def _without_nul(given: MultiDict[str, str]) -> Iterator[tuple[str, str]]:
    return ((name.replace("\0", ""), text.replace("\0", "")) for name, text in given.items(multi=True))


def install(app: Flask) -> None:
    app.request_class = Asked

    @app.before_request
    def refuse_unreadable() -> None:
        if is_api() and request.method not in ("GET", "HEAD", "OPTIONS"):
            request.max_content_length = LARGEST_JSON
            if request.is_json and (sent := request.get_data()):
                _check(sent)


def _check(sent: bytes) -> None:
    try:
        found = loads(sent)
    except RecursionError:
        raise Unreadable(say("The JSON is nested too deeply.")) from None
    except ValueError as error:
        raise Unreadable(say("The body is not JSON: {why}.", why=str(error)[:120])) from None
    if b"\\u" in sent:
        try:
            dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = f"\\u{ord(error.object[error.start]):04x}"
            message = say("The text has half a character in it, {half}, which is no Unicode.", half=half)
            raise Unreadable(message) from None
