"""What somebody wrote into a case too often in an hour is still in front of them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.db import session
from marketplace.introductions.models import History
from marketplace.messaging.models import Message
from marketplace.rates import DatabaseStorage
from marketplace.web import limits

pytest_plugins = ["introductions.case_cast"]
LONG = "We measured the conductivity again, at four temperatures, and send the table tomorrow."


@pytest.fixture
def used_up(monkeypatch):
    """Whoever acts has already acted as often as they may."""
    monkeypatch.setattr(limits.limiter, "enabled", True)
    monkeypatch.setattr(DatabaseStorage, "acquire_sliding_window_entry", lambda *_, **__: False)


@pytest.mark.parametrize(("path", "sent"), [
    ("messages", {"body": LONG}), ("moves/close-duplicate", {"note": LONG}), ("meetings/new", {"subject": LONG[:60]}),
])
def test_form_of_a_case_comes_back_filled(signed_in, dana, interest, used_up, path, sent):
    before = session.scalars(select(History.id)).all()
    answer = signed_in(dana).post(f"/introductions/{interest.ref}/{path}", data=sent)
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert next(iter(sent.values())) in answer.text
    assert session.scalars(select(History.id)).all() == before and session.scalars(select(Message)).all() == []


def test_program_is_told_to_wait(app, alice, interest, used_up):
    from marketplace.accounts import service

    bearer = {"Authorization": f"Bearer {service.new_token(alice)[0]}"}
    answer = app.test_client().post(f"/api/v1/introductions/{interest.ref}/messages", json={"body": LONG},
                                    headers=bearer)
    assert (answer.status_code, answer.content_type) == (429, "application/problem+json")


def test_stranger_learns_nothing_more_by_being_refused(signed_in, mallory, interest, used_up):
    answer = signed_in(mallory).post(f"/introductions/{interest.ref}/messages", data={"body": LONG})
    assert answer.status_code == 404
