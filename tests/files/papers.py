"""Files as people send them, made here."""

from __future__ import annotations

import io
import zipfile
import zlib

from docx import Document
from pypdf import PdfWriter


def a_pdf(*pages: str, packed: bool = True) -> bytes:
    """A PDF whose pages say this, in any script: its font tells which sign is which letter."""
    letters = sorted({letter for page in pages for letter in page if letter != "\n"})
    number = {letter: at for at, letter in enumerate(letters, 1)}
    shown = "\n".join(f"<{number[one]:04x}> <{one.encode('utf-16-be').hex()}>" for one in letters)
    to_unicode = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{len(letters)} beginbfchar\n{shown}\nendbfchar\n"
        "endcmap end end"
    ).encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + b" ".join(b"%d 0 R" % (6 + 2 * at) for at in range(len(pages)))
        + b"]/Count %d>>" % len(pages),
        b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 5 0 R>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        b"/Supplement 0>>/DW 1000>>",
        _stream(to_unicode, False),
    ]
    for at, page in enumerate(pages):
        drawn = "BT /F1 12 Tf 14 TL 50 780 Td\n" + "\n".join(
            "<" + "".join(f"{number[one]:04x}" for one in line) + "> Tj T*" for line in page.split("\n")
        ) + "\nET"
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % (7 + 2 * at),
            _stream(drawn.encode(), packed),
        ]
    return put_together(objects)


def put_together(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for at, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (at, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(out))
    )


def _stream(content: bytes, packed: bool) -> bytes:
    kept = zlib.compress(content) if packed else content
    how = b"/Filter/FlateDecode" if packed else b""
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(kept), how, kept)


def a_scan() -> bytes:
    """A PDF of one page without a letter."""
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    return _written(writer)


def a_locked_pdf(text: str, password: str = "only ours") -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(a_pdf(text)))
    writer.encrypt(password, algorithm="RC4-128")
    return _written(writer)


def an_exploding_pdf(megabytes: int = 600) -> bytes:
    """A page of so many megabytes of nothing, packed a thousand times smaller."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(megabytes)) + packer.flush()
    return put_together([
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream" % (len(packed), packed),
    ])


def a_circle() -> bytes:
    """A PDF whose list of pages leads into itself."""
    return put_together([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000>>"])


def a_word_file(*paragraphs: str, cell: str = "") -> bytes:
    document = Document()
    for one in paragraphs:
        document.add_paragraph(one)
    if cell:
        document.add_table(1, 1).cell(0, 0).text = cell
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def a_zip(parts: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
