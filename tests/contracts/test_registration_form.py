"""The form for the registration office: filled in, its gaps named, saved, printed, and as a workbook."""

import io
from datetime import date
from decimal import Decimal

import pytest
from contract_cases import corrected
from python_calamine import CalamineWorkbook

from marketplace.contracts import form, registration
from marketplace.db import transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import correcting
from marketplace.organisations import credit_codes

pytest_plugins = ["introductions.case_cast", "contracts.contract_cases"]
FIRST = "91440300MA5G12345"
CODE = FIRST + credit_codes.check_character(FIRST)


def test_what_is_known_is_filled_in(signed, dana, company, institute):
    values = registration.read(dana, signed).values
    assert values["seller_name"] == institute.name and values["buyer_name"] == company.name
    assert values["contract_type"] == "licence" and values["amount"] == 800_000
    assert values["seller_kind"] == "institute" and values["buyer_region"] == "440300"
    assert values["signed_on"] == signed.contracts[-1].signed_on == values["valid_from"]
    assert values["programme"] == "none" and values["related"] == "no"


def test_every_gap_is_named(signed, dana, signed_in):
    missing = {field.name for field in registration.read(dana, signed).missing}
    assert {"valid_to", "technology_amount", "payment", "seller_representative"} <= missing
    assert not missing & {"seller_name", "agency", "registration_no"}
    page = signed_in(dana).get(f"/introductions/{signed.ref}/registration").text
    assert "The office will ask for" in page and "Legal representative" in page


def test_what_is_left_as_it_was_goes_on_following_the_contract(signed, dana, alice):
    registration.save(alice, signed, {"seller_representative": "王建国"}, version=0)
    correcting.correct(dana, signed, corrected(amount=Decimal(700_000)), former=None)
    filled = registration.read(dana, signed)
    assert filled.values["amount"] == 700_000 and filled.values["seller_representative"] == "王建国"
    assert filled.entered == {"seller_representative"}


def test_what_was_emptied_stays_empty(signed, dana, signed_in):
    registration.save(dana, signed, {"subject": None}, version=0)
    assert "subject" in {field.name for field in registration.read(dana, signed).missing}


@pytest.mark.parametrize(("given", "says"), [
    ({"seller_credit_code": "123"}, "3 characters"), ({"buyer_region": "999999"}, "no region code"),
    ({"technology_amount": Decimal(900_000)}, "more than the contract amount"),
    ({"registration_no": "12"}, "2 digits"), ({"ip_kind": "magic"}, "none of the choices"),
    ({"valid_to": date(2001, 1, 1)}, "before the contract begins"), ({"signed_on": date(2999, 1, 1)}, "not come yet"),
    ({"project_name": "x" * 201}, "has 201"), ({"amount": Decimal(0)}, "above 0"),
])
def test_what_is_wrong_is_said_by_name(signed, dana, given, says):
    with pytest.raises(Invalid) as refused:
        registration.save(dana, signed, given, version=None)
    assert says in refused.value.fields[next(iter(given))]


def test_a_foreign_party_needs_no_credit_code(signed, dana):
    abroad = registration.save(dana, signed, {"seller_credit_code": "境外"}, version=0)
    assert abroad.values["seller_credit_code"] == "境外"
    with_code = registration.save(dana, signed, {"buyer_credit_code": CODE.lower()}, version=1)
    assert with_code.values["buyer_credit_code"] == CODE


def test_the_second_of_two_who_save_is_told(signed, dana, alice):
    registration.save(alice, signed, {"seller_representative": "王建国"}, version=0)
    with pytest.raises(Conflict):
        registration.save(dana, signed, {"seller_representative": "李梅"}, version=0)


def test_a_stale_form_comes_back_filled(signed, dana, alice, signed_in):
    registration.save(alice, signed, {"seller_representative": "王建国"}, version=0)
    page = signed_in(dana).post(f"/introductions/{signed.ref}/registration/edit",
                                data={"version": "0", "seller_representative": "李梅"})
    assert page.status_code == 409 and 'value="李梅"' in page.text


def test_the_form_is_saved_on_its_page_and_printed_in_chinese_for_every_reader(signed, alice, signed_in):
    filled = registration.read(alice, signed).values
    browser, ref = signed_in(alice), signed.ref
    data = {name: form.to_json(value) for name, value in filled.items()} | {
        "version": "0", "valid_to": "2029-12-31", "technology_amount": "50万元", "payment": "instalments",
        "seller_representative": "王建国", "buyer_representative": "李梅"}
    page = browser.post(f"/introductions/{ref}/registration/edit", data=data, follow_redirects=True).text
    assert "卖方名称" in page and "2029年12月31日" in page and "500,000.00" in page and "分期支付" in page


def test_the_workbook_says_the_same_and_runs_no_formula(signed, dana, institute, signed_in):
    registration.save(dana, signed, {"seller_representative": "=1+1", "agency": "@SUM(A1)"}, version=0)
    ref = signed.ref
    answer = signed_in(dana).get(f"/introductions/{ref}/registration.xlsx")
    assert answer.headers["Content-Disposition"].endswith(f'"{ref}-registration.xlsx"')
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    cells = [cell for row in rows for cell in row]
    assert "技术合同登记表" in cells and "=1+1" in cells and "@SUM(A1)" in cells and 800_000 in cells


@pytest.mark.parametrize("path", ["registration", "registration/edit", "registration.xlsx"])
def test_the_form_is_for_the_privy_alone(signed, frank, mallory, victor, erin, charlie, path, signed_in):
    ref = signed.ref
    assert signed_in(mallory).get(f"/introductions/{ref}/{path}").status_code == 404
    assert signed_in(frank).get(f"/introductions/{ref}/{path}").status_code == 403
    assert signed_in(victor).get(f"/introductions/{ref}/{path}").status_code == (403 if "edit" in path else 200)
    for person in (erin, charlie):
        assert signed_in(person).get(f"/introductions/{ref}/{path}").status_code == 200


def test_a_viewer_saves_nothing_and_a_stranger_finds_nothing(signed, victor, mallory, signed_in):
    with pytest.raises(Forbidden):
        registration.save(victor, signed, {}, version=0)
    with pytest.raises(NotFound):
        registration.save(mallory, signed, {}, version=0)
    assert signed_in(victor).post(f"/introductions/{signed.ref}/registration/edit", data={}).status_code == 403


def test_further_parties_stand_in_the_form(signed, dana, institute, company):
    with transaction():
        signed.contracts[-1].parties = f"{institute.name}\n{company.name}\n第三方检测中心 {CODE}"
    assert registration.read(dana, signed).values["further_parties"] == f"第三方检测中心 {CODE}"


def test_a_case_without_a_contract_has_no_form(interest, charlie, signed_in):
    assert signed_in(charlie).get(f"/introductions/{interest.ref}/registration").status_code == 404
