"""A program of its own that writes the text of the PDF or Word file on its standard input to its standard output.

Files come from strangers. It is started without a secret in its surroundings, gives up its right to memory, time and
files before it looks at the first byte, and whatever becomes of it is an answer: see marketplace.files.texts.
"""

from __future__ import annotations

import io
import resource
import sys
from collections.abc import Iterator
from typing import BinaryIO

LOCKED, BROKEN, CUT = 3, 4, 5
MEMORY = 1 << 30
SECONDS = 10
PDF = "application/pdf"


def main(media_type: str, most: int) -> int:
    """The exit code; what was written before a fault counts."""
    _give_up_rights()
    out = sys.stdout.buffer
    try:
        content = io.BytesIO(sys.stdin.buffer.read())
        for part in _of_pdf(content) if media_type == PDF else _of_word(content):
            out.write(part[:most].encode("utf-8", "replace") + b"\n")
            out.flush()
            most -= len(part)
            if most < 0:
                return CUT
    except MemoryError:
        return 1
    except PermissionError:
        return LOCKED
    except Exception:  # libraries say in many ways that a file is not what it should be
        return BROKEN
    return 0


def _give_up_rights() -> None:
    for what, most in (
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (most, most))


def _of_pdf(content: BinaryIO) -> Iterator[str]:
    import logging

    from pypdf import PdfReader

    logging.disable()
    reader = PdfReader(content)
    if reader.is_encrypted and not reader.decrypt(""):
        raise PermissionError
    for page in reader.pages:
        yield page.extract_text()


def _of_word(content: BinaryIO) -> Iterator[str]:
    from docx import Document
    from docx.oxml.ns import qn

    if content.read(4) == b"\xd0\xcf\x11\xe0":  # an encrypted document is of the old kind outside
        raise PermissionError
    content.seek(0)
    breaks = {qn("w:tab"), qn("w:br")}
    for paragraph in Document(content).element.body.iter(qn("w:p")):
        said = "".join(
            (one.text or "") if one.tag == qn("w:t") else " " for one in paragraph.iter(qn("w:t"), *breaks)
        )
        if said.strip():
            yield said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
