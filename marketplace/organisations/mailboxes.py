"""The mailbox of an organisation: an address that several of its people read. It is written to once somebody who
reads it has said so."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from itsdangerous import BadData
from sqlalchemy import update

from marketplace import audit, clock, outbox
from marketplace.accounts import links
from marketplace.db import session, transaction
from marketplace.errors import Conflict, require
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader, can_administer
from marketplace.phrases import say

LIFETIME = timedelta(days=14)
_PURPOSE = "confirm a mailbox"


def changed(organisation: Organisation) -> None:
    """Its address is another one now, or none: ask whoever reads it. In the transaction that changed it."""
    organisation.mailbox_confirmed_at = None
    if organisation.mailbox:
        outbox.publish("organisation.mailbox", organisation.id)


def ask_again(actor: Reader, organisation: Organisation) -> None:
    """Send the mail that confirms it once more."""
    require(can_administer(actor, organisation))
    if not organisation.mailbox or organisation.mailbox_confirmed_at:
        raise Conflict(say("There is no mailbox that waits to be confirmed."))
    with transaction():
        outbox.publish("organisation.mailbox", organisation.id)
        audit.record(actor.id if actor else None, "mailbox.asked", "organisation", organisation.id)


def token(organisation: Organisation) -> str:
    """What the link in the mail carries: it confirms this address, and stops working when that is done or changed."""
    return str(links.signer(_PURPOSE).dumps([organisation.id, _digest(organisation)]))


def behind(token: str) -> Organisation | None:
    """The organisation whose mailbox the link confirms; None when it is forged, too old, used, or about another."""
    try:
        number, digest = links.signer(_PURPOSE).loads(token, max_age=int(LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        return None
    organisation = session.get(Organisation, number)
    if organisation is None or organisation.mailbox_confirmed_at or digest != _digest(organisation):
        return None
    return organisation


def confirm(organisation: Organisation) -> None:
    """Whoever reads the mailbox has pressed the button. Compare and set: the address may be changed at this moment."""
    with transaction():
        same = Organisation.id == organisation.id, Organisation.mailbox == organisation.mailbox
        this = update(Organisation).where(*same).values(mailbox_confirmed_at=clock.now())
        done = session.scalar(this.returning(Organisation.id))
        if done is None:
            raise Conflict(say("This link has been used or has expired. Ask for a new one."))
        audit.record(None, "mailbox.confirmed", "organisation", organisation.id)


def _digest(organisation: Organisation) -> str:
    return sha256(repr((organisation.mailbox, organisation.mailbox_language)).encode()).hexdigest()[:20]
