"""Each reader gets one of two languages, and words, dates, numbers and money as that language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from marketplace import clock
from marketplace.phrases import Label, say
from marketplace.web import language

CHINESE, ENGLISH = "说出难题", "Say what you need"


@pytest.fixture
def reading(app):
    """reading("zh") -> inside a request of a reader of that language."""
    return lambda code: app.test_request_context(f"/?lang={code}")


def page(client, address="/", **headers):
    return client.get(address, headers=headers).get_data(as_text=True)


def test_a_browser_that_says_nothing_gets_chinese(app):
    assert CHINESE in page(app.test_client())


@pytest.mark.parametrize("wish", ["fr", "fr-FR,de;q=0.8", "*;q=0", "nonsense;;q=x", "", "zh-CN", "zh-TW,en;q=0.3"])
def test_a_browser_that_wishes_neither_english_nor_anything_we_have_gets_chinese(app, wish):
    assert CHINESE in page(app.test_client(), **{"Accept-Language": wish})


@pytest.mark.parametrize("wish", ["en", "en-GB", "en-US,zh;q=0.5", "fr,en;q=0.2"])
def test_a_browser_that_prefers_english_gets_english(app, wish):
    assert ENGLISH in page(app.test_client(), **{"Accept-Language": wish})


def test_the_address_outweighs_the_browser_and_is_remembered(client):
    assert CHINESE in page(client, "/?lang=zh")
    assert CHINESE in page(client)


@pytest.mark.parametrize("asked", ["xx", "", "EN", "zh-Hans", "../en", "%00", "zh%20"])
def test_an_unknown_language_in_the_address_is_passed_over(app, asked):
    answer = app.test_client().get(f"/?lang={asked}", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert ENGLISH in answer.get_data(as_text=True)


def test_the_language_of_an_account_outweighs_the_browser(signed_in, alice):
    assert ENGLISH in page(signed_in(alice, language="zh"))


def test_the_page_says_which_language_it_is_in(client):
    assert '<html lang="zh-Hans">' in page(client, "/?lang=zh")
    assert '<html lang="en">' in page(client, "/?lang=en")


def test_the_other_language_is_one_link_away_and_keeps_the_search(client):
    assert 'href="/search?q=pump&amp;kind=need&amp;lang=zh"' in page(client, "/search?q=pump&kind=need")


@pytest.mark.parametrize(("amount", "currency", "zh", "en"), [
    (Decimal(800_000), "CNY", "80 万元", "CNY 800,000"),
    (Decimal("1234567.89"), "CNY", "123.4568 万元", "CNY 1,234,567.89"),
    (Decimal(10_000), None, "1 万元", "CNY 10,000"),
    (Decimal(9_999), "CNY", "9,999 元", "CNY 9,999"),
    (Decimal("0.50"), "CNY", "0.5 元", "CNY 0.50"),
    (Decimal(0), "CNY", "0 元", "CNY 0"),
    (Decimal(250_000_000), "CNY", "2.5 亿元", "CNY 250,000,000"),
    (Decimal(1_200), "USD", "1,200 美元", "USD 1,200"),
    (Decimal(5_000), "JPY", "5,000 日元", "JPY 5,000"),
])
def test_money_is_written_as_each_reader_expects_it(reading, amount, currency, zh, en):
    with reading("zh"):
        assert language.money(amount, currency).replace("\xa0", " ") == zh
    with reading("en"):
        assert language.money(amount, currency).replace("\xa0", " ") == en


def test_no_money_is_no_text(reading):
    with reading("zh"):
        assert language.money(None) == ""


def test_days_are_written_as_each_reader_expects_them(reading):
    with reading("zh"):
        assert language.day(date(2026, 1, 5)) == "2026年1月5日"
    with reading("en"):
        assert language.day(date(2026, 1, 5)) == "5 Jan 2026"


def test_a_moment_belongs_to_the_day_it_is_at_the_marketplace(reading):
    with reading("zh"):
        assert language.day(datetime(2026, 1, 4, 16, 30, tzinfo=UTC)) == "2026年1月5日"
        assert language.exact(datetime(2026, 1, 4, 16, 30, tzinfo=UTC)) == "2026年1月5日 00:30"
    with reading("en"):
        assert language.exact(datetime(2026, 1, 4, 16, 30, tzinfo=UTC)) == "5 Jan 2026, 00:30"


@pytest.mark.parametrize(("ago", "zh", "en"), [
    (timedelta(seconds=20), "刚刚", "just now"),
    (timedelta(minutes=5), "5分钟前", "5 minutes ago"),
    (timedelta(hours=23), "23小时前", "23 hours ago"),
    (timedelta(days=6, hours=20), "6天前", "6 days ago"),
    (-timedelta(days=2, minutes=1), "2天后", "in 2 days"),
])
def test_a_moment_is_relative_within_a_week(reading, monkeypatch, ago, zh, en):
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    with reading("zh"):
        assert language.moment(now - ago) == zh
    with reading("en"):
        assert language.moment(now - ago) == en


def test_a_moment_is_a_day_after_a_week(reading, monkeypatch):
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    with reading("en"):
        assert language.moment(now - timedelta(days=7)) == "16 Nov 2026"


def test_numbers_keep_their_digits_together_and_shares_are_in_percent(reading):
    with reading("zh"):
        assert language.number(449565) == "449,565"
        assert language.number(3.14159, 1) == "3.1"
        assert language.percent(0.647) == "64.7%"
        assert language.number(None) == language.percent(None) == ""


def test_a_sentence_and_the_words_in_it_reach_the_reader_in_one_language(reading):
    sentence = say("At most {max} characters; this has more.", max=60)
    with reading("zh"):
        assert language.words(sentence) == "最多 60 个字，当前已超出。"
        assert language.words(say("Choose one of: {choices}.", choices=Label("成果", "Results"))).endswith("成果。")
    with reading("en"):
        assert language.words(sentence) == "At most 60 characters; this has more."


def test_chinese_has_one_form_for_any_number(app, reading):
    with reading("zh"):
        template = '{{ ngettext("%(num)s unread notice", "%(num)s unread notices", 3) }}'
        shown = app.jinja_env.from_string(template).render()
    assert shown == "3 条未读通知"


@pytest.mark.parametrize(("size", "zh", "en"), [
    (389, "389 字节", "389 bytes"), (2_400, "2.4 kB", "2.4 kB"), (11_900_000, "11.9 MB", "11.9 MB"),
])
def test_the_size_of_a_file_is_written_in_the_reader_s_language(reading, size, zh, en):
    with reading("zh"):
        assert language.filesize(size) == zh
    with reading("en"):
        assert language.filesize(size) == en
