"""Supplier libraries over the API."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from marketplace.accounts import links
from marketplace.errors import Invalid
from marketplace.files.views import deliver
from marketplace.organisations.models import Organisation
from marketplace.phrases import say
from marketplace.suppliers import choosing, service, showing
from marketplace.suppliers.api_shapes import (
    ChangedSupplierLibrary,
    NewSupplierLibrary,
    SupplierAcceptance,
    SupplierApplication,
    SupplierLibrariesOut,
    SupplierLibrariesQuery,
    SupplierLibraryOut,
    SupplierPlaceOut,
    SupplierPlacesOut,
    SupplierPlacesQuery,
    SupplierRefusal,
    SupplierRenewal,
    SuppliersOut,
    SuppliersQuery,
)
from marketplace.suppliers.models import Library, Supplier
from marketplace.suppliers.vocabulary import standing
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("suppliers_api", __name__, url_prefix="/api/v1", description="Supplier libraries of buyers")
PLACE = "/suppliers/<ref>/places/<int:number>"
LIBRARY = ("ref", "title", "wanted", "conditions", "is_open", "created_at", "version")
BRIEF = ("id", "supplies", "proof", "state", "is_valid", "renews", "applied_at", "accepted_on", "valid_until", "reason",
         "version")
PAPER = ("id", "name", "size", "media_type")


@bp.get("/suppliers")
@bp.arguments(SupplierLibrariesQuery, location="query")
@bp.response(200, SupplierLibrariesOut)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """What buyers look for, the newest first."""
    page = {name: query[name] for name in ("page", "size")}
    items, total = service.some_libraries(actor(), own=query["whose"] == "own", **page)
    return {"items": [_library(one) for one in items], "total": total, **page}


@bp.post("/suppliers")
@bp.arguments(NewSupplierLibrary)
@bp.response(201, SupplierLibraryOut)
def open_library(given: dict[str, Any]) -> dict[str, Any]:
    """Say what your company procures; others apply from now on."""
    buyer = choosing.buyer_called(actor(), given.pop("buyer"))
    return _library(service.open_library(actor(), buyer, _content(given)))


@bp.get("/suppliers/places")
@bp.arguments(SupplierPlacesQuery, location="query")
@bp.response(200, SupplierPlacesOut)
def places(page: dict[str, Any]) -> dict[str, Any]:
    """Where your organisations have applied or been accepted, the latest first."""
    items, total = service.some_places(actor(), **page)
    return {"items": [_brief(one) for one in items], "total": total, **page}


@bp.get("/suppliers/<ref>")
@bp.etag
@bp.response(200, SupplierLibraryOut)
def show(ref: str) -> dict[str, Any]:
    """What one buyer looks for. Who is in its library, only the buyer learns."""
    return _library(service.get(actor(), ref))


@bp.put("/suppliers/<ref>")
@bp.etag
@bp.arguments(ChangedSupplierLibrary)
@bp.response(200, SupplierLibraryOut)
def change(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """For the buyer: send all of it."""
    library = service.get(actor(), ref)
    service.require_runs(actor(), library)
    bp.check_etag(_library(library), SupplierLibraryOut)
    service.change_library(actor(), library, _content(given, library), library.version)
    return _library(library)


@bp.post("/suppliers/<ref>/<any(open,close):what>")
@bp.response(200, SupplierLibraryOut)
def set_open(ref: str, what: str) -> dict[str, Any]:
    """For the buyer: take applications, or no more for now. Whoever is in the library stays, and renews."""
    library = service.get(actor(), ref)
    service.set_open(actor(), library, what == "open")
    return _library(library)


@bp.get("/suppliers/<ref>/places")
@bp.arguments(SuppliersQuery, location="query")
@bp.response(200, SuppliersOut)
def search(query: dict[str, Any], ref: str) -> dict[str, Any]:
    """For the buyer: its suppliers and who has applied, what waits for it first, then by name."""
    library, page = service.get(actor(), ref), {name: query[name] for name in ("page", "size")}
    items, total = service.search(actor(), library, query["q"], query["standing"], **page)
    counts = service.counts(actor(), library)
    return {"items": [_brief(one) for one in items], "total": total, "counts": counts, **page}


@bp.post("/suppliers/<ref>/places")
@bp.arguments(SupplierApplication)
@bp.response(201, SupplierPlaceOut)
def apply(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Apply; again, and it takes the place of an application that is not decided, or is a new one after a no."""
    library = service.get(actor(), ref)
    organisation = choosing.applicant_called(actor(), library, given.pop("organisation"))
    return _place(service.apply(actor(), library, organisation, given))


@bp.get(PLACE)
@bp.etag
@bp.response(200, SupplierPlaceOut)
def show_place(ref: str, number: int) -> dict[str, Any]:
    """One supplier, for the buyer and the supplier itself; 404 for everybody else, the platform's staff too."""
    return _place(_one(ref, number))


@bp.post(f"{PLACE}/accept")
@bp.arguments(SupplierAcceptance, required=False)
@bp.response(200, SupplierPlaceOut)
def accept(given: dict[str, Any], ref: str, number: int) -> dict[str, Any]:
    """For the buyer: into the library for a year, or for another one."""
    supplier = _one(ref, number)
    service.accept(actor(), supplier, given["version"])
    return _place(supplier)


@bp.post(f"{PLACE}/decline")
@bp.arguments(SupplierRefusal)
@bp.response(200, SupplierPlaceOut)
def decline(given: dict[str, Any], ref: str, number: int) -> dict[str, Any]:
    """For the buyer: not into the library, or not for another year; the supplier reads why."""
    supplier = _one(ref, number)
    service.decline(actor(), supplier, given["reason"], given["version"])
    return _place(supplier)


@bp.post(f"{PLACE}/renew")
@bp.arguments(SupplierRenewal, required=False)
@bp.response(200, SupplierPlaceOut)
def renew(given: dict[str, Any], ref: str, number: int) -> dict[str, Any]:
    """For the supplier: ask for another year, in the last two months of one or after its end."""
    supplier = _one(ref, number)
    service.renew(actor(), supplier, given)
    return _place(supplier)


@bp.post(f"{PLACE}/leave")
@bp.response(200, SupplierPlaceOut)
def leave(ref: str, number: int) -> dict[str, Any]:
    """For the supplier: take the application back, or leave the library."""
    supplier = _one(ref, number)
    service.leave(actor(), supplier)
    return _place(supplier)


@bp.post(f"{PLACE}/papers")
@bp.response(201, SupplierPlaceOut)
def add_paper(ref: str, number: int) -> dict[str, Any]:
    """For the supplier: add a certificate or another document: multipart/form-data with `file`."""
    supplier, sent = _one(ref, number), request.files.get("file")
    service.require_adds_papers(actor(), supplier)
    if sent is None or not sent.filename:
        raise Invalid({"file": say("Choose a file first.")})
    service.add_paper(actor(), supplier, sent.filename, sent.stream)
    return _place(supplier)


@bp.get(f"{PLACE}/papers/<int:file_id>")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def paper(ref: str, number: int, file_id: int) -> Response:
    """The bytes of a document."""
    return deliver(service.paper(actor(), _one(ref, number), file_id))


def _one(ref: str, number: int) -> Supplier:
    return service.one(actor(), service.get(actor(), ref), number)


def _content(given: dict[str, Any], library: Library | None = None) -> dict[str, Any]:
    return {"edition": choosing.event_called(actor(), given.pop("event"), library), **given}


def _library(one: Library) -> dict[str, Any]:
    return {**{name: getattr(one, name) for name in LIBRARY}, "buyer": _side(one.buyer), "url": links.to(one.url),
            "event": one.edition.ref if one.edition else None, "may": showing.may_with_library(actor(), one)}


def _brief(one: Supplier) -> dict[str, Any]:
    return {**{name: getattr(one, name) for name in BRIEF}, "library": one.library.ref, "url": links.to(one.url),
            "organisation": _side(one.organisation), "standing": words(standing(one)[0])}


def _place(one: Supplier) -> dict[str, Any]:
    papers = [{name: getattr(file, name) for name in PAPER} for file in service.papers(actor(), one)]
    return {**_brief(one), "contact": one.contact.name if one.contact else None, "papers": papers,
            "may": showing.may_with_place(actor(), one)}


def _side(one: Organisation) -> dict[str, Any]:
    return {"slug": one.slug, "name": words(one)}
