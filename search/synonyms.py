"""Groups of words and phrases that find one another, and where a question has one of them.

Nothing here asks an index: both engines find their stretches here and put what may stand for them in their own way.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice

from search import Refused
from search.question import Question, Run, Stretch, phrase
from search.text import Word, asked, units, words

MOST_MEMBERS = 100
"""Members of its groups that are looked for in place of one; no list of equals is longer by intention."""
LONGEST_MEMBER = 200

Groups = tuple[tuple[str, ...], ...]
Members = dict[Run, str]


def checked_groups(groups: Sequence[Sequence[str]]) -> Groups:
    """The groups with what can be of use in them: members that have a word, each once, two or more in a group."""
    found: list[tuple[str, ...]] = []
    for group in groups:
        if not isinstance(group, list | tuple) or not all(isinstance(member, str) for member in group):
            raise Refused(f"a group of synonyms is a list of texts, not {group!r}")
        members: dict[Run, str] = {}
        for member in group:
            row = tuple(units(member[:LONGEST_MEMBER]))
            if row:
                members.setdefault(row, member[:LONGEST_MEMBER].encode("utf-8", "replace").decode())
        if len(members) > 1:
            found.append(tuple(members.values()))
    return tuple(found)


class Synonyms:
    """Groups made ready to be looked up: what a table of thousands costs, it costs once."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups

    @cached_property
    def _by_first(self) -> Mapping[str, list[tuple[Run, list[Members]]]]:
        """First unit -> the members that begin with it, the longest first, each with its groups."""
        groups_of: dict[Run, list[Members]] = {}
        for group in self.groups:
            members = {tuple(units(member)): member for member in group}
            for run in members:
                groups_of.setdefault(run, []).append(members)
        found: dict[str, list[tuple[Run, list[Members]]]] = {}
        for run in sorted(groups_of, key=len, reverse=True):
            found.setdefault(run[0], []).append((run, groups_of[run]))
        return found

    def stretches(self, question: Question) -> list[Stretch]:
        """Where the line of a question has a member, and what else may stand there; none overlaps another."""
        if not self.groups or not question.line:
            return []
        row = [(at, unit) for at, word in enumerate(question.line) for unit in word.units]
        found: list[Stretch] = []
        start = 0
        while start < len(row):
            stretch, start = self._at(question, row, start)
            if stretch is not None:
                found.append(stretch)
        return found

    def _at(self, question: Question, row: list[tuple[int, str]], start: int) -> tuple[Stretch | None, int]:
        """The longest member that stands here, and where the next may begin."""
        for run, groups in self._by_first.get(row[start][1], ()):
            end = start + len(run)
            if all(there == unit for (_, there), unit in zip(row[start:end], run, strict=False)) and end <= len(row):
                rests = _rests(question, row, start, end)
                if rests is not None:
                    before, after = rests
                    first, last = row[start][0], row[end - 1][0] + 1
                    # Never inside a word that has been used: the next member begins after it.
                    after_it = next((at for at in range(end, len(row)) if row[at][0] >= last), len(row))
                    instead = tuple((*before, other, *after) for other in _others(run, groups))
                    return Stretch(first, last, instead), after_it
        return None, start + 1


def _rests(
    question: Question, row: list[tuple[int, str]], start: int, end: int,
) -> tuple[list[Word], list[Word]] | None:
    """What is left before and after of the words in which row[start:end] begins and ends; None where it may not begin
    or end there. Only Chinese is cut inside a word, because the segmenter may have joined what others part."""
    first, last = row[start][0], row[end - 1][0]
    low, high = start, end
    while low > 0 and row[low - 1][0] == first:
        low -= 1
    while high < len(row) and row[high][0] == last:
        high += 1
    if (low, high) == (start, end):
        return [], []
    cut = [question.line[at] for at, is_cut in ((first, low < start), (last, high > end)) if is_cut]
    inner = "".join(unit for _, unit in row[start:end])
    if not all(word.is_chinese for word in cut):
        return None
    if end - start < 3 and not (first == last and inner in words(cut[0].text)):
        return None
    before, after = ("".join(unit for _, unit in row[a:b]) for a, b in ((low, start), (end, high)))
    return [*_telling(before)], [*_telling(after)]


def _telling(text: str) -> Iterator[Word]:
    return (word for word in asked(text) if word.is_telling)


def _others(run: Run, groups: Sequence[Members]) -> list[Word]:
    texts = {other: text for members in groups for other, text in members.items() if other != run}
    return [word for word in map(_phrase, islice(texts.values(), MOST_MEMBERS)) if word is not None]


_phrase = lru_cache(maxsize=16_384)(phrase)


@lru_cache(maxsize=8)
def synonyms_of(groups: Groups) -> Synonyms:
    """The same groups are made ready once, however often a manifest that names them is read."""
    return Synonyms(groups)
