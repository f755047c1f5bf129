"""Supplier libraries over the API."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from conftest import a_person, an_organisation, join
from supplier_facts import PDF, heard_of_suppliers

from marketplace import clock
from marketplace.db import session
from marketplace.organisations.models import Kind, Role
from marketplace.suppliers import service
from marketplace.suppliers.models import Library, Supplier

pytest_plugins = ["supplier_cast"]
ALL = "/api/v1/suppliers"
CALL = {"title": "Precision parts", "wanted": "Turned parts of titanium.", "conditions": "ISO 9001"}
BID = {"supplies": "Titanium parts up to 300 mm.", "proof": "ISO 9001 until 2029"}


def in_days(days: int):
    return clock.at(clock.now() + timedelta(days=days))


def test_buyer_opens_a_library_a_company_applies_and_is_accepted(program, charlie, tina, turner):
    buyer, supplier = program(charlie), program(tina)
    made = buyer.post(ALL, json=CALL)
    assert made.status_code == 201 and made.json["buyer"]["slug"] == "company"
    assert made.json["may"] == ["change", "search"]
    here = f"{ALL}/{made.json['ref']}"
    [call] = supplier.get(ALL).json["items"]
    assert (call["ref"], call["may"]) == (made.json["ref"], ["apply"])
    assert supplier.get(here).json["wanted"] == CALL["wanted"]
    assert buyer.get(f"{ALL}?whose=own").json["total"] == 1 and buyer.get(ALL).json["total"] == 0
    applied = supplier.post(f"{here}/places", json=BID)
    assert applied.status_code == 201 and applied.json["state"] == "applied"
    assert applied.json["organisation"]["slug"] == "turner"
    place = f"{here}/places/{applied.json['id']}"
    page = buyer.get(f"{here}/places?standing=waiting&q=titanium").json
    assert page["total"] == 1 and page["counts"] == {"in": 0, "waiting": 1, "expired": 0}
    assert buyer.get(place).json["may"] == ["accept", "decline"]
    taken = buyer.post(f"{place}/accept", json={"version": applied.json["version"]})
    assert taken.json["is_valid"] and taken.json["valid_until"] == clock.later(clock.today(), 12).isoformat()
    [mine] = supplier.get(f"{ALL}/places").json["items"]
    assert mine["library"] == made.json["ref"] and mine["standing"] == "In the library"
    assert buyer.get(f"{here}/places?q=copper").json["total"] == 0


def test_declined_with_a_reason_that_the_supplier_reads(program, charlie, tina, applied):
    place = f"{ALL}/{applied.library.ref}/places/{applied.id}"
    buyer, supplier = program(charlie), program(tina)
    assert "reason" in buyer.post(f"{place}/decline", json={"version": 1}).json["fields"]
    assert "reason" in buyer.post(f"{place}/decline", json={"reason": "  "}).json["fields"]
    stale = buyer.post(f"{place}/decline", json={"reason": "No ISO", "version": 7})
    assert stale.status_code == 409
    assert buyer.post(f"{place}/decline", json={"reason": "No ISO"}).json["state"] == "declined"
    assert supplier.get(place).json["reason"] == "No ISO"
    assert supplier.post(f"{place}/renew").status_code == 409
    again = supplier.post(f"{ALL}/{applied_ref(place)}/places", json=BID)
    assert again.status_code == 201 and again.json["id"] == int(place.rpartition("/")[2])


def applied_ref(place: str) -> str:
    return place.split("/")[4]


def test_renewed_towards_the_end_of_the_year(program, charlie, tina, accepted):
    place, until = f"{ALL}/{accepted.library.ref}/places/{accepted.id}", accepted.valid_until
    supplier, buyer = program(tina), program(charlie)
    early = supplier.post(f"{place}/renew")
    assert early.status_code == 409 and "last two months" in early.json["detail"]
    with in_days(330):
        supplier, buyer = program(tina), program(charlie)
        asked = supplier.post(f"{place}/renew", json={"supplies": "Up to 400 mm."}).json
        assert asked["renews"] and asked["supplies"] == "Up to 400 mm." and asked["proof"] == "ISO 9001 until 2029"
        taken = buyer.post(f"{place}/accept", json={"version": asked["version"]}).json
        assert taken["valid_until"] == clock.later(until, 12).isoformat() and not taken["renews"]


def test_supplier_adds_a_paper_that_the_buyer_reads_and_leaves(program, charlie, tina, applied):
    place = f"{ALL}/{applied.library.ref}/places/{applied.id}"
    supplier, buyer = program(tina), program(charlie)
    sent = supplier.post(f"{place}/papers", data={"file": (io.BytesIO(PDF), "iso.pdf")})
    [paper] = sent.json["papers"]
    assert sent.status_code == 201 and paper["name"] == "iso.pdf"
    with buyer.get(f"{place}/papers/{paper['id']}") as read:
        assert read.data == PDF
    assert "file" in supplier.post(f"{place}/papers").json["fields"]
    assert buyer.post(f"{place}/papers", data={"file": (io.BytesIO(PDF), "iso.pdf")}).status_code == 403
    assert supplier.post(f"{place}/leave").json["state"] == "left"


def test_buyer_changes_the_call_and_nobody_overwrites_what_they_have_not_read(program, charlie, library):
    api, here = program(charlie), f"{ALL}/{library.ref}"
    seen = api.get(here)
    assert api.get(here, headers={"If-None-Match": seen.headers["ETag"]}).status_code == 304
    changed = api.put(here, json={**CALL, "title": "Castings"}, headers={"If-Match": seen.headers["ETag"]})
    assert changed.status_code == 200 and changed.json["title"] == "Castings"
    late = api.put(here, json=CALL, headers={"If-Match": seen.headers["ETag"]})
    assert late.status_code == 412 and api.put(here, json=CALL).status_code == 428
    assert api.post(f"{here}/close").json["is_open"] is False
    assert api.post(f"{here}/open").json["is_open"] is True


def test_what_is_wrong_names_field_value_and_remedy(program, charlie, library, tina):
    api, here = program(charlie), f"{ALL}/{library.ref}"
    fields = api.post(ALL, json={**CALL, "event": "E-2026-000099", "buyer": None}).json["fields"]
    assert fields["event"].startswith("“E-2026-000099” is no coming event")
    assert api.post(ALL, json={**CALL, "buyer": "turner"}).json["fields"] == {
        "buyer": "“turner” is none of the choices: company."}
    assert api.post(ALL, json={"title": "x" * 121}).json["fields"].keys() == {"title", "wanted"}
    assert "expired" in api.get(f"{here}/places?standing=lost").json["fields"]["standing"]
    fields = program(tina).post(f"{here}/places", json={"supplies": "Parts", "organisation": "company"}).json["fields"]
    assert fields == {"organisation": "“company” is none of the choices: turner."}
    fields = api.post(f"{ALL}?lang=zh", json={**CALL, "event": "E-2026-000099"}).json["fields"]
    assert "不是贵公司即将举办的定向采购活动" in fields["event"]


@pytest.fixture
def elsewhere():
    """Somebody who writes for a company that has no part in it."""
    person = a_person("otto@other.example")
    join(person, an_organisation("other", Kind.COMPANY), Role.EDITOR)
    return person


def test_nobody_but_the_two_sides_learns_who_is_in_a_library(program, accepted, elsewhere, alice, dana, erin, tina):
    here = f"{ALL}/{accepted.library.ref}"
    place = f"{here}/places/{accepted.id}"
    for api in (program(elsewhere), program(dana), program(erin)):
        assert api.get(place).status_code == api.get(f"{here}/places").status_code == 404
        assert api.get(f"{place}/papers/1").status_code == 404
        for step in ("accept", "renew", "leave", "papers"):
            assert api.post(f"{place}/{step}").status_code == 404, step
        assert api.post(f"{place}/decline", json={"reason": "No"}).status_code == 404
        assert api.put(here, json=CALL, headers={"If-Match": "*"}).status_code in (403, 404)
    supplier = program(tina)
    assert supplier.get(f"{here}/places").status_code == 404
    assert supplier.post(f"{place}/accept").status_code == supplier.post(f"{here}/close").status_code == 403
    assert program().get(ALL).status_code == 401


def test_viewer_of_the_buyer_reads_and_does_not_decide(program, applied, company):
    viewer = a_person("vera@company.example")
    join(viewer, company, Role.VIEWER)
    api, here = program(viewer), f"{ALL}/{applied.library.ref}"
    place = f"{here}/places/{applied.id}"
    assert api.get(f"{here}/places").json["total"] == 1 and api.get(place).json["may"] == []
    assert api.post(f"{place}/accept").status_code == api.post(f"{here}/close").status_code == 403
    assert api.post(ALL, json=CALL).status_code == 403


def test_told_once_though_a_program_sends_twice(program, charlie, tina, library):
    here = f"{ALL}/{library.ref}/places"
    for _ in range(2):
        assert program(tina).post(here, json=BID).status_code == 201
    assert session.query(Supplier).count() == 1 and len(heard_of_suppliers(charlie)) == 1


def test_lists_take_as_many_queries_for_many_as_for_few(program, charlie, library, count_queries):
    api, here, number = program(charlie), f"{ALL}/{library.ref}/places", library.id

    def counted(start, count):
        for n in range(start, start + count):
            person, firm = a_person(f"p{n}@firm.example"), an_organisation(f"firm{n}", Kind.COMPANY)
            join(person, firm)
            service.apply(person, session.get_one(Library, number), firm, BID)
        with count_queries() as asked:
            assert api.get(f"{here}?size=50").json["total"] == start + count
            api.get(f"{ALL}?whose=own&size=50")
        return asked.count

    few = counted(0, 3)
    assert counted(3, 20) <= few
