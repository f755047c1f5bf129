"""What is older than the settings say goes by itself, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from conftest import a_listing, a_person
from sqlalchemy import func, select

from marketplace import audit, clock, context, sealing, subscriptions
from marketplace.accounts import accepting, sessions
from marketplace.accounts import service as accounts
from marketplace.accounts.models import Acceptance, ApiToken, KnownDevice, User
from marketplace.audit import AuditEntry
from marketplace.commands import privacy as command
from marketplace.config import PrivacySettings
from marketplace.db import session, transaction
from marketplace.listings.models import Listing, State
from marketplace.messaging import mail
from marketplace.messaging.models import OutgoingMail
from marketplace.organisations import members
from marketplace.organisations.models import Invitation, Role
from marketplace.privacy import forgetting, retention, settings
from marketplace.privacy.retention import WHAT


def days_ago(days: float):
    return clock.now() - timedelta(days=days)


def count(table, *which) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*which)) or 0


def due(name: str) -> int:
    return next(one.rows for one in retention.report() if one.rule.name == name)


@pytest.fixture
def under():
    """under(mails=3) -> these settings, until the test ends."""
    before = settings.current()
    yield lambda **days: settings.bind(PrivacySettings(**days))
    settings.bind(before)


def test_an_account_never_confirmed_goes_and_a_young_or_confirmed_one_stays():
    with transaction():
        for name, age, confirmed in (("old", 31, None), ("young", 29, None), ("used", 31, days_ago(30))):
            session.add(User(email=f"{name}@x.example", name=name, created_at=days_ago(age), confirmed_at=confirmed))
    assert due("unconfirmed accounts") == 1
    retention.apply()
    assert set(session.scalars(select(User.email))) == {"young@x.example", "used@x.example"}
    assert due("unconfirmed accounts") == 0


def test_one_that_something_leads_to_stays_without_its_name(institute):
    with transaction():
        person = User(email="old@x.example", name="Olda", created_at=days_ago(31))
        session.add(person)
        session.flush()
    a_listing(institute, created_by_id=person.id)
    retention.apply()
    assert session.scalars(select(User.name).where(User.id == person.id)).one() == forgetting.NAME
    assert retention.apply() == 0


def test_invitations_nobody_answers_go(alice, institute):
    with clock.at(days_ago(45)):
        members.invite(alice, institute, "late@x.example", Role.VIEWER)
    with clock.at(days_ago(43)):
        members.invite(alice, institute, "later@x.example", Role.VIEWER)
    retention.apply()
    assert session.scalars(select(Invitation.email)).all() == ["later@x.example"]


def test_devices_and_ended_tokens_go(alice):
    with clock.at(days_ago(300)):
        sessions.begin(alice, device_key="k" * 43)
        accounts.new_token(alice)
    sessions.begin(alice, device_key="j" * 43)
    token, _ = accounts.new_token(alice)
    retention.apply()
    assert count(KnownDevice) == 1 and count(ApiToken) == 1 and token


def test_addresses_of_the_network_are_blanked_and_the_log_stays_whole(alice):
    for age in (181, 179):
        with clock.at(days_ago(age)), context.of("page", address="203.0.113.7", device="Firefox, Linux"):
            audit.record(alice.id, "listing.read", "listing", age)
    with clock.at(days_ago(181)), context.of("page", address="203.0.113.7"):
        accepting.accept(alice, accepting.texts.latest())
    sealing.seal_all()
    assert due("network addresses of acts") == 3  # one was read, two texts accepted
    assert due("network addresses of acceptances") == 2
    retention.apply()
    kept = session.execute(select(AuditEntry.subject_id, AuditEntry.address).where(AuditEntry.action == "listing.read"))
    assert dict(tuple(row) for row in kept) == {181: None, 179: "203.0.113.7"}
    assert count(Acceptance, Acceptance.address.is_not(None)) == 0 and count(Acceptance) == 2
    assert sealing.verify().is_whole


def test_mails_that_left_go_with_their_files_and_those_that_wait_stay(under):
    under(mails=4)
    with transaction():
        for age, sent in ((5, True), (5, False), (3, True)):
            session.add(OutgoingMail(to="a@b.example", language="en", subject="x", body="x", created_at=days_ago(age),
                                     sent_at=days_ago(age) if sent else None))
    gone, waits, young = session.scalars(select(OutgoingMail.id).order_by(OutgoingMail.id))
    file = mail._file_of(gone)
    file.parent.mkdir(exist_ok=True)
    file.write_text("x")
    retention.apply()
    assert set(session.scalars(select(OutgoingMail.id))) == {waits, young}
    assert not file.exists()


def test_rejected_drafts_left_alone_go_or_stay_for_good_if_so_set(institute, under):
    with clock.at(days_ago(366)):
        old = a_listing(institute, state=State.REJECTED).id
    young = a_listing(institute, state=State.REJECTED).id
    shown = a_listing(institute, state=State.WITHDRAWN).id
    under(rejected=0)
    retention.apply()
    assert session.get(Listing, old) is not None
    under()
    retention.apply()
    assert set(session.scalars(select(Listing.id))) == {young, shown}


def test_more_than_one_portion_goes_in_one_turn(monkeypatch):
    monkeypatch.setattr(retention, "PORTION", 3)
    with transaction():
        session.add_all(OutgoingMail(to="a@b.example", language="en", subject="x", body="", created_at=days_ago(40),
                                     sent_at=days_ago(40)) for _ in range(8))
    assert retention.apply() == 8


def test_every_rule_is_told_of_in_both_languages_and_asked_of_the_database():
    rules = [one.rule for one in retention.report()]
    assert {rule.name for rule in rules} == set(WHAT)
    assert all(rule.what.zh and rule.what.en and rule.days for rule in rules)


def test_the_worker_carries_the_rules_out():
    run = {timer.name: timer.run for timer in subscriptions.timers()}
    assert run["what is kept of people"] is retention.apply


def test_the_command_says_what_would_go_and_removes_nothing(monkeypatch):
    monkeypatch.setattr(command.ready, "settings", lambda: None)
    with transaction():
        session.add(User(email="old@x.example", name="Olda", created_at=days_ago(31)))
    accepting.accept(a_person("a@b.example"))
    said = CliRunner().invoke(command.report).output
    line = next(line for line in said.splitlines() if line.startswith("unconfirmed accounts"))
    assert line.split()[2:5] == ["30", "days", "1"]
    assert "terms 2026-1: accepted by 1" in said
    assert count(User) == 2
