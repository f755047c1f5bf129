"""What a need's owner does with the answers to it; the only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.comparing.answers import WAYS_OUT, Answer, Board, board, way_out
from marketplace.comparing.models import HIGHEST, LOWEST, Comparison, Criterion, Score, Star
from marketplace.comparing.permissions import can_compare, can_judge
from marketplace.comparing.templates import TEMPLATES
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound, require
from marketplace.introductions import service as introductions
from marketplace.introductions import vocabulary as words
from marketplace.introductions.models import Introduction, ReasonCode
from marketplace.introductions.moves import Move
from marketplace.listings import service as listings
from marketplace.listings.content import tidy
from marketplace.listings.models import Listing
from marketplace.organisations.permissions import Reader
from marketplace.phrases import in_language, say

__all__ = [
    "Answer", "Board", "Decline", "Outcome", "Parting", "answer_to", "begin_with", "board", "checked_declines",
    "compare", "decline", "need_of", "not_to_end", "partings", "score", "set_criteria", "star",
]

MOST_CRITERIA, LONGEST_NAME, LONGEST_DIRECTION, LONGEST_NOTE = 12, 100, 300, 1_000
STALE = say("Somebody changed the criteria while you were writing. What you entered is below; look at the criteria, "
            "then save again.")


@dataclass(frozen=True)
class Decline:
    """One answer to say no to."""

    introduction: Introduction
    version: int | None
    code: ReasonCode
    text: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one of them."""

    introduction: Introduction
    why_not: Any = None
    """Why it was not closed; None when it was."""


@dataclass(frozen=True)
class Parting:
    """An open answer, and how the owner would end it; `way` None when the owner cannot."""

    answer: Answer
    way: Move | None


def need_of(actor: Reader, ref: str) -> Listing:
    """The need whose answers this reader may compare; otherwise NotFound, never Forbidden."""
    need = listings.get(actor, ref)
    if not can_compare(actor, need):
        raise NotFound
    return need


def answer_to(actor: Reader, need: Listing, ref: str) -> Introduction:
    """One of the introductions of this need."""
    found = introductions.get(actor, ref)
    if found.need_id != need.id:
        raise NotFound
    return found


def compare(actor: User, need: Listing, show: str = "open", sort: str = "") -> Board:
    if not can_compare(actor, need):
        raise NotFound
    return board(actor, need, show, sort)


def note_export(actor: User, need: Listing) -> None:
    """Record that somebody takes the answers away as a file."""
    audit.record(actor.id, "comparison.exported", "listing", need.id)


def set_criteria(
    actor: User, need: Listing, given: Sequence[Mapping[str, Any]], version: int | None = None
) -> Comparison:
    """These are the criteria from now on, in this order. One that is left out is put aside with its scores, and comes
    back with them under its name. `version` is the comparison's that was opened; 0 where there was none."""
    _require(actor, need)
    rows = _checked_criteria(given)
    with _racing(), transaction():
        comparison = session.scalar(select(Comparison).where(Comparison.need_id == need.id))
        if version is not None and version != (comparison.version if comparison else 0):
            if comparison is not None and _is_said_already(comparison, rows):
                return comparison
            raise Conflict(STALE)
        now = clock.now()
        if comparison is None:
            comparison = Comparison(need_id=need.id, changed_at=now, changed_by_id=actor.id)
            session.add(comparison)
        comparison.changed_at, comparison.changed_by_id = now, actor.id
        _put(comparison, rows)
        session.flush()
        audit.record(actor.id, "comparison.criteria", "listing", need.id, criteria=len(rows))
    return comparison


def _is_said_already(comparison: Comparison, rows: Sequence[Mapping[str, Any]]) -> bool:
    """The second click of a double click asks for what is there."""
    there = [(one.name, one.weight, one.direction) for one in comparison.criteria]
    return there == [(row["name"], row["weight"], row["direction"]) for row in rows]


def _put(comparison: Comparison, rows: Sequence[Mapping[str, Any]]) -> None:
    every = list(comparison.every_criterion)
    by_id, by_name = {one.id: one for one in every}, {one.name: one for one in every}
    chosen: list[Criterion] = []
    for row in rows:
        criterion = by_id.get(row.get("id") or 0)
        if criterion is None or criterion.removed_at is not None or criterion in chosen:
            criterion = by_name.get(row["name"])
        chosen.append(Criterion() if criterion is None or criterion in chosen else criterion)
    wanted = {row["name"] for row in rows}
    for criterion in every:  # names change hands one after the other, and each is there once
        if criterion not in chosen:
            criterion.removed_at = criterion.removed_at or clock.now()
        to_be = rows[chosen.index(criterion)]["name"] if criterion in chosen else None
        if criterion.name in wanted and criterion.name != to_be:
            criterion.name = f"{criterion.name} ({criterion.id})"
    session.flush()
    for position, (criterion, row) in enumerate(zip(chosen, rows, strict=True)):
        criterion.name, criterion.weight, criterion.direction = row["name"], row["weight"], row["direction"]
        criterion.position, criterion.removed_at = position, None
        if criterion not in every:
            comparison.every_criterion.append(criterion)


def begin_with(actor: User, need: Listing, code: str, language: str) -> Comparison:
    """Start from one of the templates, in the words of this language. Only where there are no criteria yet."""
    _require(actor, need)
    if code not in TEMPLATES:
        raise Invalid({"template": say("“{input}” is none of the choices: {choices}.", input=code[:40],
                                       choices=", ".join(TEMPLATES))})
    existing = session.scalar(select(Comparison).where(Comparison.need_id == need.id))
    if existing is not None and existing.criteria:
        raise Conflict(say("There are criteria already; change those."))
    rows = [
        {"name": in_language(one.name, language), "weight": one.weight,
         "direction": in_language(one.direction, language)}
        for one in TEMPLATES[code].criteria
    ]
    return set_criteria(actor, need, rows, existing.version if existing else 0)


def score(
    actor: User, introduction: Introduction, given: Mapping[int, tuple[Any, str]], version: int | None = None
) -> None:
    """What this member gives one answer: criterion -> (points or None, note). What is not given stays as it was."""
    _require(actor, introduction.need)
    comparison = session.scalar(select(Comparison).where(Comparison.need_id == introduction.need_id))
    if version is not None and version != (comparison.version if comparison else 0):
        raise Conflict(STALE)
    known = {one.id for one in comparison.criteria} if comparison else set()
    checked = _checked_points(given, known)
    with _racing(), transaction():
        mine = select(Score).where(Score.introduction_id == introduction.id, Score.user_id == actor.id)
        rows = {row.criterion_id: row for row in session.scalars(mine)}
        for criterion_id, (points, note) in checked.items():
            row = rows.get(criterion_id)
            if points is None:
                if row is not None:
                    session.delete(row)
                continue
            if row is None:
                row = Score(criterion_id=criterion_id, introduction_id=introduction.id, user_id=actor.id)
                session.add(row)
            row.points, row.note, row.at = points, note, clock.now()
        session.flush()
        audit.record(actor.id, "comparison.scored", "introduction", introduction.id, introduction.ref)


def star(actor: User, introduction: Introduction, on: bool = True) -> None:
    """Put an answer on the short list, or take it off."""
    _require(actor, introduction.need)
    with transaction():
        audit.record(actor.id, "comparison.starred" if on else "comparison.unstarred", "introduction", introduction.id,
                     introduction.ref)
        if not on:
            session.execute(delete(Star).where(Star.introduction_id == introduction.id))
        elif session.get(Star, introduction.id) is None:
            try:
                with session.begin_nested():
                    session.add(Star(introduction_id=introduction.id, user_id=actor.id, at=clock.now()))
            except IntegrityError:  # a colleague did the same at the same moment
                pass


def partings(actor: User, need: Listing) -> list[Parting]:
    """The open answers that are not on the short list, each with the way the owner would end it."""
    _require(actor, need)
    return [Parting(one, way_out(one.introduction)) for one in board(actor, need).answers if one.star is None]


def checked_declines(
    actor: User, need: Listing, given: Mapping[str, tuple[int | None, str, str]], default: str = ""
) -> list[Decline]:
    """What was chosen: introduction -> (version seen, reason code, text), a code that is missing being `default`.

    Nothing is closed yet. Raises Invalid, by field, when anything is wrong with any of them.
    """
    _require(actor, need)
    if not given:
        raise Invalid({"": say("Choose at least one answer to decline.")})
    by_ref = {one.answer.introduction.ref: one for one in partings(actor, need)}
    errors: dict[str, str] = {}
    chosen: list[Decline] = []
    for ref, (version, code, text) in given.items():
        parting, code, text = by_ref.get(ref), (code or default).strip(), tidy(text)
        introduction = parting.answer.introduction if parting else _open_of(actor, need, ref)
        if introduction is None:
            errors[f"close.{ref}"[:60]] = say("{ref} is no answer to this need that you may decline.", ref=ref[:40])
        elif code not in [one.value for one in ReasonCode]:
            errors[f"code.{ref}"] = say("Choose a reason: the supplier learns from it.")
        elif code == ReasonCode.OTHER.value and not text:
            errors[f"text.{ref}"] = say("Say what the other reason is.")
        elif len(text) > LONGEST_NOTE:
            errors[f"text.{ref}"] = say("At most {max} characters; this has {given}.", max=LONGEST_NOTE,
                                        given=len(text))
        else:
            chosen.append(Decline(introduction, version, ReasonCode(code), text))
    if errors:
        raise Invalid(errors)
    return chosen


def decline(actor: User, need: Listing, chosen: Sequence[Decline]) -> list[Outcome]:
    """Close each by its own guarded move: what somebody moved meanwhile stays, and is told; the others are closed.
    Every supplier hears, with the reason and without names."""
    _require(actor, need)
    return [_declined(actor, one) for one in chosen]


def _declined(actor: User, one: Decline) -> Outcome:
    case = one.introduction
    if case.close_reason in WAYS_OUT and case.reason_code is one.code:  # the second click, or a colleague's
        return Outcome(case)
    way = way_out(case)
    if way is None:
        return Outcome(one.introduction, not_to_end(one.introduction))
    try:
        introductions.move(
            actor, one.introduction, "close", reason=way.reason, version=one.version, reason_code=one.code.value,
            note=one.text,
        )
    except (Conflict, Forbidden, Invalid) as problem:
        return Outcome(one.introduction, problem.message or str(problem))
    return Outcome(one.introduction)


def not_to_end(introduction: Introduction) -> Any:
    """Why the owner cannot end it by themselves."""
    if introduction.close_reason is not None:
        return say("It has been closed already: {reason}.", reason=words.CLOSE_REASONS[introduction.close_reason])
    return say("At stage {stage} only the broker ends it.", stage=words.STAGES[introduction.stage].name)


def _open_of(actor: User, need: Listing, ref: str) -> Introduction | None:
    """An answer that was open when the page was made, and may not be any more."""
    try:
        found = introductions.get(actor, ref if ref.isascii() and ref.isprintable() else "")
    except NotFound:
        return None
    return found if found.need_id == need.id else None


def _require(actor: User, need: Listing) -> None:
    if not can_compare(actor, need):
        raise NotFound
    require(can_judge(actor, need), say("Only editors and admins of the need's organisation judge the answers."))


@contextmanager
def _racing() -> Iterator[None]:
    try:
        yield
    except (StaleDataError, IntegrityError):
        raise Conflict(STALE) from None


def _checked_criteria(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    errors: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(given):
        name, direction = (" ".join(tidy(str(row.get(key) or "")).split()) for key in ("name", "direction"))
        if not name:
            if direction:
                errors[f"criteria.{number}.name"] = say("Give the criterion a name.")
            continue
        if len(name) > LONGEST_NAME:
            errors[f"criteria.{number}.name"] = say("At most {max} characters; this has {given}.", max=LONGEST_NAME,
                                                    given=len(name))
        if len(direction) > LONGEST_DIRECTION:
            errors[f"criteria.{number}.direction"] = say("At most {max} characters; this has {given}.",
                                                         max=LONGEST_DIRECTION, given=len(direction))
        if any(name == other["name"] for other in rows):
            errors[f"criteria.{number}.name"] = say("“{name}” stands here twice.", name=name)
        weight = _within(row.get("weight"))
        if weight is None:
            errors[f"criteria.{number}.weight"] = say("A weight is a whole number from {low} to {high}.", low=LOWEST,
                                                      high=HIGHEST)
        rows.append({"id": row.get("id"), "name": name, "weight": weight, "direction": direction})
    if len(rows) > MOST_CRITERIA:
        errors["criteria"] = say("At most {max} criteria; this has {given}.", max=MOST_CRITERIA, given=len(rows))
    if errors:
        raise Invalid(errors)
    return rows


def _checked_points(given: Mapping[int, tuple[Any, str]], known: set[int]) -> dict[int, tuple[int | None, str]]:
    errors: dict[str, str] = {}
    checked: dict[int, tuple[int | None, str]] = {}
    for criterion_id, (points, note) in given.items():
        said = tidy(note or "")
        if criterion_id not in known:
            errors[f"points.{criterion_id}"] = say("There is no such criterion any more.")
        elif points in (None, ""):
            if said:
                errors[f"points.{criterion_id}"] = say("Give points as well as a note.")
            checked[criterion_id] = None, ""
        elif _within(points) is None:
            errors[f"points.{criterion_id}"] = say("“{input}” is not a whole number from {low} to {high}.",
                                                   input=str(points)[:20], low=LOWEST, high=HIGHEST)
        elif len(said) > LONGEST_NOTE:
            errors[f"note.{criterion_id}"] = say("At most {max} characters; this has {given}.", max=LONGEST_NOTE,
                                                 given=len(said))
        else:
            checked[criterion_id] = _within(points), said
    if errors:
        raise Invalid(errors)
    return checked


def _within(given: Any) -> int | None:
    text = "" if isinstance(given, bool) or given is None else str(given).strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0
    return number if LOWEST <= number <= HIGHEST else None
