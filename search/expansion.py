"""What a reader's word can stand for in one index: itself, a longer word, a word mistyped, an equal of it.

tantivy's own fuzzy query walks an automaton for every attribute and scores nothing; looking the neighbours up in the
term dictionary once and asking for them by name is far faster, and each keeps its own weight.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from string import ascii_lowercase

import tantivy
from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from search import Settings
from search.checking import texts_of
from search.layout import LEXICON, lists_of, payload
from search.meanings import MISTYPED, Choice, Demand, Meaning, Memory
from search.mistyped import Pattern
from search.queries import every, hit_count, some
from search.question import Question, Run, Stretch
from search.text import Word, fold, singular, words

MOST_COMPLETIONS = 20
"""Completions of the last word that are scored; the rarer ones are found all the same."""
MOST_CORRECTIONS = 8
EQUAL, CORRECTED = 0.7, 0.5
"""How well an equal, and what was meant by a mistyped Chinese word, stand for what was written."""
MOST_TERMS = 128
"""Terms of `similar` that are read, the heaviest first."""
RARE = 200
"""A Chinese word that the segmenter saw in fewer documents than this is also looked for as a run of characters:
elsewhere it may have cut it differently. Runs of common characters would cost more than they find."""
COMMON = 5_000
"""Where each of its characters is in more documents than this, only a word that next to nobody wrote is looked for as a
run: of 法 and 相 standing together by chance there is more than of the word, and finding them takes longest of all."""
ENOUGH = 1_000
"""A word in so many documents fills every page that is read: longer words that it begins are found, but not scored."""
SUSPECT = 3
"""A Latin word in this many documents or fewer may be a typing error, theirs or the reader's."""

_COUNTED = 20
_NOTED = 60
"""So many documents are asked for by their ids sooner than a row of characters is laid side by side."""
_ONE_BY_ONE = 60
_COMPLETED = 0.7
_Must, _Should, _MustNot = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot


class Reading:
    """One searcher and the fields to read: turns words into meanings, and meanings into tantivy queries."""

    def __init__(
        self, searcher: tantivy.Searcher, schema: tantivy.Schema, settings: Settings, attributes: Sequence[str] | None,
        dictionary: Callable[[str, str], dict[int, list[str]]], has_words: Callable[[str], bool],
        reach: Sequence[tantivy.Query] = (), memory: Memory | None = None,
    ) -> None:
        """`has_words` says which fields need not be looked into; `reach` bounds the documents that are counted and
        read to learn what was meant; `memory` keeps what words came to in this searcher, for the next question."""
        self._searcher, self._schema, self._dictionary = searcher, schema, dictionary
        self.documents = searcher.num_docs
        self._reach = [(_Must, tantivy.Query.const_score_query(one, 0.0)) for one in reach]
        every = tuple(settings.searchable if attributes is None else attributes)
        self._attributes = tuple(name for name in every if has_words(f"words_{name}")) or every
        self._weights = {name: settings.searchable[name] for name in self._attributes}
        lists = lists_of(settings, attributes)
        self._lists = [*filter(has_words, lists)] or lists
        self._made: dict[int, tuple[Demand, tantivy.Query]] = {}
        self._memory = Memory() if memory is None else memory
        # To ask for each of the short attributes, which share a list, costs as much as to look there.
        shared = settings.suggest if LEXICON in self._lists else ()
        self._scored = [(f"words_{name}", LEXICON if name in shared else f"words_{name}", weight)
                        for name, weight in self._weights.items()]
        """Of each attribute the field that is scored, the list that says whether a word may be there, the weight."""

    def meanings(self, question: Question) -> list[Meaning]:
        last = len(question.words) - 1
        return [self.meaning(word, question.unfinished and at == last) for at, word in enumerate(question.words)]

    def meaning(self, word: Word, unfinished: bool = False) -> Meaning:
        # The filters and the reach of a question have no part in this.
        key = (self._attributes, word, unfinished)
        known = self._memory.meanings.get(key)
        if known is None:
            known = self._memory.meanings[key] = self._read(word, unfinished)
        return known

    def _read(self, word: Word, unfinished: bool) -> Meaning:
        text = word.text
        frequency = self.frequency(text)
        terms = {text: 1.0} if frequency else {}
        more = False
        if unfinished:
            completions = self._completions(text)
            own = self._telling(frequency) if frequency else 0.0
            for completion, count in completions[:MOST_COMPLETIONS]:
                # A rare longer word must not tell more than the word itself.
                scale = min(1.0, own / self._telling(count)) if own else 1.0
                terms.setdefault(completion, _COMPLETED * scale)
                frequency = max(frequency, count)
            more = len(completions) > MOST_COMPLETIONS
        if frequency <= SUSPECT and (allowed := typing_errors(text)):
            for correction, distance in self._corrections(text, allowed):
                terms.setdefault(correction, MISTYPED ** distance)
                frequency = max(frequency, self.frequency(correction))
        if self._may_be_cut_otherwise(word, frequency):
            return self._with_run(Meaning(word, frequency, terms, True, unfinished, more))
        if not terms and (single := self.single(word.units[0])):
            # A lone character of a longer word stands in no list of words, but in the row of units.
            return Meaning(word, single, run=True)
        return Meaning(word, frequency, terms, False, unfinished, more)

    def _may_be_cut_otherwise(self, word: Word, frequency: int) -> bool:
        if len(word.units) < 2 or frequency >= RARE:
            return False
        return frequency <= SUSPECT or min(map(self.single, word.units)) <= COMMON

    def _with_run(self, meaning: Meaning) -> Meaning:
        """Looked for as a run where that finds what the word does not. Where it is rare its documents are noted, to be
        looked for by their ids from then on: for the total, the page and the facets."""
        text = meaning.word.text
        own = self.frequency(text) if text in meaning.terms else 0
        query = tantivy.Query.const_score_query(self._runs(meaning.word.units), 0.0)
        if own:
            listed = [(_MustNot, self._term(name, text, "basic")) for name in self._lists]
            query = tantivy.Query.boolean_query([(_Must, query), *listed])
        result = self._searcher.search(query, _NOTED)
        count = hit_count(result)
        ids: tuple[int, ...] | None = None
        if count <= _NOTED:
            addresses = [address for _, address in result.hits]
            ids = tuple(int(one or 0) for one in self._searcher.fast_field_values("id", addresses))
        return replace(meaning, frequency=max(meaning.frequency, own + count), run=count > 0, ids=ids)

    def exactly(self, word: Word) -> Meaning:
        """A word or phrase as it stands."""
        frequency = self.frequency(word.text)
        run = len(word.units) > 1 and frequency < RARE
        return Meaning(word, frequency, {word.text: 1.0} if frequency else {}, run)

    def choice(
        self, stretch: Stretch, written: Sequence[Meaning], worth: float, to_be_found: bool = False,
    ) -> Choice:
        """With `to_be_found` its readings will be asked for several times, not only scored."""
        exactly = [[self.exactly(word) for word in words] for words in stretch.instead]
        instead = tuple(
            tuple(self._with_run(one) if to_be_found and one.run else one for one in branch) for branch in exactly
        )
        return Choice(frozenset(meaning.word.text for meaning in written), tuple(written), instead, worth)

    def count(self, demand: Demand) -> int:
        """In how many documents it is met."""
        can_be_met = demand.branches if isinstance(demand, Choice) else demand
        return self._how_many(self._any_of(demand)) if can_be_met else 0

    def run_count(self, run: Run) -> int:
        return self._how_many(self._runs(run))

    def _how_many(self, query: tantivy.Query) -> int:
        return hit_count(self._searcher.search(self._within_reach(query), 1))

    def _within_reach(self, query: tantivy.Query) -> tantivy.Query:
        return tantivy.Query.boolean_query([(_Must, query), *self._reach]) if self._reach else query

    def near(self, patterns: Iterable[Pattern], most: int) -> list[list[str]]:
        """The folded texts of documents that have one of the patterns; those where it tells most first."""
        queries = [
            tantivy.Query.boost_query(self._gapped(f"run_{name}", pattern), weight)
            for pattern in patterns for name, weight in self._weights.items()
        ]
        some = tantivy.Query.boolean_query([(_Should, query) for query in queries])
        found = self._searcher.search(self._within_reach(some), most, count=False).hits
        documents = [payload(self._searcher, address) for _, address in found]
        return [
            [fold(text) for name in self._attributes for text in texts_of(document, name)] for document in documents
        ]

    def parts(self, word: Word) -> list[Meaning]:
        """A Chinese word that nobody wrote, as the words and characters within it that somebody did:
        锂电池 finds 锂离子电池 by 锂 and 电池."""
        if not word.is_chinese or len(word.units) < 3:
            return []
        shorter = {inner for inner in words(word.text) if inner != word.text and self.frequency(inner)}
        left, found = word.text, []
        # The last part says what a Chinese compound is, so it is cut off first: 锂 + 电池, not 锂电 + 池.
        for inner in sorted(shorter, key=lambda inner: (word.text.endswith(inner), len(inner)), reverse=True):
            if inner in left:
                found.append(self.meaning(Word(inner, tuple(inner), inner)))
                left = left.replace(inner, " ", 1)
        singles = [(Word(one, (one,), one), self.single(one)) for one in left if one != " "]
        return found + [Meaning(one, count, run=True) for one, count in singles if count] if found else []

    def matching(self, meanings: Iterable[Demand], question: Question) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """Clauses that decide what is found, and say nothing of its rank: cheap enough to count with."""
        clauses = [(_Must, tantivy.Query.const_score_query(self._any_of(meaning), 0.0)) for meaning in meanings]
        clauses += [(_Must, tantivy.Query.const_score_query(self._runs(run), 0.0)) for run in question.phrases]
        clauses += [(_MustNot, self._excluded(run)) for run in question.excluded]
        return clauses

    def scoring(self, meanings: Iterable[Demand], question: Question) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """Clauses that decide the rank, and nothing of what is found."""
        clauses = [(_Should, query) for meaning in meanings for query in self.scores(meaning)]
        return clauses + [(_Should, self._runs(run)) for run in question.phrases]

    def ranking(self, meanings: Iterable[Demand], question: Question) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """Clauses that decide both what is found and its rank, as `matching` and `scoring` together, but each list of
        documents is walked once: half the time where a common word finds a third of all there is."""
        clauses: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for meaning in meanings:
            scores = self.scores(meaning)
            if isinstance(meaning, Choice) or meaning.run or meaning.more or self._is_enough(meaning):
                clauses.append((_Must, tantivy.Query.const_score_query(self._any_of(meaning), 0.0)))
                clauses += [(_Should, query) for query in scores]
            else:
                clauses.append((_Must, some(scores)))
        clauses += [(_Must, self._runs(run)) for run in question.phrases]
        return clauses + [(_MustNot, self._excluded(run)) for run in question.excluded]

    def scores(self, meaning: Demand, weight: float = 1.0) -> list[tantivy.Query]:
        if isinstance(meaning, Choice):
            return self._scores_of_choice(meaning, weight)
        queries = []
        scored = {meaning.word.text: 1.0} if self._is_enough(meaning) else meaning.terms
        for field, listed, own in self._scored:
            boost = own * weight
            terms = [
                tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, field, term, "freq"), boost * worth)
                for term, worth in scored.items() if self._documents(listed, term)
            ]
            # Several completions in one document are one find, not several.
            queries += terms if len(terms) < 2 else [tantivy.Query.disjunction_max_query(terms, 0.0)]
        if meaning.run:
            queries.append(tantivy.Query.boost_query(self._runs(meaning.word.units), _COMPLETED * weight))
        return queries

    def _documents(self, field: str, term: str) -> int:
        known = self._memory.counts.get((field, term))
        if known is None:
            known = self._memory.counts[field, term] = self._searcher.doc_freq(field, term)
        return known

    def _is_enough(self, meaning: Meaning) -> bool:
        return meaning.unfinished and self.frequency(meaning.word.text) >= ENOUGH

    def _scores_of_choice(self, choice: Choice, weight: float) -> list[tantivy.Query]:
        """A document with several of the readings is as good as with the best of them."""
        written = [query for meaning in choice.written if meaning for query in self.scores(meaning, weight)]
        readings = [*([some(written)] if written else []), *self.scores_instead(choice, weight)]
        return [tantivy.Query.disjunction_max_query(readings, 0.0)] if readings else []

    def scores_instead(self, choice: Choice, weight: float) -> list[tantivy.Query]:
        """One score for each reading but the written one."""
        own = sum(self._telling(meaning.frequency) for meaning in choice.written if meaning)
        return [
            some([
                self._instead(name, meaning, choice.worth * weight, own / len(branch))
                for meaning in branch for name in self._attributes
            ])
            for branch in choice.instead if all(branch)
        ]

    def _instead(self, name: str, meaning: Meaning, worth: float, own: float) -> tantivy.Query:
        """The score of what stands for a word, on the scale of that word: a rare equal must not tell more than the
        word itself."""
        if meaning.terms:
            query = self._term(f"words_{name}", meaning.word.text, "freq")
            its = self._telling(self._documents(f"words_{name}", meaning.word.text))
        else:
            query = self._run_in(name, meaning.word.units)
            its = sum(self._telling(self._documents(f"run_{name}", unit)) for unit in meaning.word.units)
        scale = own / its if own and its else 1.0
        return tantivy.Query.boost_query(query, self._weights[name] * worth * scale)

    def _any_of(self, meaning: Demand) -> tantivy.Query:
        """What is found by it. Asked for by the page, the total and the facets, made once: it may be long."""
        if id(meaning) not in self._made:
            self._made[id(meaning)] = meaning, self._make_any_of(meaning)  # the meaning stays, so its id does too
        return self._made[id(meaning)][1]

    def _make_any_of(self, meaning: Demand) -> tantivy.Query:
        if isinstance(meaning, Choice):
            return some([every([self._any_of(one) for one in branch]) for branch in meaning.branches])
        begun = meaning.word.text
        listed = [term for term in meaning.terms if not (meaning.unfinished and term.startswith(begun))]
        found = [self._term(name, term, "basic") for term in listed for name in self._lists]
        if meaning.unfinished:
            found += [query for name in self._lists for query in self._begun_by(name, begun)]
        if meaning.run:
            known = meaning.ids
            found.append(self._runs(meaning.word.units) if known is None else self._by_ids(known))
        return some(found)

    def _begun_by(self, name: str, beginning: str) -> list[tantivy.Query]:
        """Words of a list that begin so: one by one, or where they are many by a pattern, which is slow to make."""
        known = self._beginning(name, beginning)
        if len(known) <= _ONE_BY_ONE:
            return [self._term(name, word, "basic") for word, _ in known]
        pattern = "".join(re.escape(c) if c.isascii() else c for c in beginning) + ".*"
        return [tantivy.Query.regex_query(self._schema, name, pattern)]

    def _by_ids(self, ids: Sequence[int]) -> tantivy.Query:
        # A set of terms would be compiled into an automaton first: 30 times slower for a few.
        return some([tantivy.Query.term_query(self._schema, "id", one) for one in ids])

    def _excluded(self, run: Run) -> tantivy.Query:
        """The run, and what a single word of it is listed as: -battery excludes batteries too."""
        found = [self._runs(run)]
        if len(run) == 1:
            found += [self._term(name, singular(run[0]), "basic") for name in self._lists]
        return some(found)

    def _runs(self, run: Run) -> tantivy.Query:
        """These units in a row, in any attribute."""
        return some([
            tantivy.Query.boost_query(self._run_in(name, run), weight) for name, weight in self._weights.items()
        ])

    def _run_in(self, name: str, run: Run) -> tantivy.Query:
        if len(run) == 1:
            return self._term(f"run_{name}", run[0], "position")
        return tantivy.Query.phrase_query(self._schema, f"run_{name}", list(run))

    def _gapped(self, field_name: str, pattern: Pattern) -> tantivy.Query:
        row = [(at, sign) for at, sign in enumerate(pattern) if sign]
        if len(row) == 1:
            return self._term(field_name, row[0][1], "position")
        return tantivy.Query.phrase_query(self._schema, field_name, [(at - row[0][0], sign) for at, sign in row])

    def _telling(self, frequency: int) -> float:
        """How much a word of this frequency tells, as tantivy reckons."""
        return math.log(1 + (self.documents - frequency + 0.5) / (frequency + 0.5))

    def _term(self, name: str, term: str, option: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, name, term, option)

    def frequency(self, word: str) -> int:
        """Documents that have it among their words; of a common word near enough, since nobody counts by it."""
        known = self._memory.frequencies.get((self._attributes, word))
        if known is None:
            known = self._memory.frequencies[self._attributes, word] = self._counted(word)
        return known

    def _counted(self, word: str) -> int:
        counts = [self._documents(name, word) for name in self._lists]
        most = max(counts)
        if sum(counts) == most or most > _COUNTED:
            return most
        return hit_count(self._searcher.search(some([self._term(name, word, "basic") for name in self._lists]), 1))

    def single(self, unit: str) -> int:
        """Documents with it, near enough, as a word or in one."""
        return max(self._documents(f"run_{name}", unit) for name in self._attributes)

    def _completions(self, beginning: str) -> list[tuple[str, int]]:
        """Words that begin so, the most frequent first, one more than will be scored."""
        counts: dict[str, int] = {}
        for name in self._lists:
            for word, count in self._beginning(name, beginning)[:MOST_COMPLETIONS + 1]:
                counts[word] = counts.get(word, 0) + count
        counts.pop(beginning, None)
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    def _beginning(self, name: str, beginning: str) -> list[tuple[str, int]]:
        """Words of a list that begin so, the most frequent first, one more than will be looked for one by one."""
        known = self._memory.beginnings.get((name, beginning))
        if known is None:
            known = self._searcher.terms_with_prefix(name, beginning, limit=_ONE_BY_ONE + 1)
            self._memory.beginnings[name, beginning] = known
        return known

    def _corrections(self, word: str, allowed: int) -> list[tuple[str, int]]:
        """Words of the index that `word` may be a mistyping of, the nearest first.

        Words that share its first or second letter are looked at before all the others: reading the whole dictionary
        takes ten times as long. It is not read for a word that some document has.
        """
        near = self._near(word, allowed, {word[0], word[1]})
        return near or ([] if self.frequency(word) else self._near(word, allowed, {*ascii_lowercase} - {*word[:2]}))

    def _near(self, word: str, allowed: int, letters: Iterable[str]) -> list[tuple[str, int]]:
        near: dict[str, int] = {}
        for name in self._lists:
            for letter in letters:
                known = self._dictionary(name, letter)
                for length in range(len(word) - allowed, len(word) + allowed + 1):
                    for found, distance, _ in extract(
                        word, known.get(length, ()), scorer=OSA.distance, score_cutoff=allowed, limit=MOST_CORRECTIONS,
                    ):
                        near[found] = int(distance)
        near.pop(word, None)
        return sorted(near.items(), key=lambda pair: (pair[1], -self.frequency(pair[0]), pair[0]))[:MOST_CORRECTIONS]


def typing_errors(word: str) -> int:
    """How many a word is allowed: one from four letters, two from eight, none in a figure or a Chinese word."""
    if not word.isascii() or not word.isalpha():
        return 0
    return 2 if len(word) >= 8 else 1 if len(word) >= 4 else 0
