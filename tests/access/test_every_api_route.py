"""The API lets in whom the table says, and nobody else."""

from __future__ import annotations

from access.asking import differences
from access.table import expected
from access.world import build


def test_the_api_is_open_to_whom_the_table_says(app):
    assert differences(app, build(), expected(), api=True) == []
