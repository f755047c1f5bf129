"""A whole marketplace on a free port, as `yinqiao serve` runs it, and a browser that looks at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
HOW_TO_GET_CHROMIUM = "Chromium is not installed: apt-get install chromium fonts-noto-cjk"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
PASSWORD = "yinqiao-demo"


@dataclass(frozen=True)
class Marketplace:
    address: str
    var: Path

    def command(self, *arguments: str) -> str:
        """Run a `yinqiao` command on the same data; returns what it prints."""
        return yinqiao(self.var, *arguments)


def yinqiao(var: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "marketplace", *arguments],
        env=environment(var),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(var: Path, **settings: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV")
    }
    return {
        **kept,
        "YINQIAO_VAR": str(var),
        "SECRET_KEY": "only for the tests, nowhere else",
        "PYTHONWARNINGS": "default",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        **settings,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def marketplace(var: Path, *, demo: bool = True) -> Iterator[Marketplace]:
    """Migrate, load the demonstration, serve, wait until ready; stop it all afterwards."""
    yinqiao(var, "migrate")
    if demo:
        yinqiao(var, "demo")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "marketplace", "serve", "--port", str(port)]
    with (var / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment(var, YINQIAO_BASE_URL=address), stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(address, process, var / "serve.log")
            yield Marketplace(address, var)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(f"serve ended:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"not ready in 120 s:\n{log.read_text()[-4000:]}")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
