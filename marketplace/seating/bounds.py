"""What no seating of these people can be worth more than."""

from __future__ import annotations

from marketplace.seating.board import Board
from marketplace.seating.problem import SERVED, STAYED


def upper_bound(board: Board, seconds: float) -> int:
    """Honest: every seating, found or not, is worth at most this."""
    return _by_guest(board)


def _by_guest(board: Board) -> int:
    """Each guest with the best company a table has room for, whether or not the same people are promised to others."""
    most = max(board.sizes, default=0) - 1
    twice = 0
    total = 0
    for number, row in enumerate(board.points):
        twice += sum(sorted((points for points in row if points > 0), reverse=True)[:max(0, most)])
        total += SERVED * bool(board.good[number]) + STAYED * (board.stays[number] in board.open)
    return total + twice // 2
