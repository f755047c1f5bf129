"""Consents and the NDA of a case: who agreed to which wording when, and copies that were signed on paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, Any

from sqlalchemy import select

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.files import service as files
from marketplace.files.models import StoredFile
from marketplace.files.types import plain_name
from marketplace.introductions import conditions, telling
from marketplace.introductions.models import Introduction, Side, SignedCopy, Stage
from marketplace.introductions.moves import Who
from marketplace.introductions.permissions import (
    acting_sides,
    can_see,
    capacities,
    knows,
    knows_people,
    member_sides,
)
from marketplace.introductions.wordings import CONSENTS, NON_DISCLOSURES, Wording
from marketplace.messaging.kinds import Kind
from marketplace.organisations.models import Organisation
from marketplace.phrases import say

KIND = "signed nda"
ENDINGS = (".pdf", ".jpg", ".jpeg", ".png")
LONGEST_REASON = 1_000
PAGE = "/agreements"
"""Below the page of the case."""


@dataclass(frozen=True)
class Given:
    """A consent or a signature as one reader may see it."""

    side: Side
    organisation: Organisation | None
    """None while this reader may not know."""
    person: str | None
    wording: Wording
    at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    copy: SignedCopy | None = None
    """The signed copy behind it, where this reader may open it."""
    was_on_paper: bool = False


@dataclass(frozen=True)
class Party:
    side: Side
    organisation: Organisation | None
    signature: Given | None
    waiting: SignedCopy | None
    """A copy that was sent in and is being checked."""


@dataclass(frozen=True)
class Agreement:
    """The NDA of a case with both parties filled in, as far as its reader may know them."""

    wording: Wording
    parties: tuple[Party, Party]

    @property
    def is_in_force(self) -> bool:
        return all(party.signature for party in self.parties)

    @property
    def since(self) -> datetime | None:
        return max(p.signature.at for p in self.parties if p.signature) if self.is_in_force else None


def consents(actor: User, introduction: Introduction) -> list[Given]:
    """Every consent that was given, also those taken back, the oldest first."""
    _require_seen(actor, introduction)
    withdrawers = _names({c.withdrawn_by_id for c in introduction.consents})
    return [
        Given(
            c.side, c.organisation if knows(actor, introduction, c.side) else None,
            c.user.name if knows_people(actor, introduction, c.side) else None, CONSENTS[c.edition], c.at,
            c.withdrawn_at,
            withdrawers.get(c.withdrawn_by_id) if knows_people(actor, introduction, c.side) else None,
        )
        for c in introduction.consents
    ]


def agreement(actor: User, introduction: Introduction) -> Agreement:
    """The NDA of the case, whoever has signed it so far."""
    _require_seen(actor, introduction)
    wording = NON_DISCLOSURES[conditions.nda_edition(introduction)]
    need, result = (_party(actor, introduction, side) for side in Side)
    return Agreement(wording, (need, result))


def send_copy(actor: User, introduction: Introduction, name: str, stream: IO[bytes]) -> SignedCopy:
    """Send in the NDA signed on paper, for the side one acts for. It counts once the broker has accepted it."""
    _require_seen(actor, introduction)
    sides = [s for s in acting_sides(actor, introduction) if s not in conditions.signed_nda(introduction)]
    require(bool(acting_sides(actor, introduction)), say("Only an editor or admin of one of the sides signs."))
    if not sides:
        raise Conflict(say("Your side has signed already."))
    if not (introduction.is_open and Stage.QUALIFIED <= introduction.stage <= Stage.PERFORMING):
        raise Conflict(say("An NDA is signed once a broker has taken the case on, and while it is open."))
    if PurePosixPath(plain_name(name)).suffix.lower() not in ENDINGS:
        raise Invalid({"file": say("Send the signed NDA as PDF, JPG or PNG.")})
    kept = files.keep(name, stream)  # its place may be slow: nothing is locked meanwhile
    with transaction():
        session.execute(select(Introduction.id).where(Introduction.id == introduction.id).with_for_update())
        session.refresh(introduction, ["signed_copies"])  # another may have been sent at the same moment
        if conditions.waiting_copy(introduction, sides[0]) is not None:
            raise Conflict(say("A copy of yours is being checked already."))
        terms = conditions.nda_edition(introduction)
        whose = introduction.listing_of(sides[0]).organisation_id
        file = files.store(actor, KIND, introduction.id, kept.name, kept, 3, organisation_id=whose)
        copy = SignedCopy(
            side=sides[0], organisation_id=whose, user_id=actor.id,
            terms=terms, file_id=file.id, at=clock.now(),
        )
        introduction.signed_copies.append(copy)
        session.flush()
        phrase = say("“{title}”: a signed NDA was sent in. Please check it.", title=telling.title(introduction.need))
        telling.to_brokers(introduction, phrase, Kind.YOUR_TURN, f"signed copy:{copy.id}", anchor=PAGE)
    return copy


def refuse_copy(actor: User, introduction: Introduction, copy_id: int, because: str) -> None:
    """The broker finds that a signed copy will not do. Accepting one is a move: accept_nda."""
    copy = _copy(introduction, copy_id)
    require(Who.BROKER in capacities(actor, introduction), say("Only the broker of the case checks signatures."))
    if copy.checked_at is not None:
        raise Conflict(say("This copy has been checked already."))
    if not because:
        raise Invalid({"because": say("Say what is wrong, so that it can be mended.")})
    if len(because) > LONGEST_REASON:
        raise Invalid({"because": say("At most {max} characters; this has {given}.", max=LONGEST_REASON,
                                      given=len(because))})
    with transaction():
        copy.checked_at, copy.checked_by_id, copy.refused_because = clock.now(), actor.id, because
        phrase = say("“{title}”: the signed NDA was sent back: {because}",
                     title=telling.title(introduction.listing_of(copy.side)), because=because)
        telling.to_side(introduction, copy.side, phrase, Kind.YOUR_TURN, f"signed copy refused:{copy.id}", anchor=PAGE)
        audit.record(actor.id, "signed nda.refused", "introduction", introduction.id, introduction.ref, copy=copy.id)


def copies(actor: User, introduction: Introduction) -> list[SignedCopy]:
    """The signed copies that this reader may open, the newest first."""
    _require_seen(actor, introduction)
    return [copy for copy in reversed(introduction.signed_copies) if _can_open(actor, introduction, copy)]


def open_copy(actor: User, introduction: Introduction, copy_id: int) -> StoredFile:
    """The file of a signed copy; reading it is recorded."""
    copy = _copy(introduction, copy_id)
    if not _can_open(actor, introduction, copy):
        raise NotFound
    if copy.side not in member_sides(actor, introduction):
        audit.record(actor.id, "signed nda.read", "introduction", introduction.id, introduction.ref,
                     side=copy.side.value, name=copy.file.name)
    return copy.file


def _party(actor: User, introduction: Introduction, side: Side) -> Party:
    known = knows(actor, introduction, side)
    organisation = introduction.listing_of(side).organisation if known else None
    row = next((s for s in introduction.signatures if s.side is side), None)
    signature = None
    if row is not None:
        copy = next((c for c in introduction.signed_copies if c.id == row.copy_id), None)
        may_open = copy is not None and _can_open(actor, introduction, copy)
        person = row.user.name if knows_people(actor, introduction, side) else None
        signature = Given(side, organisation, person, NON_DISCLOSURES[row.terms], row.at,
                          copy=copy if may_open else None, was_on_paper=row.copy_id is not None)
    return Party(side, organisation, signature, conditions.waiting_copy(introduction, side))


def _can_open(actor: User, introduction: Introduction, copy: SignedCopy) -> bool:
    """Its own side and the staff; the other side once names are released and the copy was found good."""
    sides = member_sides(actor, introduction)
    if copy.side in sides or (not sides and actor.is_reviewer):
        return True
    accepted = copy.checked_at is not None and copy.refused_because is None
    return bool(sides) and introduction.is_released and accepted


def _copy(introduction: Introduction, copy_id: int) -> SignedCopy:
    found = next((copy for copy in introduction.signed_copies if copy.id == copy_id), None)
    if found is None:
        raise NotFound
    return found


def _names(ids: set[int | None]) -> dict[int | None, str]:
    wanted = ids - {None}
    rows: Any = session.execute(select(User.id, User.name).where(User.id.in_(wanted))).all() if wanted else []
    return {row[0]: row[1] for row in rows}


def _require_seen(actor: User, introduction: Introduction) -> None:
    if not can_see(actor, introduction):
        raise NotFound
