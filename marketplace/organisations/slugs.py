"""Readable addresses for organisations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

LONGEST = 60
RESERVED = frozenset({"new"})


def candidates(name: str, name_en: str | None = None) -> Iterator[str]:
    """The address we would like for a name, then the same with a number: yunzhan-university, yunzhan-university-2, …"""
    from pypinyin import lazy_pinyin  # its dictionary takes a while to load

    first = _plain(name_en or "") or _plain(" ".join(lazy_pinyin(name))) or "organisation"
    if first not in RESERVED:
        yield first
    number = 1
    while True:
        number += 1
        yield f"{first}-{number}"


def is_slug(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", text) is not None and len(text) <= LONGEST and text not in RESERVED


def _plain(text: str) -> str:
    ascii_ = normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_.replace("'", "")).strip("-")
    return slug if len(slug) <= LONGEST else slug[: LONGEST + 1].rpartition("-")[0] or slug[:LONGEST]
