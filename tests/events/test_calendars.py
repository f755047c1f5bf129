"""The file a calendar reads: RFC 5545."""

import re

import pytest
from planned import a_series, an_edition

from marketplace.events import service
from marketplace.events.calendars import calendar
from marketplace.events.models import State


@pytest.fixture
def edition(erin, company):
    return an_edition(erin, a_series(erin), summary_zh="第一行，很长。" * 40 + "\n第二行；带\\反斜线, 逗号; 分号",
                      summary_en=None)


def read(text):
    """Unfold, and part names from values, as a calendar does."""
    unfolded = text.replace("\r\n ", "")
    return dict(re.split(":", line, maxsplit=1) for line in unfolded.rstrip("\r\n").split("\r\n"))


def test_lines_end_and_fold_as_calendars_expect(edition):
    text = calendar(edition, "zh", "http://127.0.0.1:8000/events/x")
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75


def test_text_comes_back_as_it_was_written(edition):
    described = read(calendar(edition, "zh", "http://127.0.0.1:8000/events/x"))["DESCRIPTION;LANGUAGE=zh-Hans"]
    plain = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], described)
    assert plain == edition.summary_zh


def test_times_are_in_utc_and_the_event_keeps_its_name(edition):
    values = read(calendar(edition, "en", "https://yinqiao.example/events/x"))
    assert values["DTSTART"] == f"{edition.starts_at:%Y%m%dT%H%M%SZ}"
    assert values["UID"] == f"{edition.ref}@yinqiao.example"
    assert values["SUMMARY;LANGUAGE=en"] == "Wednesdays at the Landing · Injectable processes"
    assert values["STATUS"] == "CONFIRMED"


def test_cancelled_event_says_so_under_the_same_name_and_a_later_sequence(erin, edition):
    before = read(calendar(edition, "en", "https://yinqiao.example/events/x"))
    service.set_state(erin, edition, State.CANCELLED)
    after = read(calendar(edition, "en", "https://yinqiao.example/events/x"))
    assert after["STATUS"] == "CANCELLED"
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])


def test_visitor_downloads_it(client, edition):
    answer = client.get(edition.url + "/calendar.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert f"filename={edition.ref}.ics" in answer.headers["Content-Disposition"]
    assert f"URL:http://127.0.0.1:8000{edition.url}" in answer.text.replace("\r\n ", "")
