"""A day of several people: each act leaves an entry that says who, on what, and from where."""

from __future__ import annotations

import pytest
from conftest import a_listing
from sqlalchemy import select

from marketplace import audit, context, outbox
from marketplace.accounts import links, passwords, texts
from marketplace.accounts.links import Purpose
from marketplace.accounts.models import User
from marketplace.audit import UNKNOWN, AuditEntry
from marketplace.db import session, transaction
from marketplace.listings.models import State
from marketplace.organisations.models import Membership, Organisation
from marketplace.web.origin import device

PASSWORD = "four quiet herons at dawn"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"


def latest(action: str) -> AuditEntry:
    found = session.scalars(
        select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc()).limit(1)
    ).first()
    assert found is not None, f"{action} is not recorded"
    return found


def test_from_registering_to_signing_out(client):
    client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    client.environ_base["REMOTE_ADDR"] = "192.0.2.44"
    form = {"name": "Gao Yun", "email": "gao@institute.example", "password": PASSWORD, "language": "en",
            "accept": "1", "editions": texts.shown(texts.in_force())}
    client.post("/register", data=form)
    gao = session.scalars(select(User).where(User.email == "gao@institute.example")).one()
    entry = latest("account.registered")
    assert (entry.actor_id, entry.subject_kind, entry.subject_id) == (None, "user", gao.id)
    assert (entry.via, entry.address, entry.device) == ("page", "192.0.2.44", "Firefox, Windows")
    token = links.link(Purpose.CONFIRM, gao).rpartition("/confirm/")[2]
    client.post(f"/confirm/{token}")
    assert latest("account.confirmed").subject_id == gao.id
    client.post("/sign-in", data={"email": gao.email, "password": "five loud herons at noon"})
    assert latest("session.refused").subject_id == gao.id
    client.post("/sign-in", data={"email": "nobody@institute.example", "password": PASSWORD})
    assert latest("session.refused").subject_id == UNKNOWN
    answer = client.post("/sign-in", data={"email": gao.email, "password": PASSWORD})
    assert latest("session.opened").actor_id == gao.id
    client.post("/account", data={"name": "Gao Yunfei", "language": "en", "version": gao.version})
    changed = latest("account.changed")
    assert changed.details == {"fields": ["name"]} and changed.credential.startswith("session ")
    assert changed.request_id and changed.request_id != answer.headers["X-Request-ID"]
    client.post("/sign-out")
    assert latest("session.closed").actor_id == gao.id


def test_programs_are_told_apart_by_their_token(app, client, alice, institute):
    with transaction():
        alice.password_hash = passwords.hashed(PASSWORD)
    listing = a_listing(institute, state=State.DRAFT)
    token = client.post("/api/v1/tokens", json={"email": alice.email, "password": PASSWORD}).json["token"]
    made = latest("token.made")
    program = app.test_client()
    answer = program.patch(f"/api/v1/listings/{listing.ref}", json={"title": "A calmer electrolyte"},
                           headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 428), answer.text
    if answer.status_code == 428:
        seen = program.get(f"/api/v1/listings/{listing.ref}", headers={"Authorization": f"Bearer {token}"})
        program.patch(f"/api/v1/listings/{listing.ref}", json={"title": "A calmer electrolyte"},
                      headers={"Authorization": f"Bearer {token}", "If-Match": seen.headers["ETag"]})
    entry = latest("listing.changed")
    assert (entry.via, entry.credential) == ("api", f"token {made.details['token']}")


def test_organisations_and_members(signed_in, alice, bob, erin, institute):
    alice_id, bob_id, erin_id, institute_id = alice.id, bob.id, erin.id, institute.id
    browser = signed_in(alice)
    browser.post("/organisations/institute/members", data={"email": "new@institute.example", "role": "viewer"})
    assert latest("member.invited").subject_id == institute_id
    membership = session.scalars(select(Membership).where(Membership.user_id == bob_id)).one()
    browser.post(f"/organisations/institute/members/{membership.id}/role", data={"role": "viewer"})
    assert latest("member.role").details["user_id"] == bob_id
    browser.post("/organisations/institute/approval", data={"required": "1"})
    assert latest("organisation.approval").actor_id == alice_id
    founded = {"name": "新材料所", "kind": "institute", "region": "440300"}
    assert browser.post("/organisations/new", data=founded).status_code == 302
    one = session.scalars(select(Organisation).where(Organisation.name == "新材料所")).one()
    assert latest("organisation.founded").subject_id == one.id
    signed_in(erin).post(f"/operator/organisations/{one.slug}/refuse", data={"reason": "No such institute."})
    refused = latest("organisation.refused")
    assert refused.actor_id == erin_id and "No such" not in str(refused.details)


def test_what_a_worker_does_says_so(institute):
    a_listing(institute)
    with context.of("worker"):
        outbox.drain()
        audit.record(None, "listing.expired", "listing", 1)
    assert latest("listing.expired").via == "worker"


def test_after_a_request_nothing_of_it_is_left(client):
    client.environ_base["REMOTE_ADDR"] = "192.0.2.44"
    client.get("/")
    assert context.current() == context.Origin()


@pytest.mark.parametrize(("sent", "known"), [
    (FIREFOX, "Firefox, Windows"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
     "Mobile/15E148 Safari/604.1", "Safari, iOS"),
    ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36 Edg/131.0",
     "Edge, Windows"),
    ("Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 "
     "MicroMessenger/8.0.50", "WeChat, Android"),
    ("curl/8.5.0", "curl"), ("<script>alert(1)</script>", None), ("", None),
])
def test_a_device_is_known_coarsely(sent, known):
    assert device(sent) == known
