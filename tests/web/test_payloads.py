"""Fields read what people write, and say what is wrong in words that name the value."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from marshmallow import fields

from marketplace.errors import Invalid
from marketplace.web.payloads import Day, Money, Shape, Tags, load


class Sample(Shape):
    day = Day()
    money = Money()
    tags = Tags(longest=3, characters=5)
    text = fields.String()


def read(**given):
    return load(Sample(), given)


def complaint(**given):
    with pytest.raises(Invalid) as caught:
        read(**given)
    return caught.value.fields


@pytest.mark.parametrize("written", [
    "2026-11-23", "2026/11/23", "2026.11.23", "2026年11月23日", "2026 年 11 月 23 日", "23 Nov 2026",
    "２０２６-１１-２３", "23 November 2026", "Nov 23, 2026", " 2026-11-23 ", "2026-11-23T09:30", date(2026, 11, 23),
    datetime(2026, 11, 23, 9),
])
def test_a_day_is_read_however_it_is_written(written):
    assert read(day=written)["day"] == date(2026, 11, 23)


@pytest.mark.parametrize("written", ["2026-13-01", "2026-02-30", "tomorrow", "23/11/2026", "2026", "0", "2026-11"])
def test_what_is_no_day_is_named_in_the_complaint(written):
    assert complaint(day=written)["day"].startswith(f"“{written}” is not a date.")


@pytest.mark.parametrize(("written", "amount"), [
    ("800000", "800000"), ("800,000", "800000"), ("80万元", "800000"), ("80 万", "800000"), ("￥80万", "800000"),
    ("1.2亿", "120000000"), ("3千", "3000"), ("2百万", "2000000"), ("1,200.50", "1200.50"), ("1.200,50", "1200.50"),
    ("1 200", "1200"), ("12,5", "12.5"), ("8k", "8000"), ("1.5m", "1500000"), ("２００", "200"), (800000, "800000"),
    (1200.5, "1200.5"), ("0", "0"), ("$1,200", "1200"), ("80 RMB", "80"),
])
def test_money_is_read_however_it_is_written(written, amount):
    assert read(money=written)["money"] == Decimal(amount)


@pytest.mark.parametrize("written", ["much", "80万-100万", "1,2,3", "--5", "万", "1e5", "¥", ".", "NaN", "Infinity"])
def test_what_is_no_amount_is_refused(written):
    assert "is not an amount" in complaint(money=written)["money"]


@pytest.mark.parametrize("written", ["-5", "1000000000000000", "9999999亿"])
def test_an_amount_out_of_all_reason_is_refused(written):
    assert complaint(money=written)["money"]


def test_tags_are_parted_by_whatever_people_part_them_with():
    assert read(tags="a、b，c")["tags"] == ["a", "b", "c"]
    assert read(tags="a; b\na")["tags"] == ["a", "b"]
    assert read(tags=["a", " a ", ""])["tags"] == ["a"]


def test_too_many_tags_too_long_ones_and_what_is_no_list_are_refused():
    assert "At most 3" in complaint(tags="a,b,c,d")["tags"]
    assert "“abcdef”" in complaint(tags="abcdef")["tags"]
    assert complaint(tags=[1])["tags"] == complaint(tags={"a": 1})["tags"] == "Send a list of texts."


def test_text_is_trimmed_and_freed_of_control_characters():
    assert read(text="  one\r\ntwo\x00\x1b ")["text"] == "one\ntwo"


def test_an_unknown_field_is_named():
    assert complaint(colour="red") == {"colour": "There is no such field."}
