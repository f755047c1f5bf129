"""Who has accepted which edition of the terms and of the privacy notice. The only writer of acceptances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, context
from marketplace.accounts import texts
from marketplace.accounts.models import Acceptance, User
from marketplace.accounts.texts import Edition, Text
from marketplace.db import session, transaction
from marketplace.errors import Invalid
from marketplace.phrases import say


@dataclass(frozen=True)
class Accepted:
    """One edition somebody has accepted, and when."""

    edition: Edition | None
    """None: its files are gone."""
    text: Text
    number: str
    at: datetime


def require_shown(editions: str, asked: Sequence[Edition] | None = None) -> None:
    """Raises Invalid unless these are the editions in force, or `asked`: a form may have lain open for days."""
    if editions != texts.shown(list(texts.in_force() if asked is None else asked)):
        raise Invalid({"accept": say("There is a new edition since this page was opened. Read it, then tick this.")})


def accept(person: User, editions: Iterable[Edition] | None = None) -> None:
    """The person has accepted these, or all that is in force. Twice changes nothing."""
    found = list(texts.in_force() if editions is None else editions)
    with transaction():
        session.flush()
        known = {(row.text, row.edition) for row in _rows(person)}
        for one in found:
            if (one.text, one.number) not in known:
                _keep(person, one)
                audit.record(person.id, "account.accepted", "user", person.id, text=one.text.value, edition=one.number)


def _keep(person: User, edition: Edition) -> None:
    try:
        with session.begin_nested():
            session.add(Acceptance(
                user_id=person.id, text=edition.text, edition=edition.number, at=clock.now(),
                address=context.current().address,
            ))
    except IntegrityError:  # the button was pressed twice at the same moment
        pass


def to_accept(person: User) -> list[Edition]:
    """What is in force and not accepted by them yet."""
    known = {(row.text, row.edition) for row in _rows(person)}
    return [one for one in texts.in_force() if (one.text, one.number) not in known]


def of(person: User) -> list[Accepted]:
    """What they have accepted, the newest first."""
    return [Accepted(texts.edition(row.text, row.edition), row.text, row.edition, row.at)
            for row in reversed(_rows(person))]


def counts() -> dict[tuple[Text, str], int]:
    """(text, edition) -> how many people have accepted it."""
    counted = select(Acceptance.text, Acceptance.edition, func.count()).group_by(Acceptance.text, Acceptance.edition)
    return {(text, edition): many for text, edition, many in session.execute(counted)}


def _rows(person: User) -> Sequence[Acceptance]:
    return session.scalars(select(Acceptance).where(Acceptance.user_id == person.id).order_by(Acceptance.id)).all()
