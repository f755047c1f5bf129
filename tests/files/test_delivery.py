"""Files come to be saved under their own name; pictures and PDFs may be looked at, and are nobody's page even then."""

import io
from urllib.parse import unquote

import papers
import pytest
from conftest import a_listing

from marketplace import config
from marketplace.files import service
from marketplace.files.views import POLICY
from marketplace.listings import sharing
from marketplace.listings.models import State

pytest_plugins = ("keeping",)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def attached(institute, alice):
    """attached(name, content, tier) -> the address of a file of a listing everybody knows of."""
    listing = a_listing(institute)

    def attach(name="a.pdf", content=None, tier=0):
        content = papers.a_pdf("flame-retardant electrolyte") if content is None else content
        file = sharing.attach(alice, listing, name, io.BytesIO(content), tier)
        return f"/listings/{listing.ref}/attachments/{file.id}"

    return attach


@pytest.mark.parametrize(("name", "content", "media_type", "is_shown"), [
    ("a.pdf", papers.a_scan(), "application/pdf", True),
    ("a.png", PNG, "image/png", True),
    ("a.jpg", b"\xff\xd8\xff\xe0 jpeg", "image/jpeg", True),
    ("a.txt", b"<script>alert(1)</script>", "text/plain; charset=utf-8", False),
    ("a.csv", b"=cmd|' /C calc'!A0,1", "text/csv; charset=utf-8", False),
    ("a.zip", papers.a_zip({"index.html": b"<script>"}), "application/zip", False),
    ("a.docx", papers.a_word_file("x"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
     False),
])
def test_only_pictures_and_pdfs_are_shown_and_only_when_asked(
    client, attached, name, content, media_type, is_shown
):
    url = attached(name, content)
    saved, looked_at = client.get(url), client.get(f"{url}?look=1")
    assert saved.headers["Content-Disposition"].startswith("attachment;")
    assert looked_at.headers["Content-Disposition"].startswith("inline;" if is_shown else "attachment;")
    for answer in (saved, looked_at):
        assert answer.data == content and answer.headers["Content-Type"] == media_type
        assert answer.headers["Content-Security-Policy"] == POLICY and "sandbox;" in POLICY
        assert "allow-" not in POLICY and "default-src 'none'" in POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize("name", [
    "电解液 检测报告（终稿）.pdf", "Prüfbericht “final”; v2.pdf", "a'b%20c.pdf", "é.pdf", "🙂.pdf", "检测.pdf",
])
def test_names_arrive_as_they_were(client, attached, name):
    header = client.get(attached(name)).headers["Content-Disposition"]
    assert header.isascii() and "\n" not in header
    said = header.partition("filename*=UTF-8''")[2]
    if said:
        assert unquote(said) == name.replace('"', "")
    else:
        assert f"filename={name}" in header or f'filename="{name}"' in header


def test_a_part_can_be_asked_for(client, attached):
    content = papers.a_pdf("flame-retardant electrolyte")
    url = attached(content=content)
    part = client.get(url, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.data) == (206, content[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(content)}"
    assert part.headers["Content-Security-Policy"] == POLICY
    assert client.get(url, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    whole = client.get(url)
    assert client.get(url, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    head = client.head(url)
    assert head.headers["Content-Length"] == str(len(content)) and head.data == b""


def test_a_bucket_is_read_through_us(client, attached, in_a_bucket):
    content = b"%PDF-" + bytes(range(256)) * 40_000
    url = attached(content=content)
    answer = client.get(f"{url}?look=1")
    assert answer.data == content and "Location" not in answer.headers
    assert in_a_bucket.endpoint not in str(answer.headers)
    assert client.get(url, headers={"Range": "bytes=9000000-9000003"}).data == content[9_000_000:9_000_004]


def test_bucket_that_is_down_is_an_answer_and_not_half_a_file(client, attached, in_a_bucket, tmp_path):
    url = attached()
    service.bind(config.FilesSettings(in_a_bucket.url, "http://127.0.0.1:9", key="a", secret="b"), tmp_path / "var")
    answer = client.get(url)
    assert answer.status_code == 503 and "does not answer" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")


def test_what_was_written_into_a_form_comes_back_when_the_bucket_is_down(
    signed_in, alice, institute, in_a_bucket, tmp_path
):
    listing = a_listing(institute)
    service.bind(config.FilesSettings(in_a_bucket.url, "http://127.0.0.1:9", key="a", secret="b"), tmp_path / "var")
    answer = signed_in(alice).post(f"/listings/{listing.ref}/attachments", data={
        "file": (io.BytesIO(papers.a_scan()), "a.pdf"), "tier": "0",
    })
    assert answer.status_code == 503 and "Nothing was lost" in answer.text
    assert service.of("listing", listing.id) == []


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_looking_needs_what_saving_needs(client, signed_in, attached, charlie, tier):
    url = attached(tier=tier)
    stranger, member = client.get(f"{url}?look=1"), signed_in(charlie).get(f"{url}?look=1")
    assert stranger.status_code == 404
    assert member.status_code == (200 if tier == 1 else 404)


def test_drafts_files_are_for_nobody_else(client, signed_in, institute, alice, charlie, dana):
    listing = a_listing(institute, state=State.DRAFT)
    file = sharing.attach(alice, listing, "a.pdf", io.BytesIO(papers.a_scan()), 0)
    url = f"/listings/{listing.ref}/attachments/{file.id}?look=1"
    for browser in (client, signed_in(charlie), signed_in(dana)):
        assert browser.get(url).status_code == 404
    assert signed_in(alice).get(url).status_code == 200


def test_authors_read_what_came_of_the_text_and_find_the_way_to_look(signed_in, alice, attached):
    url = attached()
    page = signed_in(alice).get(url.rpartition("/")[0]).text
    assert "Its text is being read" in page and f"{url}?look=1" in page
    assert "正在提取文字" in signed_in(alice).get(f"{url.rpartition(chr(47))[0]}?lang=zh", follow_redirects=True).text
