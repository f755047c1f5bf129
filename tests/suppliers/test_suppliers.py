"""Whom a buyer accepts is in its library for a year; nobody but the two of them knows."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from conftest import a_person, an_organisation, join
from supplier_facts import OFFER, PDF, WANTED, heard_of_suppliers

from marketplace import clock
from marketplace.audit import AuditEntry
from marketplace.db import session
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.organisations.models import Kind, Role
from marketplace.organisations.models import State as OrganisationState
from marketplace.suppliers import renewing, service
from marketplace.suppliers.models import Library, State, Supplier
from marketplace.suppliers.permissions import calls_visible_to, can_see_call

pytest_plugins = ["supplier_cast"]
SOON = "Your year in the supplier library “{title}” of {buyer} ends on {day}. Renew it now."
OVER = "Your year in the supplier library “{title}” of {buyer} ended on {day}. You can still renew."


def in_days(days: int):
    return clock.at(clock.now() + timedelta(days=days))


def test_applied_and_accepted_for_a_year(applied, charlie, tina):
    assert applied.state is State.APPLIED and applied.waits
    assert heard_of_suppliers(charlie) == ["{organisation} applies to your supplier library “{title}”."]
    service.accept(charlie, applied)
    assert applied.is_valid and applied.valid_until == clock.later(clock.today(), 12)
    assert heard_of_suppliers(tina) == ["You are in the supplier library “{title}” of {buyer} until {day}."]


def test_declined_with_a_reason_and_applied_again(applied, charlie, tina, turner, library):
    with pytest.raises(Invalid) as unsaid:
        service.decline(charlie, applied, "  ")
    assert "reason" in unsaid.value.fields
    service.decline(charlie, applied, "ISO 9001 has lapsed.")
    assert applied.state is State.DECLINED and applied.reason == "ISO 9001 has lapsed."
    again = service.apply(tina, library, turner, {**OFFER, "proof": "Renewed"})
    assert again.id == applied.id and again.state is State.APPLIED and session.query(Supplier).count() == 1


def test_renewed_the_next_year_begins_where_this_one_ends(accepted, charlie, tina, turner, library):
    until = accepted.valid_until
    with pytest.raises(Conflict):
        service.apply(tina, library, turner, OFFER)
    with in_days(330):
        service.apply(tina, library, turner, {**OFFER, "supplies": "Up to 400 mm."})
        assert accepted.renews and accepted.is_valid and accepted.supplies == "Up to 400 mm."
        service.accept(charlie, accepted)
        assert accepted.valid_until == clock.later(until, 12) and not accepted.renews


def test_not_renewed_the_year_runs_to_its_end(accepted, charlie, tina, turner, library):
    until = accepted.valid_until
    with in_days(330):
        service.apply(tina, library, turner, OFFER)
        service.decline(charlie, accepted, "We make them ourselves now.")
        assert accepted.is_valid and accepted.valid_until == until
    assert heard_of_suppliers(tina)[-1].startswith("{buyer} does not renew your place")
    with in_days(370):
        assert accepted.is_expired and service.search(charlie, library, standing="expired")[1] == 1


def test_reminded_once_before_the_end_and_once_after(accepted, charlie, tina):
    with in_days(300):
        assert renewing.run() == 0
    with in_days(340):
        version = accepted.version
        assert renewing.run() == 1 and renewing.run() == 0
        assert session.get(Supplier, accepted.id, populate_existing=True).version == version
    with in_days(368):
        assert renewing.run() == 1 and renewing.run() == 0
    assert heard_of_suppliers(tina).count(SOON) == 1 and heard_of_suppliers(tina).count(OVER) == 1
    assert heard_of_suppliers(charlie)[-1].startswith("{organisation} is no longer in your supplier library")


def test_a_year_renewed_is_reminded_of_again(accepted, charlie, tina, turner, library):
    with in_days(340):
        renewing.run()
        service.apply(tina, library, turner, OFFER)
        service.accept(charlie, accepted)
    with in_days(340 + 365):
        assert renewing.run() == 1


def test_the_buyer_searches_its_library(accepted, charlie, library, alice, institute):
    other = service.apply(alice, library, institute, {"supplies": "Coatings_100%", "proof": ""})
    for text, standing, wanted in (("titanium", "", [accepted.id]), ("turner iso", "", [accepted.id]),
                                   ("100%", "", [other.id]), ("", "in", [accepted.id]), ("", "waiting", [other.id]),
                                   ("", "", [other.id, accepted.id]), ("nothing", "", []), ("", "out", [])):
        found, total = service.search(charlie, library, text, standing)
        assert [one.id for one in found] == wanted and total == len(wanted), (text, standing)
    assert service.counts(charlie, library) == {"in": 1, "waiting": 1, "expired": 0}


def test_nobody_else_sees_who_is_in_it_not_even_staff(accepted, library, alice, dana, erin, institute):
    mine = service.apply(alice, library, institute, OFFER)
    for person in (alice, dana, erin):
        with pytest.raises(NotFound):
            service.search(person, library)
        with pytest.raises(NotFound):
            service.one(person, library, accepted.id)
        with pytest.raises(NotFound):
            service.papers(person, accepted)
    assert service.one(alice, library, mine.id).id == mine.id


def test_the_call_is_for_members_while_it_is_open(library, accepted, charlie, alice, tina, erin):
    newcomer = a_person("new@new.example")
    join(newcomer, an_organisation("new", Kind.COMPANY, OrganisationState.PENDING), Role.ADMIN)

    def who() -> list[bool]:
        seen = []
        for person in (charlie, tina, alice, erin, newcomer, None):
            rule = can_see_call(person, library, service.own_place(person, library))
            asked = session.query(Library).filter(calls_visible_to(person)).count() == 1
            assert rule is asked
            seen.append(rule)
        return seen

    assert who() == [True, True, True, True, False, False]
    service.set_open(charlie, library, False)
    assert who() == [True, True, False, False, False, False]
    assert service.visible_refs(alice, [library.ref]) == []


def test_a_closed_library_takes_renewals_alone(library, accepted, charlie, tina, turner, alice, institute):
    service.set_open(charlie, library, False)
    with pytest.raises(Conflict):
        service.apply(alice, library, institute, OFFER)
    with in_days(320):
        assert service.apply(tina, library, turner, OFFER).renews


def test_who_may_not_apply_or_decide(library, applied, charlie, company, tina, turner, erin):
    looker = a_person("looker@turner.example")
    join(looker, turner, Role.VIEWER)
    for attempt in (lambda: service.apply(charlie, library, company, OFFER),
                    lambda: service.apply(looker, library, turner, OFFER),
                    lambda: service.accept(tina, applied), lambda: service.decline(tina, applied, "Us"),
                    lambda: service.leave(looker, applied), lambda: service.leave(charlie, applied),
                    lambda: service.set_open(tina, library, False),
                    lambda: service.change_library(tina, library, WANTED, None),
                    lambda: service.add_paper(looker, applied, "a.pdf", io.BytesIO(PDF)),
                    lambda: service.open_library(erin, company, WANTED)):
        with pytest.raises(Forbidden):
            attempt()
    with pytest.raises(NotFound):
        service.accept(erin, applied)


def test_the_record_of_acts_names_no_organisation_that_applied(applied, turner):
    noted = session.query(AuditEntry).filter_by(action="supplier.applied").one()
    assert noted.subject_id == applied.id and not noted.details


def test_an_institute_opens_no_library(alice, institute):
    with pytest.raises(Forbidden):
        service.open_library(alice, institute, WANTED)


def test_two_colleagues_decide_once(applied, charlie, company):
    seen = applied.version
    service.accept(charlie, applied, seen)
    with pytest.raises(Conflict):
        service.decline(charlie, applied, "No", seen)
    service.accept(charlie, applied, seen)  # the second click of a double click
    yan = a_person("yan@company.example")
    join(yan, company, Role.EDITOR)
    with pytest.raises(Conflict):
        service.accept(yan, applied)
    assert applied.is_valid and session.query(AuditEntry).filter_by(action="supplier.accepted").count() == 1


def test_a_second_click_opens_and_applies_once(charlie, company, library, tina, turner, applied):
    assert service.open_library(charlie, company, WANTED).id == library.id
    assert service.apply(tina, library, turner, OFFER).id == applied.id
    assert len(heard_of_suppliers(charlie)) == 1


def test_papers_are_read_by_the_two_and_stay_once_decided_on(applied, charlie, tina, library):
    service.add_paper(tina, applied, "iso.pdf", io.BytesIO(PDF))
    kept = service.papers(charlie, applied)[0]
    assert service.paper(charlie, applied, kept.id).name == "iso.pdf"
    service.accept(charlie, applied)
    with pytest.raises(Forbidden):
        service.remove_paper(tina, applied, kept.id)
    with pytest.raises(NotFound):
        service.paper(tina, applied, kept.id + 1)


def test_left_and_back(accepted, tina, turner, library, charlie):
    service.leave(tina, accepted)
    service.leave(tina, accepted)
    assert accepted.state is State.LEFT and not accepted.is_valid
    assert heard_of_suppliers(charlie)[-1] == "{organisation} has left your supplier library “{title}”."
    assert service.apply(tina, library, turner, OFFER).state is State.APPLIED


def test_the_list_takes_as_many_queries_for_many_as_for_one(library, applied, charlie, count_queries):
    def names() -> list[str]:
        return [one.organisation.name for one in service.search(charlie, library)[0]]

    session.expire_all()
    with count_queries() as one:
        names()
    for number in range(5):
        more = an_organisation(f"more-{number}", Kind.COMPANY)
        person = a_person(f"p{number}@more.example")
        join(person, more)
        service.apply(person, library, more, OFFER)
    session.expire_all()
    with count_queries() as many:
        assert len(names()) == 6
    assert many.count <= one.count + 1
