"""What stands in an entry's details, in words where there are words for it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from marketplace.audit import AuditEntry
from marketplace.auditing.acts import DETAILS
from marketplace.introductions.moves import TABLE
from marketplace.introductions.talk import AUDIENCES
from marketplace.introductions.vocabulary import SIDES, STAGES
from marketplace.listings.vocabulary import LANGUAGES, TIERS
from marketplace.organisations.vocabulary import MEMBERSHIPS, ROLES
from marketplace.phrases import Label, in_language

READ = {"confidential": Label("保密内容", "confidential part"), "contact": Label("联系人", "contact"),
        "name": Label("发布机构", "who stands behind it")}
KINDS = {"result": Label("成果", "results"), "need": Label("需求", "needs")}

# Rows of the table share these two names and are labelled by their reason and by who makes them.
MOVES = {move.name: move.label for move in TABLE} | {"close": Label("关闭对接", "Close"), "sign": Label("签约", "Sign")}


def _by_code(words: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(code.value if isinstance(code, Enum) else code): label for code, label in words.items()}


_KNOWN: dict[str, Mapping[Any, Any]] = {
    "tier": TIERS, "role": ROLES, "stage": {stage: words.name for stage, words in STAGES.items()}, "side": SIDES,
    "sides": SIDES, "absent": SIDES, "audience": AUDIENCES, "membership": MEMBERSHIPS, "language": LANGUAGES,
    "read": READ, "kind": KINDS, "move": MOVES,
}
WORDS = {name: _by_code(words) for name, words in _KNOWN.items()}
"""Detail -> code -> what readers call it; other details are numbers, names of files and of fields."""


def details(entry: AuditEntry, language: str) -> list[tuple[str, str]]:
    """(name, value) of what an entry says besides."""
    return [
        (str(in_language(DETAILS.get(name, name), language)), _said(name, value, language))
        for name, value in entry.details.items() if value is not None and value != []
    ]


def _said(name: str, value: Any, language: str) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{part} {one}" for part, one in value.items())
    if isinstance(value, list):
        return ("、" if language == "zh" else ", ").join(_said(name, one, language) for one in value)
    return str(in_language(WORDS.get(name, {}).get(str(value), value), language))
