"""The mail that tells somebody what is new for their saved searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.finding.facets import region_label
from marketplace.finding.models import SavedSearch
from marketplace.finding.service import Row
from marketplace.listings.models import Kind
from marketplace.messaging import service as messaging
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

    def said(phrase: Any) -> str:
        return str(in_language(phrase, language))

    paragraphs = [said(say("Hello {name},", name=person.name)), said(_opening())]
    for one in news:
        paragraphs.append(_heading(one, said))
        paragraphs += [_entry(row, one.also.get(row.id, ()), said) for row in one.rows]
        if one.total > len(one.rows):
            more = say("and {n} more:", n=one.total - len(one.rows))
            paragraphs.append(f"  {said(more)}\n  {links.to(_page(one.saved))}")
    paragraphs.append(_ways_out(news, leaving, leave, said))
    headers = {"List-Unsubscribe": f"<{leaving}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    messaging.post_mail(person.email, language, _subject(news), paragraphs, headers=headers)


def _subject(news: Sequence[News]) -> Phrase:
    total = sum(one.total for one in news)
    if len(news) == 1:
        return say("{n} new for “{name}”", n=total, name=news[0].saved.name)
    return say("{n} new for {searches} of your saved searches", n=total, searches=len(news))


def _opening() -> Phrase:
    return say("this has been published since we last wrote, newest first:")


def _heading(one: News, said: Any) -> str:
    title = said(say("{name}: {n} new", name=one.saved.name, n=one.total))
    return f"{title}\n{'-' * min(_width(title), 60)}\n{links.to(_page(one.saved))}"


def _entry(row: Row, also: Sequence[str], said: Any) -> str:
    title = row.plain_title if len(row.plain_title) <= _LONGEST_TITLE else row.plain_title[: _LONGEST_TITLE - 1] + "…"
    whose = row.organisation or say("Anonymous")
    level = say("TRL {level}", level=row.readiness) if row.readiness else None
    facts = [KINDS[row.kind], whose, region_label(row.region) if row.region else None, level, row.terms]
    lines = [f"* {' '.join(title.split())}", f"  {' · '.join(said(fact) for fact in facts if fact)}"]
    if also:
        lines.append("  " + said(say("Also in: {names}", names=", ".join(also))))
    return "\n".join([*lines, f"  {links.to(f'/listings/{row.ref}')}"])


def _ways_out(news: Sequence[News], leaving: str, leave: Mapping[int, str], said: Any) -> str:
    lines = ["- - -", said(say("How often you hear of each search is set here:")), links.to("/searches")]
    for one in news:
        lines += [said(say("No more mails for “{name}”:", name=one.saved.name)), leave[one.saved.id]]
    if len(news) > 1:
        lines += [said(say("No more mails for any of your searches:")), leaving]
    return "\n".join(lines)


def _page(saved: SavedSearch) -> str:
    return f"/searches/{saved.id}"


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(1 if character < "\u1100" else 2 for character in text)
