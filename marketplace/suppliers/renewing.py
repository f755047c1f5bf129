"""A year in a library ends: the supplier is reminded before, and told when it has."""

from __future__ import annotations

from sqlalchemy import and_, or_, select, update

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.phrases import day_of, say
from marketplace.suppliers import telling
from marketplace.suppliers.models import State, Supplier
from marketplace.suppliers.vocabulary import REMINDED


def run() -> int:
    """Remind of what ends; safe to run at any time and more than once. The row's version stays as it was, so that
    nobody's form grows stale by it."""
    today, done = clock.today(), 0
    soon = and_(Supplier.reminders == 0, Supplier.valid_until <= today + REMINDED)
    over = and_(Supplier.reminders < 2, Supplier.valid_until < today)
    due = select(Supplier.id, Supplier.reminders).where(Supplier.state == State.ACCEPTED, or_(soon, over))
    for supplier_id, reminders in session.execute(due).all():
        with transaction():
            done += _remind(supplier_id, reminders)
    return done


def _remind(supplier_id: int, reminders: int) -> bool:
    """False when another worker was here first."""
    this = (Supplier.id == supplier_id, Supplier.reminders == reminders, Supplier.state == State.ACCEPTED)
    ended = Supplier.valid_until < clock.today()
    has_ended = bool(session.scalar(select(ended).where(Supplier.id == supplier_id)))
    claim = update(Supplier).where(*this).values(reminders=2 if has_ended else 1).returning(Supplier.id)
    if session.scalar(claim.execution_options(synchronize_session=False)) is None:
        return False
    supplier = session.get_one(Supplier, supplier_id, populate_existing=True)
    assert supplier.valid_until is not None
    values = {"title": supplier.library.title, "buyer": supplier.library.buyer, "day": day_of(supplier.valid_until)}
    fact = f"supplier:{supplier.id}:{supplier.valid_until}:{supplier.reminders}"
    if has_ended:
        telling.applicant(supplier, say("Your year in the supplier library “{title}” of {buyer} ended on {day}. You "
                                        "can still renew.", **values), None, fact)
        telling.buyer(supplier, say("{organisation} is no longer in your supplier library “{title}”: its year ended "
                                    "on {day}.", organisation=supplier.organisation, **values), None, fact)
    elif not supplier.renews:
        telling.applicant(supplier, say("Your year in the supplier library “{title}” of {buyer} ends on {day}. Renew "
                                        "it now.", **values), None, fact)
    return True
