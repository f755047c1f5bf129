"""What compose.yaml starts is what there is: settings, commands, files. It is read, not run."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from marketplace import config
from marketplace.cli import yinqiao
from search.calls import LOWEST

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.once
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "migrate")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?::([-?])((?:[^${}]|\$\{[^}]*\})*))?\}")


def example(name: str = "compose.env.example") -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled(value: object, given: dict[str, str]) -> str:
    """A value with its variables filled in as compose does."""
    def fill(match: re.Match[str]) -> str:
        name, how, rest = match.groups()
        if given.get(name):
            return given[name]
        assert how != "?", f"{name} {rest}"
        return filled(rest or "", given)

    return _VARIABLE.sub(fill, str(value))


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    assert words[0] == "yinqiao"
    command: click.Command = yinqiao
    rest = words[1:]
    while isinstance(command, click.Group):
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


@pytest.mark.parametrize("service", OURS)
def test_every_setting_it_gives_is_one_we_read(service: str) -> None:
    read = set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"', (ROOT / "marketplace" / "config.py").read_text()))
    assert set(SERVICES[service]["environment"]) <= read
    assert read - set(SERVICES[service]["environment"]) <= {"YINQIAO_VAR", "MEILI_API_KEY"}


@pytest.mark.parametrize("service", OURS)
def test_the_example_with_secrets_put_in_is_an_installation_that_starts(service: str, tmp_path: Path) -> None:
    given = {name: "s3cret-of-sixteen-or-more" if value == "…" else value for name, value in example().items()}
    environment = {name: filled(value, given) for name, value in SERVICES[service]["environment"].items()}
    found = config.read({**environment, "YINQIAO_VAR": str(tmp_path)})
    assert found.database_url.startswith("postgresql+psycopg://yinqiao:s3cret-of-sixteen-or-more@database/")
    assert found.meili_url == "http://search:7700"
    assert found.meili_api_key == (None if service == "migrate" else given["MEILI_MASTER_KEY"])


def test_web_and_worker_have_keys_of_their_own() -> None:
    given = {**dict.fromkeys(example(), "x"), "MEILI_WEB_KEY": "narrow", "MEILI_WORKER_KEY": "wider"}
    keys = [filled(SERVICES[name]["environment"]["MEILI_API_KEY"], given) for name in ("web", "worker")]
    assert keys == ["narrow", "wider"]


def test_nothing_starts_without_its_secrets() -> None:
    for name in ("POSTGRES_PASSWORD", "SECRET_KEY", "MEILI_MASTER_KEY"):
        assert example()[name] == "…"
        assert re.search(rf"\$\{{{name}:\?", (ROOT / "compose.yaml").read_text())
    assert not re.search(r"(?i)(password|secret|key): *['\"]?[a-z0-9]{6}", (ROOT / "compose.yaml").read_text())
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_variable_is_in_the_example_or_may_be_absent() -> None:
    for name, how, _ in _VARIABLE.findall((ROOT / "compose.yaml").read_text()):
        assert name in example() or how == "-", name


@pytest.mark.parametrize("service", OURS)
def test_it_is_built_with_extras_there_are(service: str) -> None:
    extras = configparser.ConfigParser()
    extras.read(ROOT / "setup.cfg")
    asked = filled(SERVICES[service]["build"]["args"]["EXTRAS"], {})
    assert asked == re.findall(r'^ARG EXTRAS="(.*)"$', (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[0]
    for one in (asked, *re.findall(r"YINQIAO_EXTRAS=(\S+)", (ROOT / "compose.env.example").read_text())):
        assert one.strip("[]") in extras["options.extras_require"]


@pytest.mark.parametrize("service", OURS)
def test_its_commands_exist_with_their_options(service: str) -> None:
    commands = [SERVICES[service]["command"]]
    if (test := SERVICES[service].get("healthcheck", {}).get("test", [])) and test[1] == "yinqiao":
        commands.append(test[1:])
    for words in commands:
        command, options = command_of(words)
        command.make_context(command.name, list(options))


def test_the_images_command_exists() -> None:
    words = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    command, options = command_of(yaml.safe_load(words[-1]))
    command.make_context(command.name, list(options))


def test_the_commands_of_the_guide_name_services_there_are() -> None:
    guide = (ROOT / "docs" / "operate.md").read_text()
    for line in re.findall(r"docker compose (?:run --rm|exec) (.+?)(?:`|$)", guide, flags=re.MULTILINE):
        service, *words = shlex.split(line)
        assert service in SERVICES
        if words[0] == "yinqiao":
            command_of(words)


def test_services_wait_for_what_they_need_and_say_whether_they_are_well() -> None:
    for name, service in SERVICES.items():
        assert name == "migrate" or {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
        for other, how in service.get("depends_on", {}).items():
            finished = other == "migrate"
            assert how == {"condition": "service_completed_successfully" if finished else "service_healthy"}
    assert {"migrate", "search"} <= set(SERVICES["web"]["depends_on"]) & set(SERVICES["worker"]["depends_on"])
    assert "database" in SERVICES["migrate"]["depends_on"]


def test_only_the_proxy_is_reached_from_outside_and_data_outlives_containers() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["proxy"]["ports"] == ["80:80", "443:443"]
    assert SERVICES["proxy"]["networks"] == ["outer"] and "certificates" in COMPOSE["volumes"]
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    for name in ("database", "search"):
        assert SERVICES[name]["networks"] == ["inner"]
        assert SERVICES[name]["volumes"][0].partition(":")[0] in COMPOSE["volumes"]
    assert SERVICES["web"]["volumes"] == SERVICES["worker"]["volumes"] == ["var:/var/lib/yinqiao"]


def test_servers_are_pinned_and_the_search_server_is_new_enough() -> None:
    for name in ("proxy", "database", "search"):
        assert re.fullmatch(r"[a-z/]+:v?\d+(\.\d+)*(-alpine)?", SERVICES[name]["image"])
    version = SERVICES["search"]["image"].partition(":v")[2].split(".")
    assert tuple(map(int, version[:2])) >= LOWEST


def test_the_image_is_made_of_what_there_is_and_runs_as_nobody_special() -> None:
    text = (ROOT / "Dockerfile").read_text()
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", text, flags=re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)
    assert re.search(r"^USER yinqiao$", text, flags=re.MULTILINE)
    assert text.index("USER yinqiao") < text.rindex("CMD")
