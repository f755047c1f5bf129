"""A backup as it lies on a disk: a folder, or one .tar file. What is complete has a manifest, written last; what is
not has another name."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Protocol

import orjson

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class NoBackup(Exception):
    """There is none at that place, or it is not whole; the message says what is wrong."""


@dataclass
class Member:
    """What is known of one of its files."""

    size: int = 0
    digest: str = ""


class Sink(Protocol):
    """Takes bytes."""

    def write(self, part: bytes, /) -> int: ...

    def flush(self) -> None: ...


class Counting:
    """Hands bytes on, and knows how many they were and their SHA-256."""

    def __init__(self, target: Sink) -> None:
        self._target, self._hash, self._size = target, sha256(), 0

    def write(self, part: bytes) -> int:
        self._hash.update(part)
        self._size += len(part)
        return self._target.write(part)

    def flush(self) -> None:
        self._target.flush()

    @property
    def member(self) -> Member:
        return Member(self._size, self._hash.hexdigest())


class Archive:
    """Being written. `members` is what the manifest will say of each."""

    def __init__(self, place: Path) -> None:
        self.members: dict[str, Member] = {}
        self._place = place
        self._tar = tarfile.open(place, "w") if place.suffix == ".partial-tar" else None  # noqa: SIM115
        if self._tar is None:
            place.mkdir(mode=0o700)
        else:
            place.chmod(0o600)

    @contextmanager
    def add(self, name: str) -> Iterator[Counting]:
        with self._target(name) as file:
            counting = Counting(file)
            yield counting
            file.flush()
            if self._tar is not None:
                self._append(name, file)
            else:
                os.fsync(file.fileno())
        self.members[name] = counting.member

    def close(self) -> None:
        if self._tar is not None:
            self._tar.close()
            with self._place.open("rb") as file:
                os.fsync(file.fileno())

    @contextmanager
    def _target(self, name: str) -> Iterator[IO[bytes]]:
        if self._tar is not None:
            with tempfile.TemporaryFile(dir=self._place.parent) as file:
                yield file
            return
        path = self._place / name
        for folder in reversed(path.relative_to(self._place).parents):
            (self._place / folder).mkdir(mode=0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file

    def _append(self, name: str, file: IO[bytes]) -> None:
        assert self._tar is not None
        info = tarfile.TarInfo(name)
        info.size, info.mode = file.tell(), 0o600
        file.seek(0)
        self._tar.addfile(info, file)


@contextmanager
def writing(place: Path, *, force: bool = False) -> Iterator[Archive]:
    """Write an archive that appears at its place when it is complete, and not at all otherwise."""
    if (place.exists() or place.is_symlink()) and not force:
        raise NoBackup(f"{place} exists already. Name another place, or use --force to replace it")
    if not place.parent.is_dir():
        raise NoBackup(f"{place.parent} is not a folder")
    ending = ".partial-tar" if place.suffix == ".tar" else ".partial"
    partial = place.with_name(f".{place.name}.{os.getpid()}{ending}")
    try:
        with closing(Archive(partial)) as archive:
            yield archive
        if place.exists():
            _remove(place)
        os.replace(partial, place)
        _settle(place.parent)
    finally:
        _remove(partial)


class Reader:
    """A complete archive. It keeps nothing open but what `open` gives out."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._parts: dict[str, tarfile.TarInfo] | None = None
        if not place.exists():
            raise NoBackup(f"there is nothing at {place}")
        if not place.is_dir():
            try:
                with tarfile.open(place, "r:") as tar:
                    self._parts = {one.name: one for one in tar}
            except (tarfile.TarError, OSError) as error:
                raise NoBackup(f"{place} is no backup, or was cut short: {error}") from None
        try:
            with self.open(MANIFEST) as file:
                self.manifest: dict[str, Any] = orjson.loads(file.read())
            self.members = {name: Member(**one) for name, one in self.manifest["members"].items()}
        except (KeyError, TypeError, orjson.JSONDecodeError) as error:
            raise NoBackup(f"the manifest of {place} cannot be read: {error!r}") from None

    def open(self, name: str) -> IO[bytes]:
        try:
            if self._parts is None:
                return (self._place / name).open("rb")
            return io.BufferedReader(_Part(self._place, self._parts[name]))
        except (KeyError, OSError):
            raise NoBackup(f"{self._place} is not whole: {name} is missing") from None

    def verify(self, name: str) -> None:
        """Raises NoBackup when the member is not what the manifest says."""
        known, counting = self.members[name], Counting(_Nowhere())
        try:
            with self.open(name) as file:
                shutil.copyfileobj(file, counting, _CHUNK)
        except (OSError, tarfile.TarError) as error:
            raise NoBackup(f"{self._place} is damaged: {name} cannot be read ({error})") from None
        if counting.member != known:
            raise NoBackup(f"{self._place} is damaged: {name} is not what was written")



class _Part(io.RawIOBase):
    """The bytes of one member of a .tar."""

    def __init__(self, place: Path, part: tarfile.TarInfo) -> None:
        self._file = place.open("rb")
        self._file.seek(part.offset_data)
        self._left = part.size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = self._file.read(min(len(buffer), self._left))
        buffer[: len(got)] = got
        self._left -= len(got)
        return len(got)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Nowhere:
    def write(self, part: bytes) -> int:
        return len(part)

    def flush(self) -> None:
        return


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Let the new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
