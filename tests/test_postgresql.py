"""The tests' own PostgreSQL: one failure to begin does not end a run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import postgresql


class Starting:
    """In the place of the true start: fails as often as told, then gives a server."""

    def __init__(self, failures: int) -> None:
        self.failures, self.folders = failures, list[Path]()

    def __call__(self, data: Path) -> str:
        self.folders.append(data)
        if len(self.folders) <= self.failures:
            raise subprocess.CalledProcessError(1, "initdb")
        return "a server"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "PAUSE", 0)


@pytest.mark.once
def test_a_server_that_does_not_begin_is_made_anew_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starting = Starting(failures=postgresql.TRIES - 1)
    monkeypatch.setattr(postgresql, "_start", starting)

    assert postgresql.started(tmp_path) == "a server"
    assert len(set(starting.folders)) == postgresql.TRIES


@pytest.mark.once
def test_the_last_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starting = Starting(failures=postgresql.TRIES)
    monkeypatch.setattr(postgresql, "_start", starting)

    with pytest.raises(subprocess.CalledProcessError):
        postgresql.started(tmp_path)
    assert len(starting.folders) == postgresql.TRIES
