"""import, export: listings from and to spreadsheets."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING

import click
from sqlalchemy import select

from marketplace import audit
from marketplace.commands import ready
from marketplace.db import session
from marketplace.errors import Invalid
from marketplace.listings import exporting, importing, storing
from marketplace.listings.models import Kind, State
from marketplace.listings.sheets import Sheet, csv_text, open_sheet
from marketplace.organisations.models import Organisation

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOWN = 10
NOTES = {
    "shortened": "summaries over 500 characters end at a sentence; the whole text stands in the long description",
    "keywords": "rows had no keywords; words from the title stand in for them",
    "repeated": "rows repeat an earlier one",
}


class Pair(click.ParamType[tuple[str, str]]):
    name = "name=value"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, rest = value.partition("=")
        if not equals or not name.strip():
            self.fail(f"“{value}” is not of the form name=value, such as title=Project", param, ctx)
        return name.strip(), rest


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), required=True, help="What the rows are.")
@click.option("--organisation", "slug", required=True, metavar="SLUG", help="Whose listings they become.")
@click.option(
    "--map",
    "mapping",
    type=Pair(),
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Which column feeds a field; others are guessed by their headings. Repeatable.",
)
@click.option(
    "--default",
    "defaults",
    type=Pair(),
    multiple=True,
    metavar="FIELD=VALUE",
    help="What to write where a row has nothing. Repeatable.",
)
@click.option(
    "--state",
    type=click.Choice(["draft", "submitted", "published"]),
    default="draft",
    show_default=True,
    help="What the rows become. The last two need every field that a submission needs.",
)
@click.option(
    "--rejected",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where rejected rows go, with the reasons. Default: FILE.rejected.csv",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing but the rejected rows.")
def import_(
    file: Path,
    kind: str,
    slug: str,
    mapping: tuple[tuple[str, str], ...],
    defaults: tuple[tuple[str, str], ...],
    state: str,
    rejected: Path | None,
    dry_run: bool,
) -> None:
    """Bring in a spreadsheet: CSV, Excel (.xlsx) or JSON lines, each also gzipped.

    It streams: the file may be larger than memory. Rows are known again by external_id (or by what they say), so
    running it twice changes nothing. Bad rows are written to a file of their own; the others go in.

    Example: yinqiao import results.csv --kind result --organisation chengyue-institute --map title=项目名称
    --default region=深圳 --state submitted
    """
    ready.settings()
    organisation = session.scalar(select(Organisation).where(Organisation.slug == slug))
    if organisation is None:
        known = ", ".join(session.scalars(select(Organisation.slug).order_by(Organisation.slug).limit(20)))
        raise click.BadParameter(
            f"there is no organisation “{slug}”. There are: {known or 'none yet'}", param_hint="--organisation"
        )
    if state == "published" and not organisation.is_verified:
        raise click.ClickException(f"{slug} is not verified yet, so nothing of it can be published; submit instead")
    try:
        sheet = open_sheet(file)
        plan = importing.plan(
            Kind(kind), sheet.headings(), state=State(state), asked=dict(mapping), defaults=dict(defaults)
        )
    except Invalid as problem:
        raise click.ClickException("; ".join(f"{name}: {text}" for name, text in problem.fields.items())) from None
    click.echo("Columns: " + ", ".join(f"{name} ← {column}" for name, column in sorted(plan.mapping.items())))
    _take_in(sheet, plan, storing.Target(organisation.id), rejected or Path(f"{file}.rejected.csv"), dry_run)


def _take_in(sheet: Sheet, plan: importing.Plan, target: storing.Target, rejected: Path, dry_run: bool) -> None:
    total, began, shown = importing.Report(), monotonic(), 0
    size = sheet.path.stat().st_size
    keep = _Rejected(rejected, sheet)
    try:
        with (
            click.progressbar(length=size, label="Trying" if dry_run else "Importing") as bar,
            closing(importing.run(target, plan, sheet.rows(bar.update), dry_run=dry_run)) as steps,
        ):
            for report, rejections in steps:
                _add(total, report)
                session.expunge_all()
                keep.write(rejections)
    except Invalid as problem:
        click.echo("; ".join(problem.fields.values()), err=True)
        click.echo("What came before that line has been dealt with:", err=True)
        _summary(total, monotonic() - began, dry_run)
        raise click.exceptions.Exit(1) from None
    finally:
        keep.close()
        if not dry_run:
            counts = {name: getattr(total, name) for name in ("new", "changed", "unchanged", "rejected")}
            audit.record(None, "listings.imported", "organisation", target.organisation_id, counts=counts)
    _summary(total, monotonic() - began, dry_run)
    for rejection in keep.first:
        shown += 1
        reasons = "; ".join(f"{p.column}: {p.message}" if p.column else p.message for p in rejection.problems)
        click.echo(f"  line {rejection.line}: {reasons}")
    if total.rejected:
        click.echo(
            f"{total.rejected - shown:,} more. " * (total.rejected > shown)
            + f"The rejected rows, to correct: {rejected}"
        )


class _Rejected:
    """The file of rejected rows, begun when there is the first one."""

    def __init__(self, path: Path, sheet: Sheet) -> None:
        self._path, self._sheet = path, sheet
        self._file: IO[str] | None = None
        self.first: list[importing.Rejection] = []

    def write(self, rejections: list[importing.Rejection]) -> None:
        if not rejections:
            return
        self.first += rejections[: SHOWN - len(self.first)]
        if self._file is None:
            self._columns = self._sheet.headings()
            self._file = self._path.open("w", encoding="utf-8", newline="")
            self._file.writelines(csv_text([*self._columns, "line", "reason"], ()))
        self._file.writelines(csv_text(None, self._rows(rejections)))

    def _rows(self, rejections: list[importing.Rejection]) -> Iterator[list[object]]:
        for rejection in rejections:
            reasons = "; ".join(f"{p.column}: {p.message}" if p.column else p.message for p in rejection.problems)
            yield [*(rejection.row.get(column) for column in self._columns), rejection.line, reasons]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _add(total: importing.Report, part: importing.Report) -> None:
    total.new += part.new
    total.changed += part.changed
    total.unchanged += part.unchanged
    total.rejected += part.rejected
    total.notes += Counter(part.notes)


def _summary(total: importing.Report, seconds: float, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    click.echo(
        f"{total.rows:,} rows in {seconds:.1f} s ({total.rows / max(seconds, 0.001):,.0f} rows/s): "
        f"{total.new:,} {would}new, {total.changed:,} {would}changed, {total.unchanged:,} unchanged, "
        f"{total.rejected:,} rejected."
    )
    for name, count in total.notes.items():
        click.echo(f"  {count:,} {NOTES[name]}.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), required=True, help="Which listings.")
@click.option("--organisation", "slug", metavar="SLUG", help="Only this organisation's; default: all.")
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of headings and choices."
)
def export(file: Path, kind: str, slug: str | None, language: str) -> None:
    """Write listings to a .csv or .xlsx with the columns an import takes.

    Example: yinqiao export results.xlsx --kind result --organisation chengyue-institute
    """
    if file.suffix not in (".csv", ".xlsx"):
        raise click.BadParameter(f"“{file.name}” ends in neither .csv nor .xlsx", param_hint="FILE")
    ready.settings()
    those = select(Organisation.id) if slug is None else select(Organisation.id).where(Organisation.slug == slug)
    ids = list(session.scalars(those))
    if slug and not ids:
        raise click.BadParameter(f"there is no organisation “{slug}”", param_hint="--organisation")
    count = exporting.to_file(file, Kind(kind), ids, language)
    audit.record(None, "listings.exported", "organisation", ids[0] if slug else audit.UNKNOWN, kind=kind, count=count)
    click.echo(f"{count:,} listings written to {file}")
