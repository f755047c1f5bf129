"""Which files we take, and whether the bytes are what the name says."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from marketplace.errors import Invalid
from marketplace.files.packages import is_bomb, is_package
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
SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg"})
"""What a browser may show; all else is saved."""
ENDINGS = ", ".join(ending[1:] for ending in TYPES)
_PACKED = frozenset({".docx", ".xlsx", ".pptx", ".ofd", ".zip"})
_MARKUP = re.compile(rb"<(?:script|html|!doctype|svg|iframe|\?php)", re.IGNORECASE)
_LAST = 22 + 65_535
"""Where the end of an archive says that it is one: within so many bytes of a file's end."""


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
    if ending in _PACKED and is_bomb(path, is_document=ending != ".zip"):
        raise Invalid({"file": say(
            "“{name}” unpacks to far more than it is. Save it again, or send its parts one by one.", name=name,
        )})
    return TYPES[ending]


def _is_package(part: str | None) -> Callable[[Path], bool]:
    return lambda path: is_package(path, part)


def _is_picture(*signatures: bytes) -> Callable[[Path], bool]:
    """A picture, and no page of a site hidden in what it says of itself."""

    def check(path: Path) -> bool:
        with path.open("rb") as file:
            start = file.read(65_536)
        return start.startswith(signatures) and not _MARKUP.search(start)

    return check


def _is_pdf(path: Path) -> bool:
    """A PDF, and not an archive as well: programs that run archives look at the end of a file."""
    with path.open("rb") as file:
        starts = file.read(5) == b"%PDF-"
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _LAST))
        end = file.read()
    at = end.rfind(b"PK\x05\x06")
    length = int.from_bytes(end[at + 20 : at + 22], "little") if at >= 0 else -1
    return starts and (at < 0 or at + 22 + length != len(end))


def _is_old_office(path: Path) -> bool:
    """A document of Office 97, without macros."""
    with path.open("rb") as file:
        content = file.read()
    return content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") and "_VBA_PROJECT".encode("utf-16-le") not in content


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


_FORMS: dict[str, Callable[[Path], bool]] = {
    ".pdf": _is_pdf,
    ".docx": _is_package("word/document.xml"), ".xlsx": _is_package("xl/workbook.xml"),
    ".pptx": _is_package("ppt/presentation.xml"), ".ofd": _is_package("OFD.xml"), ".zip": _is_package(None),
    ".doc": _is_old_office, ".xls": _is_old_office, ".ppt": _is_old_office, ".wps": _is_old_office,
    ".png": _is_picture(b"\x89PNG\r\n\x1a\n"), ".jpg": _is_picture(b"\xff\xd8\xff"),
    ".jpeg": _is_picture(b"\xff\xd8\xff"), ".txt": _is_text, ".csv": _is_text,
}
