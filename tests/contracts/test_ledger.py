"""The ledger: each fact once, on its day, for the broker who held the case; amounts only where they are disclosed."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from conftest import a_listing
from introductions.case_entries import ANSWERS, entries
from python_calamine import CalamineWorkbook

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.contracts import ledger
from marketplace.contracts.ledger import What
from marketplace.db import session, transaction
from marketplace.errors import Invalid, NotFound
from marketplace.introductions import service
from marketplace.introductions.models import Origin, Stage
from marketplace.listings.models import Kind
from marketplace.organisations.models import Organisation

pytest_plugins = ["introductions.case_cast", "contracts.contract_cases"]
ALL = ledger.Period(None, None)


def counts(actor, broker=None, within=ALL):
    return {line.broker.email: {w.value: n for w, n in line.counts.items() if n}
            for line in ledger.accounts(actor, within, broker)}


def test_each_stage_counts_once_for_the_broker_of_the_case(brought_to, dana, alice, charlie):
    case = brought_to(Stage.IMPLEMENTED)
    service.move(dana, case, "back", note="Not yet.")
    service.move(dana, case, "report_outcome", **entries("report_outcome"))
    for person in (alice, charlie):
        service.move(person, case, "confirm_outcome")
    assert counts(dana)[dana.email] == {"qualified": 1, "introduced": 1, "signed": 1, "implemented": 1}


def test_a_suggestion_of_a_broker_counts_as_sourced_and_of_the_system_not(dana, need, result, institute, erin):
    service.suggest(dana, need, result, Origin.BROKER)
    service.suggest(None, need, a_listing(institute))
    assert counts(erin) == {dana.email: {"sourced": 1}}


def test_a_no_counts_unless_it_was_reopened_and_a_completed_case_is_none(brought_to, dana):
    case = brought_to(Stage.DISCUSSING)
    service.move(dana, case, "close", reason="no_agreement", reason_code="terms")
    assert counts(dana)[dana.email]["declined"] == 1
    service.move(dana, case, "reopen", note="They called.")
    assert "declined" not in counts(dana)[dana.email]


def test_completed_is_no_no(performing, dana):
    service.move(dana, performing, "close", reason="completed")
    assert "declined" not in counts(dana)[dana.email]


def test_what_a_broker_did_stays_theirs_after_a_case_is_handed_on(brought_to, dana, frank, erin):
    case = brought_to(Stage.INTRODUCED)
    service.move(erin, case, "assign", broker=frank.email)
    service.move(frank, case, "meet", **entries("meet"))
    service.move(frank, case, "intent", **entries("intent"))
    service.move(frank, case, "sign", **entries("sign"))
    assert counts(erin) == {dana.email: {"qualified": 1, "introduced": 1}, frank.email: {"signed": 1}}


def test_amounts_are_added_by_currency_from_the_record_that_counts(performing, dana):
    line = ledger.accounts(dana, ALL)[0]
    assert line.amounts == {"CNY": (Decimal(800_000), Decimal(500_000))} and line.undisclosed == 0


def test_an_undisclosed_contract_is_counted_and_in_no_sum_not_even_for_an_operator(undisclosed, dana, erin):
    service.move(dana, undisclosed, "register", **entries("register"))
    for actor in (dana, erin):
        line = ledger.accounts(actor, ALL)[0]
        assert line.amounts == {} and line.undisclosed == 1 and line.counts[What.SIGNED] == 1


def test_a_period_takes_what_took_effect_in_it(performing, dana):
    yesterday = clock.today() - timedelta(days=1)
    assert counts(dana, within=ledger.Period(None, yesterday))[dana.email] == {}
    assert counts(dana, within=ledger.Period(clock.today(), clock.today()))[dana.email]["signed"] == 1


def test_a_period_that_ends_before_it_begins_is_refused_and_comes_back(dana, signed_in):
    with pytest.raises(Invalid):
        ledger.period(clock.today(), clock.today() - timedelta(days=1))
    answer = signed_in(dana).get("/ledger?from=2026-02-01&to=2026-01-01")
    assert answer.status_code == 422 and "Swap the two days." in answer.text and 'value="2026-01-01"' in answer.text
    assert signed_in(dana).get("/ledger?from=yesterday").status_code == 422


def test_brokers_see_their_own_ledger_and_operators_every_one(signed, dana, frank, erin, alice, signed_in):
    number = dana.id
    assert counts(erin).keys() == {dana.email} and counts(frank) == {frank.email: {}}
    for act in (lambda: ledger.accounts(alice, ALL), lambda: ledger.accounts(frank, ALL, dana),
                lambda: ledger.broker_named(frank, number), lambda: ledger.broker_named(erin, 10**6)):
        with pytest.raises(NotFound):
            act()
    for path in ("", "/csv", "/xlsx", "/cases/signed"):
        assert signed_in(alice).get(f"/ledger{path}").status_code == 404
        assert signed_in(frank).get(f"/ledger{path}?broker={number}").status_code == 404
        assert signed_in(erin).get(f"/ledger{path}?broker={number}").status_code == 200


def test_every_number_leads_to_its_cases(signed, dana, signed_in):
    ref = signed.ref
    assert [(case.ref) for case, _ in ledger.cases(dana, What.SIGNED, ALL, None, 1, 10)[0]] == [ref]
    browser = signed_in(dana)
    assert "/ledger/cases/signed" in browser.get("/ledger").text
    assert ref in browser.get("/ledger/cases/signed").text
    assert "No case counts here" in browser.get("/ledger/cases/implemented").text


def test_files_say_what_the_page_says_and_a_name_is_no_formula(performing, dana, erin, signed_in):
    with transaction():
        dana.name = "=cmd()"
    browser = signed_in(erin)
    rows = list(csv.reader(io.StringIO(browser.get("/ledger/csv").data.decode("utf-8-sig"))))
    assert rows[0][0] == "Broker" and rows[1][0] == "'=cmd()" and rows[-1][0] == "Total"
    assert rows[1][rows[0].index("Contract amount CNY")] == "800000.0"
    book = CalamineWorkbook.from_filelike(io.BytesIO(browser.get("/ledger/xlsx").data))
    sheet = book.get_sheet_by_index(0).to_python()
    assert sheet[1][0] == "=cmd()" and 500_000 in sheet[1]


def test_the_number_of_queries_does_not_grow_with_the_cases(
    dana, charlie, company, institute, count_queries, erin, signed_in
):
    def more(many):
        for _ in range(many):
            ours, theirs = (session.get_one(Organisation, number) for number in organisations)
            case = service.express_interest(charlie, a_listing(ours, Kind.NEED), a_listing(theirs), **ANSWERS)
            service.move(dana, case, "take")
            service.move(dana, case, "qualify", **entries("qualify"))

    organisations, people = [company.id, institute.id], [charlie.id, dana.id]
    browser, found = signed_in(erin), []
    for _ in range(2):
        charlie, dana = (session.get_one(User, number) for number in people)
        more(3)
        for path in ("/ledger", "/ledger/cases/qualified"):
            with count_queries() as asked:
                assert browser.get(path).status_code == 200
            found.append(asked.count)
    assert found[:2] == found[2:] and max(found) <= 18


@pytest.mark.parametrize("path", ["/ledger", "/ledger/csv", "/ledger/cases/signed", "/api/v1/ledger"])
def test_a_ledger_until_the_end_of_time_is_a_ledger(signed_in, dana, path):
    for asked in ("from=0001-01-01", "to=9999-12-31", "from=0001-01-01&to=9999-12-31", "from=9999-12-31"):
        assert signed_in(dana).get(f"{path}?{asked}").status_code in (200, 422)
