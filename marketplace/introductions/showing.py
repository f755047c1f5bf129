"""What the pages show, put together for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.errors import Invalid, NotFound
from marketplace.introductions import conditions, due, service, vocabulary, whole, wordings
from marketplace.introductions.inputs import Input, Shape
from marketplace.introductions.models import Introduction, Minutes, Side, Stage, Status
from marketplace.introductions.moves import (
    ANSWERS,
    CLOSINGS,
    EXCEPTIONS,
    FORWARD,
    TABLE,
    WHO,
    Move,
    Tone,
    inputs_of,
)
from marketplace.introductions.permissions import can_broker, capacities, member_sides
from marketplace.introductions.prefilling import prefilled
from marketplace.introductions.reading import note_of, organisation_of, read, who_moved, whose_turn, words_of
from marketplace.introductions.service import Available
from marketplace.introductions.talk import AUDIENCES, audiences_for, is_broker
from marketplace.listings import service as listings
from marketplace.listings.models import OPEN_FOR_INTEREST, Kind, Listing
from marketplace.listings.tiers import Words
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import editable_ids, is_verified_member, memberships
from marketplace.phrases import Label, say
from marketplace.web.language import current

STATUSES, REASON_CODES = vocabulary.STATUSES, vocabulary.REASON_CODES


@dataclass(frozen=True)
class Row:
    """One line of a list."""

    introduction: Introduction
    need: Words
    result: Words
    organisations: tuple[Organisation | None, Organisation | None]
    """Of the need and of the result; None while this reader may not know."""
    turn: Any
    is_mine_to_do: bool
    due: datetime | None
    """The last moment that is still in time."""
    is_late: bool
    stage: Label
    badge: tuple[Any, str]


@dataclass(frozen=True)
class Offer:
    """What may be proposed to whom, on the page where interest is expressed."""

    other: Listing
    words: Words
    organisation: Organisation | None
    candidates: Sequence[Listing]
    own: Listing | None
    """Known already when the page was opened with both."""
    organisations: tuple[Organisation, ...]
    """For which a new listing may be begun."""
    existing: Sequence[Introduction]
    is_open: bool
    is_own: bool
    suggests: bool
    """The reader is a broker and belongs to neither: they suggest instead."""
    is_unverified: bool


def row(actor: User, introduction: Introduction) -> Row:
    need, result = (_in_language(words_of(actor, introduction.listing_of(side))) for side in Side)
    due = introduction.due_at and introduction.due_at - timedelta(seconds=1)
    is_late = introduction.due_at is not None and introduction.due_at < clock.now()
    organisations = tuple(organisation_of(actor, introduction, side) for side in Side)
    return Row(
        introduction, need, result, (organisations[0], organisations[1]), whose_turn(actor, introduction),
        service.owes_now(actor, introduction), due, is_late, vocabulary.STAGES[introduction.stage].name,
        badge(introduction),
    )


def badge(introduction: Introduction) -> tuple[Any, str]:
    """(words, tone): the stage while it goes on, else why not."""
    if introduction.status is Status.CLOSED and introduction.close_reason is not None:
        good = introduction.close_reason.value == "completed"
        return vocabulary.CLOSE_REASONS[introduction.close_reason], "good" if good else "quiet"
    if introduction.status is Status.ON_HOLD:
        return vocabulary.STATUSES[Status.ON_HOLD], "waiting"
    return vocabulary.STAGES[introduction.stage].name, "good"


def case(actor: User, introduction: Introduction) -> dict[str, Any]:
    """All of the page about one introduction."""
    loaded = whole.load(introduction)
    seen = read(actor, introduction)
    ways = service.all_moves(actor, introduction)
    moves = [way for way in ways if way.is_possible]
    main = main_move(moves, introduction.stage, service.owes_now(actor, introduction))
    rows = loaded.history
    return {
        "seen": seen, "case": introduction, "loaded": loaded, "line": row(actor, introduction), "labels": ANSWERS,
        "badge": badge(introduction), "turn": whose_turn(actor, introduction),
        "is_mine_to_do": service.owes_now(actor, introduction), "main": main,
        "next_moves": [m for m in moves if m is not main and m.move not in (*EXCEPTIONS, *CLOSINGS)],
        "blocked": [m for m in ways if not m.is_possible and m.move in FORWARD
                    and introduction.stage not in m.targets],
        "side_moves": [m for m in moves if m is not main and m.move in EXCEPTIONS],
        "closings": [m for m in moves if m.move in CLOSINGS], "ladder": ladder(introduction, rows),
        "history": [(r, who_moved(actor, introduction, r), note_of(actor, introduction, r), label_of(r)) for r in rows],
        "messages": service.read_messages(actor, introduction, loaded.messages), "vocabulary": vocabulary,
        "audiences": [(a.value, AUDIENCES[a]) for a in audiences_for(actor, introduction)],
        "is_staff": actor.is_reviewer and not member_sides(actor, introduction),
        "is_broker": is_broker(actor, introduction), "agreed_step": agreed_step(introduction),
        "released_stopped": [vocabulary.SIDES[side] for side in conditions.stopped(introduction)],
    }


def agreed_step(introduction: Introduction) -> Minutes | None:
    """The minutes whose next action is what is owed now."""
    talks = introduction.status is Status.ACTIVE and introduction.stage in (Stage.INTRODUCED, Stage.DISCUSSING)
    latest = introduction.minutes[-1] if talks and introduction.minutes else None
    return latest if latest is not None and latest.next_action else None


def main_move(moves: Sequence[Available], stage: Stage, is_mine_to_do: bool) -> Available | None:
    """The one next move: what leads on to the next stage, else what this stage waits for."""
    onward = [m for m in moves if m.move.tone is Tone.PRIMARY]
    onward.sort(key=lambda m: (stage in m.targets, m.move.name == "express_interest"))
    if not onward and is_mine_to_do:
        onward = [m for m in moves if m.move.name == "discuss"]
    return onward[0] if onward else None


def ladder(introduction: Introduction, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The nine stages, with the day each was last reached."""
    reached = {r.to_stage: r.effective_at for r in rows if r.from_stage is not r.to_stage}
    rungs = []
    for stage, said in vocabulary.STAGES.items():
        state = "now" if stage is introduction.stage else "done" if stage < introduction.stage else "next"
        rungs.append({"stage": int(stage), "text": said.name, "state": state, "at": reached.get(stage), "said": said})
    return rungs


def label_of(history: Any) -> Any:
    """What a line of history is called."""
    if history.reason is not None and history.move == "close":
        return say("Closed: {reason}", reason=vocabulary.CLOSE_REASONS[history.reason])
    return next(move.label for move in TABLE if move.name == history.move)


def move_of(actor: User, introduction: Introduction, key: str) -> tuple[Move, tuple[Input, ...], tuple[Stage, ...]]:
    """The move behind an address. One that is not possible now is still found: the service says why not."""
    for available in service.available_moves(actor, introduction):
        if available.move.key == key:
            return available.move, available.inputs, available.targets
    who = capacities(actor, introduction)
    named = [move for move in TABLE if move.key == key]
    if not named:
        raise NotFound
    found = next((move for move in named if move.who & who), named[0])
    return found, inputs_of(found, who), tuple(found.targets(introduction.stage))


def initial(introduction: Introduction, move: Move) -> dict[str, Any]:
    """What the form of a move is filled with before anybody types."""
    return {"version": introduction.version, **prefilled(introduction, move.name)}


def beside(actor: User, introduction: Introduction, move: Move) -> dict[str, Any]:
    """What the page of one move shows besides its form."""
    shape = {entry.shape for entry in move.inputs}
    ways = service.all_moves(actor, introduction)
    return {
        "case": introduction, "line": row(actor, introduction), "vocabulary": vocabulary,
        "is_possible": any(m.move.key == move.key and m.is_possible for m in ways),
        "missing": next((m.missing for m in ways if m.move.key == move.key), ()),
        "brokers": service.brokers() if Shape.BROKER in shape else [],
        "contract": introduction.contracts[-1] if introduction.contracts else None,
        "outcome": introduction.outcomes[-1] if introduction.outcomes else None,
        "consent": wordings.CONSENTS[wordings.CONSENT_IN_FORCE],
        "nda": wordings.NON_DISCLOSURES[conditions.nda_edition(introduction)],
    }


def offer(actor: User, given: Mapping[str, str]) -> Offer:
    """What the page of a new introduction is about; NotFound for listings that this person may not know of."""
    refs = [given[name] for name in ("listing", "need", "result") if given.get(name)]
    found = [listings.get(actor, ref) for ref in refs[:2]]
    if not found:
        raise NotFound
    editable = set(editable_ids(actor))
    own = next((x for x in found if x.organisation_id in editable), None) if len(found) == 2 else None
    other = next(x for x in reversed(found) if x is not own)
    pair = found if len(found) == 2 else [other, other]
    organisations = tuple(m.organisation for m in memberships(actor) if m.organisation_id in editable)
    return Offer(
        other=other, words=_in_language(words_of(actor, other)),
        organisation=listings.teaser(actor, other).organisation,
        candidates=service.candidates(actor, other), own=own, organisations=organisations,
        existing=service.open_for(actor, other), is_open=other.state in OPEN_FOR_INTEREST,
        is_own=other.organisation_id in editable, is_unverified=bool(organisations) and not is_verified_member(actor),
        suggests=len(found) == 2 and own is None and can_broker(actor, pair[0], pair[1]),
    )


def express(actor: User, offered: Offer, form: Mapping[str, Any]) -> Introduction:
    """Express interest with what was chosen on the page."""
    answers = {name: form[name] for name in ("cooperation_sought", "unclear", "about_us", "origin")}
    if form["own"] and form["own"] != "new":
        own = listings.get(actor, form["own"])
        need, result = (own, offered.other) if own.kind is Kind.NEED else (offered.other, own)
        return service.express_interest(actor, need, result, **answers)
    if not form["own"] and not form["new_title"]:
        raise Invalid({"own": say("Choose one of your listings, or begin a new one.")})
    wanted = form["organisation"] or (offered.organisations[0].id if offered.organisations else None)
    organisation = next((o for o in offered.organisations if o.id == wanted), None)
    if organisation is None:
        raise Invalid({"organisation": say("Choose one of your organisations.")})
    return service.interest_with_a_draft(actor, offered.other, organisation, form["new_title"], **answers)


def table() -> dict[str, Any]:
    """The table of moves as the help page prints it."""
    return {
        "stages": vocabulary.STAGES, "moves": [m for m in TABLE if m not in CLOSINGS], "closings": CLOSINGS,
        "timers": due.TIMERS, "timer_words": due.in_words, "offset_words": due.offset_in_words,
        "reminded": vocabulary.REMINDED,
        "who": WHO, "ways": ways, "reason_codes": vocabulary.REASON_CODES, "statuses": vocabulary.STATUSES,
    }


def ways(move: Move) -> str:
    """From where to where, as short as can be: 0–8; 3 → 4; 1–8 → −1."""
    pairs = sorted((-1 if start is None else int(start), int(end)) for start, end in move.arrows)
    by_step: dict[int | None, list[int]] = {}
    for start, end in pairs:
        by_step.setdefault(None if start < 0 else end - start, []).append(end if start < 0 else start)
    said = []
    for step, starts in by_step.items():
        unbroken = len(starts) > 2 and starts[-1] - starts[0] == len(starts) - 1
        run = f"{starts[0]}–{starts[-1]}" if unbroken else ", ".join(map(str, starts))
        if step is None:
            said.append(f"→ {run}")
        elif step == 0:
            said.append(run)
        elif len(starts) == 1:
            said.append(f"{run} → {starts[0] + step}")
        else:
            said.append(f"{run} → {'+' if step > 0 else '−'}{abs(step)}")
    return "; ".join(said)


def _in_language(said: Sequence[Words]) -> Words:
    return next((w for w in said if w.language == current()), said[0])
