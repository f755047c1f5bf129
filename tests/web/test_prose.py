"""What people write at length: what it may be, and what it may never do to a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.listings.tiers import unmarked
from marketplace.web.prose import prose


@pytest.mark.parametrize(("written", "shown"), [
    ("One.\nTwo.\n\nThree.", "<p>One.<br>Two.</p><p>Three.</p>"),
    ("- copper\n- zinc", "<ul><li>copper</li><li>zinc</li></ul>"),
    ("3. third\n4. fourth", '<ol start="3"><li>third</li><li>fourth</li></ol>'),
    ("Much **better** 比领先方案*好*。", "<p>Much <strong>better</strong> 比领先方案<em>好</em>。</p>"),
    ("[Paper](https://a.example/?x=1&y=2)",
     '<p><a href="https://a.example/?x=1&amp;y=2" rel="nofollow noopener">Paper</a></p>'),
])
def test_paragraphs_lists_and_links_are_shown_as_such(written, shown):
    assert prose(written) == shown


def test_headings_come_below_those_of_the_page():
    assert prose("# Result\n\n###### Small") == "<h4>Result</h4><h6>Small</h6>"


@pytest.mark.parametrize("written", [
    "3*4*5 mm", "- 40 °C\n- 5 mm", "a_b_c", "1 * 2 * 3", "    set off by spaces", "8.9 mS/cm", "x < y & z > 2",
])
def test_figures_and_formulas_stay_what_they_are(written):
    shown = prose(written).replace("<p>", "").replace("</p>", "").replace("<br>", "\n")
    assert shown.unescape() == written.strip()


@pytest.mark.parametrize("written", [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![logo](https://a.example/i.png)",
    "[x](javascript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "[x](vbscript:x)",
    "<javascript:alert(1)>", "[x](java&#115;cript:alert(1))", "<b style='color:red'>x</b>",
    '[x](https://a.example "onclick=alert(1)")', "[x](<https://a.example/\" onmouseover=\"alert(1)>)",
])
def test_nothing_written_acts_loads_or_dresses_up(written):
    tags = prose(written).split("<")[1:]
    assert all(tag.startswith(("p>", "/p>", "/a>", 'a href="https://a.example', "br>")) for tag in tags), tags
    assert "onmouseover=\"" not in prose(written)


def test_empty_is_empty():
    assert prose(None) == prose("") == ""


@given(st.text(alphabet="ab *_`#-+1.>[]()!<&\"'\\\n/:电", max_size=60))
def test_whatever_is_written_only_known_tags_come_out(written):
    allowed = ("p>", "br>", "h4>", "h5>", "h6>", "ul>", "ol>", 'ol start="', "li>", "blockquote>", "em>", "strong>",
               "code>", 'a href="', "a>", "a rel=")
    for tag in prose(written).split("<")[1:]:
        assert tag.removeprefix("/").startswith(allowed), (written, tag)


@pytest.mark.parametrize(("written", "read"), [
    ("kazy**roh** 3*4", "kazyroh 3*4"), ("_Kazyroh_ a_b", "Kazyroh a_b"), ("`Kazy`roh\\.cn", "Kazyroh.cn"),
    ("x\n* one\n* two", "x\n* one\n* two"),
])
def test_no_name_is_hidden_behind_what_makes_it_stand_out(written, read):
    assert unmarked(written) == read
