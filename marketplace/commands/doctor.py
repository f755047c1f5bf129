"""doctor."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from sqlalchemy import Engine as Database

from marketplace import app, config
from marketplace import doctor as looking
from marketplace.db import session


@click.command()
@click.option("--thorough", is_flag=True, help="Read every byte and every document: minutes for a large installation.")
@click.option("--json", "as_json", is_flag=True, help="A list of findings, for programs.")
def doctor(thorough: bool, as_json: bool) -> None:
    """Look at settings, database, index, files, outbox, worker, mail and the machine; say what to do about each fault.

    Nothing is changed. Exit code 1 when a finding is bad.

    Example: yinqiao doctor --thorough
    """
    settings = config.read()
    app.bind(settings)
    database = session.get_bind()
    assert isinstance(database, Database)
    found = []
    for finding in looking.look(settings, database, thorough=thorough):
        found.append(finding)
        if not as_json:
            click.echo(_line(finding))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    if any(one.state == looking.BAD for one in found):
        raise click.exceptions.Exit(1)


def _line(finding: looking.Finding) -> str:
    colour = {looking.OK: "green", looking.WARN: "yellow", looking.BAD: "red"}[finding.state]
    line = f"{click.style(f'{finding.state:4}', fg=colour)}  {finding.check:13}  {finding.told}"
    return f"{line}\n{'':6}{'':13}  → {finding.remedy}" if finding.remedy else line
