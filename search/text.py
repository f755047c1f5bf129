"""Chinese and English text as an index sees it: folded, cut into words, and traceable to what was written.

Three views of one text. `fold` makes equal what readers hold equal (width, case, accents, Traditional and
Simplified). `words` are what a document is found by: Chinese words together with the shorter words inside them,
English words without their plural, `PLA/PBAT` as one name and as its parts. `units` are the text in order, one Chinese
character or one Latin word each, so that a run of them is a phrase and no segmentation can hide it.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import opencc
import rjieba

LONGEST_WORD = 64
"""Longer runs of letters are noise (hashes, encoded files); they are cut here, in documents and queries alike."""

_HAN = "\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_UNSPACED = "\u3041-\u3096\u30a1-\u30fa\u30fc\u0e01-\u0e4e\u0e80-\u0eff\u1000-\u109f\u1780-\u17d3"
_LETTER = rf"[^\W_{_HAN}{_UNSPACED}]"
_MEASURES = (
    "kv|mv|uv|v|kw|mw|gw|tw|w|wh|kwh|mwh|gwh|ah|mah|ma|ua|ka|a|hz|khz|mhz|ghz|thz|pa|kpa|mpa|gpa|bar|mbar|nm|um|μm|mm|cm|"
    "dm|km|m|mg|ug|μg|kg|g|t|l|ml|ul|μl|m2|m3|cm2|cm3|nm2|ppm|ppb|db|dbm|h|min|s|ms|us|μs|ns|rpm|n|kn|j|kj|mj|k|c|f|"
    "ev|kev|mev|mol|mmol|gb|mb|tb|kb|gbps|mbps|tbps|px|dpi|ω|kω|mω|sccm|cp|cst|rad|deg"
)
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)*"
_STANDARD = rf"(?:[a-z]{{2,3}}/[tz]|gb|iso|iec|ieee|astm|din|jis|ansi)[ -]?\d[\d.]*(?!{_LETTER})"
_CHUNK = re.compile(
    # Most of an English text is long plain words: tried first, they spare it the dearer patterns below.
    rf"(?P<plain>[a-z]{{5,{LONGEST_WORD}}}(?=[\s,;:)]|\.\s))|(?P<han>[{_HAN}]+)|(?P<unspaced>[{_UNSPACED}]+)"
    rf"|(?P<standard>{_STANDARD})"
    rf"|(?P<measure>(?:{_NUMBER})[ ]?°?(?:{_MEASURES})(?!{_LETTER}|°))"
    rf"|(?P<number>(?:{_NUMBER})(?!{_LETTER}))"
    rf"|(?P<latin>{_LETTER}+(?:[-/.+&'’]{_LETTER}+)*)"
)
_MEASURE = re.compile(rf"({_NUMBER})[ ]?°?(.+)")
_PART = re.compile(r"\w+")
_STANDARD_PART = re.compile(r"[a-z]+|\d[\d.]*")
_HAN_RUN = re.compile(f"[{_HAN}]+")
_HAN_APART = re.compile(f"([{_HAN}]+)")
_APART = re.compile(r" (?!\d)(?<!\d )")
"""Where no measure and no standard can be, both of which may have a space in them."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# What folding leaves as it is, or only makes small: ASCII, Greek, signs of physics, punctuation, Chinese.
_USUAL = (
    "\x00-\x7f\u00b0\u00b1\u00b7\u00d7\u0391-\u03a9\u03b1-\u03c9\u2192\u2236\u2248\u2264\u2265\u221e\u2013-\u2027\u3001-\u3003"
    "\u3007-\u3011\u4e00-\u9fff"
)
_UNUSUAL = re.compile(f"[^{_USUAL}]")
# What Chinese texts are full of, made narrow letter for letter: it spares most of them the slow way through NFKC.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | dict.fromkeys((0x2010, 0x2011, 0x2212), 0x2D)
_WIDE = re.compile("[\uff01-\uff5e\u2010\u2011\u2212]+")
_OFTEN_WIDE = tuple((wide, chr(_NARROW[ord(wide)])) for wide in "，；：（）％")
_SHORT, _MOST_KNOWN = 32, 65_536
_MARK = "\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff\u3099\u309a"
_ODD = re.compile(f"(?:[{_USUAL}](?=[{_MARK}]))?[^{_USUAL}]+")
"""What must be folded the slow way: unusual characters, with the usual one that a mark stands on."""
_CLUSTER = re.compile(f"[^{_MARK}][{_MARK}]*|[{_MARK}]+", re.DOTALL)

STOP_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "into", "is", "it", "its",
    "of", "on", "or", "that", "the", "their", "this", "to", "was", "were", "which", "will", "with",
    "的", "了", "和", "与", "及", "或", "在", "是", "对", "中", "为", "之", "其", "等", "并", "将", "以", "于", "由",
    "被", "把", "从", "而", "且", "该", "此", "一种", "以及", "进行", "通过",
))
"""Words too common to ask for. They stay in the index, so that a phrase or a query of nothing else still works."""

_to_simplified = opencc.OpenCC("t2s").convert


def _traditional() -> re.Pattern[str]:
    """Any character that becoming Simplified may change. Most texts have none, and asking this is six times as fast."""
    every = [chr(code) for code in (*range(0x2E80, 0x2FE0), *range(0x3400, 0xA000))]
    simplified = _to_simplified("\n".join(every)).split("\n")
    changed = "".join(one for one, other in zip(every, simplified, strict=True) if one != other)
    return re.compile(f"[{changed}{_ONLY_IN_PHRASES}\uf900-\ufaff\U00020000-\U0003134f]")


_ONLY_IN_PHRASES = "么俱哩坏彷沈甦瞭藉衹覆"
"""Changed beside certain others, though not alone: 毛坏 becomes 毛坯, 藉口 becomes 借口."""
_TRADITIONAL = _traditional()


class Span(NamedTuple):
    """A word and where it stands: text[start:end]."""

    word: str
    start: int
    end: int


class Word(NamedTuple):
    """One thing a reader asked for."""

    text: str
    """The word as `words` would have it."""
    units: tuple[str, ...]
    """What it is made of, in the order of `units`."""
    written: str = ""
    """How the reader put it, folded: `pla/pbat` where `text` is plapbat."""

    @property
    def is_chinese(self) -> bool:
        return bool(_HAN_RUN.match(self.text))

    @property
    def is_telling(self) -> bool:
        """Neither a stop word nor a single letter."""
        return self.text not in STOP_WORDS and (len(self.text) > 1 or self.is_chinese)


def fold(text: str) -> str:
    """The text with everything made equal that a reader would hold equal."""
    if text.isascii():
        return text.lower()
    for wide, narrow in _OFTEN_WIDE:
        text = text.replace(wide, narrow)
    if _UNUSUAL.search(text) and _UNUSUAL.search(text := _narrow(text)):
        text = _ODD.sub(_fold_odd, text)
    return _simplify(text.casefold())


def words(text: str) -> list[str]:
    """What a document is found by, in order, with repetitions."""
    found: list[str] = []
    for kind, chunk, _ in _chunks(fold(text)):
        if kind == "han":
            found += rjieba.cut_for_search(chunk)
        elif kind == "unspaced":
            found += _pairs(chunk)
        else:
            found += _names(kind, chunk).words
    return found


def units(text: str) -> list[str]:
    """The text as a row of Chinese characters and Latin words, for phrases."""
    found: list[str] = []
    for kind, chunk, _ in _chunks(fold(text)):
        found += chunk if kind in ("han", "unspaced") else _names(kind, chunk).units
    return found


def words_and_units(text: str) -> tuple[str, str]:
    """Both views at the price of one reading, as rows with spaces between; what indexing a document needs. The words
    come in another order."""
    return views(fold(text))


def views(folded: str) -> tuple[str, str]:
    """`words_and_units` of a text that is folded."""
    # Written out rather than built of the functions above: indexing spends most of its time here.
    if folded.isascii() or len(pieces := _HAN_APART.split(folded)) == 1:
        parts = _APART.split(folded)
        return " ".join(map(_words_of.__getitem__, parts)), " ".join(map(_row_of.__getitem__, parts))
    # The segmenter is asked once for all Chinese of the text: a question to it costs as much as ten characters.
    chinese, between = " ".join(pieces[1::2]), pieces[::2]
    pieces[::2] = map(_row_of.__getitem__, between)
    pieces[1::2] = _spaced(chinese).split("   ")
    found = rjieba.cut_for_search(chinese)
    found += map(_words_of.__getitem__, between)
    return " ".join(found), " ".join(pieces)


def _spaced(text: str) -> str:
    """A text with a space after each character but the last. `join` would make an object of every character first,
    which takes four times as long."""
    written = text.encode("utf-16-le", "surrogatepass")
    if len(written) != 2 * len(text):  # characters of four bytes
        return " ".join(text)
    spaced = bytearray(b" \0" * (2 * len(text)))
    spaced[::4], spaced[1::4] = written[::2], written[1::2]
    return spaced[:-2].decode("utf-16-le", "surrogatepass")


def asked(text: str) -> list[Word]:
    """The words of a query: no word inside another, a name with its parts as one word."""
    found: list[Word] = []
    for kind, chunk, _ in _chunks(fold(text)):
        if kind == "han":
            found += (Word(word, tuple(word), word) for word in rjieba.cut(chunk))
        elif kind == "unspaced":
            found += (Word(pair, tuple(pair), pair) for pair in _pairs(chunk))
        else:
            names = _names(kind, chunk)
            found.append(Word(names.whole, names.units, chunk))
    return found


def asked_texts(text: str) -> list[str]:
    """The texts of the words of `asked`, for those who read many long ones."""
    found: list[str] = []
    for match in _CHUNK.finditer(fold(text)):
        kind, chunk = match.lastgroup, match[0]
        if kind == "plain":
            found.append(singular(chunk))
        elif kind == "han":
            found += rjieba.cut(chunk)
        elif kind == "unspaced":
            found += _pairs(chunk)
        else:
            found.append(_names(kind or "", chunk).whole)
    return found


def key_words(text: str) -> list[str]:
    """The words a text is about, in order, with repetitions: `asked` without stop words and single letters."""
    return [word.text for word in asked(text) if word.is_telling]


def spans(text: str) -> list[Span]:
    """`words`, each with its place in the text as it was written."""
    folded, places = traced(text)
    found: list[Span] = []
    for kind, chunk, start in _chunks(folded):
        if kind == "han":
            pieces = [(word, a, b) for word, a, b in rjieba.tokenize(chunk, "search")]
        elif kind == "unspaced":
            pieces = [(pair, at, at + len(pair)) for at, pair in enumerate(_pairs(chunk))]
        else:
            pieces = _name_pieces(kind, chunk)
        for word, a, b in pieces:
            first, last = start + a, start + b
            found.append(Span(word, *((first, last) if places is None else (places[first][0], places[last - 1][1]))))
    return found


def traced(text: str) -> tuple[str, list[tuple[int, int]] | None]:
    """The folded text and, for each of its characters, the piece of `text` it came from; None when each came from the
    character in its own place."""
    if (folded := aligned(text)) is not None:
        return folded, None
    narrow = _narrow(text)
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    for odd in _ODD.finditer(narrow):
        pieces.append(narrow[at:odd.start()].casefold())
        places += zip(range(at, odd.start()), range(at + 1, odd.start() + 1), strict=True)
        at = odd.end()
        for match in _CLUSTER.finditer(narrow, odd.start(), at):
            piece = _fold_cluster(match[0])
            pieces.append(piece)
            places += [match.span()] * len(piece)
    pieces.append(narrow[at:].casefold())
    places += zip(range(at, len(narrow)), range(at + 1, len(narrow) + 1), strict=True)
    return _simplify("".join(pieces)), places


def aligned(text: str) -> str | None:
    """The folded text, if each of its characters came from the one in its own place; that of most texts did."""
    if text.isascii():
        return text.lower()
    narrow = _narrow(text)
    return None if _UNUSUAL.search(narrow) else _simplify(narrow.casefold())


@lru_cache(maxsize=65_536)
def singular(word: str) -> str:
    """An English word without its plural; other words as they are."""
    if len(word) < 4 or not word.isascii() or word[-1] != "s" or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith(("ss", "us", "is")):
        return word
    return word[:-1]


class _Names(NamedTuple):
    words: tuple[str, ...]
    units: tuple[str, ...]
    whole: str


@lru_cache(maxsize=65_536)
def _names(kind: str, chunk: str) -> _Names:
    parts = tuple(singular(unit) for unit, _, _ in _unit_pieces(kind, chunk))
    if len(parts) == 1:
        word = singular(parts[0])
        return _Names((word,), parts, word)
    if chunk.endswith(("'s", "’s")) and len(parts) == 2:
        return _Names((parts[0],), parts, parts[0])
    whole = singular("".join(parts)[:LONGEST_WORD])
    return _Names((*dict.fromkeys((*map(singular, parts), whole)),), parts, whole)


def _views(text: str) -> tuple[str, str]:
    """Words and units of a folded text without Chinese."""
    found: list[str] = []
    row: list[str] = []
    for kind, chunk, _ in _chunks(text):
        if kind == "unspaced":
            found += _pairs(chunk)
            row += chunk
        else:
            names = _names(kind, chunk)
            found += names.words
            row += names.units
    return " ".join(found), " ".join(row)


class _Known(dict[str, str]):
    """One of the views of what is written again and again: a word with the comma after it, a figure, a model's name.
    A dictionary that is looked up in one go for a whole text takes half the time of a cache that is called."""

    def __init__(self, view: int) -> None:
        super().__init__()
        self._view = view

    def __missing__(self, text: str) -> str:
        if len(text) > _SHORT:
            parts = _APART.split(text)
            return " ".join(map(self.__getitem__, parts)) if len(parts) > 1 else _views(text)[self._view]
        if len(self) >= _MOST_KNOWN:
            self.clear()
        view = self[text] = _views(text)[self._view]
        return view


_words_of, _row_of = _Known(0), _Known(1)


def _name_pieces(kind: str, chunk: str) -> list[tuple[str, int, int]]:
    names, parts = _names(kind, chunk), _unit_pieces(kind, chunk)
    placed = {singular(unit): (a, b) for unit, a, b in reversed(parts)}
    return [(word, *placed.get(word, (parts[0][1], parts[-1][2]))) for word in names.words]


def _unit_pieces(kind: str, chunk: str) -> list[tuple[str, int, int]]:
    if kind == "number":
        return [(chunk.replace(",", "")[:LONGEST_WORD], 0, len(chunk))]
    if kind == "measure":
        match = _MEASURE.fullmatch(chunk)
        assert match is not None
        number, measure = match.span(1), match.span(2)
        return [(match[1].replace(",", "")[:LONGEST_WORD], *number), (match[2], *measure)]
    part = _STANDARD_PART if kind == "standard" else _PART
    return [(match[0][:LONGEST_WORD], match.start(), match.end()) for match in part.finditer(chunk)]


def _pairs(chunk: str) -> list[str]:
    """Scripts without spaces and without a dictionary here: every two neighbours are a word."""
    return [chunk[at:at + 2] for at in range(len(chunk) - 1)] or [chunk]


def _chunks(folded: str) -> Iterator[tuple[str, str, int]]:
    for match in _CHUNK.finditer(folded):
        kind = match.lastgroup
        assert kind is not None
        yield kind, match[0], match.start()


def _narrow(text: str) -> str:
    """What `translate` would do, which looks up every character in a dictionary: many times as long."""
    return _WIDE.sub(_narrow_run, text)


def _narrow_run(match: re.Match[str]) -> str:
    return match[0].translate(_NARROW)


def _fold_odd(match: re.Match[str]) -> str:
    return _fold_cluster(match[0])


@lru_cache(maxsize=16_384)
def _fold_cluster(text: str) -> str:
    """One character with its marks, or a few unusual ones."""
    text = _narrow(text)
    text = _INVISIBLE.sub("", _SURROGATE.sub("\ufffd", text))
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    stripped = "".join(c for c in text if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFKC", stripped)


def _simplify(text: str) -> str:
    if not _TRADITIONAL.search(text):
        return text
    simplified = _to_simplified(text)
    # Offsets are traced character by character, so a conversion that changes the length is made that way too.
    return simplified if len(simplified) == len(text) else _HAN_RUN.sub(_simplify_singly, text)


def _simplify_singly(run: re.Match[str]) -> str:
    return "".join(_simplify_character(character) for character in run[0])


@lru_cache(maxsize=8_192)
def _simplify_character(character: str) -> str:
    simplified = _to_simplified(character)
    return simplified if len(simplified) == 1 else character
