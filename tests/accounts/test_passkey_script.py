"""Passkeys in a real browser with a device that its developers' tools put in, and in one that knows none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from accounts.conftest import PASSWORD, an_account
from running import CHROMIUM, HOW_TO_GET_CHROMIUM, chromium
from sqlalchemy import select

from marketplace.accounts import passkeys
from marketplace.accounts.models import Passkey
from marketplace.db import session

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason=HOW_TO_GET_CHROMIUM)]
HERE = "http://localhost"
EMAIL = "yan@company.example"
DEVICE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
          "isUserVerified": True, "automaticPresenceSimulation": True}
KNOWS_NONE = "delete window.PublicKeyCredential"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser, client, settings):
    """A telephone's page, with the application at the other end."""
    passkeys.bind(replace(settings, base_url=HERE))
    an_account(EMAIL, "Yan Li")
    context = browser.new_context(base_url=HERE, locale="en-GB", viewport={"width": 390, "height": 844})
    opened = context.new_page()
    opened.told = []

    def answer(route):
        request = route.request
        found = client.open(request.url.removeprefix(HERE), method=request.method, data=request.post_data_buffer,
                            buffered=True, content_type=request.headers.get("content-type"))
        if found.location:  # the browser would follow it past us
            body = f'<meta http-equiv="refresh" content="0;url={found.location}">'
            return route.fulfill(content_type="text/html", body=body)
        return route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.data)

    opened.route("**/*", answer)
    opened.on("pageerror", lambda error: opened.told.append(str(error)))
    yield opened
    assert opened.told == []
    context.close()
    passkeys.bind(settings)


def with_a_device(page, **other):
    """The tools of the page, with a device whose person shows themselves without being asked."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, **other}})
    return tools


def enter(page):
    page.goto("/sign-in?next=/account/passkeys")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")  # the first button is the one that Enter presses
    page.wait_for_url(f"{HERE}/account/passkeys")


def test_person_adds_a_passkey_and_comes_back_with_it_by_keyboard(page, client):
    with_a_device(page)
    enter(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name of the passkey").fill("Telephone")
    page.get_by_label("Name of the passkey").press("Enter")
    page.wait_for_url(f"{HERE}/account/passkeys")
    page.get_by_text("never used").wait_for()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("alert").filter(has_text="No passkey was made").wait_for()  # this device has one
    client.post("/sign-out")
    page.goto("/sign-in?next=/account/passkeys")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Sign in with a passkey").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{HERE}/account/passkeys")
    page.get_by_text("last used").wait_for()
    row = session.scalars(select(Passkey)).one()
    assert row.name == "Telephone" and row.sign_count > 1


def test_device_that_has_none_says_so_and_the_password_still_signs_in(page):
    with_a_device(page)
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("alert").filter(has_text="No passkey was shown").wait_for()
    enter(page)


def test_browser_that_knows_none_shows_no_button_and_the_password_signs_in(page):
    page.add_init_script(KNOWS_NONE)
    page.goto("/sign-in")
    assert page.locator("[data-passkey]").is_hidden()
    enter(page)
    page.get_by_role("link", name="Add a passkey").click()
    assert page.locator("[data-passkey]").is_hidden()
