"""Whoever adds a way to change something either records it or says here why not; every recorded act has its name."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from reaching import Node, reached, sources

from marketplace.accounts.links import Purpose
from marketplace.auditing.acts import DETAILS, NAMES, SUBJECTS
from marketplace.listings.models import State as ListingState
from marketplace.listings.workflow import ACTIONS
from marketplace.organisations.models import State as OrganisationState
from marketplace.refining.models import What
from marketplace.requests_desk.models import What as RequestWhat

pytestmark = pytest.mark.once
READING = re.compile(r"\.(read|exported|fetched)\b")

OWN_COMFORT = "concerns nobody but the person: how they are told, what they keep looking for, what they have read"
UNRECORDED = {
    "accounts.send_confirmation": "a mail to the person's own address; what its link does is recorded",
    "catalogues.harvested": "harvesters may POST what they ask; nothing is changed",
    "import.upload": "nothing is changed until the import is started, which is recorded",
    "import.show": "a dry run; nothing is changed until the import is started",
    "terms.upload": "a dry run; nothing is changed until it is taken in",
    "messaging.leave": OWN_COMFORT, "messaging.read_notice": OWN_COMFORT, "messaging.read_notices": OWN_COMFORT,
    "messaging.wanted": OWN_COMFORT, "messaging_api.read_notice": OWN_COMFORT,
    "messaging_api.read_notices": OWN_COMFORT, "messaging_api.want": OWN_COMFORT,
    "saved.create": OWN_COMFORT, "saved.delete": OWN_COMFORT, "saved.edit": OWN_COMFORT,
    "saved.renew_feed": OWN_COMFORT, "saved.unsubscribe": OWN_COMFORT, "saved_searches_api.change": OWN_COMFORT,
    "saved_searches_api.create": OWN_COMFORT, "saved_searches_api.delete": OWN_COMFORT,
}
"""Views that change something and leave no entry, each with the reason."""


def records(node: Node) -> Iterator[ast.Call]:
    """The calls of audit.record within a function of ours."""
    module, name = node
    for part in sources()[module].body if module in sources() else []:
        if isinstance(part, (ast.FunctionDef, ast.ClassDef)) and part.name == name:
            for call in ast.walk(part):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.record":
                    yield call


def leaves_an_entry(view: Node) -> bool:
    """Reading is recorded on many pages; only what says that something was done counts."""
    return any(not READING.search(ast.unparse(call.args[1])) for node in reached(view) for call in records(node))


def changing(app: Flask) -> dict[str, Node]:
    """endpoint -> its function, of every route that takes another method than GET."""
    found = {}
    for rule in app.url_map.iter_rules():
        if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            view = inspect.unwrap(app.view_functions[rule.endpoint])
            found[rule.endpoint] = (view.__module__, view.__qualname__.partition(".")[0])
    return found


def test_every_route_that_changes_something_leaves_an_entry_or_says_why_not(app: Flask) -> None:
    silent = {endpoint for endpoint, view in changing(app).items() if not leaves_an_entry(view)}
    assert silent - set(UNRECORDED) == set()


def test_no_reason_is_given_for_what_is_recorded_or_gone(app: Flask) -> None:
    views = changing(app)
    assert {name for name in UNRECORDED if name not in views or leaves_an_entry(views[name])} == set()


def test_the_walk_sees_through_tables_and_callbacks() -> None:
    assert leaves_an_entry(("marketplace.listings.views", "act"))
    assert leaves_an_entry(("marketplace.introductions.views", "move"))
    assert not leaves_an_entry(("marketplace.finding.saved_views", "delete"))


def every_record() -> Iterator[tuple[str, ast.Call, ast.FunctionDef]]:
    for module, tree in sources().items():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.record":
                        yield module, call, function


def constants(node: ast.expr) -> list[str]:
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return [text for text in texts if "." in text or text.startswith("file ")]


def said(module: str, call: ast.Call, function: ast.FunctionDef) -> list[str]:
    """The acts that a call may record; of a name that is handed in, what its callers hand in."""
    act = call.args[1]
    if not isinstance(act, ast.Name):
        return [] if isinstance(act, ast.JoinedStr) else constants(act)
    names = [one.arg for one in function.args.args]
    place = names.index(act.id)
    callers = [one for one in ast.walk(sources()[module]) if isinstance(one, ast.Call)
               and ast.unparse(one.func) == function.name and len(one.args) > place]
    return [text for one in callers for text in constants(one.args[place])]


def test_every_act_that_is_recorded_has_a_name_in_both_languages() -> None:
    acts = {text for module, call, function in every_record() for text in said(module, call, function)}
    assert len(acts) > 80
    assert acts - set(NAMES) == set()


def test_acts_that_are_put_together_have_names_too() -> None:
    made = {ast.unparse(call.args[1]) for _, call, _ in every_record() if isinstance(call.args[1], ast.JoinedStr)}
    known = {
        "f'listing.{action.name}'": [f"listing.{action.name}" for action in ACTIONS],
        "f'listing.{to}'": [f"listing.{ListingState.RENEWAL_DUE}", f"listing.{ListingState.EXPIRED}"],
        "f'organisation.{state}'": [f"organisation.{state}" for state in OrganisationState],
        "f'password.{purpose}'": [f"password.{Purpose.RESET}", f"password.{Purpose.WELCOME}"],
        "f'refining.{what}'": [f"refining.{what}" for what in What],
        "f'request.{what}'": [f"request.{what}" for what in RequestWhat],
        "f'step.{what}'": ["step.planned", "step.changed", "step.cancelled"],
        "f'webhook.{act}'": [f"webhook.{act}" for act in
                             ("registered", "changed", "secret_renewed", "paused", "resumed", "deleted", "tested",
                               "redelivered")],
    }
    assert made == set(known)
    assert {act for acts in known.values() for act in acts} - set(NAMES) == set()


def test_what_an_entry_says_besides_has_names_too() -> None:
    kinds, details = set(), set()
    for _, call, _ in every_record():
        if isinstance(call.args[2], ast.Constant):
            kinds.add(call.args[2].value)
        details |= {one.arg for one in call.keywords if one.arg}
    assert kinds - set(SUBJECTS) == set()
    assert details - set(DETAILS) == set()


def test_names_say_something_in_both_languages() -> None:
    for label in NAMES.values():
        assert re.search(r"[\u4e00-\u9fff]", label.zh) and not re.search(r"[\u4e00-\u9fff]", label.en)
