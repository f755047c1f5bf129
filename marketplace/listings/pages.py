"""What every page about listings needs to speak of them."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, render_template, request
from flask.typing import ResponseReturnValue

from marketplace import regions
from marketplace.errors import Conflict, Invalid
from marketplace.listings import vocabulary
from marketplace.listings.classifications import industry_groups
from marketplace.listings.fields import BY_NAME, SECTIONS, Shape, fields_of
from marketplace.listings.models import Kind
from marketplace.listings.tiers import title_in
from marketplace.listings.wording import ip_line, spoken
from marketplace.listings.workflow import NEXT, STATE_TONES, STATES
from marketplace.phrases import say
from marketplace.web.language import current, words
from marketplace.web.pagination import DEFAULT_SIZE

PAGE_SIZE = DEFAULT_SIZE


def page(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    """A template with the words of this room at hand."""
    html = render_template(
        template, spoken=spoken, ip_line=ip_line, by_name=BY_NAME, sections=SECTIONS, fields_of=fields_of, shapes=Shape,
        title_of=lambda listing: title_in(listing, current()), vocabulary=vocabulary, states=STATES, tones=STATE_TONES,
        next_steps=NEXT, **context,
    )
    return make_response(html, status)


def choices_for_form(kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
    """The long lists of the form, with the value at hand even when the list stops above it."""
    groups = list(regions.choices(current()))
    chosen = values.get("region")
    if chosen and not any(code == chosen for _, inside in groups for code, _ in inside):
        groups.insert(0, (words(say("Chosen now")), [(chosen, regions.name(chosen, current()))]))
    levels = [(level, f"{level} · {words(label)}") for level, label in vocabulary.TRL.items()]
    return {"regions": groups, "industries": industry_groups(current()), "levels": levels}


def refused(problem: Invalid | Conflict) -> tuple[dict[str, str], int]:
    """(errors by field in the reader's language, status), for a form that is shown again."""
    if isinstance(problem, Invalid):
        return {name: words(text) for name, text in problem.fields.items()}, 422
    return {"": words(problem.message or say("It has changed meanwhile"))}, 409


def done(message: str) -> None:
    """Say on the next page that it worked."""
    flash(message, "success")


def asked_kind() -> Kind | None:
    given = request.args.get("kind", "")
    return Kind(given) if given in set(Kind) else None
