"""Pages about the domains of organisations: what their administrators say, and what operators confirm."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import limits, openid
from marketplace.errors import Conflict
from marketplace.organisations import domains, schemas, service
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("domains", __name__)


@bp.route("/organisations/<slug>/domains", methods=["GET", "POST"])
@limits.sending_mail
def index(slug: str) -> ResponseReturnValue:
    organisation = service.to_edit(actor(), slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        row = domains.state(actor(), organisation, values["domain"])
        flash(words(say("{domain} waits for an operator to confirm it.", domain=row.domain)))
        return redirect(url_for("domains.index", slug=slug))

    return form_page("organisations/domains.html", schemas.StatedDomain(), done, organisation=organisation,
                     domains=domains.of(actor(), organisation), system=openid.label())


@bp.post("/organisations/<slug>/domains/<int:domain_id>/remove")
def remove(slug: str, domain_id: int) -> ResponseReturnValue:
    row = domains.remove(actor(), service.to_edit(actor(), slug), domain_id)
    flash(words(say("Nobody new joins by {domain} any more.", domain=row.domain)))
    return redirect(url_for("domains.index", slug=slug))


@bp.get("/operator/domains")
def waiting() -> ResponseReturnValue:
    return render_template("organisations/domains_waiting.html", domains=domains.waiting(actor()))


@bp.post("/operator/domains/<int:domain_id>/confirm")
def confirm(domain_id: int) -> ResponseReturnValue:
    try:
        row = domains.confirm(actor(), domain_id)
        flash(words(say("{domain} is confirmed for {organisation}.", domain=row.domain, organisation=row.organisation)))
    except Conflict as problem:
        flash(words(problem.message), "error")
    return redirect(url_for("domains.waiting"))


@bp.post("/operator/domains/<int:domain_id>/refuse")
def refuse(domain_id: int) -> ResponseReturnValue:
    row = domains.refuse(actor(), domain_id)
    flash(words(say("{domain} is not taken for {organisation}.", domain=row.domain, organisation=row.organisation)))
    return redirect(url_for("domains.waiting"))
