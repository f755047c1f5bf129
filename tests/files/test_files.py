"""Files: taken only when they are what they say, kept once, delivered only to be saved."""

import io
import zipfile

import pytest

from marketplace.errors import Invalid, NotFound, Unavailable
from marketplace.files import service, types

PDF = b"%PDF-1.4 made for a test"


def a_zip(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def content_of(file):
    with service.opened(file) as stream:
        return stream.read()


def store(name, content, actor=None, subject=1):
    return service.store(actor, "listing", subject, name, io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("a.PDF", PDF),
        ("a.png", b"\x89PNG\r\n\x1a\nrest"),
        ("数据.csv", "电压,电流".encode("gb18030")),
        ("a.docx", a_zip("word/document.xml")),
        ("a.ofd", a_zip("OFD.xml")),
        ("a.zip", a_zip("anything")),
        ("a.txt", "字".encode()),
    ],
)
def test_honest_files_are_taken(app, name, content):
    file = store(name, content)
    assert content_of(file) == content and file.size == len(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", b"<script>"),
        ("a.exe", b"MZ"),
        ("a.svg", b"<svg/>"),
        ("noending", PDF),
        ("a.pdf", b"MZ"),
        ("a.txt", b"a\0b"),
        ("a.docx", a_zip("xl/workbook.xml")),
        ("a.xlsx", a_zip("xl/workbook.xml", "xl/vbaProject.bin")),
        ("a.zip", b"PK\x03\x04 not"),
        ("a.pdf", b""),
        ("a.png.html", b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_other_files_are_refused(app, name, content):
    with pytest.raises(Invalid) as problem:
        store(name, content)
    assert list(problem.value.fields) == ["file"] and service.of("listing", 1) == []


def test_file_that_is_too_large_leaves_nothing_behind(app, monkeypatch):
    monkeypatch.setattr(service, "LARGEST", 10)
    with pytest.raises(Invalid):
        store("a.pdf", PDF)
    assert [*service.place().staging.iterdir()] == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\报告.pdf", "报告.pdf"),
        ('a"b<c>\u202e.pdf', "abc.pdf"),
        ("...", "file"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_names_lose_what_could_do_harm(given, kept):
    assert types.plain_name(given) == kept


def test_same_bytes_are_kept_once_and_outlive_one_of_two(app):
    one, two = store("a.pdf", PDF), store("b.pdf", PDF, subject=2)
    assert one.digest == two.digest
    service.remove(None, one)
    assert service.sweep(older_than=-60) >= 0
    assert content_of(two) == PDF


def test_bytes_nobody_refers_to_are_swept(app):
    file = store("a.pdf", PDF + b"swept")
    service.remove(None, file)
    service.sweep()
    assert service.place().find(file.digest), "young bytes may still be getting their row"
    service.sweep(older_than=-60)
    assert service.place().find(file.digest) is None


def test_file_of_another_subject_does_not_exist(app):
    file = store("a.pdf", PDF)
    with pytest.raises(NotFound):
        service.one_of("listing", 2, file.id)
    with pytest.raises(NotFound):
        service.one_of("introduction", 1, file.id)


def test_bytes_that_are_gone_are_said_to_be(app):
    file = store("a.pdf", PDF + b"gone")
    service.place().remove(file.digest)
    with pytest.raises(Unavailable):
        service.opened(file)


def test_subject_has_room_for_only_so_many(app, monkeypatch):
    monkeypatch.setattr(service, "MOST", 1)
    store("a.pdf", PDF)
    with pytest.raises(Invalid):
        store("b.pdf", PDF)
