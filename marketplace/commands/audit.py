"""audit verify."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import click

from marketplace import sealing
from marketplace.commands import ready

_CALLED = {
    "changed": "was changed, or what came before it was",
    "another history": "is not the entry that had this place when the head was noted",
    "cut short": "is not there: the log was cut short after the head was noted",
}


class HeadOf(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """HASH@NUMBER, as verify prints it."""

    name = "HASH@NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> sealing.Head:
        written = re.fullmatch(r"([0-9a-f]{64})@([1-9]\d{0,17})", str(value).strip())
        if written is None:
            self.fail(f"{value!r} is not a head as verify prints it: 64 hexadecimal digits, @, a number.", param, ctx)
        return sealing.Head(int(written[2]), written[1])


@click.group()
def audit() -> None:
    """Look after the log of who did what.

    Example: yinqiao audit verify
    """


@audit.command()
@click.option("--head", "known", type=HeadOf(), help="A head that an earlier run printed and that was kept elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="One object, for programs.")
def verify(known: sealing.Head | None, as_json: bool) -> None:
    """Follow the log's chain of hashes from its beginning; exit code 1 when it does not hold.

    It finds what was changed, deleted, put between or moved. That the end was cut off, or that everything was written
    anew, only shows beside a head that was kept somewhere else: note the one it prints.

    Example: yinqiao audit verify --head 9f2c…@1841
    """
    ready.settings()
    found = sealing.verify(known)
    click.echo(json.dumps(_told(found), ensure_ascii=False) if as_json else _said(found))
    if not found.is_whole:
        raise click.exceptions.Exit(1)


def _told(found: sealing.Verdict) -> dict[str, Any]:
    return {
        "whole": found.is_whole, "sealed": found.sealed, "waiting": found.waiting, "late": found.late,
        "erased": found.erased, "head": str(found.head) if found.head else None, "broken": found.broken,
        "first": [asdict(fault) for fault in found.faults],
    }


def _said(found: sealing.Verdict) -> str:
    lines = [_fault(fault) for fault in found.faults]
    if found.broken > len(found.faults):
        lines.append(f"… and {found.broken - len(found.faults)} more")
    lines.append(f"{found.sealed} sealed entries, " + ("the chain holds" if found.is_whole else
                                                       f"broken in {found.broken} places"))
    if found.erased:
        lines.append(f"{found.erased} of them without address or details, which were erased; their digests fit")
    if found.waiting:
        late = f", {found.late} of them for more than an hour: does a worker run?" if found.late else ""
        lines.append(f"{found.waiting} entries wait to be sealed{late}")
    lines.append(f"head: {found.head}" if found.head else "head: none, nothing is sealed yet")
    return "\n".join(lines)


def _fault(fault: sealing.Fault) -> str:
    if fault.kind == "missing":
        until = f" to {fault.until}" if fault.until != fault.seal else ""
        return f"place {fault.seal}{until} of the chain: missing"
    entry = f" (entry {fault.entry})" if fault.entry is not None else ""
    return f"place {fault.seal} of the chain{entry} {_CALLED[fault.kind]}"
