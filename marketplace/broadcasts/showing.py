"""What the page of a broadcast shows, put together for its template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marketplace import regions
from marketplace.accounts.models import User
from marketplace.broadcasts import letters, service
from marketplace.broadcasts.models import Broadcast, State, What
from marketplace.broadcasts.schemas import named
from marketplace.broadcasts.service import Reached
from marketplace.listings.vocabulary import FIELDS, NEED_SUBTYPES
from marketplace.messaging.composing import Entry
from marketplace.organisations.vocabulary import KINDS
from marketplace.phrases import LANGUAGES, in_language

NAMES: dict[What, Any] = {What.SUBTYPE: NEED_SUBTYPES, What.FIELD: FIELDS, What.KIND: KINDS}


@dataclass(frozen=True)
class Shown:
    """A mail as its readers of one language have it, without what is each reader's own."""

    language: str
    subject: str
    paragraphs: list[str]
    title: str
    facts: list[str]


def page(actor: User, broadcast: Broadcast, language: str) -> dict[str, Any]:
    """All of the page about one broadcast."""
    preview = service.preview(actor, broadcast) if broadcast.state is State.DRAFT else None
    mails = [mail_in(broadcast, one) for one in LANGUAGES]
    return {
        "broadcast": broadcast, "counts": service.counts([broadcast.id])[broadcast.id], "preview": preview,
        "answers": service.answers(broadcast), "regions": named(broadcast.regions, language), "mails": mails,
        "subject": next(one.title for one in mails if one.language == language),
        "only_kinds": [KINDS[kind] for kind in KINDS if kind.value in broadcast.kinds],
        "by_kind": [(KINDS[kind], number) for kind, number in preview.by_kind] if preview else [],
        "why": {one.person.id: why(one, language) for one in preview.people} if preview else {},
    }


def why(one: Reached, language: str) -> str:
    """The choices of theirs that the need fits, in words."""
    return " · ".join(choice["text"] for choice in choices(one, language))


def choices(one: Reached, language: str) -> list[dict[str, str]]:
    """The same, a choice each: what, its code, its words."""
    return [
        {"what": what, "code": code, "text": regions.short_name(code, language) if what is What.REGION
         else str(in_language(NAMES[what].get(code, code), language))}
        for what, codes in one.why.items() for code in codes
    ]


def mail_in(broadcast: Broadcast, language: str) -> Shown:
    subject, blocks = letters.parts_of(broadcast, language)
    need = next(block for block in blocks if isinstance(block, Entry))
    return Shown(
        language, str(in_language(subject, language)),
        [str(in_language(block, language)) for block in blocks if isinstance(block, str)],
        need.title, [str(in_language(fact, language)) for fact in need.facts],
    )
