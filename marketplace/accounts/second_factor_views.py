"""The second factor as pages: asked at sign-in, set up, and its recovery codes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import half_way, schemas, second_factor, sessions, signing_in
from marketplace.accounts.limits import by_origin
from marketplace.accounts.signing_in import recently_confirmed
from marketplace.accounts.views import go_on
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import words

bp = Blueprint("second_factor", __name__)
FORM = ["GET", "POST"]


@bp.route("/sign-in/code", methods=FORM)
@by_origin
@public
def enter() -> ResponseReturnValue:
    """After the password; nobody comes here without it."""
    half = half_way.found()
    if half is None:
        return redirect(url_for("accounts.sign_in"))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        second_factor.check(half.person, values["code"])
        signing_in.start(half.person, remember=half.remember, with_code=True, by_mail=half.by_mail)
        return go_on(half.person, half.after)

    return form_page("accounts/enter_code.html", schemas.Code(), done, email=half.person.email)


@bp.get("/account/second-factor")
def show() -> ResponseReturnValue:
    return render_template("accounts/second_factor.html", factor=second_factor.kept_by(actor()),
                           left=second_factor.recovery_codes_left(actor()), needed=second_factor.is_needed(actor()),
                           in_use=second_factor.is_in_use())


@bp.route("/account/second-factor/new", methods=FORM)
@by_origin
@recently_confirmed
def set_up() -> ResponseReturnValue:
    """The recovery codes come with the answer itself: no address shows them a second time."""
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        codes = second_factor.turn_on(actor(), values["token"], values["code"])
        sessions.end_all(actor(), but=signing_in.this_browser().id)
        signing_in.renew(sessions.renew(signing_in.this_browser(), with_code=True))
        return render_template("accounts/recovery_codes.html", codes=codes, is_new=True)

    draft = second_factor.draft(actor(), request.form.get("token"))
    return form_page("accounts/set_up_second_factor.html", schemas.NewSecondFactor(), done, draft=draft,
                     needed=second_factor.is_needed(actor()), replaces=second_factor.kept_by(actor()) is not None)


@bp.route("/account/second-factor/codes", methods=FORM)
@by_origin
@recently_confirmed
def recovery_codes() -> ResponseReturnValue:
    def done(_: dict[str, Any]) -> ResponseReturnValue:
        codes = second_factor.renew_recovery_codes(actor())
        return render_template("accounts/recovery_codes.html", codes=codes, is_new=False)

    return form_page("accounts/new_recovery_codes.html", schemas.Nothing(), done,
                     left=second_factor.recovery_codes_left(actor()))


@bp.route("/account/second-factor/off", methods=FORM)
@by_origin
@recently_confirmed
def turn_off() -> ResponseReturnValue:
    def done(_: dict[str, Any]) -> ResponseReturnValue:
        second_factor.turn_off(actor())
        sessions.end_all(actor(), but=signing_in.this_browser().id)
        signing_in.renew(sessions.renew(signing_in.this_browser(), with_code=False))
        flash(words(say("Your second factor is off. The password alone signs in.")))
        return redirect(url_for("second_factor.show"))

    return form_page("accounts/turn_off_second_factor.html", schemas.Nothing(), done)
