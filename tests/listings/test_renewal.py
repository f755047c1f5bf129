"""A listing's term: a reminder before it ends, one click after."""

from datetime import timedelta

from conftest import a_listing
from sqlalchemy import func, select

from marketplace import clock
from marketplace.db import session
from marketplace.listings import service
from marketplace.listings.models import Listing, State
from marketplace.messaging.models import Notice


def test_term_ends_with_a_reminder_before_and_one_click_after(alice, institute, monkeypatch):
    listing = a_listing(institute, contact_id=alice.id)
    assert service.expire_due() == 0
    present = clock.now()
    monkeypatch.setattr(clock, "now", lambda: present + timedelta(days=160))
    assert service.expire_due() == 1
    assert session.get(Listing, listing.id).state is State.RENEWAL_DUE
    monkeypatch.setattr(clock, "now", lambda: present + timedelta(days=190))
    assert (service.expire_due(), service.expire_due()) == (1, 0)
    session.refresh(listing)
    assert listing.state is State.EXPIRED and notices_of(alice) == 2
    service.renew(alice, listing)
    assert listing.state is State.PUBLISHED and listing.valid_until > clock.today() + timedelta(300)


def notices_of(person):
    return session.scalar(select(func.count()).select_from(Notice).where(Notice.user_id == person.id))
