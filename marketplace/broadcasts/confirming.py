"""Interest pressed by somebody who is not signed in. A mail is easily passed on, and its link lives for months: so the
person it was written to is asked, by a mail of their own, before anything is said in their name."""

from __future__ import annotations

from datetime import timedelta

from itsdangerous import BadData

from marketplace import clock
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.broadcasts.models import Recipient
from marketplace.db import transaction
from marketplace.errors import NotFound
from marketplace.listings.tiers import View
from marketplace.messaging import posting
from marketplace.messaging.composing import Act, Entry, Foot
from marketplace.phrases import say

LIFETIME = timedelta(days=3)
_PURPOSE = "confirm interest in a need"


def link(recipient: Recipient) -> str:
    return links.to(f"/news/{links.signer(_PURPOSE).dumps(recipient.id)}")


def behind(token: str) -> int:
    """The recipient whose own mailbox the token was sent to; NotFound for anything else."""
    try:
        number = links.signer(_PURPOSE).loads(token, max_age=int(LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    return int(number)


def ask(recipient: Recipient, shown: View) -> None:
    """Write to them, at most once a day: whoever holds the mail can press as often as they like."""
    person = recipient.user
    with transaction():
        if not posting.first_time(person.email, f"interest:{recipient.id}:{clock.today().isoformat()}"):
            return
        title = shown.in_language(person.language).title
        posting.post_mail(
            person.email, person.language, say("Is it you who is interested? {title}", title=title),
            [say("Hello {name},", name=person.name),
             say("“I am interested” was pressed on the page of this need, by somebody who holds the mail we wrote to "
                 "you and was not signed in:"),
             Entry(title, url=links.to(f"/listings/{shown.ref}")),
             say("If it was you, say so with one more press. The link works for three days."),
             Act(say("Yes, it was me"), link(recipient)),
             Foot([(say("If it was somebody else, you need do nothing: nothing was said in your name."), None)])],
        )


def masked(person: User) -> str:
    """Enough of their address for themselves to know it."""
    name, _, host = person.email.partition("@")
    return f"{name[:1]}***@{host}"
