"""Files as people send them."""

import gzip
import zipfile
from datetime import date
from pathlib import Path

import pytest
from xlsxwriter import Workbook

from marketplace.errors import Invalid
from marketplace.listings.sheets import BROKEN, csv_text, harmless, open_sheet, unmarked, write_excel

TEXT = '标题,摘要\r\n电池,"两行\n文字"\r\n\r\n隔膜,三\r\n'


def rows(path: Path) -> list[tuple[int, dict[str, object]]]:
    return list(open_sheet(path).rows())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_csv_is_read_in_every_encoding_people_save_it_in(tmp_path, encoding, packed):
    path = tmp_path / ("a.csv.gz" if packed else "a.csv")
    content = TEXT.encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    assert rows(path) == [(2, {"标题": "电池", "摘要": "两行\n文字"}), (5, {"标题": "隔膜", "摘要": "三"})]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_recognised(tmp_path, delimiter):
    path = tmp_path / "a.csv"
    path.write_text(delimiter.join(["a", "b"]) + "\n" + delimiter.join(["1", "2"]))
    assert rows(path) == [(2, {"a": "1", "b": "2"})]


def test_an_excel_sheet_gives_its_values_not_its_formulas(tmp_path):
    path = tmp_path / "a.xlsx"
    with Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["title", "trl", "sum"])
        sheet.write_row(1, 0, ["x", 6])
        sheet.write_formula(1, 2, "=3+4", None, 7)
    assert rows(path) == [(2, {"title": "x", "trl": 6, "sum": 7})]


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "a.xlsx"
    entry_name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(entry_name, "w") as entry:
        for _ in range(64):
            entry.write(b"0" * 1_000_000)
    with pytest.raises(Invalid) as refused:
        open_sheet(path)
    assert "64 MB" in refused.value.fields["file"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"not a workbook"),
        ("a.csv", b""),
        ("a.pdf", b"%PDF"),
        ("a.xls", b"\xd0\xcf\x11\xe0"),
        ("a.xlsx", b"PK\x03\x04 damaged"),
        ("a.csv", b"a,b\n\xff\xfe\xff\x81,1\n"),
        ("a.csv.gz", b"\x1f\x8bdamaged"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_with_a_remedy(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        list(open_sheet(path).rows())
    assert refused.value.fields["file"]


def test_a_row_with_too_many_cells_and_a_broken_json_line_spoil_only_themselves(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n1,2,3\n4,5\n")
    assert [BROKEN in row for _, row in rows(path)] == [False, True, False]
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"a": \n[1]\n{"a": 2}\n')
    assert [BROKEN in row for _, row in rows(path)] == [False, True, True, False]


def test_what_looks_like_a_formula_stays_text_there_and_back(tmp_path):
    for text in ("=1+1", "+49 30", "-x", "@me", "plain"):
        assert unmarked(harmless(text)) == text
    assert "".join(csv_text(["a"], [["=HYPERLINK()"]])) == "\ufeffa\r\n'=HYPERLINK()\r\n"
    path = tmp_path / "a.xlsx"
    write_excel(path, ["a", "b"], [["=1+1", date(2026, 1, 2)]])
    assert rows(path) == [(2, {"a": "=1+1", "b": date(2026, 1, 2)})]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_text_that_breaks_off_within_a_character_is_told(tmp_path, name):
    """Found by `make fuzz`: the first line was read before anything could be said of it."""
    (tmp_path / name).write_bytes(b"\xfd\x74\x74\x95")
    with pytest.raises(Invalid, match="CSV UTF-8"):
        rows(tmp_path / name)
