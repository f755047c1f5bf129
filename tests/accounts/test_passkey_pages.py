"""The pages of passkeys: where there are any, in which words, and how many of which names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from accounts.conftest import an_account
from accounts.passkey_device import ADDRESS, Device
from accounts.test_passkeys import EMAIL, enter, has_passkey

from marketplace import clock
from marketplace.accounts import passkeys
from marketplace.accounts.models import Passkey
from marketplace.db import session, transaction


@pytest.fixture
def yan(after, settings):
    passkeys.bind(replace(settings, base_url=ADDRESS))
    yield an_account(EMAIL, "Yan Li")
    passkeys.bind(settings)


def test_there_may_be_many_but_not_any_number(client, yan):
    with transaction():
        session.add_all(Passkey(user_id=yan.id, name=f"{n}", credential_id=f"{n}", public_key="", handle="AAAA",
                                sign_count=0, created_at=clock.now()) for n in range(passkeys.MOST))
    enter(client)
    assert client.get("/account/passkeys/new/options").status_code == 409


def test_too_long_a_name_is_cut_and_a_missing_one_is_the_devices(yan, after):
    assert len(has_passkey(yan, Device(), "键" * 200).name) == passkeys.LONGEST_NAME
    assert has_passkey(yan, Device(), None).name == ""


@pytest.mark.parametrize(("address", "site"), [
    ("https://market.example", ("market.example", "https://market.example")),
    ("https://Market.Example:443/at", ("market.example", "https://market.example")),
    ("https://market.example:8443", ("market.example", "https://market.example:8443")),
    ("http://localhost:8000", ("localhost", "http://localhost:8000")),
    ("https://引桥.example", ("xn--20t40s.example", "https://xn--20t40s.example")),
    ("http://market.example", None), ("http://127.0.0.1:8000", None), ("https://[::1]", None),
])
def test_where_browsers_know_passkeys(yan, settings, address, site):
    passkeys.bind(replace(settings, base_url=address))
    found = passkeys.site()
    assert (found and (found.name, found.origin)) == site


def test_elsewhere_pages_offer_none_and_say_so(client, yan, settings):
    passkeys.bind(settings)
    assert "data-passkey" not in client.get("/sign-in").text
    enter(client)
    for path in ("/account/passkeys", "/account/passkeys/new"):
        page = client.get(path).text
        assert "cannot be used at this address" in page and "data-passkey" not in page
    assert client.get("/sign-in/passkey/options").status_code == 409
    assert client.post("/account/passkeys/new", data={"credential": "{}"}).status_code == 409


def test_pages_in_chinese_name_passkeys_as_devices_do(client, yan):
    assert "用通行密钥登录" in client.get("/sign-in?lang=zh").text
    enter(client)
    assert "添加通行密钥" in client.get("/account/passkeys?lang=zh").text
