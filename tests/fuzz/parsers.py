"""python -m tests.fuzz.parsers TARGET SECONDS: one reader of what strangers write, fed by atheris until time is up.

What a reader may do with any bytes is answer or refuse (Invalid); anything else stops the run with the bytes at fault.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["marketplace", "search"]):
    from marketplace.errors import Invalid
    from marketplace.files import packages, types
    from marketplace.finding.schemas import SearchSchema
    from marketplace.listings import headings, importing, sheets
    from marketplace.listings.content import validate_content
    from marketplace.listings.models import Kind, State
    from marketplace.listings.tiers import unmarked
    from marketplace.organisations import credit_codes
    from marketplace.web.payloads import load
    from marketplace.web.prose import prose
    from search import question
    from search import text as cutting

NAMES = ("a.csv", "a.xlsx", "a.jsonl", "a.csv.gz", "a.txt", "a")
FILES = ("a.pdf", "a.png", "a.jpg", "a.docx", "a.xlsx", "a.txt", "a.doc", "a.zip", "a")
ARGUMENTS = ("q", "kind", "field", "region", "trl", "mode", "price_to", "page", "size", "sort", "organisation", "since")
SEEDS = (b"", "标题,Title\n电池,Battery".encode(), b"%PDF-1.7", b"PK\x03\x04", b"# a\n- b\n**c** [d](https://e.example)",
         b"91440300708461136T", "固态电池 -solid \"lithium metal\"".encode())
_place = Path(tempfile.mkdtemp(prefix="yinqiao-fuzz-"))


def _text(data: bytes) -> str:
    return atheris.FuzzedDataProvider(data).ConsumeUnicodeNoSurrogates(4_000)


def search_text(data: bytes) -> None:
    text = _text(data)
    cutting.words(text), cutting.units(text), cutting.words_and_units(text), cutting.key_words(text)
    cutting.asked(text), cutting.asked_texts(text), cutting.spans(text), cutting.aligned(text)
    cutting.traced(text)


def query(data: bytes) -> None:
    given = atheris.FuzzedDataProvider(data)
    question.parse(given.ConsumeUnicodeNoSurrogates(400))
    chosen = {name: given.ConsumeUnicodeNoSurrogates(30) for name in ARGUMENTS if given.ConsumeBool()}
    with suppress(Invalid):
        load(SearchSchema(), chosen)


def spreadsheet(data: bytes) -> None:
    """As a file of every kind that is taken, and on into the plan of an import."""
    name = NAMES[data[0] % len(NAMES)] if data else NAMES[0]
    path = _place / name
    path.write_bytes(data[1:])
    with suppress(Invalid):
        for count, (_, row) in enumerate(sheets.open_sheet(path, name).rows()):
            if count > 20:
                break
            importing.plan(Kind.RESULT, row, state=State.DRAFT)


def import_row(data: bytes) -> None:
    """A table's headings and cells, as text, into the fields of a listing."""
    given = atheris.FuzzedDataProvider(data)
    columns = [given.ConsumeUnicodeNoSurrogates(12) for _ in range(given.ConsumeIntInRange(0, 6))]
    for kind in Kind:
        headings.guess(kind, columns)
        with suppress(Invalid):
            headings.checked_mapping(kind, columns, {"title": columns[0]} if columns else {})
        names = list(headings.column_headings(kind, "en"))
        validate_content(kind, {name: given.ConsumeUnicodeNoSurrogates(40) for name in names if given.ConsumeBool()})


def credit_code(data: bytes) -> None:
    credit_codes.fault(credit_codes.tidy(_text(data)))


def markdown(data: bytes) -> None:
    text = _text(data)
    shown = str(prose(text))
    for tag in shown.split("<")[1:]:
        assert tag.startswith(("p>", "/", "br>", "h", "ul>", "ol", "li>", "blockquote>", "em>", "strong>", "code>",
                               'a href="', "a rel=")), tag
    assert "javascript:" not in shown.casefold() or 'href="javascript' not in shown.casefold()
    unmarked(text)


def file_type(data: bytes) -> None:
    name = FILES[data[0] % len(FILES)] if data else FILES[0]
    path = _place / "upload"
    path.write_bytes(data[1:])
    with suppress(Invalid):
        types.checked_type(types.plain_name(name + _text(data)[:20]), path)
    packages.is_package(path, "word/document.xml")


TARGETS: dict[str, Callable[[bytes], None]] = {
    made.__name__: made for made in (search_text, query, spreadsheet, import_row, credit_code, markdown, file_type)
}


def main() -> None:
    target, seconds = TARGETS[sys.argv[1]], int(sys.argv[2])
    seeds = _place / "seeds"
    seeds.mkdir()
    for number, seed in enumerate(SEEDS):
        (seeds / str(number)).write_bytes(bytes([number % len(FILES)]) + seed)
    until = time.monotonic() + seconds
    tried = 0

    def once(data: bytes) -> None:
        nonlocal tried
        tried += 1
        target(data)

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048",
                   "-verbosity=0", f"-artifact_prefix={_place}/", str(seeds)], once)
    print(f"{sys.argv[1]}: {seconds} s until {until - time.monotonic():.0f} s from now", flush=True)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
