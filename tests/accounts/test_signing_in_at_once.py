"""Two processes at the same moment: commits are real here, and everybody has a connection of their own."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pyotp
import pytest
from accounts.conftest import PASSWORD

from marketplace import clock
from marketplace.accounts import second_factor, service, sessions
from marketplace.accounts.models import SecondFactor
from marketplace.db import session
from marketplace.errors import Invalid, Unauthorised

ADDRESS = "xu@company.example"


@pytest.fixture
def xu(own_database):
    return service.create(ADDRESS, "Xu Ning", PASSWORD, language="en")


@pytest.fixture
def phone(xu):
    drafted = second_factor.draft(xu)
    app = pyotp.TOTP(drafted.seed)
    codes = second_factor.turn_on(xu, drafted.token, app.at(int(clock.now().timestamp()) - 30))
    return app, codes


def at_once(*acts: Callable[[], object]) -> list[bool]:
    """Which of these were taken when all began in the same moment."""
    barrier, taken = Barrier(len(acts)), [False] * len(acts)

    def run(place: int) -> None:
        barrier.wait()
        try:
            acts[place]()
            taken[place] = True
        except (Invalid, Unauthorised):
            pass
        finally:
            session.remove()

    session.remove()
    threads = [Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return taken


def entering(code):
    return lambda: second_factor.check(service.by_email(ADDRESS), code)


def test_a_code_that_two_browsers_send_at_once_opens_one(phone):
    code = phone[0].at(int(clock.now().timestamp()))
    assert sum(at_once(*[entering(code)] * 4)) == 1


def test_a_recovery_code_that_two_browsers_send_at_once_opens_one(phone):
    assert sum(at_once(*[entering(phone[1][0])] * 4)) == 1
    assert second_factor.recovery_codes_left(service.by_email(ADDRESS)) == 9


def test_guesses_made_at_once_are_counted_one_by_one(phone):
    assert sum(at_once(*[entering("000000")] * 8)) == 0
    factor = session.get_one(SecondFactor, service.by_email(ADDRESS).id)
    assert factor.failures == second_factor.TRIES and factor.refused_until is not None


def test_session_that_is_ended_and_renewed_at_once_is_either_whole_or_gone(xu):
    opened = sessions.opened_by(sessions.add(xu))
    number, keys = opened.row.id, []

    def renew():
        keys.append(sessions.renew(opened.row))

    assert at_once(renew, lambda: sessions.end(service.by_email(ADDRESS), number))[1]
    assert [sessions.opened_by(key) for key in keys] in ([], [None])


def test_browsers_beyond_the_most_are_dropped_whoever_comes_first(xu, monkeypatch):
    monkeypatch.setattr(sessions, "MOST", 2)
    assert all(at_once(*[lambda: sessions.add(service.by_email(ADDRESS))] * 4))
    sessions.add(service.by_email(ADDRESS))
    assert len(sessions.of(service.by_email(ADDRESS))) == 2
