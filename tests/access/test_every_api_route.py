"""The API lets in whom the table says, and tells nobody what is not for them."""

from __future__ import annotations

from access.asking import amiss
from access.planted import plant
from access.table import expected
from access.world import build


def test_the_api_is_open_to_whom_the_table_says_and_tells_nobody_else_anything(app):
    world = build()
    plant(world)
    assert amiss(app, world, expected(), api=True) == []
