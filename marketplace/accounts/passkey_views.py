"""Passkeys as pages: listed, added and revoked by their person, and shown at sign-in.

The browser's script asks an address here what a device is to sign, and sends the device's answer with the form; what
was asked waits in the cookie meanwhile, and is taken out of it before the answer is looked at.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from marketplace import context
from marketplace.accounts import limits, passkeys, schemas, sessions, signing_in
from marketplace.accounts.models import Passkey, User
from marketplace.accounts.passkeys import Asked
from marketplace.accounts.signing_in import recently_confirmed
from marketplace.accounts.views import go_on, local_path
from marketplace.errors import Conflict
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import words

bp = Blueprint("passkeys", __name__)
ASKED = "passkey"


@bp.app_template_global()
def passkeys_are_in_use() -> bool:
    return passkeys.site() is not None


@bp.app_template_global()
def passkeys_of(person: User) -> list[Passkey]:
    return list(passkeys.of(person))


@bp.get("/account/passkeys")
def index() -> ResponseReturnValue:
    return render_template("accounts/passkeys.html", passkeys=passkeys.of(actor()))


@bp.route("/account/passkeys/new", methods=["GET", "POST"])
@limits.by_origin
@recently_confirmed
def add() -> ResponseReturnValue:
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        made = passkeys.add(actor(), values["name"], values["credential"], taken())
        signing_in.renew(sessions.renew(signing_in.this_browser()))
        flash(words(say("The passkey “{name}” signs you in from now on.", name=made.name)))
        return redirect(url_for("passkeys.index"))

    return form_page("accounts/add_passkey.html", schemas.MadePasskey(), done,
                     initial={"name": context.current().device})


@bp.get("/account/passkeys/new/options")
@recently_confirmed
def options_to_add() -> Response:
    return kept(*passkeys.ask_for_new(actor()))


@bp.post("/account/passkeys/<int:passkey_id>/revoke")
def revoke(passkey_id: int) -> ResponseReturnValue:
    try:
        passkeys.revoke(actor(), passkey_id)
    except Conflict as problem:
        flash(words(problem.message), "error")
        return redirect(url_for("passkeys.index"))
    sessions.end_all(actor(), but=signing_in.this_browser().id)
    signing_in.renew(sessions.renew(signing_in.this_browser()))
    flash(words(say("The passkey signs nobody in any more. Other browsers have been signed out.")))
    return redirect(url_for("passkeys.index"))


@bp.get("/sign-in/passkey/options")
@public
def options_to_sign_in() -> Response:
    return kept(*passkeys.ask_for_one())


@bp.post("/sign-in/passkey")
@limits.showing_a_passkey
@public
def sign_in() -> ResponseReturnValue:
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        person = passkeys.person_with(values["credential"], taken())
        signing_in.start(person, remember=values["remember"], with_code=True)
        return go_on(person, local_path(values["next"]))

    return form_page("accounts/sign_in.html", schemas.ShownPasskey(), done)


def kept(options: str, asked: Asked) -> Response:
    """For the script; the cookie remembers what was asked, in place of what was asked before."""
    session[ASKED] = {**asdict(asked), "at": asked.at.isoformat()}
    return Response(options, mimetype="application/json")


def taken() -> Asked | None:
    """What was asked last in this browser, which it was asked this once."""
    found = session.pop(ASKED, None)
    return replace(Asked(**found), at=datetime.fromisoformat(found["at"])) if isinstance(found, dict) else None
