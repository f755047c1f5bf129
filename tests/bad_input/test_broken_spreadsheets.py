"""Spreadsheets that are not what they seem, through the browser: told by name and remedy, and nothing taken in."""

import gzip
import io
import re
import zipfile

import pytest
from conftest import a_listing
from sqlalchemy import select
from trying import text_of

from marketplace import outbox
from marketplace.db import session
from marketplace.listings import exporting
from marketplace.listings.headings import guess
from marketplace.listings.models import ImportJob, Kind, Listing, State
from marketplace.listings.sheets import csv_text, write_excel

pytest_plugins = ["company_of_trouble"]
ROW = {"标题": "阻燃电解液", "摘要": "遇火自熄。", "技术领域": "新能源", "地区": "深圳", "成熟度": "6"}


def as_csv(*rows) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return "".join(csv_text(columns, [[row.get(c) for c in columns] for row in rows]))


def upload(browser, content: bytes, name="a.csv"):
    parts = [("kind", b"result"), ("organisation", b"institute"), (f'file"; filename="{name}', content)]
    form = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (part.encode(), value)
        for part, value in parts
    )
    return browser.post("/listings/import", data=form + b"--b--\r\n", content_type="multipart/form-data; boundary=b")


def taken_in(browser, content: bytes, name="a.csv", state="draft") -> str:
    """Upload, map as guessed, try, import; the page about the job at the end."""
    answer = upload(browser, content, name)
    assert answer.status_code == 302, complaint(answer)
    job = session.scalars(select(ImportJob).order_by(ImportJob.id.desc())).first()
    mapping = {f"column.{field}": column for field, column in guess(Kind.RESULT, job.columns).items()}
    assert browser.post(answer.location, data={**mapping, "state": state}).status_code == 302
    outbox.drain()
    browser.post(f"{answer.location}/start")
    outbox.drain()
    return text_of(browser.get(answer.location))


def complaint(answer) -> str:
    return " ".join(re.sub("<[^>]+>", " ", text_of(answer)).split())


def workbook(rows: list[list], tmp_path) -> bytes:
    path = tmp_path / "b.xlsx"
    write_excel(path, rows[0], rows[1:])
    return path.read_bytes()


def bomb(megabytes: int, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open(name, "w") as part:
            for _ in range(megabytes):
                part.write(b"\0" * 1_000_000)
    return packed.getvalue()


NOT_A_SHEET = {
    "empty": (b"", "a.csv", "empty"),
    "only a mark": (b"\xef\xbb\xbf", "a.csv", "no rows"),
    "only blanks": (b"\n\n,,\n", "a.csv", "no rows"),
    "no text": (b"\x81\xff\x00\xfe" * 50, "a.csv", "UTF-8"),
    "a picture": (b"\x89PNG\r\n", "a.png", ".csv, .xlsx and .jsonl"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "a.xls", "Save it as .xlsx"),
    "a false workbook": (b"a,b\n1,2", "a.xlsx", "Save it as .xlsx"),
    "a torn workbook": (b"PK\x03\x04" + b"x" * 900, "a.xlsx", "save it again"),
    "a torn archive": (gzip.compress(b"a,b\n" * 9_000)[:40], "a.csv.gz", "damaged"),
    "another archive": (
        bomb(1, "word/document.xml").replace(b"xl/workbook.xml", b"xx/workbook.xml"),
        "a.xlsx",
        "not an Excel workbook",
    ),
}


@pytest.mark.parametrize(("content", "name", "remedy"), NOT_A_SHEET.values(), ids=NOT_A_SHEET)
def test_file_that_is_no_sheet_is_told_by_its_remedy(signed_in, alice, content, name, remedy):
    answer = upload(signed_in(alice), content, name)
    assert answer.status_code == 422 and remedy in complaint(answer)
    assert session.scalars(select(ImportJob)).first() is None
    browser = signed_in(alice)
    browser.get("/help?lang=zh")
    chinese = re.search(r'<div class="problems.*?</div>', text_of(upload(browser, content, name)), re.DOTALL)
    assert chinese and len(re.findall("[\u4e00-\u9fff]", chinese[0])) > 8, chinese


def test_zip_bomb_is_refused_unread(signed_in, alice):
    answer = upload(signed_in(alice), bomb(300), "a.xlsx")
    assert answer.status_code == 422 and "Send it as CSV" in complaint(answer)


def test_zip_bomb_that_lies_about_its_size_does_no_harm(signed_in, alice):
    content = bomb(200)
    lying = content.replace((200_000_000).to_bytes(4, "little"), (20_000).to_bytes(4, "little"))
    assert lying != content
    answer = upload(signed_in(alice), lying, "a.xlsx")
    assert answer.status_code == 422, complaint(answer)


def test_gzip_bomb_of_one_endless_line_is_told(signed_in, alice):
    answer = upload(signed_in(alice), gzip.compress(b"a" * 200_000_000), "a.csv.gz")
    assert answer.status_code == 422 and "Is this a CSV file?" in complaint(answer) and len(answer.data) < 100_000


def test_too_many_columns_are_told(signed_in, alice):
    answer = upload(signed_in(alice), b"a," * 100_000 + b"b\n1,2\n")
    assert answer.status_code == 422 and "100001 columns" in complaint(answer)


def test_very_long_cells_and_headings_do_not_swell_the_page(signed_in, alice):
    browser = signed_in(alice)
    answer = upload(browser, ("标题," + "长" * 100_000 + "\n" + "甲" * 1_000_000 + ",x\n").encode())
    assert len(browser.get(answer.location).data) < 200_000
    browser.post(answer.location, data={"column.title": "标题", "state": "draft"})
    outbox.drain()
    assert len(browser.get(answer.location).data) < 200_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_sheet_in_any_usual_encoding_is_read(signed_in, alice, encoding):
    taken_in(signed_in(alice), as_csv(ROW).lstrip("\ufeff").encode(encoding))
    assert session.scalars(select(Listing.title)).all() == ["阻燃电解液"]


def test_encoding_that_changes_on_the_way_is_told_with_its_line(signed_in, alice):
    content = as_csv(
        *[{**ROW, "标题": f"成果 {n}"} for n in range(110_000)]
    ).encode() + "阻燃,电解液,新,深圳,6\n".encode("gb18030")
    page = taken_in(signed_in(alice), content)
    assert "CSV UTF-8" in page and "could not be read" in page
    assert session.scalars(select(Listing)).first() is None


def test_missing_column_is_named_before_anything_is_imported(signed_in, alice):
    page = taken_in(signed_in(alice), as_csv({"标题": "只有标题"}).encode(), state="submitted")
    assert (
        "Public summary" in page
        and "needed before submitting" in page
        and session.scalars(select(Listing)).first() is None
    )


def test_formula_cells_stay_text_and_come_back_as_text(signed_in, alice, tmp_path):
    formula = '=HYPERLINK("http://evil.example","x")'
    browser = signed_in(alice)
    taken_in(browser, as_csv({**ROW, "标题": formula}).replace("'=", "=").encode())
    sheet = workbook([list(ROW), [*ROW.values()][:1] and ["=1+1", *[*ROW.values()][1:]]], tmp_path)
    taken_in(browser, sheet, "b.xlsx")
    assert sorted(session.scalars(select(Listing.title))) == ["=1+1", formula]
    exported = text_of(browser.get("/listings/export.csv?kind=result"))
    assert "'=1+1" in exported and "\"'=HYPERLINK" in exported and ",=" not in exported and ',"=' not in exported
    book = tmp_path / "export.xlsx"
    book.write_bytes(browser.get("/listings/export.xlsx?kind=result").data)
    with zipfile.ZipFile(book) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "＝", "|", "%"])
def test_rejected_rows_come_back_without_formulas(signed_in, alice, start):
    browser = signed_in(alice)
    answer = upload(browser, as_csv({**ROW, "成熟度": "'x"}).replace("'x", f"{start}cmd|' /C calc'!A0").encode())
    assert answer.status_code == 302
    mapping = {"column.title": "标题", "column.trl": "成熟度", "state": "draft"}
    browser.post(answer.location, data=mapping)
    outbox.drain()
    rejected = browser.get(f"{answer.location}/rejected.csv").get_data(as_text=True)
    for cell in re.split(r'[,\n]"?', rejected.lstrip("\ufeff")):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), repr(cell)


def test_formula_in_a_heading_is_harmless_too(signed_in, alice):
    browser = signed_in(alice)
    answer = upload(browser, "标题,=cmd|'x'!A0,成熟度\n甲,1,坏\n".encode())
    assert answer.status_code == 302
    browser.post(answer.location, data={"column.title": "标题", "column.trl": "成熟度", "state": "draft"})
    outbox.drain()
    rejected = browser.get(f"{answer.location}/rejected.csv").get_data(as_text=True)
    assert ",=cmd" not in rejected and ',"=cmd' not in rejected


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd.csv",
        "..\\..\\x.csv",
        "/etc/cron.d/x.csv",
        "x\0.csv",
        "<script>.csv",
        "a\r\nSet-Cookie: x=1.csv",
        "名" * 300 + ".csv",
        "\u202evsc.csv",
        ".csv",
    ],
)
def test_name_of_a_file_leads_nowhere_and_breaks_nothing(signed_in, alice, settings, name):
    before = set(settings.var.rglob("*"))
    browser = signed_in(alice)
    answer = upload(browser, as_csv(ROW).encode(), name)
    assert answer.status_code in (302, 422), complaint(answer)
    new = set(settings.var.rglob("*")) - before
    assert all(path.parent.name == "imports" or path.name == "imports" for path in new)
    if answer.status_code == 302:
        assert "<script>.csv" not in text_of(browser.get(answer.location))
        rejected = browser.get(f"{answer.location}/rejected.csv")
        assert rejected.status_code == 200 and "Set-Cookie: x" not in str(rejected.headers)


def test_rows_that_cannot_be_told_apart_by_columns_are_named(signed_in, alice):
    page = taken_in(signed_in(alice), "标题,成熟度\n甲,6,7,8\n乙\n".encode())
    assert "needs quotes" in page
    assert session.scalars(select(Listing.title)).all() == ["乙"]


def test_hostile_cells_are_shown_as_text(signed_in, alice):
    browser = signed_in(alice)
    answer = upload(browser, '"<script>alert(1)</script>",标题\n"<img src=x onerror=alert(1)>",甲\n'.encode())
    for page in (text_of(browser.get(answer.location)), text_of(browser.get("/listings/import"))):
        assert "<script>alert" not in page and "<img src=x" not in page


def test_second_click_on_import_changes_nothing(signed_in, alice):
    browser = signed_in(alice)
    taken_in(browser, as_csv(ROW).encode())
    job = session.scalars(select(ImportJob)).one().key
    assert browser.post(f"/listings/import/{job}/start", follow_redirects=True).status_code == 200
    outbox.drain()
    assert len(session.scalars(select(Listing)).all()) == 1


def test_export_of_a_hostile_listing_opens_as_text(institute, tmp_path):
    a_listing(institute, state=State.DRAFT, title="@SUM(1+1)*cmd|' /C calc'!A0", keywords=["=1+1", "-2"])
    exporting.to_file(tmp_path / "e.csv", Kind.RESULT, [institute.id], "zh")
    text = (tmp_path / "e.csv").read_text(encoding="utf-8-sig")
    assert "'@SUM" in text and ",@SUM" not in text and ",=1+1" not in text
