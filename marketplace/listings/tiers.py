"""How much of a listing a reader gets: what each tier shows, and what anonymity takes out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from marketplace.accounts.models import User
from marketplace.files.models import StoredFile
from marketplace.listings import fields
from marketplace.listings.fields import Shape, fields_of, is_empty, tier_of
from marketplace.listings.models import Kind, Listing, State, TranslationState
from marketplace.organisations.models import Organisation
from search.text import fold

INSIDE = frozenset({"source", "external_id", "confidential_tier"})
"""Fields that concern only the authors and platform staff."""
NAMED_FROM = 2
"""The tier from which an anonymous listing shows who stands behind it."""
HIDDEN = "[…]"

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s，。；、)]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.-])(?:[\w-]{2,}\.)+(?:com|cn|net|org|edu|gov)(?![\w-])(?:/[^\s，。；、)]*)?", re.ASCII,
)
_PATENT = re.compile(
    r"(?<![a-z0-9])(?:zl|cn|us|ep|wo|jp|kr|de|pct)"
    r"[\s/-]{0,2}(?:[a-z]{2})?\d[\d.,/ -]{4,}\d\s?(?:[a-z]\d?|\.[\dx])?(?![a-z0-9])"
    # An application number of China's as it is often written: year, kind, seven digits, and one to check them by.
    r"|(?<![\d.])(?:19|20)\d\d[1-389]\d{7}(?:\.?[\dx])?(?![\da-z])",
    re.ASCII,
)
_INVISIBLE = "\u00ad\u200b-\u200f\u2060-\u2064\ufeff"
_MARKS = re.compile(r"(?<![0-9 \n])[*`]+|[*`]+(?![0-9 \n])|(?<!\w)_+|_+(?!\w)|\\(?=[^\w\s])")
_KEPT_APART = frozenset("，。；、")
"""Where a link ends in a Chinese sentence: their narrow likenesses may be part of it."""


class _Alike(dict[int, str]):
    """Character -> what search holds equal to it (width, case, Traditional), always one character for one."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = character if character in _KEPT_APART else fold(character)
        self[code] = folded if len(folded) == 1 else character
        return self[code]


_ALIKE = _Alike()


@dataclass(frozen=True)
class Words:
    """A listing's words in one language."""

    language: str
    title: str
    summary: str
    keywords: list[str]
    state: TranslationState | None
    """None for the original."""
    is_stale: bool = False


@dataclass(frozen=True)
class View:
    """Exactly what one reader may read of a listing; pages and JSON are made from this and not from the row."""

    id: int
    ref: str
    kind: Kind
    state: State
    tier: int
    is_anonymous: bool
    fields: Mapping[str, Any]
    """Field name -> value, of the fields that this reader may read and that say something."""
    organisation: Organisation | None
    """None when the listing is anonymous to this reader."""
    contact: User | None
    """From tier 2."""
    attachments: tuple[StoredFile, ...]
    words: tuple[Words, ...]
    """The original first, then translations."""
    published_at: datetime | None
    changed_at: datetime
    valid_until: date | None
    version: int
    withheld: tuple[int, ...]
    """The tiers at which there is more to read than this reader may."""

    def in_language(self, language: str) -> Words:
        """The reader's language where there is one, else the original."""
        return next((w for w in self.words if w.language == language), self.words[0])

    @property
    def confidential_part(self) -> list[str]:
        """What is here that only tiers 2 and 3 read."""
        names = ["confidential"] if "confidential" in self.fields else []
        return names + [f"file {file.id}" for file in self.attachments if file.tier >= 2]


def view_at(
    listing: Listing, tier: int, attachments: list[StoredFile] | None = None, *, inside: bool = False
) -> View:
    """What a reader of `tier` gets. `inside`: one of the authors, or platform staff."""
    veiled = listing.anonymous and tier < NAMED_FROM
    return View(
        id=listing.id, ref=listing.ref, kind=listing.kind, state=listing.state, tier=tier,
        is_anonymous=listing.anonymous, fields=content_at(listing, tier, inside=inside),
        organisation=None if veiled else listing.organisation,
        contact=listing.contact if tier >= 2 else None,
        attachments=tuple(file for file in attachments or () if file.tier <= tier and not veiled),
        words=tuple(_words(listing, veiled)), published_at=listing.published_at, changed_at=listing.changed_at,
        valid_until=listing.valid_until, version=listing.version, withheld=_withheld(listing, tier, attachments or []),
    )


def _withheld(listing: Listing, tier: int, attachments: list[StoredFile]) -> tuple[int, ...]:
    filled = {
        tier_of(field, listing) for field in fields_of(listing.kind)
        if field.name not in INSIDE and not is_empty(fields.value(listing, field.name))
    }
    return tuple(sorted(t for t in filled | {file.tier for file in attachments} if t > tier))


def title_in(listing: Listing, language: str) -> str:
    """For lists of one's own: the title in the reader's language where there is one. Empty for an untitled draft."""
    translated = next((t.title for t in listing.translations if t.language == language and t.title), "")
    return translated if translated and listing.language != language else listing.title


def content_at(listing: Listing, tier: int, *, inside: bool = False) -> dict[str, Any]:
    """The fields a reader of `tier` may read, and that are filled."""
    veiled = listing.anonymous and tier < NAMED_FROM
    shown: dict[str, Any] = {}
    for field in fields_of(listing.kind):
        given = fields.value(listing, field.name)
        if is_empty(given) or tier_of(field, listing) > tier or (field.name in INSIDE and not inside):
            continue
        shown[field.name] = _veiled_value(field.shape, given, listing.organisation) if veiled else given
    return shown


def unmarked(text: str) -> str:
    """Without what makes parts of a text stand out: a page shows none of it, so that a name could be read across it."""
    return _MARKS.sub("", text)


def veil(text: str, organisation: Organisation) -> str:
    """The text without what would tell who wrote it: the organisation's names, links, addresses, patent numbers.

    Looked for as search looks: however a name is spaced, wide or narrow, in whatever case or script, one could find
    the text by it."""
    text = unmarked(text)
    names = (name.translate(_ALIKE) for name in (organisation.name, organisation.name_en) if name and len(name) > 1)
    for pattern in (_LINK, *map(_however_spaced, names), _PATENT):  # a name may be a part of a link
        alike = text.translate(_ALIKE)
        for found in reversed([*pattern.finditer(alike)]):
            if pattern is _PATENT and text[found.start()].islower():
                continue  # “us 100 000” is no office's number
            text = text[:found.start()] + HIDDEN + text[found.end():]
    return text


@lru_cache(maxsize=1_024)
def _however_spaced(name: str) -> re.Pattern[str]:
    pieces = [re.escape(name[0])]
    for before, after in pairwise(name):
        spaced = before.isspace() or after.isspace() or not (before + after).isascii()
        gap = rf"[\s{_INVISIBLE}]*" if spaced else f"[{_INVISIBLE}]*"
        pieces.append(gap if after.isspace() else gap + re.escape(after))
    return re.compile("".join(pieces))


def _veiled_value(shape: Shape, given: Any, organisation: Organisation) -> Any:
    if shape in (Shape.TEXT, Shape.LONG_TEXT):
        return veil(given, organisation)
    if shape is Shape.TAGS:
        return [veil(entry, organisation) for entry in given]
    if shape is Shape.IP_ROWS:
        return [{**row, "number": "", "co_owners": [], "territory": row.get("territory", "")} for row in given]
    return given


def _words(listing: Listing, veiled: bool) -> list[Words]:
    def clean(text: str) -> str:
        return veil(text, listing.organisation) if veiled else text

    original = Words(
        listing.language, clean(listing.title), clean(listing.summary), [clean(k) for k in listing.keywords], None
    )
    return [original] + [
        Words(t.language, clean(t.title), clean(t.summary), [clean(k) for k in t.keywords], t.state, t.is_stale)
        for t in sorted(listing.translations, key=lambda t: t.language) if t.title and t.language != listing.language
    ]
