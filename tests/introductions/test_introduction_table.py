"""Every move, from every stage and status, by every role: the service against the table it says it obeys."""

from io import BytesIO

import pytest
from case_entries import ANSWERS, entries

from marketplace import clock, refs
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, MarketplaceError, NotFound
from marketplace.files import service as files
from marketplace.introductions import service
from marketplace.introductions import vocabulary as words
from marketplace.introductions.models import (
    CloseReason,
    Confirmation,
    Confirmed,
    Consent,
    Contract,
    Interest,
    Introduction,
    Origin,
    Outcome,
    Side,
    SignedCopy,
    Stage,
    Status,
)
from marketplace.introductions.moves import BEGINNINGS, TABLE, Who, inputs_of, rows
from marketplace.listings.models import State

pytest_plugins = ["introductions.case_cast"]
ROLES = {
    "charlie": Who.SIDE, "alice": Who.SIDE, "dana": Who.BROKER, "erin": Who.OPERATOR,
    "frank": None, "victor": None, "mallory": None,
}
"""Who is what in a case that dana runs: frank is a broker of other cases, victor a viewer, mallory a stranger."""
MOVES = sorted({(row.name, row.reason) for row in TABLE if row not in BEGINNINGS}, key=str)
STANDINGS = [(stage, status) for stage in Stage for status in Status]


@pytest.fixture
def standing(need, result, dana):
    """standing(stage, status) -> an introduction put straight there, with no records but a broker."""

    def put(stage, status):
        with transaction():
            case = Introduction(
                ref=refs.take("I")[0], need=need, result=result, stage=stage, status=status, origin=Origin.SEARCH,
                broker_id=dana.id, created_at=clock.now(), entered_stage_at=clock.now(),
                close_reason=CloseReason.TERMINATED if status is Status.CLOSED else None,
                wakes_at=clock.now() if status is Status.ON_HOLD else None,
            )
            session.add(case)
        return case

    return put


def expected(case, who, side, name, reason):
    """What the table says, read anew: the error, or None when the move is this person's to make."""
    named = [row for row in rows(name, reason) if who in row.who]
    if not named:
        return Forbidden
    here = [row for row in named if any(start is case.stage for start, _ in row.arrows) and case.status in row.statuses]
    if not any(all(condition.holds(case, side) for condition in row.conditions) for row in here):
        return Conflict
    return None


def tried(person, case, name, reason, **given):
    try:
        service.move(person, case, name, reason=reason, **given)
    except MarketplaceError as error:
        return type(error)
    return None


@pytest.mark.parametrize(("stage", "status"), STANDINGS)
@pytest.mark.parametrize("person", ROLES)
def test_service_obeys_the_table(request, standing, stage, status, person):
    actor, who = request.getfixturevalue(person), ROLES[person]
    side = {"charlie": Side.NEED, "alice": Side.RESULT}.get(person)
    case = standing(stage, status)
    offered = set()
    if person != "mallory":
        offered = {(m.move.name, m.move.reason) for m in service.available_moves(actor, case)}
    for name, reason in MOVES:
        answer = NotFound if person == "mallory" else expected(case, who, side, name, reason)
        assert ((name, reason) in offered) is (answer is None), (name, reason)
        if answer is not None:
            assert tried(actor, case, name, reason, **entries(name)) is answer, (name, reason)


ARROWS = sorted(
    {(row.name, row.reason, start, end, status) for row in TABLE for start, end in row.arrows for status in row.statuses
     if start is not None and row.who != {Who.SYSTEM}}, key=str,
)


@pytest.mark.parametrize(("name", "reason", "start", "end", "status"), ARROWS)
def test_every_arrow_can_be_gone(request, standing, name, reason, start, end, status, charlie, alice, dana, erin):
    """With the records a move asks for in place, whoever the table names arrives where it says."""
    case = standing(start, status)
    fulfil(case, name, charlie, alice)
    row = next(r for r in rows(name, reason) if (start, end) in r.arrows and r.who != {Who.SYSTEM})
    person = "dana" if Who.BROKER in row.who else "erin" if Who.OPERATOR in row.who else "charlie"
    if reason is CloseReason.DECLINED_BY_COUNTERPART and person == "charlie":
        person = "alice"
    given = entries(name)
    asked = {entry.name for entry in row.inputs}
    if "reason_code" in asked:
        given = {"reason_code": "budget"}
    if "to_stage" in asked:
        given = {"to_stage": int(end), "note": "They met elsewhere."}
    if name in ("assign", "hand_over"):
        given = {"broker": request.getfixturevalue("frank").email, "note": "Frank knows the field."}
    service.move(request.getfixturevalue(person), case, name, reason=reason, **given)
    assert (case.stage, case.status) == (end, row.status_after(status))
    last = service.history(alice, case)[-1]
    assert (last.move, last.from_stage, last.to_stage, last.status) == (name, start, end, row.status_after(status))


def fulfil(case, name, charlie, alice):
    """The records that must be there before the move."""
    now, today = clock.now(), clock.today()
    with transaction():
        if name in ("take", "propose"):
            case.broker_id = None
        sides = ((Side.NEED, charlie, case.need), (Side.RESULT, alice, case.result))
        if name == "accept_nda":
            file = files.store(charlie, "signed nda", case.id, "signed.pdf", BytesIO(b"%PDF-1.7 signed"))
            case.signed_copies.append(SignedCopy(side=Side.NEED, user_id=charlie.id, terms="2026-2", file_id=file.id,
                                                 organisation_id=case.need.organisation_id, at=now))
        if name in ("introduce", "withdraw_consent"):
            for side, user, listing in sides:
                of = listing.organisation_id
                case.consents.append(Consent(side=side, user_id=user.id, organisation_id=of, at=now))
        if name in ("confirm_contract", "skip", "register", "waive"):
            case.contracts.append(Contract(
                contract_type="licence", signed_on=today, parties="Both", user_id=charlie.id, at=now,
                evidence=None if name == "confirm_contract" else "No. 7",
            ))
        if name in ("confirm_outcome", "implement"):
            case.outcomes.append(Outcome(reached_on=today, text="In use.", user_id=charlie.id, at=now))
        if name == "implement":
            for side, user, _ in sides:
                case.confirmations.append(Confirmation(what=Confirmed.OUTCOME, side=side, user_id=user.id, at=now))
        if name == "close":
            case.need.state = State.WITHDRAWN
            case.interests.append(Interest(side=Side.NEED, user_id=charlie.id, at=now, **ANSWERS,
                                           organisation_id=case.need.organisation_id))


ASKING = [
    row for row in TABLE
    if row not in BEGINNINGS and Who.SYSTEM not in row.who and any(entry.required for entry in row.inputs)
]


@pytest.mark.parametrize("row", ASKING, ids=lambda row: f"{row.key}-{'-'.join(sorted(row.who))}")
def test_required_entries_are_really_required(standing, row, charlie, alice, dana, erin, frank):
    required = {entry.name for entry in row.inputs if entry.required}
    start, _ = sorted(row.arrows)[0]
    case = standing(start, sorted(row.statuses)[0])
    fulfil(case, row.name, charlie, alice)
    person = dana if Who.BROKER in row.who else erin if Who.OPERATOR in row.who else charlie
    with pytest.raises((Invalid, Conflict)) as refused:
        service.move(person, case, row.name, reason=row.reason)
    if isinstance(refused.value, Invalid):
        assert set(refused.value.fields) >= required


def test_only_the_system_and_brokers_go_without_a_reason():
    for row in TABLE:
        if row.name == "close":
            coded = "reason_code" in {entry.name for entry in row.inputs}
            assert coded is (row.reason not in words.NO_CODE_NEEDED)


def test_every_close_reason_has_a_way():
    assert {row.reason for row in TABLE if row.name == "close"} == set(CloseReason)


def test_every_stage_can_be_reached_and_left():
    assert {end for row in TABLE for _, end in row.arrows} == set(Stage)
    assert {start for row in TABLE for start, _ in row.arrows} == {None, *Stage}


def test_forward_is_one_step_and_only_brokers_skip():
    for row in TABLE:
        for start, end in row.arrows:
            if start is not None and end - start > 1:
                assert row.name == "skip"
                assert row.who == {Who.BROKER}
                assert "note" in {entry.name for entry in row.inputs if entry.required}
            if start is not None and end < start:
                assert (row.name, start - end) == ("back", 1)


def test_brokers_may_date_any_move_and_sides_none():
    for row in TABLE:
        assert "effective_at" in {entry.name for entry in inputs_of(row, {Who.BROKER})}
        assert "effective_at" not in {entry.name for entry in inputs_of(row, {Who.SIDE})}
