"""The choices by which a search is narrowed, with their names and how many listings each would give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from marketplace import regions
from marketplace.finding.criteria import Criteria, path_of
from marketplace.listings import vocabulary as words
from marketplace.listings.classifications import INDUSTRIES
from marketplace.listings.documents import CHINA, FACETS
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
    "price_band": Label("报价或预算", "Price or budget"),
    "mode": Label("合作方式", "Transfer mode"),
    "organisation_kind": Label("机构类型", "Organisation"),
}
PRICE, BUDGET = Label("报价", "Price"), Label("预算", "Budget")
TREES = ("region", "industry", "trl")
MOST_AT_ONCE = 8
"""Choices of a list offered before the reader asks for all."""
_MANY = 30
_SHOWN_CLOSED = 3
"""Levels of a tree that are there to be opened: country, province, city. What is deeper waits for its city."""


@dataclass(frozen=True)
class Choice:
    value: str
    label: Label
    count: int
    chosen: bool = False
    children: tuple[Choice, ...] = ()

    @property
    def is_open(self) -> bool:
        """The way to what is chosen lies open, and so does the country most of us live in."""
        return self.value == CHINA or self.chosen or any(child.is_open for child in self.children)

    @property
    def shown(self) -> tuple[Choice, ...]:
        return shown(self.children)

    @property
    def rest(self) -> tuple[Choice, ...]:
        return rest(self.children)


@dataclass(frozen=True)
class Group:
    name: str
    label: Label
    choices: tuple[Choice, ...]

    @property
    def is_tree(self) -> bool:
        return self.name in TREES

    @property
    def is_long(self) -> bool:
        """So long that a name is found sooner by typing it."""
        return sum(1 for _ in self.every()) > _MANY

    @property
    def shown(self) -> tuple[Choice, ...]:
        """Those offered at once: the first ones, and whatever is chosen."""
        return shown(self.choices)

    @property
    def rest(self) -> tuple[Choice, ...]:
        return rest(self.choices)

    def every(self) -> Iterator[tuple[Choice, str | None]]:
        """All choices with what they lie in, each before what lies in it."""
        return _walk(self.choices, None)


def shown(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    return tuple(c for n, c in enumerate(choices) if _is_first(n, choices) or c.is_open)


def rest(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    return tuple(c for n, c in enumerate(choices) if not _is_first(n, choices) and not c.is_open)


def groups(counted: Mapping[str, Mapping[str, int]], criteria: Criteria) -> list[Group]:
    """One group a facet, in the order of a reader's interest; a choice that would give nothing is left out, unless
    it is chosen."""
    made = (Group(name, title(name, criteria), _choices(name, counted.get(name, {}), criteria)) for name in FACETS)
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
    if code == CHINA:
        return Label("中国", "China")
    return Label(regions.short_name(code, "zh"), regions.short_name(code, "en"))


_NAMES: dict[str, Mapping[str, Label]] = {
    "kind": KINDS, "subtype": {**words.NEED_SUBTYPES, **words.RESULT_SUBTYPES}, "field": words.FIELDS,
    "industry": INDUSTRIES, "trl": {**words.TRL_STAGES, **LEVELS}, "price_band": words.PRICE_BANDS,
    "mode": words.MODES, "organisation_kind": {kind.value: label for kind, label in ORGANISATION_KINDS.items()},
}
_IN_THEIR_OWN_ORDER = ("kind", "trl", "price_band")
"""Facets whose values follow one another; of the others the most frequent comes first."""


def title(name: str, criteria: Criteria) -> Label:
    """What a group is called: what results ask and what needs can pay are counted as one, and named apart."""
    if name == "price_band" and len(criteria.kind) == 1:
        return PRICE if criteria.kind == (Kind.RESULT.value,) else BUDGET
    return GROUPS[name]


def _choices(name: str, counted: Mapping[str, int], criteria: Criteria) -> tuple[Choice, ...]:
    chosen: tuple[str, ...] = getattr(criteria, name)
    values = {*(value for value, count in counted.items() if count), *chosen}
    if name in TREES:
        values = _offered(name, values, {part for value in chosen for part in path_of(name, value)})
    beneath: dict[str | None, list[str]] = {}
    for value in _ordered(name, values, counted):
        above = path_of(name, value)[:-1]
        beneath.setdefault(above[-1] if above else None, []).append(value)

    def choice(value: str) -> Choice:
        inside = tuple(choice(one) for one in beneath.get(value, ()))
        return Choice(value, label_of(name, value, criteria), counted.get(value, 0), value in chosen, inside)

    return tuple(choice(value) for value in beneath.get(None, ()))


def _offered(name: str, values: set[str], leading: set[str]) -> set[str]:
    """The values of a tree without those that lie too deep, and with all that the others lie in."""
    paths = (path_of(name, value) for value in values)
    return {part for path in paths if len(path) <= _SHOWN_CLOSED or path[-2] in leading for part in path}


def _ordered(name: str, values: set[str], counted: Mapping[str, int]) -> list[str]:
    if name in _IN_THEIR_OWN_ORDER:
        return [value for value in _NAMES[name] if value in values]
    return sorted(values, key=lambda value: (-counted.get(value, 0), value))


def _is_first(place: int, choices: Sequence[Choice]) -> bool:
    # One or two more are shown as quickly as a line that says so.
    return place < MOST_AT_ONCE or len(choices) <= MOST_AT_ONCE + 2


def _walk(choices: Sequence[Choice], parent: str | None) -> Iterator[tuple[Choice, str | None]]:
    for choice in choices:
        yield choice, parent
        yield from _walk(choice.children, choice.value)
