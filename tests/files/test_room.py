"""A disk that is really full or closed is said to be; two who add at once do not both take the last of the room."""

import io
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Thread

import papers
import pytest
from conftest import an_organisation

from marketplace import config
from marketplace.db import session
from marketplace.errors import Invalid
from marketplace.files import service
from marketplace.organisations.models import Kind

pytest_plugins = ("keeping",)
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import io, os, subprocess, sys
from pathlib import Path
from marketplace import config
from marketplace.errors import Unavailable
from marketplace.files import service
disk = Path(sys.argv[1])
service.bind(config.FilesSettings(), disk / "files")
def put(content):
    try: service.keep("a.pdf", io.BytesIO(content)); return "kept"
    except Unavailable as problem: return str(problem)
def there(): return sum(path.is_file() for path in disk.rglob("*"))
print(put(b"%PDF-1"), there())
print(put(b"%PDF-" + os.urandom(3 << 20)), there())
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
print(put(b"%PDF-2"), there())
[one] = service.place().everything()
with service.place().open(one.digest) as stream: print(stream.read().decode(), there())
"""


@pytest.mark.once
def test_disk_that_is_really_full_or_closed_keeps_what_it_has(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (disk := tmp_path / "disk").mkdir()
    run = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$1" "$2" "$0"'
    command = ["unshare", "-m", "sh", "-c", run, disk, sys.executable, tmp_path / "program.py"]
    try:
        done = subprocess.run(command, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                              capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("a disk of one's own needs unshare")
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("a disk of one's own needs more rights")
    assert done.stdout.splitlines() == [
        "kept 1", "There is no room left for files. Nothing was kept; try again later. 1",
        "Files cannot be kept or read right now: the place for them is locked. 1", "%PDF-1 1",
    ], done.stderr


def test_two_who_add_at_once_do_not_both_take_the_last_of_the_room(own_database, back_to_the_usual, tmp_path):
    service.bind(config.FilesSettings(most_megabytes=1), tmp_path)
    whose = an_organisation("one", Kind.COMPANY).id
    session.commit()
    together, ends = Barrier(4), []

    def add(number):
        together.wait()
        try:
            service.store(None, "listing", number, "a.pdf", io.BytesIO(papers.a_scan() + b"\n" * 600_000),
                          organisation_id=whose)
            ends.append("kept")
        except Invalid:
            ends.append("refused")
        finally:
            session.remove()

    threads = [Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["kept", "refused", "refused", "refused"]
    assert service.taken(whose) < 1_000_000
