"""What the command line does for somebody who has lost a telephone or a laptop."""

from __future__ import annotations

import pytest
from accounts.conftest import an_account
from click.testing import CliRunner

from marketplace import clock
from marketplace.accounts import second_factor, service, sessions, tokens
from marketplace.commands import ready
from marketplace.commands.users import user
from marketplace.errors import Conflict, NotFound

ADDRESS = "xu@company.example"


@pytest.fixture
def run(monkeypatch, settings):
    """run("sign-out", ADDRESS) -> what the command answers, on the database of the tests."""
    monkeypatch.setattr(ready, "settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(user, arguments)


def test_lost_second_factor_is_taken_away_and_every_browser_signed_out(run, telephone, mailed):
    xu = an_account(ADDRESS, "Xu Ning")
    telephone(xu)
    key = sessions.add(xu, with_code=True)
    assert sessions.opened_by(key) is not None
    assert "password alone" in run("reset-second-factor", f" {ADDRESS.upper()} ").output
    assert sessions.opened_by(key) is None
    assert not second_factor.is_asked(service.by_email(ADDRESS))
    assert "Your second factor is off" in mailed(ADDRESS)[-1]
    assert "has no second factor" in run("reset-second-factor", ADDRESS).output


def test_somebody_is_signed_out_everywhere_and_their_tokens_end(run):
    xu = an_account(ADDRESS, "Xu Ning")
    keys = [sessions.add(xu) for _ in range(2)]
    service.new_token(xu, name="import")
    assert "2 browsers" in run("sign-out", ADDRESS).output
    assert [sessions.opened_by(key) for key in keys] == [None, None]
    assert service.tokens_of(service.by_email(ADDRESS)) == []


@pytest.mark.parametrize("command", ["sign-out", "reset-second-factor"])
def test_address_without_an_account_is_named(run, command):
    done = run(command, "nobody@company.example")
    assert isinstance(done.exception, NotFound) and "nobody@company.example" in str(done.exception)


def test_a_disabled_account_opens_nothing_until_it_is_enabled(run, erin):
    xu = an_account(ADDRESS, "Xu Ning")
    key = sessions.add(xu)
    token, _ = service.new_token(xu, name="import")
    assert "no longer sign in" in run("disable", ADDRESS).output
    assert "disabled already" in run("disable", ADDRESS).output
    assert sessions.opened_by(key) is None and tokens.good(token, clock.now()) is None
    assert "can sign in again" in run("enable", ADDRESS).output
    assert "was not disabled" in run("enable", ADDRESS).output
    assert not service.by_email(ADDRESS).disabled_at and sessions.opened_by(key) is None


def test_the_last_operator_is_not_disabled(run, erin):
    refused = run("disable", erin.email)
    assert isinstance(refused.exception, Conflict) and erin.disabled_at is None
    an_account("another@operator.example", "Another", operator=True)
    assert "no longer sign in" in run("disable", erin.email).output
