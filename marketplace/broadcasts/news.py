"""Asking for news of needs, narrowing it, and leaving: at once, also by the link in every mail (RFC 8058). The only
writer of subscriptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from itsdangerous import BadData
from sqlalchemy import delete, select

from marketplace import audit, clock
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.accounts.permissions import CONFIRM_FIRST, can_act
from marketplace.broadcasts.models import Choice, Recipient, Subscription, What
from marketplace.db import session, transaction
from marketplace.errors import Invalid, NotFound, require
from marketplace.messaging import posting
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say

LIFETIME = timedelta(days=730)
"""Of the link that ends the mails: longer than anybody keeps a mail unread."""
MOST = 40
_PURPOSE = "leave news of needs"


def of(actor: User) -> dict[What, list[str]] | None:
    """What the person chose, by kind; None: no news is sent to them."""
    found = session.get(Subscription, actor.id, populate_existing=True)
    if found is None:
        return None
    return {what: sorted(one.code for one in found.choices if one.what is what) for what in What}


def ask(actor: Reader, chosen: Mapping[What, Iterable[str]]) -> None:
    """Send me news of needs like these; what is left open is wanted as it comes."""
    require(can_act(actor), CONFIRM_FIRST)
    assert actor is not None
    rows = {(what, code) for what, codes in chosen.items() for code in codes}
    if len(rows) > MOST:
        raise Invalid({"": say("At most {max} choices; leave a list empty to get all of it.", max=MOST)})
    with transaction():
        # Two windows saved at once wait for one another here.
        session.execute(select(User.id).where(User.id == actor.id).with_for_update())
        found = session.get(Subscription, actor.id, populate_existing=True)
        if found is None:
            session.add(Subscription(user_id=actor.id, since=clock.now()))
            session.flush()
        session.execute(delete(Choice).where(Choice.user_id == actor.id))
        session.add_all(Choice(user_id=actor.id, what=what, code=code) for what, code in sorted(rows))
        audit.record(actor.id, "news.asked", "user", actor.id, count=len(rows))


def leave(person: User) -> bool:
    """No more of it, from this moment: what is queued for them does not leave either. False: there was nothing."""
    with transaction():
        gone = delete(Subscription).where(Subscription.user_id == person.id).returning(Subscription.user_id)
        was_there = session.scalar(gone.execution_options(synchronize_session=False)) is not None
        mine = select(Recipient.mail_id).where(Recipient.user_id == person.id, Recipient.mail_id.is_not(None))
        numbers = session.scalars(mine.order_by(Recipient.id.desc()).limit(100)).all()
        posting.take_back([number for number in numbers if number is not None])
        if was_there:
            audit.record(person.id, "news.left", "user", person.id)
    return was_there


def link(person: User) -> str:
    """The address that ends this person's news: it can do nothing else."""
    return links.to(f"/news/leave/{links.signer(_PURPOSE).dumps(person.id)}")


def behind(token: str) -> User:
    """Whose mails the link ends; NotFound when it is forged or too old."""
    try:
        number = links.signer(_PURPOSE).loads(token, max_age=int(LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    person = session.get(User, number)
    if person is None:
        raise NotFound
    return person


def is_subscribed(person: User) -> bool:
    return session.get(Subscription, person.id, populate_existing=True) is not None
