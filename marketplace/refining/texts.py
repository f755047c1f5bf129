"""The need's text in three states: what it said, what it says now, what the broker proposes; and how they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from marketplace.errors import Conflict, Invalid
from marketplace.listings import versions
from marketplace.listings.content import validate_content
from marketplace.listings.fields import BY_NAME, Field
from marketplace.listings.models import Kind, Listing
from marketplace.listings.versions import Change
from marketplace.phrases import in_language, say
from marketplace.refining import answers as questions
from marketplace.refining.models import Refinement

REFINED = (
    "title", "summary", "keywords", "field", "industry", "situation", "outcome", "targets", "tried", "constraints",
    "trl_min", "trl_max", "modes", "budget_band", "preferred_partner", "criteria",
)
"""What a broker may rewrite. What is confidential, who asks and until when stays between the company and the form."""
Content = dict[str, Any]


class Clash(Conflict):
    """The company has changed, since the broker wrote, what the broker's text changes too: both are shown."""

    def __init__(self, changes: Sequence[Change]) -> None:
        super().__init__(say("The need was changed after this text was written. Nothing was overwritten: choose for "
                             "each field which of the two stands, then approve again."))
        self.changes = list(changes)


class Moved(Conflict):
    """The need has changed since the broker opened the form."""

    def __init__(self) -> None:
        super().__init__(say("The company changed the need while you were writing. Your text has been kept: look at "
                             "what changed, then save again."))


@dataclass(frozen=True)
class Beside:
    """A field before and after, side by side."""

    field: Field
    before: Any
    after: Any
    change: Change | None
    """None when the two are the same."""


def now_of(listing: Listing) -> Content:
    """What the company wants the need to say now: a waiting change, or what is in force."""
    return _refined(versions.proposed_content(listing))


def unpacked(packed: Mapping[str, Any]) -> Content:
    return _refined(versions.unpack(Kind.NEED, packed))


def _refined(content: Mapping[str, Any]) -> Content:
    return {name: content.get(name) for name in REFINED}


def checked(raw: Mapping[str, Any]) -> Content:
    """What the broker sent as content. Raises Invalid, by field."""
    foreign = [name for name in raw if name not in REFINED]
    content, errors = validate_content(Kind.NEED, {name: raw[name] for name in raw if name in REFINED})
    errors = {name: say("This field is not rewritten here.") for name in foreign} | errors
    if errors:
        raise Invalid(errors)
    return content


def digest(content: Mapping[str, Any]) -> str:
    """Short enough for a form to remember what it was opened on."""
    packed = versions.pack(versions.settled(Kind.NEED, content))
    return sha256(json.dumps(packed, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return versions.changed_fields(Kind.NEED, before, after)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    return versions.differences(Kind.NEED, before, after)


def proposed(refinement: Refinement) -> Content:
    """The text as the broker has left it; before that, the need's own."""
    return unpacked(refinement.base if refinement.proposal is None else refinement.proposal)


def says(refinement: Refinement, content: Mapping[str, Any]) -> bool:
    """Does the broker's text say this already?"""
    there = proposed(refinement)
    return refinement.proposal is not None and not changed(there, {**there, **content})


def refined_names(refinement: Refinement) -> list[str]:
    """The fields the broker's text changes."""
    return changed(unpacked(refinement.base), proposed(refinement))


def meanwhile(refinement: Refinement) -> list[Change]:
    """What the company has changed since the broker last wrote."""
    return differences(unpacked(refinement.base), now_of(refinement.listing))


def clashing(refinement: Refinement) -> list[Change]:
    """Fields that both have changed, as (what the need says now, what the broker proposes)."""
    now, theirs = now_of(refinement.listing), proposed(refinement)
    both = set(refined_names(refinement)) & {change.field.name for change in meanwhile(refinement)}
    return [change for change in differences(now, theirs) if change.field.name in both]


def outcome(refinement: Refinement, kept: Sequence[str] = ()) -> Content:
    """What approval would change: the fields the broker rewrote, but for those of which the company keeps its own."""
    theirs = proposed(refinement)
    return {name: theirs[name] for name in refined_names(refinement) if name not in kept}


def side_by_side(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Beside]:
    """Every refined field that says something before or after."""
    by_name = {change.field.name: change for change in differences(before, after)}
    rows = (Beside(BY_NAME[name], before.get(name), after.get(name), by_name.get(name)) for name in REFINED)
    return [row for row in rows if row.change or row.before or row.after]


def drafted(answers: Mapping[str, Any], base: Content, language: str) -> Content:
    """A first draft for the broker to write on: the answers put into the fields they belong to."""
    def joined(*parts: str) -> str:
        return "\n".join(part for part in parts if part)

    tried = [" – ".join(filter(None, (row.get("what"), row.get("why")))) for row in answers.get("tried", [])]
    limits = [
        f"{in_language(question.label, language)}{'：' if language == 'zh' else ': '}{answers[question.name]}"
        for question in questions.CONSTRAINTS if answers.get(question.name)
    ]
    told = {
        "situation": answers.get("symptom", ""),
        "targets": joined(*(line.in_language(language) for line in questions.lines(answers))),
        "tried": joined(*tried), "constraints": joined(*limits),
    }
    return base | {name: joined(base.get(name) or "", text) for name, text in told.items()
                   if text and text not in (base.get(name) or "")}
