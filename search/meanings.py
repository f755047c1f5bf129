"""What the words of a question are taken for in one index."""

from dataclasses import dataclass, field

from search.text import Word

MISTYPED = 0.5
"""How well a word stands for another that differs from it by one letter."""
_REMEMBERED = 4_096


@dataclass(frozen=True)
class Meaning:
    """One asked word and all that will be taken for it."""

    word: Word
    frequency: int
    """Documents with it, near enough; the higher, the less the word tells."""
    terms: dict[str, float] = field(default_factory=dict)
    """Word of the index -> how well it stands for the asked one, up to 1."""
    run: bool = False
    """Also look for its units in a row."""
    unfinished: bool = False
    """Words that begin like it are among the terms."""
    more: bool = False
    """There are more such words than could be listed; they are found, but not scored."""
    ids: tuple[int, ...] | None = None
    """The documents that have the units in a row, where these are known."""

    def __bool__(self) -> bool:
        return bool(self.terms or self.run)

    @property
    def meant(self) -> Word:
        """The word; if it was mistyped, the one most likely meant."""
        if self.word.text in self.terms or not self.terms or self.run:
            return self.word
        best = max(self.terms, key=lambda term: self.terms[term])
        return Word(best, (best,), self.word.written) if self.terms[best] <= MISTYPED else self.word


class Memory:
    """What words came to in one commit of an index."""

    def __init__(self) -> None:
        self.meanings: dict[tuple[tuple[str, ...], Word, bool], Meaning] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.frequencies: dict[tuple[tuple[str, ...], str], int] = {}
        self.beginnings: dict[tuple[str, str], list[tuple[str, int]]] = {}

    @property
    def is_full(self) -> bool:
        return (
            len(self.meanings) > _REMEMBERED or len(self.counts) > 8 * _REMEMBERED
            or len(self.beginnings) > _REMEMBERED // 8  # long lists
        )


@dataclass(frozen=True)
class Choice:
    """Words of a question taken together: as they were written, or any other reading of them."""

    texts: frozenset[str]
    """The words of the question that are asked for here."""
    written: tuple[Meaning, ...]
    instead: tuple[tuple[Meaning, ...], ...]
    """Each is what must all occur."""
    worth: float
    """How well the others stand for what was written."""

    @property
    def branches(self) -> list[tuple[Meaning, ...]]:
        """The readings that can be met at all."""
        return [branch for branch in (self.written, *self.instead) if branch and all(branch)]


Demand = Meaning | Choice
