"""Where the bytes of files lie: a folder, or a bucket of an S3 server. Both are reached through fsspec.

Bytes lie at ab/abcdef…, by their SHA-256, and never change. They are written whole beside their place first; what can
be seen at its place is complete. Whatever goes wrong is an Unavailable that says so; the log says what exactly.
"""

from __future__ import annotations

import errno
import logging
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest, md5
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, NamedTuple, Protocol

import fsspec

from marketplace.config import FilesSettings, WrongSetting
from marketplace.errors import MarketplaceError, Unavailable
from marketplace.phrases import say

log = logging.getLogger(__name__)
BLOCK = 4 << 20
"""What is read from a bucket at once."""
PIECE = 16 << 20
"""A file of two such pieces or more is sent in pieces, two at a time; the bucket shows it when the last has arrived."""
INCOMING = "incoming"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PARTS = [f"{number:02x}" for number in range(256)]
_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class Missing(Exception):
    """There are no such bytes."""


class Lying(NamedTuple):
    """Bytes that lie somewhere, whether anything refers to them or not."""

    digest: str
    size: int
    modified: float
    """Seconds since 1970, by the clock of whoever keeps them."""


class Place(Protocol):
    """A folder or a bucket."""

    name: str
    """As operators know it."""
    staging: Path
    """Where files are written that this place may take over: a folder of this machine."""

    def keep(self, whole: Path, digest: str) -> None:
        """Take over a complete local file; it is gone afterwards. Bytes that lie here already become young again."""

    def open(self, digest: str) -> IO[bytes]:
        """The bytes, to be read from wherever one likes. Raises Missing."""

    def find(self, digest: str) -> Lying | None:
        """What lies under the digest."""

    def everything(self) -> Iterator[Lying]:
        """All bytes here, by digest."""

    def remove(self, digest: str) -> None:
        """The bytes lie here no longer."""


def place_of(settings: FilesSettings, usual: Path) -> Place:
    """The place that the settings name; raises WrongSetting where it cannot be reached at all."""
    if settings.bucket is None:
        return Folder(Path(settings.url) if settings.url else usual)
    if find_spec("s3fs") is None:
        raise WrongSetting("FILES_URL", settings.url, "needs s3fs: pip install 'yinqiao[s3]'", "/var/lib/yinqiao/files")
    return Bucket(settings, usual / INCOMING)


def _check() -> Any:
    return md5(usedforsecurity=False)


@contextmanager
def answering(place: str) -> Iterator[None]:
    """Whatever a place cannot do becomes Unavailable, in words for people."""
    try:
        yield
    except (Missing, MarketplaceError):
        raise
    except Exception as error:  # a server, its library and the network fail in too many ways to name
        log.error("files place=%s error=%r", place, error)
        number = error.errno if isinstance(error, OSError) else None
        if number in _FULL:
            raise Unavailable(say("There is no room left for files. Nothing was kept; try again later.")) from error
        if number in _CLOSED or isinstance(error, PermissionError):
            raise Unavailable(say("Files cannot be kept or read right now: the place for them is locked.")) from error
        message = say("The place where files are kept does not answer. Nothing was lost; try again in a few minutes.")
        raise Unavailable(message) from error


@contextmanager
def staged(staging: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A file of our own to be written; what is not taken over by a place in time is removed."""
    with answering(str(staging)):
        staging.mkdir(parents=True, exist_ok=True)
        temporary = NamedTemporaryFile(dir=staging, delete=False)  # noqa: SIM115
    path = Path(temporary.name)
    try:
        yield temporary, path
    finally:
        with suppress(OSError):  # of a full disk, which has been complained of
            temporary.close()
        path.unlink(missing_ok=True)


class Folder:
    """A folder of this machine, or one that several machines share."""

    def __init__(self, root: Path) -> None:
        self.name, self.staging = str(root), root / INCOMING
        self._filesystem = fsspec.filesystem("file", auto_mkdir=False)

    def keep(self, whole: Path, digest: str) -> None:
        with answering(self.name):
            target = Path(self._path(digest))
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(whole, target)
            _settle(target.parent)

    def open(self, digest: str) -> IO[bytes]:
        with answering(self.name):
            try:
                found: IO[bytes] = self._filesystem.open(self._path(digest), "rb")
            except (FileNotFoundError, IsADirectoryError) as error:
                raise Missing(digest) from error
            return found

    def find(self, digest: str) -> Lying | None:
        with answering(self.name):
            try:
                found = self._filesystem.info(self._path(digest))
            except FileNotFoundError:
                return None
            return Lying(digest, int(found["size"]), float(found["mtime"]))

    def everything(self) -> Iterator[Lying]:
        for part in _PARTS:
            with answering(self.name):
                try:
                    found = self._filesystem.ls(f"{self.name}/{part}", detail=True)
                except FileNotFoundError:
                    continue
            yield from _sorted(Lying(Path(one["name"]).name, int(one["size"]), float(one["mtime"])) for one in found)

    def remove(self, digest: str) -> None:
        with answering(self.name):
            Path(self._path(digest)).unlink(missing_ok=True)

    def _path(self, digest: str) -> str:
        return f"{self.name}/{digest[:2]}/{digest}"


class Bucket:
    """A bucket of Amazon's or of any server that speaks as S3 does. Nothing in it is public; we read for people."""

    def __init__(self, settings: FilesSettings, staging: Path) -> None:
        assert settings.bucket is not None
        self.name, self.staging = settings.url, staging
        self._root = settings.bucket
        self._settings = settings
        self._made: tuple[int, Any] | None = None

    def keep(self, whole: Path, digest: str) -> None:
        with answering(self.name):
            # The server compares what has arrived with this, and shows it to nobody before.
            with whole.open("rb") as file:
                check = b64encode(file_digest(file, _check).digest()).decode()
            self._server.put_file(
                str(whole), self._path(digest), chunksize=PIECE, max_concurrency=2, ContentMD5=check
            )
        whole.unlink(missing_ok=True)

    def open(self, digest: str) -> IO[bytes]:
        with answering(self.name):
            try:
                found: IO[bytes] = self._server.open(self._path(digest), "rb", block_size=BLOCK)
            except FileNotFoundError as error:
                raise Missing(digest) from error
            return found

    def find(self, digest: str) -> Lying | None:
        with answering(self.name):
            try:
                found = self._server.info(self._path(digest))
            except FileNotFoundError:
                return None
            return Lying(digest, int(found["size"]), found["LastModified"].timestamp())

    def everything(self) -> Iterator[Lying]:
        with answering(self.name):  # a bucket that is not there must not look like an empty one
            self._server.call_s3("list_objects_v2", Bucket=self._root.partition("/")[0], MaxKeys=1)
        for part in _PARTS:
            with answering(self.name):
                try:
                    found = self._server.ls(f"{self._root}/{part}", detail=True)
                except FileNotFoundError:
                    continue
            yield from _sorted(
                Lying(one["name"].rpartition("/")[2], int(one["size"]), one["LastModified"].timestamp())
                for one in found if one["type"] == "file"
            )

    def remove(self, digest: str) -> None:
        with answering(self.name):
            try:
                self._server.rm_file(self._path(digest))
            except FileNotFoundError:
                return

    @property
    def _server(self) -> Any:
        """Made anew in every process: its connections cannot be shared with a parent."""
        if self._made is None or self._made[0] != os.getpid():
            self._made = (os.getpid(), _connected(self._settings))
        return self._made[1]

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"


def _connected(settings: FilesSettings) -> Any:
    filesystem = fsspec.filesystem(
        "s3", key=settings.key, secret=settings.secret, endpoint_url=settings.endpoint,
        client_kwargs={"region_name": settings.region} if settings.region else {},
        config_kwargs={
            "connect_timeout": 3, "read_timeout": 20, "retries": {"total_max_attempts": 2},
            "s3": {"addressing_style": settings.style},
            # Checksums of other kinds are not known to every server that speaks as S3 does; we send one they all know.
            "request_checksum_calculation": "when_required", "response_checksum_validation": "when_required",
        },
        skip_instance_cache=True, use_listings_cache=False,
    )
    filesystem.retries = 2
    return filesystem


def _sorted(found: Iterator[Lying]) -> list[Lying]:
    return sorted(one for one in found if _DIGEST.fullmatch(one.digest))


def _settle(folder: Path) -> None:
    """Let the name of a new file survive a power cut, as its bytes do."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
