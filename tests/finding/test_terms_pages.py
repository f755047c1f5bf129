"""The operators' pages about equal terms, and spreadsheets of them."""

from __future__ import annotations

import io

import pytest
from xlsxwriter import Workbook

from marketplace.db import session
from marketplace.finding import term_sheets, terms
from marketplace.finding.models import TermGroup, TermImport

BATTERY = ["锂电池", "lithium battery"]
HEAD = "Field,Terms,Note\n"


def sent(text, name="terms.csv"):
    return {"file": (io.BytesIO(text.encode() if isinstance(text, str) else text), name)}


@pytest.fixture
def operator(signed_in, erin):
    return signed_in(erin)


def look(browser, text, name="terms.csv"):
    """Upload a file; (the answer's page, its address)."""
    answer = browser.post("/operator/terms/import", data=sent(text, name), content_type="multipart/form-data")
    if answer.status_code != 302:
        return answer.text, None
    address = answer.headers["Location"]
    return browser.get(address).text, address


def test_operator_writes_finds_changes_removes_and_puts_back_a_group(operator, erin):
    assert "No synonyms yet" in operator.get("/operator/terms").text
    form = {"terms": "锂电池\nlithium battery = Li-ion", "field": "new_energy", "note": "for the battery club"}
    said = operator.post("/operator/terms/new", data=form, follow_redirects=True).text
    assert "锂电池 = lithium battery = Li-ion" in said and "within seconds" in said
    group = session.query(TermGroup).one()
    number, version = group.id, group.version
    assert "锂电池" in operator.get("/operator/terms?q=LITHIUM&field=new_energy").text
    assert "No group like this" in operator.get("/operator/terms?field=biology").text
    operator.post(f"/operator/terms/{number}", data={**form, "terms": "锂电池\nLi-ion", "version": version})
    assert session.get(TermGroup, number).texts == ["锂电池", "Li-ion"]
    assert "Removed: 锂电池" in operator.post(f"/operator/terms/{number}/remove", follow_redirects=True).text
    assert "锂电池" in operator.get("/operator/terms?state=removed").text
    assert "Put it back" in operator.get(f"/operator/terms/{number}").text
    operator.post(f"/operator/terms/{number}/restore")
    assert terms.in_force() == [["锂电池", "Li-ion"]]


def test_wrong_group_comes_back_as_it_was_written(operator):
    page = operator.post("/operator/terms/new", data={"terms": "锂电池\n锂电池", "note": "kept"})
    assert page.status_code == 422
    assert "are the same to the search" in page.text and 'value="kept"' in page.text
    assert operator.post("/operator/terms/new", data={}).status_code == 422
    assert operator.post("/operator/terms/new", data={"terms": "a1 = b1", "field": "x"}).status_code == 422


def test_stale_group_is_refused_and_what_was_written_kept(operator, erin):
    group = terms.add(erin, BATTERY)
    number, version = group.id, group.version
    terms.change(erin, group, [*BATTERY, "Li-ion"])
    page = operator.post(f"/operator/terms/{number}", data={"terms": "锂电池\n蓄电池", "version": version})
    assert page.status_code == 409 and "蓄电池" in page.text


def test_term_in_two_groups_is_told_when_saved_and_in_the_list(operator, erin):
    terms.add(erin, BATTERY)
    form = {"terms": "锂离子电池\nLithium battery"}
    page = operator.post("/operator/terms/new", data=form, follow_redirects=True).text
    assert "“Lithium battery” stands also in the group of “锂电池”" in page


def test_pages_of_terms_are_for_operators_only(client, signed_in, erin, alice, dana):
    number = terms.add(erin, BATTERY).id
    key = term_sheets.upload(erin, "t.csv", io.BytesIO((HEAD + ",碳 = carbon,").encode())).key
    gets = ("", "/new", f"/{number}", "/import", f"/import/{key}", f"/import/{key}/rejected.csv", "/export.csv",
            "/export.xlsx")
    posts = ("/new", f"/{number}", f"/{number}/remove", f"/{number}/restore", "/import", f"/import/{key}")
    for person in (alice, dana):
        browser = signed_in(person)
        for path in gets:
            assert browser.get(f"/operator/terms{path}").status_code == 403, path
        for path in posts:
            assert browser.post(f"/operator/terms{path}", data=sent("x")).status_code == 403, path
        assert "/operator/terms" not in browser.get("/").text
    assert client.get("/operator/terms").status_code == 302
    assert terms.in_force() == [BATTERY]
    assert signed_in(erin).get("/operator/terms/999999").status_code == 404
    assert signed_in(erin).get("/operator/terms/import/nosuchkey").status_code == 404
    assert signed_in(erin).get("/operator/terms/export.pdf").status_code == 404


def test_spreadsheet_is_shown_before_it_is_taken_in_and_bad_rows_stay_out_with_their_reasons(operator, erin):
    terms.add(erin, BATTERY, "new_energy")
    page, address = look(operator, HEAD + (
        "新能源,锂电池 = lithium battery = Li-ion,\n"
        "Farming,碳 = carbon,\n"
        "New materials,碳化硅 = SiC,from the semiconductor club\n"
        ",碳纤维,\n"
        ',"氮化镓 = GaN","' + "n" * 201 + '"\n'
        ",碳化硅 = carborundum,\n"
    ))
    for words in ("What would happen", "“Farming” is no field", "“碳纤维” is one term", "201 characters",
                  "begins line 4 as well", "Take in 2 groups"):
        assert words in page
    assert terms.in_force() == [BATTERY]
    done = operator.post(address, follow_redirects=True).text
    assert "What happened" in done and "“Farming” is no field" in done
    assert terms.in_force() == [[*BATTERY, "Li-ion"], ["碳化硅", "SiC"]]
    assert "taken in already" in operator.post(address, follow_redirects=True).text
    home = operator.get(f"{address}/rejected.csv").text
    assert "Farming,碳 = carbon,,3" in home and "碳纤维" in home


def test_imported_circle_is_told_and_does_no_harm(operator):
    page, address = look(operator, HEAD + ",甲烷 = methane,\n,methane = CH4,\n,CH4 = 甲烷,\n")
    assert "stands also in the group of “甲烷”" in page
    assert page.count("closes a circle") == 1
    operator.post(address)
    assert len(terms.in_force()) == 3


def test_what_is_exported_can_be_imported_again_and_is_no_formula(operator, erin):
    terms.add(erin, ["+甲基", "@sum of one", "碳"], "", "-note")
    terms.add(erin, BATTERY, "new_energy")
    table = operator.get("/operator/terms/export.csv").data
    assert "'+甲基 = @sum" in table.decode() and "'-note" in table.decode()
    before = terms.in_force()
    for ending in ("csv", "xlsx"):
        page, _ = look(operator, operator.get(f"/operator/terms/export.{ending}").data, f"back.{ending}")
        assert "There is nothing to take in" in page, ending
    assert terms.in_force() == before


def test_terms_may_stand_in_several_columns_of_an_excel_workbook(operator, tmp_path):
    path = tmp_path / "two.xlsx"
    with Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        for line, row in enumerate([("中文", "English", "领域"), ("稀土", "rare earth", "新材料"), ("芳纶", None, "")]):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(line, column, cell)
    page, address = look(operator, path.read_bytes(), "two.xlsx")
    assert "稀土 = rare earth" in page and "“芳纶” is one term" in page
    operator.post(address)
    assert session.query(TermGroup).one().field == "new_materials"


def test_file_that_is_none_is_refused_with_the_remedy(operator):
    for text, name, said in (
        ("", "t.csv", "is empty"), ("a,b\n1,2\n", "t.csv", "No column is called “Terms”, but: a, b"),
        (HEAD, "t.csv", "has no rows"), ("x", "t.pdf", "none of .csv"), (b"PK\x03\x04junk", "t.xlsx", "damaged"),
    ):
        assert said in look(operator, text, name)[0], said
    assert "Choose a file first" in operator.post("/operator/terms/import", data={}).text
    assert session.query(TermImport).count() == 0


def test_list_of_terms_takes_a_fixed_number_of_queries(operator, erin, count_queries):
    terms.add(erin, BATTERY)
    operator.get("/operator/terms")
    with count_queries() as few:
        operator.get("/operator/terms")
    for number in range(20):
        terms.add(erin, [f"材料{number}号", f"material {number}", "lithium battery"])
    with count_queries() as many:
        operator.get("/operator/terms")
    assert many.count == few.count


def test_removed_words_of_a_release_are_not_taken_for_new_by_an_export(erin):
    group = terms.add(erin, BATTERY)
    terms.remove(erin, group)
    assert list(term_sheets.rows_to_export("zh")) == []


def test_operators_read_the_table_over_json_and_nobody_else_does(client, signed_in, operator, erin, alice):
    terms.add(erin, BATTERY, "new_energy", "for the club")
    terms.add(erin, ["稀土", "rare earth"])
    page = operator.get("/api/v1/terms?q=lithium&field=new_energy&size=1").json
    assert page["total"] == 1
    assert {name: page["items"][0][name] for name in ("terms", "field", "note", "origin")} == {
        "terms": BATTERY, "field": "new_energy", "note": "for the club", "origin": "operator",
    }
    assert operator.get("/api/v1/terms?field=farming").status_code == 422
    assert signed_in(alice).get("/api/v1/terms").status_code == 403
    assert client.get("/api/v1/terms").status_code == 401
