"""Pages of the requests desk and of supplier libraries for shots.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Shot = tuple[str, str | None, str]


def pages(one: Callable[[str], Any]) -> list[Shot]:
    return [*_desk(one), *_suppliers(one)]


def _desk(one: Callable[[str], Any]) -> list[Shot]:
    waiting, assigned, answered, settled = (
        one(f"SELECT ref FROM requests WHERE step = '{step}' ORDER BY id")
        for step in ("waiting", "assigned", "answered", "confirmed"))
    help_page = _number(one("SELECT id FROM help_answers ORDER BY id"))
    of_zhou = "(SELECT id FROM organisations WHERE slug = 'juhe-energy-storage')"
    ours = one(f"SELECT ref FROM requests WHERE step = 'answered' AND organisation_id = {of_zhou}")
    return [
        ("requests", "charlie", "/requests"),
        ("request", "charlie", f"/requests/{settled}"),
        ("request-new", "charlie", "/requests/new"),
        ("request-return", "zhou", f"/requests/{ours}/return"),
        ("requests-desk", "erin", "/requests/desk"),
        ("request-assign", "erin", f"/requests/{waiting}/assign"),
        ("request-answer", "erin", f"/requests/{assigned}/answer"),
        ("request-publish", "erin", f"/requests/{answered}/publish"),
        ("requests-routes", "erin", "/requests/routes"),
        ("help-answers", None, "/help/answers"),
        ("help-answers-found", None, "/help/answers?q=工作许可"),
        ("help-answer", None, f"/help/answers/{help_page}"),
        ("help-answer-new", "erin", "/help/answers/new"),
        ("help-answer-edit", "erin", f"/help/answers/{help_page}/edit"),
    ]


def _suppliers(one: Callable[[str], Any]) -> list[Shot]:
    library = one("SELECT ref FROM supplier_libraries ORDER BY id")
    place = _number(one("SELECT id FROM suppliers WHERE state = 'applied' ORDER BY id"))
    return [
        ("suppliers", "charlie", "/suppliers"),
        ("supplier-library", "charlie", f"/suppliers/{library}"),
        ("supplier-call", "alice", f"/suppliers/{library}"),
        ("supplier-apply", "alice", f"/suppliers/{library}/apply"),
        ("supplier-library-new", "charlie", "/suppliers/new"),
        ("supplier-library-edit", "charlie", f"/suppliers/{library}/edit"),
        ("supplier", "charlie", f"/suppliers/{library}/{place}"),
        ("supplier-decline", "charlie", f"/suppliers/{library}/{place}/decline"),
    ]


def _number(found: Any) -> Any:
    """The row's number, or one when tests only want to know the address."""
    return found if str(found).isdigit() else 1
