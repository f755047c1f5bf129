from datetime import timedelta

import pytest
from accounts.conftest import PASSWORD

from marketplace import clock
from marketplace.accounts import service, tokens
from marketplace.db import transaction

ADDRESS = "fan@company.example"


@pytest.fixture
def fan():
    return service.create(ADDRESS, "Fan Wei", PASSWORD, language="en")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_program_gets_a_token_uses_it_and_gives_it_up(client, fan):
    answer = client.post("/api/v1/tokens", json={"email": ADDRESS, "password": PASSWORD})
    assert answer.status_code == 201
    token = answer.json["token"]
    assert answer.json["expires_at"].endswith("+00:00")
    assert client.get("/api/v1/me", headers=bearer(token)).json["email"] == ADDRESS
    assert client.delete("/api/v1/tokens/current", headers=bearer(token)).status_code == 204
    assert client.get("/api/v1/me", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize(("email", "password"), [(ADDRESS, "wrong"), ("x@y.example", PASSWORD)])
def test_wrong_credentials_are_a_problem(client, fan, email, password):
    answer = client.post("/api/v1/tokens", json={"email": email, "password": password})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"] == "The address or the password is wrong."


@pytest.mark.parametrize("body", [{}, {"email": 1, "password": "x"}, {"email": ADDRESS, "password": "x", "x": 1}, []])
def test_credentials_that_are_none_are_a_problem(client, body):
    assert client.post("/api/v1/tokens", json=body).status_code == 422


@pytest.mark.parametrize("header", ["Bearer forged", "Bearer ", "Basic x", "Bearer é"])
def test_forged_tokens_are_refused_even_where_visitors_may_come(client, header):
    answer = client.get("/api/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_token_ends_after_its_time_and_with_its_person(client, fan, monkeypatch):
    token, _ = service.new_token(fan)
    later = clock.now() + tokens.LIFETIME
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert client.get("/api/v1/me", headers=bearer(token)).status_code == 401
    with transaction():
        service.by_email(ADDRESS).disabled_at = clock.now()
    assert client.get("/api/v1/me", headers=bearer(token)).status_code == 401


def test_use_is_noted_but_not_at_every_request(client, fan, monkeypatch):
    token, _ = service.new_token(fan)
    first = clock.now()
    for minutes in (0, 30, 61):
        now = first + timedelta(minutes=minutes)
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        client.get("/api/v1/me", headers=bearer(token))
        (row,) = service.tokens_of(service.by_email(ADDRESS))
        assert row.last_used_at == first + timedelta(minutes=0 if minutes < 60 else 61)


def test_cookie_cannot_give_up_a_token(signed_in, fan):
    assert signed_in(fan).delete("/api/v1/tokens/current").status_code == 401


def test_visitor_has_no_token_to_give_up_and_is_nobody(client):
    assert client.delete("/api/v1/tokens/current").status_code == 401
    assert client.get("/api/v1/me").status_code == 401
