"""The weights of `worth`, in numbers from 0, for a search that weighs thousands of seatings a second."""

from __future__ import annotations

from collections import Counter

from marketplace.seating.problem import BROKEN, CROWD, NO_LEAD, SERVED, STAYED, Plan, Problem
from marketplace.seating.worth import Scales

Tables = list[list[int]]
"""Guests by their numbers on the board, table by table."""


class Board:
    def __init__(self, problem: Problem) -> None:
        self.problem, self.scales = problem, Scales(problem)
        guests = list(problem.guests)
        self.keys = [guest.key for guest in guests]
        self.number = {key: number for number, key in enumerate(self.keys)}
        self.people, self.sizes, self.open = len(guests), list(problem.sizes), self.scales.open
        self.points = [[0] * self.people for _ in guests]
        """What it is worth that two sit together, by their numbers."""
        self.good = [0] * self.people
        """Who would be a good counterpart, as bits."""
        for first, one in enumerate(guests):
            for second in range(first):
                other = guests[second]
                self.points[first][second] = self.points[second][first] = self.scales.together(one, other).total
                if self.scales.is_good(one, other):
                    self.good[first] |= 1 << second
                    self.good[second] |= 1 << first
        self.leads = sum(1 << number for number, guest in enumerate(guests) if guest.leads)
        self.kinds = [
            (sum(1 << number for number, guest in enumerate(guests) if guest.kind == kind), fair)
            for kind, fair in self.scales.fair.items()
        ]
        self.even = [[self.scales.uneven(table, people) for people in range(self.people + 1)]
                     for table in range(len(self.sizes))]
        self.stays = [problem.before.get(key, -1) for key in self.keys]
        self.fixed = [problem.fixed.get(key, -1) for key in self.keys]

    def seats(self, number: int, table: int) -> int:
        """What this table is worth to this guest, whoever else sits there."""
        return STAYED * (self.stays[number] == table)

    def rest(self, table: int, members: list[int]) -> int:
        """What a table is worth beside what its people are worth to each other."""
        mask = 0
        for number in members:
            mask |= 1 << number
        points = self.even[table][len(members)]
        for number in members:
            if self.good[number] & mask:
                points += SERVED
            if self.stays[number] == table:
                points += STAYED
        if not self.leads & mask and self.sizes[table] and (mask or not self.scales.spare):
            points -= NO_LEAD
        for kind, fair in self.kinds:
            crowd = (kind & mask).bit_count() - fair
            if crowd > 0:
                points -= CROWD * crowd
        return points

    def together(self, members: list[int]) -> int:
        return sum(self.points[one][other] for place, one in enumerate(members) for other in members[:place])

    def of_table(self, table: int, members: list[int]) -> int:
        """As `Scales.of_table(…).total` for a table that has room and whose fixed guests belong there."""
        return self.together(members) + self.rest(table, members)

    def worth(self, tables: Tables) -> int:
        return sum(self.of_table(table, members) for table, members in enumerate(tables))

    def in_use(self) -> list[int]:
        """The tables to seat people at: all that are open, or as many as are needed, where most sit already."""
        known = Counter(self.stays) + Counter(self.fixed) + Counter(self.fixed)
        return sorted(sorted(self.open, key=lambda table: (-known[table], -self.sizes[table], table))
                      [:self.scales.needed])

    def conflict(self, one: int, other: int) -> bool:
        return self.points[one][other] <= BROKEN * -0.5

    def to_plan(self, tables: Tables) -> Plan:
        return tuple(tuple(sorted(self.keys[number] for number in members)) for members in tables)

    def from_plan(self, plan: Plan) -> Tables:
        return [[self.number[key] for key in keys] for keys in plan]
