"""figures: the funnel, as the API gives it."""

from __future__ import annotations

import json

import click

from marketplace.analytics import asking, service, telling
from marketplace.analytics.cuts import CUTS
from marketplace.analytics.results import Cohort, Passage
from marketplace.commands import ready
from marketplace.introductions.vocabulary import STAGES


@click.command()
@click.option("--from", "first", default="", help="The first month or day, as 2026-01.")
@click.option("--to", "last", default="", help="The last month or day, itself included.")
@click.option("--by", type=click.Choice(asking.CUTS), help="Cut the cohorts by this.")
@click.option("--json", "as_json", is_flag=True, help="Exactly what GET /api/v1/figures/funnel answers.")
def figures(first: str, last: str, by: str | None, as_json: bool) -> None:
    """Say how far introductions come and how long they stay where, by the month in which interest was expressed.

    Every number can be recomputed from the histories; docs/api.md says how.

    Example: yinqiao figures --from 2026-01 --by field
    """
    ready.settings()
    found = service.funnel(asking.question({"from": first, "to": last, "by": by or ""}))
    if as_json:
        click.echo(json.dumps(telling.told(found), ensure_ascii=False))
        return
    if not found.cohorts:
        click.echo("No introduction has come to interest in these months.")
        return
    _show(found.cohorts, by)
    _show_times(found.passages)


def _show(cohorts: list[Cohort], by: str | None) -> None:
    called = max((len(_key(one, by)) for one in cohorts), default=0)
    names = [STAGES[step.stage].name.en for step in cohorts[0].stages]
    click.echo(f"{'month':8} {'':{called}}" + "".join(f"{name:>13}" for name in names) + f"{'open':>8}")
    for one in cohorts:
        reached = "".join(f"{step.reached:>13}" for step in one.stages)
        click.echo(f"{one.month:8} {_key(one, by):{called}}{reached}{one.open:>8}")


def _key(cohort: Cohort, by: str | None) -> str:
    if by is None:
        return ""
    name = cohort.key if by in ("broker", "event") and cohort.key else CUTS[by].called(cohort.key)
    return str(name)


def _show_times(passages: list[Passage]) -> None:
    click.echo(f"\n{'days in':13}{'stays':>8}{'open':>8}{'median':>10}{'p90':>10}")
    for one in passages:
        median, p90 = ("–" if days is None else f"{days:.1f}" for days in (one.median, one.p90))
        click.echo(f"{STAGES[one.stage].name.en:13}{one.stays:>8}{one.open:>8}{median:>10}{p90:>10}")
