"""Domains of organisations: stated by their administrators, confirmed by operators, seen by nobody else."""

from __future__ import annotations

import pytest
from conftest import a_person, an_organisation
from sqlalchemy import select

from marketplace import outbox
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.messaging.models import Notice
from marketplace.organisations import domains
from marketplace.organisations.models import Domain, Membership, State
from marketplace.organisations.models import Kind as OrganisationKind

PAGE = "/organisations/institute/domains"


def told(person):
    while outbox.drain():
        pass
    return [notice.url for notice in session.scalars(select(Notice).where(Notice.user_id == person.id))]


@pytest.mark.parametrize(("written", "kept"), [
    (" Institute.Example ", "institute.example"), ("@institute.example", "institute.example"),
    ("wei@institute.example", "institute.example"), ("研究所.例子", "研究所.例子".encode("idna").decode()),
    ("ｉｎｓｔ．example.", "inst.example"),
])
def test_a_domain_is_taken_however_it_is_written(written, kept):
    assert domains.tidied(written) == kept and domains.fault(kept) is None


@pytest.mark.parametrize(("written", "why"), [
    ("qq.com", "Anybody gets an address"), ("vip.163.com", "Anybody gets an address"),
    ("GMAIL.com", "Anybody gets an address"), ("edu.cn", "belongs to nobody alone"), ("com", "is not a domain"),
    ("institute", "is not a domain"), ("http://institute.example/", "is not a domain"), ("a..b", "is not a domain"),
    ("192.0.2.1", "is not a domain"), ("-a.example", "is not a domain"), ("a b.example", "is not a domain"),
    ("x" * 64 + ".example", "is not a domain"),
])
def test_a_domain_that_cannot_be_ones_own_is_refused_with_the_reason(signed_in, alice, institute, written, why):
    page = signed_in(alice).post(PAGE, data={"domain": written})
    assert page.status_code == 422 and why in page.text
    assert session.scalars(select(Domain)).all() == []


def test_administrator_states_a_domain_operator_confirms_it_and_both_are_told(signed_in, alice, erin, institute):
    assert signed_in(alice).post(PAGE, data={"domain": "@institute.example"}).location == PAGE
    assert "waits for an operator to confirm it" in signed_in(alice).get(PAGE).text
    assert "/operator/domains" in told(erin)
    page = signed_in(erin).get("/operator/domains").text
    assert "institute.example" in page and "has an address there" in page
    (row,) = session.scalars(select(Domain))
    signed_in(erin).post(f"/operator/domains/{row.id}/confirm")
    assert "confirmed on" in signed_in(alice).get(PAGE).text
    assert PAGE in told(alice)
    assert "institute.example" not in signed_in(erin).get("/operator/domains").text


def test_a_domain_belongs_to_one_organisation(alice, erin, charlie, institute, company):
    first = domains.state(alice, institute, "shared.example")
    second = domains.state(charlie, company, "shared.example")
    domains.confirm(erin, first.id)
    with pytest.raises(Conflict, match="another organisation"):
        domains.confirm(erin, second.id)
    with pytest.raises(Conflict):
        domains.confirm(erin, first.id)
    with pytest.raises(Conflict):
        domains.refuse(erin, first.id)


def test_two_operators_at_once_are_told_apart(signed_in, alice, erin, institute):
    number = domains.state(alice, institute, "institute.example").id
    browser = signed_in(erin)
    domains.confirm(erin, number)
    answer = browser.post(f"/operator/domains/{number}/confirm", follow_redirects=True)
    assert "Somebody else has decided this already." in answer.text


def test_domain_of_an_organisation_that_is_not_verified_waits(alice, erin, institute):
    row = domains.state(alice, institute, "institute.example")
    with transaction():
        institute.state = State.PENDING
    with pytest.raises(Conflict, match="Verify"):
        domains.confirm(erin, row.id)


def test_the_same_domain_is_not_stated_twice_nor_too_many(alice, institute, monkeypatch):
    domains.state(alice, institute, "institute.example")
    with pytest.raises(Invalid, match="stands here already"):
        domains.state(alice, institute, "INSTITUTE.example")
    monkeypatch.setattr(domains, "MOST", 1)
    with pytest.raises(Invalid, match="At most 1"):
        domains.state(alice, institute, "other.example")


def test_only_exactly_the_domain_lets_anybody_in(alice, erin, institute):
    domains.confirm(erin, domains.state(alice, institute, "institute.example").id)
    assert domains.admit(a_person("wei@institute.example")) is not None
    for address in ("wei@stu.institute.example", "wei@notinstitute.example", "wei@institute.example.evil.example"):
        assert domains.admit(a_person(address)) is None


def test_nobody_joins_once_the_domain_is_removed_or_the_organisation_is_no_longer_verified(alice, erin, institute):
    row = domains.state(alice, institute, "institute.example")
    domains.confirm(erin, row.id)
    first = domains.admit(a_person("a@institute.example"))
    with transaction():
        institute.state = State.REFUSED
    assert domains.admit(a_person("b@institute.example")) is None
    with transaction():
        institute.state = State.VERIFIED
    domains.remove(alice, institute, row.id)
    assert domains.admit(a_person("c@institute.example")) is None
    assert session.get(Membership, first.id) is not None


def test_strangers_editors_and_brokers_neither_see_nor_change_domains(
    client, signed_in, alice, bob, charlie, dana, institute
):
    number = domains.state(alice, institute, "institute.example").id
    hers = signed_in(alice)
    people = {"bob": signed_in(bob), "charlie": signed_in(charlie), "dana": signed_in(dana)}
    for browser in people.values():
        assert browser.get(PAGE).status_code == 403
        assert browser.post(PAGE, data={"domain": "x.example"}).status_code == 403
        assert browser.post(f"{PAGE}/{number}/remove").status_code == 403
    for browser in (*people.values(), hers):
        assert browser.get("/operator/domains").status_code == 403
        assert browser.post(f"/operator/domains/{number}/confirm").status_code == 403
        assert browser.post(f"/operator/domains/{number}/refuse").status_code == 403
    for path in (PAGE, "/operator/domains"):
        assert "/sign-in" in client.get(path).location
    assert session.get(Domain, number).confirmed_at is None


def test_administrator_of_another_organisation_removes_nothing_of_ours(alice, charlie, institute, company):
    row = domains.state(alice, institute, "institute.example")
    with pytest.raises(NotFound):
        domains.remove(charlie, company, row.id)
    with pytest.raises(Forbidden):
        domains.remove(charlie, institute, row.id)


def test_pages_ask_the_database_no_more_for_more_domains(signed_in, alice, erin, institute, count_queries):
    hers, operators = signed_in(alice), signed_in(erin)
    numbers = alice.id, institute.id

    def asked(browser, path):
        session.remove()
        with count_queries() as asked:
            assert browser.get(path).status_code == 200
        return asked.count

    def add(first, last):
        with transaction():
            for number in range(first, last):
                organisation = an_organisation(f"o-{number}", OrganisationKind.COMPANY)
                session.flush()
                session.add_all(Domain(domain=f"d{number}.example", organisation_id=one, created_by_id=numbers[0],
                                       created_at=organisation.created_at) for one in (numbers[1], organisation.id))

    add(0, 1)
    few = asked(hers, PAGE), asked(operators, "/operator/domains")
    add(1, 8)
    assert (asked(hers, PAGE), asked(operators, "/operator/domains")) == few
