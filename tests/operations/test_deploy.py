"""Units, proxies and compose.yaml say what the program understands. systemd's own check runs where it is installed;
Docker, Caddy and nginx were not to be had where this was written: their files are read, not run."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml
from flask import Flask

from marketplace import config, serving
from marketplace.cli import yinqiao
from marketplace.web.security import LARGEST_REQUEST

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
PROXIES = [DEPLOY / "Caddyfile", DEPLOY / "nginx.conf"]
pytestmark = pytest.mark.once


def parsed(path: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    return unit


def runs(path: Path) -> list[list[str]]:
    """The commands of ours that a unit starts."""
    words = shlex.split(parsed(path)["Service"]["ExecStart"])
    if words[0] == "/bin/sh":
        words = shlex.split(words[2])[1:]
    return [words]


@pytest.mark.parametrize("path", SERVICES, ids=lambda one: one.name)
def test_a_service_runs_a_command_there_is(path: Path) -> None:
    for words in runs(path):
        assert words[0] == "/opt/yinqiao/bin/yinqiao"
        command: click.Command = yinqiao
        rest = words[1:]
        while isinstance(command, click.Group):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context(command.name, rest)


@pytest.mark.parametrize("path", SERVICES, ids=lambda one: one.name)
def test_a_service_may_do_little_and_is_given_time_to_end(path: Path) -> None:
    service = parsed(path)["Service"]
    for name, value in {
        "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
        "CapabilityBoundingSet": "", "SystemCallFilter": "@system-service", "UMask": "0077", "User": "yinqiao",
        "StateDirectoryMode": "0700",
    }.items():
        assert service[name] == value, name
    assert service["EnvironmentFile"] == "/etc/yinqiao/environment"
    if service["Type"] == "exec":
        # All at once would be a second signal to the children, which means: do not wait.
        assert service["KillMode"] == "mixed"
        assert int(service["TimeoutStopSec"]) > serving.GRACE


def test_one_socket_is_kept_for_the_web_and_only_this_machine_reaches_it() -> None:
    socket = parsed(DEPLOY / "systemd" / "yinqiao.socket")["Socket"]
    assert socket["ListenStream"] == "127.0.0.1:8000" and int(socket["Backlog"]) == serving.BACKLOG
    for name in ("yinqiao.service", "yinqiao-web.service"):
        assert parsed(DEPLOY / "systemd" / name)["Unit"]["Requires"] == "yinqiao.socket"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    for path in UNITS:
        # What it would start and as whom is not on this machine.
        text = path.read_text().replace("/opt/yinqiao/bin/yinqiao", "/bin/true")
        (tmp_path / path.name).write_text(re.sub(r"^(User|Group)=.*", r"\1=root", text, flags=re.MULTILINE))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, timeout=60, check=False,
    )
    told = [line for line in done.stderr.splitlines() if "yinqiao" in line]
    assert done.returncode == 0 and told == [], done.stderr


def test_the_example_of_settings_is_an_installation_that_starts(tmp_path: Path) -> None:
    lines = [line for line in (DEPLOY / "environment.example").read_text().splitlines() if line and line[0] != "#"]
    given = {name: value.replace("…", "s3cret-of-sixteen-or-more") for name, value in (x.split("=", 1) for x in lines)}
    found = config.read({**given, "YINQIAO_VAR": str(tmp_path)})
    assert found.second_factor == "staff" and found.trusted_proxies == 1 and found.log_format == "json"
    read = set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"', (ROOT / "marketplace" / "config.py").read_text()))
    assert set(given) <= read


@pytest.mark.parametrize("path", PROXIES, ids=lambda one: one.name)
def test_a_proxy_passes_on_the_requests_number_and_hides_what_is_for_operators(path: Path, app: Flask) -> None:
    text = path.read_text()
    assert "X-Request-ID" in text
    routes = {rule.rule for rule in app.url_map.iter_rules()}
    for hidden in ("/metrics", "/readyz"):
        assert hidden in text and hidden in routes


@pytest.mark.parametrize("path", PROXIES, ids=lambda one: one.name)
def test_a_proxy_takes_what_we_take(path: Path) -> None:
    found = re.search(r"(?:max_size |client_max_body_size )(\d+)(?:MB|m)\b", path.read_text())
    assert found is not None and int(found[1]) << 20 == LARGEST_REQUEST


@pytest.mark.parametrize("path", PROXIES, ids=lambda one: one.name)
def test_the_braces_of_a_proxys_file_close(path: Path) -> None:
    lines = [line.partition("#")[0] for line in path.read_text().splitlines()]
    text = re.sub(r"\{\$?[\w.:]+\}", "", "\n".join(lines))
    assert text.count("{") == text.count("}") > 3


def test_compose_puts_the_proxy_before_the_web() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    proxy = services["proxy"]
    assert "./deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in proxy["volumes"]
    assert proxy["environment"]["UPSTREAM"] == "web:8000"
    assert "web" in proxy["depends_on"] and "outer" in proxy["networks"]
