"""Where brokers and operators must have a second factor."""

from __future__ import annotations

import re

import pyotp
import pytest
from accounts.conftest import PASSWORD, an_account

from marketplace import clock
from marketplace.accounts import service

ADDRESS = "xu@company.example"
STAFF = "dai@broker.example"


@pytest.fixture
def xu():
    return an_account(ADDRESS, "Xu Ning")


@pytest.fixture
def dai():
    return an_account(STAFF, "Dai Lin", broker=True)


def enter(client, email):
    return client.post("/sign-in", data={"email": email, "password": PASSWORD})


def test_staff_are_led_to_it_and_reach_nothing_else(client, dai, mode, after):
    mode("staff")
    assert enter(client, STAFF).location == "/"
    for path in ("/", "/desk", "/account", "/search", "/account/second-factor", "/account/tokens", "/help"):
        assert client.get(path).location == "/account/second-factor/new", path
    assert client.post("/account/tokens", data={}).location == "/account/second-factor/new"
    assert client.get("/api/v1/me").status_code == 403
    page = client.get("/account/second-factor/new").text
    assert "You can go on once yours is set up" in page
    seed = re.search(r"<samp>([A-Z2-7 ]+)</samp>", page)[1].replace(" ", "")
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    code = pyotp.TOTP(seed).at(int(clock.now().timestamp()))
    client.post("/account/second-factor/new", data={"code": code, "token": token})
    assert client.get("/desk").status_code == 200
    assert client.get("/api/v1/me").status_code == 200
    assert "Turn off" not in client.get("/account/second-factor").text
    assert "need a second factor here" in client.post("/account/second-factor/off").text


def test_staff_who_turned_it_off_while_they_might_set_it_up_again_once_they_must(client, dai, mode, telephone, after):
    phone = telephone(dai)
    enter(client, STAFF)
    client.post("/sign-in/code", data={"code": phone.shows()})
    client.post("/account/second-factor/off")
    assert client.get("/desk").status_code == 200
    mode("staff")
    assert client.get("/desk").location == "/account/second-factor/new"


def test_staff_who_have_to_set_it_up_may_sign_out(client, dai, mode):
    mode("staff")
    enter(client, STAFF)
    assert client.post("/sign-out").location == "/"
    assert client.get("/").status_code == 200


def test_others_are_not_led_anywhere_where_staff_must(client, xu, mode):
    mode("staff")
    enter(client, ADDRESS)
    assert client.get("/account").status_code == 200 and client.get("/").status_code == 200


def test_tokens_of_staff_without_one_open_nothing(client, dai, mode):
    token, _ = service.new_token(dai)
    mine = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/me", headers=mine).status_code == 200
    mode("staff")
    refused = client.get("/api/v1/me", headers=mine)
    assert refused.status_code == 403 and "second factor" in refused.json["detail"]
    asked = client.post("/api/v1/tokens", json={"email": STAFF, "password": PASSWORD})
    assert asked.status_code == 403
