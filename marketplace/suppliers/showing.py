"""What a reader may do with a library or a place in one, in words for programs."""

from __future__ import annotations

from marketplace.organisations.permissions import Reader
from marketplace.suppliers.models import Library, State, Supplier
from marketplace.suppliers.permissions import (
    applicants_of,
    can_add_papers,
    can_apply_again,
    can_decide,
    can_leave,
    can_run,
    is_buyer,
    speaks_for,
)


def may_with_library(actor: Reader, library: Library) -> list[str]:
    ways = {"change": can_run(actor, library), "search": is_buyer(actor, library),
            "apply": library.is_open and bool(applicants_of(actor, library))}
    return [name for name, allowed in ways.items() if allowed]


def may_with_place(actor: Reader, one: Supplier) -> list[str]:
    decides = can_decide(actor, one)
    ways = {
        "accept": decides, "decline": decides, "leave": can_leave(actor, one), "add_paper": can_add_papers(actor, one),
        "renew": one.state is State.ACCEPTED and speaks_for(actor, one) and can_apply_again(one),
    }
    return [name for name, allowed in ways.items() if allowed]
