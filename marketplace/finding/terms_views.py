"""The operators' pages about equal terms: look, write, remove, bring in a spreadsheet, take one home."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.finding import term_sheets, terms
from marketplace.finding.models import TermGroup, TermImport
from marketplace.finding.term_rules import parted
from marketplace.finding.term_schemas import TermsForm
from marketplace.listings.content import tidy
from marketplace.listings.sheets import csv_text, write_excel
from marketplace.listings.vocabulary import FIELDS
from marketplace.phrases import say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import current, words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("terms", __name__, url_prefix="/operator/terms")
SIZE = 50
SHOWN_ROWS = 200
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("")
def index() -> ResponseReturnValue:
    asked = {name: tidy(request.args.get(name, ""))[:100] for name in ("q", "field", "state")}
    removed = asked["state"] == "removed"
    groups, total = terms.find(actor(), asked["q"], asked["field"], removed=removed, page=page_argument(), size=SIZE)
    return render_template(
        "finding/terms.html", slice=Slice(groups, total, page_argument(), SIZE), asked=asked, fields=FIELDS,
        elsewhere=terms.elsewhere(groups), removed=removed, without=terms.WITHOUT_FIELD, labels=term_sheets.HEADINGS,
    )


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        return _saved(terms.add(actor(), parted(values["terms"]), values["field"], values["note"]))

    terms.require_keeper(actor())
    initial = {"terms": request.args.get("terms", "")[:200]}
    return form_page("finding/terms_form.html", TermsForm(), done, initial=initial, fields=FIELDS, group=None,
                     labels=term_sheets.HEADINGS)


@bp.route("/<int:number>", methods=["GET", "POST"])
def edit(number: int) -> ResponseReturnValue:
    group = terms.get(actor(), number)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        said = parted(values["terms"]), values["field"], values["note"]
        return _saved(terms.change(actor(), group, *said, version=values["version"]))

    start = {"terms": "\n".join(group.texts), "field": group.field, "note": group.note, "version": group.version}
    return form_page("finding/terms_form.html", TermsForm(), done, initial=start, fields=FIELDS, group=group,
                     labels=term_sheets.HEADINGS, shared=terms.elsewhere([group]).get(number, []))


@bp.post("/<int:number>/remove")
def remove(number: int) -> ResponseReturnValue:
    group = terms.get(actor(), number)
    terms.remove(actor(), group)
    flash(words(say("Removed: {terms}. Under “Removed” it can be put back.", terms=_named(group))), "success")
    return redirect(url_for("terms.index"))


@bp.post("/<int:number>/restore")
def restore(number: int) -> ResponseReturnValue:
    group = terms.get(actor(), number)
    try:
        terms.restore(actor(), group)
    except Invalid as problem:
        flash(words(problem.fields["terms"]), "error")
        return redirect(url_for("terms.edit", number=number))
    return _saved(group)


@bp.route("/import", methods=["GET", "POST"])
def upload() -> ResponseReturnValue:
    if request.method == "GET":
        return _upload_page({}, 200)
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Invalid({"file": say("Choose a file first.")})
        imported = term_sheets.upload(actor(), file.filename, file.stream)
    except Invalid as problem:
        return _upload_page(problem.fields, 422)
    return redirect(url_for("terms.imported", key=imported.key))


@bp.get("/import/<key>")
def imported(key: str) -> ResponseReturnValue:
    return _import_page(term_sheets.get(actor(), key))


@bp.post("/import/<key>")
def take_in(key: str) -> ResponseReturnValue:
    try:
        term_sheets.apply(actor(), term_sheets.get(actor(), key))
    except Conflict as problem:
        flash(words(problem.message), "warning")
    return redirect(url_for("terms.imported", key=key))


@bp.get("/import/<key>/rejected.csv")
def rejected(key: str) -> Response:
    rows = [row for row in term_sheets.outcome(term_sheets.get(actor(), key)) if row.problems]
    titles = [*term_sheets.headings(current()), words(say("Line")), words(say("Why it did not go in"))]
    told = ([*row.given, row.line, "; ".join(str(words(text)) for _, text in row.problems)] for row in rows)
    return _download("".join(csv_text(titles, told)).encode(), "yinqiao-terms-rejected.csv")


@bp.get("/export.<ending>")
def export(ending: str) -> Response:
    terms.require_keeper(actor())
    if ending not in ("csv", "xlsx"):
        raise NotFound
    return _download(_sheet(ending), f"yinqiao-terms.{ending}")


def _sheet(ending: str) -> bytes:
    titles, rows = term_sheets.headings(current()), term_sheets.rows_to_export(current())
    if ending == "csv":
        return "".join(csv_text(titles, rows)).encode()
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        write_excel(Path(file.name), titles, rows)
        return Path(file.name).read_bytes()


def _saved(group: TermGroup) -> ResponseReturnValue:
    """Back to the list, with what is worth knowing about terms that stand in two groups."""
    flash(words(say("Saved: {terms}. Search goes by it within seconds.", terms=_named(group))), "success")
    for one in terms.elsewhere([group]).get(group.id, [])[:3]:
        flash(words(say("“{term}” stands also in the group of “{head}”; groups are not joined.", term=one.term,
                        head=one.head)), "warning")
    return redirect(url_for("terms.index"))


def _named(group: TermGroup) -> str:
    return " = ".join(group.texts[:3]) + (" = …" if len(group.terms) > 3 else "")


def _upload_page(problems: Mapping[str, str], status: int) -> ResponseReturnValue:
    errors = {name: words(text) for name, text in problems.items()}
    jobs = term_sheets.recent(actor())
    return make_response(render_template("finding/terms_import.html", errors=errors, values={}, jobs=jobs), status)


def _import_page(job: TermImport) -> ResponseReturnValue:
    rows = term_sheets.outcome(job)
    worth_showing = [row for row in rows if row.problems or row.remarks]
    return make_response(render_template(
        "finding/terms_imported.html", job=job, counts=term_sheets.counts(rows), shown=worth_showing[:SHOWN_ROWS],
        more=max(len(worth_showing) - SHOWN_ROWS, 0), taken=_first(rows), labels=term_sheets.HEADINGS,
    ))


def _first(rows: Sequence[term_sheets.Row]) -> Iterator[term_sheets.Row]:
    """The first rows that go in, so that one sees how they were read."""
    return iter([row for row in rows if row.what in ("new", "changed")][:10])


def _download(content: bytes, name: str) -> Response:
    response = Response(content, mimetype="text/csv" if name.endswith(".csv") else EXCEL)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
