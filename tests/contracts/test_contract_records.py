"""What a contract has to say, and how a record of it is corrected."""

from datetime import timedelta
from decimal import Decimal

import pytest
from conftest import a_listing
from contract_cases import corrected, from_today
from introductions.case_entries import ANSWERS, entries

from marketplace import clock
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import agreements, correcting, service
from marketplace.introductions.agreements import Party
from marketplace.introductions.models import Stage
from marketplace.listings.models import Kind
from marketplace.messaging import service as messaging
from marketplace.organisations import credit_codes

pytest_plugins = ["introductions.case_cast", "contracts.contract_cases"]
A_DAY = timedelta(days=1)
FIRST = "91440300MA5G12345"
CODE = FIRST + credit_codes.check_character(FIRST)


def complaint(call, *arguments, **given):
    with pytest.raises(Invalid) as refused:
        call(*arguments, **given)
    return refused.value.fields


@pytest.fixture
def sign(brought_to, dana):
    case = brought_to(Stage.NEGOTIATING)
    return lambda **changes: service.move(dana, case, "sign", **entries("sign", **changes))


@pytest.fixture
def register(signed, dana):
    return lambda **changes: service.move(dana, signed, "register", **entries("register", **changes))


@pytest.mark.parametrize(("text", "parties"), [
    ("甲公司\n乙大学", [Party("甲公司"), Party("乙大学")]),
    (f"甲（深圳）有限公司 {CODE}\n乙大学\nACME GmbH",
     [Party("甲（深圳）有限公司", CODE), Party("乙大学"), Party("ACME GmbH")]),
    (f"甲公司（{CODE.lower()}）；乙大学", [Party("甲公司", CODE), Party("乙大学")]),
    (f"  甲公司，{CODE} ;\n\n乙大学 ", [Party("甲公司", CODE), Party("乙大学")]),
])
def test_parties_are_read_however_they_are_written(text, parties):
    assert agreements.parties_of(agreements.tidied_parties(text)) == parties
    assert agreements.party_fault(agreements.tidied_parties(text)) is None


@pytest.mark.parametrize(("text", "says"), [
    ("甲公司", "names 1"), (f"甲公司 {CODE[:-1]}\n乙大学", "17 characters"),
    (f"甲公司 {FIRST}{'0' if CODE[-1] != '0' else '1'}\n乙大学", "last character"), ("甲公司\n甲公司", "twice"),
    (f"甲公司 {CODE}\n乙大学 {CODE}", "twice"), ("\n".join(f"第{n}方" for n in range(13)), "At most 12"),
])
def test_what_is_wrong_with_the_parties_is_said(sign, text, says):
    assert says in complaint(sign, parties=text)["parties"]


def test_the_contract_form_is_filled_with_both_organisations_and_the_type_foreseen(brought_to, dana, signed_in):
    case = brought_to(Stage.NEGOTIATING)
    page = signed_in(dana).get(f"/introductions/{case.ref}/moves/sign").text
    assert "institute\ncompany</textarea>" in page
    assert '<option value="licence" selected>' in page


@pytest.mark.parametrize(("given", "field", "says"), [
    ({"amount": Decimal(-5)}, "amount", "less than nothing"), ({"amount": Decimal(0)}, "amount", "0 is no amount"),
    ({"amount": Decimal(10) ** 20}, "amount", "is too much"), ({"amount": "12 apples"}, "amount", "not an amount"),
    ({"amount": None}, "amount", "or “undisclosed”"), ({"undisclosed": True}, "amount", "or “undisclosed”"),
    ({"technology_amount": Decimal(900_000)}, "technology_amount", "more than the contract amount"),
    ({"valid_to": -A_DAY}, "valid_to", "before the contract begins"),
    ({"signed_on": A_DAY}, "signed_on", "has not come yet"),
    ({"signed_on": -A_DAY}, "signed_on", "lies before"),
])
def test_amounts_and_days_that_cannot_be_are_refused_by_name_and_value(sign, given, field, says):
    assert says in complaint(sign, **from_today(given))[field]


@pytest.mark.parametrize(("written", "kept"), [
    ("1,234.56万", "12345600.00"), ("258 万元", "2580000.00"), ("0.5亿", "50000000.00"),
])
def test_amounts_are_understood_as_people_write_them(brought_to, dana, signed_in, written, kept):
    case = brought_to(Stage.NEGOTIATING)
    form = {**entries("sign", amount=written), "signed_on": clock.today().isoformat()}
    assert signed_in(dana).post(f"/introductions/{case.ref}/moves/sign", data=form).status_code == 302
    assert service.get(dana, case.ref).contracts[-1].amount == Decimal(kept)


@pytest.mark.parametrize("written", ["-5", "1" * 20, "１２３４５６７８９０１２３４５６７８９０"])
def test_a_form_with_an_impossible_amount_comes_back_filled(brought_to, dana, signed_in, written):
    case = brought_to(Stage.NEGOTIATING)
    form = {**entries("sign", amount=written), "signed_on": clock.today().isoformat()}
    answer = signed_in(dana).post(f"/introductions/{case.ref}/moves/sign", data=form)
    assert answer.status_code == 422 and "out of range" in answer.text and f'value="{written}"' in answer.text


@pytest.mark.parametrize(("number", "says"), [
    ("202644030000001", "15 digits"), ("20264403000000011", "17 digits"), ("2026-4403-0000-000X", "“X”"),
    ("1111111111111111", "no number that an office gives"), ("", "needed"),
])
def test_a_registration_number_is_sixteen_digits(register, number, says):
    assert says in complaint(register, registration_no=number)["registration_no"]


def test_a_registration_number_is_read_with_blanks_and_full_width_digits(register):
    assert register(registration_no="２０２６ 4403 0000-0001").contracts[-1].registration_no == "2026440300000001"


def test_the_number_of_another_contract_is_refused(register, charlie, company, institute):
    register()
    other = service.express_interest(charlie, a_listing(company, Kind.NEED), a_listing(institute), **ANSWERS)
    assert "another contract" in complaint(agreements.require_free, other, "2026440300000001")["registration_no"]


@pytest.mark.parametrize(("amount", "says"), [(900_000, "more than the contract amount of"), (0, "waive")])
def test_the_technology_amount_is_a_part_of_the_contract_amount(register, amount, says):
    assert says in complaint(register, technology_amount=Decimal(amount))["technology_amount"]


def test_an_outcome_cannot_come_before_the_contract(performing, dana):
    given = entries("report_outcome", reached_on=clock.today() - timedelta(days=1))
    wrong = complaint(service.move, dana, performing, "report_outcome", **given)
    assert "lies before the contract" in wrong["reached_on"]


def test_a_correction_counts_and_the_former_record_stays(signed, dana):
    former = signed.contracts[-1]
    new = correcting.correct(dana, signed, corrected(amount=Decimal(700_000)), former=former.id)
    assert signed.contracts[-1] is new and new.amount == 700_000
    assert correcting.former_contracts(signed) == [former] and former.amount == 800_000


def test_a_correction_of_what_was_confirmed_is_confirmed_again(brought_to, dana, alice, charlie):
    case = brought_to(Stage.NEGOTIATING)
    service.move(dana, case, "record_contract", **entries("record_contract"))
    for person in (alice, charlie):
        service.move(person, case, "confirm_contract")
    assert case.stage is Stage.SIGNED
    correcting.correct(dana, case, corrected(evidence=None, amount=Decimal(1)), former=None)
    assert all(one.withdrawn_at for one in case.confirmations)
    service.move(alice, case, "confirm_contract")


def test_a_correction_that_changes_nothing_is_refused(signed, dana):
    same = {**correcting.as_entered(signed.contracts[-1]), "corrected_because": "?"}
    assert "different" in complaint(correcting.correct, dana, signed, same, former=None)[""]


def test_a_correction_of_a_record_that_somebody_else_corrected_meanwhile_comes_back_filled(signed, dana, signed_in):
    seen = signed.contracts[-1].id
    correcting.correct(dana, signed, corrected(amount=Decimal(700_000)), former=seen)
    form = {**corrected(amount="600000"), "signed_on": clock.today().isoformat(), "version": seen}
    answer = signed_in(dana).post(f"/introductions/{signed.ref}/contract/correct", data=form)
    assert answer.status_code == 409 and 'value="600000"' in answer.text


def test_of_two_corrections_of_the_same_record_one_wins(signed, dana, erin):
    seen = signed.contracts[-1].id
    correcting.correct(dana, signed, corrected(amount=Decimal(700_000)), former=seen)
    with pytest.raises(Conflict):
        correcting.correct(erin, signed, corrected(amount=Decimal(1)), former=seen)


def test_a_registered_contract_keeps_a_number_or_a_reason(performing, dana):
    neither = corrected()
    assert "either" in complaint(correcting.correct, dana, performing, neither, former=None)["registration_no"]
    new = correcting.correct(dana, performing, {**neither, "waiver_reason": "Not worth it."}, former=None)
    assert new.waiver_reason and new.registration_no is None


def test_both_sides_hear_of_a_correction(signed, dana, alice, charlie):
    correcting.correct(dana, signed, corrected(amount=Decimal(700_000)), former=None)
    for person in (alice, charlie):
        assert "was corrected" in messaging.notices(person)[0][0].msgid


@pytest.mark.parametrize("who", ["alice", "charlie", "victor", "frank"])
def test_only_the_broker_of_the_case_or_an_operator_corrects(signed, who, request, signed_in):
    person = request.getfixturevalue(who)
    with pytest.raises(Forbidden):
        correcting.correct(person, signed, corrected(), former=None)
    assert signed_in(person).get(f"/introductions/{signed.ref}/contract/correct").status_code == 403


def test_strangers_and_cases_without_a_contract_have_nothing_to_correct(signed, interest, mallory, signed_in):
    with pytest.raises(NotFound):
        correcting.correct(mallory, signed, corrected(), former=None)
    assert signed_in(mallory).get(f"/introductions/{signed.ref}/contract/correct").status_code == 404


def test_an_operator_corrects(signed, erin):
    assert correcting.correct(erin, signed, corrected(amount=Decimal(1)), former=None).user is erin
