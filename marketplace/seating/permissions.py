"""Who seats people, and who takes notes at a table."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.accounts.models import User
from marketplace.events.models import Edition, Registration
from marketplace.events.permissions import can_run

Reader = User | None


def can_seat(actor: Reader) -> bool:
    """Those who run events."""
    return can_run(actor)


def leads(registration: Registration, hosts: Iterable[int]) -> bool:
    """Is this person a broker, or of one of the organisations that host (`hosts`: their ids)?"""
    return registration.user.is_broker or registration.organisation_id in set(hosts)


def hosts_of(edition: Edition) -> frozenset[int]:
    """The organisations that host it, by this edition or by its series."""
    here, always = edition.hosts, edition.series.hosts
    return frozenset([*(host.organisation_id for host in here), *(host.organisation_id for host in always)])
