"""What the look promises can be measured: contrast, five sizes, and how much of it there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "marketplace" / "static"
STYLE = (STATIC / "style.css").read_text()
TEXT_ON = [
    ("ink", "paper"), ("ink", "sheet"), ("ink", "shade"), ("ink", "accent-wash"), ("ink", "amber-wash"),
    ("quiet", "paper"), ("quiet", "sheet"), ("quiet", "shade"), ("accent", "paper"), ("accent", "sheet"),
    ("accent", "shade"), ("accent", "accent-wash"), ("accent-deep", "paper"), ("on-accent", "accent"),
    ("on-accent", "accent-deep"), ("amber-ink", "paper"), ("amber-ink", "amber-wash"),
    ("red", "paper"), ("red", "sheet"), ("red", "red-wash"),
]
SHAPE_ON = [("edge", "paper"), ("edge", "sheet"), ("amber", "paper"), ("accent", "paper")]


def colours(scheme):
    """The variables of one scheme; the dark one stands second, and what prints on paper third."""
    blocks = re.findall(r":root \{([^}]*--ink[^}]*)\}", STYLE)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[("light", "dark").index(scheme)]))


def brightness(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_can_be_read_on_its_ground(scheme, text, ground):
    known = colours(scheme)
    assert contrast(known[text], known[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPE_ON)
def test_shapes_and_edges_can_be_seen(scheme, shape, ground):
    known = colours(scheme)
    assert contrast(known[shape], known[ground]) >= 3


def test_both_schemes_name_the_same_colours():
    assert colours("light").keys() == colours("dark").keys()


def test_there_are_five_sizes_of_type_and_no_other():
    sizes = set(re.findall(r"font-size:\s*([^;}]+?)\s*[;}]", STYLE))
    assert sizes <= {f"var(--s{n})" for n in range(1, 6)}


def test_the_style_and_the_script_stay_small():
    assert len(STYLE.splitlines()) < 400
    assert sum(len(path.read_text().splitlines()) for path in STATIC.glob("*.js")) < 300


def test_nothing_is_fetched_from_elsewhere():
    for path in [*STATIC.glob("*.js"), STATIC / "style.css"]:
        assert "http://" not in path.read_text().replace("http://www.w3.org", "")
        assert "https://" not in path.read_text()
