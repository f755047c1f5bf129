"""Sentences' values as JSON and back, so that a notice can be read in either language later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marketplace.phrases import LANGUAGES, Label, Phrase, in_language


def packed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers and texts as they are; phrases and what has a name in each language as small objects."""
    return {name: _pack(value) for name, value in values.items()}


def unpacked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unpack(value) for name, value in values.items()}


def _pack(value: Any) -> Any:
    if isinstance(value, Phrase):
        return {"msgid": value.msgid, "values": packed(value.values)}
    if hasattr(value, "in_language"):
        return {language: in_language(value, language) for language in LANGUAGES}
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "msgid" in value:
        return Phrase(value["msgid"], unpacked(value["values"]))
    return Label(**value)
