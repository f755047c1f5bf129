"""What people searched for, as a page for operators and as a spreadsheet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import NotFound
from marketplace.finding import searched
from marketplace.listings.sheets import csv_text, write_excel
from marketplace.web.guard import actor

bp = Blueprint("searched", __name__)


@bp.get("/operator/searches")
def index() -> ResponseReturnValue:
    weeks = _weeks()
    found = searched.searched(actor(), weeks)
    return render_template("finding/searched.html", found=found, weeks=weeks, periods=searched.PERIODS)


@bp.get("/operator/searches.<ending>")
def export(ending: str) -> Response:
    """Every text of the period, a row each."""
    if ending not in ("csv", "xlsx"):
        raise NotFound
    texts = searched.every_text(actor(), _weeks())
    content = "".join(csv_text(_headings(), _rows(texts))) if ending == "csv" else _workbook(texts)
    kind = "text/csv" if ending == "csv" else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    response = Response(content, mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=f"yinqiao-searches.{ending}")
    return response


def _weeks() -> int:
    asked = request.args.get("weeks", "")
    return int(asked) if asked in map(str, searched.PERIODS) else 12


def _headings() -> list[str]:
    return [_("Words"), _("Searches"), _("Found nothing"), _("Only with words left out"), _("Led to a listing"),
            _("Listings opened"), _("Mean place of what was opened"), _("Last searched for")]


def _rows(texts: Iterator[searched.Text]) -> Iterator[list[Any]]:
    for one in texts:
        place = None if one.mean_position is None else round(one.mean_position, 1)
        yield [one.text, one.times, one.nothing, one.missed - one.nothing, one.followed, one.clicks, place, one.last]


def _workbook(texts: Iterator[searched.Text]) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        write_excel(Path(file.name), _headings(), _rows(texts))
        return Path(file.name).read_bytes()
