"""Organisations as pages: for everybody, for their members, and for those who join."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import regions
from marketplace.accounts import limits, passwords, texts
from marketplace.accounts.permissions import can_act
from marketplace.accounts.schemas import LANGUAGE_NAMES, Nothing
from marketplace.accounts.views import welcome_in
from marketplace.errors import Conflict
from marketplace.organisations import mailboxes, members, permissions, schemas, service, vocabulary
from marketplace.organisations.models import Invitation, Kind, Role
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import current, words
from marketplace.web.pagination import Slice, page_argument
from marketplace.web.payloads import load

bp = Blueprint("organisations", __name__)
FORM = ["GET", "POST"]
SIZE = 30


@bp.app_template_global()
def organisation_word(kind: str, value: Any) -> Any:
    """What a kind, membership, state or role is called: organisation_word("kinds", organisation.kind)."""
    return words(getattr(vocabulary, kind.upper())[value])


@bp.get("/organisations")
@public
def index() -> ResponseReturnValue:
    text = request.args.get("q", "").strip()[:100]
    kind = request.args.get("kind")
    kind = Kind(kind) if kind in list(Kind) else None
    items, total = service.find(actor(), text, kind, page=page_argument(), size=SIZE)
    return render_template("organisations/index.html", organisations=Slice(items, total, page_argument(), SIZE),
                           text=text, kind=kind, kinds=vocabulary.KINDS, mine=service.roles(actor()))


@bp.route("/organisations/new", methods=FORM)
@limits.sending_mail
def create() -> ResponseReturnValue:
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        organisation = service.create(actor(), **values)
        flash(words(say("Entered. An operator verifies it, and you get a notice.")))
        return redirect(url_for("organisations.show", slug=organisation.slug))

    return form_page("organisations/edit.html", schemas.About(), done, organisation=None, **_form_context(None),
                     may_act=can_act(actor()))


@bp.get("/organisations/<slug>")
@public
def show(slug: str) -> ResponseReturnValue:
    organisation = service.get(actor(), slug)
    return render_template("organisations/show.html", organisation=organisation, **_rights(organisation))


@bp.route("/organisations/<slug>/edit", methods=FORM)
def edit(slug: str) -> ResponseReturnValue:
    organisation = service.to_edit(actor(), slug)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.edit(actor(), organisation, **values)
        flash(words(say("Saved.")))
        return redirect(url_for("organisations.show", slug=slug))

    initial = {name: getattr(organisation, name) for name in schemas.Edited().fields}
    return form_page("organisations/edit.html", schemas.Edited(), done, initial=initial, organisation=organisation,
                     **_form_context(organisation.region), may_act=True)


@bp.post("/organisations/<slug>/mailbox")
@limits.sending_mail
def ask_mailbox_again(slug: str) -> ResponseReturnValue:
    organisation = service.to_edit(actor(), slug)
    mailboxes.ask_again(actor(), organisation)
    flash(words(say("The mail is on its way to {email}.", email=organisation.mailbox)))
    return redirect(url_for("organisations.edit", slug=slug))


@bp.route("/mailbox/<token>", methods=FORM)
@public
def confirm_mailbox(token: str) -> ResponseReturnValue:
    """A button, because programs that look through mail open every link in it."""
    organisation = mailboxes.behind(token)
    if organisation is None:
        return render_template("organisations/stale_mailbox.html"), 410

    def done(_: dict[str, Any]) -> ResponseReturnValue:
        mailboxes.confirm(organisation)
        return render_template("organisations/mailbox.html", organisation=organisation, confirmed=True)

    return form_page("organisations/mailbox.html", Nothing(), done, organisation=organisation, confirmed=False)


@bp.route("/organisations/<slug>/members", methods=FORM)
@limits.sending_mail
def people(slug: str) -> ResponseReturnValue:
    organisation = service.get(actor(), slug)
    here = members.members(actor(), organisation)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        invitation = members.invite(actor(), organisation, **values)
        flash(words(say("An invitation is on its way to {email}.", email=invitation.email)))
        return redirect(url_for("organisations.people", slug=slug))

    return form_page("organisations/members.html", schemas.NewMember(), done, initial={"role": Role.EDITOR},
                     organisation=organisation, members=here, invitations=members.invitations(actor(), organisation),
                     roles=vocabulary.ROLE_MEANINGS, role_names=vocabulary.ROLES, **_rights(organisation))


@bp.post("/organisations/<slug>/members/<int:membership_id>/role")
def change_role(slug: str, membership_id: int) -> ResponseReturnValue:
    membership = members.member(actor(), service.get(actor(), slug), membership_id)
    role = load(schemas.ChangedRole(), {"role": request.form.get("role")})["role"]
    try:
        members.change_role(actor(), membership, role)
    except Conflict as problem:
        return _back_to_people(slug, problem)
    flash(words(say("Saved.")))
    return redirect(url_for("organisations.people", slug=slug))


@bp.post("/organisations/<slug>/members/<int:membership_id>/remove")
def remove_member(slug: str, membership_id: int) -> ResponseReturnValue:
    organisation = service.get(actor(), slug)
    membership = members.member(actor(), organisation, membership_id)
    name, leaving = membership.user.name, membership.user_id == actor().id
    try:
        members.remove(actor(), membership)
    except Conflict as problem:
        return _back_to_people(slug, problem)
    flash(words(say("{name} no longer belongs to {organisation}.", name=name, organisation=organisation)))
    return redirect(url_for("accounts.account") if leaving else url_for("organisations.people", slug=slug))


def _back_to_people(slug: str, problem: Conflict) -> ResponseReturnValue:
    flash(words(problem.message), "error")
    return redirect(url_for("organisations.people", slug=slug))


@bp.post("/organisations/<slug>/invitations/<int:invitation_id>/withdraw")
def withdraw_invitation(slug: str, invitation_id: int) -> ResponseReturnValue:
    members.withdraw_invitation(actor(), service.get(actor(), slug), invitation_id)
    flash(words(say("The invitation is withdrawn; its link no longer works.")))
    return redirect(url_for("organisations.people", slug=slug))


@bp.post("/organisations/<slug>/approval")
def set_approval(slug: str) -> ResponseReturnValue:
    service.set_approval(actor(), service.get(actor(), slug), request.form.get("required") == "1")
    flash(words(say("Saved.")))
    return redirect(url_for("organisations.people", slug=slug))


@bp.route("/join/<token>", methods=FORM)
@limits.by_origin
@public
def join(token: str) -> ResponseReturnValue:
    """Where the invitation's link leads: what is asked depends on who has opened it."""
    invitation = members.invitation_behind(token)
    if invitation is None:
        return render_template("organisations/stale_invitation.html"), 410
    if actor() is None and not members.has_account(invitation):
        return _join_as_new(invitation)
    if not permissions.can_accept(actor(), invitation):
        return render_template("organisations/join_elsewhere.html", invitation=invitation, token=token)

    def done(_: dict[str, Any]) -> ResponseReturnValue:
        return _joined(members.accept(actor(), invitation).organisation)

    return form_page("organisations/join.html", Nothing(), done, invitation=invitation)


def _join_as_new(invitation: Invitation) -> ResponseReturnValue:
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        person = members.accept_as_new(invitation, **values)
        welcome_in(person, "/", by_mail=True)
        return _joined(invitation.organisation)

    return form_page("organisations/join_as_new.html", schemas.JoiningAccount(), done, initial={"language": current()},
                     invitation=invitation, languages=LANGUAGE_NAMES, rules=passwords.RULES, texts=texts.in_force())


def _joined(organisation: Any) -> ResponseReturnValue:
    flash(words(say("Welcome to {organisation}.", organisation=organisation)))
    return redirect(url_for("organisations.show", slug=organisation.slug))


def _rights(organisation: Any) -> dict[str, Any]:
    return {
        "may_edit": permissions.can_administer(actor(), organisation),
        "may_see_members": permissions.can_see_members(actor(), organisation),
        "may_verify": permissions.can_verify(actor()),
        "role": permissions.role_in(actor(), organisation.id),
    }


def _form_context(region: str | None) -> dict[str, Any]:
    groups = regions.choices(current())
    if region and not any(region == code for _, inner in groups for code, _ in inner):
        groups = [(regions.name(region, current()), [(region, regions.name(region, current()))]), *groups]
    return {"kinds": vocabulary.KINDS, "regions": groups, "longest_about": schemas.LONGEST_ABOUT,
            "languages": LANGUAGE_NAMES}
