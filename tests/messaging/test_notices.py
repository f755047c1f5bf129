from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import NotFound
from marketplace.messaging import service
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.phrases import Label, say


def mails():
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


@pytest.fixture
def notice(alice):
    service.notify([alice.id], say("{what} is open.", what=Label("大厅", "The hall")), "/account")
    return session.scalar(select(Notice))


def test_person_reads_a_notice_in_their_own_language(signed_in, alice, institute):
    service.notify([alice.id], say("{name} is open", name=institute), "/organisations/institute")
    assert "Institute is open" in signed_in(alice).get("/notices").text
    assert "institute is open" in signed_in(alice, "zh").get("/notices?lang=zh").text


def test_notice_remembers_labels_phrases_and_dates(alice):
    inner = say("{label} on {day}", label=Label("成果", "result"), day=clock.today())
    service.notify([alice.id], say("New: {what} ({n})", what=inner, n=3), "/account")
    phrase = session.scalar(select(Notice)).phrase
    assert phrase.in_language("zh") == f"New: 成果 on {clock.today()} (3)"


def test_notice_also_leaves_as_mail_in_the_readers_language(alice, bob):
    with transaction():
        bob.language = "zh"
    service.notify([alice.id, bob.id], say("{what} is open", what=Label("大厅", "The hall")), "/account")
    assert [(mail.to, mail.subject) for mail in mails()] == [
        ("alice@institute.example", "The hall is open"), ("bob@institute.example", "大厅 is open"),
    ]
    assert "http://127.0.0.1:8000/account" in mails()[0].body


def test_unconfirmed_address_gets_no_mail_and_disabled_person_no_notice(alice, bob):
    with transaction():
        alice.confirmed_at = None
        bob.disabled_at = clock.now()
    service.notify([alice.id, bob.id], say("Open"), "/account")
    assert mails() == []
    assert session.scalars(select(Notice.user_id)).all() == [alice.id]


def test_the_same_occasion_is_told_once(alice, bob):
    service.notify([alice.id], say("Open"), "/account", once="opening:1")
    service.notify([alice.id, bob.id], say("Open"), "/account", once="opening:1")
    assert sorted(session.scalars(select(Notice.user_id))) == sorted([alice.id, bob.id])
    assert len(mails()) == 2


@pytest.mark.parametrize("url", ["https://evil.example", "//evil.example", "/\\evil.example", "account"])
def test_a_notice_leads_nowhere_else(alice, url):
    with pytest.raises(ValueError, match="page of ours"):
        service.notify([alice.id], say("Open"), url)


def test_rolled_back_use_case_tells_nobody(alice):
    with pytest.raises(RuntimeError), transaction():
        service.notify([alice.id], say("Open"), "/account")
        raise RuntimeError
    assert session.scalar(select(func.count()).select_from(Notice)) == 0
    assert mails() == []


def test_following_a_notice_reads_it_and_leads_to_its_page(signed_in, alice, notice):
    assert service.unread_count(alice) == 1
    answer = signed_in(alice).get(f"/notices/{notice.id}")
    assert answer.status_code == 302
    assert answer.location == "/account"
    assert service.unread_count(alice) == 0


def test_person_marks_one_or_all_as_read(signed_in, alice, notice):
    service.notify([alice.id], say("Second"), "/account")
    browser = signed_in(alice)
    browser.post(f"/notices/{notice.id}/read")
    assert service.unread_count(alice) == 1
    browser.post("/notices/read")
    assert service.unread_count(alice) == 0
    assert "Everything has been read" in browser.get("/notices?show=unread").text


def test_colleague_cannot_read_or_mark_my_notice(signed_in, bob, alice, notice):
    browser = signed_in(bob)
    assert browser.get(f"/notices/{notice.id}").status_code == 404
    assert browser.post(f"/notices/{notice.id}/read").status_code == 404
    browser.post("/notices/read")
    assert service.unread_count(alice) == 1
    with pytest.raises(NotFound):
        service.read_notice(bob, notice.id)


def test_visitor_is_sent_to_sign_in(client, notice):
    for address in ("/notices", f"/notices/{notice.id}", "/operator/mail", "/operator/mail/1"):
        assert "/sign-in" in client.get(address).location
    for address in (f"/notices/{notice.id}/read", "/notices/read", "/operator/mail/1/again"):
        assert "/sign-in" in client.post(address).location


def test_empty_page_says_what_will_be_here(signed_in, alice):
    assert "No notices yet" in signed_in(alice).get("/notices").text


def test_bell_counts_on_every_page(signed_in, alice, notice):
    assert "1 unread notice" in signed_in(alice).get("/notices").text


def test_long_list_takes_a_fixed_number_of_queries(signed_in, database, alice):
    browser = signed_in(alice)

    def queries():
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(database, "before_cursor_execute", listener)
        assert browser.get("/notices").status_code == 200
        event.remove(database, "before_cursor_execute", listener)
        return len(seen)

    service.notify([alice.id], say("One"), "/account")
    few = queries()
    for number in range(20):
        service.notify([alice.id], say("No. {n}", n=number), "/account")
    assert queries() == few


def test_newest_notice_stands_first(signed_in, alice, monkeypatch):
    service.notify([alice.id], say("Earlier"), "/account")
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    service.notify([alice.id], say("Later"), "/account")
    page = signed_in(alice).get("/notices").text
    assert page.index("Later") < page.index("Earlier")
