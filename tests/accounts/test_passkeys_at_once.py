"""Passkeys in two windows at the same moment: commits are real here, and everybody has a connection of their own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from accounts.conftest import PASSWORD
from accounts.passkey_device import ADDRESS, Device, coded
from accounts.test_signing_in_at_once import at_once

from marketplace.accounts import passkeys, service
from marketplace.db import transaction
from marketplace.errors import Conflict

EMAIL = "yan@company.example"


@pytest.fixture
def at_an_address(settings):
    passkeys.bind(replace(settings, base_url=ADDRESS))
    yield
    passkeys.bind(settings)


@pytest.fixture
def devices(own_database, at_an_address):
    """Two of one person's, each with a passkey."""
    person = service.create(EMAIL, "Yan Li", PASSWORD, language="en")
    made = [Device(count=None), Device(count=None)]
    for device in made:
        options, asked = passkeys.ask_for_new(person)
        passkeys.add(person, "Telephone", device.make(json.loads(options)), asked)
    return made


def test_an_answer_that_is_sent_twice_at_once_opens_one_browser(devices):
    options, asked = passkeys.ask_for_one()
    answer = devices[0].show(json.loads(options))
    assert sum(at_once(*[lambda: passkeys.person_with(answer, asked)] * 4)) == 1


def test_of_the_last_two_passkeys_one_stays_however_they_are_revoked(devices):
    person = service.by_email(EMAIL)
    with transaction():
        person.password_hash = None
    refused = []

    def revoking(number):
        def act():
            try:
                passkeys.revoke(service.by_email(EMAIL), number)
            except Conflict:
                refused.append(number)
        return act

    at_once(*[revoking(one.id) for one in passkeys.of(person)])
    left = passkeys.of(service.by_email(EMAIL))
    assert len(left) == len(refused) == 1 and left[0].credential_id in {coded(one.id) for one in devices}
