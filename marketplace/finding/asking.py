"""What a search asks for, kept for later: as JSON, as an address, and in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from marketplace.db import session
from marketplace.finding import facets
from marketplace.finding.criteria import LONGEST, Criteria
from marketplace.listings.documents import FACETS
from marketplace.organisations.models import Organisation, State
from marketplace.phrases import Label, in_language, money, say
from search import text as search_text

SHAPE = 1
"""Of what is stored. One that is newer than ours is read as far as we understand it, and not acted upon."""
TEXTS, AMOUNTS, NUMBERS = ("q", "organisation"), ("price_min", "price_max"), ("days",)
NOT_ASKED = ("sort", "page", "size")
"""How the answer is shown is no part of the question."""
LONGEST_NAME = 80
_OF_THE_WORDS = 50


def stored(criteria: Criteria) -> dict[str, Any]:
    """The question alone, the same for the same question: no blanks, no order, nothing that was left open."""
    kept: dict[str, Any] = {name: sorted(set(getattr(criteria, name))) for name in FACETS}
    kept |= {name: getattr(criteria, name) for name in (*TEXTS, *NUMBERS)}
    kept |= {name: None if (amount := getattr(criteria, name)) is None else f"{amount:f}" for name in AMOUNTS}
    kept["q"] = " ".join(criteria.q.split())[:LONGEST]
    return {"shape": SHAPE, **{name: value for name, value in kept.items() if value not in (None, "", [])}}


def digest(question: Mapping[str, Any]) -> str:
    """Two questions that differ in case or width only are one."""
    folded = {**question, "q": search_text.fold(question.get("q", ""))}
    return sha256(json.dumps(folded, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def restored(question: Mapping[str, Any]) -> tuple[Criteria, bool]:
    """(the criteria; is that all the question asks?). A code that has vanished since stays and simply finds nothing:
    without it the search would find everything."""
    known: dict[str, Any] = {}
    for name in FACETS:
        given = question.get(name)
        if isinstance(given, list):
            known[name] = tuple(code for code in given if isinstance(code, str))
    for name in (*TEXTS, *NUMBERS):
        if isinstance(question.get(name), int if name in NUMBERS else str):
            known[name] = question[name]
    for name in AMOUNTS:
        try:
            known[name] = Decimal(question[name]) if name in question else None
        except (InvalidOperation, TypeError, ValueError):
            continue
    is_whole = question.get("shape") == SHAPE and set(question) <= {*known, *AMOUNTS, "shape"}
    return Criteria(**known), is_whole


def arguments(criteria: Criteria) -> list[tuple[str, str]]:
    """As they stand in an address."""
    question = stored(criteria)
    return [
        (name, str(value)) for name, given in question.items() if name != "shape"
        for value in (given if isinstance(given, list) else [given])
    ]


def address(criteria: Criteria, path: str = "/search", **others: str) -> str:
    query = urlencode([*arguments(criteria), *others.items()], errors="replace")
    return f"{path}?{query}" if query else path


def in_words(criteria: Criteria, names: Mapping[str, Label] | None = None) -> list[tuple[Any, Any]]:
    """The filters as (group, choice); `names` has the organisations', where they are at hand already."""
    said: list[tuple[Any, Any]] = [
        (facets.GROUPS[name], facets.label_of(name, value, criteria))
        for name in FACETS for value in criteria.narrowest(name)
    ]
    if criteria.organisation:
        found = names if names is not None else organisations_called([criteria.organisation])
        said.append((say("Organisation"), found.get(criteria.organisation, criteria.organisation)))
    price = facets.GROUPS["price_band"]
    if criteria.price_min is not None:
        said.append((price, say("from {low}", low=money(criteria.price_min))))
    if criteria.price_max is not None:
        said.append((price, say("up to {high}", high=money(criteria.price_max))))
    if criteria.days is not None:
        said.append((say("Date of publication"), say("Last {n} days", n=criteria.days)))
    return said


def organisations_called(slugs: Sequence[str]) -> dict[str, Label]:
    """Slug -> name, of those everybody may know of: an address with any slug in it can be asked for its name."""
    if not slugs:
        return {}
    rows = session.execute(
        select(Organisation.slug, Organisation.name, Organisation.name_en)
        .where(Organisation.slug.in_(slugs), Organisation.state == State.VERIFIED)
    )
    return {row.slug: Label(row.name, row.name_en or row.name) for row in rows}


def name_for(criteria: Criteria, language: str) -> str:
    """A name to begin with: the words, then the filters."""
    words = " ".join(criteria.q.split())
    if len(words) > _OF_THE_WORDS:
        words = words[: _OF_THE_WORDS - 1].rstrip() + "…"
    parts = [words] if words else []
    for _, choice in in_words(criteria):
        part = str(in_language(choice, language))
        if len(" · ".join([*parts, part])) > LONGEST_NAME:
            break
        parts.append(part)
    return " · ".join(parts) or str(in_language(say("Everything new"), language))
