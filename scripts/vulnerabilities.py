"""What bandit finds in our code and pip-audit in what we stand on, but for what vulnerabilities.toml reasons."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REASONS = ROOT / "scripts" / "vulnerabilities.toml"
OURS = ("marketplace", "search", "scripts", "migrations")


def main() -> int:
    reasons: dict[str, list[dict[str, Any]]] = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return in_code(reasons.get("finding", [])) | in_packages([one["id"] for one in reasons.get("package", [])])


def in_code(reasons: list[dict[str, Any]]) -> int:
    found = json.loads(run("bandit", "-q", "-r", *OURS, "-f", "json").stdout)["results"]
    used, bare = set(), []
    for one in found:
        path = Path(one["filename"]).as_posix().removeprefix("./")
        fits = [number for number, why in enumerate(reasons)
                if why["id"] == one["test_id"] and path.startswith(tuple(why["in"]))]
        used.update(fits)
        if not fits:
            bare.append(f"{path}:{one['line_number']} {one['test_id']} {one['issue_text']}")
    idle = [f"{why['id']} of {', '.join(why['in'])}" for number, why in enumerate(reasons) if number not in used]
    for line in bare:
        print(line)
    for line in idle:
        print(f"{REASONS.name}: no finding needs the reason for {line}")
    print(f"bandit: {len(found)} findings, {len(found) - len(bare)} reasoned, {len(bare)} open")
    return int(bool(bare or idle))


def in_packages(reasoned: list[str]) -> int:
    ignored = [part for number in reasoned for part in ("--ignore-vuln", number)]
    done = run("pip_audit", "-r", "requirements.lock", "--no-deps", "--disable-pip", "-f", "json", *ignored)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(done.stderr[-2_000:], "pip-audit: could not ask", sep="\n")
        return 2
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    holes = [f"{one['name']} {one.get('version')}: {hole['id']}" for one in packages for hole in one.get("vulns", [])]
    for line in holes:
        print(line)
    print(f"pip-audit: {len(packages)} packages, {len(holes)} known vulnerabilities")
    if unknown:
        print(f"pip-audit: NOT AUDITED, the package index here does not answer its question: {len(unknown)} packages")
    return int(bool(holes)) or 2 * int(bool(unknown))


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", tool, *arguments]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
