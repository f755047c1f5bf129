"""Listings as pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.files import service as files
from marketplace.files.views import deliver
from marketplace.listings import form, service, versions
from marketplace.listings.completeness import completeness
from marketplace.listings.content import tidy, validate_content
from marketplace.listings.duplicates import likely_duplicates
from marketplace.listings.fields import BY_NAME
from marketplace.listings.lists import Chosen, waiting_for_review
from marketplace.listings.models import Kind, Listing, State, TranslationState
from marketplace.listings.pages import PAGE_SIZE, asked_kind, choices_for_form, done, page, refused
from marketplace.listings.permissions import (
    can_create_for,
    can_edit,
    can_review,
    can_see_versions,
    can_translate,
    is_own,
)
from marketplace.listings.schemas import ExclusionsForm, RemarkForm, TranslationForm
from marketplace.listings.sharing import named_organisations, texts_of
from marketplace.listings.tiers import view_at
from marketplace.listings.workflow import ACTIONS, Action, possible
from marketplace.organisations.permissions import editable_ids, memberships
from marketplace.phrases import LANGUAGES, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("listings", __name__)
ADDRESSES = {action.address: action for action in ACTIONS}


@bp.get("/mine")
def mine() -> ResponseReturnValue:
    said = {name: tidy(request.args.get(name, ""))[:200] for name in ("organisation", "q")}
    chosen = Chosen(asked_kind(), _asked_states(), said["organisation"], said["q"])
    rows, total = service.mine(actor(), chosen, page=page_argument(), size=PAGE_SIZE)
    waiting, how_many = service.needs_me(actor())
    return page(
        "listings/mine.html", slice=Slice(rows, total, page_argument(), PAGE_SIZE), chosen=chosen, waiting=waiting,
        how_many=how_many, counts=service.counts_of_mine(actor(), chosen), memberships=memberships(actor()),
        may_write=bool(editable_ids(actor())), to_review=waiting_for_review(actor()),
        to_read_over=service.to_read_over(actor(), size=1)[1],
    )


def _asked_states() -> list[State]:
    return [State(given) for given in request.args.getlist("state") if given in set(State)]


@bp.get("/listings/<ref>")
@public
def show(ref: str) -> ResponseReturnValue:
    listing = service.get(actor(), ref)
    view = service.reading(actor(), listing)
    inside = can_see_versions(actor(), listing)
    return page(
        "listings/show.html", listing=listing, view=view, told=view.in_language(current()),
        own=is_own(actor(), listing), inside=inside, editable=can_edit(actor(), listing), actions=_offered(listing),
        pending=listing.pending,
        reviews=can_review(actor(), listing) and listing.state is not State.WITHDRAWN and _awaits_review(listing),
        copyable=can_create_for(actor(), listing.organisation_id), translates=can_translate(actor(), listing),
        judged=completeness(listing.kind, versions.proposed_content(listing)) if inside else None,
    )


def _offered(listing: Listing) -> list[Action]:
    """Decisions of review are taken on the review page, submitting on its own."""
    return [a for a in possible(actor(), listing) if a.name not in service.DECISIONS]


def _awaits_review(listing: Listing) -> bool:
    return listing.state is State.SUBMITTED or (listing.pending is not None and listing.pending.state == "in_review")


@bp.get("/listings/new")
def new() -> ResponseReturnValue:
    return page("listings/new.html", may_write=bool(editable_ids(actor())))


@bp.route("/listings/new/<any(result,need):kind>", methods=["GET", "POST"])
def write(kind: str) -> ResponseReturnValue:
    mine = [m.organisation for m in memberships(actor()) if m.organisation_id in editable_ids(actor())]
    if not mine:
        return _not_yet(Kind(kind))
    chosen = next((o for o in mine if o.slug == request.form.get("organisation")), mine[0])
    if request.method == "GET":
        start = {"organisation": mine[0].slug, "region": mine[0].region, "language": current(), "price_currency": "CNY"}
        return _form_page(Kind(kind), {**start, **_begun(Kind(kind))}, {}, organisations=mine)
    given = form.sent(Kind(kind), request.form)
    try:
        listing = service.create(actor(), chosen, Kind(kind), _content(Kind(kind), given.raw))
    except Invalid as problem:
        errors, status = refused(problem)
        return _form_page(Kind(kind), {**given.raw, "organisation": chosen.slug}, errors, status, organisations=mine)
    return _saved(listing)


@bp.route("/listings/<ref>/edit", methods=["GET", "POST"])
def edit(ref: str) -> ResponseReturnValue:
    listing = service.get(actor(), ref)
    content = service.editing(actor(), listing)
    if request.method == "GET":
        return _form_page(listing.kind, form.values_of(listing.kind, content), {}, listing=listing)
    given = form.sent(listing.kind, request.form)
    try:
        _save(listing, given)
    except form.Meanwhile as news:
        return _form_page(listing.kind, news.values, {}, 409, listing=listing, meanwhile=news)
    except (Invalid, Conflict) as problem:
        errors, status = refused(problem)
        values = {**form.values_of(listing.kind, content), **given.raw}
        return _form_page(listing.kind, values, errors, status, listing=service.get(actor(), ref), given=given)
    return _saved(listing)


def _save(listing: Listing, given: form.Sent) -> None:
    entered = _content(listing.kind, given.raw)
    service.change(actor(), listing, entered, form.refuse_if_changed(listing, given, entered))


def _content(kind: Kind, raw: dict[str, Any]) -> dict[str, Any]:
    content, errors = validate_content(kind, raw)
    if errors:
        raise Invalid(errors)
    return content


def _form_page(
    kind: Kind, values: dict[str, Any], errors: dict[str, str], status: int = 200, *, listing: Listing | None = None,
    given: form.Sent | None = None, **context: Any,
) -> ResponseReturnValue:
    """The form; when it comes back with complaints it still remembers what it was opened on."""
    marks = form.marks_of(kind, versions.proposed_content(listing)) if listing else ""
    version = listing.version if listing else None
    if given is not None and given.version is not None:
        marks, version = request.form.get("marks", ""), given.version
    entered, _errors = validate_content(kind, {name: value for name, value in values.items() if name != "organisation"})
    return page(
        "listings/form.html", status, kind=kind, values=values, errors=errors, listing=listing, marks=marks,
        version=version, judged=completeness(kind, entered), **choices_for_form(kind, values), **context,
    )


def _begun(kind: Kind) -> dict[str, str]:
    """What this address begins with, or the one did that had to wait until its reader could write."""
    waiting = session.pop("begun", {})
    return form.begun(kind, request.args) or form.begun(kind, waiting)


def _not_yet(kind: Kind) -> ResponseReturnValue:
    """Nobody to write for: what was begun is kept until there is."""
    if begun := form.begun(kind, request.args):
        session["begun"] = begun
    return redirect(url_for("listings.new"))


def _saved(listing: Listing) -> ResponseReturnValue:
    if request.form.get("then") == "submit":
        return redirect(url_for("listings.submit", ref=listing.ref))
    if listing.pending is not None:
        done(_("Saved. What has to be reviewed shows once it is accepted; the rest shows now."))
    elif listing.published_at is not None:
        done(_("Saved and published."))
    else:
        done(_("Draft saved."))
        return redirect(url_for("listings.edit", ref=listing.ref))
    return redirect(url_for("listings.show", ref=listing.ref))


@bp.route("/listings/<ref>/submit", methods=["GET", "POST"])
def submit(ref: str) -> ResponseReturnValue:
    listing = service.get(actor(), ref)
    if not can_edit(actor(), listing):
        raise NotFound
    if request.method == "GET":
        return _check_page(listing, {}, 200)
    try:
        service.submit(actor(), listing)
    except (Invalid, Conflict) as problem:
        return _check_page(listing, *refused(problem))
    done(_("Submitted. You will hear from us when it has been reviewed."))
    return redirect(url_for("listings.show", ref=ref))


def _check_page(listing: Listing, errors: dict[str, str], status: int) -> ResponseReturnValue:
    """What is missing and what it may repeat, before it is handed in."""
    judged = completeness(listing.kind, versions.proposed_content(listing))
    return page("listings/submit.html", status, listing=listing, errors=errors, judged=judged,
                duplicates=likely_duplicates(listing))


def asked_for(listing: Listing, address: str) -> Action:
    """The move with this address, if this reader may make it."""
    action = ADDRESSES.get(address)
    if action is None or action.name in service.DECISIONS:
        raise NotFound
    if listing.state is not action.to:  # else it was clicked twice, and the service has the word for that
        require(action.may(actor(), listing))
    return action


@bp.route("/listings/<ref>/do/<address>", methods=["GET", "POST"])
def act(ref: str, address: str) -> ResponseReturnValue:
    listing = service.get(actor(), ref)
    action = asked_for(listing, address)

    def go(values: dict[str, Any]) -> ResponseReturnValue:
        try:
            service.act(actor(), listing, action, values["remark"])
        except Invalid as problem:
            raise Invalid({"remark": next(iter(problem.fields.values()))} if action.asks else problem.fields) from None
        done(_("Done: %(action)s.", action=words(action.label)))
        there = service.seen(actor(), listing)
        return redirect(url_for("listings.show", ref=ref) if there else url_for("listings.mine"))

    return form_page("listings/act.html", RemarkForm(), go, listing=listing, action=action)


@bp.post("/listings/<ref>/copy")
def copy(ref: str) -> ResponseReturnValue:
    listing = service.copy(actor(), service.get(actor(), ref))
    done(_("A new draft with the same content."))
    return redirect(url_for("listings.edit", ref=listing.ref))


@bp.get("/listings/<ref>/preview")
def preview(ref: str) -> ResponseReturnValue:
    listing = _mine_or_reviewed(ref)
    attachments = files.of("listing", listing.id)
    service.reading(actor(), listing)
    views = [view_at(listing, tier, attachments) for tier in range(4)]
    return page("listings/preview.html", listing=listing, views=views)


@bp.get("/listings/<ref>/versions")
def history(ref: str) -> ResponseReturnValue:
    listing = _mine_or_reviewed(ref)
    found = service.versions_of(actor(), listing)
    changes = versions.changes_between(listing.kind, found)
    return page("listings/versions.html", listing=listing, found=found, changes=changes)


@bp.route("/listings/<ref>/translations/<language>", methods=["GET", "POST"])
def translation(ref: str, language: str) -> ResponseReturnValue:
    listing = _mine_or_reviewed(ref)
    if language not in LANGUAGES or language == listing.language:
        raise NotFound
    row = next((t for t in listing.translations if t.language == language), None)
    start = {"title": row.title, "summary": row.summary, "keywords": row.keywords} if row else {}

    def go(values: dict[str, Any]) -> ResponseReturnValue:
        state = TranslationState.REVIEWED if values["reviewed"] else TranslationState.AUTHOR
        service.set_translation(actor(), listing, language, values, state)
        done(_("Translation saved.") if values["title"] else _("Translation removed."))
        return redirect(url_for("listings.show", ref=ref))

    return form_page("listings/translation.html", TranslationForm(), go, initial=start, listing=listing, row=row,
                     by_name=BY_NAME, target=language, reviews=can_review(actor(), listing))


@bp.route("/listings/<ref>/exclusions", methods=["GET", "POST"])
def exclusions(ref: str) -> ResponseReturnValue:
    listing = _editable(ref)

    def go(values: dict[str, Any]) -> ResponseReturnValue:
        chosen = named_organisations(actor(), values["organisations"].splitlines())
        service.set_exclusions(actor(), listing, chosen)
        done(_("Saved. These organisations do not learn of the listing."))
        return redirect(url_for("listings.show", ref=ref))

    names = [words(organisation) for organisation in service.excluded(listing)]
    return form_page("listings/exclusions.html", ExclusionsForm(), go, initial={"organisations": "\n".join(names)},
                     listing=listing)


@bp.route("/listings/<ref>/attachments", methods=["GET", "POST"])
def attachments(ref: str) -> ResponseReturnValue:
    listing = _editable(ref)
    if request.method == "GET":
        return _files_page(listing, {}, 200)
    sent, tier = request.files.get("file"), request.form.get("tier", "")
    try:
        if sent is None or not sent.filename:
            raise Invalid({"file": say("Choose a file first.")})
        service.attach(actor(), listing, sent.filename, sent.stream, int(tier) if tier in ("0", "1", "2", "3") else -1)
    except Invalid as problem:
        return _files_page(listing, *refused(problem))
    done(_("File added."))
    return redirect(url_for("listings.attachments", ref=ref))


def _files_page(listing: Listing, errors: dict[str, str], status: int) -> ResponseReturnValue:
    found = files.of("listing", listing.id)
    return page("listings/attachments.html", status, listing=listing, errors=errors, values=request.form, found=found,
                texts=texts_of(listing, found))


@bp.post("/listings/<ref>/attachments/<int:file_id>/remove")
def detach(ref: str, file_id: int) -> ResponseReturnValue:
    service.detach(actor(), service.get(actor(), ref), file_id)
    done(_("File removed."))
    return redirect(url_for("listings.attachments", ref=ref))


@bp.get("/listings/<ref>/attachments/<int:file_id>")
@public
def attachment(ref: str, file_id: int) -> Response:
    return deliver(service.open_attachment(actor(), service.get(actor(), ref), file_id))


def _mine_or_reviewed(ref: str) -> Listing:
    listing = service.get(actor(), ref)
    if not can_see_versions(actor(), listing):
        raise NotFound
    return listing


def _editable(ref: str) -> Listing:
    listing = service.get(actor(), ref)
    if not can_edit(actor(), listing):
        raise NotFound
    return listing
