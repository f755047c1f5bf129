"""Spreadsheets in and out, as pages: upload, map the columns, try, import, take the rejected rows home."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.listings import exporting, headings, import_jobs
from marketplace.listings.fields import BY_NAME, fields_of
from marketplace.listings.models import ImportJob, ImportState, Kind, State
from marketplace.listings.sheets import csv_text
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import editable_ids, memberships
from marketplace.phrases import say
from marketplace.web.guard import actor
from marketplace.web.language import current, words

bp = Blueprint("import", __name__, url_prefix="/listings")
SHOWN_REJECTIONS = 100
STATES = {
    ImportState.UPLOADED: say("waiting for its columns"),
    ImportState.CHECKING: say("being tried"),
    ImportState.CHECKED: say("tried, not imported yet"),
    ImportState.IMPORTING: say("being imported"),
    ImportState.DONE: say("imported"),
    ImportState.FAILED: say("could not be read"),
}


@bp.route("/import", methods=["GET", "POST"])
def upload() -> ResponseReturnValue:
    organisations = writable()
    if request.method == "GET":
        return _upload_page(organisations, {}, 200)
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Invalid({"file": say("Choose a file first.")})
        job = import_jobs.upload(actor(), _chosen(organisations), _kind(), file.filename, file.stream)
    except Invalid as problem:
        return _upload_page(organisations, {name: words(text) for name, text in problem.fields.items()}, 422)
    return redirect(url_for("import.show", key=job.key))


@bp.route("/import/<key>", methods=["GET", "POST"])
def show(key: str) -> ResponseReturnValue:
    job = import_jobs.get(actor(), key)
    if request.method == "GET":
        return _job_page(job, {"state": job.wanted_state, **_asked(job.mapping, job.defaults)}, {}, 200)
    mapping, defaults = _given(job, "column."), _given(job, "default.")
    try:
        import_jobs.check(actor(), job, mapping, defaults, _state())
    except (Invalid, Conflict) as problem:
        fields = problem.fields if isinstance(problem, Invalid) else {"": problem.message}
        errors = {name.replace("default ", "default."): words(text) for name, text in fields.items()}
        return _job_page(job, {"state": request.form.get("state"), **_asked(mapping, defaults)}, errors, 422)
    return redirect(url_for("import.show", key=key))


@bp.post("/import/<key>/start")
def start(key: str) -> ResponseReturnValue:
    job = import_jobs.get(actor(), key)
    try:
        import_jobs.start(actor(), job)
    except Conflict as problem:
        flash(words(problem.message))
    return redirect(url_for("import.show", key=key))


@bp.get("/import/<key>/rejected.csv")
def rejected(key: str) -> Response:
    job = import_jobs.get(actor(), key)
    titles = [*job.columns, _("Line"), _("Why it did not go in")]

    def rows() -> Iterator[list[Any]]:
        for line, row, problems in import_jobs.rejections(job):
            yield [*(row.get(column) for column in job.columns), line, _reasons(problems)]

    text = "".join(csv_text(titles, rows()))
    suffix = _("rejected")
    return _download(text, f"{Path(job.file_name).stem}-{suffix}.csv")


@bp.get("/template.xlsx")
def template() -> Response:
    kind = _kind()
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        exporting.template(Path(file.name), kind, current())
        content = Path(file.name).read_bytes()
    return _download(content, f"yinqiao-{kind}.xlsx")


@bp.get("/export.<ending>")
def export(ending: str) -> Response:
    """What the reader's organisations have listed, in the columns an import takes."""
    if ending not in ("csv", "xlsx"):
        raise NotFound
    own, kind = [m.organisation_id for m in memberships(actor())], _kind()
    name = f"yinqiao-{kind}.{ending}"
    exporting.note(actor(), kind, own)
    if ending == "csv":
        titles = list(headings.column_headings(kind, current()).values())
        return _download(stream_with_context(csv_text(titles, exporting.rows(kind, own, current()))), name)
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        exporting.to_file(Path(file.name), kind, own, current())
        return _download(Path(file.name).read_bytes(), name)


def writable() -> list[Organisation]:
    """The organisations the reader may write listings for; without one, there is nothing to import into."""
    mine = editable_ids(actor())
    found = [m.organisation for m in memberships(actor()) if m.organisation_id in mine]
    if not found:
        raise Forbidden(
            say("Only editors and admins of an organisation import listings. Ask your organisation's admin.")
        )
    return found


def _upload_page(organisations: list[Organisation], errors: Mapping[str, str], status: int) -> ResponseReturnValue:
    values = {
        "kind": Kind.RESULT,
        "organisation": organisations[0].slug,
        **request.args.to_dict(),
        **request.form.to_dict(),
    }
    jobs = import_jobs.recent(actor(), [organisation.id for organisation in organisations])
    names = [(organisation.slug, words(organisation)) for organisation in organisations]
    page = render_template("listings/import.html", names=names, values=values, errors=errors, jobs=jobs, states=STATES)
    return make_response(page, status)


def _job_page(job: ImportJob, values: Mapping[str, Any], errors: Mapping[str, str], status: int) -> ResponseReturnValue:
    waiting = job.state in (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED)
    shown = list(islice(import_jobs.rejections(job, SHOWN_REJECTIONS), SHOWN_REJECTIONS))
    page = render_template(
        "listings/import_job.html",
        job=job,
        values=values,
        errors=errors,
        fields=_mappable(job.kind),
        shown=shown,
        sample=import_jobs.sample(job) if waiting else [],
        worst=import_jobs.rejected_columns(job)[:5],
        failure=import_jobs.failure(job),
        heading=_heading,
        states=STATES,
    )
    return make_response(page, status)


def _mappable(kind: Kind) -> list[Any]:
    chosen = [field for field in fields_of(kind) if field.name in headings.IMPORTED]
    return sorted(chosen, key=lambda field: not field.required)


def _given(job: ImportJob, prefix: str) -> dict[str, str]:
    """The form's answers of one sort, by field name."""
    names = (field.name for field in fields_of(job.kind))
    return {name: request.form[prefix + name] for name in names if request.form.get(prefix + name)}


def _asked(mapping: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{f"column.{name}": column for name, column in mapping.items()},
        **{f"default.{name}": value for name, value in defaults.items()},
    }


def _reasons(problems: list[tuple[str, str]]) -> str:
    return "; ".join(
        f"{_heading(column)}: {words(message)}" if column else str(words(message)) for column, message in problems
    )


def _heading(column: str) -> str:
    """A column as the person wrote it; a field that no column feeds, by its label."""
    return str(words(BY_NAME[column].label)) if column in BY_NAME else column


def _kind() -> Kind:
    given = request.values.get("kind", Kind.RESULT)
    try:
        return Kind(given)
    except ValueError:
        raise Invalid({"kind": say("“{input}” is neither result nor need.", input=given[:40])}) from None


def _state() -> State:
    return State.SUBMITTED if request.form.get("state") == State.SUBMITTED else State.DRAFT


def _chosen(organisations: list[Organisation]) -> Organisation:
    slug = request.form.get("organisation")
    found = next((o for o in organisations if o.slug == slug), None)
    if found is None:
        raise Invalid({"organisation": say("Choose one of your organisations.")})
    return found


def _download(content: str | bytes | Iterator[str], name: str) -> Response:
    response = Response(content, mimetype="text/csv" if name.endswith(".csv") else "application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
