from datetime import timedelta

import pytest
from accounts.conftest import PASSWORD

from marketplace import clock
from marketplace.accounts import service, texts
from marketplace.db import transaction

FORM = {"name": "Fan Wei", "email": "Fan@Company.example", "password": PASSWORD, "language": "en",
        "accept": "1"}
ADDRESS = "fan@company.example"


def register(client, **changes):
    return client.post("/register", data={**FORM, "editions": texts.shown(texts.in_force()), **changes})


def test_new_person_registers_confirms_and_signs_in(client, mailed, link_in):
    assert register(client).location == "/registered"
    assert "Fan@Company.example" in client.get("/registered").text
    (mail,) = mailed(ADDRESS)
    path = link_in(mail)
    assert "Yes, this address is mine" in client.get(path).text
    assert service.by_email(ADDRESS).confirmed_at is None  # looking at the link is not using it
    assert client.post(path).status_code == 302
    assert service.by_email(ADDRESS).confirmed_at is not None
    assert client.post("/sign-in", data={"email": ADDRESS, "password": PASSWORD}).location == "/"
    assert "Fan Wei" in client.get("/account").text


def test_link_is_good_only_once_and_for_a_week(client, mailed, link_in, monkeypatch):
    register(client)
    path = link_in(mailed(ADDRESS)[0])
    later = clock.now() + timedelta(days=7, minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert client.get(path).status_code == 410
    client.post(path)
    assert client.get(path).status_code == 410
    assert "no longer works" in client.post(path).text


@pytest.mark.parametrize("token", ["x", "WzEsIiJd.aaaa.bbbb", "é", "WzFd"])
def test_forged_link_opens_nothing(client, token):
    for purpose in ("confirm", "reset", "welcome"):
        assert client.get(f"/{purpose}/{token}").status_code == 410
        assert client.post(f"/{purpose}/{token}", data={"password": PASSWORD}).status_code == 410


def test_link_for_one_purpose_does_not_serve_another(client, mailed, link_in):
    register(client)
    token = link_in(mailed(ADDRESS)[0]).rpartition("/")[2]
    assert client.post(f"/reset/{token}", data={"password": "another good one"}).status_code == 410


def test_somebody_who_has_an_account_is_told_by_mail_only(client, alice, mailed):
    page = register(client, email=alice.email)
    assert (page.status_code, page.location) == (302, "/registered")
    (mail,) = mailed("alice@institute.example")
    assert "You have an account already" in mail
    assert "/forgotten" in mail


def test_registering_again_does_not_change_the_first_password(client, mailed):
    register(client)
    mailed(ADDRESS)
    register(client, password="an intruder's own")
    assert service.person_with(ADDRESS, "an intruder's own") is None
    assert service.person_with(ADDRESS, PASSWORD) is not None
    assert len(mailed(ADDRESS)) == 2


def test_disabled_person_gets_no_mail(client, alice, mailed):
    with transaction():
        alice.disabled_at = clock.now()
    register(client, email=alice.email)
    client.post("/forgotten", data={"email": "alice@institute.example"})
    assert mailed("alice@institute.example") == []


@pytest.mark.parametrize(("field", "value", "complaint"), [
    ("password", "too short", "At least 10 characters; this has 9."),
    ("password", "password123", "first passwords anybody would try"),
    ("password", "aaaaaaaaaaaaaa", "first passwords anybody would try"),
    ("password", "fan@company.example", "hardly more than your name or address"),
    ("password", "x1y2z3" * 50, "At most 200 characters"),
    ("email", "fan at company", "not an e-mail address"),
    ("name", "", "This is needed."),
    ("name", "Win at https://evil.example", "Write the name alone"),
    ("language", "fr", "none of the choices"),
])
def test_what_is_wrong_is_said_and_what_was_entered_comes_back(client, field, value, complaint):
    page = register(client, **{field: value})
    assert page.status_code == 422
    assert complaint in page.text
    assert ("Fan Wei" in page.text) is (field != "name")
    if field != "password":
        assert PASSWORD not in page.text


def test_mail_and_pages_are_chinese_for_chinese_readers(client, mailed):
    page = client.get("/register?lang=zh").text
    assert "注册" in page
    register(client, language="zh")
    (mail,) = mailed(ADDRESS)
    assert "请确认您的邮箱" in mail


def test_unconfirmed_person_signs_in_is_told_and_has_the_mail_sent_again(client, mailed):
    register(client)
    mailed(ADDRESS)
    credentials = {"email": ADDRESS, "password": PASSWORD, "next": "/account"}
    page = client.post("/sign-in", data=credentials, follow_redirects=True)
    assert "Confirm your e-mail address first" in page.text
    assert "is not confirmed yet" in page.text
    client.post("/account/confirmation")
    assert len(mailed(ADDRESS)) == 2


def test_confirmed_person_has_nothing_to_confirm(signed_in, alice):
    assert signed_in(alice).post("/account/confirmation").status_code == 409
