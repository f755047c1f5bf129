"""Spreadsheets as rows: CSV, Excel and JSON lines, plain or gzipped, read as streams; and written back.

Nothing here knows what a listing is. A row comes as (line, {heading: cell}), where a cell is a text, a number,
a date, a list or None. The line is the one the person sees in their program.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from marketplace.errors import Invalid
from marketplace.phrases import say

Row = dict[str, Any]
BROKEN = "\x00"
"""The key under which a row that cannot be read carries the reason."""
LARGEST_UNPACKED = 1_500_000_000
"""Bytes an Excel file may unpack to: such files are read whole."""
LARGEST_RATIO = 300
LONGEST_LINE = 4_000_000
LONGEST_CELL = 200_000
MOST_COLUMNS = 1_000
LONGEST_HEADING = 200


@dataclass(frozen=True)
class Sheet:
    """A file that can be read from its start as often as needed."""

    path: Path
    format: str
    """csv, xlsx or jsonl."""
    packed: bool
    encoding: str = "utf-8-sig"

    def rows(self, progress: Callable[[int], None] = lambda _: None) -> Generator[tuple[int, Row], None, None]:
        """Every row; `progress` hears how many bytes of the file have been read since it last did.

        Raises Invalid, naming the line, where the file stops being what it seemed.
        """
        if self.format == "xlsx":
            yield from _excel_rows(self.path)
            progress(self.path.stat().st_size)
            return
        with _opened(self, progress) as file:
            yield from _csv_rows(file) if self.format == "csv" else _json_rows(file)

    def headings(self, sample: int = 50) -> list[str]:
        """The columns, in order: a CSV or Excel file's first row, or the keys of the first JSON objects."""
        found: dict[str, None] = {}
        with closing(self.rows()) as rows:
            for seen, (_, row) in enumerate(rows):
                found.update(dict.fromkeys(heading for heading in row if heading != BROKEN))
                if self.format != "jsonl" or seen >= sample:
                    break
        return list(found)


def open_sheet(path: Path, name: str | None = None) -> Sheet:
    """What kind of file this is, by its name and by what is in it; raises Invalid with the remedy."""
    written = (name or path.name).lower()
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise Invalid(
            {"file": say("“{name}” cannot be read: {why}.", name=name or str(path), why=error.strerror or "")}
        ) from None
    if not head:
        raise Invalid({"file": say("“{name}” is empty.", name=name or path.name)})
    packed = head[:2] == b"\x1f\x8b"
    written = written.removesuffix(".gz")
    if head[:2] == b"PK":
        _check_archive(path)
        return Sheet(path, "xlsx", False)
    if written.endswith((".xls", ".xlsx", ".ods")):
        raise Invalid(
            {
                "file": say(
                    "“{name}” is not an Excel workbook of the .xlsx kind. Save it as .xlsx or CSV.",
                    name=name or path.name,
                )
            }
        )
    format = "jsonl" if written.endswith((".jsonl", ".ndjson", ".json")) else "csv"
    if format == "csv" and not written.endswith((".csv", ".tsv", ".txt")):
        raise Invalid(
            {"file": say("“{name}” is none of .csv, .xlsx and .jsonl (each may be gzipped).", name=name or path.name)}
        )
    return Sheet(path, format, packed, _encoding(path, packed))


def _encoding(path: Path, packed: bool) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, or GB18030; judged by the first megabytes."""
    with _bytes(path, packed) as file:
        try:
            head = file.read(4_000_000)
        except (OSError, EOFError, zlib.error):
            raise Invalid({"file": say("The compressed file is damaged. Pack it again.")}) from None
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return encoding
    raise Invalid({"file": say("The text is neither UTF-8 nor GB18030. Save it as “CSV UTF-8”.")})


@contextmanager
def _bytes(path: Path, packed: bool) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with path.open("rb") as raw:
        if packed:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked
        else:
            yield raw


class _Counted(io.RawIOBase):
    """The file's own bytes, counted as they are read."""

    def __init__(self, path: Path, progress: Callable[[int], None]) -> None:
        self._file, self._progress = path.open("rb", buffering=0), progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        self._progress(count)
        return int(count)

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def _opened(sheet: Sheet, progress: Callable[[int], None]) -> Iterator[IO[str]]:
    raw = io.BufferedReader(_Counted(sheet.path, progress), 1 << 18)
    source: Any = gzip.GzipFile(fileobj=raw) if sheet.packed else raw
    newline = "" if sheet.format == "csv" else "\n"
    with raw, source, io.TextIOWrapper(source, encoding=sheet.encoding, newline=newline) as text:
        yield text


def _csv_rows(file: IO[str]) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(LONGEST_LINE)
    try:
        start = file.readline(LONGEST_LINE)
    except (UnicodeError, EOFError, OSError, zlib.error) as error:
        raise _broken(1, error) from None
    delimiter = max(",;\t", key=start.count)
    reader = csv.reader(_chained(start, file), delimiter=delimiter)
    headings: list[str] = []
    try:
        before = 0
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not headings:
                headings = _distinct(cells)
                continue
            yield line, _row(headings, cells)
    except (csv.Error, UnicodeError, EOFError, OSError, zlib.error) as error:
        raise _broken(reader.line_num + 1, error) from None


def _chained(first: str, rest: IO[str]) -> Iterator[str]:
    line, number = first, 0
    while line:
        number += 1
        if len(line) >= LONGEST_LINE:
            raise Invalid({"file": say("Line {line} is longer than {max} characters. Is this a CSV file?", line=number,
                                       max=LONGEST_LINE)})
        yield line.replace("\x00", "")
        line = rest.readline(LONGEST_LINE)


def _json_rows(file: IO[str]) -> Iterator[tuple[int, Row]]:
    line = 0
    try:
        while text := file.readline(LONGEST_LINE):
            line += 1
            if not text.strip():
                continue
            yield line, _json_row(text)
    except (UnicodeError, EOFError, OSError, zlib.error) as error:
        raise _broken(line or 1, error) from None


def _json_row(text: str) -> Row:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {BROKEN: say("The line is not JSON: {why}.", why=str(error)[:120])}
    if not isinstance(row, dict):
        return {BROKEN: say("The line is not a JSON object.")}
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _excel_rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheet = workbook.get_sheet_by_index(0)
    except Exception as error:
        raise _broken(1, error) from None
    headings: list[str] = []
    first = sheet.start[0] if sheet.start else 0
    for line, cells in enumerate(sheet.iter_rows(), first + 1):
        if not any(str(cell).strip() for cell in cells):
            continue
        if not headings:
            headings = _distinct([str(cell) for cell in cells])
            continue
        yield line, _row(headings, [_whole(cell) for cell in cells])


def _whole(cell: Any) -> Any:
    """Excel has no whole numbers: 6 comes as 6.0."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15 else cell


def _check_archive(path: Path) -> None:
    """Refuse an Excel file that unpacks to far more than it is, or is no workbook, before anything reads it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        raise Invalid({"file": say("The Excel file is damaged. Open it, save it again, and send that.")}) from None
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST_UNPACKED or unpacked > LARGEST_RATIO * max(path.stat().st_size, 100_000):
        raise Invalid(
            {
                "file": say(
                    "The Excel file unpacks to {size} MB, which is more than we read. Send it as CSV.",
                    size=unpacked // 1_000_000,
                )
            }
        )
    if not any(entry.filename.startswith("xl/") for entry in entries):
        raise Invalid({"file": say("This archive is not an Excel workbook. Send .xlsx or CSV.")})


def _row(headings: Sequence[str], cells: Sequence[Any]) -> Row:
    row = dict(zip(headings, cells, strict=False))
    if len(cells) > len(headings) and any(str(cell).strip() for cell in cells[len(headings) :]):
        row[BROKEN] = say(
            "The row has {cells} cells but there are {headings} columns. A text with a comma in it needs quotes.",
            cells=len(cells),
            headings=len(headings),
        )
    return row


def _distinct(cells: Sequence[str]) -> list[str]:
    """Headings, trimmed; an empty one and a repeated one get names of their own."""
    if len(cells) > MOST_COLUMNS:
        raise Invalid({"file": say("The file has {count} columns; we read at most {max}. Remove what is not needed.",
                                   count=len(cells), max=MOST_COLUMNS)})
    found: dict[str, None] = {}
    for number, cell in enumerate(cells, 1):
        name = unmarked(cell.replace("\ufeff", "").strip())[:LONGEST_HEADING] or f"({number})"
        while name in found:
            name += "'"
        found[name] = None
    return list(found)


def _broken(line: int, error: Exception) -> Invalid:
    if isinstance(error, UnicodeError):
        return Invalid(
            {
                "file": say(
                    "The text at about line {line} is not in the file's encoding. Save the file as “CSV UTF-8”.",
                    line=line,
                )
            }
        )
    return Invalid({"file": say("The file cannot be read at line {line}: {why}.", line=line, why=str(error)[:200])})


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet program would take for a formula, marked as text; `unmarked` takes the mark off."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def unmarked(cell: Any) -> Any:
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def csv_text(headings: Sequence[str] | None, rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """CSV in parts of some ten thousand characters, with a byte-order mark so that Excel reads the Chinese.

    Without headings it goes on a text that was begun before.
    """
    part = io.StringIO()
    writer = csv.writer(part)
    if headings is not None:
        part.write("\ufeff")
        writer.writerow([harmless(heading) for heading in headings])
    for row in rows:
        writer.writerow([harmless("" if cell is None else _written(cell)) for cell in row])
        if part.tell() > 64_000:
            yield part.getvalue()
            part.seek(0)
            part.truncate()
    yield part.getvalue()


def write_excel(path: Path, headings: Sequence[str], rows: Iterable[Sequence[Any]], notes: Sequence[str] = ()) -> int:
    """Write a workbook with bounded memory; texts are never formulas or links. Returns how many rows."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    count = 0
    with Workbook(str(path), options) as workbook:
        sheet = workbook.add_worksheet()
        bold, dates = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(headings) - 1, 0), 22)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, bold)
        for column, note in enumerate(notes):
            if note:
                sheet.write_comment(0, column, note)
        for row in rows:
            count += 1
            for column, cell in enumerate(row):
                if cell is None or cell == "":
                    continue
                if isinstance(cell, (datetime, date)):
                    sheet.write_datetime(count, column, cell, dates)
                elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
                    sheet.write_number(count, column, cell)
                else:
                    sheet.write_string(count, column, _written(cell)[:32_767])
    return count


def _written(cell: Any) -> str:
    return cell.isoformat() if isinstance(cell, (datetime, date)) else str(cell)
