"""What differs between two versions, as people read it."""

from datetime import date
from decimal import Decimal

from marketplace.listings import versions
from marketplace.listings.models import Kind


def said(before, after):
    marks = {"same": "{}", "ins": "+{}+", "del": "-{}-"}
    return "".join(marks[p.what].format(p.text) for p in versions.compared(before, after))


def test_words_that_came_and_went_are_marked():
    assert said("burns at 80 °C", "burns at 95 °C slowly") == "burns at -80-+95+ °C+ slowly+"


def test_chinese_is_compared_character_by_character():
    assert said("循环四千次", "循环四千五百次") == "循环四千+五百+次"


def test_very_long_texts_are_compared_by_sentences():
    long = "A sentence of some length. " * 2_000
    assert said(long, long + "The end.").endswith("+The end.+")


def test_equal_texts_have_no_marks():
    assert said("same", "same") == "same"


def test_content_survives_packing():
    content = versions.settled(
        Kind.RESULT, {"title": "x", "price_amount": Decimal("80.50"), "valid_until": date(2027, 1, 2)}
    )
    assert versions.unpack(Kind.RESULT, versions.pack(content)) == content


def test_field_that_is_gone_does_not_break_an_old_version():
    assert versions.unpack(Kind.NEED, {"title": "x", "colour": "red", "trl": 5})["title"] == "x"


def test_absent_and_empty_are_the_same():
    assert versions.changed_fields(Kind.RESULT, {"ipc": None, "anonymous": None}, {"ipc": [], "anonymous": False}) == []


def test_differences_come_in_the_order_of_the_form():
    changes = versions.differences(Kind.RESULT, {}, {"trl": 5, "title": "x", "advantage": "y"})
    assert [change.field.name for change in changes] == ["title", "advantage", "trl"]


def test_amount_without_currency_is_in_yuan():
    assert versions.settled(Kind.RESULT, {"price_amount": Decimal(5)})["price_currency"] == "CNY"
