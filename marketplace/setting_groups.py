"""Settings that belong together; marketplace.config reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True)
class EmbedderSettings:
    """Which model says what texts mean; all but the first are for `http`."""

    kind: str = "none"
    url: str = ""
    model: str = ""
    dimensions: int = 0
    key: str | None = field(default=None, repr=False)
    query_prefix: str = ""
    passage_prefix: str = ""


@dataclass(frozen=True)
class TranslatorSettings:
    """Who translates listings; all but the first are for `http`."""

    kind: str = "none"
    url: str = ""
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SessionSettings:
    """How long a browser stays signed in: without being used, and in all."""

    idle: timedelta = timedelta(hours=12)
    limit: timedelta = timedelta(days=7)
    remembered_idle: timedelta = timedelta(days=30)
    remembered_limit: timedelta = timedelta(days=90)
    staff_idle: timedelta | None = None
    """For brokers and operators, where it is shorter than the rest."""
    staff_limit: timedelta | None = None


@dataclass(frozen=True)
class FilesSettings:
    """Where the bytes of files lie, and how many an organisation may keep; key and secret are for a bucket."""

    url: str = ""
    """s3://bucket/prefix, or a folder; empty: the folder `files` among the data."""
    endpoint: str | None = None
    """The server's address; None: Amazon's."""
    region: str | None = None
    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    style: str = "path"
    """Whether the bucket's name stands in the path of addresses or before the host: path, virtual."""
    most_megabytes: int = 2_000
    """An organisation's files in all; 0: no limit."""

    @property
    def bucket(self) -> str | None:
        """bucket/prefix; None for a folder."""
        return self.url.removeprefix("s3://").strip("/") if self.url.startswith("s3://") else None


@dataclass(frozen=True)
class PrivacySettings:
    """For how many days what is known of people is kept, who answers for it, and where further texts lie."""

    contact: str = ""
    texts: Path | None = None
    """A folder with editions of the terms and of the privacy notice besides those that come with this release."""
    deletion: int = 7
    """Between asking for an account's deletion and its end."""
    exports: int = 7
    unconfirmed: int = 30
    sign_ins: int = 180
    addresses: int = 180
    """Addresses of the network."""
    mails: int = 30
    rejected: int = 365
    """Drafts that were rejected and left alone; 0: for good."""


@dataclass(frozen=True)
class OpenIdSettings:
    """Another system that signs people in (OpenID Connect); all or none of these but the label."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str | None = field(default=None, repr=False)
    label: str = "OpenID"
    """What people call it, on the button."""

    def __bool__(self) -> bool:
        return bool(self.issuer)
