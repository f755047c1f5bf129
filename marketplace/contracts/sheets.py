"""The registration form and the ledger as spreadsheets. Texts are never formulas: see listings/sheets.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xlsxwriter import Workbook

from marketplace.contracts import ledger
from marketplace.contracts.form import Shape
from marketplace.contracts.ledger import WHAT, Account
from marketplace.contracts.showing import form_rows
from marketplace.listings.sheets import csv_text, write_excel
from marketplace.phrases import Label

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
TITLE, NOTE = "技术合同登记表", "由引桥据合同与供需信息预填，报送前请核对"
HEADINGS = {
    "broker": Label("技术经理人", "Broker"), "amount": Label("合同成交额", "Contract amount"),
    "technology": Label("技术交易额", "Technology amount"),
    "undisclosed": Label("金额不公开（份）", "Undisclosed (contracts)"),
    "total": Label("合计", "Total"),
}


def registration_book(ref: str, values: Mapping[str, Any]) -> bytes:
    """The form on one A4 sheet, in Chinese."""
    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(buffer, options) as book:
        sheet = book.add_worksheet(TITLE)
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.5, 0.5, 0.6, 0.6)
        for column, width in enumerate((18, 30, 18, 30)):
            sheet.set_column(column, column, width)
        base = {"border": 1, "text_wrap": True, "valign": "vcenter", "font_name": "SimSun"}
        name, text = book.add_format({**base, "bg_color": "#F1EFE9"}), book.add_format(base)
        money = book.add_format({**base, "num_format": "#,##0.00", "align": "left"})
        head = book.add_format({"bold": True, "font_size": 16, "align": "center", "font_name": "SimSun"})
        part = book.add_format({**base, "bold": True})
        sheet.merge_range(0, 0, 0, 3, TITLE, head)
        line = 1
        for title, rows in form_rows(values):
            sheet.merge_range(line, 0, line, 3, title.zh, part)
            line += 1
            for row in rows:
                column = 0
                for field, shown, span in row:
                    value = values.get(field.name)
                    sheet.write_string(line, column, field.label.zh, name)
                    if span > 1:
                        sheet.merge_range(line, column + 1, line, column + span, "", text)
                    if field.shape is Shape.MONEY and isinstance(value, Decimal):
                        sheet.write_number(line, column + 1, float(value), money)
                    else:
                        sheet.write_string(line, column + 1, shown, text)
                    column += 1 + span
                if any(len(shown) > 60 for _, shown, _ in row):
                    sheet.set_row(line, 15 * (1 + max(len(shown) for _, shown, _ in row) // 38))
                line += 1
        sheet.write_string(line, 0, f"{NOTE}（{ref}）")
    return buffer.getvalue()


def ledger_table(lines: Sequence[Account], language: str) -> tuple[list[str], list[list[Any]]]:
    """(headings, rows): a row for each broker and one for all, a pair of columns for each currency."""
    whole = ledger.total(lines)
    currencies = sorted(whole.amounts)

    def said(label: Label) -> str:
        return label.in_language(language)

    headings = [said(HEADINGS["broker"]), *(said(label) for label in WHAT.values())]
    for currency in currencies:
        headings += [f"{said(HEADINGS['amount'])} {currency}", f"{said(HEADINGS['technology'])} {currency}"]
    headings.append(said(HEADINGS["undisclosed"]))

    def row(name: str, line: Account) -> list[Any]:
        sums = [float(part) for currency in currencies for part in line.amounts.get(currency, (Decimal(0), Decimal(0)))]
        return [name, *(line.counts[what] for what in WHAT), *sums, line.undisclosed]

    return headings, [*(row(line.broker.name, line) for line in lines), row(said(HEADINGS["total"]), whole)]


def ledger_file(lines: Sequence[Account], language: str, format: str) -> bytes:
    """The ledger as xlsx or csv."""
    return table_file(*ledger_table(lines, language), format)


def table_file(headings: Sequence[str], rows: Sequence[Sequence[Any]], format: str) -> bytes:
    if format == "csv":
        return "".join(csv_text(headings, rows)).encode()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.xlsx"
        write_excel(path, headings, _each(rows))
        return path.read_bytes()


def file_name(stem: str, since: date | None, until: date | None, format: str) -> str:
    days = "-".join(day.isoformat() for day in (since, until) if day is not None)
    return f"{stem}-{days}.{format}" if days else f"{stem}.{format}"


def _each(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield from rows
