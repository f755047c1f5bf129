"""Documents of a case: who reads them when, in which versions, and that the owner sees who did."""

from __future__ import annotations

import io

import pytest
from meeting_plans import PDF
from sqlalchemy import select

from marketplace import clock
from marketplace.audit import AuditEntry
from marketplace.casework import filing, reading_log
from marketplace.casework.models import Reach
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.files.types import LARGEST
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Side, Stage
from marketplace.listings import service as listings
from marketplace.organisations.models import Membership

pytest_plugins = ["introductions.case_cast"]


def added(person, case, reach, title="Report", name="report.pdf", content=PDF):
    return filing.add(person, case, title, reach, name, io.BytesIO(content))


def titles(person, case):
    return [shown.document.title for shown in filing.of_case(person, case)]


@pytest.mark.parametrize(("reach", "stage", "nda", "reads"), [
    (Reach.SIDES, Stage.INTEREST, False, True), (Reach.SIDES, Stage.INTRODUCED, False, True),
    (Reach.INTRODUCED, Stage.QUALIFIED, False, False), (Reach.INTRODUCED, Stage.INTRODUCED, False, True),
    (Reach.NDA, Stage.INTRODUCED, False, False), (Reach.NDA, Stage.INTRODUCED, True, True),
    (Reach.BROKERS, Stage.SIGNED, True, False),
])
def test_the_other_side_reads_as_far_as_the_case_has_come(
    brought_to, alice, charlie, dana, erin, reach, stage, nda, reads
):
    case = brought_to(stage)
    document = added(alice, case, reach)
    if nda:
        for person in (alice, charlie):
            introductions.move(person, case, "sign_nda", agree=True)
    for person in (alice, dana, erin):
        assert filing.open_version(person, case, document.id, 1).name == "report.pdf"
    assert (titles(charlie, case) == ["Report"]) is reads
    if not reads:
        with pytest.raises(NotFound):
            filing.open_version(charlie, case, document.id, 1)


def test_the_paper_of_an_anonymous_side_waits_until_it_may_be_known(brought_to, alice, charlie, result):
    with transaction():
        result.anonymous = True
    case = brought_to(Stage.QUALIFIED)
    added(alice, case, Reach.SIDES)
    assert titles(charlie, case) == []
    assert titles(charlie, brought_to(Stage.INTRODUCED)) == ["Report"]


def test_withdrawn_consent_closes_what_the_introduction_had_opened(brought_to, alice, charlie):
    case = brought_to(Stage.INTRODUCED)
    document = added(alice, case, Reach.INTRODUCED)
    introductions.move(alice, case, "withdraw_consent")
    with pytest.raises(NotFound):
        filing.open_version(charlie, case, document.id, 1)


def test_outsiders_find_nothing(brought_to, alice, mallory, victor):
    case = brought_to(Stage.INTRODUCED)
    document = added(alice, case, Reach.SIDES)
    with pytest.raises(NotFound):
        filing.open_version(mallory, case, document.id, 1)
    assert titles(victor, case) == ["Report"]
    with pytest.raises(Forbidden):
        added(victor, case, Reach.SIDES)
    with pytest.raises(NotFound):
        added(mallory, case, Reach.SIDES)


def test_a_document_of_another_case_is_not_this_ones(brought_to, alice, interest):
    case = brought_to(Stage.INTRODUCED)
    document = added(alice, case, Reach.SIDES)
    with pytest.raises(NotFound):
        filing.open_version(alice, case, document.id + 1, 1)
    with pytest.raises(NotFound):
        filing.open_version(alice, case, document.id, 2)


def test_versions_are_kept(brought_to, alice, charlie):
    case = brought_to(Stage.INTRODUCED)
    document = added(alice, case, Reach.SIDES)
    filing.add_version(alice, document, "report-2.pdf", io.BytesIO(PDF + b"2"), "With ageing data")
    assert filing.open_version(charlie, case, document.id, 1).name == "report.pdf"
    assert filing.open_version(charlie, case, document.id, 2).name == "report-2.pdf"
    with pytest.raises(Forbidden):
        filing.add_version(charlie, document, "mine.pdf", io.BytesIO(PDF))


def test_what_is_taken_away_is_gone_and_its_readings_stay(brought_to, alice, charlie, dana):
    case = brought_to(Stage.INTRODUCED)
    document = added(alice, case, Reach.INTRODUCED)
    filing.open_version(charlie, case, document.id, 1)
    with pytest.raises(Forbidden):
        filing.remove(dana, document)
    filing.remove(alice, document)
    assert titles(alice, case) == titles(charlie, case) == []
    assert reading_log.of_case(alice, case)[1] == 1


@pytest.mark.parametrize(("name", "content", "field"), [
    ("virus.exe", b"MZ", "file"), ("report.pdf", b"not a pdf", "file"), ("report.pdf", b"", "file"),
    ("huge.pdf", PDF + b"0" * LARGEST, "file"),
])
def test_what_is_no_document_is_refused_and_nothing_is_kept(brought_to, alice, name, content, field):
    case = brought_to(Stage.INTRODUCED)
    with pytest.raises(Invalid) as refused:
        added(alice, case, Reach.SIDES, name=name, content=content)
    assert set(refused.value.fields) == {field}
    assert titles(alice, case) == []


def test_who_may_read_it_has_to_be_said(brought_to, alice):
    with pytest.raises(Invalid) as refused:
        added(alice, brought_to(Stage.INTRODUCED), "everybody")
    assert set(refused.value.fields) == {"reach"}


def test_nothing_is_added_to_a_closed_case(brought_to, alice, dana):
    case = brought_to(Stage.INTRODUCED)
    introductions.move(dana, case, "close", reason="no_agreement", reason_code="terms")
    with pytest.raises(Conflict):
        added(alice, case, Reach.SIDES)


def test_owner_sees_who_read_which_version(brought_to, alice, bob, charlie, company):
    case = brought_to(Stage.INTRODUCED)
    document = added(alice, case, Reach.INTRODUCED)
    filing.open_version(charlie, case, document.id, 1)
    filing.open_version(bob, case, document.id, 1)  # a colleague's reading concerns nobody
    rows, total = reading_log.of_case(bob, case)
    assert total == 1
    assert (rows[0].organisation, rows[0].person, rows[0].tier) == (company, charlie.name, 2)
    assert "Report" in str(rows[0].what[0]) and "1" in str(rows[0].what[0])
    assert reading_log.of_case(charlie, case)[0] == []


def test_tier_one_is_not_recorded(brought_to, alice, charlie):
    case = brought_to(Stage.INTRODUCED)
    document = added(alice, case, Reach.SIDES)
    filing.open_version(charlie, case, document.id, 1)
    assert reading_log.of_case(alice, case)[1] == 0


def test_owner_of_a_listing_sees_who_read_its_confidential_part(brought_to, alice, charlie, dana, result, company):
    with transaction():
        result.confidential, result.confidential_tier = "The recipe", 2
    case = brought_to(Stage.INTRODUCED)
    listings.reading(charlie, result)
    listings.reading(dana, result)
    listings.reading(alice, result)
    rows, total = reading_log.of_listing(alice, result)
    assert total == 2
    staff, other = rows
    assert (staff.is_staff, staff.person, staff.organisation) == (True, dana.name, None)
    assert (other.organisation, other.person, other.introduction_ref) == (company, charlie.name, case.ref)
    assert [str(what) for what in other.what] == ["the confidential part", "the contact person"][:len(other.what)]


def test_only_its_own_people_and_operators_see_the_record_of_a_listing(
    brought_to, result, charlie, dana, mallory, erin
):
    brought_to(Stage.INTRODUCED)
    assert reading_log.of_listing(erin, result) is not None
    for person in (charlie, dana, mallory, None):
        with pytest.raises(NotFound):
            reading_log.of_listing(person, result)


def test_a_reader_who_left_is_still_named_with_the_organisation_they_read_for(brought_to, alice, charlie, company):
    case = brought_to(Stage.INTRODUCED)
    document = added(alice, case, Reach.INTRODUCED)
    filing.open_version(charlie, case, document.id, 1)
    with transaction():
        session.delete(session.scalars(select(Membership).where(Membership.user_id == charlie.id)).one())
    session.expire_all()
    rows, _ = reading_log.of_case(alice, case)
    assert (rows[0].organisation, rows[0].person) == (company, charlie.name)


def test_reading_log_asks_the_same_however_long_it_is(brought_to, alice, charlie, count_queries):
    case = brought_to(Stage.INTRODUCED)
    documents = [added(alice, case, Reach.INTRODUCED, title=f"Report {n}") for n in range(3)]

    def asked():
        with count_queries() as counted:
            reading_log.of_case(alice, case)
        return counted.count

    filing.open_version(charlie, case, documents[0].id, 1)
    asked()
    first = asked()
    for document in documents * 3:
        filing.open_version(charlie, case, document.id, 1)
    session.expire_all()
    asked()
    assert asked() <= first
    assert session.query(AuditEntry).filter_by(action="document.read").count() == 10
    assert documents[0].side is Side.RESULT


def test_a_document_sent_twice_by_a_double_click_is_filed_once(brought_to, alice, dana):
    case = brought_to(Stage.QUALIFIED)
    first = added(alice, case, Reach.SIDES)
    assert added(alice, case, Reach.SIDES).id == first.id
    assert titles(dana, case) == ["Report"]


def test_the_same_bytes_under_another_title_or_for_others_are_another_document(brought_to, alice, dana):
    case = brought_to(Stage.QUALIFIED)
    for title, reach in (("Report", Reach.SIDES), ("Report", Reach.BROKERS), ("Appendix", Reach.SIDES)):
        added(alice, case, reach, title=title)
    assert titles(dana, case) == ["Appendix", "Report", "Report"]


def test_the_same_document_filed_again_later_is_filed(brought_to, alice, dana, monkeypatch):
    case = brought_to(Stage.QUALIFIED)
    added(alice, case, Reach.SIDES)
    later = clock.now() + 2 * filing.TWICE
    monkeypatch.setattr(clock, "now", lambda: later)
    added(alice, case, Reach.SIDES)
    assert titles(dana, case) == ["Report", "Report"]
