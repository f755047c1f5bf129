"""Supplier libraries as buyers and suppliers meet them."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from conftest import a_person
from events.planned import a_series, an_edition
from sqlalchemy import select
from supplier_facts import OFFER, PDF, WANTED

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.events.models import State as EventState
from marketplace.suppliers import service
from marketplace.suppliers.models import Library, State, Supplier

pytest_plugins = ["supplier_cast"]


def fresh(supplier: Supplier) -> Supplier:
    return session.get_one(Supplier, supplier.id, populate_existing=True)


def test_from_opening_to_accepted_without_script(app, signed_in, charlie, tina, erin, company):
    edition = an_edition(erin, a_series(erin))
    with transaction():
        edition.buyer_id = company.id
    buyer, supplier, visitor, edition_page = signed_in(charlie), signed_in(tina), app.test_client(), edition.url
    assert "Injectable processes" in buyer.get("/suppliers/new").text
    here = buyer.post("/suppliers/new", data={**WANTED, "edition": edition.id}).headers["Location"]
    assert here.startswith("/suppliers/L-") and "Nobody has applied yet" in buyer.get(here).text
    assert "Precision parts" in supplier.get("/suppliers").text
    assert here in supplier.get(edition_page).text and here not in visitor.get(edition_page).text
    call = supplier.get(here).text
    assert "Turned parts of titanium." in call and "Injectable processes" in call
    mine = supplier.post(f"{here}/apply", data=OFFER).headers["Location"]
    sent = {"file": (io.BytesIO(PDF), "iso.pdf")}
    assert supplier.post(f"{mine}/files", data=sent).status_code == 302
    page = buyer.get(mine).text
    assert "iso.pdf" in page and "Titanium parts up to 300 mm." in page and "Accept for a year" in page
    number = service.papers(charlie, session.query(Supplier).one())[0].id
    assert buyer.get(f"{mine}/files/{number}").data == PDF
    assert "Titanium" in buyer.get(f"{here}?q=titanium&standing=waiting").text
    assert buyer.post(f"{mine}/accept", data={"version": session.query(Supplier).one().version}).status_code == 302
    assert "In the library" in supplier.get("/suppliers").text and "Renew" not in supplier.get(mine).text


def test_an_event_of_another_buyer_cannot_be_chosen(signed_in, charlie, erin):
    edition = an_edition(erin, a_series(erin))
    refused = signed_in(charlie).post("/suppliers/new", data={**WANTED, "edition": edition.id})
    assert refused.status_code == 422 and "Turned parts of titanium." in refused.text


def test_an_event_that_is_not_announced_is_not_told_of(signed_in, charlie, company, erin):
    edition = an_edition(erin, a_series(erin), state=EventState.DRAFT)
    with transaction():
        edition.buyer_id = company.id
    number, browser = edition.id, signed_in(charlie)
    assert "Injectable processes" not in browser.get("/suppliers/new").text
    assert browser.post("/suppliers/new", data={**WANTED, "edition": number}).status_code == 422


def test_a_library_keeps_its_event_when_it_is_changed_afterwards(signed_in, charlie, company, erin, library):
    edition = an_edition(erin, a_series(erin))
    with transaction():
        library.edition_id, edition.buyer_id = edition.id, company.id
    number, address, after = edition.id, f"{library.url}/edit", edition.ends_at + timedelta(days=1)
    with clock.at(after):
        browser = signed_in(charlie)
        assert f'value="{number}" selected' in browser.get(address).text
        sent = {**WANTED, "title": "Parts", "edition": number}
        assert browser.post(address, data=sent).status_code == 302
    kept = session.scalars(select(Library)).one()
    assert (kept.title, kept.edition_id) == ("Parts", number)


def test_a_form_that_is_refused_comes_back_filled_here_too(signed_in, charlie, tina, library, applied):
    refused = signed_in(charlie).post("/suppliers/new", data={"title": "", "wanted": "Kept words"})
    assert refused.status_code == 422 and "Kept words" in refused.text
    refused = signed_in(tina).post(f"{library.url}/apply", data={"supplies": "", "proof": "Kept proof"})
    assert refused.status_code == 422 and "Kept proof" in refused.text
    assert signed_in(charlie).post(f"{applied.url}/decline", data={"reason": ""}).status_code == 422
    assert signed_in(tina).post(f"{applied.url}/files").status_code == 422
    odd = signed_in(tina).post(f"{applied.url}/files", data={"file": (io.BytesIO(b"MZ\x90"), "run.exe")})
    assert odd.status_code == 422 and "run.exe" in odd.text


def test_a_library_that_a_colleague_has_changed_is_not_overwritten(signed_in, charlie, library):
    version = library.version
    service.change_library(charlie, library, {**WANTED, "wanted": "Only titanium."}, version)
    late = signed_in(charlie).post(f"{library.url}/edit", data={**WANTED, "wanted": "Steel", "version": version})
    assert late.status_code == 409 and "Steel" in late.text
    assert session.get_one(Library, library.id, populate_existing=True).wanted == "Only titanium."


@pytest.mark.parametrize("path", ["", "/decline"])
def test_strangers_to_a_supplier_find_no_page(path, signed_in, applied, alice, erin, dana):
    for person in (alice, erin, dana, a_person("frank@broker.example", is_broker=True)):
        assert signed_in(person).get(f"{applied.url}{path}").status_code == 404


@pytest.mark.parametrize("path", ["accept", "decline", "leave", "files", "files/1/remove"])
def test_strangers_decide_nothing(path, signed_in, applied, alice, erin):
    for person in (alice, erin):
        assert signed_in(person).post(f"{applied.url}/{path}", data={"reason": "x"}).status_code == 404
    assert fresh(applied).state is State.APPLIED


def test_a_call_tells_nobody_who_else_has_applied(signed_in, accepted, library, alice, erin):
    for person in (alice, erin):
        page = signed_in(person).get(library.url).text
        assert "Turner" not in page and "titanium" in page
        assert "Turner" not in signed_in(person).get("/suppliers").text


def test_opening_and_closing(signed_in, charlie, alice, library):
    browser = signed_in(charlie)
    assert browser.post(f"{library.url}/close").status_code == 302
    assert signed_in(alice).get(library.url).status_code == 404
    assert "Closed to applications" in browser.get(library.url).text
    assert browser.post(f"{library.url}/open").status_code == 302
    assert signed_in(alice).get(library.url).status_code == 200
    assert signed_in(alice).post(f"{library.url}/close").status_code == 403


def test_leaving(signed_in, tina, accepted):
    assert signed_in(tina).post(f"{accepted.url}/leave").status_code == 302
    assert fresh(accepted).state is State.LEFT
    assert "Apply again" in signed_in(tina).get(accepted.url).text


def test_supplier_libraries_in_chinese_too(signed_in, charlie, library, applied):
    assert "待审核" in signed_in(charlie, "zh").get(f"{library.url}?lang=zh").text
    assert "开设供应商库" in signed_in(charlie, "zh").get("/suppliers?lang=zh").text


def test_nonsense_leads_nowhere(signed_in, charlie, library):
    browser = signed_in(charlie)
    assert browser.get(f"{library.url}?q=%00%25_&standing=x&page=no").status_code == 200
    assert browser.get(f"{library.url}/999999").status_code == 404
    assert browser.get("/suppliers/L-1").status_code == 404
