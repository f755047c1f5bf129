"""Which edition of the terms somebody accepted is known, and a new one is asked for at the next sign-in."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import a_person, sign_in
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts import accepting, passwords, texts
from marketplace.accounts.models import Acceptance, User
from marketplace.accounts.texts import Text
from marketplace.config import PrivacySettings, WrongSetting
from marketplace.db import session, transaction

PASSWORD = "correct horse battery"
FORM = {"name": "Fan Wei", "email": "fan@company.example", "password": PASSWORD, "language": "en", "accept": "1"}


@pytest.fixture
def paula():
    """She has accepted what is in force."""
    person = a_person("paula@company.example", password_hash=passwords.hashed(PASSWORD))
    accepting.accept(person)
    return person


@pytest.fixture
def editions(tmp_path: Path):
    """editions("terms", "2027-1", "2026-10-01") puts another edition into force; afterwards it is gone."""

    def add(text: str, number: str, since: str, **said: str) -> None:
        for language in ("zh", "en"):
            body = said.get(language, f"New words, {language}.")
            (tmp_path / f"{text}-{number}.{language}.md").write_text(f"# A new edition\n{since}\n\n{body}\n")
        texts.bind(PrivacySettings(texts=tmp_path))

    yield add
    texts.bind(PrivacySettings())


def signs_in(client, person, after="/mine"):
    return client.post("/sign-in", data={"email": person.email, "password": PASSWORD, "next": after}).location


def shown():
    return texts.shown(texts.in_force())


def test_registering_records_who_accepted_which_edition_when_and_from_where(client):
    client.post("/register", data={**FORM, "editions": shown()}, environ_base={"REMOTE_ADDR": "203.0.113.5"})
    person = session.scalars(select(User).where(User.email == FORM["email"])).one()
    rows = session.scalars(select(Acceptance).where(Acceptance.user_id == person.id)).all()
    assert {(row.text, row.edition) for row in rows} == {(one.text, one.number) for one in texts.in_force()}
    assert {row.address for row in rows} == {"203.0.113.5"} and len(rows) == 2


def test_nobody_opens_an_account_without_the_tick_and_nothing_entered_is_lost(client):
    answer = client.post("/register", data={**FORM, "accept": "", "editions": shown()})
    assert answer.status_code == 422 and "tick the box" in answer.text and "Fan Wei" in answer.text
    assert session.scalar(select(User).where(User.email == FORM["email"])) is None


def test_a_form_from_before_a_new_edition_is_shown_again(client, editions):
    old = shown()
    editions("terms", "2027-1", "2026-10-01")
    answer = client.post("/register", data={**FORM, "editions": old})
    assert answer.status_code == 422 and "new edition since this page was opened" in answer.text
    assert client.post("/register", data={**FORM, "editions": shown()}).status_code == 302


def test_who_has_accepted_goes_straight_on(client, paula):
    assert signs_in(client, paula) == "/mine"


def test_a_new_edition_is_asked_for_at_the_next_sign_in_and_then_no_more(client, paula, editions):
    editions("terms", "2027-1", "2026-10-01", en="You agree to be kind.")
    assert signs_in(client, paula) == "/account/texts?next=/mine"
    page = client.get("/account/texts?next=/mine").text
    assert "You agree to be kind." in page and "privacy 2026-1" not in page
    answer = client.post("/account/texts", data={"accept": "1", "editions": "terms 2027-1", "next": "/mine"})
    assert answer.location == "/mine"
    assert client.get("/account/texts?next=/mine").location == "/mine"
    client.post("/sign-out")
    assert signs_in(client, session.get_one(User, paula.id)) == "/mine"


def test_who_does_not_answer_can_go_on_reading_and_is_asked_next_time(client, paula, editions):
    editions("privacy", "2027-1", "2026-10-01")
    signs_in(client, paula)
    assert client.get("/account").status_code == client.get("/mine").status_code == 200
    client.post("/sign-out")
    assert signs_in(client, session.get_one(User, paula.id)) == "/account/texts?next=/mine"


def test_the_page_that_asks_insists_on_the_tick_and_on_what_it_showed(signed_in, paula, editions):
    editions("terms", "2027-1", "2026-10-01")
    browser = signed_in(paula)
    refused = browser.post("/account/texts", data={"editions": "terms 2027-1", "next": "/mine"})
    assert refused.status_code == 422
    assert browser.post("/account/texts", data={"accept": "1", "editions": "terms 2026-1"}).status_code == 422
    elsewhere = {"accept": "1", "editions": "terms 2027-1", "next": "https://evil.example/"}
    assert browser.post("/account/texts", data=elsewhere).location == "/"


def test_programs_are_not_asked(client, paula, editions):
    editions("terms", "2027-1", "2026-10-01")
    answer = client.post("/api/v1/tokens", json={"email": paula.email, "password": PASSWORD})
    assert answer.status_code == 201
    token = {"Authorization": f"Bearer {answer.json['token']}"}
    assert client.get("/api/v1/notices", headers=token).status_code == 200


def test_an_edition_of_tomorrow_is_not_in_force_today(editions, monkeypatch):
    tomorrow = clock.today() + timedelta(days=1)
    editions("terms", "2099-1", tomorrow.isoformat())
    assert texts.editions(Text.TERMS)[0].number == "2026-1"
    later = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert texts.editions(Text.TERMS)[0].number == "2099-1"


def test_visitors_read_every_edition_that_is_or_was_in_force(client, editions):
    editions("terms", "2027-1", "2026-10-01")
    editions("terms", "2099-1", "2099-01-01")
    assert "2027-1" in client.get("/terms").text
    assert "Terms of use" in client.get("/terms/2026-1").text
    for number in ("2099-1", "1999-1", "%00", "../secret"):
        assert client.get(f"/terms/{number}").status_code == 404


def test_privacy_says_what_is_kept_why_how_long_and_whom_to_ask_in_both_languages(client):
    english, chinese = client.get("/privacy").text, client.get("/privacy?lang=zh").text
    assert "What is kept, and why" in english and "Copies of personal data" in english and "180 days" in english
    assert "保存哪些信息，为什么" in chinese and "个人数据副本" in chinese and "180 天" in chinese
    assert "operators of this marketplace" in english


def test_what_was_accepted_stands_on_ones_own_page(signed_in, paula):
    page = signed_in(paula).get("/account/data").text
    assert "Terms of use" in page and "Privacy notice" in page and "2026-1" in page


def test_operators_see_how_many_accepted_which_edition_and_nobody_else_does(signed_in, client, paula, erin, dana):
    erin_id, dana_id, paula_id = erin.id, dana.id, paula.id
    page = signed_in(erin).get("/operator/privacy").text
    assert "Terms of use" in page and "paula" not in page
    for other in (dana_id, paula_id):
        assert signed_in(session.get_one(User, other)).get("/operator/privacy").status_code == 404
    assert "/sign-in" in client.get("/operator/privacy").location
    assert session.get_one(User, erin_id).is_operator
    assert set(accepting.counts().values()) == {1}


def test_accepting_twice_is_accepting_once(paula):
    accepting.accept(paula)
    assert len(accepting.of(paula)) == 2


@pytest.mark.parametrize(("name", "text", "complaint"), [
    ("terms-x.zh.md", "# A\n2026-01-01\n", "has no terms-x.en.md"),
    ("terms-2.zh.md", "no title\n", "does not begin"),
    ("terms-2.zh.md", "# A\nyesterday\n", "does not begin"),
    ("terms-2.zh.md", "# A\n2026-01-02\n\nx\n", "comes into force on"),
    ("terms-2.zh.md", "# A\n2026-01-01\n\n## x\n", "not the same headings"),
])
def test_an_edition_that_is_none_is_named_at_the_start(tmp_path, name, text, complaint):
    (tmp_path / "terms-2.en.md").write_text("# A\n2026-01-01\n\nx\n")
    (tmp_path / name).write_text(text)
    if name == "terms-x.zh.md":
        (tmp_path / "terms-2.en.md").unlink()
    with pytest.raises(WrongSetting, match=complaint):
        texts.bind(PrivacySettings(texts=tmp_path))


def test_the_editions_of_this_release_are_whole():
    found = list(texts.read(texts.SHIPPED))
    assert {one.text for one in found} == set(Text)
    assert all(one.since <= date(2026, 1, 1) and len(one.parts) > 10 for one in found)


def test_somebody_disabled_meanwhile_is_not_asked_anything(client, paula):
    sign_in(client, paula)
    with transaction():
        session.get_one(User, paula.id).disabled_at = clock.now()
    assert "/sign-in" in client.get("/account/texts").location


def test_the_operators_page_asks_as_often_for_many_as_for_few(signed_in, erin, count_queries):
    browser = signed_in(erin)
    browser.get("/operator/privacy")
    with count_queries() as few:
        browser.get("/operator/privacy")
    for number in range(30):
        accepting.accept(a_person(f"p{number}@x.example"))
    with count_queries() as many:
        browser.get("/operator/privacy")
    assert many.count == few.count
