"""How often each person wants mail of each kind. The only writer of preferences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select, update

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid
from marketplace.messaging.kinds import FREQUENCIES, KINDS, Frequency, Kind, next_digest
from marketplace.messaging.models import Notice, Preference
from marketplace.phrases import say


def of(person: User) -> dict[Kind, Frequency]:
    """Every kind, as this person has chosen or as is usual."""
    rows = session.scalars(select(Preference).where(Preference.user_id == person.id))
    chosen = {row.kind: row.frequency for row in rows}
    return {kind: chosen.get(kind, about.usual) for kind, about in KINDS.items()}


def of_people(ids: Sequence[int], kind: Kind) -> dict[int, Frequency]:
    """The same for one kind and several people."""
    rows = session.scalars(select(Preference).where(Preference.user_id.in_(ids), Preference.kind == kind))
    return {**dict.fromkeys(ids, KINDS[kind].usual), **{row.user_id: row.frequency for row in rows}}


def choices(kind: Kind) -> dict[Frequency, object]:
    """What may be chosen for this kind."""
    return {one: label for one, label in FREQUENCIES.items() if not (KINDS[kind].must and one is Frequency.NEVER)}


def choose(actor: User, chosen: Mapping[Kind, Frequency]) -> None:
    """From now on, and for what waits already to be mailed."""
    for kind, frequency in chosen.items():
        if frequency not in choices(kind):
            too_little = say("“{kind}” can be collected, not switched off: somebody waits for you.",
                             kind=KINDS[kind].label)
            raise Invalid({kind.value: too_little})
    now = clock.now()
    with transaction():
        for kind, frequency in chosen.items():
            session.merge(Preference(user_id=actor.id, kind=kind, frequency=frequency))
            at = now if frequency is Frequency.AT_ONCE else next_digest(frequency, now)
            waiting = update(Notice).where(Notice.user_id == actor.id, Notice.kind == kind, Notice.mail_at.is_not(None))
            session.execute(waiting.values(mail_at=at).execution_options(synchronize_session=False))
