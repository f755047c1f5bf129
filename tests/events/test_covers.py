"""The picture of an event, drawn from its data."""

from xml.etree import ElementTree

import pytest
from planned import a_series, an_edition

from marketplace.events import attending, covers
from marketplace.events.models import State

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(("capacity", "taken", "count"), [
    (1, 0, 1), (8, 8, 1), (40, 13, 5), (41, 41, 6), (200, 150, 25),
])
def test_every_seat_is_drawn_once_and_as_many_are_taken_as_people_registered(capacity, taken, count):
    drawn = covers.tables(capacity, taken)
    seats = [seat for table in drawn for seat in table.seats]
    assert (len(drawn), len(seats)) == (count, capacity)
    assert sum(seat.taken for seat in seats) == pytest.approx(taken, abs=8)


def test_large_hall_shows_as_many_tables_as_can_be_told_apart():
    drawn = covers.tables(10_000, 5_000)
    assert len(drawn) == covers.MOST_TABLES
    assert sum(seat.taken for table in drawn for seat in table.seats) == covers.MOST_TABLES * covers.SEATS / 2


@pytest.mark.parametrize("capacity", [1, 9, 40, 200, 10_000])
def test_tables_stay_within_the_picture(capacity):
    for table in covers.tables(capacity, capacity):
        for seat in table.seats:
            assert 640 < seat.x - table.seat_radius < seat.x + table.seat_radius < covers.WIDTH
            assert 0 < seat.y - table.seat_radius < seat.y + table.seat_radius < covers.HEIGHT


def test_chinese_breaks_anywhere_but_before_a_comma_and_english_between_words():
    assert covers.wrapped("科企见面，注射剂工艺", 4, 9) == ["科企见面，", "注射剂工", "艺"]
    assert covers.wrapped("Injectable processes meet makers", 12, 9) == ["Injectable processes", "meet makers"]
    assert covers.wrapped("一二三四五六七八九十", 3, 2) == ["一二三", "四五…"]


def test_visitor_sees_the_cover_in_both_languages(client, erin, charlie, company):
    edition = an_edition(erin, a_series(erin), title_en="Pumps & <valves>")
    attending.register(charlie, edition)
    answer = client.get(edition.url + "/cover.svg?lang=en")
    assert answer.content_type == "image/svg+xml; charset=utf-8"
    picture = ElementTree.fromstring(answer.text)
    words = " ".join(picture.itertext())
    assert "Pumps & <valves>" in words
    assert "Landing Hall" in words
    assert len([one for one in picture.iter(f"{SVG}circle") if one.get("fill") not in ("#fbfaf7", None)
                and not one.get("fill-opacity")]) == 1
    assert "科企见面" in client.get(edition.url + "/cover.svg?lang=zh").text
    assert "style=" not in answer.text


def test_cover_of_a_draft_is_for_operators(client, signed_in, erin, company):
    address = an_edition(erin, a_series(erin), state=State.DRAFT).url + "/cover.svg"
    assert client.get(address).status_code == 404
    assert signed_in(erin).get(address).status_code == 200
