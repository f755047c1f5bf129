"""Never two mails for one fact to one address: handlers run twice, people with a mailbox's address, every choice."""

from collections import Counter
from datetime import timedelta
from itertools import count

from conftest import a_person, an_organisation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.messaging import digests, inbox, mail, preferences, service
from marketplace.messaging.kinds import KINDS, Frequency, Kind
from marketplace.messaging.models import MailedFact, Notice, OutgoingMail
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Organisation
from marketplace.phrases import say

KIND = st.sampled_from(sorted(Kind))
FACTS = ("a", "b", "c")
STEP = st.one_of(
    st.tuples(st.just("notify"), st.sets(st.integers(0, 2), min_size=1), KIND, st.sampled_from(FACTS)),
    st.tuples(st.just("mailbox"), st.integers(0, 1), KIND, st.sampled_from(FACTS)),
    st.tuples(st.just("brokers"), st.none(), KIND, st.sampled_from(FACTS)),
    st.tuples(st.just("choose"), st.integers(0, 2), KIND, st.sampled_from(sorted(Frequency))),
    st.tuples(st.just("read"), st.integers(0, 2), KIND, st.none()),
    st.tuples(st.just("days"), st.integers(1, 9), KIND, st.none()),
)


TRIALS = count()


@given(steps=st.lists(STEP, max_size=25))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_address_is_mailed_about_a_fact_twice(steps, monkeypatch):
    """The third person's address is the mailbox of an organisation and of the brokers at once."""
    trial, now = next(TRIALS), clock.now()
    one, two, office, brokers = (f"{name}{trial}@x.example" for name in ("one", "two", "office", "brokers"))
    monkeypatch.setattr(mail, "broker_mailbox", lambda: brokers)
    monkeypatch.setattr(clock, "now", lambda: now)
    people = [a_person(address) for address in (one, two, brokers)]
    organisations = [
        an_organisation(f"x{trial}-{box[0]}", OrganisationKind.COMPANY, mailbox=box, mailbox_confirmed_at=now)
        for box in (office, brokers)
    ]
    for step in steps:
        now = take(step, people, organisations, now, monkeypatch)
    now += timedelta(days=40)
    monkeypatch.setattr(clock, "now", lambda: now)
    digests.run()
    told = Counter()
    for sent in session.scalars(select(OutgoingMail).where(OutgoingMail.to.in_([one, two, office, brokers]))):
        for fact in FACTS:
            told[sent.to, fact] += sent.body.count(f"fact {fact}.")
    assert not [key for key, times in told.items() if times > 1]


def take(step, people, organisations, now, monkeypatch):
    what, who, kind, detail = step
    if what == "notify":
        for _ in range(2):  # a handler may hear twice
            service.notify([people[i].id for i in who], say(f"fact {detail}."), f"/account/{detail}", kind=kind,
                           once=detail)
    elif what == "mailbox":
        for _ in range(2):
            service.notify_mailbox(organisations[who], say(f"fact {detail}."), f"/account/{detail}", once=detail)
    elif what == "brokers":
        service.notify_broker_mailbox(say(f"fact {detail}."), f"/account/{detail}", once=detail)
    elif what == "choose" and not (KINDS[kind].must and detail is Frequency.NEVER):
        preferences.choose(people[who], {kind: detail})
    elif what == "read":
        service.read_all_notices(people[who])
    elif what == "days":
        now += timedelta(days=who)
        monkeypatch.setattr(clock, "now", lambda: now)
        digests.run()
        digests.run()
    return now


def test_a_person_whose_address_is_the_mailbox_gets_one_mail(alice, institute):
    with transaction():
        institute.mailbox, institute.mailbox_confirmed_at = alice.email, clock.now()
    service.notify([alice.id], say("Open"), "/account", once="1")
    service.notify_mailbox(institute, say("Open"), "/account", once="1")
    assert [one.to for one in session.scalars(select(OutgoingMail))] == [alice.email]
    assert session.scalar(select(Notice.user_id)) == alice.id


def test_a_fact_that_is_forgotten_in_time_was_old(alice, monkeypatch):
    service.notify([alice.id], say("Open"), "/account", once="1")
    service.notify([alice.id], say("Read"), "/account")
    service.read_notice(alice, session.scalars(select(Notice.id).order_by(Notice.id.desc())).first())
    begun = clock.now()
    left = []
    for days in (179, 181, 364, 366, 399, 401):
        monkeypatch.setattr(clock, "now", lambda days=days: begun + timedelta(days=days))
        inbox.forget()
        left.append((len(session.scalars(select(Notice.id)).all()), len(session.scalars(select(MailedFact.at)).all())))
    assert left == [(2, 1), (1, 1), (1, 1), (0, 1), (0, 1), (0, 0)]


def test_organisations_without_a_confirmed_mailbox_are_not_written_to(institute, company):
    with transaction():
        institute.mailbox = "office@x.example"
    for organisation in (institute, company):
        service.notify_mailbox(session.get_one(Organisation, organisation.id), say("Open"), "/account", once="1")
    assert session.scalars(select(OutgoingMail)).all() == []
