"""What is sent where the body is looked at before the actor, so that access is really asked for.

“POST case.settle” is the method and the endpoint; {names} are world.py's.
"""

from __future__ import annotations

from typing import Any

from introductions.case_entries import ANSWERS

FILE = "a file"
"""This field is one."""
A_SESSION = {"title_zh": "中级班", "place": "渡口厅", "level": "intermediate", "starts_at": "2030-01-07T09:00:00+08:00",
             "hours": 8, "seats": 5}
SENT: dict[str, dict[str, Any]] = {
    "POST review.decide": {"decision": "publish"},
    "POST casework_api.add_document": {"file": FILE, "reach": "sides", "title": "Drawing"},
    "POST casework_api.add_version": {"file": FILE},
    "POST case_api.send_copy": {"file": FILE},
    "POST casework_api.arrange": {"subject": "Talk", "starts_at": "2030-01-07T09:00:00+08:00"},
    "PUT casework_api.change_meeting": {"subject": "Talk", "starts_at": "2030-01-07T09:00:00+08:00"},
    "POST introductions_api.begin": {"need": "{idle}", "result": "{other}", **ANSWERS},
    "POST introductions.new": {"own": "{idle}", **ANSWERS},
    "POST introductions_api.move": {"move": "implement"},
    "POST listings_api.create": {"kind": "need", "organisation": "company"},
    "PUT matching_api.not_relevant": {"reason": "too_early"},
    "PUT comparing_api.scores": {"scores": []},
    "PUT comparing_api.star": {"shortlisted": True},
    "PUT comparing_api.criteria": {"criteria": []},
    "POST comparing_api.decline": {"declines": []},
    "PUT refining_api.answer": {"answers": {}},
    "POST refining_api.send_back": {"note": "Sharper."},
    "POST webhooks_api.register": {"url": "https://receiver.example/other", "facts": ["listing.published"]},
    "POST webhooks_api.platforms_register": {"url": "https://receiver.example/other", "facts": ["listing.published"]},
    "POST requests_api.ask": {"topic": "space", "title": "A hall", "text": "With a crane"},
    "POST requests_api.assign": {"to": "hall"},
    "POST requests_api.answer": {"answer": "Here"},
    "POST requests_api.send_back": {"note": "Where?"},
    "POST suppliers.decline": {"reason": "No ISO"},
    "POST saved_searches_api.create": {"name": "Zinc", "frequency": "never", "criteria": {"q": "zinc"}},
    "POST desk_api.hand_on": {"refs": ["{ref}"], "broker": "frank@broker.example"},
    "POST organisations.people": {"email": "another@company.example", "role": "viewer"},
    "POST organisations.change_role": {"role": "viewer"},
    "POST events.set_state": {"state": "open"},
    "POST parks_api.add": {"organisation": "institute", "since": "2026-01-05"},
    "PUT parks_api.change": {"since": "2026-01-05"},
    "POST suppliers_api.open_library": {"title": "Parts", "wanted": "Cast parts."},
    "PUT suppliers_api.change": {"title": "Parts", "wanted": "Cast parts."},
    "POST suppliers_api.apply": {"supplies": "Cast parts."},
    "POST suppliers_api.decline": {"reason": "No ISO"},
    "PUT surveys_api.give": {"answers": {}},
    "POST broadcasts_api.plan": {"listing": "{idle}"},
    "PUT broadcasts_api.change": {"listing": "{idle}"},
    "POST broadcasts_api.send": {"version": 1},
    "POST seating_api.move": {"registration": "{registration_id}", "to": "1", "version": 1},
    "POST seating_api.write_note": {"table": 1, "text": "They meet on Monday.", "once": "abcdefgh"},
    "POST training_api.plan": A_SESSION,
    "PUT training_api.change": {**A_SESSION, "version": 1},
    "POST training_api.certify": {"level": "senior", "issuer": "The exchange", "issued_on": "2026-01-05",
                                  "valid_until": "2030-01-05"},
    "POST training_api.withdraw": {"reason": "Recorded twice"},
    "POST talks_api.arrange": {"slots": 3, "minutes": 15, "places": 2},
    "POST talks_api.must": {"one": "{registration_id}", "other": "{registration_id}"},
    "PUT ratings_api.rate": {"verdict": "informative"},
    "PUT ratings_api.rate_again": {"later": "talking"},
    "POST desk.move": {"ref": "{ref}", "key": "implement"},
    "POST introductions.suggest": {"need": "{idle}", "result": "{other}"},
    "PUT refining_api.write": {"title": "Sharper"},
}
QUERIES = {
    "contracts_api.ledger_cases": "?what=signed",
    "introductions.new": "?need={idle}&result={other}",
}
