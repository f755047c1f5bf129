"""Who hears of a case: people in person, and the mailboxes of their organisations and of the brokers."""

import dataclasses
from datetime import timedelta

import pytest
from case_entries import ANSWERS, entries
from conftest import a_listing, join
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.introductions import service, telling
from marketplace.introductions.models import Side, Stage
from marketplace.listings.models import Kind as ListingKind
from marketplace.messaging import digests, mail
from marketplace.messaging import service as messaging
from marketplace.messaging.kinds import Kind
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations import members
from marketplace.phrases import say

pytest_plugins = ["introductions.case_cast"]
OFFICE, FACTORY, BROKERS = "office@institute.example", "rd@company.example", "brokers@yinqiao.example"


@pytest.fixture
def mailboxes(settings, institute, company):
    with transaction():
        for organisation, address in ((institute, OFFICE), (company, FACTORY)):
            organisation.mailbox, organisation.mailbox_confirmed_at = address, clock.now()
        company.mailbox_language = "en"
    mail.bind(dataclasses.replace(settings, broker_mailbox=BROKERS))
    yield
    mail.bind(settings)


def to(address, since=0):
    found = select(OutgoingMail).where(OutgoingMail.to == address, OutgoingMail.id > since).order_by(OutgoingMail.id)
    return list(session.scalars(found))


def last():
    return max(session.scalars(select(OutgoingMail.id)), default=0)


def test_a_new_interest_reaches_people_and_all_three_mailboxes(mailboxes, interest, alice, dana):
    kinds = {n.user_id: n.kind for n in session.scalars(select(Notice))}
    assert kinds == {dana.id: Kind.YOUR_TURN, alice.id: Kind.NEWS}
    assert [len(to(address)) for address in (OFFICE, FACTORY, BROKERS)] == [1, 1, 1]
    assert "electrolyte" in to(OFFICE)[0].subject and "阶段" in to(OFFICE)[0].subject, "in the organisation's language"
    assert "stage Interest" in to(FACTORY)[0].subject
    assert len(to(dana.email)) == 1, "whose turn it is hears at once"
    assert to(alice.email) == [], "news is collected"


def test_every_move_reaches_each_mailbox_once_whoever_made_it(mailboxes, brought_to):
    case = brought_to(Stage.IMPLEMENTED)
    moves = len(service.history(case.broker, case))
    for address in (OFFICE, FACTORY, BROKERS):
        assert len(to(address)) == moves, address


def test_mails_to_mailboxes_act_for_nobody(mailboxes, brought_to):
    brought_to(Stage.DISCUSSING)
    for one in (*to(OFFICE), *to(FACTORY), *to(BROKERS)):
        assert one.headers is None
        assert "/leave/" not in one.body and "/unsubscribe/" not in one.body and "/account/" not in one.body


def test_messages_and_reminders_reach_the_mailbox_of_the_side_they_are_for(mailboxes, brought_to, dana, charlie,
                                                                           monkeypatch):
    case = brought_to(Stage.QUALIFIED)
    before = last()
    service.write_message(dana, case, "When can you meet?", "demand")
    assert [len(to(address, before)) for address in (OFFICE, FACTORY, BROKERS)] == [0, 1, 1]
    service.move(charlie, case, "consent")
    before = last()
    monkeypatch.setattr(clock, "now", lambda: case.remind_at)
    service.run_timers()
    assert [len(to(address, before)) for address in (OFFICE, FACTORY, BROKERS)] == [1, 0, 0]


def test_who_reads_the_mailbox_themselves_gets_one_mail_and_as_they_have_chosen(
    mailboxes, alice, charlie, dana, company, need, result, monkeypatch
):
    with transaction():
        company.mailbox = charlie.email
    case = service.express_interest(alice, need, result, **ANSWERS)
    service.move(dana, case, "take")
    service.move(dana, case, "qualify", **entries("qualify"))
    assert ["yours" in one.subject for one in to(charlie.email)] == [True]
    later = clock.now() + timedelta(days=14)
    monkeypatch.setattr(clock, "now", lambda: later)
    digests.run()
    assert [one.subject[:9] for one in to(charlie.email)[1:]] == ["2 notices"]


def test_without_mailboxes_the_administrators_hear(settings, institute, interest, alice, bob, dana):
    with transaction():
        institute.mailbox = OFFICE  # named and not confirmed
    before = last()
    service.move(dana, interest, "take")
    service.move(dana, interest, "qualify", **entries("qualify"))
    assert to(OFFICE) == [] and to(BROKERS) == []
    assert [len(to(person.email, before)) for person in (alice, bob)] == [1, 1]


def test_who_moves_has_dealt_with_what_was_asked(interest, dana):
    assert messaging.unread_count(dana) == 1
    service.move(dana, interest, "take")
    assert messaging.unread_count(dana) == 0


def test_rooms_above_tell_a_side_and_its_mailbox_in_one_word(mailboxes, brought_to, alice):
    case = brought_to(Stage.DISCUSSING)
    before = last()
    for _ in range(2):
        telling.to_side(case, Side.RESULT, say("A meeting on {day}.", day="5 May"), Kind.MEETINGS, "meeting:1",
                        but={alice.id}, anchor="#meetings", calendar="BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR")
    (one,) = to(OFFICE, before)
    assert one.calendar and "#meetings" in one.body
    assert to(alice.email, before) == []


def test_what_is_hidden_from_a_side_is_not_in_its_mailbox_either(mailboxes, alice, dana, charlie, company, institute):
    result = a_listing(institute, anonymous=True, title="Institute's electrolyte")
    service.express_interest(charlie, a_listing(company, ListingKind.NEED), result, **ANSWERS)
    for one in to(FACTORY):
        assert "Institute" not in one.body + one.html + one.subject


def test_a_brokers_suggestion_is_collected_and_a_guess_of_the_systems_told_to_nobody(
    alice, charlie, dana, need, result
):
    service.suggest(None, need, result)
    assert session.scalars(select(Notice)).all() == []
    case = service.get(dana, "I-" + str(clock.today().year) + "-000001")
    service.move(dana, case, "propose")
    told = {n.user_id: (n.kind, n.mail_at is not None) for n in session.scalars(select(Notice))}
    assert told == {alice.id: (Kind.MATCHES, True), charlie.id: (Kind.MATCHES, True)}


def test_a_person_in_two_roles_hears_once_of_each_move(alice, charlie, dana, company, brought_to):
    with transaction():
        dana.is_operator = True
    join(alice, company)
    case = brought_to(Stage.INTRODUCED)
    facts = [(n.user_id, n.once) for n in session.scalars(select(Notice))]
    assert len(facts) == len(set(facts))
    assert {user for user, _ in facts} == {alice.id, charlie.id, dana.id}
    assert case.stage is Stage.INTRODUCED


def test_who_has_left_hears_no_more(alice, bob, brought_to, institute):
    case = brought_to(Stage.QUALIFIED)
    (membership,) = bob.memberships
    members.remove(alice, membership)
    before = last()
    service.move(case.broker, case, "hold", **entries("hold"))
    assert to(bob.email, before) == []
    assert not [n for n in session.scalars(select(Notice).where(Notice.user_id == bob.id)) if "hold" in str(n.phrase)]
