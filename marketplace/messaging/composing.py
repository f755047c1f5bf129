"""What a mail says, once, and as it is read: as plain text, and as a page that any mail program shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from marketplace.config import resource
from marketplace.phrases import in_language, say

SIGNATURE = say("Yinqiao, where results and needs meet")
HOUSE = say("Yinqiao")
WHOLE_ADDRESS = say("If the button does not work, copy this address:")
_LONGEST_PREVIEW = 140
_LONGEST_LINE = 60


@dataclass(frozen=True)
class Heading:
    """Above several entries; `url` is where all of them are."""

    text: Any
    url: str | None = None


@dataclass(frozen=True)
class Entry:
    """One thing of several: its title, what else is to be known, where it is."""

    title: Any
    facts: Sequence[Any] = ()
    url: str | None = None


@dataclass(frozen=True)
class More:
    """What did not fit, and where it is."""

    text: Any
    url: str


@dataclass(frozen=True)
class Act:
    """What the reader is asked to do; in plain text only the address stands there."""

    label: Any
    url: str


@dataclass(frozen=True)
class Foot:
    """Why this was sent and how to get less of it: (words, address) each."""

    lines: Sequence[tuple[Any, str | None]]


Block = str | Heading | Entry | More | Act | Foot
"""A text is a paragraph: a phrase, or words that are in the reader's language already."""


@dataclass(frozen=True)
class Said:
    """A block in the reader's language, as the page of a mail takes it."""

    shape: str
    text: str
    url: str | None = None
    facts: Sequence[str] = ()
    lines: Sequence[tuple[str, str | None]] = ()


def written(subject: Any, blocks: Sequence[Block], language: str, home: str) -> tuple[str, str]:
    """(the mail as plain text, the mail as a page). Addresses are whole already; `home` is ours."""
    said = [_said(block, language) for block in blocks]
    signature = in_language(SIGNATURE, language)
    text = "\n\n".join([*(_as_text(one) for one in said), f"-- \n{signature}\n{home}"]) + "\n"
    subject = in_language(subject, language)
    page = _template().render(
        language="zh-Hans" if language == "zh" else "en", subject=subject, home=home, signature=signature,
        house=in_language(HOUSE, language), whole_address=in_language(WHOLE_ADDRESS, language),
        blocks=[one for one in said if one.shape != "foot"], feet=[one for one in said if one.shape == "foot"],
        preview=_preview(said), says_subject=all(one.text != subject for one in said if one.shape in ("text", "entry")),
    )
    return text, page


def _said(block: Block, language: str) -> Said:
    def words(value: Any) -> str:
        return str(in_language(value, language))

    if isinstance(block, Heading):
        return Said("heading", words(block.text), block.url)
    if isinstance(block, Entry):
        return Said("entry", words(block.title), block.url, [words(fact) for fact in block.facts if fact])
    if isinstance(block, More):
        return Said("more", words(block.text), block.url)
    if isinstance(block, Act):
        return Said("act", words(block.label), block.url)
    if isinstance(block, Foot):
        return Said("foot", "", lines=[(words(text), url) for text, url in block.lines])
    return Said("text", words(block))


def _as_text(said: Said) -> str:
    if said.shape == "act":
        return said.url or ""
    if said.shape == "foot":
        return "\n".join(["- - -", *(line for pair in said.lines for line in pair if line)])
    url = [said.url] if said.url else []
    if said.shape == "heading":
        return "\n".join([said.text, "-" * min(_width(said.text), _LONGEST_LINE), *url])
    if said.shape == "entry":
        return "\n  ".join([f"* {said.text}", *said.facts, *url])
    if said.shape == "more":
        return "\n  ".join([f"  {said.text}", *url])
    return said.text


def _preview(said: Sequence[Said]) -> str:
    """What lists of mails show beside the subject."""
    text = " ".join(one.text for one in said if one.shape in ("text", "entry"))
    return " ".join(text.split())[:_LONGEST_PREVIEW]


@cache
def _template() -> Any:
    folder = FileSystemLoader(resource("templates"))
    pages = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return pages.get_template("mail/letter.html")


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(1 if character < "\u1100" else 2 for character in text)
