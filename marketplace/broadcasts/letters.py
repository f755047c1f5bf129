"""The mail that tells a need: what the public page says of it, in the reader's language, with a link of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import escape

from marketplace import regions
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.broadcasts import news
from marketplace.broadcasts.models import Broadcast
from marketplace.listings import vocabulary
from marketplace.listings.tiers import View, view_at
from marketplace.messaging import leaving
from marketplace.messaging.composing import Act, Block, Entry, Foot, written
from marketplace.messaging.posting import Letter
from marketplace.phrases import Phrase, day_of, in_language, say

SETTINGS = "/account/news"
LONGEST_SUMMARY = 600
Part = tuple[Phrase, list[Block]]
NAME, WAY, LEAVE = "\ue0f1", "\ue0f2", "\ue0f3"
"""Characters that stand in no text."""
_MARKS = re.compile(f"[{NAME}{WAY}{LEAVE}]")


def parts_of(broadcast: Broadcast, language: str) -> Part:
    """(subject, what stands in it for everybody who reads this language)."""
    shown = view_at(broadcast.listing, 0)
    words = shown.in_language(language)
    subtype = vocabulary.NEED_SUBTYPES.get(str(shown.fields.get("subtype")))
    blocks: list[Block] = []
    note = broadcast.note_en or broadcast.note_zh if language == "en" else broadcast.note_zh or broadcast.note_en
    if note:
        blocks.append(note)
    blocks.append(Entry(words.title, facts_of(shown, language), links.to(f"/listings/{shown.ref}")))
    if words.summary:
        blocks.append(_cut(words.summary))
    if subtype is None:
        return say("A need you may be able to answer: {title}", title=words.title), blocks
    return say("A need you may be able to answer ({kind}): {title}", kind=subtype, title=words.title), blocks


def facts_of(shown: View, language: str) -> list[object]:
    """From whom, what field, where, by when, for how much; as far as everybody may know."""
    fields = shown.fields
    found: list[object] = [shown.organisation or say("Anonymous")]
    if fields.get("field") in vocabulary.FIELDS:
        found.append(vocabulary.FIELDS[fields["field"]])
    if fields.get("region"):
        found.append(regions.name(fields["region"], language))
    if fields.get("budget_band") in vocabulary.BUDGET_BANDS and fields["budget_band"] != "hidden":
        found.append(vocabulary.BUDGET_BANDS[fields["budget_band"]])
    if fields.get("deadline"):
        found.append(say("until {day}", day=day_of(fields["deadline"])))
    return found


@dataclass(frozen=True)
class Model:
    """The mail as all who read a language have it, with marks where each reader's own stands: written once, not
    thousands of times."""

    language: str
    subject: str
    text: str
    page: str


def model(broadcast: Broadcast, language: str) -> Model:
    subject, told = parts_of(broadcast, language)
    blocks: list[Block] = [
        say("Hello {name},", name=NAME),
        say("you asked to hear of needs like this one. Somebody is looking for an answer:"),
        *told, Act(say("I am interested"), WAY),
        say("The page behind the button says what happens next; nothing is sent before you press there."),
        Foot([(say("You get this because you asked for news of needs. What kind of news I get"), links.to(SETTINGS)),
              (say("No more news of needs"), LEAVE)]),
    ]
    text, page = written(subject, blocks, language, links.to("/"))
    return Model(language, str(in_language(subject, language)), text, page)


def letter(person: User, to_all: Model, way: str) -> Letter:
    """To one reader; `way` is the link that is theirs alone."""
    leave = news.link(person)
    own = {NAME: person.name, WAY: way, LEAVE: leave}
    in_page = {mark: str(escape(text)) for mark, text in own.items()}
    return Letter(
        person.email, to_all.language, to_all.subject, _MARKS.sub(lambda found: own[found[0]], to_all.text),
        _MARKS.sub(lambda found: in_page[found[0]], to_all.page), leaving.headers(leave),
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SUMMARY else text[: LONGEST_SUMMARY - 1] + "…"
