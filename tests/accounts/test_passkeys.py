"""Passkeys: added, shown at sign-in, revoked; and all that is not taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from accounts.conftest import PASSWORD, an_account
from accounts.passkey_device import ADDRESS, Device, coded
from sqlalchemy import delete, func, select

from marketplace import clock
from marketplace.accounts import passkeys, service, sessions
from marketplace.accounts.models import BrowserSession, ExternalIdentity, Passkey, User
from marketplace.accounts.signing_in import KEY
from marketplace.audit import AuditEntry
from marketplace.config import OpenIdSettings
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound

EMAIL = "yan@company.example"
ISSUER = "https://login.institute.example"


@pytest.fixture(autouse=True)
def with_a_name(settings):
    """The marketplace has an address at which browsers know passkeys."""
    passkeys.bind(replace(settings, base_url=ADDRESS))
    yield
    passkeys.bind(settings)


@pytest.fixture
def yan(after):
    return an_account(EMAIL, "Yan Li")


@pytest.fixture
def device(yan, after):
    """Yan's telephone, with a passkey of hers."""
    made = Device()
    has_passkey(yan, made)
    after(minutes=1)
    return made


def has_passkey(person, device, name="Telephone"):
    options, asked = passkeys.ask_for_new(person)
    return passkeys.add(person, name, device.make(json.loads(options)), asked)


def asked_at(client, path="/sign-in/passkey/options"):
    return client.get(path).json


def come_in(client, device, options=None, **more):
    """Sign in with the device's passkey, as the script does."""
    answer = device.show(options or asked_at(client), **more.pop("wrong", {}))
    return client.post("/sign-in/passkey", data={"credential": answer, **more})


def enter(client):
    return client.post("/sign-in", data={"email": EMAIL, "password": PASSWORD})


def is_in(client):
    return client.get("/account").status_code == 200


def entries(action):
    return session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == action))


def kept(device):
    return session.scalar(select(Passkey).where(Passkey.credential_id == coded(device.id))
                          .execution_options(populate_existing=True))


def test_person_adds_one_and_signs_in_with_it_alone(client, yan, after, mailed):
    enter(client)
    device = Device()
    assert "You have no passkey yet" in client.get("/account/passkeys").text
    page = client.get("/account/passkeys/new").text
    assert 'data-passkey="/account/passkeys/new/options" hidden>' in page
    with client.session_transaction() as cookie:
        old = cookie[KEY]
    options = asked_at(client, "/account/passkeys/new/options")
    assert options["rp"]["id"] == "market.example" and options["attestation"] == "none"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert EMAIL not in options["user"]["id"] and str(yan.id) != options["user"]["id"]
    done = client.post("/account/passkeys/new", data={"name": "Telephone", "credential": device.make(options)})
    assert done.location == "/account/passkeys"
    listed = client.get("/account/passkeys").text
    assert "Telephone" in listed and "never used" in listed and "signs you in from now on" in listed
    with client.session_transaction() as cookie:
        assert cookie[KEY] != old
    assert entries("passkey.added") == 1 and "Telephone" in mailed(EMAIL)[-1]
    client.post("/sign-out")
    assert not is_in(client)
    after(minutes=1)
    assert come_in(client, device, next="/events").location == "/events"
    assert is_in(client) and entries("passkey.used") == 1
    assert "Passkeys: 1" in client.get("/account").text and "last used" in client.get("/account/passkeys").text


def test_it_stands_for_the_second_factor(client, yan, telephone, after):
    telephone(yan)
    device = Device()
    has_passkey(yan, device)
    after(minutes=1)
    assert enter(client).location == "/sign-in/code"
    assert come_in(client, device).location == "/"
    assert is_in(client)
    assert session.scalar(select(BrowserSession.with_code).order_by(BrowserSession.id.desc()).limit(1))


def test_staff_of_whom_a_second_factor_is_asked_come_in_by_it(client, mode, after):
    dai = an_account("dai@broker.example", "Dai Lin", broker=True)
    device = Device()
    has_passkey(dai, device)
    after(minutes=1)
    mode("staff")
    assert come_in(client, device).location == "/"
    assert client.get("/desk").status_code == 200


def test_stay_signed_in_and_the_way_on_hold_for_passkeys_too(client, device):
    assert come_in(client, device, remember="true", next="//elsewhere.example").location == "/"
    assert session.scalar(select(BrowserSession.remembered).order_by(BrowserSession.id.desc()).limit(1))


def test_signing_in_gives_the_browser_another_key_and_forgets_what_was_in_its_cookie(client, device, after):
    come_in(client, device)
    with client.session_transaction() as cookie:
        first, cookie["planted"] = cookie[KEY], "x"
    after(minutes=2)
    come_in(client, device)
    with client.session_transaction() as cookie:
        assert cookie[KEY] != first and "planted" not in cookie
    assert sessions.opened_by(first) is None


def test_same_answer_is_not_taken_twice(client, app, device):
    """Not even by whoever has kept the cookie in which the browser remembers what it asked."""
    options = asked_at(client)
    with client.session_transaction() as cookie:
        before = dict(cookie)
    device.count = None
    answer = device.show(options)
    assert client.post("/sign-in/passkey", data={"credential": answer}).status_code == 302
    again = client.post("/sign-in/passkey", data={"credential": answer})
    assert again.status_code == 422 and "took too long" in again.text
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie.update(before)
    assert thief.post("/sign-in/passkey", data={"credential": answer}).status_code == 422
    assert not is_in(thief)


def test_answer_older_than_the_last_is_not_taken(device, yan, after):
    device.count = None
    older, asked_before = passkeys.ask_for_one()
    after(minutes=2)
    newer, asked_after = passkeys.ask_for_one()
    assert passkeys.person_with(device.show(json.loads(newer)), asked_after) == yan
    with pytest.raises(Invalid, match="did not prove"):
        passkeys.person_with(device.show(json.loads(older)), asked_before)


@pytest.mark.parametrize("minutes", [6, -1])
def test_answer_comes_too_late(device, yan, after, minutes):
    options, asked = passkeys.ask_for_one()
    asked = replace(asked, at=asked.at - timedelta(minutes=minutes))
    with pytest.raises(Invalid, match="too long"):
        passkeys.person_with(device.show(json.loads(options)), asked)


def test_browser_that_asked_nothing_is_let_in_by_no_answer(client, app, device):
    other = app.test_client()
    answer = device.show(asked_at(other))
    refused = client.post("/sign-in/passkey", data={"credential": answer, "email": EMAIL, "next": "/events"})
    assert refused.status_code == 422 and f'value="{EMAIL}"' in refused.text and 'value="/events"' in refused.text
    asked_at(client)
    assert client.post("/sign-in/passkey", data={"credential": answer}).status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize("wrong", [
    {"challenge": coded(b"another")}, {"name": "elsewhere.example"}, {"handle": "c29tZWJvZHk"}, {"handle": None},
])
def test_answer_to_another_question_or_for_another_site_or_person_is_refused(client, device, wrong):
    assert come_in(client, device, wrong=wrong).status_code == 422
    assert not is_in(client) and entries("passkey.refused") == 1 and kept(device).last_used_at is None


@pytest.mark.parametrize("origin", ["https://market.example.evil.example", "http://market.example",
                                    "https://market.example:8443", "https://sub.market.example"])
def test_answer_that_another_origin_asked_for_is_refused(client, device, origin):
    device.origin = origin
    assert come_in(client, device).status_code == 422
    assert not is_in(client)


def test_device_that_did_not_check_its_person_is_refused(client, device, yan):
    device.verifies = False
    assert come_in(client, device).status_code == 422
    options, asked = passkeys.ask_for_new(yan)
    other = Device()
    other.verifies = False
    with pytest.raises(Invalid, match="no passkey for this site"):
        passkeys.add(yan, "Watch", other.make(json.loads(options)), asked)


def test_other_key_does_not_sign_for_this_passkey(client, device):
    forger = Device()
    forger.id, forger.handle, forger.count = device.id, device.handle, 7
    assert come_in(client, forger).status_code == 422
    assert entries("passkey.refused") == 1 and entries("passkey.copied") == 0


def test_count_that_goes_back_is_refused_and_noted(client, device, after):
    device.count = 8
    assert come_in(client, device).status_code == 302
    client.post("/sign-out")
    for minute, count in ((3, 8), (5, 2)):
        after(minutes=minute)
        device.count = count
        refused = come_in(client, device)
        assert refused.status_code == 422 and "counts backwards" in refused.text
    assert entries("passkey.copied") == 2 and kept(device).sign_count == 9
    device.count = 4_000_000_000
    after(minutes=10)
    assert come_in(client, device).status_code == 302 and kept(device).sign_count == 4_000_000_001


def test_device_that_does_not_count_is_taken_every_time(client, yan, after):
    device = Device(count=None)
    has_passkey(yan, device)
    for minute in (1, 2):
        after(minutes=minute)
        assert come_in(client, device).status_code == 302


@pytest.mark.parametrize("nonsense", [
    "x", "[]", "{}", '{"id": 1}', "[" * 15_000, '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}',
    "\x00", "9" * 30_000,
])
def test_nonsense_is_refused_and_breaks_nothing(client, yan, after, nonsense):
    asked_at(client)
    assert client.post("/sign-in/passkey", data={"credential": nonsense}).status_code == 422
    enter(client)
    asked_at(client, "/account/passkeys/new/options")
    assert client.post("/account/passkeys/new", data={"credential": nonsense}).status_code == 422
    assert client.post("/account/passkeys/new", data={}).status_code == 422


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature", "attestationObject"])
@pytest.mark.parametrize("value", ["", "AAAA", "!!", "oWFh", 3, None])
def test_broken_parts_of_an_answer_are_refused(client, device, yan, field, value):
    options, asked = passkeys.ask_for_one()
    answer = json.loads(device.show(json.loads(options)))
    answer["response"][field] = value
    if field != "attestationObject":
        with pytest.raises(Invalid):
            passkeys.person_with(json.dumps(answer), asked)
    options, asked = passkeys.ask_for_new(yan)
    answer = json.loads(Device().make(json.loads(options)))
    answer["response"][field] = value
    if field in ("clientDataJSON", "attestationObject"):
        with pytest.raises(Invalid):
            passkeys.add(yan, "X", json.dumps(answer), asked)


def test_passkey_nobody_has_and_one_of_a_closed_account_are_refused_alike(client, device, yan):
    unknown = come_in(client, Device())
    service.disable(service.by_email(EMAIL))
    with transaction():
        session.add(Passkey(user_id=yan.id, name="", credential_id=coded(device.id), handle=device.handle, sign_count=0,
                            public_key="AAAA", created_at=clock.now()))
    closed = come_in(client, device)
    assert unknown.status_code == closed.status_code == 422
    assert "not known here" in unknown.text and "not known here" in closed.text


def test_answer_that_adds_does_not_sign_in_nor_the_other_way_round(yan, device):
    options, asked = passkeys.ask_for_new(yan)
    with pytest.raises(Invalid):
        passkeys.person_with(Device().make(json.loads(options)), asked)
    options, asked = passkeys.ask_for_one()
    with pytest.raises(Invalid):
        passkeys.add(yan, "X", device.show(json.loads(options)), asked)


def test_device_is_told_which_passkeys_it_has_and_who_its_person_is(yan, device):
    options = json.loads(passkeys.ask_for_new(yan)[0])
    assert [one["id"] for one in options["excludeCredentials"]] == [coded(device.id)]
    assert options["user"]["id"] == device.handle


def test_same_passkey_is_not_added_twice(client, yan, device, alice):
    options, asked = passkeys.ask_for_new(alice)
    with pytest.raises(Conflict, match="known here already"):
        passkeys.add(alice, "Mine", device.make(json.loads(options)), asked)
    assert kept(device).user_id == yan.id


def test_adding_needs_the_password_shown_a_moment_ago_and_a_confirmed_address(client, yan, after):
    enter(client)
    after(minutes=16)
    for path in ("/account/passkeys/new", "/account/passkeys/new/options"):
        assert client.get(path).location.startswith("/account/confirm-password?next=")
    assert client.post("/account/passkeys/new", data={"credential": "{}"}).location.startswith("/account/confirm-")
    client.post("/account/confirm-password", data={"password": PASSWORD})
    assert client.get("/account/passkeys/new/options").status_code == 200
    with transaction():
        service.by_email(EMAIL).confirmed_at = None
    assert client.get("/account/passkeys/new/options").status_code == 403
    page = client.get("/account/passkeys/new").text
    assert "Confirm your e-mail address first" in page and "data-passkey" not in page


def test_revoked_it_signs_nobody_in_and_other_browsers_are_out(client, app, device, yan):
    enter(client)
    other = app.test_client()
    come_in(other, device)
    assert is_in(other)
    with client.session_transaction() as cookie:
        old = cookie[KEY]
    assert client.post(f"/account/passkeys/{kept(device).id}/revoke").location == "/account/passkeys"
    assert not is_in(other) and is_in(client) and entries("passkey.revoked") == 1
    with client.session_transaction() as cookie:
        assert cookie[KEY] != old
    assert come_in(other, device).status_code == 422


def test_somebody_elses_is_not_there(client, signed_in, device, alice):
    hers = signed_in(alice)
    assert hers.post(f"/account/passkeys/{kept(device).id}/revoke").status_code == 404
    assert "Telephone" not in hers.get("/account/passkeys").text
    assert kept(device) is not None


def test_last_way_in_is_not_revoked(client, yan, device, settings):
    with transaction():
        yan.password_hash = None
    row = kept(device)
    with pytest.raises(Conflict, match="Nothing else signs you in"):
        passkeys.revoke(yan, row.id)
    second = has_passkey(yan, Device())
    passkeys.revoke(yan, second.id)
    come_in(client, device)
    assert client.post(f"/account/passkeys/{row.id}/revoke").location == "/account/passkeys"
    assert "Choose a password first" in client.get("/account/passkeys").text and kept(device) is not None
    with transaction():
        session.add(ExternalIdentity(user_id=yan.id, issuer=ISSUER, subject="1", created_at=clock.now(),
                                     last_used_at=clock.now()))
    with pytest.raises(Conflict):
        passkeys.revoke(yan, row.id)
    passkeys.bind(replace(settings, base_url=ADDRESS, openid=OpenIdSettings(issuer=ISSUER, client_id="x")))
    passkeys.revoke(yan, row.id)
    with pytest.raises(NotFound):
        passkeys.revoke(yan, row.id)


def test_new_password_by_mail_ends_them_and_a_changed_one_does_not(client, device, yan, mailed, link_in):
    enter(client)
    assert "as with the old one" in client.get("/account/password").text
    client.post("/account/password", data={"current": PASSWORD, "password": "a new and better one"})
    assert kept(device) is not None
    client.post("/sign-out")
    client.post("/forgotten", data={"email": EMAIL})
    link = link_in(mailed(EMAIL)[-1])
    assert "Your passkeys end too" in client.get(link).text
    client.post(link, data={"password": "another and better one"})
    assert kept(device) is None and entries("passkeys.ended") == 1


def test_signing_somebody_out_from_the_command_line_ends_them(device, yan):
    service.end_everything(yan)
    assert kept(device) is None


def test_account_that_goes_takes_them_along(device, yan):
    with transaction():
        session.execute(delete(User).where(User.id == yan.id))
    assert kept(device) is None


def test_trying_is_limited_like_passwords(client, device, limited):
    answers = [come_in(client, device, wrong={"name": "x.example"}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
