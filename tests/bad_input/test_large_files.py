"""A file of 200,000 rows takes hardly more memory than one of 2,000."""

import json
import subprocess
import sys

import pytest
from running import environment, yinqiao

MEASURED = """
import json, resource, sys
from marketplace.cli import main
sys.argv = ["yinqiao", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps({"code": code, "kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


def tried(var, path) -> tuple[str, int]:
    """(what the command said, its peak memory in kilobytes)."""
    command = [
        sys.executable,
        "-c",
        MEASURED,
        "import",
        str(path),
        "--kind",
        "result",
        "--organisation",
        "hall",
        "--dry-run",
    ]
    done = subprocess.run(command, env=environment(var), capture_output=True, text=True, timeout=300, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["code"] in (0, None), done.stdout + done.stderr
    return done.stdout, told["kilobytes"]


@pytest.mark.once
def test_two_hundred_thousand_rows_stream(tmp_path):
    yinqiao(tmp_path, "migrate")
    make = (
        "from marketplace import clock, config, db; from marketplace.organisations.models import *; "
        "db.bind(db.connect(config.read().database_url)); t = db.transaction(); t.__enter__(); "
        "db.session.add(Organisation(slug='hall', name='礼堂', kind=Kind.INSTITUTE, state=State.VERIFIED, "
        "region='440300', "
        "created_at=clock.now())); t.__exit__(None, None, None)"
    )
    subprocess.run([sys.executable, "-c", make], env=environment(tmp_path), check=True, timeout=60)
    peaks = {}
    for count in (2_000, 200_000):
        path = tmp_path / f"{count}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("编号,标题,摘要,技术领域\n")
            for n in range(count):
                file.write(f"E-{n},第 {n} 项成果,遇火自熄的电解液之{n},新能源\n")
        said, peaks[count] = tried(tmp_path, path)
        assert f"{count:,} would be new" in said
    assert peaks[200_000] < 1.35 * peaks[2_000], peaks
