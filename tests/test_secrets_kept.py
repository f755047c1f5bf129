"""Secrets in the database are of no use without the key beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from marketplace import config, secrets_kept

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def bound_again(settings: config.Settings):
    secrets_kept.bind(settings)
    yield
    secrets_kept.bind(settings)


def test_what_was_sealed_is_opened_again_and_never_stands_there_readable() -> None:
    sealed = secrets_kept.seal("whsec_叁", "webhooks")
    assert "whsec" not in sealed
    assert secrets_kept.unseal(sealed, "webhooks") == "whsec_叁"


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    assert secrets_kept.seal("a", "webhooks") != secrets_kept.seal("a", "webhooks")


def test_what_was_sealed_for_one_purpose_opens_for_no_other() -> None:
    sealed = secrets_kept.seal("seed", "second factor")
    with pytest.raises(secrets_kept.Unreadable):
        secrets_kept.unseal(sealed, "webhooks")


def test_another_key_opens_nothing(settings: config.Settings) -> None:
    sealed = secrets_kept.seal("seed", "second factor")
    secrets_kept.bind(replace(settings, secret_key="another key, just as long"))
    with pytest.raises(secrets_kept.Unreadable):
        secrets_kept.unseal(sealed, "second factor")


@pytest.mark.parametrize("forged", ["", "gAAAA", "不是密文", "x" * 200])
def test_what_was_tampered_with_is_refused(forged: str) -> None:
    with pytest.raises(secrets_kept.Unreadable):
        secrets_kept.unseal(forged, "webhooks")
