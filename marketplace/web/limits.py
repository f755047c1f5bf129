"""How often somebody may do a thing, at the edge: who is counted, what they are told, and that they lose nothing.

Flask-Limiter counts. Where a form is sent too often it comes back filled, with the refusal above it (web.forms);
elsewhere the refusal is an error page or problem+json. Every answer that was counted says in `RateLimit` what is left;
these headings are ours, for the library writes only the older ones, and of one limit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import reduce
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit, RouteLimit

from marketplace import rates, secrets_kept
from marketplace.errors import TooMany
from marketplace.phrases import Phrase, say
from marketplace.web.guard import actor, is_api

View = TypeVar("View", bound=Callable[..., Any])
SILENT = "silent "
"""Begins the name of a limit that stands in no heading."""


def origin() -> str:
    """Where on the network a request comes from; of IPv6 the network, for one machine has many addresses."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return str(mapped)
    return str(address) if address.version == 4 else str(ip_network(f"{address}/64", strict=False))


def origin_elsewhere() -> str | None:
    """origin(), but nobody for the machine itself: a broken setting for the proxy must not stop everybody's search."""
    try:
        return None if ip_address(request.remote_addr or "").is_loopback else origin()
    except ValueError:
        return origin()


def account() -> str | None:
    """Who is signed in."""
    person = actor()
    return None if person is None else f"person {person.id}"


def account_or_origin() -> str | None:
    return account() or origin_elsewhere()


limiter, local = (Limiter(origin, storage_uri=uri, strategy="sliding-window-counter")
                  for uri in (f"{rates.DatabaseStorage.STORAGE_SCHEME[0]}://", "memory://"))
"""For what must hold however many processes answer; for what many do often and need not hold exactly."""


@limiter.request_filter
@local.request_filter
def is_off() -> bool:
    """Tests switch off the one, and with it both."""
    return not (limiter.enabled and current_app.config["YINQIAO"].rate_limits)


def limit(name: str, most: str, whose: Callable[[], str | None], *, counted_by: Limiter = limiter,
          methods: Sequence[str] = ("POST",), told: bool = True) -> RouteLimit:
    """To stand above a view, alone or with others in limited(). `whose` says who is counted, None for nobody. One that
    is not `told` stands in no heading: it would tell what others do."""
    return counted_by.shared_limit(
        most, name if told else SILENT + name, methods=list(methods), exempt_when=lambda: whose() is None,
        key_func=lambda: secrets_kept.digest(str(whose()), "rates"))


def limited(*limits: RouteLimit) -> Callable[[View], View]:
    def around(view: Any) -> Any:
        return reduce(lambda inner, one: one(inner), limits, view)

    return around


def install(app: Flask) -> None:
    limiter.init_app(app)
    local.init_app(app)
    local.enabled = True  # is_off() says it for both; each would read what the other wrote into the app's settings
    app.register_error_handler(RateLimitExceeded, _refuse)
    app.after_request(_tell)


def _counted() -> list[RequestLimit]:
    """What this request was counted by; kept, for to show its form again goes past the limits once more."""
    if "counted" not in g:
        g.counted = [*limiter.current_limits, *local.current_limits]
    counted: list[RequestLimit] = g.counted
    return counted


def _tell(response: Response) -> Response:
    told = [(f'"{one.request_args[-1]}-{one.limit.get_expiry()}"', one) for one in _counted()
            if not one.request_args[-1].startswith(SILENT)]
    if told and response.status_code < 500:  # else it may be the database that has gone
        response.headers["RateLimit-Policy"] = ", ".join(
            f"{name};q={one.limit.amount};w={one.limit.get_expiry()}" for name, one in told)
        response.headers["RateLimit"] = ", ".join(f"{name};r={one.remaining};t={_wait(one)}" for name, one in told)
    return response


def _wait(one: RequestLimit) -> int:
    return max(1, math.ceil(one.reset_at - time.time()))


def _refuse(_: RateLimitExceeded) -> ResponseReturnValue:
    wait = max(_wait(one) for one in _counted() if one.breached)
    refused = TooMany(_try_again(wait), wait)
    try:
        if not is_api() and request.method == "POST" and "GET" in (request.url_rule.methods or ()):  # type: ignore[union-attr]
            return _form_again(refused)
        raise refused
    except Exception as problem:  # what the page of the form says of itself: who may not see it is told just that
        return current_app.handle_user_exception(problem)


def _form_again(refused: TooMany) -> Response:
    """The page of the form as if opened anew; to open it changes nothing. web.forms puts in what was sent."""
    g.refused = refused
    request.method = "GET"
    try:
        answer = make_response(current_app.view_functions[request.endpoint or ""](**request.view_args or {}))
    finally:
        request.method = "POST"
    if g.pop("refused", None) is not None:
        raise refused  # no form came: the page leads elsewhere
    return answer


def _try_again(wait: int) -> Phrase:
    if wait <= 90:
        return say("That was too often. Wait {seconds} seconds, then send it once more.", seconds=wait)
    return say("That was too often. Wait {minutes} minutes, then send it once more.", minutes=math.ceil(wait / 60))
