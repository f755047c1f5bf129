"""A spreadsheet through the browser: uploaded, its columns mapped, tried, imported, its rejected rows given back.

The worker does the reading, some seconds at a time; where it is in the file is written in the same transaction as the
rows it took in, so that a worker that dies loses nothing and doubles nothing.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import IO, Any

from sqlalchemy import delete, insert, select, update

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.listings import headings, importing, storing
from marketplace.listings.content import tidy
from marketplace.listings.models import ImportJob, ImportRejection, ImportState, Kind, State
from marketplace.listings.permissions import can_create_for
from marketplace.listings.sheets import Sheet, open_sheet
from marketplace.messaging.packing import packed, unpacked
from marketplace.organisations.models import Organisation, Role
from marketplace.organisations.permissions import role_in
from marketplace.phrases import say

LARGEST_UPLOAD = 64 * 1024 * 1024
TURN = 8.0
"""Seconds the worker spends on a job before it looks after other things."""
KEPT = timedelta(days=30)
WORKING = (ImportState.CHECKING, ImportState.IMPORTING)

_folder: list[Path] = []


def bind(var: Path) -> None:
    """Keep uploaded files under this folder; called by the composition root."""
    _folder[:] = [var / "imports"]


def upload(actor: User, organisation: Organisation, kind: Kind, name: str, file: IO[bytes]) -> ImportJob:
    """Keep the file and guess its columns. Raises Invalid for a file that cannot be read."""
    require(can_create_for(actor, organisation.id))
    key = secrets.token_urlsafe(16)
    path = _folder[0] / key
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as kept:
            shutil.copyfileobj(file, kept)
        if path.stat().st_size > LARGEST_UPLOAD:
            raise Invalid(
                {
                    "file": say(
                        "The file is larger than {size} MB. Compress it with gzip, or part it.",
                        size=LARGEST_UPLOAD >> 20,
                    )
                }
            )
        columns = open_sheet(path, name).headings()
        if not columns:
            raise Invalid({"file": say("The file has no rows.")})
        with transaction():
            job = ImportJob(
                key=key,
                actor_id=actor.id,
                organisation=organisation,
                kind=kind,
                file_name=tidy(name)[:200],
                size=path.stat().st_size,
                columns=columns,
                mapping=headings.guess(kind, columns),
                created_at=clock.now(),
            )
            session.add(job)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return job


def get(actor: User, key: str) -> ImportJob:
    """The job, for who uploaded it and those who may write for the organisation; otherwise NotFound."""
    job = session.scalar(select(ImportJob).where(ImportJob.key == key))
    if job is None or not (job.actor_id == actor.id or can_create_for(actor, job.organisation_id)):
        raise NotFound
    return job


def recent(actor: User, organisation_ids: list[int]) -> list[ImportJob]:
    of_theirs = select(ImportJob).where(ImportJob.organisation_id.in_(organisation_ids))
    return list(session.scalars(of_theirs.order_by(ImportJob.id.desc()).limit(20)))


def sample(job: ImportJob, count: int = 3) -> list[dict[str, Any]]:
    """The first rows, to map the columns by."""
    with closing(_sheet(job).rows()) as rows:
        return [row for _, row in islice(rows, count)]


def check(actor: User, job: ImportJob, mapping: Mapping[str, str], defaults: Mapping[str, Any], state: State) -> None:
    """Ask for a dry run with these columns. Raises Invalid for a mapping that cannot work."""
    require(can_create_for(actor, job.organisation_id))
    if state not in (State.DRAFT, State.SUBMITTED):
        raise Invalid({"state": say("Rows become drafts, or are submitted for review.")})
    importing.plan(job.kind, job.columns, state=state, asked=mapping, defaults=defaults, guessing=False)
    _start(
        job,
        (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED, ImportState.DONE),
        ImportState.CHECKING,
        mapping=dict(mapping),
        defaults=dict(defaults),
        wanted_state=state,
    )


def start(actor: User, job: ImportJob) -> None:
    """Ask for the import that was tried. A second click finds it already under way: Conflict."""
    require(can_create_for(actor, job.organisation_id))
    with transaction():
        _start(job, (ImportState.CHECKED,), ImportState.IMPORTING)
        audit.record(actor.id, "import.started", "import", job.id, organisation=job.organisation_id,
                     kind=job.kind.value, state=job.wanted_state.value)


def _start(job: ImportJob, before: tuple[ImportState, ...], state: ImportState, **values: Any) -> None:
    with transaction():
        moved = session.execute(
            update(ImportJob)
            .where(ImportJob.id == job.id, ImportJob.state.in_(before))
            .values(state=state, position=0, share=0.0, counts={}, error=None, finished_at=None, **values)
        )
        if moved.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict(say("This import is already under way."))
        session.execute(delete(ImportRejection).where(ImportRejection.job_id == job.id))
        outbox.publish("import.requested", job.id)
    session.refresh(job)


def advance(ids: list[int]) -> None:
    """The worker's part: some seconds of each job, then its turn comes again."""
    for number in ids:
        job = session.get(ImportJob, number)
        if job is None or job.state not in WORKING:
            continue
        try:
            _advance(job)
        except Invalid as problem:
            _fail(job, next(iter(problem.fields.values())))
        except FileNotFoundError:
            _fail(job, say("The uploaded file is no longer there. Upload it again."))


def _advance(job: ImportJob) -> None:
    began, read = monotonic(), [0]

    def heard(count: int) -> None:
        read[0] += count

    state = _state_for(job)
    plan = importing.plan(job.kind, job.columns, state=state, asked=job.mapping, defaults=job.defaults, guessing=False)
    target = storing.Target(job.organisation_id, job.actor_id)
    dry_run = job.state is ImportState.CHECKING
    steps = importing.run(target, plan, _sheet(job).rows(heard), dry_run=dry_run, skip=job.position)
    with closing(steps):
        while True:
            with transaction():
                step = next(steps, None)
                if step is None:
                    job.state = ImportState.CHECKED if dry_run else ImportState.DONE
                    job.share, job.finished_at = 1.0, clock.now()
                    if not dry_run:
                        audit.record(job.actor_id, "import.finished", "import", job.id, counts=_numbers(job.counts))
                    return
                _note(job, *step, read[0] / max(job.size, 1))
                if monotonic() - began > TURN:
                    outbox.publish("import.requested", job.id)
                    return


def _state_for(job: ImportJob) -> State:
    """Where the organisation wants its admin to look first, what an editor submits waits for the admin."""
    is_admin = role_in(session.get(User, job.actor_id), job.organisation_id) is Role.ADMIN
    if job.wanted_state is State.SUBMITTED and job.organisation.requires_approval and not is_admin:
        return State.AWAITING_APPROVAL
    return job.wanted_state


def _note(job: ImportJob, report: importing.Report, rejections: list[importing.Rejection], share: float) -> None:
    """Write how far the job is, in the transaction of the batch."""
    counts = dict(job.counts)
    for name in ("new", "changed", "unchanged", "rejected"):
        counts[name] = counts.get(name, 0) + getattr(report, name)
    counts["notes"] = {
        n: counts.get("notes", {}).get(n, 0) + report.notes.get(n, 0) for n in ("shortened", "keywords", "repeated")
    }
    job.counts, job.position, job.share = counts, job.position + report.rows, min(share, 1.0)
    rows = [
        {
            "job_id": job.id,
            "line": r.line,
            "row": {k: _text(v) for k, v in r.row.items()},
            "problems": [{"column": p.column, "message": packed({"": p.message})} for p in r.problems],
        }
        for r in rejections
    ]
    if rows:
        session.execute(insert(ImportRejection), rows)


def _numbers(counts: Mapping[str, Any]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in ("new", "changed", "unchanged", "rejected")}


def _fail(job: ImportJob, message: str) -> None:
    session.rollback()
    with transaction():
        session.execute(
            update(ImportJob)
            .where(ImportJob.id == job.id)
            .values(state=ImportState.FAILED, error=packed({"": message}), finished_at=clock.now())
        )


def rejections(job: ImportJob, limit: int | None = None) -> Iterator[tuple[int, dict[str, Any], list[tuple[str, str]]]]:
    """(line, the row, [(column, message)]) of the rows that did not go in, in the file's order."""
    those = select(ImportRejection).where(ImportRejection.job_id == job.id).order_by(ImportRejection.line).limit(limit)
    for rejection in session.scalars(those.execution_options(yield_per=500)):
        yield (
            rejection.line,
            rejection.row,
            [(problem["column"], unpacked(problem["message"])[""]) for problem in rejection.problems],
        )


def rejected_columns(job: ImportJob) -> list[tuple[str, int]]:
    """How many of the first thousand rejected rows each column spoiled, the worst first."""
    counts: dict[str, int] = {}
    for _, _, problems in rejections(job, 1000):
        for column, _ in problems:
            counts[column] = counts.get(column, 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])


def forget_old() -> None:
    """Remove the jobs and files of a month ago."""
    old = session.scalars(select(ImportJob).where(ImportJob.created_at < clock.now() - KEPT).limit(200)).all()
    for job in old:
        (_folder[0] / job.key).unlink(missing_ok=True)
    with transaction():
        session.execute(delete(ImportJob).where(ImportJob.id.in_([job.id for job in old])))


def _sheet(job: ImportJob) -> Sheet:
    return open_sheet(_folder[0] / job.key, job.file_name)


def failure(job: ImportJob) -> str:
    """Why the job failed, for its reader."""
    return unpacked(job.error)[""] if job.error else ""


def _text(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, list)) or value is None else str(value)
