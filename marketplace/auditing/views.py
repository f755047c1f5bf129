"""The audit log as a page for operators, and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from marshmallow import fields

from marketplace.auditing import service
from marketplace.auditing.acts import ACTS, NAMES, SUBJECTS, WAYS, credential
from marketplace.auditing.wording import details
from marketplace.errors import Invalid
from marketplace.listings.sheets import csv_text
from marketplace.phrases import say
from marketplace.web.guard import actor
from marketplace.web.language import current, words
from marketplace.web.payloads import Day, Shape, load

bp = Blueprint("auditing", __name__)
COLUMNS = (
    say("When"), say("Entry"), say("Place in the chain"), say("Account"), say("Name"), say("E-mail address"),
    say("Act"), say("Code"), say("Kind of subject"), say("Subject"), say("Introduction"), say("Way"),
    say("Session or token"), say("Network address"), say("Device"), say("Request"), say("Details"),
)


class Question(Shape):
    """The filters of the page, by the names they have in its address."""

    person = fields.String(load_default="")
    action = fields.String(load_default="")
    subject = fields.String(load_default="")
    since = Day(load_default=None, data_key="from")
    until = Day(load_default=None, data_key="to")
    origin = fields.String(load_default="")


@bp.get("/operator/audit")
def index() -> ResponseReturnValue:
    errors: dict[str, Any] = {}
    found: list[service.Shown] = []
    more, head = None, service.head(actor())
    before = service.place(request.args.get("before", ""))
    try:
        found, more = service.find(actor(), _asked(), before)
    except Invalid as problem:  # what was entered comes back with what is wrong with it
        errors = _by_field(problem)
    groups = [(label, acts) for label, acts in ACTS.values()]
    page = render_template("auditing/index.html", found=found, more=more, before=before, head=head, errors=errors,
                           values=request.args, groups=groups, whole={code: one[0] for code, one in ACTS.items()},
                           names=NAMES, subjects=SUBJECTS, ways=WAYS, details=details, credential=credential,
                           most=service.MOST_EXPORTED)
    return page, 422 if errors else 200


@bp.get("/operator/audit.csv")
def export() -> Response:
    """What the page's filters find, the newest first."""
    rows = service.export(actor(), _asked())
    content = stream_with_context(csv_text([words(column) for column in COLUMNS], _rows(rows)))
    response = Response(content, mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="yinqiao-audit.csv")
    return response


def _asked() -> service.Asked:
    names = ("person", "action", "subject", "from", "to", "origin")
    return service.Asked(**load(Question(), {name: request.args[name] for name in names if request.args.get(name)}))


def _by_field(problem: Invalid) -> dict[str, Any]:
    """Under the names that the fields have on the page."""
    return {{"since": "from", "until": "to"}.get(name, name): message for name, message in problem.fields.items()}


def _rows(found: Iterator[service.Shown]) -> Iterator[list[Any]]:
    for one in found:
        row, person = one.entry, one.person
        told = "; ".join(f"{name}: {value}" for name, value in details(row, current()))
        yield [
            row.at.isoformat(timespec="seconds"), row.id, row.seal, row.actor_id, person.name if person else "",
            person.email if person else "", _called(NAMES, row.action), row.action, _called(SUBJECTS, row.subject_kind),
            one.name, row.introduction_ref, _called(WAYS, row.via or ""), row.credential, row.address, row.device,
            row.request_id, told,
        ]


def _called(names: dict[str, Any], code: str) -> str:
    label = names.get(code)
    return label.in_language(current()) if label is not None else code
