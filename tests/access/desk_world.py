"""What the access tests' world has of the requests desk and of supplier libraries."""

from __future__ import annotations

import io
from typing import Any

from casework.meeting_plans import PDF
from conftest import an_organisation

from marketplace.accounts.models import User
from marketplace.files import service as files
from marketplace.organisations.models import Kind, Organisation
from marketplace.requests_desk import helping, routes
from marketplace.requests_desk import service as requests
from marketplace.requests_desk.models import Topic
from marketplace.suppliers import service as suppliers


def at_the_desks(
    charlie: User, alice: User, dana: User, erin: User, company: Organisation, institute: Organisation
) -> dict[str, Any]:
    """The company's two requests, of which Dana has one to answer and has answered the other; a published answer; the
    company's library, to which the institute has applied."""
    asked, answered = (requests.ask(charlie, company, Topic.SPACE, title, "A hall, xypodeka.")
                       for title in ("A hall", "A crane"))
    for one in (asked, answered):
        requests.assign(erin, one, f"steward:{dana.id}")
    requests.answer(dana, answered, "Ask for xypodeka.")
    route = routes.add(erin, Topic.SPACE, an_organisation("hall", Kind.PARK), None, None, 5)
    public = helping.publish(erin, None, {"topic": "space", "question_en": "Where is a crane?", "answer_en": "Here."})
    library = suppliers.open_library(charlie, company, {"title": "Parts", "wanted": "Turned parts."})
    place = suppliers.apply(alice, library, institute, {"supplies": "Titanium zarivoku.", "proof": ""})
    suppliers.add_paper(alice, place, "iso.pdf", io.BytesIO(PDF))
    of_answered = ("requests_desk.confirm", "requests_desk.send_back", "requests_api.confirm", "requests_api.send_back",
                   "help_answers.publish")
    return {
        "requests_desk.ref": asked.ref, "requests_api.ref": asked.ref, "requests_desk.remove_route.route_id": route.id,
        **{f"{view}.ref": answered.ref for view in of_answered}, "help_answers.number": public.id,
        "requests_api.one_answer.number": public.id,
        **{f"{room}.{name}": value for room in ("suppliers", "suppliers_api") for name, value in (
            ("ref", library.ref), ("number", place.id), ("set_open.what", "close"),
            ("file_id", files.of(suppliers.PAPERS, place.id)[0].id))},
    }
