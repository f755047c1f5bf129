"""A machine's translations, before the people who answer for them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import Conflict
from marketplace.listings import service
from marketplace.listings.pages import PAGE_SIZE, done, page, refused
from marketplace.web.guard import actor
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("translations", __name__)


@bp.get("/mine/translations")
def to_read_over() -> ResponseReturnValue:
    rows, total = service.to_read_over(actor(), page=page_argument(), size=PAGE_SIZE)
    return page("listings/to_read_over.html", slice=Slice(rows, total, page_argument(), PAGE_SIZE))


@bp.post("/listings/<ref>/translations/<language>/accept")
def accept(ref: str, language: str) -> ResponseReturnValue:
    listing = service.get(actor(), ref)
    try:
        service.accept_translation(actor(), listing, language, request.form.get("digest", ""))
        done(_("Translation accepted."))
    except Conflict as problem:
        flash(refused(problem)[0][""], "warning")
    if request.form.get("from") == "mine":
        return redirect(url_for("translations.to_read_over"))
    return redirect(url_for("listings.show", ref=ref))
