"""What is written about commands, settings and rooms is what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import click
import pytest

from marketplace import config
from marketplace.cli import yinqiao
from marketplace.listings.fields import FIELDS
from marketplace.listings.headings import IMPORTED

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.once
NOT_ROOMS = {"web", "commands", "demo", "static", "translations", "__pycache__"}


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
    else:
        yield path, command


EVERY = dict(commands(yinqiao, "yinqiao"))


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_described_and_none_besides() -> None:
    assert set(sections((ROOT / "docs" / "commands.md").read_text())) == set(EVERY)


@pytest.mark.parametrize("path", EVERY)
def test_every_option_of_a_command_is_described_and_none_besides(path: str) -> None:
    text = sections((ROOT / "docs" / "commands.md").read_text())[path]
    options = {name for one in EVERY[path].params if isinstance(one, click.Option) for name in one.opts}
    described = set(re.findall(r"`(--[a-z-]+)`", text))
    assert described == options


@pytest.mark.parametrize("path", EVERY)
def test_every_command_shows_an_example_in_its_help_and_in_the_documents(path: str) -> None:
    assert f" {path}" in (EVERY[path].help or "").partition("Example:")[2]
    assert path in sections((ROOT / "docs" / "commands.md").read_text())[path]


def test_every_setting_is_described_and_none_besides() -> None:
    text = sections((ROOT / "docs" / "operators.md").read_text())["Settings"]
    described = set(re.findall(r"^\| `([A-Z0-9_]+)`", text, flags=re.MULTILINE))
    read = set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"', (ROOT / "marketplace" / "config.py").read_text()))
    assert described == read
    groups = [type(one.default) for one in fields(config.Settings) if is_dataclass(one.default)]
    assert len(described) == len(fields(config.Settings)) - len(groups) + sum(len(fields(group)) for group in groups)


def test_the_rooms_in_the_readme_are_the_rooms_there_are() -> None:
    described = set(re.findall(r"^\| `marketplace/(\w+)`", (ROOT / "README.md").read_text(), flags=re.MULTILINE))
    there = {path.parent.name for path in (ROOT / "marketplace").glob("*/__init__.py")}
    assert described == there - NOT_ROOMS


def test_every_target_of_the_makefile_named_in_the_documents_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"(?:^    |`)make ([a-z]+)", path.read_text(), flags=re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"{path.name}: make {target}"


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda one: one.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_every_field_an_import_knows_is_documented_as_it_is() -> None:
    text = (ROOT / "docs" / "import.md").read_text()
    for field in FIELDS:
        if field.name in IMPORTED:
            line = next(line for line in text.splitlines() if line.startswith(f"| `{field.name}` |"))
            assert field.label.zh in line and field.label.en in line and ("needed" in line) == field.required


def test_every_figure_of_the_operation_is_described_and_none_besides() -> None:
    text = (ROOT / "docs" / "operate.md").read_text()
    described = set(re.findall(r"`(yinqiao_[a-z_]+)`", sections(text)["Figures of the operation"]))
    sources = (ROOT / "marketplace" / "gauges.py", ROOT / "marketplace" / "web" / "metrics.py")
    told = {name for path in sources for name in re.findall(r'"(yinqiao_[a-z_]+)"', path.read_text())}
    counters = {"yinqiao_requests", "yinqiao_queries"}
    assert described == {f"{name}_total" if name in counters else name for name in told}
    for alert in re.findall(r"yinqiao_[a-z_]+", sections(text)["Figures of the operation"]):
        assert alert.removesuffix("_bucket") in described, alert


def test_the_runbook_names_commands_units_and_files_there_are() -> None:
    for name in ("operate.md", "scale.md"):
        text = (ROOT / "docs" / name).read_text()
        for words in re.findall(r"(?:`|^ {4}|&& |bin/|worker )yinqiao ([a-z][a-z -]*[a-z])", text, flags=re.MULTILINE):
            first, second = [*words.split(), ""][:2]
            assert {f"yinqiao {first}", f"yinqiao {first} {second}"} & set(EVERY), words
        for unit in re.findall(r"yinqiao(?:-[a-z]+)?\.(?:service|socket|timer)", text):
            assert (ROOT / "deploy" / "systemd" / unit).exists(), unit
        for path in re.findall(r"`(deploy/[\w./-]+)`", text):
            assert (ROOT / path).exists(), path


def test_measurements_name_a_benchmark_there_is() -> None:
    from benchmarks.__main__ import PARTS

    named = re.findall(r"`python -m benchmarks ([a-z]+)", (ROOT / "docs" / "scale.md").read_text())
    assert named and set(named) <= set(PARTS)
