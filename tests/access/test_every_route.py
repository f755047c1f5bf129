"""Every route has a row in the table; every page lets in whom its row says, and tells nobody what is not for them."""

from __future__ import annotations

import pytest
from access.asking import amiss, rules_of
from access.planted import plant
from access.table import expected
from access.world import build


@pytest.mark.once
def test_every_route_and_method_has_a_row_and_every_row_its_route(app):
    there, rows = {route.name for route in rules_of(app)}, set(expected())
    assert not there - rows, f"say in tests/access/table.py for whom these are: {sorted(there - rows)}"
    assert not rows - there, f"these are no more; take them from tests/access/table.py: {sorted(rows - there)}"


def test_pages_are_open_to_whom_the_table_says_and_tell_nobody_else_anything(app):
    world = build()
    plant(world)
    assert amiss(app, world, expected(), api=False) == []
