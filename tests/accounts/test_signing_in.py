import re
from datetime import timedelta
from urllib.parse import unquote

import argon2
import pytest
from accounts.conftest import PASSWORD, an_account

from marketplace import clock
from marketplace.accounts import passwords, service
from marketplace.accounts.views import local_path
from marketplace.db import transaction

ADDRESS = "fan@company.example"


@pytest.fixture
def fan():
    return an_account(ADDRESS, "Fan Wei")


def sign_in(client, email=ADDRESS, password=PASSWORD, **more):
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def test_person_signs_in_goes_where_they_wanted_and_signs_out(client, fan):
    assert client.get("/account").location == "/sign-in?next=/account"
    assert 'value="/account"' in client.get("/sign-in?next=/account").text
    assert sign_in(client, next="/account").location == "/account"
    assert client.get("/sign-in?next=/notices").location == "/notices"
    client.post("/sign-out")
    assert client.get("/account").status_code == 302


def test_address_is_read_without_regard_to_case_or_blanks(client, fan):
    assert sign_in(client, " Fan@COMPANY.example ").status_code == 302


def test_unknown_address_wrong_password_and_disabled_account_get_the_same_answer(client, fan, alice, bob):
    with transaction():
        bob.password_hash, bob.disabled_at = passwords.hashed(PASSWORD), clock.now()
    tries = [(ADDRESS, "wrong"), ("nobody@company.example", PASSWORD), (alice.email, PASSWORD), (bob.email, PASSWORD)]

    def answer(email, password):
        page = re.sub(r'name="csrf_token" value="[^"]*"', "", sign_in(client, email, password).text)
        return unquote(page).replace(email, "…")

    pages = {answer(email, password) for email, password in tries}
    assert len(pages) == 1
    assert "The address or the password is wrong." in pages.pop()


def test_unknown_address_costs_as_much_work_as_a_known_one(fan, monkeypatch):
    seen = []
    verify = argon2.PasswordHasher.verify
    monkeypatch.setattr(argon2.PasswordHasher, "verify", lambda *given: seen.append(1) or verify(*given))
    service.person_with("nobody@company.example", PASSWORD)
    service.person_with(ADDRESS, "wrong password")
    assert len(seen) == 2


@pytest.mark.parametrize("next_", [
    "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\\\\evil.example", "/a\nb", "",
    "evil", "/sign-in?next=/", "/\t/evil.example",
])
def test_signing_in_leads_nobody_elsewhere(next_):
    assert local_path(next_) == "/"


def test_old_hash_is_renewed_on_signing_in(fan):
    with transaction():
        fan.password_hash = argon2.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash(PASSWORD)
    assert service.person_with(ADDRESS, PASSWORD) is fan
    assert not passwords.is_outdated(fan.password_hash)


def test_forgotten_password_is_replaced_through_the_mail_and_ends_every_session(app, client, fan, mailed, link_in):
    elsewhere = app.test_client()
    sign_in(elsewhere)
    token, _ = service.new_token(fan)
    known = client.post("/forgotten", data={"email": ADDRESS}).text
    assert f"If there is an account with {ADDRESS}" in known
    unknown = client.post("/forgotten", data={"email": "nobody@company.example"}).text
    assert known.replace(ADDRESS, "…") == unknown.replace("nobody@company.example", "…")
    path = link_in(mailed(ADDRESS)[-1])
    assert ADDRESS in client.get(path).text
    assert client.post(path, data={"password": "short"}).status_code == 422
    assert client.post(path, data={"password": "a new and better one"}).location == "/"
    assert client.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    assert client.get("/api/v1/openapi.json", headers={"Authorization": f"Bearer {token}"}).status_code in (200, 401)
    assert service.tokens_of(service.by_email(ADDRESS)) == []
    assert service.person_with(ADDRESS, PASSWORD) is None
    assert client.get(path).status_code == 410


def test_only_a_browser_that_is_to_stay_signed_in_keeps_its_cookie_when_it_is_closed(client, fan):
    def cookie(**more):
        return next(one for one in sign_in(client, **more).headers.getlist("Set-Cookie") if one.startswith("session="))

    assert "Expires=" not in cookie()
    assert all(word in cookie(remember="1") for word in ("Expires=", "HttpOnly", "SameSite=Lax"))


def test_browser_that_stays_signed_in_is_signed_out_with_the_others(client, fan):
    sign_in(client, remember="1")
    assert client.get("/account").status_code == 200
    service.change_password(service.by_email(ADDRESS), PASSWORD, "a new and better one")
    assert client.get("/account").status_code == 302


def test_reset_link_ends_after_two_hours_and_when_the_password_changes(client, fan, mailed, link_in, monkeypatch):
    client.post("/forgotten", data={"email": ADDRESS})
    path = link_in(mailed(ADDRESS)[-1])
    later = clock.now() + timedelta(hours=2, minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert client.get(path).status_code == 410
    service.change_password(service.by_email(ADDRESS), PASSWORD, "a new and better one")
    assert client.get(path).status_code == 410


def test_reset_proves_the_address(client, fan, mailed, link_in):
    with transaction():
        fan.confirmed_at = None
    client.post("/forgotten", data={"email": ADDRESS})
    client.post(link_in(mailed(ADDRESS)[-1]), data={"password": "a new and better one"})
    assert service.by_email(ADDRESS).confirmed_at is not None


def test_guessing_is_slowed_down(client, fan, limited):
    answers = [sign_in(client, password=f"guess {n}").status_code for n in range(11)]
    assert answers == [422] * 10 + [429]
    refused = client.post("/api/v1/tokens", json={"email": ADDRESS, "password": PASSWORD})
    assert refused.status_code == 429
    assert refused.content_type == "application/problem+json"
    assert sign_in(client, "other@company.example").status_code == 422
    assert client.get("/sign-in").status_code == 200


def test_one_origin_cannot_try_every_account(client, limited):
    answers = {sign_in(client, f"p{n}@company.example", "x").status_code for n in range(61)}
    assert answers == {422, 429}
