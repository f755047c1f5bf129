"""Everything that was recorded about one introduction, loaded at once: its page would ask a dozen times."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, and_, inspect, literal, select, union_all
from sqlalchemy.orm import lazyload
from sqlalchemy.orm.attributes import set_committed_value

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.introductions.models import (
    Check,
    Confirmation,
    Consent,
    Contract,
    Intent,
    Interest,
    Introduction,
    Minutes,
    NonDisclosure,
    Outcome,
    SignedCopy,
)

RECORDS: dict[str, Any] = {
    "interests": Interest, "consents": Consent, "signatures": NonDisclosure, "signed_copies": SignedCopy,
    "minutes": Minutes, "intents": Intent, "contracts": Contract, "outcomes": Outcome,
    "confirmations": Confirmation, "checks": Check,
}


def load(introduction: Introduction) -> None:
    """One question for the records of all kinds, one for the people in them. Each row of the answer has one record:
    the tables are joined to their own number, not to each other."""
    lacking = [name for name in RECORDS if name in inspect(introduction).unloaded]
    if lacking:
        found = _records(introduction, lacking)
        for name in lacking:
            set_committed_value(introduction, name, sorted(found[name], key=lambda record: record.id))
    people = {record.user_id for name in RECORDS for record in getattr(introduction, name)}
    people |= {listing.contact_id for listing in (introduction.need, introduction.result)}
    known = {key[1][0] for key in session.identity_map.keys() if key[0] is User}  # noqa: SIM118
    wanted = people - known - {None}
    if wanted:
        alone = lazyload(User.memberships)  # type: ignore[attr-defined]
        session.scalars(select(User).where(User.id.in_(wanted)).options(alone)).all()


def _records(introduction: Introduction, names: list[str]) -> dict[str, list[Any]]:
    kinds = union_all(*(select(literal(number, Integer).label("kind")) for number in range(len(names)))).subquery()
    joined: Any = kinds
    for number, name in enumerate(names):
        table = RECORDS[name]
        joined = joined.outerjoin(table, and_(kinds.c.kind == number, table.introduction_id == introduction.id))
    found: dict[str, list[Any]] = {name: [] for name in names}
    for row in session.execute(select(*(RECORDS[name] for name in names)).select_from(joined)):
        for name, record in zip(names, row, strict=True):
            if record is not None:
                found[name].append(record)
    return found

