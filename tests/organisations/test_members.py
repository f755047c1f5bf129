from datetime import timedelta

import pytest
from conftest import a_person

from marketplace import clock
from marketplace.accounts import accepting, texts
from marketplace.accounts import service as accounts
from marketplace.db import transaction
from marketplace.errors import Conflict, Forbidden, NotFound
from marketplace.organisations import members
from marketplace.organisations import service as organisations
from marketplace.organisations.models import Role
from marketplace.organisations.permissions import role_in

GAO = "gao@institute.example"
ALICE, BOB, CHARLIE = "alice@institute.example", "bob@institute.example", "charlie@company.example"
PASSWORD = "correct horse battery"
MEMBERS = "/organisations/institute/members"


@pytest.fixture
def gao():
    person = accounts.create(GAO, "Gao Yun", PASSWORD, language="en")
    accepting.accept(person)
    return person


def invite(alice, institute, email=GAO, role=Role.EDITOR):
    return members.invite(alice, institute, email, role)


def role_of(email, slug="institute"):
    person = accounts.by_email(email)
    return role_in(person, organisations.get(person, slug).id)


def test_newcomer_joins_with_a_new_account(signed_in, client, alice, institute, invitation_link, told):
    invited = {"email": " Gao@Institute.example ", "role": "viewer"}
    page = signed_in(alice).post(MEMBERS, data=invited, follow_redirects=True)
    assert GAO in page.text
    path = invitation_link(GAO)
    assert "Your account will be gao@institute.example" in client.get(path).text
    form = {"name": "Gao Yun", "password": "short", "language": "en", "accept": "1",
            "editions": texts.shown(texts.in_force())}
    assert "this has 5" in client.post(path, data=form).text
    assert client.post(path, data={**form, "password": PASSWORD}).location == "/organisations/institute"
    assert client.get(MEMBERS).status_code == 200
    person = accounts.by_email(GAO)
    assert (person.confirmed_at is not None, role_of(GAO)) == (True, Role.VIEWER)
    assert told(alice) == ["Gao Yun has joined Institute."]
    assert client.get(path).status_code == 410


def test_person_with_an_account_signs_in_and_joins(client, alice, institute, gao, invitation_link):
    with transaction():
        gao.confirmed_at = None
    invite(alice, institute)
    path = invitation_link(GAO)
    page = client.get(path)
    assert f"/sign-in?next={path}" in page.text
    assert client.post(path, data={"name": "Thief", "password": PASSWORD, "language": "en"}).status_code == 200
    assert client.post("/sign-in", data={"email": GAO, "password": PASSWORD, "next": path}).location == path
    assert "Join Institute" in client.get(path).text
    assert client.post(path).location == "/organisations/institute"
    assert accounts.by_email(GAO).confirmed_at is not None
    assert role_of(GAO) is Role.EDITOR


def test_somebody_else_cannot_use_the_link(signed_in, charlie, alice, institute, invitation_link):
    invite(alice, institute)
    browser = signed_in(charlie)
    path = invitation_link(GAO)
    assert "you are signed in as charlie@company.example" in browser.get(path).text
    assert "you are signed in as" in browser.post(path).text
    assert role_of(CHARLIE) is None


def test_forged_expired_and_withdrawn_invitations_open_nothing(client, alice, institute, invitation_link, monkeypatch):
    invite(alice, institute)
    path = invitation_link(GAO)
    assert client.get("/join/forged").status_code == 410
    later = clock.now() + members.LIFETIME
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert client.get(path).status_code == 410
    alice, institute = accounts.by_email(ALICE), organisations.get(None, "institute")
    members.withdraw_invitation(alice, institute, members.invitations(alice, institute)[0].id)
    assert client.get(path).status_code == 410
    assert client.post(path, data={"name": "Gao", "password": PASSWORD, "language": "en"}).status_code == 410


def test_inviting_again_renews_the_invitation(alice, institute, monkeypatch):
    first = invite(alice, institute)
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    second = invite(alice, institute, role=Role.ADMIN)
    assert (second.id, second.role, second.expires_at) == (first.id, Role.ADMIN, later + members.LIFETIME)


def test_member_is_not_invited_again(signed_in, alice, bob):
    page = signed_in(alice).post(MEMBERS, data={"email": BOB, "role": "editor"})
    assert "belongs to the organisation already" in page.text


def test_member_list_is_for_colleagues_and_operators(signed_in, alice, bob, charlie, dana, erin):
    addresses = [alice.email, bob.email]
    for reader in (bob, erin):
        page = signed_in(reader).get(MEMBERS).text
        assert all(address in page for address in addresses)
    for stranger in (charlie, dana):
        assert signed_in(stranger).get(MEMBERS).status_code == 404


def test_colleague_who_is_no_administrator_changes_nothing(signed_in, alice, bob, institute):
    number = alice.memberships[0].id
    invitation = invite(alice, institute)
    browser = signed_in(bob)
    assert "Invite a colleague" not in browser.get(MEMBERS).text
    assert browser.post(MEMBERS, data={"email": GAO, "role": "admin"}).status_code == 403
    assert browser.post(f"{MEMBERS}/{number}/role", data={"role": "viewer"}).status_code == 403
    assert browser.post(f"{MEMBERS}/{number}/remove").status_code == 403
    assert browser.post(f"/organisations/institute/invitations/{invitation.id}/withdraw").status_code == 403


def test_stranger_and_visitor_reach_no_membership(signed_in, client, charlie, alice, bob, institute, company):
    number, theirs = bob.memberships[0].id, charlie.memberships[0].id
    administrator = signed_in(alice)
    browser = signed_in(charlie)
    for action in ("role", "remove"):
        assert browser.post(f"{MEMBERS}/{number}/{action}", data={"role": "viewer"}).status_code == 404
        assert "/sign-in" in client.post(f"{MEMBERS}/{number}/{action}").location
        assert administrator.post(f"{MEMBERS}/{theirs}/{action}", data={"role": "viewer"}).status_code == 404
    assert "/sign-in" in client.post("/organisations/institute/approval").location
    assert "/sign-in" in client.post("/organisations/institute/invitations/1/withdraw").location


def test_administrator_changes_roles_and_removes(signed_in, alice, bob, institute):
    number = bob.memberships[0].id
    browser = signed_in(alice)
    browser.post(f"{MEMBERS}/{number}/role", data={"role": "admin"})
    assert role_of(BOB) is Role.ADMIN
    assert browser.post(f"{MEMBERS}/{number}/role", data={"role": "emperor"}).status_code == 422
    browser.post(f"{MEMBERS}/{number}/remove")
    assert role_of(BOB) is None


def test_member_leaves(signed_in, bob, institute):
    number = bob.memberships[0].id
    assert signed_in(bob).post(f"{MEMBERS}/{number}/remove").location == "/account"
    assert role_of(BOB) is None


def test_last_administrator_stays(signed_in, alice, bob, institute):
    membership = alice.memberships[0]
    number = membership.id
    with pytest.raises(Conflict, match="needs an administrator"):
        members.remove(alice, membership)
    with pytest.raises(Conflict, match="needs an administrator"):
        members.change_role(alice, membership, Role.VIEWER)
    assert role_of(ALICE) is Role.ADMIN
    browser = signed_in(accounts.by_email(ALICE))
    for action in ("remove", "role"):
        page = browser.post(f"{MEMBERS}/{number}/{action}", data={"role": "viewer"}, follow_redirects=True)
        assert "needs an administrator" in page.text


def test_approval_is_switched_by_administrators(signed_in, alice, institute):
    browser = signed_in(alice)
    page = browser.post("/organisations/institute/approval", data={"required": "1"}, follow_redirects=True)
    assert "An administrator approves every listing first." in page.text
    page = browser.post("/organisations/institute/approval", data={"required": "0"}, follow_redirects=True)
    assert "Editors submit listings by themselves." in page.text


def test_accepting_is_checked_below_the_edge_too(alice, charlie, institute):
    invitation = invite(alice, institute)
    with pytest.raises(Forbidden):
        members.accept(charlie, invitation)
    gao = a_person(GAO)
    members.accept(gao, invitation)
    with pytest.raises(Conflict):
        members.accept(gao, invitation)
    with pytest.raises(NotFound):
        members.withdraw_invitation(alice, institute, invitation.id)


def test_invitation_does_not_lower_a_role_somebody_has(alice, bob, institute):
    invitation = invite(alice, institute, role=Role.VIEWER)
    gao = a_person(GAO)
    members.add(institute, gao, Role.ADMIN)
    assert members.accept(gao, invitation).role is Role.ADMIN
