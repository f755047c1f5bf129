"""What is inside ZIP archives, office documents among them, without unpacking more than a little of it."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

MOST_PARTS = 20_000
MOST_UNPACKED = 400 << 20
"""Bytes that all parts of an office document may have once unpacked."""
MOST_OF_AN_ARCHIVE = 4 << 30
MOST_TIMES = 100
"""How much larger than packed a document may be once it is large."""
LARGE = 32 << 20
_LIST_OF_PARTS = "[Content_Types].xml"
_FAULTS = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error)


def is_package(path: Path, part: str | None) -> bool:
    """Is it a ZIP archive from its first byte on, that has `part`, and no macros when it is an office document?"""
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return False  # something else stands before the archive: it would be two things at once
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            return part is None or (part in names and not _has_macros(archive, names))
    except _FAULTS:
        return False


def is_bomb(path: Path, *, is_document: bool) -> bool:
    """Would unpacking it fill disk or memory, by what its list of contents says or hides?"""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except _FAULTS:
        return True
    packed, unpacked = sum(one.compress_size for one in parts), sum(one.file_size for one in parts)
    overlapping = packed > path.stat().st_size  # several parts made of the same bytes
    most = MOST_UNPACKED if is_document else MOST_OF_AN_ARCHIVE
    absurd = unpacked > LARGE and unpacked > MOST_TIMES * max(packed, 1)
    return len(parts) > MOST_PARTS or unpacked > most or overlapping or absurd


def _has_macros(archive: zipfile.ZipFile, names: list[str]) -> bool:
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return True
    if _LIST_OF_PARTS not in names:
        return False
    with archive.open(_LIST_OF_PARTS) as file:
        said = file.read(1 << 20).lower()
    return b"vbaproject" in said or b"macroenabled" in said
