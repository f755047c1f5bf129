"""`yinqiao serve`: one command starts web and worker, keeps both alive, and stops both."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from marketplace import serving
from marketplace.commands import ready as ready_to_serve
from marketplace.commands.serving import serve
from marketplace.serving import Process

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(var: Path, **settings: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "YINQIAO_VAR": str(var), **settings}


def yinqiao(var: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "marketplace", *arguments], env=environment(var, **settings),
                          capture_output=True, text=True, timeout=60, check=False)


def ready(port: int, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    return False


def ended(processes: list[psutil.Process], seconds: float = 30) -> bool:
    return psutil.wait_procs(processes, timeout=seconds)[1] == []


class Served:
    def __init__(self, child: subprocess.Popen[bytes], port: int) -> None:
        self.child, self.port, self.process = child, port, psutil.Process(child.pid)

    def worker(self) -> psutil.Process | None:
        living = [one for one in self.process.children() if one.status() != psutil.STATUS_ZOMBIE]
        return next((one for one in living if "worker" in one.cmdline()), None)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    assert yinqiao(tmp_path, "migrate").returncode == 0
    port = free_port()
    command = [sys.executable, "-m", "marketplace", "serve", "--port", str(port)]
    child = subprocess.Popen(command, env=environment(tmp_path), start_new_session=True)
    try:
        assert ready(port)
        yield Served(child, port)
    finally:
        for one in [*psutil.Process(child.pid).children(recursive=True)] if psutil.pid_exists(child.pid) else []:
            one.kill()
        child.kill()
        child.wait()


@pytest.mark.once
def test_a_dead_worker_is_started_again_and_one_signal_stops_everything(served: Served) -> None:
    first = served.worker()
    assert first is not None
    first.kill()
    end = time.monotonic() + 30
    while (again := served.worker()) is None or again.pid == first.pid:
        assert time.monotonic() < end, "no new worker came"
        time.sleep(0.1)
    everything = served.process.children(recursive=True)
    assert len(everything) >= 4
    served.child.send_signal(signal.SIGTERM)
    assert served.child.wait(30) == 0
    assert ended(everything)


@pytest.mark.once
def test_ctrl_c_stops_everything(served: Served) -> None:
    everything = served.process.children(recursive=True)
    os.killpg(served.child.pid, signal.SIGINT)
    assert served.child.wait(30) == 0
    assert ended(everything)


@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_supervisor_leaves_no_process_behind(served: Served) -> None:
    everything = served.process.children(recursive=True)
    served.child.kill()
    served.child.wait()
    assert ended(everything)


@pytest.mark.once
def test_a_port_in_use_is_said_and_another_offered(tmp_path: Path) -> None:
    yinqiao(tmp_path, "migrate")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = yinqiao(tmp_path, "serve", "--port", str(port))
    assert done.returncode == 1
    assert f"127.0.0.1:{port} is in use" in done.stderr and "--port" in done.stderr


@pytest.mark.parametrize(("options", "started"), [([], ["web", "worker"]), (["--web-only"], ["web"])])
def test_the_worker_may_run_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], started: list[str],
) -> None:
    names: list[str] = []
    monkeypatch.setenv("YINQIAO_VAR", str(tmp_path))
    monkeypatch.setattr(ready_to_serve, "require_schema", lambda settings: None)
    monkeypatch.setattr(serving.Supervisor, "run", lambda self: names.extend(one.name for one in self.processes))
    assert CliRunner().invoke(serve, ["--port", str(free_port()), *options]).exit_code == 0
    assert names == started


@pytest.mark.once
@pytest.mark.parametrize("command", ["serve", "worker", "demo"])
def test_an_unmigrated_database_is_not_served(tmp_path: Path, command: str) -> None:
    done = yinqiao(tmp_path, command)
    assert done.returncode == 1
    assert "Run: yinqiao migrate" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.once
def test_a_wrong_setting_stops_the_start_without_a_traceback(tmp_path: Path) -> None:
    for command in ("serve", "worker", "migrate", "demo"):
        done = yinqiao(tmp_path, command, MAIL_URL="mail.example")
        assert done.returncode == 2, command
        assert done.stderr.startswith("yinqiao: MAIL_URL='mail.example'") and "Traceback" not in done.stderr


@pytest.mark.once
def test_a_database_that_does_not_answer_is_said_to_be_one(tmp_path: Path) -> None:
    url = f"postgresql://nobody:hunter2@127.0.0.1:{free_port()}/none"
    for command in ("serve", "migrate"):
        done = yinqiao(tmp_path, command, DATABASE_URL=url)
        assert done.returncode == 1
        assert "the database does not answer" in done.stderr
        assert "hunter2" not in done.stderr and "Traceback" not in done.stderr


def test_a_process_that_keeps_dying_is_started_ever_more_patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(serving.time, "monotonic", lambda: now[0])
    process = Process("worker", [sys.executable, "-c", "raise SystemExit(3)"])
    pauses = []
    for _ in range(9):
        process.look_after()
        assert process.child is not None
        process.child.wait()
        process.look_after()
        pauses.append(process.start_at - now[0])
        now[0] = process.start_at
    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) == serving.LONGEST_PAUSE


def test_a_process_that_lived_long_is_started_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(serving.time, "monotonic", lambda: now[0])
    process = Process("worker", [sys.executable, "-c", ""], failures=7)
    process.look_after()
    assert process.child is not None
    process.child.wait()
    now[0] += serving.HEALTHY + 1
    process.look_after()
    assert process.start_at - now[0] == 0.5
