"""Who else sees a listing and in which words: grants, exclusions, translations, attachments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import IO, Any

from sqlalchemy import or_, select

from marketplace import audit, clock, outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.files import service as files
from marketplace.files import texts
from marketplace.files.models import StoredFile
from marketplace.listings.documents import FILES
from marketplace.listings.models import Exclusion, Grant, Listing, ListingTranslation, TranslationState
from marketplace.listings.moves import told_when_stale
from marketplace.listings.permissions import can_edit, can_review, can_translate
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader, visible_to
from marketplace.phrases import LANGUAGES, say


def grant(listing_id: int, organisation_id: int, tier: int, introduction_ref: str) -> None:
    """Let an organisation in to a tier of a listing under an introduction; a second call can only raise the tier.

    Called by the introductions room, which has checked the consents and the NDA.
    """
    with transaction():
        this = select(Grant).where(
            Grant.listing_id == listing_id, Grant.organisation_id == organisation_id,
            Grant.introduction_ref == introduction_ref, Grant.revoked_at.is_(None),
        )
        row = session.scalar(this)
        if row is None:
            session.add(Grant(
                listing_id=listing_id, organisation_id=organisation_id, tier=tier, introduction_ref=introduction_ref,
                granted_at=clock.now(),
            ))
        elif row.tier >= tier:
            return
        else:
            row.tier = tier
        audit.record(None, "listing.granted", "listing", listing_id, introduction_ref,
                     organisation=organisation_id, tier=tier)
        _told([listing_id])


def revoke_grants(introduction_ref: str) -> None:
    """What an introduction had opened closes with it."""
    with transaction():
        rows = session.scalars(
            select(Grant).where(Grant.introduction_ref == introduction_ref, Grant.revoked_at.is_(None))
        ).all()
        for row in rows:
            row.revoked_at = clock.now()
            audit.record(None, "listing.grant_revoked", "listing", row.listing_id, introduction_ref,
                         organisation=row.organisation_id)
        _told(sorted({row.listing_id for row in rows}))


def _told(listing_ids: list[int]) -> None:
    session.flush()
    for listing_id in listing_ids:
        listing = session.identity_map.get(session().identity_key(Listing, listing_id))
        if listing is not None:
            session.expire(listing, ["grants"])
    outbox.publish("listing.changed", *listing_ids)


def excluded(listing: Listing) -> list[Organisation]:
    """The organisations that must not learn of it, by name."""
    ids = [exclusion.organisation_id for exclusion in listing.exclusions]
    return list(session.scalars(select(Organisation).where(Organisation.id.in_(ids)).order_by(Organisation.name)))


def named_organisations(actor: Reader, names: Iterable[str]) -> list[Organisation]:
    """The organisations of these names (in either language) or slugs. Raises Invalid for names nobody has."""
    wanted = [name.strip() for name in names if name.strip()][:500]
    columns = (Organisation.name, Organisation.name_en, Organisation.slug)
    found = session.scalars(
        select(Organisation).where(visible_to(actor), or_(*(column.in_(wanted) for column in columns)))
    ).all()
    known = {name for o in found for name in (o.name, o.name_en, o.slug)}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise Invalid({"organisations": say(
            "No organisation here is called {names}. Write the full name, one to a line.", names=", ".join(unknown[:5])
        )})
    return list(found)


def set_exclusions(actor: User, listing: Listing, organisations: Iterable[Organisation]) -> None:
    """From now on exactly these organisations never learn of the listing."""
    require(can_edit(actor, listing))
    wanted = {organisation.id: organisation for organisation in organisations}
    if listing.organisation_id in wanted:
        raise Invalid({"organisations": say("Your own organisation always sees its listings.")})
    with told_when_stale():
        kept = [e for e in listing.exclusions if e.organisation_id in wanted]
        there = {e.organisation_id for e in kept}
        listing.exclusions = kept + [Exclusion(organisation_id=i) for i in sorted(wanted) if i not in there]
        listing.changed_at = clock.now()
        audit.record(actor.id, "listing.exclusions", "listing", listing.id, organisations=sorted(wanted))
        outbox.publish("listing.changed", listing.id)


def set_translation(
    actor: User, listing: Listing, language: str, words: Mapping[str, Any],
    state: TranslationState = TranslationState.AUTHOR,
) -> None:
    """Title, summary and keywords in another language; an empty title takes the translation away.

    Authors write their own; reviewers may mark one as reviewed.
    """
    require(can_translate(actor, listing))
    if state is TranslationState.REVIEWED:
        require(can_review(actor, listing), say("Only reviewers mark a translation as reviewed."))
    if language not in LANGUAGES or language == listing.language:
        raise Invalid({"language": say("Translate into Chinese or English, other than the language of origin.")})
    with told_when_stale():
        row = next((t for t in listing.translations if t.language == language), None)
        if not words.get("title"):
            _take_away(listing, row)
        else:
            if row is None:
                row = ListingTranslation(language=language)
                listing.translations.append(row)
            row.title, row.summary = words["title"], words.get("summary") or ""
            row.keywords = list(words.get("keywords") or [])
            row.state, row.is_stale = state, False
        listing.changed_at = clock.now()
        audit.record(actor.id, "listing.translated", "listing", listing.id, language=language, state=state.value)
        outbox.publish("listing.changed", listing.id)


def _take_away(listing: Listing, row: ListingTranslation | None) -> None:
    """Nothing is left but, of a machine's translation, the wish to have none: else it would be made again."""
    if row is not None and row.state is TranslationState.MACHINE:
        row.title, row.summary, row.keywords, row.state = "", "", [], TranslationState.AUTHOR
    elif row is not None:
        listing.translations.remove(row)


def accept_translation(actor: User, listing: Listing, language: str, digest: str) -> None:
    """A person has read a machine's translation and found it good. `digest` tells which one they read; Conflict when
    it has been made anew or dealt with since."""
    require(can_translate(actor, listing))
    row = next((t for t in listing.translations if t.language == language and t.title), None)
    if row is None:
        raise NotFound
    if row.state is not TranslationState.MACHINE or (row.digest or "") != digest:
        raise Conflict(say("This translation has been changed since you read it. Look at it again."))
    with told_when_stale():
        row.state = TranslationState.REVIEWED
        listing.changed_at = clock.now()
        audit.record(actor.id, "listing.translation_accepted", "listing", listing.id, language=language)
        outbox.publish("listing.changed", listing.id)


def attach(actor: User, listing: Listing, name: str, stream: IO[bytes], tier: int) -> StoredFile:
    """Keep a file with the listing, to be read from `tier` on."""
    require(can_edit(actor, listing))
    if tier not in (0, 1, 2, 3):
        raise Invalid({"tier": say("Choose who may read the file.")})
    return files.store(actor, "listing", listing.id, name, stream, tier, organisation_id=listing.organisation_id,
                       is_searched=tier < len(FILES))


def detach(actor: User, listing: Listing, file_id: int) -> None:
    """Take a file away from the listing."""
    if not can_edit(actor, listing):
        raise NotFound
    with transaction():
        files.remove(actor, files.one_of("listing", listing.id, file_id))
        outbox.publish("listing.changed", listing.id)


def texts_of(listing: Listing, attachments: Collection[StoredFile]) -> dict[int, str]:
    """File id -> what its authors are told of the text of a file by which the listing can be found."""
    return texts.told([file for file in attachments if file.tier < len(FILES) and not listing.anonymous])


def read_files() -> None:
    """Called by the clock: files whose text has not been read get read."""
    texts.catch_up("listing", len(FILES) - 1)


def tell_of_texts(file_ids: list[int]) -> None:
    """The handler of `file.read`: what a listing's file says is part of what the listing is found by."""
    with transaction():
        outbox.publish("listing.changed", *texts.subjects("listing", file_ids))
