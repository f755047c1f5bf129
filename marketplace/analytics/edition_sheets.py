"""What events bring, to take away: a workbook with a sheet for each question, or one long table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marketplace import clock
from marketplace.analytics.editions import Held, Whole
from marketplace.analytics.exporting import Sheet
from marketplace.events.vocabulary import STRANDS
from marketplace.organisations.vocabulary import KINDS
from marketplace.phrases import say

MEASURES: tuple[tuple[Any, str], ...] = (
    (say("With a place"), "registered"), (say("Came"), "came"), (say("No-shows"), "no_shows"),
    (say("Surveyed"), "answers"), (say("Needs surveyed"), "needs"), (say("People who rated"), "raters"),
    (say("Talks"), "talks"), (say("Intents"), "intents"), (say("Requests raised"), "raised"),
    (say("Requests solved"), "solved"),
)
"""What can be added up; organisations and introductions are counted once however often they come."""


def sheets(whole: Whole, title: Any) -> Iterator[Sheet]:
    yield Sheet(say("Summary"), (say("What"), say("Value")), [(say("Events"), title), *_totals(whole)])
    headings = (say("Event"), say("Day"), say("Organisations"), say("For the first time"),
                *(name for name, _ in MEASURES), say("Introductions"), say("Contracts"))
    yield Sheet(say("Editions"), headings, [_row(one) for one in whole.held], (2, 3), "column")
    yield Sheet(say("By strand"), (say("Strand"), say("Came")),
                [(STRANDS[strand], count) for strand, count in whole.strands.items()], (1,))
    yield Sheet(say("By kind of organisation"), (say("Kind of organisation"), say("Organisations")),
                [(KINDS[kind], count) for kind, count in whole.kinds.items()], (1,))


def _totals(whole: Whole) -> list[tuple[Any, Any]]:
    return [
        (say("Editions"), len(whole.held)), (say("Organisations"), whole.organisations),
        *((name, whole.total(measure)) for name, measure in MEASURES),
        (say("Introductions"), len(whole.projects)), (say("Contracts"), whole.signed),
        *((say("Contract amounts, {currency}", currency=currency), float(amount))
          for currency, amount in whole.amounts.items()),
        (say("Contracts without a known amount"), whole.undisclosed),
    ]


def _row(held: Held) -> tuple[Any, ...]:
    edition = held.edition
    return (
        edition, edition.starts_at.astimezone(clock.PLACE).date().isoformat(), len(held.organisations), held.new,
        *(getattr(held, measure) for _, measure in MEASURES), len(held.projects), held.signed,
    )
