"""What the pages show, and what was sent from their forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.accounts.models import User
from marketplace.listings import form as listing_form
from marketplace.listings import pages
from marketplace.listings.fields import BY_NAME
from marketplace.listings.models import Kind
from marketplace.refining import answers as questions
from marketplace.refining import service, texts
from marketplace.refining.hints import Hints, hints
from marketplace.refining.lists import Pile
from marketplace.refining.models import Refinement
from marketplace.refining.permissions import is_of_company
from marketplace.refining.reading import STEPS, TONES, WHATS, Seen, is_mine_to_do, read, rights, whose_turn
from marketplace.web.language import current

SPARE_ROWS = 2
PILES = ("to_take", "mine", "others", "over")
WORDS = {"steps": STEPS, "step_tones": TONES, "whats": WHATS, "questions": questions}


def page(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    return pages.page(template, status, **WORDS, **context)


def piles(actor: User) -> dict[str, tuple[Pile, list[tuple[Refinement, Any, bool]]]]:
    """Pile -> (it, its rows as (refinement, whose turn, is it this person's))."""
    found = service.lists_of(actor)
    return {name: (pile := getattr(found, name), [_row(actor, one) for one in pile.items]) for name in PILES}


def _row(actor: User, refinement: Refinement) -> tuple[Refinement, Any, bool]:
    may, company = rights(actor, refinement), is_of_company(actor, refinement.listing)
    turn = whose_turn(refinement, may, company)
    return refinement, turn, is_mine_to_do(refinement, may, company)


def hints_of(actor: User, seen: Seen) -> Hints | None:
    """For the text as it is now; None once refining is over."""
    if not seen.refinement.is_open:
        return None
    return hints(actor, seen.refinement.listing, seen.text or texts.now_of(seen.refinement.listing))


def shown_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as the form shows them, by the names of its fields."""
    values = {name: answers.get(name, "") for name in (*questions.TEXTS, *questions.WORTH)}
    for amount in ("worth_low", "worth_high"):
        values[amount] = values[amount].removesuffix(".00")
    return values | {name: answers.get(name, []) for name in ("targets", "tried")}


def sent_answers(form: MultiDict[str, str]) -> dict[str, Any]:
    """The form as answers.py reads it; rows nobody filled in are left out, the others keep their order."""
    raw: dict[str, Any] = {name: form.get(name, "") for name in (*questions.TEXTS, *questions.WORTH) if name in form}
    for name, keys, most in (("targets", questions.TARGET_KEYS, questions.MOST_TARGETS),
                             ("tried", questions.TRIED_KEYS, questions.MOST_TRIED)):
        rows = [{key: form.get(f"{name}.{n}.{key}", "") for key in keys} for n in range(most + SPARE_ROWS)]
        raw[name] = [row for row in rows if any(value.strip() for key, value in row.items() if key != "comparison")]
    return raw


def sent_version() -> int | None:
    given = request.form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def text_values(actor: User, refinement: Refinement) -> dict[str, Any]:
    """What the form of the refined text begins with: the text so far, or on request the answers put into their
    fields."""
    content = texts.proposed(refinement) if refinement.proposal is not None else texts.now_of(refinement.listing)
    if request.args.get("from") == "answers":
        content = texts.drafted(refinement.questionnaire.answers, content, current())
    return listing_form.values_of(Kind.NEED, content)


def sent_text(form: MultiDict[str, str]) -> dict[str, Any]:
    raw = listing_form.sent(Kind.NEED, form).raw
    return {name: raw[name] for name in texts.REFINED if name in raw}


def text_page(
    actor: User, refinement: Refinement, values: Mapping[str, Any], errors: Mapping[str, str], status: int = 200
) -> ResponseReturnValue:
    seen = read(actor, refinement)
    choices = pages.choices_for_form(Kind.NEED, dict(values))
    return page(
        "refining/text.html", status, seen=seen, refinement=refinement, values=values, errors=errors,
        now=texts.now_of(refinement.listing), now_digest=texts.digest(texts.now_of(refinement.listing)),
        fields=[BY_NAME[name] for name in texts.REFINED], hints=hints_of(actor, seen), **choices,
    )


def decision(actor: User, refinement: Refinement) -> dict[str, Any]:
    """The text before the company: what each field would say, and where both have changed it."""
    now, clashes = texts.now_of(refinement.listing), texts.clashing(refinement)
    after = now | texts.outcome(refinement)
    return {
        "refinement": refinement, "seen": read(actor, refinement), "pairs": texts.side_by_side(now, after),
        "clashes": {change.field.name: change for change in clashes}, "now_digest": texts.digest(now),
        "undecided": [one.field.name for one in clashes if not request.form.get(f"take.{one.field.name}")],
    }


def kept_fields(form: Mapping[str, str]) -> list[str]:
    """The fields of which the company keeps its own."""
    return [name for name in texts.REFINED if form.get(f"take.{name}") == "now"]
