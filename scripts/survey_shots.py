"""The pages of surveys of which shots.py takes pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pages(one: Callable[[str], Any]) -> list[tuple[str, str | None, str]]:
    """(name, who looks, address); `one` answers a query on the demonstration's database with its first value."""
    waiting, answered = (_number(one(OF_ALICE.format(test=test))) for test in ("IS NULL", "IS NOT NULL"))
    yearly = _number(one("SELECT id FROM surveys WHERE kind = 'members' ORDER BY id"))
    coming = _number(one("SELECT s.id FROM surveys s JOIN survey_people p ON p.survey_id = s.id WHERE s.kind = 'event' "
                         "AND s.state = 'open' ORDER BY s.id DESC"))
    person = _number(one(f"SELECT id FROM survey_people WHERE survey_id = {coming} ORDER BY calls DESC, id"))
    edition = one("SELECT e.ref FROM editions e JOIN registrations r ON r.edition_id = e.id JOIN users u "
                  "ON u.id = r.user_id WHERE e.survey_id IS NOT NULL AND u.email = 'alice@institute.example' "
                  "ORDER BY e.starts_at DESC")
    here = "/operator/surveys"
    return [
        ("surveys", "alice", "/surveys"),
        ("surveys-visitor", None, "/surveys"),
        ("survey", "alice", f"/surveys/{waiting}"),
        ("survey-event", "alice", f"/events/{edition}/survey"),
        ("survey-answered", "alice", f"/surveys/{answered}/answer"),
        ("survey-figures", None, f"/surveys/{yearly}/figures"),
        ("survey-figures-staff", "erin", f"/surveys/{yearly}/figures"),
        ("operator-surveys", "erin", here),
        ("operator-survey-new", "erin", f"{here}/new"),
        ("operator-survey", "erin", f"{here}/{coming}"),
        ("operator-survey-answered", "erin", f"{here}/{coming}?show=everybody"),
        ("operator-survey-edit", "erin", f"{here}/{yearly}/edit"),
        ("operator-survey-ask", "erin", f"{here}/{yearly}/ask?look=1&kinds=institute"),
        ("operator-survey-person", "erin", f"{here}/{coming}/people/{person}"),
    ]


OF_ALICE = (
    "SELECT p.survey_id FROM survey_people p JOIN users u ON u.id = p.user_id LEFT JOIN survey_answers a "
    "ON a.survey_id = p.survey_id AND a.user_id = p.user_id WHERE u.email = 'alice@institute.example' "
    "AND p.ended_at IS NULL AND a.id {test} ORDER BY p.survey_id DESC"
)


def _number(found: object) -> int:
    """A row's number, or one that is none where there is no such row."""
    return int(str(found)) if str(found).isdigit() else 1
