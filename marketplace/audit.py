"""Who read or did what that somebody may have to answer for, and from where. Append-only.

An entry says which act, on which row, in codes and numbers: no texts of listings or messages, no addresses of people.
Who acted stays a number; names and mail addresses are looked up where they are shown, and are gone when the person is.
sealing.py chains the entries by hashes soon after they are written; the triggers below refuse what nobody may do.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, Index, Table, event
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import clock, context
from marketplace.db import Base, in_transaction, session, transaction

UNKNOWN = 0
"""The subject's number when there is none: somebody tried to sign in to no account of ours."""


class AuditEntry(Base):
    """One act: who, what, on which subject, when, from where, and under which introduction if any."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        # Pages go back in time from any entry: each filter's index ends with the order of the list.
        Index(None, "at", "id"), Index(None, "actor_id", "at", "id"), Index(None, "action", "at", "id"),
        Index(None, "subject_kind", "subject_id", "at", "id"), Index(None, "address", "at", "id"),
        Index(None, "credential", "at", "id"), Index(None, "request_id"), Index(None, "introduction_ref", "id"),
        Index(None, "seal", unique=True),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    introduction_ref: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Codes and numbers; names of files and papers may be erased (sealing.erase_details)."""

    via: Mapped[str | None]
    """page, api, worker or command; None in entries of before this was noted."""
    credential: Mapped[str | None]
    """The session or token: "session 12"."""
    request_id: Mapped[str | None]
    address: Mapped[str | None]
    """Of the network; blanked when it is old (sealing.blank_origins)."""
    device: Mapped[str | None]
    """Blanked with the address."""

    seal: Mapped[int | None]
    """The entry's place in the chain, 1, 2, 3 …; None until it is sealed."""
    hash: Mapped[str | None]
    """Of all above and of the hash before."""
    origin_proof: Mapped[str | None]
    """"salt:…", with which address and device were hashed; once they are blanked "digest:…", the hash itself."""
    details_proof: Mapped[str | None]
    """The same of the details."""


Index("ix_audit_entries_unsealed", AuditEntry.id, sqlite_where=AuditEntry.seal.is_(None),
      postgresql_where=AuditEntry.seal.is_(None))


def record(
    actor_id: int | None, action: str, subject_kind: str, subject_id: int,
    introduction_ref: str | None = None, **details: Any,
) -> None:
    """Add an entry, in the open transaction or, for reads, in one of its own."""
    origin = context.current()
    entry = AuditEntry(
        at=clock.now(), actor_id=actor_id, action=action, subject_kind=subject_kind, subject_id=subject_id,
        introduction_ref=introduction_ref, details=details, via=origin.via, credential=origin.credential,
        request_id=origin.request_id, address=origin.address, device=origin.device,
    )
    if in_transaction():
        session.add(entry)
        return
    with transaction():
        session.add(entry)


_FIXED = ("id", "at", "actor_id", "action", "subject_kind", "subject_id", "introduction_ref", "via", "credential",
          "request_id")
_REFUSAL = "the audit log is append-only"


def _forbidden(same: str) -> str:
    """What an UPDATE may not do, in SQL; `same` compares two values of which either may be NULL."""
    changed = [f"NOT (NEW.{name} {same} OLD.{name})" for name in _FIXED]
    changed += [f"(OLD.seal IS NOT NULL AND NOT (NEW.{name} {same} OLD.{name}))" for name in ("seal", "hash")]
    changed += [f"(NEW.{name} IS NOT NULL AND NOT (NEW.{name} {same} OLD.{name}))" for name in ("address", "device")]
    changed.append(f"(CAST(NEW.details AS TEXT) <> '{{}}' AND NOT (NEW.details {same} OLD.details))")
    changed += [
        f"(OLD.{name} IS NOT NULL AND NOT (NEW.{name} {same} OLD.{name})"
        f" AND (substr(OLD.{name}, 1, 5) <> 'salt:' OR COALESCE(substr(NEW.{name}, 1, 7), '') <> 'digest:'))"
        for name in ("origin_proof", "details_proof")
    ]
    return " OR ".join(changed)


PROTECTION = {
    "sqlite": (
        f"CREATE TRIGGER audit_entries_update BEFORE UPDATE ON audit_entries WHEN {_forbidden('IS')} "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
        "CREATE TRIGGER audit_entries_delete BEFORE DELETE ON audit_entries "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_entries_kept() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        "CREATE TRIGGER audit_entries_update BEFORE UPDATE ON audit_entries FOR EACH ROW "
        f"WHEN ({_forbidden('IS NOT DISTINCT FROM')}) EXECUTE FUNCTION audit_entries_kept()",
        "CREATE TRIGGER audit_entries_delete BEFORE DELETE ON audit_entries FOR EACH ROW "
        "EXECUTE FUNCTION audit_entries_kept()",
        "CREATE TRIGGER audit_entries_truncate BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT "
        "EXECUTE FUNCTION audit_entries_kept()",
    ),
}
"""What a database is told, for create_all and for the migrations: only sealing and erasing pass."""

_table = AuditEntry.__table__
assert isinstance(_table, Table)


def _with_the_table(when: str, statement: str, only_on: str) -> None:
    said = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call,unused-ignore]
    event.listen(_table, when, said.execute_if(dialect=only_on))


for _dialect, _statements in PROTECTION.items():
    for _statement in _statements:
        _with_the_table("after_create", _statement, _dialect)
_with_the_table("after_drop", "DROP FUNCTION IF EXISTS audit_entries_kept()", "postgresql")
