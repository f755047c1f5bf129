"""The wheel alone is a whole marketplace: what lies beside the package in the source is inside it once installed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the work tree."""
    copy = tmp_path_factory.mktemp("source") / "project"
    copy.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy / name)
    for name in ("marketplace", "search", "templates", "migrations"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)])
    return next(out.glob("yinqiao-*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel in it; what it requires is taken from the one the tests run in."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    site = next(folder.glob("lib/python*/site-packages"))
    run([sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet", "--no-deps",
         "--no-index", "--disable-pip-version-check", str(wheel)])
    # A path file adds the requirements, but not what path files there add: our own source as it is being edited.
    (site / "requirements.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder


def run(command: list[str], **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def files(folder: str, pattern: str, under: str = "") -> set[str]:
    return {f"marketplace/{under}{path.relative_to(ROOT / folder)}" for path in (ROOT / folder).rglob(pattern)
            if path.is_file() and "__pycache__" not in path.parts}


def test_everything_a_marketplace_needs_is_in_the_wheel(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = files("templates", "*.*", "templates/") | files("marketplace/static", "*.*", "static/")
    for kind in ("*.py", "*.mako"):
        wanted |= files("migrations", kind, "migrations/")
    for kind in ("*.py", "*.po", "*.json"):
        wanted |= files("marketplace", kind)
    assert wanted - held == set()
    assert not [name for name in held if name.startswith("tests") or "__pycache__" in name]


def test_installed_it_migrates_loads_the_demonstration_and_serves(environment: Path, tmp_path: Path) -> None:
    settings = {"PATH": os.environ["PATH"], "YINQIAO_VAR": str(tmp_path / "var")}
    yinqiao = str(environment / "bin" / "yinqiao")
    where = run([str(environment / "bin" / "python"), "-c", "import marketplace; print(marketplace.__file__)"],
                env=settings, cwd=tmp_path)
    assert where.startswith(str(environment))
    run([yinqiao, "migrate"], env=settings, cwd=tmp_path)
    assert "alice@institute.example" in run([yinqiao, "demo"], env=settings, cwd=tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = subprocess.Popen([yinqiao, "serve", "--port", str(port), "--workers", "1"], env=settings, cwd=tmp_path)
    try:
        for path, expected in (("/readyz", '"status":"ok"'), ("/?lang=zh", "引桥"), (None, "--ink")):
            path = path or re.findall(r'href="([^"]*/style.css)"', fetched(f"http://127.0.0.1:{port}/"))[0]
            assert expected in fetched(f"http://127.0.0.1:{port}{path}")
    finally:
        served.terminate()
        assert served.wait(40) == 0


def fetched(address: str, seconds: float = 90) -> str:
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return str(answer.read().decode())
        except OSError:
            assert time.monotonic() < end, f"{address} did not answer"
            time.sleep(0.2)
