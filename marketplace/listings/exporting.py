"""Listings as a spreadsheet with the columns an import takes, and the template to fill in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import lazyload, raiseload

from marketplace import audit
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.listings import cells, headings
from marketplace.listings.fields import BY_NAME, value
from marketplace.listings.models import Kind, Listing
from marketplace.listings.sheets import csv_text, write_excel


def rows(kind: Kind, organisation_ids: Sequence[int], language: str) -> Iterator[list[Any]]:
    """Every listing of a kind of these organisations, oldest first, a row each; memory is bounded."""
    names = list(headings.column_headings(kind, language))
    those = (
        select(Listing)
        .where(Listing.kind == kind, Listing.organisation_id.in_(organisation_ids))
        .order_by(Listing.id)
        .options(
            lazyload("*"), raiseload(Listing.grants), raiseload(Listing.translations), raiseload(Listing.exclusions)
        )
        .execution_options(yield_per=500)
    )
    for listing in session.scalars(those):
        yield [_cell(listing, name, language) for name in names]


def _cell(listing: Listing, name: str, language: str) -> Any:
    if name == "external_id":
        return listing.external_id or listing.ref
    return cells.written(BY_NAME[name], listing.kind, value(listing, name), language)


def to_file(path: Path, kind: Kind, organisation_ids: Sequence[int], language: str) -> int:
    """Write .csv or .xlsx by the path's ending; return how many listings."""
    titles = list(headings.column_headings(kind, language).values())
    content = rows(kind, organisation_ids, language)
    if path.suffix == ".xlsx":
        return write_excel(path, titles, content)
    count = 0

    def counted() -> Iterator[list[Any]]:
        nonlocal count
        for row in content:
            count += 1
            yield row

    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_text(titles, counted()))
    return count


def note(actor: User, kind: Kind, organisation_ids: Sequence[int]) -> None:
    """Record that somebody takes all of it away, the confidential part too."""
    audit.record(actor.id, "listing.exported", "user", actor.id, kind=kind.value,
                 organisations=sorted(organisation_ids))


def template(path: Path, kind: Kind, language: str) -> None:
    """An Excel workbook with the headings, what each wants as a comment, and no rows."""
    columns = headings.column_headings(kind, language)
    titles = [f"{title}*" if BY_NAME[name].required else title for name, title in columns.items()]
    write_excel(path, titles, iter(()), [headings.note_for(BY_NAME[name], kind, language) for name in columns])
