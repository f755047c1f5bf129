"""Messages and notices as pages."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.messaging import mail, service
from marketplace.phrases import say
from marketplace.web.guard import actor, is_api
from marketplace.web.language import words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("messaging", __name__)
NOTICES, MAILS = 30, 50


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
    return render_template(
        "messaging/notices.html", notices=Slice(items, total, page_argument(), NOTICES), unread_only=unread_only
    )


@bp.get("/notices/<int:notice_id>")
def notice(notice_id: int) -> ResponseReturnValue:
    """The way to what a notice is about; going there is reading it."""
    return redirect(service.read_notice(actor(), notice_id).url)


@bp.post("/notices/<int:notice_id>/read")
def read_notice(notice_id: int) -> ResponseReturnValue:
    service.read_notice(actor(), notice_id)
    return redirect(url_for("messaging.notices"))


@bp.post("/notices/read")
def read_all_notices() -> ResponseReturnValue:
    service.read_all_notices(actor())
    return redirect(url_for("messaging.notices"))


@bp.get("/operator/mail")
def mails() -> ResponseReturnValue:
    items, total = service.outgoing_mails(actor(), page=page_argument(), size=MAILS)
    slice_ = Slice(items, total, page_argument(), MAILS)
    return render_template("messaging/mails.html", mails=slice_, has_server=mail.has_server())


@bp.get("/operator/mail/<int:mail_id>")
def show_mail(mail_id: int) -> ResponseReturnValue:
    row = service.outgoing_mail(actor(), mail_id)
    return render_template("messaging/mail.html", mail=row, has_server=mail.has_server())


@bp.post("/operator/mail/<int:mail_id>/again")
def send_again(mail_id: int) -> ResponseReturnValue:
    service.send_again(actor(), service.outgoing_mail(actor(), mail_id))
    flash(words(say("The mail is on its way again.")))
    return redirect(url_for("messaging.mails"))
