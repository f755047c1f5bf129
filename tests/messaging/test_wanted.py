"""What is mailed to whom: at once, collected, or not; and the links that end it."""

import re
from datetime import datetime

import pytest
from conftest import a_listing
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid, NotFound
from marketplace.listings.models import State
from marketplace.messaging import digests, leaving, preferences, service
from marketplace.messaging.kinds import KINDS, Frequency, Kind, next_digest, of_page
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.phrases import Label, say


def mails():
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


@pytest.fixture
def at(monkeypatch):
    """at("2024-11-26 10:00"): it is that moment in China."""

    def to(text):
        moment = datetime.fromisoformat(text).replace(tzinfo=clock.PLACE)
        monkeypatch.setattr(clock, "now", lambda: moment)

    to("2024-11-26 10:00")
    return to


def tell(person, text="Open", url="/account", kind=Kind.NEWS, **options):
    service.notify([person.id], say(text), url, kind=kind, **options)


@pytest.mark.parametrize(("now", "daily", "weekly"), [
    ("2024-11-26 08:59", "2024-11-26 09:00", "2024-12-02 09:00"),
    ("2024-11-26 09:00", "2024-11-27 09:00", "2024-12-02 09:00"),
    ("2024-11-29 18:00", "2024-12-02 09:00", "2024-12-02 09:00"),
    ("2024-12-01 12:00", "2024-12-02 09:00", "2024-12-02 09:00"),
    ("2024-12-02 08:00", "2024-12-02 09:00", "2024-12-02 09:00"),
    ("2024-09-28 10:00", "2024-09-29 09:00", "2024-09-30 09:00"),  # a Sunday that is worked
    ("2024-09-30 10:00", "2024-10-08 09:00", "2024-10-08 09:00"),  # the whole week that follows is free
])
def test_collected_mail_goes_when_people_begin_to_work(at, now, daily, weekly):
    at(now)
    found = [next_digest(how, clock.now()).astimezone(clock.PLACE) for how in (Frequency.DAILY, Frequency.WEEKLY)]
    assert [f"{one:%Y-%m-%d %H:%M}" for one in found] == [daily, weekly]
    assert next_digest(Frequency.AT_ONCE, clock.now()) is None


@pytest.mark.parametrize(("url", "kind"), [
    ("/introductions/I-1#messages", Kind.NEWS), ("/listings/R-1", Kind.LISTINGS), ("/events/E-1", Kind.EVENTS),
    ("/organisations/x", Kind.ORGANISATION), ("/operator/organisations/x", Kind.ORGANISATION),
    ("/account", Kind.ORGANISATION), ("/needs/N-1/refining", Kind.LISTINGS),
])
def test_a_notice_without_a_kind_has_that_of_its_page(url, kind):
    assert of_page(url) is kind


def test_every_kind_has_words_and_a_usual_frequency_and_what_others_wait_for_comes_at_once():
    assert set(KINDS) == set(Kind)
    assert all(about.label.zh and about.explains.zh for about in KINDS.values())
    assert [kind for kind, about in KINDS.items() if about.must] == [Kind.YOUR_TURN]
    assert KINDS[Kind.YOUR_TURN].usual is Frequency.AT_ONCE


def test_collected_notices_leave_in_one_mail_at_nine_grouped_by_case(at, alice):
    listing = "/listings/R-2024-000001"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "_sights", {})
        for n in range(3):
            service.notify([alice.id], say("“{title}”, stage {n}.", title=Label("电解液", "Electrolyte"), n=n),
                           listing, kind=Kind.NEWS)
        tell(alice, "Something else")
        digests.run()
        assert mails() == []
        at("2024-11-27 09:00")
        digests.run()
        digests.run()
    (mail,) = mails()
    assert mail.subject == "4 new notices for you at Yinqiao"
    assert mail.body.count("“Electrolyte”") == 0 and "Electrolyte\n-----" in mail.body, "the title stands above"
    assert "* Stage 2." in mail.body
    assert "* Something else" in mail.body
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "<h2" in mail.html


def test_a_digest_of_many_asks_as_few_questions_as_one_of_few(at, alice, bob, institute, count_queries):
    counts = []
    for person, many in ((alice, 2), (bob, 80)):
        for n in range(many):
            tell(person, f"No. {n}", f"/listings/R-2024-{n:06}" if n % 2 else "/organisations/institute")
        at("2024-11-27 09:00")
        with count_queries() as asked:
            digests.tell(person.id)
        counts.append(asked.count)
        at("2024-11-26 10:00")
    assert counts[0] == counts[1] <= 15
    first, second = (mail.body for mail in mails())
    assert "and 20 more" not in second, "what may not be seen is not counted either"
    assert first.count("No. ") == 1 and second.count("No. ") == 40


def test_a_very_long_digest_ends_with_a_number_and_a_link(at, alice):
    for n in range(digests.SHOWN + 7):
        tell(alice, f"No. {n}")
    at("2024-11-27 09:00")
    digests.run()
    assert "and 7 more\n  http://127.0.0.1:8000/notices" in mails()[0].body


def test_what_has_been_read_meanwhile_is_not_mailed(at, alice):
    tell(alice, "One")
    tell(alice, "Two")
    first = session.scalars(select(Notice).order_by(Notice.id)).first()
    service.read_notice(alice, first.id)
    at("2024-11-27 09:00")
    digests.run()
    (mail,) = mails()
    assert (mail.subject, "One" in mail.body) == ("Two", False)


def test_what_may_no_longer_be_seen_is_not_mailed(at, charlie, institute):
    listing = a_listing(institute)
    tell(charlie, "Secret title", f"/listings/{listing.ref}")
    tell(charlie, "Still there")
    with transaction():
        listing.state = State.DRAFT
    at("2024-11-27 09:00")
    digests.run()
    (mail,) = mails()
    assert "Secret title" not in mail.body + mail.html and "Still there" in mail.body


def test_a_person_who_is_disabled_or_lost_their_address_gets_nothing_then_or_later(at, alice, bob):
    tell(alice)
    tell(bob)
    with transaction():
        alice.disabled_at = clock.now()
        bob.confirmed_at = None
    at("2024-11-27 09:00")
    digests.run()
    with transaction():
        alice.disabled_at, bob.confirmed_at = None, clock.now()
    digests.run()
    assert mails() == []


def test_daily_and_weekly_kinds_that_are_due_together_are_one_mail(at, alice):
    preferences.choose(alice, {Kind.MATCHES: Frequency.WEEKLY})
    tell(alice, "News")
    tell(alice, "A match", kind=Kind.MATCHES)
    at("2024-11-27 09:00")
    digests.run()
    tell(alice, "More news")
    at("2024-12-02 09:00")
    digests.run()
    assert [mail.subject for mail in mails()] == ["News", "2 notices about “News of a case”"]


def test_nobody_switches_off_what_others_wait_for(alice):
    with pytest.raises(Invalid, match="somebody waits for you"):
        preferences.choose(alice, {Kind.YOUR_TURN: Frequency.NEVER})
    preferences.choose(alice, {Kind.YOUR_TURN: Frequency.DAILY})
    tell(alice, kind=Kind.YOUR_TURN)
    assert mails() == []
    assert session.scalar(select(Notice.mail_at)) is not None


def test_a_choice_counts_for_what_waits_already(at, alice):
    tell(alice)
    preferences.choose(alice, {Kind.NEWS: Frequency.AT_ONCE})
    digests.run()
    assert len(mails()) == 1
    preferences.choose(alice, {Kind.NEWS: Frequency.WEEKLY})
    tell(alice)
    preferences.choose(alice, {Kind.NEWS: Frequency.NEVER})
    tell(alice)
    at("2024-12-09 09:00")
    digests.run()
    assert len(mails()) == 1
    assert service.unread_count(alice) == 3, "the page keeps them all"


def test_an_invitation_to_a_meeting_is_not_collected(alice):
    preferences.choose(alice, {Kind.MEETINGS: Frequency.WEEKLY})
    tell(alice, kind=Kind.MEETINGS, calendar="BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR")
    (mail,) = mails()
    assert "METHOD:REQUEST" in mail.calendar


def test_the_settings_page_keeps_what_was_chosen_and_says_what_cannot_be(signed_in, alice):
    browser = signed_in(alice)
    page = browser.get("/account/notices").text
    assert "This can be collected, but not switched off" in page
    turn = re.search(r'<select[^>]*name="your_turn".*?</select>', page, re.S)[0]
    assert 'value="never"' not in turn
    form = {kind.value: "daily" for kind in Kind}
    assert browser.post("/account/notices", data=form).status_code == 302
    assert set(preferences.of(alice).values()) == {Frequency.DAILY}
    refused = browser.post("/account/notices", data={**form, "your_turn": "never", "news": "weekly"})
    assert refused.status_code == 422
    assert re.search(r'value="weekly" selected', refused.text), "what was entered is kept"
    assert browser.post("/account/notices", data={**form, "news": "hourly"}).status_code == 422
    assert set(preferences.of(alice).values()) == {Frequency.DAILY}
    assert "邮件通知设置" in browser.get("/account/notices?lang=zh").text


def test_one_person_chooses_for_themselves_alone(signed_in, client, alice, bob):
    other = bob.id
    signed_in(alice).post("/account/notices", data={kind.value: "daily" for kind in Kind})
    assert preferences.of(session.get_one(User, other))[Kind.YOUR_TURN] is Frequency.AT_ONCE
    assert "/sign-in" in client.get("/account/notices").location
    assert "/sign-in" in client.post("/account/notices").location


def way_out(mail):
    return re.search(r"(/notices/leave/[^>\s]+)", mail.headers["List-Unsubscribe"])[1]


def test_mail_programs_end_one_kind_with_a_post_and_looking_changes_nothing(client, alice):
    tell(alice, kind=Kind.MESSAGES)
    address = way_out(mails()[0])
    assert "End these mails?" in client.get(address).text
    assert preferences.of(alice)[Kind.MESSAGES] is Frequency.AT_ONCE
    answer = client.post(address, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and "Messages" in answer.text
    assert preferences.of(alice)[Kind.MESSAGES] is Frequency.NEVER
    assert preferences.of(alice)[Kind.EVENTS] is Frequency.AT_ONCE
    assert "ended already" in client.get(address).text


def test_a_collected_mails_way_out_ends_what_is_collected_and_spares_your_turn(at, client, alice):
    preferences.choose(alice, {Kind.YOUR_TURN: Frequency.DAILY})
    tell(alice)
    tell(alice, kind=Kind.YOUR_TURN)
    at("2024-11-27 09:00")
    digests.run()
    client.post(way_out(mails()[0]))
    now = preferences.of(alice)
    assert (now[Kind.NEWS], now[Kind.YOUR_TURN], now[Kind.MESSAGES]) == (
        Frequency.NEVER, Frequency.DAILY, Frequency.AT_ONCE)


def test_your_turn_has_no_way_out_and_a_forged_link_does_nothing(client, alice):
    tell(alice, kind=Kind.YOUR_TURN)
    assert mails()[0].headers is None
    assert client.post("/notices/leave/forged").status_code == 404
    with pytest.raises(NotFound):
        leaving.behind(leaving.link(alice, Kind.YOUR_TURN).rpartition("/")[2])


def test_a_link_of_another_purpose_ends_nothing(client, alice):
    other = leaving.links.signer("leave alerts").dumps([alice.id, 0])
    assert client.post(f"/notices/leave/{other}").status_code == 404
