"""An edition to be seated, and a worker that thinks for a moment only."""

from __future__ import annotations

import pytest
from events.planned import a_series, an_edition

from marketplace.events.models import Edition
from marketplace.seating import working


@pytest.fixture
def friday(erin, company, monkeypatch) -> Edition:
    monkeypatch.setattr(working, "QUICK", 0.4)
    monkeypatch.setattr(working, "LONG", 1.0)
    return an_edition(erin, a_series(erin), days=0)
