"""An edition as an operator plans it, for the tests of this room."""

from __future__ import annotations

from datetime import time, timedelta

from marketplace import clock
from marketplace.events import service
from marketplace.events.models import Edition, Series, State, Strand

CONTENT = {
    "strand": Strand.SCIENCE_MEETS_COMPANY, "title_zh": "科企见面：注射剂工艺", "title_en": "Injectable processes",
    "summary_zh": "药企带来五项难题。", "summary_en": "Drug makers bring five problems.", "place_zh": "沁园湖渡口厅",
    "place_en": "Landing Hall", "capacity": 40, "hosts": ["company"],
}


def a_series(operator) -> Series:
    return service.create_series(operator, {
        "slug": "landing", "title_zh": "周三渡口", "title_en": "Wednesdays at the Landing", "organisation": "company",
    })


def an_edition(operator, series: Series, days: float = 7, state: State = State.OPEN, **fields: object) -> Edition:
    """An edition that begins `days` from now (0: in two hours), announced unless `state` is another."""
    starts = clock.now() + timedelta(days=days, hours=2)
    content = {**CONTENT, "starts_at": starts, "ends_at": starts + timedelta(hours=2), **fields}
    edition = service.create_edition(operator, series, content)
    if state is not State.DRAFT:
        service.set_state(operator, edition, State.OPEN)
    if state not in (State.DRAFT, State.OPEN):
        service.set_state(operator, edition, state)
    return edition


def a_template(operator, **fields: object) -> Series:
    """A series whose editions can be planned together: Fridays at two, two and a half hours, tables for forty."""
    return service.create_series(operator, {
        "slug": "fridays", "title_zh": "周五见", "title_en": "See you on Friday", "organisation": "company",
        "weekday": 4, "starts": time(14), "minutes": 150, "capacity": 40, "place_zh": "渡口厅",
        "place_en": "Landing Hall", "hosts": ["company", "institute"], **fields,
    })
