"""Which files we take, and whether the bytes are what the name says."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from marketplace.errors import Invalid
from marketplace.phrases import say

LARGEST = 25 * 1024 * 1024
LONGEST_NAME = 120

_OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES = {
    ".pdf": "application/pdf",
    ".docx": _OFFICE + "wordprocessingml.document",
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".pptx": _OFFICE + "presentationml.presentation",
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".ofd": "application/ofd",
    ".wps": "application/vnd.ms-works",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".zip": "application/zip",
}
"""File-name ending -> the media type it is served as."""
ENDINGS = ", ".join(ending[1:] for ending in TYPES)


def plain_name(given: str) -> str:
    """The last part of the name, without control and direction characters, short enough to keep its ending."""
    name = PurePosixPath(given.replace("\\", "/")).name
    name = "".join(c for c in name if c.isprintable() and c not in '"<>|?*:').strip(". ")
    path = PurePosixPath(name or "file")
    return path.stem[: LONGEST_NAME - len(path.suffix)] + path.suffix


def checked_type(name: str, path: Path) -> str:
    """The media type of the file at `path`. Raises Invalid when we do not take it or it is not what it says."""
    ending = PurePosixPath(name).suffix.lower()
    if ending not in TYPES:
        refused = say("“{name}” is not of a kind we take. Send one of: {endings}.", name=name, endings=ENDINGS)
        raise Invalid({"file": refused})
    if not _FORMS[ending](path):
        raise Invalid({"file": say(
            "“{name}” is not what its ending says, or it carries macros. Save it again as {ending} and send that.",
            name=name, ending=ending[1:],
        )})
    return TYPES[ending]


def _starts(*signatures: bytes) -> Callable[[Path], bool]:
    def check(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(16).startswith(signatures)

    return check


def _is_package(part: str | None) -> Callable[[Path], bool]:
    """A zip archive that has `part`, and no macros when it is an office document."""

    def check(path: Path) -> bool:
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return False
        macros = any(name.lower().endswith("vbaproject.bin") for name in names)
        return part is None or (part in names and not macros)

    return check


def _is_text(path: Path) -> bool:
    """Text in an encoding people use here, judged by its first part."""
    with path.open("rb") as file:
        start = file.read(65_536)
    if b"\0" in start:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            start[: max(0, len(start) - 3)].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(start) - 8:
                continue
        return True
    return False


_OLE = _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_FORMS: dict[str, Callable[[Path], bool]] = {
    ".pdf": _starts(b"%PDF-"),
    ".docx": _is_package("word/document.xml"), ".xlsx": _is_package("xl/workbook.xml"),
    ".pptx": _is_package("ppt/presentation.xml"), ".ofd": _is_package("OFD.xml"), ".zip": _is_package(None),
    ".doc": _OLE, ".xls": _OLE, ".ppt": _OLE, ".wps": _OLE,
    ".png": _starts(b"\x89PNG\r\n\x1a\n"), ".jpg": _starts(b"\xff\xd8\xff"), ".jpeg": _starts(b"\xff\xd8\xff"),
    ".txt": _is_text, ".csv": _is_text,
}
