"""Signing in at another system: the way there, the way back, and the account of somebody new."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from marketplace import clock
from marketplace.accounts import limits, openid, openid_client, schemas, texts
from marketplace.accounts.models import ExternalIdentity, User
from marketplace.accounts.openid import Claims, NotLetIn
from marketplace.accounts.views import local_path, welcome_in
from marketplace.errors import Conflict
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, words

bp = Blueprint("openid", __name__, url_prefix="/sign-in/openid")
AFTER, NEW = "openid_after", "openid_new"
"""What the browser's cookie keeps on the way: where somebody wanted to go, and who is about to open an account."""
MOST_SECONDS = 30 * 60


@bp.app_template_global()
def openid_label() -> str | None:
    return openid.label()


@bp.get("")
@limits.signing_in_elsewhere
@public
def leave() -> ResponseReturnValue:
    session[AFTER] = local_path(request.args.get("next", ""))
    return openid_client.leave()


@bp.get("/return")
@limits.signing_in_elsewhere
@public
def come_back() -> ResponseReturnValue:
    claims = openid_client.come_back()
    person = openid.person_behind(claims)
    if person is not None:
        return welcome_in(person, local_path(session.pop(AFTER, "/")))
    session[NEW] = {"claims": asdict(claims), "until": int(clock.now().timestamp()) + MOST_SECONDS}
    return redirect(url_for("openid.register"))


@bp.route("/new", methods=["GET", "POST"])
@limits.by_origin
@public
def register() -> ResponseReturnValue:
    claims = newcomer()

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        person = openid.open_account(claims, **values)
        session.pop(NEW, None)
        return welcome_in(person, local_path(session.pop(AFTER, "/")))

    initial = {"name": claims.name, "language": claims.language or current()}
    return form_page("accounts/openid_new.html", schemas.NewPerson(), done, initial=initial, claims=claims,
                     languages=schemas.LANGUAGE_NAMES, texts=texts.in_force())


@bp.app_template_global()
def openid_identity(person: User) -> ExternalIdentity | None:
    return openid.of(person) if openid.label() else None


@bp.post("/forget")
def forget() -> ResponseReturnValue:
    try:
        openid.forget(actor())
        flash(words(say("{system} signs you in no more. Your password still does.", system=openid.label())))
    except Conflict as problem:
        flash(words(problem.message), "error")
    return redirect(url_for("accounts.account"))


@bp.errorhandler(NotLetIn)
def not_let_in(problem: NotLetIn) -> ResponseReturnValue:
    return render_template("accounts/openid_failed.html", title=words(problem.title), message=words(problem.message),
                           after=local_path(session.get(AFTER, "/"))), problem.status


def newcomer() -> Claims:
    """Whom the other system has just proven; the cookie that says so is signed and does not hold for long."""
    kept = session.get(NEW)
    if not isinstance(kept, dict) or kept["until"] < clock.now().timestamp() or not openid.label():
        raise NotLetIn(say("This took too long, or began in another browser. Begin again."))
    return Claims(**kept["claims"])
