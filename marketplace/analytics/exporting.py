"""The figures to take away: a workbook with a sheet and a chart for each, or one long table as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import xlsxwriter

from marketplace import clock
from marketplace.analytics.cuts import CUTS
from marketplace.analytics.results import Met
from marketplace.analytics.service import Figures
from marketplace.introductions.models import Stage
from marketplace.introductions.vocabulary import CLOSE_REASONS, REASON_CODES, STAGES
from marketplace.listings.models import Kind
from marketplace.listings.sheets import csv_text
from marketplace.listings.vocabulary import FIELDS
from marketplace.phrases import in_language, say

SHARES = "0.0%"
_SHEET_NAME = 31
"""Characters Excel allows."""


@dataclass(frozen=True)
class Sheet:
    title: Any
    headings: tuple[Any, ...]
    rows: list[tuple[Any, ...]]
    charted: tuple[int, ...] = ()
    """The columns that its chart shows."""
    chart: str = "bar"
    shares: frozenset[int] = frozenset()
    """The columns whose numbers are parts of one."""


def workbook(figures: Figures, language: str) -> bytes:
    return book_of(_sheets(figures), language)


def table(figures: Figures, language: str) -> str:
    return table_of(_sheets(figures), language)


def book_of(sheets: Iterable[Sheet], language: str) -> bytes:
    """Texts are never formulas or links, whatever a person is called."""
    buffer = BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(buffer, options) as book:
        bold, share = book.add_format({"bold": True}), book.add_format({"num_format": SHARES})
        for sheet in sheets:
            _write(book, sheet, language, bold, share)
    return buffer.getvalue()


def table_of(sheets: Iterable[Sheet], language: str) -> str:
    """Every number of every sheet, a row each: figure, of what, measure, value."""
    headings = [in_language(one, language) for one in (say("Figure"), say("Of what"), say("Measure"), say("Value"))]
    return "".join(csv_text(headings, _long(sheets, language)))


def _long(sheets: Iterable[Sheet], language: str) -> Iterator[list[Any]]:
    for sheet in sheets:
        for row in sheet.rows:
            for heading, value in zip(sheet.headings[1:], row[1:], strict=True):
                if value is not None:
                    of_what = in_language(row[0], language)
                    yield [in_language(sheet.title, language), of_what, in_language(heading, language),
                           round(value, 4) if isinstance(value, float) else in_language(value, language)]


def _write(book: Any, sheet: Sheet, language: str, bold: Any, share: Any) -> None:
    name = str(in_language(sheet.title, language))[:_SHEET_NAME]
    page = book.add_worksheet(name)
    page.freeze_panes(1, 0)
    page.set_column(0, 0, 30)
    page.set_column(1, len(sheet.headings), 14)
    for column, heading in enumerate(sheet.headings):
        page.write_string(0, column, str(in_language(heading, language)), bold)
    for number, row in enumerate(sheet.rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, (int, float)) and not isinstance(value, Stage):
                page.write_number(number, column, value, share if column in sheet.shares else None)
            elif value is not None:
                page.write_string(number, column, str(in_language(value, language)))
    if sheet.charted and sheet.rows:
        _draw(book, page, sheet, name, language)


def _draw(book: Any, page: Any, sheet: Sheet, name: str, language: str) -> None:
    last = len(sheet.rows)
    chart = book.add_chart({"type": sheet.chart})
    for column in sheet.charted:
        chart.add_series({
            "name": [name, 0, column], "categories": [name, 1, 0, last, 0], "values": [name, 1, column, last, column],
            "data_labels": {"value": last <= 12}, "gap": 60,
            "fill": {"color": "#0f6e6e" if column == sheet.charted[0] else "#b7791f"},
        })
    chart.set_title({"name": str(in_language(sheet.title, language))})
    if len(sheet.charted) == 1:
        chart.set_legend({"none": True})
    if sheet.chart == "bar":
        chart.set_y_axis({"reverse": True})
    chart.set_size({"width": 720, "height": max(300, 34 * last if sheet.chart == "bar" else 300)})
    page.insert_chart(1, len(sheet.headings) + 1, chart, {"description": str(in_language(sheet.title, language))})


def _sheets(figures: Figures) -> Iterator[Sheet]:
    yield _summary(figures)
    names = {step.stage: STAGES[step.stage].name for step in figures.steps}
    yield Sheet(
        say("Funnel"), (say("Stage"), say("Ever reached"), say("Of the stage before"), say("Still open here")),
        [(names[one.stage], one.reached, one.share, one.open) for one in figures.steps], (1,), shares=frozenset({2}),
    )
    yield Sheet(
        say("Cohorts"), (say("Month"), *names.values(), say("Still open")),
        [(one.month, *(step.reached for step in one.stages), one.open) for one in figures.cohorts], (1, 3), "column",
    )
    yield Sheet(
        say("Time in each stage"),
        (say("Stage"), say("Stays"), say("Still there"), say("Median, days"), say("90th percentile, days")),
        [(names[one.stage], one.stays, one.open, one.median, one.p90) for one in figures.passages], (3, 4),
    )
    yield Sheet(
        say("Answers"),
        (say("Stage"), say("Waits"), say("Still waiting"), say("Median, days"), say("90th percentile, days"),
         say("In time"), say("Judged"), say("Share in time")),
        [(names[one.stage], one.waits, one.open, one.median, one.p90, one.in_time.kept, one.in_time.of,
          one.in_time.share) for one in figures.replies], shares=frozenset({7}),
    )
    yield Sheet(
        figures.cut.label, (figures.cut.label, say("Interests"), say("Introduced"), say("Signed"), say("Still open"),
                            say("Share signed")),
        [(one.name, one.group.entered, one.group.introduced, one.group.signed, one.group.open, one.group.signed_share)
         for one in figures.groups], (1, 3), shares=frozenset({5}),
    )
    yield from _ends(figures)
    yield _supply(figures)


def _summary(figures: Figures) -> Sheet:
    asked = figures.question
    ends = [moment and moment.astimezone(clock.PLACE).isoformat(timespec="minutes")[:16].replace("T", " ")
            for moment in (asked.since, asked.until)]
    rows: list[tuple[Any, Any]] = [(say("From"), ends[0]), (say("Until before"), ends[1])]
    rows += [(CUTS[cut].label, name) for cut, name in figures.narrowed.items()]
    rows += [
        (say("Interests"), figures.entered), (say("Introduced"), figures.reached(3)),
        (say("Signed"), figures.reached(6)), (say("Needs published"), figures.answered.of),
        (say("Needs with interest within 30 days"), figures.answered.kept),
        (say("Meetings held or missed"), figures.no_shows.meetings), (say("Meetings missed"), figures.no_shows.missed),
    ]
    return Sheet(say("Summary"), (say("What"), say("Value")), rows)


def _ends(figures: Figures) -> Iterator[Sheet]:
    yield Sheet(say("Reasons for a no"), (say("Reason"), say("Introductions")),
                [(REASON_CODES[code], count) for code, count in figures.reason_codes.items()], (1,))
    yield Sheet(say("How they closed"), (say("Closed as"), say("Introductions")),
                [(CLOSE_REASONS[reason], count) for reason, count in figures.close_reasons.items()], (1,))
    yield Sheet(say("Where a no came"), (say("Stage"), say("Introductions")),
                [(STAGES[stage].name, count) for stage, count in figures.closed_at.items() if stage], (1,))


def _supply(figures: Figures) -> Sheet:
    sides = {kind: {one.field: one for one in found} for kind, found in figures.met.items()}
    none = Met("", 0, 0, 0)
    rows = []
    for field in {**sides[Kind.NEED], **sides[Kind.RESULT]}:
        need, result = sides[Kind.NEED].get(field, none), sides[Kind.RESULT].get(field, none)
        rows.append((FIELDS.get(field, say("Not stated")), need.every, need.scored, need.met, need.unmet, need.share,
                     result.every, result.scored, result.met, result.unmet))
    headings = (say("Field of technology"), say("Needs"), say("Needs compared"), say("Needs with a match"),
                say("Needs without supply"), say("Matchability"), say("Results"),
                say("Results compared"), say("Results with a match"), say("Results without demand"))
    return Sheet(say("Supply and demand"), headings, rows, (9, 4), shares=frozenset({5}))
