"""Who may see what of a supplier library.

That a buyer looks for suppliers, members of verified organisations see. Who is in the library, who has applied and
with which papers, only the buyer sees, and each supplier its own; not even the platform's staff.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select

from marketplace import clock
from marketplace.organisations.models import Kind, Organisation, Role
from marketplace.organisations.permissions import (
    Reader,
    editable_ids,
    is_verified_member,
    memberships,
    organisation_ids,
)
from marketplace.suppliers.models import Library, State, Supplier
from marketplace.suppliers.vocabulary import RENEWAL


def buyers_of(actor: Reader) -> Sequence[Organisation]:
    """The companies for which this person may open a library."""
    return [m.organisation for m in memberships(actor) if m.role in (Role.ADMIN, Role.EDITOR)
            and m.organisation.is_verified and m.organisation.kind is Kind.COMPANY]


def is_buyer(actor: Reader, library: Library) -> bool:
    return library.buyer_id in organisation_ids(actor)


def can_run(actor: Reader, library: Library) -> bool:
    """Change the library and decide on applications."""
    return library.buyer_id in editable_ids(actor)


def can_see_call(actor: Reader, library: Library, supplier: Supplier | None) -> bool:
    """Read what the buyer looks for: members, while it is open; the buyer and whoever has a part in it, always."""
    return is_buyer(actor, library) or supplier is not None or (library.is_open and is_verified_member(actor))


def calls_visible_to(actor: Reader) -> ColumnElement[bool]:
    """`can_see_call`, as SQL."""
    own = organisation_ids(actor)
    ways: list[ColumnElement[bool]] = [
        Library.buyer_id.in_(own),
        Library.id.in_(select(Supplier.library_id).where(Supplier.organisation_id.in_(own))),
    ]
    if is_verified_member(actor):
        ways.append(Library.is_open.is_(True))
    return or_(*ways)


def applicants_of(actor: Reader, library: Library) -> Sequence[Organisation]:
    """The organisations for which this person may apply."""
    return [m.organisation for m in memberships(actor) if m.role in (Role.ADMIN, Role.EDITOR)
            and m.organisation.is_verified and m.organisation_id != library.buyer_id]


def can_see(actor: Reader, supplier: Supplier) -> bool:
    return is_buyer(actor, supplier.library) or supplier.organisation_id in organisation_ids(actor)


def speaks_for(actor: Reader, supplier: Supplier) -> bool:
    return supplier.organisation_id in editable_ids(actor)


def can_apply_again(supplier: Supplier) -> bool:
    """Change what is not decided yet, try again, or ask for another year towards the end of this one."""
    if supplier.state is State.ACCEPTED:
        return supplier.valid_until is not None and supplier.valid_until - RENEWAL <= clock.today()
    return supplier.state is State.APPLIED or supplier.library.is_open


def can_decide(actor: Reader, supplier: Supplier) -> bool:
    return supplier.waits and can_run(actor, supplier.library)


def can_leave(actor: Reader, supplier: Supplier) -> bool:
    return supplier.state in (State.APPLIED, State.ACCEPTED) and speaks_for(actor, supplier)


def can_add_papers(actor: Reader, supplier: Supplier) -> bool:
    return can_leave(actor, supplier)


def can_remove_papers(actor: Reader, supplier: Supplier) -> bool:
    """Not those on which the buyer has decided."""
    return supplier.state is State.APPLIED and speaks_for(actor, supplier)
