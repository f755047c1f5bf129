"""For which of their organisations somebody acts."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.errors import Invalid, require
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say
from marketplace.suppliers import service
from marketplace.suppliers.models import Library
from marketplace.suppliers.permissions import applicants_of, buyers_of


def organisation_of(able: Sequence[Organisation], number: int | None, field: str) -> Organisation:
    """The one that a form names by its number; who has one need not name it."""
    if number is None and len(able) == 1:
        return able[0]
    found = next((one for one in able if one.id == number), None)
    if found is None:
        raise Invalid({field: say("Choose one of your organisations.")})
    return found


def buyer_called(actor: Reader, slug: str | None) -> Organisation:
    """The company of theirs that opens a library, as a program names it."""
    able = buyers_of(actor)
    require(bool(able), say("Those who write for a verified company open a supplier library."))
    return _called(able, slug, "buyer")


def applicant_called(actor: Reader, library: Library, slug: str | None) -> Organisation:
    """The organisation of theirs that applies, as a program names it."""
    able = applicants_of(actor, library)
    require(bool(able), say("Those who write for a verified organisation apply for it; not the buyer itself."))
    return _called(able, slug, "organisation")


def event_called(actor: Reader, ref: str | None, library: Library | None = None) -> int | None:
    """The number of the event that a program names: one to come, or the one that goes with the library already."""
    if not ref:
        return None
    known = {one.ref: one.id for one in service.editions_for(actor, library)}
    if ref.upper() not in known:
        raise Invalid({"event": say("“{input}” is no coming event of directed procurement for your company. Those are: "
                                    "{events}.", input=ref, events=", ".join(known) or "–")})
    return known[ref.upper()]


def _called(able: Sequence[Organisation], slug: str | None, field: str) -> Organisation:
    if slug is None and len(able) == 1:
        return able[0]
    found = next((one for one in able if one.slug == slug), None)
    if found is None:
        slugs = ", ".join(one.slug for one in able)
        raise Invalid({field: say("“{input}” is none of the choices: {choices}.", input=slug or "", choices=slugs)})
    return found
