"""`yinqiao`: every command, gathered from marketplace/commands."""

from __future__ import annotations

import sys

import click

from marketplace.commands import (
    audit,
    backup,
    demo,
    doctor,
    figures,
    files,
    listings,
    matching,
    privacy,
    search,
    serving,
    terms,
    users,
)
from marketplace.config import WrongSetting
from marketplace.errors import MarketplaceError
from search import SearchError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="yinqiao", prog_name="yinqiao")
def yinqiao() -> None:
    """Yinqiao (引桥), a technology-transfer marketplace.

    Settings come from the environment; docs/operators.md lists them.
    """


for command in (
    serving.serve, serving.worker, serving.migrate, backup.backup, backup.restore,
    doctor.doctor, demo.demo, listings.import_,
    listings.export, matching.matching, figures.figures, search.search, terms.terms, users.user, audit.audit,
    privacy.privacy, files.files,
):
    yinqiao.add_command(command)


def main() -> None:
    """Run a command; what is wrong is said in one sentence, without a traceback."""
    try:
        yinqiao(prog_name="yinqiao")
    except WrongSetting as error:
        _complain(str(error), 2)
    except (MarketplaceError, SearchError) as error:
        _complain(str(error) or str(getattr(error, "title", error)), 1)


def _complain(message: str, code: int) -> None:
    click.echo(f"yinqiao: {message}", err=True)
    sys.exit(code)
