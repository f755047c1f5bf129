"""A listing, its versions, translations, exclusions, and who has been let see more of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.db import Base
from marketplace.organisations.models import Organisation


class Kind(StrEnum):
    RESULT = "result"
    NEED = "need"

    @property
    def counterpart(self) -> Kind:
        return Kind.NEED if self is Kind.RESULT else Kind.RESULT


class State(StrEnum):
    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    """An editor has handed it to the organisation's admin."""
    SUBMITTED = "submitted"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    PUBLISHED = "published"
    PAUSED = "paused"
    MATCHED = "matched"
    RENEWAL_DUE = "renewal_due"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


WORLD_VISIBLE = frozenset({State.PUBLISHED, State.RENEWAL_DUE, State.MATCHED})
"""States in which everybody may know of a listing."""
OPEN_FOR_INTEREST = frozenset({State.PUBLISHED, State.RENEWAL_DUE})
PRIVATE_TO_ORGANISATION = frozenset({State.DRAFT, State.AWAITING_APPROVAL})
"""States that platform staff do not see either."""


class Listing(Base):
    """The version in force. What its columns mean, who may read them and what they are called: listings/fields.py."""

    __tablename__ = "listings"
    __table_args__ = (
        CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        CheckConstraint("confidential_tier IN (2, 3)", name="confidential_tier"),
        UniqueConstraint("organisation_id", "source", "external_id"),
        Index(None, "state", "kind", "published_at"),
        Index(None, "kind", "field"),
        Index(None, "region"),
        Index(None, "valid_until"),
        Index(None, "organisation_id", "state"),
        Index(None, "changed_at", "id"),
        Index(None, "title"),  # for what has a word in it somewhere: all of this is a tenth of all of the table
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Kind]
    state: Mapped[State] = mapped_column(default=State.DRAFT)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    remark: Mapped[str | None]
    """What the reviewer last asked for, or why it was rejected or withdrawn."""
    source: Mapped[str] = mapped_column(default="")
    """Where an imported listing comes from; empty for one written here."""
    external_id: Mapped[str | None]
    content_digest: Mapped[str | None]
    """SHA-256 of an imported row, so that importing it again can tell that nothing changed."""
    version: Mapped[int] = mapped_column()

    subtype: Mapped[str | None]
    title: Mapped[str] = mapped_column(default="")
    summary: Mapped[str] = mapped_column(default="")
    keywords: Mapped[list[str]] = mapped_column(default=list)
    field: Mapped[str | None]
    industry: Mapped[str | None]
    ipc: Mapped[list[str]] = mapped_column(default=list)
    region: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="zh")
    valid_until: Mapped[date | None]
    deadline: Mapped[date | None]
    anonymous: Mapped[bool] = mapped_column(default=False)
    trl: Mapped[int | None]
    trl_min: Mapped[int | None]
    trl_max: Mapped[int | None]
    modes: Mapped[list[str]] = mapped_column(default=list)
    price_kind: Mapped[str | None]
    price_amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    price_currency: Mapped[str | None]
    budget_band: Mapped[str | None]
    confidential: Mapped[str | None]
    confidential_tier: Mapped[int] = mapped_column(default=2)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The longer texts, by field name."""

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    contact: Mapped[User | None] = relationship(foreign_keys=[contact_id])
    translations: Mapped[list[ListingTranslation]] = relationship(
        back_populates="listing", cascade="all, delete-orphan", lazy="selectin"
    )
    exclusions: Mapped[list[Exclusion]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    grants: Mapped[list[Grant]] = relationship(
        primaryjoin="and_(Grant.listing_id == Listing.id, Grant.revoked_at.is_(None))", viewonly=True, lazy="selectin"
    )
    pending: Mapped[ListingVersion | None] = relationship(
        primaryjoin="and_(ListingVersion.listing_id == Listing.id, ListingVersion.state.in_(['draft', 'in_review']))",
        viewonly=True, uselist=False,
    )
    """A change to the published listing that is not in force yet."""

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_world_visible(self) -> bool:
        return self.state in WORLD_VISIBLE


class VersionState(StrEnum):
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    DRAFT = "draft"
    """A change to a published listing that its authors are still writing, or were asked to correct."""
    IN_REVIEW = "in_review"
    REJECTED = "rejected"
    KEPT = "kept"
    """Put on record while its text was worked over, without being shown: what it said before, and after."""


class ListingVersion(Base):
    """What a listing said, in the order in which it was put on record: from its first publication on, and whenever it
    is worked over with a broker. A version in review waits beside the one in force."""

    __tablename__ = "listing_versions"
    __table_args__ = (UniqueConstraint("listing_id", "number"), Index(None, "state"))
    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[VersionState]
    content: Mapped[dict[str, Any]]
    """Field name -> JSON value, every field of listings/fields.py that has one."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    remark: Mapped[str | None]

    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])


class TranslationState(StrEnum):
    AUTHOR = "author"
    MACHINE = "machine"
    REVIEWED = "reviewed"


class ListingTranslation(Base):
    __tablename__ = "listing_translations"
    __table_args__ = (UniqueConstraint("listing_id", "language"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    language: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    keywords: Mapped[list[str]] = mapped_column(default=list)
    state: Mapped[TranslationState] = mapped_column(default=TranslationState.AUTHOR)
    is_stale: Mapped[bool] = mapped_column(default=False)
    """The source has changed since."""
    digest: Mapped[str | None]
    """Of what a machine was given to translate, so that it is asked again only when that has changed. A row without a
    title is nothing a reader sees: a machine's when nothing came of it, a person's who wants none."""

    listing: Mapped[Listing] = relationship(back_populates="translations")


class Exclusion(Base):
    """An organisation that must never learn of the listing."""

    __tablename__ = "listing_exclusions"
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Grant(Base):
    """An organisation let in to a tier of a listing by an introduction; written by the introductions room
    through listings.service.grant, never deleted, only revoked."""

    __tablename__ = "listing_grants"
    __table_args__ = (Index(None, "listing_id", "organisation_id"), Index(None, "organisation_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    tier: Mapped[int]
    """What the organisation may read, as in listings/fields.py. An open introduction gives at least tier 1,
    so that its parties keep seeing a listing that is paused or matched."""
    introduction_ref: Mapped[str]
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ImportState(StrEnum):
    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"


class ImportJob(Base):
    """A spreadsheet on its way in: uploaded, its columns mapped, tried, imported. The worker moves it along."""

    __tablename__ = "import_jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """Random: the address of the job, and the name of the file kept for it."""
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[Kind]
    file_name: Mapped[str]
    size: Mapped[int]
    """Bytes."""
    state: Mapped[ImportState] = mapped_column(default=ImportState.UPLOADED)
    columns: Mapped[list[str]] = mapped_column(default=list)
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Field name -> column."""
    defaults: Mapped[dict[str, Any]] = mapped_column(default=dict)
    wanted_state: Mapped[State] = mapped_column(default=State.DRAFT)
    position: Mapped[int] = mapped_column(default=0)
    """Rows dealt with; work goes on from here after a crash."""
    share: Mapped[float] = mapped_column(default=0.0)
    """Of the file's bytes, for the progress bar."""
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[dict[str, Any] | None]
    """Why it failed: a phrase's msgid and values."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class ImportRejection(Base):
    """A row that did not go in, as it stood in the file, and why."""

    __tablename__ = "import_rejections"
    __table_args__ = (UniqueConstraint("job_id", "line"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("import_jobs.id", ondelete="CASCADE"))
    line: Mapped[int]
    problems: Mapped[list[Any]]
    """[{column, msgid, values}]"""
    row: Mapped[dict[str, Any]]
