"""Ice-breakers: a few questions for each table, written from what the people at it have in common.

A slip lies open on the table, so it says nothing that a visitor could not read on the listings' own pages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, select

from marketplace import regions
from marketplace.db import session
from marketplace.events.models import Edition, Registration
from marketplace.listings import vocabulary
from marketplace.listings.models import WORLD_VISIBLE, Listing
from marketplace.listings.tiers import title_in
from marketplace.matching.generic import GENERIC
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.phrases import LANGUAGES, Label, Phrase, in_language, say
from marketplace.seating.models import SeatingFit
from marketplace.seating.reading import WORTH_SAYING, pairs_at

OF_A_TABLE = 4
MOST_LISTINGS = 2_000
"""Whose keywords are compared, the newest first."""
OPENING = (
    say("In one sentence each: what would you like to take home today?"),
    say("Which question have you carried about longest without finding whom to ask?"),
    say("Whom do you know who should have been at this table?"),
    say("What did you try that did not work, and what did you learn from it?"),
)


@dataclass(frozen=True)
class Names:
    """Several names in one line."""

    parts: Sequence[Any]

    def in_language(self, language: str) -> str:
        return ("、" if language == "zh" else ", ").join(str(in_language(part, language)) for part in self.parts)

    def __str__(self) -> str:
        return self.in_language("en")


def slips(edition: Edition, tables: Mapping[int, Sequence[Registration]]) -> dict[int, list[Phrase]]:
    """Table -> its questions; `tables`: table -> who sits there. A fixed number of queries for all."""
    fits = pairs_at(edition, {number: [one.id for one in people] for number, people in tables.items()})
    first = {number for pairs in fits.values() for pair in pairs for number in (pair.need_id, pair.result_id)}
    open_to_all = _open_listings({one.organisation_id for people in tables.values() for one in people}, first)
    return {
        number: _first(OF_A_TABLE, _questions(people, fits[number], open_to_all, number))
        for number, people in tables.items() if people
    }


def _questions(
    people: Sequence[Registration], fits: Sequence[SeatingFit], listings: Mapping[int, Listing], number: int
) -> Iterator[Phrase]:
    here = {one.organisation_id: one.organisation for one in people if one.organisation is not None}
    of_table = {one.id: one for one in listings.values() if one.organisation_id in here
                and not any(excluded.organisation_id in here for excluded in one.exclusions)}
    yield from _of_pairs(fits, of_table)
    yield from _of_keywords([*of_table.values()])
    yield from _of_fields([*of_table.values()])
    yield from _of_kinds({organisation.kind for organisation in here.values()})
    yield from _of_regions([organisation.region for organisation in here.values() if organisation.region])
    yield from OPENING[number % len(OPENING):] + OPENING[:number % len(OPENING)]


def _of_pairs(fits: Sequence[SeatingFit], listings: Mapping[int, Listing]) -> Iterator[Phrase]:
    told: set[int] = set()
    for fit in fits:
        need, result = listings.get(fit.need_id), listings.get(fit.result_id)
        if need is None or need.id in told or len(told) == 2 or fit.fit < WORTH_SAYING:
            continue
        told.add(need.id)
        if result is not None:
            yield say("{company} is looking for “{need}”, {institute} works on “{result}”. Where would the two begin? "
                      "Who else has met this?", company=need.organisation, need=_title(need),
                      institute=result.organisation, result=_title(result))
        else:
            yield say("{company} is looking for “{need}”. Who has met this, and what helped?",
                      company=need.organisation, need=_title(need))


def _of_keywords(listings: Sequence[Listing]) -> Iterator[Phrase]:
    having: dict[str, dict[int, Any]] = defaultdict(dict)
    for one in listings:
        for word in one.keywords:
            if word not in GENERIC and 1 < len(word) <= 20:
                having[word][one.organisation_id] = one.organisation
    shared = sorted(((word, who) for word, who in having.items() if len(who) > 1),
                    key=lambda item: (-len(item[1]), -len(item[0]), item[0]))
    for word, who in shared[:1]:
        yield say("{organisations} all name “{word}”. What is the hardest step in it at present?",
                  organisations=Names(list(who.values())[:3]), word=word)


def _of_fields(listings: Sequence[Listing]) -> Iterator[Phrase]:
    having: dict[str, set[int]] = defaultdict(set)
    for one in listings:
        if one.field in vocabulary.FIELDS:
            having[one.field].add(one.organisation_id)
    shared = sorted(((field, len(who)) for field, who in having.items() if len(who) > 1),
                    key=lambda item: (-item[1], item[0]))
    for field, count in shared[:1]:
        yield say("{number} organisations here work in {field}. What has changed there this year that outsiders do not "
                  "see yet?", number=count, field=vocabulary.FIELDS[field])


def _of_kinds(kinds: set[OrganisationKind]) -> Iterator[Phrase]:
    if {OrganisationKind.COMPANY, OrganisationKind.INSTITUTE} <= kinds:
        yield say("A company and an institute sit here: what would each need from the other to begin within a month?")
    if OrganisationKind.INVESTOR in kinds:
        yield say("An investor sits here: what would have to be shown, and by when, for money to follow?")
    if kinds & {OrganisationKind.AUTHORITY, OrganisationKind.PARK}:
        yield say("The park or an authority sits here: which one permit, space or rule holds you up? Write it down for "
                  "the requests desk.")


def _of_regions(codes: Sequence[str]) -> Iterator[Phrase]:
    places = list(dict.fromkeys(regions.ancestors(code)[0] for code in codes))
    if len(places) > 1:
        named = Names([Label(*(regions.name(code, language) for language in LANGUAGES)) for code in places[:4]])
        yield say("You come from {regions}. What is easier at home than here, and what the other way round?",
                  regions=named)


def _open_listings(organisations: set[int | None], first: set[int]) -> dict[int, Listing]:
    """What everybody may know of these organisations, and that it is theirs; those of `first` in any case."""
    found = session.scalars(
        select(Listing).where(Listing.organisation_id.in_({one for one in organisations if one is not None}),
                              Listing.state.in_(sorted(WORLD_VISIBLE)), Listing.anonymous.is_(False))
        .order_by(case((Listing.id.in_(first), 0), else_=1), Listing.published_at.desc(), Listing.id.desc())
        .limit(MOST_LISTINGS)
    )
    return {one.id: one for one in found}


def _title(listing: Listing) -> Label:
    return Label(title_in(listing, "zh"), title_in(listing, "en"))


def _first(most: int, questions: Iterator[Phrase]) -> list[Phrase]:
    return [question for question, _ in zip(questions, range(most), strict=False)]
