"""What a question comes to in one index: which words are asked for, in which reading, and which are given up."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from search.expansion import CORRECTED, EQUAL, Reading
from search.meanings import Choice, Demand, Meaning
from search.mistyped import BOUND, MANY, is_word, little_words_apart, meant, patterns, unsure_part, weak, windows
from search.question import Question, Stretch, phrase
from search.synonyms import Synonyms
from search.text import Word

FEW, FEW_OF_PIECES = 3, 200
"""Where no more than these are found, Chinese that nobody wrote in a row may have been mistyped; the other is for what
fell into single characters, which many documents have."""
CLEARLY_MORE, MORE_THAN_PIECES = 5, 2
"""What was found as typed is kept alone unless another reading finds so many times more."""
ENOUGH_TO_TELL = 3
"""Where a document has all of more words than this, they were meant so."""
SHORT = 3
"""Chinese of so many characters is looked into although some documents have it: they may be mistyped alike."""
_BY_CHANCE = 0.01
"""Words that would meet in so many documents by chance do meet in one: texts are about something."""
_SAMPLE = 24
_ROUNDS = 4


class Wanted:
    """The words of a question, loosened until something is found."""

    def __init__(
        self, reading: Reading, question: Question, synonyms: Synonyms, total: Callable[[list[Demand]], int],
        finds: Callable[[list[Demand]], bool], is_within_reach: Callable[[Demand], bool],
    ) -> None:
        """`total` counts the documents that meet all of some demands, and whatever else was asked for; `finds` only
        says whether there is any, for less; the third, whether one of them is met in any document of which the reader
        may know."""
        self._reading, self._question, self._count, self._finds = reading, question, total, finds
        self._is_within_reach = is_within_reach
        self._meanings = {meaning.word.text: meaning for meaning in reading.meanings(question)}
        equal = [self._choice(stretch, EQUAL) for stretch in self._stretches(synonyms)]
        self._choices = [choice for choice in equal if choice.texts]
        self._frequencies: dict[str, int] = {}
        self._kept: list[str] = []
        self.total = 0

    @property
    def demands(self) -> list[Demand]:
        return self._demands(self._kept)

    @property
    def dropped(self) -> tuple[str, ...]:
        return tuple(word.written for word in self._question.words if word.text not in self._kept)

    def settle(self) -> bool:
        """Decide. False when all that was asked for is words, and none of them can be had."""
        whole = self._count_whole()
        for _ in range(_ROUNDS):  # what takes a forgotten word's place may have to be forgotten as well
            if self.total or not self._forgotten():
                break
            whole = self._count_whole()
        if self.total <= FEW_OF_PIECES and (corrected := list(self._corrected(self.total))):
            replaced = [one for one in self._choices if any(one.texts <= other.texts for other in corrected)]
            self._choices = [one for one in self._choices if one not in replaced] + corrected
            self._keep()
            whole = False
        if not whole and self._may_be_asked:
            self.total = self._count(self.demands)
        self._loosen()
        return self._may_be_asked

    def _count_whole(self) -> bool:
        """Count what has all the words, if each of them can be had; can they?"""
        self._keep()
        whole = len(self._kept) == len(self._question.words)
        self.total = self._count(self.demands) if whole else 0
        return whole

    def _forgotten(self) -> bool:
        """Take what stands only where the reader does not reach for what nobody wrote; was there any?"""
        choices = [choice for choice in self._choices if choice.branches and self._is_within_reach(choice)]
        beyond = [
            text for text, meaning in self._meanings.items()
            if meaning and not self._is_within_reach(meaning) and not any(text in one.texts for one in choices)
        ]
        changed = bool(beyond) or len(choices) < len(self._choices)
        self._choices = choices
        self._meanings |= {text: Meaning(self._meanings[text].word, 0) for text in beyond}
        self._frequencies.clear()
        return changed

    @property
    def _may_be_asked(self) -> bool:
        return bool(self._kept or self._question.phrases or not self._question.words)

    def _stretches(self, synonyms: Synonyms) -> list[Stretch]:
        """Where the line has a term with equals, as it was written or, elsewhere, as it was meant."""
        line = self._question.line
        found = synonyms.stretches(self._question)
        right = tuple(self._meanings[word.text].meant if word.text in self._meanings else word for word in line)
        if right == line:
            return found
        taken = {at for one in found for at in range(one.first, one.last)}
        others = synonyms.stretches(replace(self._question, line=right))
        return found + [one for one in others if taken.isdisjoint(range(one.first, one.last))]

    def _keep(self) -> None:
        """Every word that can be had; in place of a Chinese one that cannot, its parts."""
        self._kept = []
        for word in self._question.words:
            if self._can_be_had(word.text):
                self._kept.append(word.text)
            else:
                parts = {part.word.text: part for part in self._reading.parts(word)}
                self._meanings = {**parts, **self._meanings}
                self._kept += [text for text in parts if self._meanings[text] and text not in self._kept]

    def _loosen(self) -> None:
        """Give up one word after the other, the most common (of two equals, the later) first, until something is
        found. Words that occur nowhere are gone already; phrases and exclusions are never given up."""
        if self.total:
            return
        least = 0 if self._question.phrases else 1
        steps = [self._kept]
        while len(steps[-1]) > least:
            left = [*steps[-1]]
            left.remove(max(reversed(left), key=self._frequency))
            # An equal of several words goes with the first of them, and with it those that only it found.
            steps.append([text for text in left if self._meanings[text] or self._covering(text, left)])
        askable = [step for step in steps[1:] if len(step) >= least]
        if askable:
            self._kept = askable[self._first_found(askable)]
            self.total = self._count(self.demands)
        if not self.total:
            self._kept = steps[-1]

    def _first_found(self, steps: Sequence[Sequence[str]]) -> int:
        """The first of these that finds something, or the last. Each asks for less than the one before, so they need
        not all be tried; but what only an equal of several words found is lost with the first of these."""
        if any(len(one.texts) > 1 for one in self._choices):
            return next((at for at, step in enumerate(steps) if self._finds(self._demands(step))), len(steps) - 1)
        low, high = 0, len(steps) - 1
        guess = self._likely(steps)
        while low < high:
            at = min(max(guess, low), high - 1)
            if self._finds(self._demands(steps[at])):
                high = at
            else:
                low = at + 1
            guess = (low + high) // 2
        return low

    def _likely(self, steps: Sequence[Sequence[str]]) -> int:
        """The step that a glance at how common its words are lets one expect to be the first that finds something."""
        documents = max(1, self._reading.documents)
        for at, step in enumerate(steps):
            if documents * math.prod(min(1.0, self._frequency(text) / documents) for text in step) >= _BY_CHANCE:
                return at
        return len(steps) - 1

    def _demands(self, kept: Sequence[str]) -> list[Demand]:
        demands: list[Demand] = []
        covered: set[str] = set()
        for choice in self._choices:
            if choice.texts.issubset(kept):
                demands.append(choice)
                covered |= choice.texts
        return demands + [self._meanings[text] for text in kept if text not in covered]

    def _covering(self, text: str, kept: Sequence[str]) -> Choice | None:
        return next((one for one in self._choices if text in one.texts and one.texts.issubset(kept)), None)

    def _can_be_had(self, text: str) -> bool:
        if self._meanings[text]:
            return True
        return any(text in choice.texts and self._reading.count(choice) for choice in self._choices)

    def _frequency(self, text: str) -> int:
        """How many documents the word finds, near enough, its equals included where they stand for it alone."""
        if text not in self._frequencies:
            choice = self._covering(text, [text])
            meaning = self._meanings[text]
            known = self._reading.count(choice) if choice else meaning.frequency
            # A single character tells nothing, though few documents have it as a word.
            single = self._reading.single(text) if meaning.word.is_chinese and len(text) == 1 else 0
            self._frequencies[text] = max(known, single)
        return self._frequencies[text]

    def _choice(self, stretch: Stretch, worth: float) -> Choice:
        line = self._question.line[stretch.first:stretch.last]
        written = {word.text: self._meanings[word.text] for word in line if word.text in self._meanings}
        return self._reading.choice(stretch, [*written.values()], worth, to_be_found=True)

    # --- mistyped Chinese

    def _corrected(self, total: int) -> Iterator[Choice]:
        """Other readings of Chinese that nobody wrote in a row, if they find clearly more."""
        line, is_long = self._question.line, len(self._question.words) > MANY
        if total and len(self._question.words) > ENOUGH_TO_TELL:
            return
        for run in self._question.chinese:
            for first, last in little_words_apart(line, *run):
                if first + 1 == last and self._meanings[line[first].text]:
                    continue
                is_weak = weak(line[first:last], [bool(self._meanings[one.text]) for one in line[first:last]], is_long)
                if is_long and not any(is_weak):
                    continue
                few, more = (FEW_OF_PIECES, MORE_THAN_PIECES) if any(is_weak) else (FEW, CLEARLY_MORE)
                for stretch in self._readings(first, is_weak, total) if total <= few else ():
                    choice = self._with_equals(self._choice(stretch, CORRECTED))
                    if choice.texts and self._reading.count(choice) > more * total:
                        yield choice

    def _with_equals(self, choice: Choice) -> Choice:
        """Also read with the equals of the words within it, which the choice will take the place of."""
        equal = tuple(
            branch + tuple(meaning for meaning in choice.written if meaning.word.text not in one.texts)
            for one in self._choices if one.texts <= choice.texts for branch in one.instead
        )
        return replace(choice, instead=choice.instead + equal)

    def _readings(self, first: int, is_weak: Sequence[bool], total: int) -> Iterator[Stretch]:
        words = self._question.line[first:first + len(is_weak)]
        read: set[int] = set()
        for start, end in windows(words, is_weak):
            if read.intersection(range(start, end)) or self._cuts_equals({word.text for word in words[start:end]}):
                continue
            signs = tuple(sign for word in words[start:end] for sign in word.text)
            written = self._reading.run_count(signs)
            is_rare = written <= FEW and written < total and len(signs) <= SHORT
            if written and total and not is_rare:
                if end - start == len(words):
                    return
                continue
            # Written so, but cut otherwise: 家宗教 stands in 国家宗教, and there is no word 家 in it.
            instead = [Word("".join(signs), signs)] if written and not total else self._meant(signs)
            if instead:
                read.update(range(start, end))
                yield Stretch(first + start, first + end, tuple((word,) for word in instead))

    def _cuts_equals(self, texts: set[str]) -> bool:
        """Are these words some of those that have an equal together, but not all?"""
        return any(one.texts & texts and not one.texts <= texts for one in self._choices)

    def _meant(self, signs: tuple[str, ...]) -> list[Word]:
        """What a run of Chinese that nobody wrote may be a mistyping of."""
        found = meant(signs, self._reading.near(patterns(signs), _SAMPLE))
        sure = [text for text in found if unsure_part(signs, text) is None]
        texts = sure or [text for text in found if self._is_bound(text, unsure_part(signs, text) or "")]
        return [word for word in map(phrase, texts) if word is not None]

    def _is_bound(self, text: str, part: str) -> bool:
        """Is the text a word of its own, and not the part with any character beside it?"""
        if is_word(text) or self._reading.frequency(text):
            return True
        return self._reading.run_count(tuple(text)) >= BOUND * self._reading.run_count(tuple(part))


def readable(demands: Sequence[Demand]) -> Iterator[Meaning]:
    """Every meaning in some demands, in whatever reading."""
    for demand in demands:
        if isinstance(demand, Choice):
            yield from (meaning for branch in demand.branches for meaning in branch)
        else:
            yield demand
