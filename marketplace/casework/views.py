"""Tasks, documents and the record of readings, as pages; and what the page of a case and the desk show of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.casework import filing, reading_log, schemas, showing, tasks, vocabulary
from marketplace.casework.models import Task
from marketplace.casework.permissions import can_change_document, can_do_task, can_work, is_broker
from marketplace.errors import Invalid, NotFound
from marketplace.files.views import deliver
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction
from marketplace.listings import service as listings
from marketplace.listings.vocabulary import TIERS
from marketplace.phrases import Phrase, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor
from marketplace.web.language import words
from marketplace.web.pagination import Slice, page_argument

bp = Blueprint("casework", __name__)
FORM = ["GET", "POST"]
CASE = "/introductions/<ref>"
SIZE = 50


@bp.app_context_processor
def about_cases() -> dict[str, Any]:
    """For the page of a case: meetings, tasks and documents. For the desk: what is overdue."""
    return {"work_of": lambda case: showing.work(actor(), case), "overdue_tasks": lambda: showing.overdue(actor())}


@bp.route(f"{CASE}/tasks/new", methods=FORM)
def new_task(ref: str) -> ResponseReturnValue:
    case = _workable(ref)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        tasks.set_task(actor(), case, **_without_version(form))
        return _to(case, say("The task is set."), "tasks")

    return form_page("casework/task.html", schemas.TaskForm(), done, **showing.task_form(actor(), case))


@bp.route(f"{CASE}/tasks/<int:task_id>/edit", methods=FORM)
def edit_task(ref: str, task_id: int) -> ResponseReturnValue:
    case, task = _task(ref, task_id)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        tasks.change(actor(), task, **form)
        return _to(case, say("The task is changed."), "tasks")

    return form_page("casework/task.html", schemas.TaskForm(), done, initial=showing.values_of_task(task),
                     **showing.task_form(actor(), case, task))


@bp.post(f"{CASE}/tasks/<int:task_id>/<any(done,undone,drop):what>")
def tick(ref: str, task_id: int, what: str) -> ResponseReturnValue:
    case, task = _task(ref, task_id)
    act, told = {
        "done": (tasks.finish, say("Done: {task}", task=tasks.title(task))),
        "undone": (tasks.undo, say("Open again: {task}", task=tasks.title(task))),
        "drop": (tasks.drop, say("No longer needed: {task}", task=tasks.title(task))),
    }[what]
    act(actor(), task)
    if request.form.get("from") == "desk":
        flash(words(told))
        return redirect("/desk")
    return _to(case, told, "tasks")


@bp.post(f"{CASE}/tasks/template")
def use_template(ref: str) -> ResponseReturnValue:
    case = introductions.get(actor(), ref)
    if not is_broker(actor(), case):
        raise NotFound
    added = tasks.use_template(actor(), case, request.form.get("contract_type", ""))
    return _to(case, say("{n} tasks were added from the template.", n=added), "tasks")


@bp.route(f"{CASE}/documents/new", methods=FORM)
def new_document(ref: str) -> ResponseReturnValue:
    case = _workable(ref)

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        name, stream = _sent()
        filing.add(actor(), case, form["title"], form["reach"], name, stream, form["note"])
        return _to(case, say("The document is added."), "documents")

    return form_page("casework/document.html", schemas.DocumentForm(), done, initial={"reach": "introduced"},
                     case=case, reaches=vocabulary.REACHES, document=None)


@bp.route(f"{CASE}/documents/<int:document_id>/versions/new", methods=FORM)
def new_version(ref: str, document_id: int) -> ResponseReturnValue:
    case = introductions.get(actor(), ref)
    document = filing.get(actor(), case, document_id)
    if not can_change_document(actor(), document):
        raise NotFound

    def done(form: dict[str, Any]) -> ResponseReturnValue:
        filing.add_version(actor(), document, *_sent(), form["note"])
        return _to(case, say("The new version is added; the older ones stay."), "documents")

    return form_page("casework/document.html", schemas.VersionForm(), done, case=case, reaches=vocabulary.REACHES,
                     document=document)


@bp.post(f"{CASE}/documents/<int:document_id>/remove")
def remove_document(ref: str, document_id: int) -> ResponseReturnValue:
    case = introductions.get(actor(), ref)
    document = filing.get(actor(), case, document_id)
    if not can_change_document(actor(), document):
        raise NotFound
    filing.remove(actor(), document)
    return _to(case, say("The document is taken away."), "documents")


@bp.get(f"{CASE}/documents/<int:document_id>/versions/<int:number>")
def document(ref: str, document_id: int, number: int) -> Response:
    case = introductions.get(actor(), ref)
    return deliver(filing.open_version(actor(), case, document_id, number))


@bp.get(f"{CASE}/reads")
def reads_of_case(ref: str) -> ResponseReturnValue:
    case = introductions.get(actor(), ref)
    rows, total = reading_log.of_case(actor(), case, page=page_argument(), size=SIZE)
    return render_template("casework/reads.html", page=Slice(rows, total, page_argument(), SIZE), case=case,
                           listing=None, tiers=TIERS)


@bp.get("/listings/<ref>/reads")
def reads_of_listing(ref: str) -> ResponseReturnValue:
    listing = listings.get(actor(), ref)
    rows, total = reading_log.of_listing(actor(), listing, page=page_argument(), size=SIZE)
    return render_template("casework/reads.html", page=Slice(rows, total, page_argument(), SIZE), case=None,
                           listing=listing, tiers=TIERS)


def _sent() -> tuple[str, Any]:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid({"file": say("Choose a file first.")})
    return sent.filename, sent.stream


def _workable(ref: str) -> Introduction:
    case = introductions.get(actor(), ref)
    if not can_work(actor(), case):
        raise NotFound
    return case


def _task(ref: str, task_id: int) -> tuple[Introduction, Task]:
    case = introductions.get(actor(), ref)
    task = tasks.get(actor(), case, task_id)
    if not can_do_task(actor(), task):
        raise NotFound
    return case, task


def _without_version(form: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name != "version"}


def _to(case: Introduction, told: Phrase, anchor: str) -> ResponseReturnValue:
    flash(words(told))
    return redirect(url_for("introductions.show", ref=case.ref, _anchor=anchor))
