"""What people do with refinements; the only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.listings import service as listings
from marketplace.listings import versions
from marketplace.listings.models import Kind, Listing, State
from marketplace.organisations.permissions import Reader
from marketplace.phrases import Phrase, say
from marketplace.refining import answers as questions
from marketplace.refining import telling, texts
from marketplace.refining.lists import Lists, lists_of, marks_of, waiting_for
from marketplace.refining.models import OPEN_STEPS, Act, Questionnaire, Refinement, Step, Turn, What
from marketplace.refining.permissions import (
    can_answer,
    can_ask,
    can_decide,
    can_end,
    can_see,
    can_take,
    can_write,
    is_free_broker,
    is_its_broker,
    is_of_company,
)
from marketplace.refining.timers import first_reminder

__all__ = [
    "Lists", "answer", "approve", "ask", "end", "end_withdrawn", "get", "hand_over", "latest", "lists_of", "marks_of",
    "need_of", "propose", "release", "send_back", "take", "waiting_for", "write",
]

LONGEST_SAID = 2_000
NOT_TO_ANSWER = say("The questionnaire can no longer be changed, or not by you.")
NOT_TO_DECIDE = say("There is no text to decide on now, or it is not yours to do.")
NOT_TO_WRITE = say("Only its broker writes the refined text, and only before it is decided on.")
STALE = say("Somebody else was faster. Look at what is there now, then repeat what you still want.")


def get(actor: Reader, ref: str, number: int | None = None) -> Refinement:
    """The need's latest refinement (or its `number`th), if this reader may know of it; otherwise NotFound."""
    written = ref.upper() if len(ref) < 40 and ref.isascii() and ref.isprintable() else ""
    these = select(Refinement).join(Listing).where(Listing.ref == written).order_by(Refinement.number.desc())
    if number is not None:
        these = these.where(Refinement.number == number)
    found = session.scalars(these.limit(1)).first()
    if found is None or not can_see(actor, found):
        raise NotFound
    return found


def latest(actor: Reader, listing: Listing) -> Refinement | None:
    """For the page of a need: its latest refinement, where this reader may know of it."""
    these = select(Refinement).where(Refinement.listing_id == listing.id).order_by(Refinement.number.desc())
    found = session.scalars(these.limit(1)).first()
    return found if found is not None and can_see(actor, found) else None


def need_of(actor: Reader, ref: str) -> Listing:
    """A need that this reader may ask to have refined; NotFound for everybody else."""
    listing = listings.get(actor, ref)
    if listing.kind is not Kind.NEED or not (is_of_company(actor, listing) or is_free_broker(actor, listing)):
        raise NotFound
    return listing


def ask(actor: User, listing: Listing, wish: str = "") -> Refinement:
    """Begin. Asked by the company it waits for a broker; asked by a broker it is theirs, and the company answers."""
    require(can_ask(actor, listing), say("This need cannot be refined now, or not by you."))
    said = _said(wish, "wish", needed=False)
    by_company = is_of_company(actor, listing)
    with _changing(), transaction():
        now, content = clock.now(), versions.settled(Kind.NEED, versions.proposed_content(listing))
        count = select(func.count()).select_from(Refinement).where(Refinement.listing_id == listing.id)
        refinement = Refinement(
            listing=listing, number=(session.scalar(count) or 0) + 1, wish=said, asked_at=now, asked_by_id=actor.id,
            step=Step.ASKED if by_company else Step.WORKING, turn=Turn.BROKER if by_company else Turn.COMPANY,
            broker=None if by_company else actor, base=versions.pack(content), changed_at=now,
            original_id=versions.keep(listing, content, listing.created_by_id).id,
            questionnaire=Questionnaire(answers={}),
        )
        session.add(refinement)
        session.flush()
        _note(actor, refinement, What.ASKED, said)
        if by_company:
            telling.brokers(refinement, say("A company asks a broker to refine “{title}” with it.",
                                            title=telling.title(listing)), actor)
        else:
            telling.company(refinement, say("{broker}, a broker, would like to refine “{title}” with you.",
                                            broker=actor.name, title=telling.title(listing)), actor)
    return refinement


def take(actor: User, refinement: Refinement) -> Refinement:
    """You become the broker of this refinement."""
    _visible(actor, refinement)
    if is_its_broker(actor, refinement):
        return refinement
    _require(refinement, can_take(actor, refinement), say("Another broker has taken it, or it is not for you to take."))
    with _changing(), transaction():
        refinement.broker = actor
        if refinement.step is Step.ASKED:
            refinement.step, refinement.turn = Step.WORKING, Turn.BROKER
        _note(actor, refinement, What.TAKEN)
        telling.company(refinement, say("{broker} refines “{title}” with you.", broker=actor.name,
                                        title=telling.title(refinement.listing)), actor)
    return refinement


def release(actor: User, refinement: Refinement) -> Refinement:
    """Give it back: another broker may take it. What was written stays."""
    _visible(actor, refinement)
    _require(refinement, is_its_broker(actor, refinement) and refinement.is_open, say("Only its broker gives it back."))
    with _changing(), transaction():
        refinement.broker = None
        refinement.step, refinement.turn = Step.ASKED, Turn.BROKER
        _note(actor, refinement, What.RELEASED)
        phrase = say("The refinement of “{title}” looks for another broker.", title=telling.title(refinement.listing))
        telling.company(refinement, phrase, actor)
        telling.brokers(refinement, phrase, actor)
    return refinement


def answer(
    actor: User, refinement: Refinement, given: Mapping[str, Any], version: int | None, *, hands_over: bool = False
) -> Refinement:
    """Save the questionnaire, however little is filled in. `version` is the questionnaire's that was opened.

    `hands_over`: it is the other side's turn now, and they hear of it.
    """
    _visible(actor, refinement)
    _require(refinement, can_answer(actor, refinement), NOT_TO_ANSWER)
    kept = questions.read(given)
    sheet = refinement.questionnaire
    if version is not None and version != sheet.version:
        if kept == sheet.answers:  # the second click of a double click
            return refinement
        raise Conflict(say("Somebody else saved the questionnaire while you were writing. What you entered is below; "
                           "what they saved stands beside it. Put the two together and save again."))
    with _changing(), transaction():
        if kept != sheet.answers or hands_over:
            sheet.answers, sheet.changed_by_id = kept, actor.id
            sheet.changed_at = refinement.changed_at = clock.now()
            if not hands_over:
                _note(actor, refinement, What.ANSWERED)
        if hands_over:
            _hand_over(actor, refinement)
    return refinement


def hand_over(actor: User, refinement: Refinement) -> Refinement:
    """The questionnaire goes to the other side as it stands."""
    _visible(actor, refinement)
    _require(refinement, can_answer(actor, refinement), NOT_TO_ANSWER)
    with _changing(), transaction():
        _hand_over(actor, refinement)
    return refinement


def _hand_over(actor: User, refinement: Refinement) -> None:
    """While nobody has taken it, and while a text lies before the company, whose turn it is stays as it is."""
    title = telling.title(refinement.listing)
    _note(actor, refinement, What.HANDED)
    if is_of_company(actor, refinement.listing):
        if refinement.step is Step.WORKING:
            refinement.turn = Turn.BROKER
        telling.broker(refinement, say("The company has answered the questions about “{title}”.", title=title), actor)
    else:
        if refinement.step is Step.WORKING:
            refinement.turn = Turn.COMPANY
        telling.company(refinement, say("Please answer the broker's questions about “{title}”; what is known already "
                                        "is filled in.", title=title), actor)


def write(
    actor: User, refinement: Refinement, raw: Mapping[str, Any], version: int | None, seen: str | None = None
) -> Refinement:
    """Keep the refined text as far as it is; the company does not see it yet.

    `version` is the refinement's, `seen` the digest of the need's own text, as the writer saw them. Raises Moved when
    the company has changed the need since.
    """
    _visible(actor, refinement)
    _require(refinement, can_write(actor, refinement), NOT_TO_WRITE)
    content = texts.checked(raw)
    if version is not None and version != refinement.version and texts.says(refinement, content):
        return refinement  # the second click of a double click
    _require_version(refinement, version)
    now = texts.now_of(refinement.listing)
    if seen is not None and seen != texts.digest(now):
        raise texts.Moved()
    with _changing(), transaction():
        whole = texts.proposed(refinement) | content
        refinement.base = versions.pack(versions.settled(Kind.NEED, now))
        refinement.proposal = versions.pack(whole)
        refinement.changed_at = clock.now()
        if refinement.step is Step.PROPOSED:  # taken back to be written on
            refinement.step, refinement.turn = Step.WORKING, Turn.BROKER
        audit.record(actor.id, "refining.written", "listing", refinement.listing_id)
    return refinement


def propose(actor: User, refinement: Refinement, message: str = "", version: int | None = None) -> Refinement:
    """Lay the refined text before the company."""
    _visible(actor, refinement)
    if refinement.step is Step.PROPOSED and is_its_broker(actor, refinement):
        return refinement
    _require(refinement, can_write(actor, refinement) and refinement.step is Step.WORKING,
             say("There is nothing to lay before the company now."))
    _require_version(refinement, version)
    said = _said(message, "message", needed=False)
    if not texts.refined_names(refinement):
        raise Invalid({"": say("The text is the same as the company's own. Refine something first.")})
    with _changing(), transaction():
        refinement.step, refinement.turn, refinement.message = Step.PROPOSED, Turn.COMPANY, said or None
        _note(actor, refinement, What.PROPOSED, said, refinement.proposal)
        telling.company(refinement, say("A refined text of “{title}” awaits your approval.",
                                        title=telling.title(refinement.listing)), actor)
    return refinement


def send_back(actor: User, refinement: Refinement, note: str, version: int | None = None) -> Refinement:
    """The company wants something else; the broker reads the note."""
    _visible(actor, refinement)
    _require(refinement, can_decide(actor, refinement), NOT_TO_DECIDE)
    _require_version(refinement, version)
    said = _said(note, "note")
    with _changing(), transaction():
        refinement.step, refinement.turn, refinement.remark = Step.WORKING, Turn.BROKER, said
        _note(actor, refinement, What.RETURNED, said)
        telling.broker(refinement, say("The company sent the refined text of “{title}” back: {note}",
                                       title=telling.title(refinement.listing), note=said), actor)
    return refinement


def approve(
    actor: User, refinement: Refinement, version: int | None = None, *, keep: Sequence[str] = (),
    decided_on: str | None = None,
) -> Refinement:
    """The company takes the refined text; the need says so from now on and goes its usual way.

    Raises Clash when the company itself has changed what the broker rewrote, until each such field is decided:
    `keep` names those that stay as the need has them now, `decided_on` is the digest of the text that was decided on.
    """
    _visible(actor, refinement)
    if refinement.step is Step.APPROVED and is_of_company(actor, refinement.listing):
        return refinement
    _require(refinement, can_decide(actor, refinement), NOT_TO_DECIDE)
    _require_version(refinement, version)
    listing = refinement.listing
    clashes = texts.clashing(refinement)
    if clashes and decided_on != texts.digest(texts.now_of(listing)):
        raise texts.Clash(clashes)
    with _changing(), transaction():
        listings.change(actor, listing, texts.outcome(refinement, keep), listing.version)
        content = versions.proposed_content(listing)
        refinement.refined_id = versions.keep(listing, content, refinement.broker_id).id
        refinement.step, refinement.turn = Step.APPROVED, Turn.NOBODY
        _note(actor, refinement, What.APPROVED)
        audit.record(actor.id, "need.refined", "listing", listing.id)
        telling.broker(refinement, say("The company approved the refined text of “{title}”.",
                                       title=telling.title(listing)), actor)
    return refinement


def end(actor: User, refinement: Refinement, note: str = "") -> Refinement:
    """Give refining up. The need stays as it is; what was answered and written is kept."""
    _visible(actor, refinement)
    if refinement.step is Step.ENDED:
        return refinement
    _require(refinement, can_end(actor, refinement), say("Only the company or its broker ends this."))
    said = _said(note, "note", needed=False)
    with _changing(), transaction():
        _end(refinement, actor, said)
    return refinement


def end_withdrawn(listing_ids: list[int]) -> None:
    """Needs were withdrawn: nobody refines them any more."""
    these = select(Refinement).join(Listing).where(
        Refinement.listing_id.in_(listing_ids), Listing.state == State.WITHDRAWN,
        Refinement.step.in_(sorted(OPEN_STEPS)),
    )
    for refinement in session.scalars(these).all():
        with transaction():
            _end(refinement, None, "")


def _end(refinement: Refinement, actor: User | None, said: str) -> None:
    refinement.step, refinement.turn, refinement.remark = Step.ENDED, Turn.NOBODY, said or None
    _note(actor, refinement, What.ENDED, said)
    phrase = say("The refinement of “{title}” has ended.", title=telling.title(refinement.listing))
    telling.broker(refinement, phrase, actor)
    if actor is not None:
        telling.company(refinement, phrase, actor)


@contextmanager
def _changing() -> Iterator[None]:
    """Losing a race to somebody else is a Conflict. Stands outside transaction(), whose end may be what fails."""
    try:
        yield
    except (StaleDataError, IntegrityError):
        raise Conflict(STALE) from None


def _visible(actor: Reader, refinement: Refinement) -> None:
    if not can_see(actor, refinement):
        raise NotFound


def _require(refinement: Refinement, allowed: bool, message: Phrase) -> None:
    """What is no longer possible is a Conflict, what was never this person's a refusal."""
    if not allowed and not refinement.is_open:
        raise Conflict(say("This refinement is over."))
    require(allowed, message)


def _require_version(refinement: Refinement, version: int | None) -> None:
    if version is not None and version != refinement.version:
        raise Conflict(STALE)


def _said(text: str, name: str, needed: bool = True) -> str:
    text = (text or "").strip()
    if needed and not text:
        raise Invalid({name: say("Say why, in a sentence: the broker works by it.")})
    if len(text) > LONGEST_SAID:
        raise Invalid({name: say("At most {max} characters; this has {given}.", max=LONGEST_SAID, given=len(text))})
    return text


def _note(
    actor: User | None, refinement: Refinement, what: What, note: str = "", proposal: dict[str, Any] | None = None
) -> None:
    now = clock.now()
    refinement.changed_at, refinement.reminders = now, 0
    refinement.remind_at = first_reminder() if refinement.is_open else None
    session.flush()
    session.add(Act(refinement_id=refinement.id, what=what, at=now, actor_id=actor.id if actor else None,
                    note=note or None, proposal=proposal))
    audit.record(actor.id if actor else None, f"refining.{what}", "listing", refinement.listing_id)
