"""The choices by which a search is narrowed, with their names and how many listings each would give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from marketplace import regions
from marketplace.finding.criteria import Criteria
from marketplace.listings import vocabulary as words
from marketplace.listings.classifications import INDUSTRIES
from marketplace.listings.documents import FACETS
from marketplace.listings.models import Kind
from marketplace.organisations.vocabulary import KINDS as ORGANISATION_KINDS
from marketplace.phrases import Label

KINDS = {Kind.RESULT.value: Label("成果", "Results"), Kind.NEED.value: Label("需求", "Needs")}
LEVELS = {str(level): Label(f"{level} 级 {label.zh}", f"{level} {label.en}") for level, label in words.TRL.items()}
GROUPS = {
    "kind": Label("成果或需求", "Results or needs"),
    "subtype": Label("类别", "Type"),
    "field": Label("领域", "Field"),
    "region": Label("地区", "Region"),
    "industry": Label("行业", "Industry"),
    "trl": Label("技术就绪度", "Readiness level"),
    "mode": Label("合作方式", "Transfer mode"),
    "organisation_kind": Label("机构类型", "Organisation"),
}

_AT_ONCE = 8


@dataclass(frozen=True)
class Choice:
    value: str
    label: Label
    count: int
    chosen: bool = False
    depth: int = 0
    """How deep it lies in a tree (a city in its province)."""


@dataclass(frozen=True)
class Group:
    name: str
    label: Label
    choices: tuple[Choice, ...]

    @property
    def shown(self) -> tuple[Choice, ...]:
        """Those offered at once: the first ones, whatever is chosen, and what opens beneath it."""
        return tuple(c for n, c in enumerate(self.choices) if n < _AT_ONCE or c.chosen or c.depth)

    @property
    def rest(self) -> tuple[Choice, ...]:
        return tuple(c for n, c in enumerate(self.choices) if n >= _AT_ONCE and not c.chosen and not c.depth)


def groups(counted: Mapping[str, Mapping[str, int]], criteria: Criteria) -> list[Group]:
    """One group a facet, in the order of a reader's interest; a choice that would give nothing is left out, unless
    it is chosen."""
    made = (Group(name, GROUPS[name], tuple(_choices(name, counted.get(name, {}), criteria))) for name in FACETS)
    return [group for group in made if group.choices]


def label_of(name: str, value: str, criteria: Criteria | None = None) -> Label:
    """What a value of a facet is called."""
    if name == "region":
        return region_label(value)
    if name == "subtype" and criteria is not None and criteria.kind == (Kind.NEED.value,):
        return words.NEED_SUBTYPES.get(value) or Label(value, value)
    return _NAMES[name].get(value) or Label(value, value)


@cache
def region_label(code: str) -> Label:
    """The region alone, without what it lies in."""
    return Label(regions.short_name(code, "zh"), regions.short_name(code, "en"))


_NAMES: dict[str, Mapping[str, Label]] = {
    "kind": KINDS, "subtype": {**words.NEED_SUBTYPES, **words.RESULT_SUBTYPES}, "field": words.FIELDS,
    "industry": INDUSTRIES, "trl": LEVELS, "mode": words.MODES,
    "organisation_kind": {kind.value: label for kind, label in ORGANISATION_KINDS.items()},
}


def _choices(name: str, counted: Mapping[str, int], criteria: Criteria) -> Iterable[Choice]:
    chosen = _chosen(name, criteria)

    def choice(value: str, depth: int = 0) -> Choice:
        return Choice(value, label_of(name, value, criteria), counted.get(value, 0), value in chosen, depth)

    values = {*counted, *chosen}
    if name == "trl":
        return [choice(value) for value in sorted(values)]
    if name == "kind":
        return [choice(value) for value in KINDS if value in values]
    ranked = sorted(values, key=lambda value: (-counted.get(value, 0), value))
    if name not in ("region", "industry"):
        return [choice(value) for value in ranked]
    # Of a tree only the tops are offered, and what lies beneath a chosen one.
    open_ones = {above for value in chosen for above in _above(name, value)}
    return [choice(value, depth) for value, depth in _tree(name, ranked, open_ones)]


def _tree(name: str, ranked: list[str], open_ones: set[str]) -> Iterable[tuple[str, int]]:
    beneath: dict[str, list[str]] = {}
    for value in ranked:
        *_, parent, _self = ["", *_above(name, value)]
        beneath.setdefault(parent, []).append(value)

    def walk(parent: str, depth: int) -> Iterable[tuple[str, int]]:
        for value in beneath.get(parent, ()):
            yield value, depth
            if value in open_ones:
                yield from walk(value, depth + 1)

    return walk("", 0)


def _above(name: str, value: str) -> list[str]:
    """The value and all it lies in, the largest first."""
    if name == "region":
        return regions.ancestors(value)
    return [value] if len(value) == 1 else [value[0], value]


def _chosen(name: str, criteria: Criteria) -> tuple[str, ...]:
    if name != "trl":
        chosen: tuple[Any, ...] = getattr(criteria, name)
        return chosen
    if criteria.trl_min is None and criteria.trl_max is None:
        return ()
    return tuple(str(level) for level in range(criteria.trl_min or 1, (criteria.trl_max or 9) + 1))
