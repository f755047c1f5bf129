"""What files say is read apart, with limits, and never hurts the worker; what cannot be read is said to its owner."""

import io
import os
import stat
import tempfile
import time

import papers
import pytest

from marketplace import outbox
from marketplace.db import session
from marketplace.files import extracting, service, texts
from marketplace.files.models import FileText, TextState
from marketplace.files.types import TYPES

PDF, WORD = TYPES[".pdf"], TYPES[".docx"]


def extracted(content, media_type=PDF):
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return texts.extracted(file, media_type)


def test_words_of_a_pdf_are_found_across_its_lines_and_pages():
    said = extracted(papers.a_pdf("阻燃电解液的自熄\n时间测试报告。", "The electro-\nlyte does not burn"))
    assert said == (TextState.READ, "阻燃电解液的自熄时间测试报告。\nThe electrolyte does not burn", False)


def test_words_of_a_word_file_are_found_in_tables_too():
    said = extracted(papers.a_word_file("电解液 test report", "second", cell="8.9 mS/cm"), WORD)
    assert said.state is TextState.READ and said.text == "电解液 test report\nsecond\n8.9 mS/cm"


@pytest.mark.parametrize(("content", "media_type", "state"), [
    (papers.a_scan(), PDF, TextState.EMPTY),
    (papers.a_locked_pdf("only for us to read"), PDF, TextState.LOCKED),
    (b"\xd0\xcf\x11\xe0 encrypted package", WORD, TextState.LOCKED),
    (b"%PDF-1.4 made for a test", PDF, TextState.BROKEN),
    (b"%PDF-1.7\n" + bytes(range(256)) * 50, PDF, TextState.BROKEN),
    (papers.a_circle(), PDF, TextState.BROKEN),
    (papers.a_zip({"word/document.xml": b"<w:document"}), WORD, TextState.BROKEN),
])
def test_file_without_text_to_be_had_says_why(content, media_type, state):
    assert extracted(content, media_type) == (state, "", False)


def test_pdf_that_anybody_may_read_but_not_change_is_read():
    assert extracted(papers.a_locked_pdf("printable but not changeable", "")).text == "printable but not changeable"


@pytest.mark.once
def test_pdf_that_explodes_costs_little():
    began = time.monotonic()
    said = extracted(papers.an_exploding_pdf())
    assert said.text == "" and time.monotonic() - began < texts.SECONDS


def test_long_text_is_cut():
    said = extracted(papers.a_word_file(*["电解液测试 " * 100] * 700), WORD)
    assert said.is_cut and len(said.text) > 0.9 * texts.LONGEST


def test_word_file_that_asks_for_our_files_gets_none():
    wanted = (
        b'<!DOCTYPE x [<!ENTITY d SYSTEM "file:///etc/passwd">]><w:document xmlns:w="http://schemas.openxmlformats.org'
        b'/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>harmless enough &d;</w:t></w:r></w:p></w:body>'
        b"</w:document>"
    )
    import zipfile
    whole = zipfile.ZipFile(io.BytesIO(papers.a_word_file("x")))
    parts = {name: whole.read(name) for name in whole.namelist()} | {"word/document.xml": wanted}
    assert "root" not in extracted(papers.a_zip(parts), WORD).text


@pytest.fixture
def program(tmp_path, monkeypatch):
    """program(text) -> what reads files is this instead."""

    def replace(text):
        path = tmp_path / "program.py"
        path.write_text(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{text}")
        monkeypatch.setattr(extracting, "__file__", str(path))

    return replace


def test_program_that_does_not_end_is_ended(program, monkeypatch):
    monkeypatch.setattr(texts, "SECONDS", 0.5)
    program("while True: pass")
    began = time.monotonic()
    assert extracted(b"").state is TextState.TOO_HARD and time.monotonic() - began < 5


def test_program_that_writes_without_end_is_not_listened_to(program):
    program("while True: sys.stdout.write('electrolyte ' * 10_000)")
    said = extracted(b"")
    assert said.is_cut and len(said.text) <= texts.LONGEST


def test_program_gets_no_secret_and_no_right_it_does_not_need(program, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "not for files")
    source = os.path.dirname(extracting.__file__)
    program(
        f"sys.path.insert(0, {source!r})\nimport extracting, os, resource\nextracting._give_up_rights()\n"
        "print('environment', 'SECRET_KEY' in os.environ, os.getcwd())\n"
        "try: open('/tmp/written-by-a-file', 'w').write('x' * 100_000)\nexcept OSError: print('writes nothing')\n"
        "try: bytearray(2 << 30)\nexcept MemoryError: print('takes no memory')\n"
        "print('seconds', resource.getrlimit(resource.RLIMIT_CPU)[1])"
    )
    said = extracted(b"").text
    assert said == f"environment False /\nwrites nothing\ntakes no memory\nseconds {extracting.SECONDS}"


@pytest.mark.parametrize(("given", "kept"), [
    ("a\0b\x07c\u200bd", "a b c d"), ("\ufffd\ud800x", "x"), ("  a \t b \n\n  c ", "a b\nc"),
    ("电解\n液", "电解液"), ("line\nbroken", "line\nbroken"), ("elec-\ntrolyte", "electrolyte"),
])
def test_text_is_tidied(given, kept):
    assert texts.tidied(given) == kept


def added(content=None, name="a.pdf", **more):
    content = papers.a_pdf("flame-retardant electrolyte") if content is None else content
    return service.store(None, "listing", 1, name, io.BytesIO(content), is_searched=True, **more)


def test_worker_reads_what_was_added_and_tells_of_it(app):
    file = added()
    outbox.drain()
    row = session.get(FileText, file.id)
    assert (row.state, row.text, row.length) == (TextState.READ, "flame-retardant electrolyte", 27)
    assert texts.told([file]) == {file.id: "Its text is searched."}


def test_owner_is_told_that_a_text_waits_and_that_there_is_none(app):
    scan, table = added(papers.a_scan()), added(b"a,b", "a.csv")
    assert texts.told([scan, table]) == {scan.id: "Its text is being read and can be searched in a moment."}
    outbox.drain()
    assert "No text found" in texts.told([scan])[scan.id]
    assert session.get(FileText, table.id) is None


def test_files_not_to_be_searched_are_not_read(app):
    file = service.store(None, "listing", 1, "a.pdf", io.BytesIO(papers.a_pdf("secret of tier two")), 2)
    outbox.drain()
    texts.catch_up("listing", 1)
    outbox.drain()
    assert session.get(FileText, file.id) is None


def test_files_of_earlier_releases_are_read_when_the_clock_says(app):
    file = service.store(None, "listing", 1, "a.pdf", io.BytesIO(papers.a_pdf("an earlier release")), 0)
    other = service.store(None, "case document", 1, "a.pdf", io.BytesIO(papers.a_pdf("an earlier release")), 0)
    texts.catch_up("listing", 1)
    outbox.drain()
    assert session.get(FileText, file.id).text == "an earlier release" and session.get(FileText, other.id) is None
    waiting = outbox.waiting()
    texts.catch_up("listing", 1)
    assert outbox.waiting() == waiting, "once is enough"


def test_text_goes_with_its_file(app):
    file = added()
    outbox.drain()
    service.remove(None, file)
    session.expire_all()
    assert session.get(FileText, file.id) is None


def test_file_removed_before_it_is_read_harms_nobody(app):
    file = added()
    service.remove(None, file)
    outbox.drain()
    assert outbox.failing() == []


def test_missing_bytes_are_looked_for_again_later(app):
    content = papers.a_pdf("once missing, found again")
    file = added(content)
    service.place().remove(file.digest)
    outbox.drain()
    assert session.get(FileText, file.id).state is TextState.MISSING
    service.keep("a.pdf", io.BytesIO(content))
    texts.catch_up("listing", 1)
    outbox.drain()
    session.expire_all()
    assert session.get(FileText, file.id).state is TextState.READ


def test_others_get_their_turn_between_files(app, monkeypatch):
    monkeypatch.setattr(texts, "TURN", -1.0)
    ids = [added(papers.a_pdf(f"report number {n}, electrolyte")).id for n in range(3)]
    while outbox.drain():
        pass
    assert all(session.get(FileText, number) for number in ids)


def test_nothing_is_left_beside_the_files(app):
    added()
    outbox.drain()
    assert [*service.place().staging.iterdir()] == []
    assert all(stat.S_ISREG(path.stat().st_mode) for path in service.place().staging.parent.glob("??/*"))
