"""Messages and notices as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import NotFound
from marketplace.messaging import inbox, leaving, mail, preferences, service
from marketplace.messaging.kinds import KINDS, Kind
from marketplace.messaging.schemas import PreferencesForm
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, is_api, public
from marketplace.web.language import words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("messaging", __name__)
NOTICES, MAILS = 30, 50
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""Of the preview of a mail: styles stand in its text, and nothing else is allowed."""


@bp.app_context_processor
def unread() -> dict[str, int]:
    """How many notices wait, for the bell on every page; 0 for visitors."""
    person = g.get("actor")
    if person is None or is_api():
        return {"unread": 0}
    return {"unread": service.unread_count(person)}


@bp.get("/notices")
def notices() -> ResponseReturnValue:
    unread_only = request.args.get("show") == "unread"
    items, total = service.notices(actor(), unread_only=unread_only, page=page_argument(), size=NOTICES)
    page = Slice(items, total, page_argument(), NOTICES)
    return render_template("messaging/notices.html", notices=page, days=inbox.grouped(items), unread_only=unread_only,
                           kinds=KINDS, below_title=inbox.below_title)


@bp.get("/notices/<int:notice_id>")
def notice(notice_id: int) -> ResponseReturnValue:
    """The way to what a notice is about; going there is reading it."""
    return redirect(service.read_notice(actor(), notice_id).url)


@bp.post("/notices/<int:notice_id>/read")
def read_notice(notice_id: int) -> ResponseReturnValue:
    service.read_notice(actor(), notice_id)
    return redirect(_back())


@bp.post("/notices/read")
def read_notices() -> ResponseReturnValue:
    """All of them, or those about one page."""
    if request.form.get("page"):
        service.read_about(actor(), request.form["page"])
    else:
        service.read_all_notices(actor())
    return redirect(_back())


@bp.route("/account/notices", methods=["GET", "POST"])
def wanted() -> ResponseReturnValue:
    def done(form: dict[str, Any]) -> ResponseReturnValue:
        preferences.choose(actor(), {Kind(name): how for name, how in form.items()})
        flash(words(say("Saved.")))
        return redirect(url_for("messaging.wanted"))

    initial = {kind.value: how for kind, how in preferences.of(actor()).items()}
    choices = {kind: preferences.choices(kind) for kind in KINDS}
    return form_page("messaging/wanted.html", PreferencesForm(), done, initial=initial, kinds=KINDS, choices=choices)


@bp.route("/notices/leave/<token>", methods=["GET", "POST"])
@public
def leave(token: str) -> ResponseReturnValue:
    """RFC 8058: a POST ends the mails, without a sign-in and from anywhere. A GET shows a button: programs that look
    through mail open every link in it."""
    try:
        what = leaving.behind(token)
    except NotFound:
        return render_template("messaging/left_before.html"), 404
    ended = what.kinds
    if request.method == "POST":
        leaving.leave(what)
    return render_template("messaging/leave.html", what=what, ended=ended, kinds=KINDS)


@bp.get("/operator/mail")
def mails() -> ResponseReturnValue:
    items, total = service.outgoing_mails(actor(), page=page_argument(), size=MAILS)
    slice_ = Slice(items, total, page_argument(), MAILS)
    return render_template("messaging/mails.html", mails=slice_, has_server=mail.has_server())


@bp.get("/operator/mail/<int:mail_id>")
def show_mail(mail_id: int) -> ResponseReturnValue:
    row = service.outgoing_mail(actor(), mail_id)
    return render_template("messaging/mail.html", mail=row, has_server=mail.has_server())


@bp.get("/operator/mail/<int:mail_id>/page")
def mail_page(mail_id: int) -> Response:
    """The mail as its reader sees it. Whatever stood in it could do nothing here: no script runs, nothing is loaded,
    and it is a stranger to our own pages."""
    row = service.outgoing_mail(actor(), mail_id)
    if mail.has_server() or not row.html:
        raise NotFound
    response = current_app.response_class(row.html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


@bp.post("/operator/mail/<int:mail_id>/again")
def send_again(mail_id: int) -> ResponseReturnValue:
    service.send_again(actor(), service.outgoing_mail(actor(), mail_id))
    flash(words(say("The mail is on its way again.")))
    return redirect(url_for("messaging.mails"))


def _back() -> str:
    """To the list as it was, unread only or not."""
    return url_for("messaging.notices", show="unread" if request.form.get("show") == "unread" else None)
