"""Signing in at another system: who gets in, who joins whom, and every way of lying about it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from accounts.conftest import PASSWORD
from accounts.openid_provider import CLIENT, Provider
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts import accepting, openid, passwords, service, texts
from marketplace.accounts.models import ExternalIdentity, User
from marketplace.config import OpenIdSettings
from marketplace.db import session, transaction
from marketplace.organisations import domains
from marketplace.organisations.models import Membership, Role

SECRET = "shared with the other system"
BACK = "/sign-in/openid/return"


@pytest.fixture
def provider(app, monkeypatch):
    running = Provider()
    monkeypatch.setattr(openid, "_bound", [(OpenIdSettings(running.issuer, CLIENT, SECRET, "Institute login"),
                                            domains.admit)])
    yield running
    app.extensions.pop("openid", None)
    running.close()


@pytest.fixture
def come_in(client, provider):
    """come_in() -> the answer after this browser has been to the provider and back."""

    def once(next_="", browser=client):
        browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        return browser.get(provider.visit(browser.get(f"/sign-in/openid?next={next_}").location))

    return once


def open_account(client, **changed):
    asked = {"name": "Wei Lan", "language": "en", "accept": "1", "editions": texts.shown(texts.in_force())}
    return client.post("/sign-in/openid/new", data={**asked, **changed})


def a_person(email="wei@institute.example"):
    """Somebody who has an account with a password, and a proven address."""
    person = service.create(email, "Wei", PASSWORD, language="en")
    accepting.accept(person)
    return person


def known(email="wei@institute.example"):
    return service.by_email(email)


def is_in(client):
    return client.get("/account").status_code == 200


def test_sign_in_page_has_the_button_only_when_there_is_such_a_system(client, request):
    assert "/sign-in/openid" not in client.get("/sign-in").text
    assert client.get("/sign-in/openid").status_code == 404
    assert client.get(BACK).status_code == 404
    assert client.get("/sign-in/openid/new").status_code == 403
    request.getfixturevalue("provider")
    page = client.get("/sign-in?next=/notices").text
    assert "Sign in with Institute login" in page and "/sign-in/openid?next=/notices" in page


def test_the_way_there_carries_state_nonce_and_proof_and_leads_back_to_us_alone(client, provider):
    went = client.get("/sign-in/openid", headers={"Host": "evil.example"})
    there = urlsplit(went.location)
    assert f"{there.scheme}://{there.netloc}" == provider.issuer
    query = parse_qs(there.query)
    assert query["redirect_uri"] == ["http://127.0.0.1:8000/sign-in/openid/return"]
    assert all(len(query[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
    assert "code_verifier" not in query


def test_somebody_new_accepts_the_terms_and_has_an_account_whose_address_is_proven(client, provider, come_in):
    assert come_in("/notices").location == "/sign-in/openid/new"
    page = client.get("/sign-in/openid/new").text
    assert "wei@institute.example" in page and 'value="Wei Lan"' in page
    assert known() is None
    assert open_account(client, accept="").status_code == 422
    assert open_account(client).location == "/notices"
    person = known()
    assert person.confirmed_at is not None and person.password_hash is None and is_in(client)
    (identity,) = session.scalars(select(ExternalIdentity))
    assert (identity.user_id, identity.issuer, identity.subject) == (person.id, provider.issuer, "u-1")


def test_who_has_been_here_comes_in_at_once_whatever_their_address_is_now(app, client, provider, come_in):
    come_in()
    open_account(client)
    provider.person |= {"email": "other@elsewhere.example", "email_verified": False}
    again = app.test_client()
    assert come_in("/account", again).location == "/account"
    assert is_in(again) and session.scalars(select(User.email)).all() == ["wei@institute.example"]


def test_account_with_a_proven_address_is_joined_and_told(client, provider, come_in, mailed):
    person = a_person()
    assert come_in("/account").location == "/account"
    assert session.scalar(select(ExternalIdentity.user_id)) == person.id
    assert "Institute login signs you in from now on" in mailed(person.email)[-1]
    assert service.person_with(person.email, PASSWORD) is not None


def test_account_that_nobody_has_confirmed_is_never_joined(client, provider, come_in):
    """Somebody may have opened it with the address of another, waiting for them to come in here."""
    service.register(name="Mallory", email="wei@institute.example", password=PASSWORD)
    answer = come_in()
    assert answer.status_code == 403 and "has never confirmed it" in answer.text
    assert not is_in(client) and session.scalars(select(ExternalIdentity)).all() == []


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_address_that_the_other_system_has_not_confirmed_opens_nothing(client, provider, come_in, verified):
    a_person()
    provider.changes["email_verified"] = verified
    answer = come_in()
    assert answer.status_code == 403 and "has not confirmed your e-mail address" in answer.text
    assert not is_in(client)
    provider.person["email"] = "new@institute.example"
    assert come_in().status_code == 403 and known("new@institute.example") is None


def test_an_address_handed_on_to_another_person_does_not_hand_on_the_account(app, client, provider, come_in):
    come_in()
    open_account(client)
    provider.person["sub"] = "u-2"
    answer = come_in(browser=app.test_client())
    assert answer.status_code == 403 and "knows as another person" in answer.text


def test_disabled_person_stays_outside(client, provider, come_in):
    come_in()
    open_account(client)
    client.post("/sign-out")
    with transaction():
        known().disabled_at = clock.now()
    answer = come_in()
    assert answer.status_code == 403 and "has been closed" in answer.text and not is_in(client)


def test_disabled_person_who_was_never_joined_stays_outside_too(client, provider, come_in):
    person = a_person()
    with transaction():
        person.disabled_at = clock.now()
    assert come_in().status_code == 403 and not is_in(client)


@pytest.mark.parametrize("lie", [
    {"nonce": "another"}, {"nonce": None}, {"iss": "https://evil.example"}, {"iss": None}, {"aud": "somebody-else"},
    {"aud": None}, {"aud": [CLIENT, "other"], "azp": "other"}, {"exp": 1_600_000_000}, {"exp": None}, {"sub": None},
    {"iat": 4_000_000_000}, {"sub": ""},
])
def test_token_that_is_not_for_this_moment_and_for_us_signs_nobody_in(client, provider, come_in, lie):
    a_person()
    provider.changes = lie
    answer = come_in()
    assert answer.status_code == 403 and "could not be trusted" in answer.text
    assert not is_in(client) and session.scalars(select(ExternalIdentity)).all() == []


def test_token_signed_with_a_secret_that_we_share_or_by_another_key_signs_nobody_in(app, client, provider, come_in):
    from joserfc.jwk import RSAKey

    provider.sign_with_shared_secret(SECRET)
    assert come_in().status_code == 403
    provider.sign_with, provider.algorithm = RSAKey.generate_key(2048, {"kid": "one"}), "RS256"
    assert come_in().status_code == 403
    assert not is_in(client)


def test_system_may_change_its_keys(client, provider, come_in):
    from joserfc.jwk import RSAKey

    come_in()
    provider.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    provider.sign_with = provider.key
    assert come_in().location == "/sign-in/openid/new"


def test_the_way_back_is_good_once_and_in_the_browser_it_began_in(app, client, provider):
    there = client.get("/sign-in/openid").location
    back = provider.visit(there)
    stranger = app.test_client()
    stranger.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    answer = stranger.get(back)
    assert answer.status_code == 403 and "began in another browser" in answer.text
    assert client.get(back).location == "/sign-in/openid/new"
    replayed = client.get(back)
    assert replayed.status_code == 403 and "has been used already" in replayed.text
    assert client.get(f"{BACK}?code=x&state=forged").status_code == 403
    assert client.get(BACK).status_code == 403
    assert provider.tokens_given == 1


def test_code_of_another_sign_in_is_refused_by_its_proof(app, client, provider):
    """Somebody else's code, put into one's own way back."""
    theirs = parse_qs(urlsplit(provider.visit(app.test_client().get("/sign-in/openid").location)).query)["code"][0]
    own = parse_qs(urlsplit(provider.visit(client.get("/sign-in/openid").location)).query)["state"][0]
    assert client.get(f"{BACK}?code={theirs}&state={own}").status_code == 403


def test_system_that_is_down_costs_a_clear_page_and_nobody_waits_twice(client, provider, monkeypatch):
    provider.down = True
    answer = client.get("/sign-in/openid")
    assert answer.status_code == 503 and "Institute login does not answer right now" in answer.text
    assert "Sign in with a password" in answer.text
    provider.down = False
    assert client.get("/sign-in/openid").status_code == 503  # for a moment nobody asks again
    monkeypatch.setattr("marketplace.accounts.openid_client.time.monotonic", lambda: 10**9)
    assert client.get("/sign-in/openid").status_code == 302


def test_system_that_goes_down_on_the_way_is_told_of_too(client, provider):
    back = provider.visit(client.get("/sign-in/openid").location)
    provider.down = True
    assert client.get(back).status_code in (403, 503)
    assert not is_in(client)


@pytest.mark.parametrize("document", [
    {"issuer": "https://evil.example"}, {"issuer": None}, {"id_token_signing_alg_values_supported": ["none", "HS256"]},
])
def test_document_of_somebody_else_is_not_believed(client, provider, document):
    provider.discovery = document
    answer = client.get("/sign-in/openid")
    assert answer.status_code == 503 and "not set up rightly" in answer.text


def test_breaking_off_leads_back_to_the_sign_in_page(client, provider):
    answer = client.get(f"{BACK}?error=access_denied&error_description=<script>")
    assert answer.status_code == 403 and "or you broke off" in answer.text and "<script>" not in answer.text


def test_system_that_tells_the_address_only_when_asked_is_asked(client, provider, come_in):
    provider.told_apart = {"sub": "u-1", "email": "wei@institute.example", "email_verified": True, "name": "Wei"}
    provider.person = {"sub": "u-1"}
    assert come_in().location == "/sign-in/openid/new"
    assert "wei@institute.example" in client.get("/sign-in/openid/new").text
    provider.told_apart["sub"] = "u-2"
    assert come_in().status_code == 403


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/sign-in/openid"])
def test_signing_in_elsewhere_leads_nobody_elsewhere(client, provider, come_in, elsewhere):
    a_person()
    assert come_in(elsewhere).location == "/"


def test_opening_the_account_cannot_be_put_off_for_long_or_done_with_another_name_for_oneself(client, come_in):
    come_in()
    with clock.at(clock.now() + timedelta(minutes=31)):
        assert open_account(client).status_code == 403
    assert open_account(client, name="https://evil.example").status_code == 422
    assert open_account(client, email="mallory@institute.example").status_code == 302
    assert known("mallory@institute.example") is None and known() is not None
    assert open_account(client).status_code == 403


def test_who_opened_the_account_meanwhile_is_not_overtaken(client, come_in):
    come_in()
    a_person()
    answer = open_account(client)
    assert answer.status_code == 409 and not is_in(client)


def test_somebody_new_becomes_a_viewer_where_the_domain_is_confirmed(client, come_in, institute, alice, erin, mailed):
    row = domains.state(alice, institute, "institute.example")
    domains.confirm(erin, row.id)
    come_in()
    open_account(client)
    (membership,) = session.scalars(select(Membership).where(Membership.user_id == known().id))
    assert (membership.organisation_id, membership.role) == (institute.id, Role.VIEWER)
    assert any("has joined" in text for text in mailed("alice@institute.example"))


def test_nobody_joins_by_a_domain_that_only_an_administrator_has_stated(client, come_in, institute, alice):
    domains.state(alice, institute, "institute.example")
    come_in()
    open_account(client)
    assert session.scalars(select(Membership).where(Membership.user_id == known().id)).all() == []


def test_who_was_here_before_joins_nothing_by_signing_in_elsewhere(come_in, institute, alice, erin):
    domains.confirm(erin, domains.state(alice, institute, "institute.example").id)
    person = a_person()
    come_in()
    assert session.scalars(select(Membership).where(Membership.user_id == person.id)).all() == []


def test_second_factor_is_asked_here_also_of_who_signed_in_elsewhere(client, come_in, monkeypatch):
    from marketplace.accounts import second_factor

    a_person()
    monkeypatch.setattr(second_factor, "is_asked", lambda person: True)
    assert come_in().location.startswith("/sign-in/") or come_in().location.startswith("/account")
    monkeypatch.undo()
    assert not is_in(client)


def test_person_with_two_windows_gets_one_identity(provider, come_in, alice, institute):
    with transaction():
        alice.email, alice.password_hash = "wei@institute.example", passwords.hashed(PASSWORD)
    come_in()
    come_in()
    assert len(session.scalars(select(ExternalIdentity)).all()) == 1


def test_signing_in_is_recorded_without_tokens_or_codes(client, provider, come_in, caplog):
    caplog.set_level("INFO")
    provider.changes = {"nonce": "wrong"}
    come_in()
    assert "eyJ" not in caplog.text and "wei@institute.example" not in caplog.text


def test_person_lets_the_other_system_go_once_there_is_a_password(app, client, provider, come_in, signed_in):
    come_in()
    open_account(client)
    assert "Institute login signs you in, since" in client.get("/account").text
    answer = client.post("/sign-in/openid/forget", follow_redirects=True)
    assert "You have no password here. Choose one first" in answer.text
    with transaction():
        known().password_hash = passwords.hashed(PASSWORD)
    assert "signs you in no more" in client.post("/sign-in/openid/forget", follow_redirects=True).text
    assert session.scalars(select(ExternalIdentity)).all() == []
    assert client.post("/sign-in/openid/forget").status_code == 404


def test_visitor_has_nothing_to_let_go(client, provider):
    assert "/sign-in" in client.post("/sign-in/openid/forget").location
