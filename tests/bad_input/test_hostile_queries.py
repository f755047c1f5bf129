"""Whatever is written into a search box, there is an answer."""

from urllib.parse import quote

import pytest
from conftest import a_listing
from indexing import EngineThatIsDown, index_listings
from trying import HOSTILE, text_of

from marketplace import index

pytest_plugins = ["company_of_trouble"]
BOXES = ("/search", "/api/v1/search", "/api/v1/suggest", "/organisations", "/api/v1/organisations")


@pytest.fixture(params=["engine", "no engine"])
def marketplace(request, institute):
    a_listing(institute)
    index_listings()
    if request.param == "no engine":
        index.bind(EngineThatIsDown())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_every_search_box_answers(client, signed_in, alice, marketplace, text):
    hers = signed_in(alice)
    for box in ("/search", "/api/v1/search", "/api/v1/suggest"):
        answer = client.get(box, query_string={"q": text})
        assert answer.status_code == 200, box
        assert "<script>alert" not in text_of(answer) or answer.is_json
    for box in ("/mine", "/organisations", "/search"):
        assert hers.get(box, query_string={"q": text}).status_code == 200, box
    assert client.get("/api/v1/organisations", query_string={"q": text}).status_code in (200, 422)


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize(
    "raw",
    [
        "%00",
        "a%00b",
        "%ED%A0%80",
        "%ed%b0%80x",
        "%C3%28",
        "%FF%FE",
        "%",
        "%%%",
        "%u0041",
        "&&&=",
        "a&q=b&q=c",
        "+%2B+",
        "%0d%0aSet-Cookie:x=1",
        "%E2%80%AE%E2%80%8F",
        "%F4%90%80%80",
        "..%2f..%2fetc%2fpasswd",
    ],
)
def test_bytes_that_are_no_text_are_answered(client, box, raw):
    index_listings()
    answer = client.get(f"{box}?q={raw}")
    assert answer.status_code == 200 and "Set-Cookie:x" not in str(answer.headers)


@pytest.mark.parametrize("text", ["a" * 1_000_000, '"( ' * 110_000])
def test_a_megabyte_is_answered(client, marketplace, text):
    for box in ("/search", "/api/v1/search", "/api/v1/suggest"):
        assert client.get(f"{box}?q={quote(text)}").status_code == 200, box


def test_only_the_beginning_of_a_very_long_query_comes_back(client):
    index_listings()
    answer = client.get("/search", query_string={"q": "a" * 1_000_000})
    assert len(text_of(answer)) < 200_000 and "first" in text_of(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/listings/%00",
        "/listings/R-2026%00",
        "/listings/" + "R" * 5_000,
        "/introductions/%ED%A0%80",
        "/events/%00",
        "/organisations/%F0%9F%94%8B",
        "/listings/..%2f..%2fetc",
        "/api/v1/listings/%00",
        "/api/v1/introductions/%C3%28",
        "/api/v1/organisations/" + "x" * 5_000,
        "/confirm/%00",
        "/join/" + "x" * 5_000,
        "/listings/import/%00",
    ],
)
def test_addresses_that_can_be_nobodys_lead_nowhere(signed_in, dana, path):
    assert signed_in(dana).get(path).status_code in (403, 404, 410)


def test_headers_that_make_no_sense_are_ignored(client):
    index_listings()
    for name, value in (
        ("Accept-Language", "\u00ff;q=x,,*;;q=-1"),
        ("Accept-Language", "x" * 50_000),
        ("If-None-Match", '"'),
        ("If-Match", "W/"),
        ("Cookie", "session=forged; =;"),
        ("Range", "bytes=9-1"),
        ("Accept", "nonsense"),
    ):
        for path in ("/search?q=x", "/api/v1/search?q=x", "/"):
            assert client.get(path, headers={name: value}).status_code == 200, (name, path)
