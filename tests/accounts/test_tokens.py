"""Keys for programs: what they open, for how long, and who may make, see and revoke them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from accounts.conftest import PASSWORD
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts import passwords, service, tokens
from marketplace.accounts.models import ApiToken, User
from marketplace.accounts.scopes import Scope
from marketplace.db import session, transaction
from marketplace.messaging.models import Notice

MADE = {"name": "Nightly import", "scopes": ["read", "write:listings"], "days": "90", "password": PASSWORD}


@pytest.fixture
def wu(alice):
    """Alice, with a password."""
    with transaction():
        alice.password_hash = passwords.hashed(PASSWORD)
    return alice


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def shown(page):
    return re.search(r"yq_[\w-]{40,}", page.text)[0]


def test_person_makes_a_token_on_the_account_page_and_sees_it_once(app, client, signed_in, wu):
    browser = signed_in(wu)
    made = browser.post("/account/tokens", data=MADE)
    token = shown(made)
    assert client.get("/api/v1/me", headers=bearer(token)).json["email"] == wu.email
    listed = browser.get("/account/tokens").text
    assert "Nightly import" in listed and "write:listings" in listed and token not in listed
    (row,) = service.tokens_of(wu)
    assert row.digest not in listed and token not in repr(row.__dict__)
    assert row.expires_at - row.created_at == timedelta(days=90)


def test_making_a_token_needs_the_password_and_keeps_the_rest_of_the_form(signed_in, wu):
    page = signed_in(wu).post("/account/tokens", data={**MADE, "password": "wrong"})
    assert page.status_code == 422
    assert "This is not your present password." in page.text and 'value="Nightly import"' in page.text
    assert re.search(r'value="write:listings" checked', page.text)
    assert not service.tokens_of(wu)


@pytest.mark.parametrize(("changed", "complaint"), [
    ({"scopes": []}, "Tick at least one"), ({"scopes": ["everything"]}, "none of the choices"),
    ({"days": "3650"}, "none of the choices"), ({"name": ""}, "This is needed."), ({"name": "x" * 61}, "60 characters"),
])
def test_what_is_wrong_with_a_new_token_is_said_beside_its_field(signed_in, wu, changed, complaint):
    page = signed_in(wu).post("/account/tokens", data={**MADE, **changed})
    assert page.status_code == 422 and complaint in page.text


def test_two_tokens_of_one_person_do_not_share_a_name(signed_in, wu, charlie):
    service.new_token(charlie, name="Nightly import")
    browser = signed_in(wu)
    browser.post("/account/tokens", data=MADE)
    assert "You have a token called “Nightly import” already." in browser.post("/account/tokens", data=MADE).text


def test_person_without_a_password_is_told_how_to_get_one(signed_in, alice):
    page = signed_in(alice).get("/account/tokens").text
    assert "Your account has no password yet" in page and "/forgotten?email=" in page
    assert signed_in(alice).post("/account/tokens", data=MADE).status_code == 422


def test_tokens_are_seen_and_revoked_by_their_person_alone(signed_in, wu, charlie, erin):
    token, _ = service.new_token(wu, name="Mine")
    (row,) = service.tokens_of(wu)
    for stranger in (charlie, erin):
        browser = signed_in(stranger)
        assert "Mine" not in browser.get("/account/tokens").text
        assert browser.post(f"/account/tokens/{row.id}/revoke").status_code == 404
    assert tokens.good(token, clock.now()) is not None
    assert signed_in(wu).post(f"/account/tokens/{row.id}/revoke").location == "/account/tokens"
    assert tokens.good(token, clock.now()) is None


def test_visitor_is_asked_to_sign_in_first(client):
    assert "/sign-in" in client.get("/account/tokens").location
    assert "/sign-in" in client.post("/account/tokens", data=MADE).location
    assert "/sign-in" in client.post("/account/tokens/1/revoke").location


def test_token_that_only_reads_changes_nothing_and_is_told_what_it_lacks(client, wu):
    token, _ = service.new_token(wu, scopes=[Scope.READ])
    assert client.get("/api/v1/me", headers=bearer(token)).status_code == 200
    refused = client.post("/api/v1/listings", json={}, headers=bearer(token))
    assert (refused.status_code, refused.content_type) == (403, "application/problem+json")
    assert "write:listings" in refused.json["detail"]
    assert client.post("/api/v1/introductions", json={}, headers=bearer(token)).status_code == 403
    assert client.post("/api/v1/searches", json={}, headers=bearer(token)).status_code == 403


def test_token_that_only_writes_listings_reads_nothing_not_even_what_everybody_may(client, wu):
    token, _ = service.new_token(wu, scopes=[Scope.LISTINGS])
    assert client.post("/api/v1/listings", json={}, headers=bearer(token)).status_code == 422
    for address in ("/api/v1/me", "/api/v1/search", "/api/v1/introductions"):
        refused = client.get(address, headers={**bearer(token), "Accept-Language": "zh"})
        assert refused.status_code == 403 and "read" in refused.json["detail"]
    assert client.get("/api/v1/search").status_code == 200


def test_any_token_may_give_itself_up_and_be_renewed(client, wu):
    token, _ = service.new_token(wu, scopes=[Scope.ACCOUNT])
    again = client.post("/api/v1/tokens", json={"email": wu.email, "password": PASSWORD}, headers=bearer("yq_expired"))
    assert again.status_code == 201
    assert client.delete("/api/v1/tokens/current", headers=bearer(token)).status_code == 204


def test_program_asks_for_scopes_a_name_and_a_term(client, wu):
    asked = {"email": wu.email, "password": PASSWORD, "name": "ERP", "scopes": ["write:listings", "read", "read"],
             "days": 365}
    made = client.post("/api/v1/tokens", json=asked)
    assert (made.status_code, made.json["scopes"], made.json["name"]) == (201, ["read", "write:listings"], "ERP")
    assert client.post("/api/v1/tokens", json=asked).json["fields"] == {
        "name": "You have a token called “ERP” already."}
    for wrong in ({"scopes": []}, {"scopes": ["root"]}, {"days": 31}, {"days": "x"}, {"name": 7}):
        assert client.post("/api/v1/tokens", json={**asked, **wrong}).status_code == 422


def test_without_a_scope_a_token_may_what_its_person_may(client, wu):
    made = client.post("/api/v1/tokens", json={"email": wu.email, "password": PASSWORD}).json
    assert made["scopes"] is None
    assert client.post("/api/v1/listings", json={}, headers=bearer(made["token"])).status_code == 422


def test_new_password_ends_every_token(client, wu):
    token, _ = service.new_token(wu)
    service.change_password(wu, PASSWORD, "a new and better one")
    assert client.get("/api/v1/me", headers=bearer(token)).status_code == 401


def test_programs_that_ask_for_ever_more_tokens_lose_those_used_longest_ago(wu, charlie, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_UNNAMED", 3)
    named, _ = service.new_token(wu, name="Kept")
    others, _ = service.new_token(charlie)
    made = [service.new_token(wu)[0] for _ in range(2)]
    tokens.good(made[0], clock.now() + timedelta(minutes=1))
    made += [service.new_token(wu)[0] for _ in range(2)]
    good = [tokens.good(one, clock.now()) is not None for one in (named, others, *made)]
    assert good == [True, True, True, False, True, True]


def test_person_has_at_most_so_many_named_tokens(wu, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_NAMED", 1)
    service.new_token(wu, name="one")
    with pytest.raises(Exception, match="Revoke one"):
        service.new_token(wu, name="two")


def test_token_that_ends_soon_is_told_of_once(wu, mailed):
    service.new_token(wu, name="ERP")
    service.new_token(wu)
    service.new_token(wu, name="Far", days=90)
    with clock.at(clock.now() + timedelta(days=24)):
        tokens.look_after()
        tokens.look_after()
        mailed(wu.email)
    told = session.scalars(select(Notice).where(Notice.user_id == wu.id)).all()
    assert [(one.values["name"], one.url) for one in told] == [("ERP", "/account/tokens")]


def test_every_route_of_the_api_says_what_scope_it_takes(app):
    """A blueprint that gets its first change needs a scope in app.py, or the view one of its own."""
    needed = app.extensions["scope needed"]
    taken = {}
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1") or rule.endpoint == "api_docs.openapi":
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            taken[f"{method} {rule.rule}"] = needed(rule.endpoint, method)
    assert {operation for operation, scope in taken.items() if scope is None} == {
        "POST /api/v1/tokens", "DELETE /api/v1/tokens/current"}
    assert all(scope is Scope.READ for operation, scope in taken.items() if operation.startswith("GET "))
    assert all(scope is not Scope.READ for operation, scope in taken.items() if not operation.startswith("GET "))
    assert len(taken) > 80


def test_the_description_of_the_api_names_the_scopes(client):
    described = client.get("/api/v1/openapi.json").json["paths"]
    assert described["/api/v1/listings"]["post"]["security"] == [{"token": ["write:listings"]}]
    assert described["/api/v1/search"]["get"]["security"] == [{"token": ["read"]}, {}]
    assert "write:introductions" in client.get("/api/docs").text


def test_page_of_tokens_asks_the_database_no_more_for_more_of_them(signed_in, wu, count_queries):
    browser, number_of_wu = signed_in(wu), wu.id

    def asked(tokens_there):
        person = session.get_one(User, number_of_wu)
        for number in range(tokens_there):
            service.new_token(person, name=f"{tokens_there} {number}")
        session.remove()
        with count_queries() as asked:
            browser.get("/account/tokens")
        return asked.count

    assert asked(1) == asked(8)


def test_a_token_is_looked_for_in_the_table_by_its_digest_only(wu):
    token, _ = service.new_token(wu)
    kept = session.scalars(select(ApiToken)).one()
    assert kept.digest == tokens.digest(token) and token not in kept.digest


def test_what_has_ended_long_ago_is_thrown_out(wu):
    service.new_token(wu)
    with clock.at(clock.now() + timedelta(days=59)):
        tokens.look_after()
        assert len(session.scalars(select(ApiToken)).all()) == 1
    with clock.at(clock.now() + timedelta(days=61)):
        tokens.look_after()
    assert session.scalars(select(ApiToken)).all() == []
