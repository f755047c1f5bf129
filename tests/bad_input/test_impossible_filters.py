"""Filters and pages that cannot be: the page leaves them out and says so, the API names them with a remedy."""

import pytest
from conftest import a_listing
from indexing import index_listings
from trying import problem_of, text_of

pytest_plugins = ["company_of_trouble"]
IMPOSSIBLE = {
    "page=0": ("page", "1"),
    "page=-1": ("page", "1"),
    "page=99999999999": ("page", "1"),
    "page=x": ("page", ""),
    "page=1e3": ("page", ""),
    "page=" + "9" * 5_000: ("page", ""),
    "size=0": ("size", "1"),
    "size=10000": ("size", "100"),
    "trl_min=99": ("trl_min", "9"),
    "trl_max=0": ("trl_max", "1"),
    "trl_min=7&trl_max=3": ("trl_max", "7"),
    "field=alchemy": ("field", "alchemy"),
    "sort=foo": ("sort", "foo"),
    "kind=thing": ("kind", "thing"),
    "mode=%00x": ("mode", ""),
    "region=Atlantis": ("region", "Atlantis"),
    "days=-5": ("days", ""),
    "price_min=-1": ("price_min", "-1"),
    "price_min=lots": ("price_min", "lots"),
    "price_max=1e400": ("price_max", ""),
    "price_min=NaN": ("price_min", "NaN"),
    "industry=Z99": ("industry", "Z99"),
    "organisation_kind=guild": ("organisation_kind", "guild"),
    "field=" + ",".join(f"f{n}" for n in range(2_000)): ("field", ""),
    "organisation=" + "x" * 5_000: ("organisation", ""),
}


@pytest.mark.parametrize(("asked", "named"), IMPOSSIBLE.items(), ids=[asked[:30] for asked in IMPOSSIBLE])
def test_program_is_told_the_field_and_the_remedy(program, asked, named):
    field, remedy = named
    fields = problem_of(program().get(f"/api/v1/search?{asked}"), 422)["fields"]
    assert list(fields) == [field] and remedy in fields[field]
    assert len(fields[field]) < 1_000
    chinese = problem_of(program(language="zh").get(f"/api/v1/search?{asked}"), 422)["fields"][field]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


@pytest.mark.parametrize("asked", IMPOSSIBLE, ids=[asked[:30] for asked in IMPOSSIBLE])
def test_page_leaves_it_out_and_answers_the_rest(client, institute, asked):
    result = a_listing(institute, trl=8)
    index_listings()
    answer = client.get(f"/search?{asked}&q=electrolyte")
    assert answer.status_code == 200 and len(text_of(answer)) < 300_000
    assert result.ref in text_of(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/search",
        "/mine",
        "/introductions",
        "/events",
        "/organisations",
        "/review",
        "/notices",
        "/operator/mail",
        "/figures",
        "/operator/organisations",
    ],
)
def test_no_page_number_breaks_a_list(signed_in, erin, path):
    hers = signed_in(erin)
    for page in ("0", "-1", "x", "99999999999", "9" * 5_000, "%00", "１", "1.5", ""):
        assert hers.get(f"{path}?page={page}").status_code == 200, page


@pytest.mark.parametrize("path", ["/api/v1/listings", "/api/v1/organisations", "/api/v1/introductions"])
@pytest.mark.parametrize("asked", ["page=0", "page=-1", "page=99999999999", "size=0", "size=10000", "size=x"])
def test_lists_of_the_api_name_what_they_cannot_do(program, alice, path, asked):
    fields = problem_of(program(alice).get(f"{path}?{asked}"), 422)["fields"]
    assert list(fields) == [asked.partition("=")[0]] and all(fields.values())


@pytest.mark.parametrize("page", [500_000, 1_000_000])
def test_page_far_behind_the_last_is_empty(program, alice, institute, page):
    a_listing(institute)
    index_listings()
    hers = program(alice)
    assert hers.get(f"/api/v1/search?page={page}&size=100").json["hits"] == []
    assert hers.get(f"/api/v1/listings?page={page}&size=100").json["listings"] == []
    assert hers.get(f"/api/v1/introductions?page={page}&size=100").json["items"] == []


SENSELESS = (
    "state=gone",
    "state=draft&state=x",
    "kind=x",
    "status=x",
    "kind=",
    "organisation=%00",
    "strand=x",
    "listing=x",
    "need=x&result=y",
    "since=x",
    "from=x&to=y",
    "month=2026-13",
    "days=-1",
    "field=%00",
    "region=%00",
    "broker=-1",
)


@pytest.mark.parametrize(
    "path",
    [
        "/mine",
        "/introductions",
        "/review",
        "/figures",
        "/events",
        "/listings/new",
        "/listings/import",
        "/organisations",
        "/",
        "/sign-in",
        "/help",
        "/desk",
        "/listings/new/need",
        "/notices",
        "/operator/mail",
        "/help/pipeline",
    ],
)
def test_no_filter_breaks_a_page(signed_in, alice, dana, path):
    for browser in (signed_in(alice), signed_in(dana)):
        for asked in SENSELESS:
            assert browser.get(f"{path}?{asked}").status_code < 500, asked


@pytest.mark.parametrize(
    "asked", ["", "listing=R-1999-000001", "need=x", "need=%00&result=%00", "listing=" + "x" * 5_000]
)
def test_interest_in_nothing_leads_nowhere(signed_in, alice, asked):
    assert signed_in(alice).get(f"/introductions/new?{asked}").status_code == 404
