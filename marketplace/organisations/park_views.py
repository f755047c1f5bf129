"""The directory of members, its badges, and the pages on which parks keep their own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import clock, regions
from marketplace.errors import Conflict
from marketplace.organisations import directory, parks, vocabulary
from marketplace.organisations.directory import Wanted
from marketplace.organisations.models import Kind, MembershipClass, Organisation
from marketplace.organisations.park_schemas import ChangedParkMember, ParkMemberForm, PartnerForm
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("parks", __name__)
FORM = ["GET", "POST"]
SIZE = 30


@bp.app_context_processor
def about_parks() -> dict[str, Any]:
    """For the page of an organisation: the parks that count it among theirs."""
    return {"parks_of": lambda organisation: parks.of(actor(), organisation),
            "may_look_into": lambda park: park.kind is Kind.PARK and parks.can_look(actor(), park)}


@bp.get("/members")
@public
def index() -> ResponseReturnValue:
    wanted = _wanted()
    found = directory.members(actor(), wanted, page=page_argument(), size=SIZE)
    return render_template(
        "organisations/directory.html", members=Slice(found.items, found.total, page_argument(), SIZE), found=found,
        wanted=wanted, kinds=vocabulary.KINDS, memberships=vocabulary.MEMBERSHIPS, regions=regions.choices(current()),
    )


@bp.get("/members/<slug>/badge.svg")
@public
def badge(slug: str) -> Response:
    """A picture that a member may show on a site of its own."""
    organisation = directory.member(slug)
    drawn = render_template("organisations/badge.xml", organisation=organisation)
    response = Response(drawn, content_type="image/svg+xml; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@bp.get("/parks/<slug>/members")
def show(slug: str) -> ResponseReturnValue:
    park = parks.get(actor(), slug)
    return render_template("organisations/park.html", park=park, members=parks.members(actor(), park),
                           partnerships=parks.partnerships(actor(), park), may_keep=parks.can_keep(actor(), park))


@bp.route("/parks/<slug>/members/new", methods=FORM)
def add(slug: str) -> ResponseReturnValue:
    park = parks.to_keep(actor(), slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        row = parks.add(actor(), park, **values)
        return _back(park, say("{organisation} is on the list.", organisation=row.organisation))

    initial = {"since": clock.today(), "organisation": request.args.get("organisation", "")[:200]}
    return form_page("organisations/park_member.html", ParkMemberForm(), done, initial=initial, row=None,
                     **_choices(park))


@bp.route("/parks/<slug>/members/<int:number>/edit", methods=FORM)
def edit(slug: str, number: int) -> ResponseReturnValue:
    park = parks.to_keep(actor(), slug)
    row = parks.member(actor(), slug, number)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        parks.change(actor(), row, **values)
        return _back(park, say("Saved."))

    initial = {name: getattr(row, name) for name in ("since", "steward_id", "note", "version")}
    return form_page("organisations/park_member.html", ChangedParkMember(), done, initial=initial, row=row,
                     **_choices(park))


@bp.post("/parks/<slug>/members/<int:number>/remove")
def remove(slug: str, number: int) -> ResponseReturnValue:
    row = parks.member(actor(), slug, number)
    park, organisation = row.park, row.organisation
    parks.remove(actor(), row)
    flash(words(say("{organisation} is not on the list any more.", organisation=organisation)))
    if parks.can_look(actor(), park):
        return redirect(url_for("parks.show", slug=slug))
    return redirect(url_for("organisations.show", slug=organisation.slug))


@bp.route("/parks/<slug>/partners/new", methods=FORM)
def ask(slug: str) -> ResponseReturnValue:
    park = parks.to_keep(actor(), slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        row = parks.ask(actor(), park, **values)
        return _back(park, say("{organisation} is asked.", organisation=row.partner))

    return form_page("organisations/park_partner.html", PartnerForm(), done, park=park)


@bp.post("/parks/<slug>/partners/<int:number>/<any(agree,end):what>")
def answer(slug: str, number: int, what: str) -> ResponseReturnValue:
    park, row = parks.partnership(actor(), slug, number)
    try:
        {"agree": parks.agree, "end": parks.end}[what](actor(), park, row)
    except Conflict as problem:
        flash(words(problem.message), "error")
        return redirect(url_for("parks.show", slug=slug))
    return _back(park, say("Agreed: each looks into the other's list.") if what == "agree" else
                 say("Ended: neither looks into the other's list."))


def _back(park: Organisation, told: Any) -> ResponseReturnValue:
    flash(words(told))
    return redirect(url_for("parks.show", slug=park.slug))


def _choices(park: Organisation) -> dict[str, Any]:
    return {"park": park, "people": [(one.id, one.name) for one in parks.stewards(park)]}


def _wanted() -> Wanted:
    """From the address; what cannot be is as good as absent."""
    given = request.args
    kind, membership, region = (given.get(name, "") for name in ("kind", "membership", "region"))
    return Wanted(
        given.get("q", "").strip()[:100], Kind(kind) if kind in list(Kind) else None,
        MembershipClass(membership) if membership in list(MembershipClass) else None,
        region if regions.is_region(region) else "", given.get("park", "")[:100],
    )
