"""Supplier libraries as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import Invalid, require
from marketplace.files.views import deliver
from marketplace.phrases import say
from marketplace.suppliers import service, vocabulary
from marketplace.suppliers.choosing import organisation_of
from marketplace.suppliers.models import Supplier
from marketplace.suppliers.permissions import (
    applicants_of,
    buyers_of,
    can_add_papers,
    can_apply_again,
    can_decide,
    can_leave,
    can_remove_papers,
    can_run,
    is_buyer,
    speaks_for,
)
from marketplace.suppliers.schemas import LibraryForm, SupplierDeclineForm, SupplierForm
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("suppliers", __name__)
SIZE = 20


@bp.app_context_processor
def about_suppliers() -> dict[str, Any]:
    """For the page of an event of directed procurement: the library that goes with it, where this reader may know."""
    return {"supplier_library_of": lambda edition: service.of_edition(actor(), edition)}


@bp.get("/suppliers")
def index() -> ResponseReturnValue:
    return _page("suppliers/index.html", own=service.libraries(actor(), own=True), places=service.places(actor()),
                 calls=service.libraries(actor(), own=False), may_open=bool(buyers_of(actor())))


@bp.route("/suppliers/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    buyers = buyers_of(actor())
    require(bool(buyers), say("Those who write for a verified company open a supplier library."))

    def opened(form: dict[str, Any]) -> ResponseReturnValue:
        library = service.open_library(actor(), organisation_of(buyers, form["buyer"], "buyer"), form)
        flash(_("The library is open to applications."))
        return redirect(library.url)

    return form_page("suppliers/library_form.html", LibraryForm(), opened, buyers=buyers, library=None,
                     editions=service.editions_for(actor()))


@bp.get("/suppliers/<ref>")
def show(ref: str) -> ResponseReturnValue:
    library = service.get(actor(), ref)
    if not is_buyer(actor(), library):
        place = service.own_place(actor(), library)
        return _page("suppliers/call.html", library=library, place=place, applicants=applicants_of(actor(), library),
                     again=place is not None and speaks_for(actor(), place) and can_apply_again(place))
    text, kind = request.args.get("q", "").replace("\0", "").strip()[:100], request.args.get("standing", "")
    found, total = service.search(actor(), library, text, kind, page=page_argument(), size=SIZE)
    return _page("suppliers/library.html", library=library, page=Slice(found, total, page_argument(), SIZE), text=text,
                 chosen=kind if kind in vocabulary.STANDINGS else "", runs=can_run(actor(), library),
                 counts=service.counts(actor(), library))


@bp.route("/suppliers/<ref>/edit", methods=["GET", "POST"])
def edit(ref: str) -> ResponseReturnValue:
    library = service.get(actor(), ref)
    require(can_run(actor(), library))
    initial = {name: getattr(library, name) for name in ("title", "wanted", "conditions", "version")}

    def changed(form: dict[str, Any]) -> ResponseReturnValue:
        service.change_library(actor(), library, form, form["version"])
        flash(_("Saved."))
        return redirect(library.url)

    return form_page("suppliers/library_form.html", LibraryForm(), changed, library=library, buyers=[],
                     initial={**initial, "edition": library.edition_id},
                     editions=service.editions_for(actor(), library))


@bp.post("/suppliers/<ref>/<any(open,close):what>")
def set_open(ref: str, what: str) -> ResponseReturnValue:
    library = service.get(actor(), ref)
    service.set_open(actor(), library, what == "open")
    flash(_("The library is open to applications.") if library.is_open else _("No new applications for now."))
    return redirect(library.url)


@bp.route("/suppliers/<ref>/apply", methods=["GET", "POST"])
def apply(ref: str) -> ResponseReturnValue:
    library = service.get(actor(), ref)
    able, place = applicants_of(actor(), library), service.own_place(actor(), library)
    require(bool(able), say("Those who write for a verified organisation apply for it; not the buyer itself."))
    initial = {} if place is None else {"supplies": place.supplies, "proof": place.proof}

    def applied(form: dict[str, Any]) -> ResponseReturnValue:
        sent = service.apply(actor(), library, organisation_of(able, form["organisation"], "organisation"), form)
        flash(_("Sent. Add your certificates and documents here; the buyer decides."))
        return redirect(sent.url)

    return form_page("suppliers/apply.html", SupplierForm(), applied, library=library, able=able, place=place,
                     initial=initial)


@bp.get("/suppliers/<ref>/<int:number>")
def one(ref: str, number: int) -> ResponseReturnValue:
    return _one_page(service.one(actor(), service.get(actor(), ref), number), {}, 200)


@bp.post("/suppliers/<ref>/<int:number>/accept")
def accept(ref: str, number: int) -> ResponseReturnValue:
    supplier = service.one(actor(), service.get(actor(), ref), number)
    version = request.form.get("version", "")
    service.accept(actor(), supplier, int(version) if version.isascii() and version.isdigit() else None)
    flash(_("In the library. The supplier has been told."))
    return redirect(supplier.url)


@bp.route("/suppliers/<ref>/<int:number>/decline", methods=["GET", "POST"])
def decline(ref: str, number: int) -> ResponseReturnValue:
    supplier = service.one(actor(), service.get(actor(), ref), number)
    require(can_run(actor(), supplier.library))

    def declined(form: dict[str, Any]) -> ResponseReturnValue:
        service.decline(actor(), supplier, form["reason"], form["version"])
        flash(_("Declined. The supplier reads why."))
        return redirect(supplier.url)

    return form_page("suppliers/decline.html", SupplierDeclineForm(), declined, one=supplier,
                     initial={"version": supplier.version})


@bp.post("/suppliers/<ref>/<int:number>/leave")
def leave(ref: str, number: int) -> ResponseReturnValue:
    supplier = service.one(actor(), service.get(actor(), ref), number)
    service.leave(actor(), supplier)
    flash(_("You are no longer in this library."))
    return redirect(supplier.url)


@bp.post("/suppliers/<ref>/<int:number>/files")
def add_paper(ref: str, number: int) -> ResponseReturnValue:
    supplier, sent = service.one(actor(), service.get(actor(), ref), number), request.files.get("file")
    require(can_add_papers(actor(), supplier), say("Those who write for the supplier add its documents."))
    try:
        if sent is None or not sent.filename:
            raise Invalid({"file": say("Choose a file first.")})
        service.add_paper(actor(), supplier, sent.filename, sent.stream)
    except Invalid as problem:
        return _one_page(supplier, {name: words(text) for name, text in problem.fields.items()}, 422)
    flash(_("File added."))
    return redirect(supplier.url)


@bp.get("/suppliers/<ref>/<int:number>/files/<int:file_id>")
def paper(ref: str, number: int, file_id: int) -> Response:
    return deliver(service.paper(actor(), service.one(actor(), service.get(actor(), ref), number), file_id))


@bp.post("/suppliers/<ref>/<int:number>/files/<int:file_id>/remove")
def remove_paper(ref: str, number: int, file_id: int) -> ResponseReturnValue:
    supplier = service.one(actor(), service.get(actor(), ref), number)
    service.remove_paper(actor(), supplier, file_id)
    flash(_("File removed."))
    return redirect(supplier.url)


def _one_page(supplier: Supplier, errors: dict[str, str], status: int) -> ResponseReturnValue:
    who = actor()
    return _page("suppliers/one.html", status, one=supplier, papers=service.papers(who, supplier), errors=errors,
                 decides=can_decide(who, supplier), leaves=can_leave(who, supplier), adds=can_add_papers(who, supplier),
                 removes=can_remove_papers(who, supplier), buys=is_buyer(who, supplier.library),
                 again=speaks_for(who, supplier) and can_apply_again(supplier))


def _page(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    html = render_template(template, standing=vocabulary.standing, standings=vocabulary.STANDINGS, **context)
    return make_response(html, status)
