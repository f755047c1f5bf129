"""python -m tests.fuzz --seconds 600 [TARGET …]: everything, or the targets named; ends with 1 when one failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]
PARSERS = ("search_text", "query", "spreadsheet", "import_row", "credit_code", "markdown", "file_type")
SUITES = {"api": "tests/fuzz/whole_api.py", "entries": "tests/fuzz/entries.py"}


@click.command()
@click.argument("targets", nargs=-1, type=click.Choice([*SUITES, *PARSERS]))
@click.option("--seconds", type=int, default=60, show_default=True, help="For each target, and each role of the API.")
def main(targets: tuple[str, ...], seconds: int) -> None:
    """Schemathesis on the whole API by three roles, hypothesis on entries, atheris on whatever reads what was sent."""
    failed = []
    for target in targets or (*PARSERS, *SUITES):
        command = ["-m", "tests.fuzz.parsers", target, str(seconds)]
        if target in SUITES:
            command = ["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", SUITES[target]]
        print(f"== {target}", flush=True)
        environment = {**os.environ, "FUZZ_SECONDS": str(seconds)}
        if subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=False).returncode:
            failed.append(target)
    print(f"failed: {', '.join(failed) or 'none'}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
