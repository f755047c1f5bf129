"""The keys a person gives to programs: made, listed and revoked on a page of the account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import limits, schemas, scopes, service
from marketplace.accounts.scopes import Scope
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("tokens", __name__, url_prefix="/account/tokens")


@bp.route("", methods=["GET", "POST"])
@limits.showing_password
def index() -> ResponseReturnValue:
    person = actor()

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        token, ends = service.ask_for_token(person, **values)
        # In this answer and nowhere else: a redirect would have to keep it somewhere on the way.
        return render_template("accounts/token_made.html", token=token, name=values["name"], ends=ends)

    initial = {"scopes": [Scope.READ], "days": "90"}
    return form_page("accounts/tokens.html", schemas.NewToken(), done, initial=initial, person=person,
                     tokens=service.tokens_of(person), scopes=scopes.MEANINGS, lifetimes=schemas.LIFETIME_NAMES)


@bp.post("/<int:token_id>/revoke")
def revoke(token_id: int) -> ResponseReturnValue:
    service.revoke_token(actor(), token_id)
    flash(words(say("The token no longer opens anything.")))
    return redirect(url_for("tokens.index"))
