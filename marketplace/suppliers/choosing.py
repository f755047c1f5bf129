"""For which of their organisations somebody acts."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.errors import Invalid
from marketplace.organisations.models import Organisation
from marketplace.phrases import say


def organisation_of(able: Sequence[Organisation], number: int | None, field: str) -> Organisation:
    """The one that a form names by its number; who has one need not name it."""
    if number is None and len(able) == 1:
        return able[0]
    found = next((one for one in able if one.id == number), None)
    if found is None:
        raise Invalid({field: say("Choose one of your organisations.")})
    return found
