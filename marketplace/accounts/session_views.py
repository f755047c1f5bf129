"""The browsers that are signed in, as their person sees them, and the password shown once more."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import limits, schemas, service, sessions, signing_in
from marketplace.accounts.views import local_path
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("sessions", __name__)


@bp.post("/account/sessions/<int:session_id>/end")
def end(session_id: int) -> ResponseReturnValue:
    if session_id == signing_in.this_browser().id:
        signing_in.leave()
        return redirect("/")
    sessions.end(actor(), session_id)
    flash(words(say("That browser is signed out.")))
    return redirect(url_for("accounts.account", _anchor="sessions"))


@bp.post("/account/sessions/end-others")
def end_others() -> ResponseReturnValue:
    sessions.end_all(actor(), but=signing_in.this_browser().id)
    flash(words(say("All other browsers are signed out.")))
    return redirect(url_for("accounts.account", _anchor="sessions"))


@bp.route("/account/confirm-password", methods=["GET", "POST"])
@limits.showing_password
def confirm() -> ResponseReturnValue:
    """Before what could lock its person out, or let somebody in for good."""
    after = local_path(request.args.get("next", ""))

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.show_password(actor(), values["password"])
        signing_in.renew(sessions.confirm(signing_in.this_browser()))
        return redirect(local_path(values["next"]))

    return form_page("accounts/confirm_password.html", schemas.ShownPassword(), done, initial={"next": after},
                     has_password=actor().password_hash is not None)
