"""Everybody seated at once: whoever adds most to a table goes there next. Where the search begins, and its measure."""

from __future__ import annotations

from marketplace.seating.board import Board, Tables
from marketplace.seating.problem import Plan, Problem
from marketplace.seating.rules import refuse_impossible


def greedy(problem: Problem) -> Plan:
    """Hosts first, then always the guest and the table that go together best."""
    refuse_impossible(problem)
    board = Board(problem)
    return board.to_plan(seated(board))


def seated(board: Board) -> Tables:
    """What `greedy` does, on the board."""
    return _filled(board, [[] for _ in board.sizes])


def completed(board: Board, plan: Plan) -> Tables:
    """A seating of perhaps other people: who is gone is left out, who is new gets the seat where they add most."""
    tables: Tables = [[] for _ in board.sizes]
    seen: set[int] = set()
    for table, keys in enumerate(plan[:len(tables)]):
        for key in keys:
            number = board.number.get(key, -1)
            if number in seen or number < 0 or board.fixed[number] >= 0 or len(tables[table]) >= board.sizes[table]:
                continue
            seen.add(number)
            tables[table].append(number)
    for table in board.open:
        fixed = board.fixed.count(table)
        del tables[table][board.sizes[table] - fixed:]
    return _filled(board, tables)


def _filled(board: Board, tables: Tables) -> Tables:
    """Everybody without a seat gets one."""
    waiting = set(range(board.people)).difference(*tables)
    for number, table in enumerate(board.fixed):
        if table >= 0:
            tables[table].append(number)
            waiting.discard(number)
    _place(board, tables, waiting, {number for number in waiting if board.leads >> number & 1}, 1)
    _place(board, tables, waiting, set(waiting), max(board.sizes, default=0))
    for number in range(board.people):
        if board.fixed[number] < 0:
            _part(board, tables, number)
    return tables


def _part(board: Board, tables: Tables, number: int) -> None:
    """Whoever ended up beside somebody they must not sit with changes places with whom it costs least."""
    here = next(table for table, members in enumerate(tables) if number in members)
    if not any(board.conflict(number, other) for other in tables[here]):
        return
    left = [other for other in tables[here] if other != number]
    now, best = board.of_table(here, tables[here]), (0, here, left, tables[here])
    for there in board.open:
        if there == here:
            continue
        before = now + board.of_table(there, tables[there])
        for other in [None, *tables[there]]:
            if other is None and len(tables[there]) >= board.sizes[there]:
                continue
            if other is not None and board.fixed[other] >= 0:
                continue
            joined = [number, *(one for one in tables[there] if one != other)]
            behind = left if other is None else [*left, other]
            gain = board.of_table(here, behind) + board.of_table(there, joined) - before
            if gain > best[0]:
                best = (gain, there, behind, joined)
    gain, there, behind, joined = best
    if gain > 0:
        tables[here], tables[there] = behind, joined


def _place(board: Board, tables: Tables, waiting: set[int], chosen: set[int], most: int) -> None:
    """Seat the chosen ones at tables that have fewer than `most` people, as long as there are such tables."""
    gains = {table: _gains(board, table, tables[table], chosen) for table in _usable(board, tables)
             if len(tables[table]) < min(most, board.sizes[table])}
    while chosen and gains:
        best = {table: max(column, key=column.__getitem__) for table, column in gains.items()}
        table = max(best, key=lambda table: gains[table][best[table]])
        number = best[table]
        tables[table].append(number)
        chosen.discard(number)
        waiting.discard(number)
        for column in gains.values():
            del column[number]
        if len(tables[table]) < min(most, board.sizes[table]):
            gains[table] = _gains(board, table, tables[table], chosen)
        else:
            del gains[table]


def _usable(board: Board, tables: Tables) -> list[int]:
    """No table is begun that nobody needs, unless somebody put there takes a seat that would be missing."""
    chosen = {*board.in_use(), *(table for table in board.open if tables[table])}
    if sum(board.sizes[table] for table in chosen) < board.people:
        return board.open
    return sorted(chosen)


def _gains(board: Board, table: int, members: list[int], waiting: set[int]) -> dict[int, int]:
    """What the table would gain by each of those who wait."""
    now = board.rest(table, members)
    return {
        number: sum(map(board.points[number].__getitem__, members)) + board.rest(table, [*members, number]) - now
        for number in waiting
    }
