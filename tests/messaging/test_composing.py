"""A mail says the same as text and as a page, whoever reads it."""

import re
from html.parser import HTMLParser

import pytest

from marketplace.messaging.composing import Act, Entry, Foot, Heading, More, written
from marketplace.phrases import Label, say

HOME = "https://yinqiao.example/"
BLOCKS = [
    say("Hello {name},", name="Ann <b>"), Heading(Label("电解液", "Electrolyte"), f"{HOME}introductions/1"),
    Entry(Label("一", "One"), ["fact & figure", None, Label("深圳", "Shenzhen")], f"{HOME}listings/1"),
    More(say("and {n} more:", n=3), f"{HOME}notices"), Act(say("Open the case"), f"{HOME}introductions/1?a=1&b=2"),
    Foot([(say("Which notices you get by mail, and how often"), f"{HOME}account/notices"), ("Alone", None)]),
]


class Page(HTMLParser):
    """Its texts, its links, and whether every element is closed."""

    VOID = {"meta", "br", "img"}

    def __init__(self, html):
        super().__init__()
        self.texts, self.links, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_text_and_page_say_the_same_and_lead_to_the_same_places(language):
    text, html = written(say("{n} new", n=1), BLOCKS, language, HOME)
    page = Page(html)
    assert page.open == []
    assert set(page.links) == set(re.findall(r"https://\S+", text))
    shown = " ".join(" ".join(page.texts).split())
    for line in text.splitlines():
        line = line.lstrip("* ").rstrip(":：")
        if line and not line.startswith(("https://", "--", "- -")):
            assert line in shown, line
    assert ("深圳" in shown) == (language == "zh")


def test_what_people_write_is_no_markup():
    _, html = written(say("{t}", t="</title><script>"), BLOCKS, "en", HOME)
    assert "Ann &lt;b&gt;" in html and "<script" not in html and "fact &amp; figure" in html
    assert 'href="https://yinqiao.example/introductions/1?a=1&amp;b=2"' in html


def test_nothing_is_loaded_from_anywhere_and_the_dark_is_thought_of():
    _, html = written(say("New"), BLOCKS, "en", HOME)
    assert not re.search(r"<(?:img|link|script|iframe)|url\(|@import", html)
    assert "prefers-color-scheme: dark" in html and 'name="color-scheme" content="light dark"' in html


def test_a_title_that_is_the_sentence_is_said_once():
    phrase = say("The hall is open")
    assert written(phrase, [phrase], "en", HOME)[1].count("<h1") == 0
    assert written(say("Other"), [phrase], "en", HOME)[1].count("<h1") == 1
    assert written(phrase, ["Come.", Act(phrase, HOME)], "en", HOME)[1].count("<h1") == 1, "a button is no sentence"


def test_the_readers_language_is_declared():
    assert '<html lang="zh-Hans">' in written(say("x"), [], "zh", HOME)[1]
    assert '<html lang="en">' in written(say("x"), [], "en", HOME)[1]
