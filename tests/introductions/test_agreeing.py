"""Consents and the NDA: records with their wording, taken back, signed on the page or on paper."""

from __future__ import annotations

import io
from hashlib import sha256

import pytest
from introductions.case_entries import entries

from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import agreeing, service, wordings
from marketplace.introductions.making import tier_of
from marketplace.introductions.models import Consent, Side, Stage
from marketplace.introductions.reading import read
from marketplace.listings import service as listings

pytest_plugins = ["introductions.case_cast"]
PDF = b"%PDF-1.7 signed and sealed"


@pytest.fixture
def qualified(brought_to):
    return brought_to(Stage.QUALIFIED)


def sent(person, case, name="signed.pdf", content=PDF):
    return agreeing.send_copy(person, case, name, io.BytesIO(content))


def text_of(wording):
    said = [wording.title, wording.opening, *wording.clauses]
    return sha256("\n".join(f"{label.zh}\n{label.en}" for label in said).encode()).hexdigest()[:16]


def test_a_wording_that_was_in_force_is_never_changed():
    """A new edition takes its place: whoever changes a text here has changed what people have signed."""
    assert {edition: text_of(wording) for edition, wording in wordings.CONSENTS.items()} == {
        "2026-1": "f03d978f57fdbfcf"}
    assert {edition: text_of(wording) for edition, wording in wordings.NON_DISCLOSURES.items()} == {
        "2026-1": "6d9ab29f72f98654", "2026-2": "42de3a39d0fa9163"}
    assert wordings.CONSENT_IN_FORCE in wordings.CONSENTS and wordings.NDA_IN_FORCE in wordings.NON_DISCLOSURES


def test_a_consent_says_who_agreed_to_which_words_when(qualified, charlie, dana):
    service.move(charlie, qualified, "consent")
    given = agreeing.consents(dana, qualified)[0]
    assert (given.side, given.person, given.wording.edition, given.withdrawn_at) == (
        Side.NEED, charlie.name, wordings.CONSENT_IN_FORCE, None)


def test_the_other_side_sees_that_there_is_a_consent_and_not_whose(qualified, charlie, alice, need):
    with transaction():
        need.anonymous = True
    service.move(charlie, qualified, "consent")
    given = agreeing.consents(alice, qualified)[0]
    assert (given.person, given.organisation) == (None, None)


def test_consent_taken_back_before_the_release_is_kept_and_does_not_count(qualified, charlie, alice):
    service.move(charlie, qualified, "consent")
    service.move(charlie, qualified, "withdraw_consent")
    service.move(alice, qualified, "consent")
    assert qualified.stage is Stage.QUALIFIED
    given = agreeing.consents(charlie, qualified)[0]
    assert given.withdrawn_at is not None and given.withdrawn_by == charlie.name
    service.move(charlie, qualified, "consent")
    assert qualified.stage is Stage.INTRODUCED and len(qualified.consents) == 3


def test_consent_taken_back_later_stops_what_would_still_be_released(brought_to, charlie, alice, result):
    case = brought_to(Stage.INTRODUCED)
    assert tier_of(case) == 2 and read(charlie, case).result.people
    service.move(alice, case, "withdraw_consent", note="A new owner.")
    assert case.stage is Stage.INTRODUCED and tier_of(case) == 1
    assert read(charlie, case).result.people == () and read(alice, case).result.people
    assert listings.reading(charlie, result).tier == 1
    service.move(alice, case, "consent")
    assert tier_of(case) == 2 and read(charlie, case).result.people


def test_nobody_takes_back_what_they_did_not_give(qualified, charlie, dana, victor):
    with pytest.raises(Conflict):
        service.move(charlie, qualified, "withdraw_consent")
    service.move(charlie, qualified, "consent")
    for person in (dana, victor):
        with pytest.raises(Forbidden):
            service.move(person, qualified, "withdraw_consent")


def test_both_sign_the_edition_that_the_first_has_signed(qualified, charlie, alice, dana, monkeypatch):
    monkeypatch.setattr("marketplace.introductions.conditions.NDA_IN_FORCE", "2026-1")
    service.move(charlie, qualified, "sign_nda", **entries("sign_nda"))
    monkeypatch.undo()
    service.move(alice, qualified, "sign_nda", **entries("sign_nda"))
    found = agreeing.agreement(dana, qualified)
    assert found.is_in_force and found.wording.edition == "2026-1"
    assert {party.signature.wording.edition for party in found.parties} == {"2026-1"}


def test_one_signs_on_paper_and_the_other_on_the_page(qualified, charlie, alice, dana):
    copy = sent(charlie, qualified)
    assert not agreeing.agreement(dana, qualified).parties[0].signature
    service.move(alice, qualified, "sign_nda", **entries("sign_nda"))
    service.move(dana, qualified, "accept_nda", signer="need")
    found = agreeing.agreement(dana, qualified)
    assert found.is_in_force and found.parties[0].signature.was_on_paper and not found.parties[1].signature.was_on_paper
    assert (copy.checked_by_id, found.parties[0].signature.person) == (dana.id, charlie.name)


def test_signatures_open_what_an_nda_protects(brought_to, charlie, alice, dana):
    case = brought_to(Stage.INTRODUCED)
    sent(charlie, case)
    sent(alice, case)
    service.move(dana, case, "accept_nda", signer="need")
    assert tier_of(case) == 2
    service.move(dana, case, "accept_nda", signer="result")
    assert tier_of(case) == 3


def test_a_copy_that_will_not_do_is_sent_back_with_the_reason(qualified, charlie, dana):
    copy = sent(charlie, qualified)
    with pytest.raises(Invalid):
        agreeing.refuse_copy(dana, qualified, copy.id, "")
    agreeing.refuse_copy(dana, qualified, copy.id, "Page 2 is missing.")
    assert not qualified.signatures
    with pytest.raises(Conflict):
        agreeing.refuse_copy(dana, qualified, copy.id, "Again")
    with pytest.raises(Conflict):
        service.move(dana, qualified, "accept_nda", signer="need")
    again = sent(charlie, qualified)
    assert [c.id for c in agreeing.copies(charlie, qualified)] == [again.id, copy.id]


def test_one_copy_at_a_time(qualified, charlie):
    sent(charlie, qualified)
    with pytest.raises(Conflict):
        sent(charlie, qualified)


@pytest.mark.parametrize(("name", "content"), [("nda.docx", PDF), ("nda.pdf", b"no pdf"), ("nda.png", PDF),
                                               ("nda.exe", b"MZ")])
def test_only_a_scan_is_a_signed_copy(qualified, charlie, name, content):
    with pytest.raises(Invalid) as refused:
        sent(charlie, qualified, name, content)
    assert set(refused.value.fields) == {"file"}
    assert qualified.signed_copies == []


def test_who_may_not_sign_sends_nothing(qualified, interest, dana, victor, mallory):
    for person, error in ((dana, Forbidden), (victor, Forbidden), (mallory, NotFound)):
        with pytest.raises(error):
            sent(person, qualified)


def test_nothing_is_signed_before_a_broker_has_taken_it_on(interest, charlie):
    with pytest.raises(Conflict):
        sent(charlie, interest)


def test_a_copy_is_opened_by_its_side_and_the_broker_until_names_are_released(brought_to, charlie, alice, dana):
    case = brought_to(Stage.QUALIFIED)
    copy = sent(charlie, case)
    for person in (charlie, dana):
        assert agreeing.open_copy(person, case, copy.id).name == "signed.pdf"
    with pytest.raises(NotFound):
        agreeing.open_copy(alice, case, copy.id)
    service.move(dana, case, "accept_nda", signer="need")
    brought_to(Stage.INTRODUCED)
    assert agreeing.open_copy(alice, case, copy.id)


def test_only_the_broker_of_the_case_checks(qualified, charlie, alice, frank):
    copy = sent(charlie, qualified)
    for person in (charlie, alice, frank):
        with pytest.raises(Forbidden):
            agreeing.refuse_copy(person, qualified, copy.id, "No")
        with pytest.raises(Forbidden):
            service.move(person, qualified, "accept_nda", signer="need")


def test_a_copy_of_another_case_is_not_this_ones(qualified, charlie, dana):
    copy = sent(charlie, qualified)
    with pytest.raises(NotFound):
        agreeing.open_copy(dana, qualified, copy.id + 1)


def test_a_step_back_makes_consents_void_and_keeps_them(brought_to, dana):
    case = brought_to(Stage.INTRODUCED)
    service.move(dana, case, "back", note="Too soon.")
    assert session.query(Consent).filter_by(introduction_id=case.id).count() == 2
    assert all(given.withdrawn_at and given.withdrawn_by is None for given in agreeing.consents(dana, case))
