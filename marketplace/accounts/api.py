"""Tokens, over JSON."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_smorest import Blueprint

from marketplace.accounts import limits, second_factor, service
from marketplace.accounts.schemas import Credentials, Token
from marketplace.accounts.scopes import any_scope, as_kept
from marketplace.errors import Unauthorised
from marketplace.phrases import say
from marketplace.web.guard import actor, public

bp = Blueprint("accounts_api", __name__, url_prefix="/api/v1", description="Tokens and the person they speak for")


@bp.post("/tokens")
@bp.arguments(Credentials)
@bp.response(201, Token)
@limits.signing_in
@public
@any_scope
def new_token(credentials: dict[str, Any]) -> dict[str, Any]:
    """A bearer token for an e-mail address and its password, and the code where the account has a second factor."""
    person = service.person_with(credentials["email"], credentials["password"])
    if person is None:
        raise Unauthorised(say("The address or the password is wrong."))
    second_factor.satisfy(person, credentials["code"])
    asked = {name: credentials[name] for name in ("name", "scopes", "days")}
    token, expires_at = service.new_token(person, **asked)
    return {"token": token, "name": asked["name"], "scopes": as_kept(asked["scopes"]), "expires_at": expires_at}


@bp.delete("/tokens/current")
@bp.response(204)
@any_scope
def revoke_token() -> None:
    """Give up the token this request is made with."""
    service.revoke_this(actor(), request.headers["Authorization"].partition(" ")[2].strip())
