"""Which sentences of the interface still lack a Chinese one, room by room.

    python scripts/messages.py            report, and leave with 1 when something is missing
    python scripts/messages.py listings   of one room only

A sentence is an argument of say() in Python, or of _() and ngettext() in a template. Each room keeps its own
catalogue, marketplace/translations/zh/<room>.po; what belongs to no room is in web.po.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.extract import extract, extract_python
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "marketplace" / "translations" / "zh"
KEYWORDS = {"say": None, "_": None, "gettext": None, "ngettext": (1, 2)}
EXTENSIONS = "jinja2.ext.do,jinja2.ext.i18n"
_VALUE = re.compile(r"%\(\w+\)[sd]|\{\w*\}")


@dataclass(frozen=True)
class Sentence:
    text: str
    room: str
    place: str


def sentences() -> Iterator[Sentence]:
    """Every sentence in the source, with the room that has to translate it."""
    for path in sorted((ROOT / "marketplace").rglob("*.py")):
        yield from _in_file(path, extract_python, {})
    for path in sorted((ROOT / "templates").rglob("*.*")):
        yield from _in_file(path, babel_extract, {"extensions": EXTENSIONS, "silent": "false", "trimmed": "false"})


def missing() -> dict[str, list[Sentence]]:
    """Room -> its sentences without a Chinese one in any catalogue."""
    known = {text for texts in translations().values() for text in texts}
    found: dict[str, dict[str, Sentence]] = defaultdict(dict)
    for sentence in sentences():
        if sentence.text not in known:
            found[sentence.room].setdefault(sentence.text, sentence)
    return {room: list(lacking.values()) for room, lacking in sorted(found.items())}


def translations() -> dict[str, dict[str, str]]:
    """Catalogue -> {English: Chinese}."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(CATALOGUES.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale="zh")
        found[path.stem] = {
            text: message.string[0] if isinstance(message.string, tuple) else str(message.string)
            for message in catalogue if message.id and message.string and not message.fuzzy
            for text in (message.id if isinstance(message.id, tuple) else (str(message.id),))
        }
    return found


def values_in(text: str) -> set[str]:
    """The places for values in a sentence: %(n)s, {max}."""
    return set(_VALUE.findall(text))


def _in_file(path: Path, method: Any, options: dict[str, str]) -> Iterator[Sentence]:
    inside = path.relative_to(ROOT)
    room = inside.parts[1] if len(inside.parts) > 2 and not inside.parts[1].startswith("_") else "web"
    with path.open("rb") as file:
        for line, message, _, _ in extract(method, file, keywords=KEYWORDS, options=options):
            for text in message if isinstance(message, tuple) else (message,):
                if text:
                    yield Sentence(text, room, f"{inside}:{line}")


def main(rooms: list[str]) -> int:
    lacking = {room: found for room, found in missing().items() if not rooms or room in rooms}
    for room, found in lacking.items():
        print(f"{room}: {len(found)} without a Chinese sentence")
        for sentence in found:
            print(f"  {sentence.place}  {sentence.text!r}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
