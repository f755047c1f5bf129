"""Translations that a machine makes, some seconds at a time, of what everybody may read.

A change of a listing promises a translation where one is lacking or out of date (`mark`); the promise is kept by
`fill`, which asks the translator outside any transaction and then looks again whether its answer is still wanted. What
a person wrote, accepted or took away is left alone.

Only published listings are sent, and of them title, summary and keywords as a visitor reads them: of an anonymous one
without what names its authors, so that its translation lacks that for those too who may know.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import selectinload

from marketplace import logs, outbox, translating
from marketplace.db import session, transaction
from marketplace.listings.documents import wording
from marketplace.listings.fields import BY_NAME
from marketplace.listings.models import WORLD_VISIBLE, Listing, ListingTranslation, TranslationState
from marketplace.listings.vocabulary import language_of
from marketplace.phrases import LANGUAGES
from marketplace.translating import ANY, Refused

log = logging.getLogger(__name__)
TOPIC = "translation.due"
TURN = 5.0
"""Seconds after which the worker looks whether it has something else to do."""
PORTION = 200
"""Listings that the timer marks at a time."""
LONGEST_WORD = 60

Texts = tuple[str, str, tuple[str, ...]]
"""Title, summary and keywords."""


def mark(ids: list[int]) -> None:
    """A handler of `listing.changed`: those that lack a translation are due."""
    if not translating.is_on():
        return
    found = session.scalars(_published().where(Listing.id.in_(ids)).options(selectinload(Listing.translations)))
    due = [listing.id for listing in found if lacking(listing)]
    session.rollback()
    _promise(due)


def mark_some() -> None:
    """A timer's: listings from before there was a translator, or whose change was missed."""
    if not translating.is_on():
        return
    session.rollback()
    _promise(list(session.scalars(_published().with_only_columns(Listing.id).where(
        or_(*(_lacks(language) for language in LANGUAGES)),
        ~exists().where(outbox.Entry.topic == TOPIC, outbox.Entry.subject_id == Listing.id),
    ).order_by(Listing.id.desc()).limit(PORTION))))


def fill(ids: list[int]) -> None:
    """The handler of `translation.due`. Raises Unavailable while the translator is down; then all stay promised."""
    if not translating.is_on():
        return
    until = time.monotonic() + TURN
    for at, number in enumerate(ids):
        if time.monotonic() > until:
            _promise(ids[at:])
            return
        for language in LANGUAGES:
            _translate(number, language)


def lacking(listing: Listing) -> list[str]:
    """The languages in which a machine has something to do: nobody has translated, or it itself another text."""
    digest = _digest(_texts(listing))
    there = {row.language: row for row in listing.translations}
    return [
        language for language in LANGUAGES
        if language != listing.language and (
            language not in there
            or (there[language].state is TranslationState.MACHINE and there[language].digest != digest)
        )
    ]


def _published() -> Select[Listing]:
    return select(Listing).where(Listing.state.in_(sorted(WORLD_VISIBLE)), Listing.title != "")


def _lacks(language: str) -> ColumnElement[bool]:
    there = exists().where(ListingTranslation.listing_id == Listing.id, ListingTranslation.language == language)
    return and_(Listing.language != language, ~there)


def _promise(ids: Sequence[int]) -> None:
    if ids:
        with transaction():
            outbox.publish(TOPIC, *ids)


def _texts(listing: Listing) -> Texts:
    words = wording(listing)[0]
    return words.title, words.summary, tuple(words.keywords)


def _digest(texts: Texts) -> str:
    return sha256(json.dumps(texts, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def _translate(number: int, language: str) -> None:
    listing = session.scalar(_published().where(Listing.id == number).execution_options(populate_existing=True))
    if listing is None or language not in lacking(listing):
        session.rollback()
        return
    texts, ref = _texts(listing), listing.ref
    source = listing.language if listing.language in LANGUAGES else ANY
    session.rollback()  # the translator may be slow; hold no lock meanwhile
    made: Texts | None = None
    try:
        given = [texts[0], texts[1], *texts[2]]
        title, summary, *keywords = translating.translator().translate(given, source, language)
        made = _fitting(title, summary, keywords)
    except Refused as problem:
        log.warning("%s is not translated into %s: %s", ref, language, logs.cause(problem))
    if made is not None and _is_untranslated(texts, made, source, language):
        log.warning("%s came back from the translator as it was, not in %s", ref, language)
        made = None
    _store(number, language, _digest(texts), made)


def _fitting(title: str, summary: str, keywords: Sequence[str]) -> Texts:
    """As long as the fields are; what a machine makes longer ends with a mark that it does."""
    longest = BY_NAME["keywords"].longest or len(keywords)
    words = dict.fromkeys(word for word in keywords if word and len(word) <= LONGEST_WORD)
    return _cut(title, BY_NAME["title"].longest), _cut(summary, BY_NAME["summary"].longest), tuple(words)[:longest]


def _cut(text: str, longest: int | None) -> str:
    return text if not longest or len(text) <= longest else text[:longest - 1] + "…"


def _is_untranslated(given: Texts, made: Texts, source: str, target: str) -> bool:
    if target == "en":
        return language_of(made[0] + made[1]) == "zh"
    return source != ANY and made[0] == given[0] and made[1] == given[1]


def _store(number: int, language: str, digest: str, made: Texts | None) -> None:
    """Keep the answer, or that there is none, unless the listing or somebody's translation has changed meanwhile."""
    with transaction():
        listing = session.scalar(
            _published().where(Listing.id == number).with_for_update(of=Listing)
            .execution_options(populate_existing=True)
        )
        if listing is None or language not in lacking(listing) or _digest(_texts(listing)) != digest:
            return
        row = next((row for row in listing.translations if row.language == language), None)
        if row is None:
            row = ListingTranslation(language=language)
            listing.translations.append(row)
        row.title, row.summary, keywords = made or ("", "", ())
        row.keywords, row.state, row.is_stale, row.digest = list(keywords), TranslationState.MACHINE, False, digest
        session.flush()
        outbox.publish("listing.changed", number)
