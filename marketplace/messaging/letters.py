"""What is written to whom when something happened in the rooms below: handlers of their topics.

They re-read the rows as they are now; a letter whose reason has gone is not written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from marketplace.accounts import links, openid, tokens
from marketplace.accounts import service as accounts
from marketplace.accounts.links import Purpose
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.messaging import service
from marketplace.organisations import mailboxes, members
from marketplace.organisations.models import Domain, Invitation, Membership, Organisation, State
from marketplace.phrases import DEFAULT, Label, Phrase, say

CHOOSE = say("Choose a new password")
IGNORE = say("If it was not you, there is nothing to do.")


def confirm_address(ids: list[int]) -> None:
    """user.registered: ask whether the address is theirs; who has confirmed it before has an account, and is told."""
    for person in _people(ids):
        if person.confirmed_at is None:
            link = links.link(Purpose.CONFIRM, person)
            _write(person, say("Confirm your address"), [
                say("Hello {name},", name=person.name),
                say("somebody, probably you, has registered with this address. Open the link within 7 days to "
                    "confirm it:"),
            ], link, IGNORE, act=say("Confirm the address"))
        else:
            _write(person, say("You have an account already"), [
                say("Hello {name},", name=person.name),
                say("somebody, probably you, has tried to register with this address, which has an account already. "
                    "If you have forgotten the password, this page helps:"),
            ], "/forgotten", IGNORE, act=CHOOSE)


def reset_password(ids: list[int]) -> None:
    """user.reset_requested"""
    for person in _people(ids):
        _write(person, say("Choose a new password"), [
            say("Hello {name},", name=person.name),
            say("somebody, probably you, wants to choose a new password for this account. Open the link within "
                "2 hours. Setting the password signs you out everywhere:"),
        ], links.link(Purpose.RESET, person), IGNORE, act=CHOOSE)


def welcome(ids: list[int]) -> None:
    """user.invited: the account waits for its person to choose a password."""
    for person in _people(ids):
        if person.password_hash is None:
            _write(person, say("Your account at Yinqiao"), [
                say("Hello {name},", name=person.name),
                say("an account has been opened for you. Open the link within 14 days and choose a password:"),
            ], links.link(Purpose.WELCOME, person), act=say("Choose a password"))


def token_ending(ids: list[int]) -> None:
    """token.ending: its person makes another in time, before a program stands still."""
    for token in tokens.ending(ids):
        service.notify(
            [token.user_id],
            say("Your API token “{name}” ends on {day}. Make another before then if a program uses it.",
                name=token.name, day=_day(token.expires_at.date())),
            "/account/tokens", kind=service.Kind.REMINDERS, once=f"token.ending:{token.id}",
        )


def organisation_registered(ids: list[int]) -> None:
    """organisation.registered: an operator is to look at it."""
    for organisation in _organisations(ids):
        if organisation.state is State.PENDING:
            service.notify(
                accounts.operators(), say("{organisation} waits to be verified.", organisation=organisation),
                f"/operator/organisations/{organisation.slug}", kind=service.Kind.ORGANISATION,
                once=f"organisation.registered:{organisation.id}:{organisation.decided_at}",
            )


def organisation_decided(ids: list[int]) -> None:
    """organisation.decided: its administrators learn what the operators found."""
    for organisation in _organisations(ids):
        if organisation.state is State.VERIFIED:
            phrase = say("{organisation} has been verified. Its listings can be published now.",
                         organisation=organisation)
        elif organisation.state is State.REFUSED:
            phrase = say("{organisation} could not be verified: {reason}", organisation=organisation,
                         reason=organisation.reason)
        else:
            continue
        service.notify(members.admin_ids(organisation.id), phrase, f"/organisations/{organisation.slug}",
                       kind=service.Kind.ORGANISATION,
                       once=f"organisation.decided:{organisation.id}:{organisation.decided_at}")


def steward_chosen(ids: list[int]) -> None:
    """organisation.steward: both sides learn who answers for the company."""
    for organisation in _organisations(ids):
        if organisation.steward is not None:
            service.notify(
                {*members.admin_ids(organisation.id), organisation.steward.id},
                say("{person} is now the steward of {organisation}.", person=organisation.steward.name,
                    organisation=organisation),
                f"/organisations/{organisation.slug}", kind=service.Kind.ORGANISATION,
                once=f"organisation.steward:{organisation.id}:{organisation.version}",
            )


def domain_stated(ids: list[int]) -> None:
    """organisation.domain: an operator is to look at it; once it is confirmed the administrators know."""
    for row in session.scalars(select(Domain).where(Domain.id.in_(ids))).all():
        organisation, page = row.organisation, f"/organisations/{row.organisation.slug}/domains"
        if row.confirmed_at is None:
            people: Sequence[int] = accounts.operators()
            phrase = say("{organisation} says that addresses at {domain} are its own.", organisation=organisation,
                         domain=row.domain)
            page = "/operator/domains"
        else:
            people = members.admin_ids(organisation.id)
            phrase = say("{domain} is confirmed: who is new and has an address there joins {organisation}.",
                         organisation=organisation, domain=row.domain)
        service.notify(people, phrase, page, kind=service.Kind.ORGANISATION,
                       once=f"organisation.domain:{row.id}:{row.confirmed_at}")


def identity_joined(ids: list[int]) -> None:
    """identity.joined: whoever has an account learns of every further way into it."""
    for identity in openid.joined(ids):
        person, system = identity.user, openid.label() or identity.issuer
        _write(person, say("{system} signs you in from now on", system=system), [
            say("Hello {name},", name=person.name),
            say("somebody, probably you, has signed in to your account through {system}, for the first time. From now "
                "on that works without your password. If it was not you, write to the operators at once.",
                system=system),
        ], "/account", act=say("Look at my account"))


def invited_to_organisation(ids: list[int]) -> None:
    """organisation.invited: the mail with the link to join."""
    for invitation in session.scalars(select(Invitation).where(Invitation.id.in_(ids))).all():
        if members.is_open(invitation):
            inviter = session.get(User, invitation.invited_by_id)
            reader = accounts.by_email(invitation.email) or inviter
            organisation = invitation.organisation
            service.post_mail(
                invitation.email, reader.language if reader else DEFAULT,
                say("Invitation to {organisation}", organisation=organisation),
                [say("{inviter} invites you to join {organisation} at Yinqiao. Open the link within 14 days:",
                     inviter=inviter.name if inviter else organisation, organisation=organisation)],
                f"/join/{members.token(invitation)}", IGNORE,
                act=say("Join {organisation}", organisation=organisation),
            )


def confirm_mailbox(ids: list[int]) -> None:
    """organisation.mailbox: whoever reads the address is asked whether it is the organisation's."""
    for organisation in _organisations(ids):
        if organisation.mailbox and not organisation.mailbox_confirmed_at:
            service.post_mail(
                organisation.mailbox, organisation.mailbox_language,
                say("Confirm the mailbox of {organisation}", organisation=organisation),
                [say("An administrator of {organisation} wants what concerns its introductions sent to this mailbox, "
                     "too. If that is right, open the link within 14 days and confirm it:", organisation=organisation)],
                f"/mailbox/{mailboxes.token(organisation)}", IGNORE, act=say("Confirm the mailbox"),
            )


def member_joined(ids: list[int]) -> None:
    """organisation.joined: the administrators see who came."""
    for membership in session.scalars(select(Membership).where(Membership.id.in_(ids))).all():
        organisation = membership.organisation
        service.notify(
            set(members.admin_ids(organisation.id)) - {membership.user_id},
            say("{person} has joined {organisation}.", person=membership.user.name, organisation=organisation),
            f"/organisations/{organisation.slug}/members", kind=service.Kind.ORGANISATION,
            once=f"organisation.joined:{membership.id}",
        )


def _organisations(ids: list[int]) -> Sequence[Organisation]:
    return session.scalars(select(Organisation).where(Organisation.id.in_(ids)).order_by(Organisation.id)).all()


def _day(day: date) -> Label:
    return Label(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%b} {day.year}")


def _people(ids: list[int]) -> Sequence[User]:
    return session.scalars(select(User).where(User.id.in_(ids), User.disabled_at.is_(None)).order_by(User.id)).all()


def _write(
    person: User, subject: Phrase, paragraphs: Sequence[Phrase], link: str, after: Phrase | None = None, *, act: Phrase
) -> None:
    with transaction():
        service.post_mail(person.email, person.language, subject, paragraphs, link, after, act=act)
