"""People who asked for news of needs, and a need that is told to them."""

from __future__ import annotations

from conftest import a_listing, a_person, an_organisation, join

from marketplace.accounts.models import User
from marketplace.broadcasts import news, sending, service
from marketplace.broadcasts.models import Broadcast, What
from marketplace.listings.models import Kind, Listing
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Organisation


def an_investor(name: str, **chosen: list[str]) -> User:
    """Somebody of an investor of their own, who asked for news narrowed to what is `chosen`."""
    person = a_person(f"{name}@{name}.example", name.title())
    join(person, an_organisation(name, OrganisationKind.INVESTOR))
    news.ask(person, {What(what): codes for what, codes in chosen.items()})
    return person


def a_funding_need(organisation: Organisation, **fields: object) -> Listing:
    content = {"subtype": "funding", "title": "Ten million for a pilot line", **fields}
    return a_listing(organisation, Kind.NEED, **content)


def sent(erin: User, need: Listing, **content: object) -> Broadcast:
    """Planned and begun; nobody has been written to yet."""
    broadcast = service.plan(erin, listing=need.ref, **content)
    service.send(erin, broadcast, broadcast.version)
    return broadcast


def write_all(most: int = 1_000) -> int:
    """Whoever's turn it is, without the pace."""
    from sqlalchemy import select

    from marketplace.db import session

    written = 0
    for number in session.scalars(select(Broadcast.id)).all():
        while (some := sending.write_some(number, most)) is not None:
            written += some
    return written
