"""What the link in a broadcast's mail does: it shows the need, and with one press begins an introduction; of whoever
only holds the link, once the person it was written to has confirmed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from itsdangerous import BadData
from sqlalchemy import select, update

from marketplace import audit, clock
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.broadcasts import confirming
from marketplace.broadcasts.models import Broadcast, Recipient
from marketplace.broadcasts.permissions import is_open
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction, Origin
from marketplace.listings import service as listings
from marketplace.listings.models import Listing
from marketplace.listings.permissions import can_see
from marketplace.listings.tiers import View, view_at
from marketplace.matching import service as matching
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader, editable_ids, memberships
from marketplace.phrases import in_language, say

LIFETIME = timedelta(days=180)
LONGEST_TITLE = 200
FITS = 60.0
"""From this score on a professional would call a pair fairly strong: such a result is proposed with the answer."""
_PURPOSE = "answer news of a need"
WISH = say("We read of this need in the news we asked for and would like to talk about it.")
OPEN_QUESTION = say("What matters most to you, and by when")
US = say("{organisation}; more in the first talk.")


@dataclass(frozen=True)
class Asked:
    """Somebody who holds the link of their mail."""

    recipient: Recipient
    person: User
    broadcast: Broadcast
    need: Listing
    shown: View
    """What everybody may read of it: who holds the link is not signed in."""
    organisations: tuple[Organisation, ...]
    """For which the person may speak."""
    candidates: Sequence[Listing]
    is_open: bool
    introduction: Introduction | None
    """What their interest has begun."""
    is_theirs: bool
    """Is it the person who looks: signed in, or by a link from their mailbox that asks for it? Mails are passed on."""

    @property
    def is_verified(self) -> bool:
        return any(one.is_verified for one in self.organisations)


def link(recipient_id: int) -> str:
    return links.to(f"/news/{links.signer(_PURPOSE).dumps(recipient_id)}")


def behind(token: str, reader: Reader = None) -> Asked:
    """NotFound when the link is forged or too old, its person gone, or the need not for their eyes any more."""
    number, is_confirmed = _number_in(token)
    recipient = session.get(Recipient, number, populate_existing=True)
    if recipient is None or not recipient.user.is_active:
        raise NotFound
    person, need = recipient.user, recipient.broadcast.listing
    if not can_see(person, need):
        raise NotFound
    begun = session.get(Introduction, recipient.introduction_id) if recipient.introduction_id else None
    editable = set(editable_ids(person))
    return Asked(
        recipient, person, recipient.broadcast, need, view_at(need, 0),
        tuple(one.organisation for one in memberships(person) if one.organisation_id in editable),
        introductions.candidates(person, need), is_open(need), begun,
        is_confirmed or (reader is not None and reader.id == person.id),
    )


def note_opened(asked: Asked) -> None:
    """Somebody looks at the page; the first time counts."""
    with transaction():
        first = update(Recipient).where(Recipient.id == asked.recipient.id, Recipient.opened_at.is_(None))
        session.execute(first.values(opened_at=clock.now()).execution_options(synchronize_session=False))


def interest(asked: Asked, form: Mapping[str, Any]) -> Introduction:
    """I am interested: an introduction for their organisation, with a listing of theirs or one begun by its title.
    The second press finds what the first has begun."""
    require(asked.is_theirs)
    person = asked.person
    with transaction():
        this = select(Recipient).where(Recipient.id == asked.recipient.id).with_for_update(of=Recipient)
        recipient = session.scalars(this.execution_options(populate_existing=True)).one()
        if recipient.introduction_id is not None:
            return session.get_one(Introduction, recipient.introduction_id)
        if not asked.is_open:
            raise Conflict(say("{ref} is not open for interest now.", ref=asked.need.ref))
        begun = _begin(asked, form)
        now = clock.now()
        recipient.opened_at = recipient.opened_at or now
        recipient.interested_at, recipient.introduction_id = now, begun.id
        audit.record(person.id, "broadcast.answered", "broadcast", asked.broadcast.id, begun.ref)
    return begun


def ask_to_confirm(asked: Asked) -> None:
    """Somebody who holds the link has pressed: the person it was written to is asked whether they mean it."""
    if asked.introduction is not None:
        return
    if not asked.is_open:
        raise Conflict(say("{ref} is not open for interest now.", ref=asked.need.ref))
    _organisation(asked, None)
    confirming.ask(asked.recipient, asked.shown)


def fitting(asked: Asked) -> Listing | None:
    """The result of theirs that answers best, if one does well; a weak one is no better than a draft of its own."""
    scores = matching.explained(asked.person, asked.need, asked.candidates)
    best = max(asked.candidates, key=lambda one: scores[one.id].score, default=None)
    return best if best is not None and scores[best.id].score >= FITS else None


def first_title(asked: Asked) -> str:
    """What a listing is called that is begun by the press."""
    title = asked.shown.in_language(asked.person.language).title
    said = in_language(say("In answer to: {title}", title=title), asked.person.language)
    return str(said)[:LONGEST_TITLE]


def _number_in(token: str) -> tuple[int, bool]:
    """The recipient, and whether the token came in a mail that asks them to confirm."""
    try:
        return confirming.behind(token), True
    except NotFound:
        pass
    try:
        number = links.signer(_PURPOSE).loads(token, max_age=int(LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        raise NotFound from None
    return int(number), False


def _begin(asked: Asked, form: Mapping[str, Any]) -> Introduction:
    person, language = asked.person, asked.person.language
    origin, ref = Origin.BROADCAST, asked.broadcast.ref
    wish = form.get("message") or in_language(WISH, language)
    if form.get("own") and form["own"] != "new":
        own = listings.get(person, form["own"])
        if own.id not in {one.id for one in asked.candidates}:
            raise Invalid({"own": say("Choose one of your listings, or begin a new one.")})
        given = _answers(wish, own.organisation, language)
        return introductions.express_interest(person, asked.need, own, **given, origin=origin, origin_ref=ref)
    organisation = _organisation(asked, form.get("organisation"))
    return introductions.interest_with_a_draft(
        person, asked.need, organisation, form.get("new_title") or first_title(asked),
        **_answers(wish, organisation, language), origin=origin, origin_ref=ref)


def _answers(wish: str, organisation: Organisation, language: str) -> dict[str, Any]:
    """The three answers of an interest, as far as one press can give them; the broker asks for the rest."""
    return {"cooperation_sought": wish, "unclear": str(in_language(OPEN_QUESTION, language)),
            "about_us": str(in_language(US.format(organisation=organisation), language))}


def _organisation(asked: Asked, wanted: int | None) -> Organisation:
    known = [one for one in asked.organisations if one.is_verified and (wanted is None or one.id == wanted)]
    if not known:
        raise Invalid({"organisation": say("Choose one of your organisations.")})
    return known[0]
