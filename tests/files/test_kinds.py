"""Files that are two things at once, or far more than they seem, are refused; honest large ones are taken."""

import io
import zipfile

import papers
import pytest
from conftest import an_organisation
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from marketplace import config
from marketplace.db import session
from marketplace.errors import Invalid
from marketplace.files import service, types
from marketplace.files.models import StoredFile
from marketplace.organisations.models import Kind

pytest_plugins = ("keeping",)
ZEROS = b"\0" * (40 << 20)
WORD = papers.a_word_file("x")
PDF = papers.a_scan()


def put(name, content, subject=1, **more):
    return service.store(None, "listing", subject, name, io.BytesIO(content), **more)


def refused(name, content):
    with pytest.raises(Invalid) as problem:
        put(name, content)
    assert session.scalars(select(StoredFile)).all() == []
    return str(problem.value.fields["file"])


def with_lying_header():
    """Two parts that are the same bytes."""
    archive = bytearray(papers.a_zip({"word/document.xml": b"x" * 5000, "other.xml": b"x" * 5000}, zipfile.ZIP_STORED))
    second = archive.rfind(b"PK\x01\x02")
    archive[second + 20 : second + 24] = (20_000).to_bytes(4, "little")
    return bytes(archive)


@pytest.mark.parametrize(("name", "content"), [
    ("a.docx", papers.a_zip({"word/document.xml": ZEROS})),
    ("a.xlsx", papers.a_zip({"xl/workbook.xml": b"x", "xl/worksheets/sheet1.xml": ZEROS})),
    ("a.zip", papers.a_zip({"a": ZEROS})),
    ("a.docx", with_lying_header()),
    ("a.zip", papers.a_zip({f"{n}": b"" for n in range(20_001)}, zipfile.ZIP_STORED)),
])
def test_archives_that_explode_are_refused(app, name, content):
    assert "unpacks to far more" in refused(name, content)


def test_large_tables_are_no_bombs(app):
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (n, n, n * 7919 % 10_007) for n in range(400_000))
    assert put("a.xlsx", papers.a_zip({"xl/workbook.xml": b"x", "xl/worksheets/sheet1.xml": rows}))


@pytest.mark.parametrize(("name", "content"), [
    ("a.pdf", PDF + papers.a_zip({"Main.class": b"x"})),
    ("a.docx", b"MZ\x90" + WORD),
    ("a.docx", b"%PDF-1.4\n" + WORD),
    ("a.zip", b"#!/bin/sh\nexit\n" + papers.a_zip({"a": b"x"})),
    ("a.png", b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"),
    ("a.jpg", b"\xff\xd8\xff\xfe<!DOCTYPE html><body>"),
    ("a.jpg", b"\xff\xd8\xff\xfe<?php system($_GET['c']) ?>"),
    ("a.docx", papers.a_zip({"word/document.xml": b"x", "[Content_Types].xml": b"<x ContentType='application/"
                             b"vnd.ms-word.document.macroEnabled.main+xml'/>"})),
    ("a.xlsx", papers.a_zip({"xl/workbook.xml": b"x", "xl/innocent.bin": b"x", "[Content_Types].xml":
                             b"<x PartName='/xl/innocent.bin' ContentType='application/vnd.ms-office.vbaProject'/>"})),
    ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "_VBA_PROJECT".encode("utf-16-le")),
    ("a.pdf", b"\n%PDF-1.4"),
    ("a.html", b"x"), ("a.svg", b"<svg/>"), ("a.js", b"x"), ("a.docm", WORD), ("a.pdf.exe", b"MZ"), ("a", b"x"),
])
def test_what_is_two_things_at_once_or_carries_programs_is_refused(app, name, content):
    refused(name, content)


@pytest.mark.parametrize(("name", "content"), [
    ("a.docx", WORD), ("a.pdf", PDF), ("a.pdf", PDF + b"\r\n" * 3),
    ("a.pdf", PDF[:-6] + b"PK\x05\x06 in the middle of a stream, as chance has it %%EOF\n"),
    ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    ("a.jpg", b"\xff\xd8\xff\xe1\0\x10<x:xmpmeta xmlns:x='adobe:ns:meta/'>"),
])
def test_honest_files_are_not_suspected(app, name, content):
    assert put(name, content)


@given(st.text(max_size=400))
def test_whatever_a_file_is_called_its_name_does_no_harm(name):
    kept = types.plain_name(name)
    assert 0 < len(kept) <= types.LONGEST_NAME and kept.isprintable()
    assert not set(kept) & set('/\\"<>|?*:\r\n\0') and kept not in (".", "..") and not kept.startswith(".")
    assert types.plain_name(kept) == kept


@given(st.text(max_size=40), st.sampled_from([".pdf", ".docx", ".PNG"]))
def test_the_ending_is_kept(stem, ending):
    assert types.plain_name(f"a{stem}b{ending}").endswith(ending)


@pytest.fixture
def most(back_to_the_usual, tmp_path):
    """An organisation's files have 1 MB in all."""
    service.bind(config.FilesSettings(most_megabytes=1), tmp_path)


def test_organisation_has_room_for_so_much_and_is_told_what_is_left(app, most):
    one, other = an_organisation("one", Kind.COMPANY), an_organisation("other", Kind.COMPANY)
    half = PDF + b"\n" * 600_000
    first = put("a.pdf", half, organisation_id=one.id)
    with pytest.raises(Invalid) as problem:
        put("b.pdf", half + b"\n", 2, organisation_id=one.id)
    assert str(problem.value.fields["file"]).startswith("Your organisation's files may have 1 MB in all; 0 MB are left")
    assert service.taken(one.id) == len(half)
    put("b.pdf", half, 3, organisation_id=other.id), put("c.pdf", half, 4)
    service.remove(None, first)
    assert put("b.pdf", half, 2, organisation_id=one.id)


def test_no_limit_is_no_limit(app, back_to_the_usual, tmp_path):
    service.bind(config.FilesSettings(most_megabytes=0), tmp_path)
    one = an_organisation("one", Kind.COMPANY)
    assert put("a.pdf", PDF, organisation_id=one.id)
