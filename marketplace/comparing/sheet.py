"""The comparison as a spreadsheet: texts are never formulas."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marketplace.comparing.answers import Answer, Board
from marketplace.comparing.wording import asked, owned, priced, reasons_line
from marketplace.introductions import vocabulary as pipeline
from marketplace.introductions.moves import ANSWERS
from marketplace.listings.fields import BY_NAME
from marketplace.listings.models import Kind
from marketplace.listings.sheets import harmless, write_excel
from marketplace.listings.wording import spoken
from marketplace.phrases import say
from marketplace.web.language import current, words


def workbook(board: Board) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        write_excel(Path(file.name), headings(board), rows(board))
        return Path(file.name).read_bytes()


def headings(board: Board) -> list[str]:
    criteria = board.comparison.criteria if board.comparison else []
    told = [
        say("Introduction"), say("Result"), say("Title"), say("Organisation"), say("Shortlisted"), say("Total (1–5)"),
        say("Criteria scored"),
    ]
    after = [BY_NAME["trl"].label, BY_NAME["modes"].label, say("Price"), BY_NAME["ip"].label, say("Match"),
             say("Why it matches"), say("Stage"), *(entry.label for entry in ANSWERS), say("Last minutes"),
             say("Next action")]
    weighed = [f"{harmless(one.name)} (×{one.weight})" for one in criteria]
    return [*(str(words(one)) for one in told), *weighed, *(str(words(one)) for one in after)]


def rows(board: Board) -> Iterator[list[Any]]:
    for answer in board.answers:
        yield [harmless(cell) for cell in _row(answer)]


def _row(answer: Answer) -> list[Any]:
    case, total, fields = answer.introduction, answer.total, answer.fields
    said = answer.in_language(current())
    return [
        case.ref, case.result.ref, said.title, words(answer.organisation) or "", "★" if answer.star else "",
        None if total.value is None else round(total.value, 2), f"{len(total.scored)}/{len(total.cells)}",
        *(None if cell.average is None else round(cell.average, 2) for cell in total.cells),
        fields.get("trl"), spoken(BY_NAME["modes"], Kind.RESULT, fields.get("modes")), priced(fields), owned(fields),
        round(answer.match.score) if answer.match else None, reasons_line(answer.match),
        f"{int(case.stage)} {words(pipeline.STAGES[case.stage].name)}",
        *(asked(answer, entry.name) for entry in ANSWERS),
        answer.minutes.text if answer.minutes else "", answer.minutes.next_action or "" if answer.minutes else "",
    ]
