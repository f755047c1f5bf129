"""The mail that tells somebody what is new for their saved searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.finding.facets import region_label
from marketplace.finding.models import SavedSearch
from marketplace.finding.service import Row
from marketplace.listings.models import Kind
from marketplace.messaging import service as messaging
from marketplace.messaging.composing import Block, Entry, Foot, Heading, More
from marketplace.phrases import DEFAULT, LANGUAGES, Phrase, in_language, say

KINDS = {Kind.RESULT: say("Result"), Kind.NEED: say("Need")}
_LONGEST_TITLE = 120


@dataclass(frozen=True)
class News:
    """What is new for one search."""

    saved: SavedSearch
    total: int
    rows: Sequence[Row]
    """The newest of them."""
    also: Mapping[int, Sequence[str]]
    """Listing -> the person's other searches that it answers."""


def write_news(person: User, news: Sequence[News], *, leaving: str, leave: Mapping[int, str]) -> None:
    """Queue the mail in the open transaction. `leaving` ends all such mails, `leave` those of each search."""
    language = person.language if person.language in LANGUAGES else DEFAULT
    blocks: list[Block] = [say("Hello {name},", name=person.name), _opening()]
    for one in news:
        title = say("{name}: {n} new", name=one.saved.name, n=one.total)
        blocks.append(Heading(title, links.to(_page(one.saved))))
        blocks += [_entry(row, one.also.get(row.id, ()), language) for row in one.rows]
        if one.total > len(one.rows):
            more = say("and {n} more:", n=one.total - len(one.rows))
            blocks.append(More(more, links.to(_page(one.saved))))
    headers = {"List-Unsubscribe": f"<{leaving}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    messaging.post_mail(person.email, language, _subject(news), blocks, feet=[_ways_out(news, leaving, leave)],
                        headers=headers)


def _subject(news: Sequence[News]) -> Phrase:
    total = sum(one.total for one in news)
    if len(news) == 1:
        return say("{n} new for “{name}”", n=total, name=news[0].saved.name)
    return say("{n} new for {searches} of your saved searches", n=total, searches=len(news))


def _opening() -> Phrase:
    return say("this has been published since we last wrote, newest first:")


def _entry(row: Row, also: Sequence[str], language: str) -> Entry:
    title = row.plain_title if len(row.plain_title) <= _LONGEST_TITLE else row.plain_title[: _LONGEST_TITLE - 1] + "…"
    whose = row.organisation or say("Anonymous")
    level = say("TRL {level}", level=row.readiness) if row.readiness else None
    facts = [KINDS[row.kind], whose, region_label(row.region) if row.region else None, level, row.terms]
    lines = [" · ".join(str(in_language(fact, language)) for fact in facts if fact)]
    if also:
        lines.append(in_language(say("Also in: {names}", names=", ".join(also)), language))
    return Entry(" ".join(title.split()), lines, links.to(f"/listings/{row.ref}"))


def _ways_out(news: Sequence[News], leaving: str, leave: Mapping[int, str]) -> Foot:
    lines: list[tuple[Phrase, str | None]] = [
        (say("How often you hear of each search is set here:"), links.to("/searches"))]
    lines += [(say("No more mails for “{name}”:", name=one.saved.name), leave[one.saved.id]) for one in news]
    if len(news) > 1:
        lines.append((say("No more mails for any of your searches:"), leaving))
    return Foot(lines)


def _page(saved: SavedSearch) -> str:
    return f"/searches/{saved.id}"
