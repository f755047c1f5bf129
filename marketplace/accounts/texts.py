"""The terms of use and the privacy notice, edition by edition, in both languages: files, which nobody ever changes.

`terms-2026-1.zh.md` and `terms-2026-1.en.md` are one edition. The first line is its title, the second the day it comes
into force; then paragraphs, `## headings` and `- items`. An edition that people have accepted is never changed: a new
one takes its place. Those of this release lie in wordings/; a setting names a folder with further ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from marketplace import clock
from marketplace.config import PrivacySettings, WrongSetting
from marketplace.phrases import LANGUAGES, Label

SHIPPED = Path(__file__).parent / "wordings"
_NAME = re.compile(r"(terms|privacy)-([\w.-]{1,30})\.(zh|en)\.md")


class Text(StrEnum):
    TERMS = "terms"
    PRIVACY = "privacy"


NAMES = {Text.TERMS: Label("使用条款", "Terms of use"), Text.PRIVACY: Label("个人信息保护告知", "Privacy notice")}


@dataclass(frozen=True)
class Part:
    kind: str
    """heading, item or text."""
    words: Label


@dataclass(frozen=True)
class Edition:
    text: Text
    number: str
    since: date
    title: Label
    parts: tuple[Part, ...]

    @property
    def key(self) -> str:
        return f"{self.text} {self.number}"


_bound: list[Edition] = []


def bind(settings: PrivacySettings) -> None:
    """Read the editions; called by the composition root. Raises WrongSetting for a file that is none."""
    folders = [SHIPPED, *([settings.texts] if settings.texts else [])]
    found = [edition for folder in folders for edition in read(folder)]
    _bound[:] = sorted(found, key=lambda one: (one.since, one.key))


def editions(text: Text) -> list[Edition]:
    """Every edition of a text that is or was in force, the newest first."""
    today = clock.today()
    return [one for one in reversed(_bound) if one.text is text and one.since <= today]


def in_force() -> list[Edition]:
    """What somebody who opens an account today accepts."""
    return [found[0] for text in Text if (found := editions(text))]


def latest() -> list[Edition]:
    """The newest edition of each text, whether it is in force yet or not."""
    return list({one.text: one for one in _bound}.values())


def edition(text: Text, number: str) -> Edition | None:
    return next((one for one in _bound if one.text is text and one.number == number), None)


def shown(found: list[Edition]) -> str:
    """These editions as a form carries them, to know later what its reader was shown."""
    return ", ".join(one.key for one in found)


def read(folder: Path) -> Iterator[Edition]:
    """The editions in a folder. Files with other names are let be."""
    found: dict[tuple[str, str], dict[str, Path]] = {}
    for path in sorted(folder.glob("*.md")):
        match = _NAME.fullmatch(path.name)
        if match:
            found.setdefault((match[1], match[2]), {})[match[3]] = path
    for (text, number), paths in found.items():
        for language in LANGUAGES:
            if language not in paths:
                raise _wrong(next(iter(paths.values())), f"has no {text}-{number}.{language}.md beside it")
        yield _edition(Text(text), number, paths["zh"], paths["en"])


def _edition(text: Text, number: str, zh: Path, en: Path) -> Edition:
    (title_zh, since, said_zh), (title_en, since_en, said_en) = _read(zh), _read(en)
    if since != since_en:
        raise _wrong(en, f"comes into force on {since_en}, and {zh.name} on {since}")
    if [kind for kind, _ in said_zh] != [kind for kind, _ in said_en]:
        raise _wrong(en, f"has not the same headings, items and paragraphs as {zh.name}")
    parts = tuple(Part(kind, Label(one, other)) for (kind, one), (_, other) in zip(said_zh, said_en, strict=True))
    return Edition(text, number, since, Label(title_zh, title_en), parts)


def _read(path: Path) -> tuple[str, date, list[tuple[str, str]]]:
    try:
        title, since, *rest = path.read_text("utf-8").strip().splitlines()
        day = date.fromisoformat(since.strip())
    except (ValueError, UnicodeDecodeError, OSError):
        raise _wrong(path, "does not begin with “# title” and, on the next line, a day such as 2027-01-01") from None
    if not title.startswith("# "):
        raise _wrong(path, "does not begin with “# title”")
    said: list[tuple[str, str]] = []
    for line in (line.strip() for line in rest):
        if line.startswith("## "):
            said.append(("heading", line[3:]))
        elif line.startswith("- "):
            said.append(("item", line[2:]))
        elif line:
            said.append(("text", line))
    return title[2:].strip(), day, said


def _wrong(path: Path, why: str) -> WrongSetting:
    return WrongSetting("TEXTS_FOLDER", str(path), why, "/etc/yinqiao/texts")
