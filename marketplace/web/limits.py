"""How often somebody may do a thing, at the edge: who is counted, what they are told, and that they lose nothing.

Where a form is sent too often it comes back filled, with the refusal above it (web.forms); elsewhere the refusal is an
error page or problem+json. Every answer that was counted says in `RateLimit` what is left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, make_response, request

from marketplace import secrets_kept
from marketplace.errors import TooMany
from marketplace.phrases import Phrase, say
from marketplace.rates import Local, Rate, Shared, Standing, Store
from marketplace.web.guard import actor, is_api

View = TypeVar("View", bound=Callable[..., Any])
shared, local = Shared(), Local()


class Limiter:
    """Whether anything is counted at all: tests switch it off."""

    enabled = True

    def reset(self) -> None:
        shared.clear()
        local.clear()


limiter = Limiter()


@dataclass(frozen=True)
class Limit:
    """`whose` says who is counted, None for nobody. One that is not `told` stands in no heading: it would tell what
    others do. Stands above a view as a decorator, alone or with others in limited()."""

    name: str
    rates: tuple[Rate, ...]
    whose: Callable[[], str | None]
    store: Store = shared
    methods: tuple[str, ...] = ("POST",)
    told: bool = True

    def __call__(self, view: View) -> View:
        return limited(self)(view)

    def keys(self, who: str) -> dict[str, Rate]:
        return {secrets_kept.digest(f"{self.name} {rate.seconds} {who}", "rates"): rate for rate in self.rates}


def limited(*limits: Limit) -> Callable[[View], View]:
    def around(view: View) -> View:
        @wraps(view)
        def counted(*args: Any, **values: Any) -> Any:
            refused = _take(limits)
            if refused is None:
                return view(*args, **values)
            if not is_api() and request.method == "POST" and "GET" in (request.url_rule.methods or ()):  # type: ignore[union-attr]
                return _form_again(refused, lambda: view(*args, **values))
            raise refused

        return counted  # type: ignore[return-value]

    return around


def install(app: Flask) -> None:
    @app.after_request
    def tell(response: Response) -> Response:
        told: list[tuple[str, Standing]] = g.get("standings", [])
        if told:
            response.headers["RateLimit-Policy"] = ", ".join(
                f'"{name}";q={one.rate.most};w={one.rate.seconds}' for name, one in told)
            response.headers["RateLimit"] = ", ".join(
                f'"{name}";r={one.left};t={one.wait or one.rate.seconds}' for name, one in told)
        return response


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


def _take(limits: Sequence[Limit]) -> TooMany | None:
    if not limiter.enabled or not current_app.config["YINQIAO"].rate_limits:
        return None
    for store in dict.fromkeys(limit.store for limit in limits):
        counted = [(limit, who) for limit in limits if limit.store is store and request.method in limit.methods
                   and (who := limit.whose()) is not None]
        asked = {key: rate for limit, who in counted for key, rate in limit.keys(who).items()}
        found = store.take(asked) if asked else []
        names = [limit for limit, _ in counted for _ in limit.rates]
        g.setdefault("standings", []).extend(
            (f"{limit.name}-{one.rate.seconds}", one) for limit, one in zip(names, found, strict=True) if limit.told)
        wait = max((one.wait for one in found), default=0)
        if wait:
            return TooMany(_try_again(wait), wait)
    return None


def _form_again(refused: TooMany, view: Callable[[], Any]) -> Response:
    """The page of the form as if opened anew; to open it changes nothing. web.forms puts in what was sent."""
    g.refused = refused
    request.method = "GET"
    try:
        answer = make_response(view())
    finally:
        request.method = "POST"
    if g.pop("refused", None) is not None:
        raise refused  # no form came: the page leads elsewhere
    return answer


def _try_again(wait: int) -> Phrase:
    if wait <= 90:
        return say("That was too often. Wait {seconds} seconds, then send it once more.", seconds=wait)
    return say("That was too often. Wait {minutes} minutes, then send it once more.", minutes=math.ceil(wait / 60))
