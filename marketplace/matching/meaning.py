"""What a listing means, as vectors: of all it says, and of each sentence of a need.

A model loses sight of what a long text is about. So the text is read sentence by sentence, each with the title before
it, and the middle of these and the title is what the listing means. A need asks for several things, of which a result
often answers one: for that its title and its sentences are kept by themselves as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from marketplace.listings.documents import wording
from marketplace.listings.models import Listing
from search.embedding import Embedder, Vector, cosine

MOST = 16
"""Sentences that are read: what a listing is about stands at its beginning."""
LONGEST, LEAST = 300, 4
"""Characters of a sentence; a longer one is cut, a shorter one says nothing."""
TITLE = 0.5
"""How much the title counts beside the middle of the sentences."""
_AMID_CHINESE = re.compile("(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])")
_END = re.compile(r"[。；;！!？?\n]|\.(?=\s|$)")
_NUMBER = re.compile(r"^[\s、.．:：]*(?:[（(]?(?:\d{1,2}|[一二三四五六七八九十]{1,3})(?:[)）、]|[.．:：](?!\d))\s*)*")
_PIECE = re.compile(rf".{{1,{LONGEST}}}(?:\s|$)|.{{1,{LONGEST}}}")


@dataclass(frozen=True)
class Meaning:
    whole: Vector
    parts: tuple[Vector, ...] = ()
    """Of a need: the title's, then each sentence's."""


class Near(NamedTuple):
    """How near a result lies to a need, from -1 to 1; unrelated ones lie about 0, whatever their languages."""

    whole: float
    closest: float
    """To that part of the need which it is nearest to."""
    part: int = 0
    """Which one: 0 is the title, 1 the first sentence; 0 also where nothing is known of the parts."""


def near(need: Vector | None, result: Vector | None, parts: Sequence[Vector] = ()) -> Near | None:
    """None when either has no vector: then nothing is known, which is not the same as 0."""
    if need is None or result is None:
        return None
    whole = cosine(need, result)
    if not len(parts):
        return Near(whole, whole)
    import numpy

    close = numpy.asarray(parts) @ numpy.asarray(result)
    best = int(close.argmax())
    return Near(whole, float(close[best]), best)


def text_of(listing: Listing) -> str:
    """What is embedded: what everybody may read, in the listing's own language, the title on a line of its own."""
    words = wording(listing)[0]
    title = " ".join(words.title.split())
    text = "\n".join(filter(None, (title, ", ".join(words.keywords), words.summary)))
    # Models read a space between two Chinese characters as the end of a word.
    return _AMID_CHINESE.sub("", text)


def sentences(text: str) -> list[str]:
    """Those of a text of `text_of`, without the title and without the numbers of lists."""
    found: list[str] = []
    for one in _END.split(text.partition("\n")[2]):
        bare = _NUMBER.sub("", one).rstrip(" \t:：,，、")
        found += [piece.strip() for piece in _PIECE.findall(bare) if len(piece) >= LEAST]
        if len(found) >= MOST:
            break
    return found[:MOST]


def meanings(embedder: Embedder, texts: Sequence[str], in_parts: Sequence[bool]) -> list[Meaning]:
    """What each text of `text_of` means, with its parts where asked. Raises what the embedder does."""
    cut = [
        (text.partition("\n")[0], sentences(text) if parts else _grouped(sentences(text)))
        for text, parts in zip(texts, in_parts, strict=True)
    ]
    wanted: dict[str, None] = {}
    for (title, some), parts in zip(cut, in_parts, strict=True):
        wanted |= dict.fromkeys((title, *(_under(title, one) for one in some), *(some if parts else ())))
    made: dict[str, Vector] = {}
    every = [*wanted]
    for at in range(0, len(every), embedder.batch):
        asked = every[at:at + embedder.batch]
        made |= dict(zip(asked, embedder.embed(asked), strict=True))
    return [
        Meaning(_whole(made, title, some), tuple(made[one] for one in (title, *some)) if parts else ())
        for (title, some), parts in zip(cut, in_parts, strict=True)
    ]


def _grouped(some: Sequence[str]) -> list[str]:
    """Sentences that are not asked about one by one are read several at a time: it costs half as much."""
    found: list[str] = []
    for one in some:
        if found and len(found[-1]) + len(one) < LONGEST:
            found[-1] += f"; {one}" if one.isascii() else f"；{one}"
        else:
            found.append(one)
    return found


def _under(title: str, sentence: str) -> str:
    return f"{title}{': ' if title.isascii() else '：'}{sentence}" if title else sentence


def _whole(made: dict[str, Vector], title: str, some: Sequence[str]) -> Vector:
    if not some:
        return made[title]
    middle = _unit([math.fsum(column) for column in zip(*(made[_under(title, one)] for one in some), strict=True)])
    if not title:
        return middle
    return _unit([TITLE * a + b for a, b in zip(made[title], middle, strict=True)])


def _unit(numbers: list[float]) -> list[float]:
    length = math.hypot(*numbers)
    return [number / length for number in numbers] if length else numbers
