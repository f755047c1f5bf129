"""What people write, read into values, or refused with a remedy."""

from datetime import date
from decimal import Decimal

import pytest

from marketplace.listings.completeness import completeness, missing
from marketplace.listings.content import validate_content
from marketplace.listings.models import Kind


def read(kind, **raw):
    content, errors = validate_content(kind, raw)
    assert errors == {}
    return content


def refused(kind, **raw):
    return {name: str(message) for name, message in validate_content(kind, raw)[1].items()}


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("trl", "TRL 6", 6),
        ("trl", 6.0, 6),
        ("trl", "7级", 7),
        ("trl", "", None),
        ("price_amount", "80万元", Decimal("800000.00")),
        ("price_amount", "1,200.50", Decimal("1200.50")),
        ("valid_until", "2027年1月2日", date(2027, 1, 2)),
        ("valid_until", "2 Jan 2027", date(2027, 1, 2)),
        ("region", "深圳", "440300"),
        ("region", "Singapore", "SG"),
        ("industry", "38", "C38"),
        ("industry", "医药制造业", "C27"),
        ("ipc", "h01m10/0567; C07F 9/6574", ["H01M 10/0567", "C07F 9/6574"]),
        ("field", "新材料", "new_materials"),
        ("field", "New materials", "new_materials"),
        ("modes", ["licence", "development"], ["development", "licence"]),
        ("modes", "技术许可、技术开发", ["development", "licence"]),
        ("keywords", "电池、 安全；电池", ["电池", "安全"]),
        ("anonymous", "是", True),
        ("anonymous", "", False),
        ("title", "  a \n b\u202e ", "a b"),
        ("confidential_tier", "3", 3),
    ],
)
def test_both_languages_and_habits_are_understood(name, written, value):
    assert read(Kind.RESULT, **{name: written}) == {name: value}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("trl", "10"),
        ("trl", True),
        ("trl", "high"),
        ("price_amount", "a lot"),
        ("price_amount", "-5"),
        ("valid_until", "31 Feb 2027"),
        ("region", "火星"),
        ("industry", "Z99"),
        ("ipc", "battery"),
        ("field", "magic"),
        ("modes", ["gift"]),
        ("modes", {"a": 1}),
        ("keywords", ["x" * 61]),
        ("keywords", [str(n) for n in range(99)]),
        ("summary", "字" * 501),
        ("anonymous", "perhaps"),
        ("title", ["a"]),
        ("ip", "x" and [{"type": "spell"}]),
        ("ip", [{"number": "1", "colour": "red"}]),
        ("ip", {"a": 1}),
        ("ip", [{"number": "1", "co_owners": [{"name": "a", "share": 120}]}]),
        ("ip", [{"number": "1", "co_owners": "a 60%, b 70%"}]),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(name, written):
    assert list(refused(Kind.RESULT, **{name: written})) == [name]


def test_refusal_names_the_value_and_the_choices():
    assert refused(Kind.NEED, budget_band="a fortune")["budget_band"].startswith(
        "“a fortune” is none of the choices: Not disclosed"
    )


def test_field_of_the_other_kind_is_refused():
    assert refused(Kind.NEED, advantage="x") == {"advantage": "Only a result has this field."}


@pytest.mark.parametrize("hostile", ["\x00\x07", "\ud800", "'; DROP TABLE listings; --", "😀" * 50, "\u202eevil"])
def test_hostile_text_is_only_text(hostile):
    title = read(Kind.NEED, title=f"A{hostile}B")["title"]
    title.encode()
    assert "\x00" not in title and "\u202e" not in title


def test_levels_the_wrong_way_round_are_refused():
    assert "trl_max" in refused(Kind.NEED, trl_min=7, trl_max=5)


def test_partial_content_stays_partial():
    assert read(Kind.NEED, title="x") == {"title": "x"}


def test_submission_needs_what_the_design_says():
    _, errors = validate_content(Kind.NEED, {}, for_submission=True)
    assert set(errors) == {
        "title",
        "subtype",
        "summary",
        "keywords",
        "field",
        "region",
        "situation",
        "outcome",
        "targets",
        "modes",
        "budget_band",
    }


def test_completeness_grows_and_says_what_is_missed():
    empty = completeness(Kind.RESULT, {})
    better = completeness(Kind.RESULT, {"title": "A title long enough to say what it is for", "advantage": "Better."})
    assert 0 <= empty.score < better.score < 100
    assert any(gap.field.name == "advantage" and "figure" in str(gap.advice) for gap in better.gaps)
    assert empty.gaps[0].required


def test_blank_territory_is_an_answer():
    assert all(gap.field.name != "territory" for gap in completeness(Kind.RESULT, {}).gaps)


def test_negotiable_price_needs_no_amount():
    assert "price_amount" not in missing(Kind.RESULT, {"price_kind": "negotiable"})
    assert "price_amount" in missing(Kind.RESULT, {"price_kind": "indicative"})
