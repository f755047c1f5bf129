"""A need told to those who asked to hear of such: whom it reaches, once, in their language, while they want it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import a_listing, a_person, an_organisation, join
from sqlalchemy import select
from told import a_funding_need, an_investor, sent, write_all

from marketplace import clock, outbox
from marketplace.broadcasts import news, sending, service
from marketplace.broadcasts.models import Broadcast, Recipient, State, What
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.listings import service as listings
from marketplace.listings.models import Kind
from marketplace.listings.models import State as ListingState
from marketplace.messaging import mail
from marketplace.messaging.models import OutgoingMail
from marketplace.organisations.models import Kind as OrganisationKind


def names(erin, broadcast) -> list[str]:
    return [one.person.name for one in service.preview(erin, broadcast).people]


def mails() -> list[OutgoingMail]:
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


@pytest.fixture
def funding(company):
    return a_funding_need(company)


def test_who_asked_for_nothing_is_not_told(erin, alice, funding):
    assert service.preview(erin, service.plan(erin, listing=funding.ref)).total == 0


def test_news_is_narrowed_by_what_is_sought_field_region_and_who_seeks(erin, funding):
    an_investor("all")
    an_investor("fits", subtype=["funding"], field=["new_energy", "biology"], region=["440000"], kind=["company"])
    an_investor("equipment", subtype=["equipment"])
    an_investor("biology", field=["biology"])
    an_investor("north", region=["110000"])
    an_investor("parks", kind=["park"])
    assert names(erin, service.plan(erin, listing=funding.ref)) == ["All", "Fits"]


def test_preview_says_why_each_is_reached_and_how_many_of_each_kind(erin, funding):
    an_investor("fits", subtype=["funding"], region=["440000"])
    shown = service.preview(erin, service.plan(erin, listing=funding.ref))
    assert shown.people[0].why == {What.SUBTYPE: ["funding"], What.REGION: ["440000"]}
    assert shown.by_kind == [(OrganisationKind.INVESTOR, 1)] and shown.alone == 0


def test_operator_narrows_by_kind_and_region_of_the_readers(erin, alice, funding):
    an_investor("investor")
    news.ask(alice, {})
    abroad = a_person("sing@abroad.example", "Sing")
    join(abroad, an_organisation("abroad", OrganisationKind.INVESTOR))
    with transaction():
        abroad.memberships[0].organisation.region = "SG"
    news.ask(abroad, {})
    every = service.plan(erin, listing=funding.ref)
    assert names(erin, every) == ["Alice", "Investor", "Sing"]
    assert names(erin, service.plan(erin, listing=funding.ref, kinds=["investor"])) == ["Investor", "Sing"]
    assert names(erin, service.plan(erin, listing=funding.ref, kinds=["investor"], regions=["440000"])) == ["Investor"]
    assert names(erin, service.plan(erin, listing=funding.ref, regions=["SG"])) == ["Sing"]


def test_neither_its_own_people_nor_an_excluded_organisation_are_told(erin, charlie, alice, institute, funding):
    news.ask(charlie, {})
    news.ask(alice, {})
    listings.set_exclusions(charlie, funding, [institute])
    session.refresh(funding)
    assert service.preview(erin, service.plan(erin, listing=funding.ref)).total == 0


def test_anonymous_need_is_not_found_by_the_kind_of_its_organisation(erin, company):
    hidden = a_funding_need(company, anonymous=True)
    an_investor("companies", kind=["company"])
    an_investor("all")
    assert names(erin, service.plan(erin, listing=hidden.ref)) == ["All"]


def test_a_need_that_says_nothing_of_itself_reaches_those_who_want_all_news(erin, company):
    need = a_funding_need(company, anonymous=True, subtype=None, field=None, region=None)
    an_investor("all")
    an_investor("narrow", subtype=["funding"])
    shown = service.preview(erin, service.plan(erin, listing=need.ref))
    assert [(one.person.name, one.why) for one in shown.people] == [("All", {})]


def test_each_is_written_to_once_in_their_language(erin, funding):
    english, chinese = an_investor("english"), an_investor("chinese")
    with transaction():
        chinese.language = "zh"
    sent(erin, funding)
    assert write_all() == 2 and write_all() == 0
    by_address = {one.to: one for one in mails()}
    subject = "A need you may be able to answer (Funding): Ten million for a pilot line"
    assert by_address[english.email].subject == subject
    assert by_address[chinese.email].subject.startswith("有一项需求（融资），您或许能解决：")
    assert "I am interested" in by_address[english.email].html
    assert "我有意向" in by_address[chinese.email].html


def test_second_broadcast_of_a_need_goes_only_to_who_has_not_been_told(erin, funding):
    an_investor("first")
    sent(erin, funding)
    write_all()
    an_investor("second")
    again = service.plan(erin, listing=funding.ref)
    assert names(erin, again) == ["Second"]


def test_every_mail_says_how_to_end_them_and_mail_programs_can(erin, funding):
    person = an_investor("reader")
    sent(erin, funding)
    write_all()
    headers = mails()[0].headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"] == f"<{news.link(person)}>"
    assert news.link(person) in mails()[0].body


def test_who_leaves_before_their_turn_is_not_written_to(erin, funding):
    stays, goes = an_investor("stays"), an_investor("goes")
    broadcast = sent(erin, funding)
    news.leave(goes)
    write_all()
    assert [one.to for one in mails()] == [stays.email]
    assert service.counts([broadcast.id])[broadcast.id].skipped == 1


def test_a_mail_that_has_not_left_is_taken_back_from_who_leaves(erin, funding):
    goes, stays = an_investor("goes"), an_investor("stays")
    sent(erin, funding)
    write_all()
    assert news.leave(goes) is True
    assert [one.to for one in mails()] == [stays.email]
    outbox.drain()
    assert news.leave(goes) is False


def test_mails_are_given_to_the_post_no_faster_than_allowed(erin, funding, monkeypatch):
    for number in range(12):
        an_investor(f"reader{number}")
    monkeypatch.setattr(mail, "broadcasts_per_minute", lambda: 60)
    sent(erin, funding)
    now = clock.now()
    with clock.at(now):
        assert sending.run() == 5
    for turn in range(1, 3):
        with clock.at(now + turn * sending.INTERVAL):
            sending.run()
    assert len(mails()) == 12
    monkeypatch.setattr(mail, "broadcasts_per_minute", lambda: 6)
    sent(erin, a_funding_need(funding.organisation, title="Another"))
    with clock.at(now + timedelta(seconds=20)):
        assert sending.run() == 0
    with clock.at(now + timedelta(seconds=90)):
        assert sending.run() == 1


def test_a_broadcast_ends_when_everybody_has_been_written_to(erin, funding):
    an_investor("reader")
    broadcast = sent(erin, funding)
    write_all()
    session.refresh(broadcast)
    assert broadcast.state is State.SENT and broadcast.ended_at is not None


def test_nobody_else_is_told_of_a_need_that_is_withdrawn(erin, charlie, funding):
    an_investor("first")
    an_investor("second")
    broadcast = sent(erin, funding)
    assert sending.write_some(broadcast.id, 1) == 1
    listings.pause(charlie, funding)
    assert sending.write_some(broadcast.id, 1) is None
    session.refresh(broadcast)
    assert broadcast.state is State.STOPPED and len(mails()) == 1


def test_operator_stops_it_and_those_who_waited_may_be_told_by_another(erin, funding):
    an_investor("first")
    an_investor("second")
    broadcast = sent(erin, funding)
    sending.write_some(broadcast.id, 1)
    service.stop(erin, broadcast)
    assert broadcast.state is State.STOPPED
    assert sending.write_some(broadcast.id, 1) is None
    assert service.preview(erin, service.plan(erin, listing=funding.ref)).total == 1
    with pytest.raises(Conflict):
        service.stop(erin, broadcast)


def test_of_two_who_send_at_once_one_is_told(erin, funding):
    an_investor("reader")
    broadcast = service.plan(erin, listing=funding.ref)
    seen = broadcast.version
    service.send(erin, broadcast, seen)
    with pytest.raises(Conflict):
        service.send(erin, broadcast, seen)
    assert len(session.scalars(select(Recipient)).all()) == 1


def test_a_change_from_an_old_page_is_refused(erin, funding):
    broadcast = service.plan(erin, listing=funding.ref)
    seen = broadcast.version
    service.change(erin, broadcast, version=seen, listing=funding.ref, note_en="Ours")
    with pytest.raises(Conflict):
        service.change(erin, broadcast, version=seen, listing=funding.ref, note_en="Theirs")


def test_sending_to_nobody_is_refused_and_stays_a_draft(erin, funding):
    broadcast = service.plan(erin, listing=funding.ref)
    with pytest.raises(Conflict, match="Nobody"):
        service.send(erin, broadcast, broadcast.version)
    session.refresh(broadcast)
    assert broadcast.state is State.DRAFT


@pytest.mark.parametrize("kind, state", [(Kind.RESULT, ListingState.PUBLISHED), (Kind.NEED, ListingState.PAUSED)])
def test_only_a_published_need_is_told(erin, company, kind, state):
    with pytest.raises(Invalid) as refused:
        service.plan(erin, listing=a_listing(company, kind, state).ref)
    assert "listing" in refused.value.fields


def test_brokers_and_members_cannot_broadcast(dana, charlie, erin, funding):
    broadcast = service.plan(erin, listing=funding.ref)
    for person in (dana, charlie, None):
        with pytest.raises(Forbidden):
            service.plan(person, listing=funding.ref)
        with pytest.raises(NotFound):
            service.get(person, broadcast.ref)


def test_who_has_left_the_platform_or_not_confirmed_is_not_told(erin, funding):
    gone, unconfirmed = an_investor("gone"), an_investor("unconfirmed")
    with transaction():
        gone.disabled_at, unconfirmed.confirmed_at = clock.now(), None
    assert service.preview(erin, service.plan(erin, listing=funding.ref)).total == 0


def test_a_preview_takes_as_many_queries_for_many_as_for_few(erin, funding, count_queries):
    an_investor("one")
    broadcast = service.plan(erin, listing=funding.ref)

    def asked() -> int:
        session.expunge_all()
        fresh = session.get_one(Broadcast, broadcast.id)
        with count_queries() as counted:
            for one in service.preview(erin, fresh).people:
                assert [m.organisation.name for m in one.person.memberships]
        return counted.count

    few = asked()
    for number in range(8):
        an_investor(f"more{number}")
    assert asked() == few
