"""The ways in which figures may be cut: by what, and what the pieces are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marketplace import regions
from marketplace.introductions.vocabulary import ORIGINS
from marketplace.listings.vocabulary import FIELDS
from marketplace.organisations.vocabulary import KINDS
from marketplace.phrases import Label

_UNKNOWN = Label("未填写", "Not stated")


@dataclass(frozen=True)
class Cut:
    name: str
    label: Label
    names: Callable[[Any], Any]
    nothing: Label = _UNKNOWN

    def called(self, value: Any) -> Any:
        return self.nothing if value is None or value == "" else self.names(value)


CUTS = {
    cut.name: cut
    for cut in (
        Cut("field", Label("需求领域", "Field of the need"), lambda code: FIELDS.get(code, _UNKNOWN)),
        Cut("region", Label("需求地区", "Region of the need"), lambda code: _region(code)),
        Cut("origin", Label("来源", "Origin"), lambda code: ORIGINS[code]),
        Cut("event", Label("活动", "Event"), str, Label("非活动来源", "Not from an event")),
        Cut("broker", Label("技术经理人", "Broker"), str, Label("未指派", "Not assigned")),
        Cut("organisation_kind", Label("供方类型", "Kind of supplier"), lambda kind: KINDS[kind]),
    )
}


def _region(code: str) -> Label:
    return Label(regions.name(code, "zh"), regions.name(code, "en"))


def province(code: str | None) -> str:
    """The province or country a region lies in; "" where none is stated."""
    return regions.ancestors(code)[0] if code else ""
