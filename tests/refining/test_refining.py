"""A need is worked over by its company and a broker, step by step, and nobody else takes part."""

from __future__ import annotations

import pytest
from conftest import a_listing, a_person, an_organisation, join
from refining_facts import REFINED, heard
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.listings import service as listings
from marketplace.listings.models import Exclusion, Kind, Listing, ListingVersion, State, VersionState
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.refining import service, texts
from marketplace.refining.models import Refinement, Step, Turn
from marketplace.refining.permissions import can_see, visible_to


def test_a_company_asks_and_every_free_broker_hears(charlie, dana, frank, raw_need):
    with transaction():
        insider = a_person("ines@broker.example", is_broker=True)
    join(insider, raw_need.organisation)
    refinement = service.ask(charlie, raw_need, "The targets are soft.")
    assert (refinement.step, refinement.turn) == (Step.ASKED, Turn.BROKER)
    assert heard(dana) == heard(frank) == ["A company asks a broker to refine “{title}” with it."]
    assert heard(charlie) == heard(insider) == []

pytest_plugins = ["refining_cast"]


def test_asking_twice_is_a_conflict(charlie, asked, raw_need):
    with pytest.raises(Conflict):
        service.ask(charlie, raw_need)


def test_a_broker_may_offer_it_for_a_need_that_was_handed_in(charlie, dana, company):
    raw_need = a_listing(company, Kind.NEED, State.SUBMITTED)
    refinement = service.ask(dana, raw_need)
    assert (refinement.step, refinement.turn, refinement.broker) == (Step.WORKING, Turn.COMPANY, dana)
    assert len(heard(charlie)) == 1


def test_nobody_refines_a_result_or_what_is_over(alice, charlie, institute, company):
    with pytest.raises(Forbidden):
        service.ask(alice, a_listing(institute))
    with pytest.raises(Forbidden):
        service.ask(charlie, a_listing(company, Kind.NEED, State.EXPIRED))


def test_a_viewer_and_strangers_cannot_ask(victor, alice, dana, erin, raw_need):
    for person in (victor, alice, dana, erin):
        with pytest.raises(Forbidden):
            service.ask(person, raw_need)


def test_a_draft_is_shown_to_brokers_only_by_asking_and_to_one_only_once_taken(
    charlie, dana, frank, erin, alice, victor, asked, raw_need
):
    for person in (dana, frank, charlie, victor):
        assert service.get(person, raw_need.ref) is asked
    service.take(dana, asked)
    for person in (frank, erin, alice):
        with pytest.raises(NotFound):
            service.get(person, raw_need.ref)
    with pytest.raises(NotFound):
        listings.get(dana, raw_need.ref)


def test_who_sees_a_refinement_is_the_same_in_python_and_sql(
    charlie, dana, frank, erin, alice, victor, asked, raw_need
):
    def agree() -> None:
        for person in (charlie, victor, dana, frank, erin, alice):
            these = select(Refinement).join(Listing).where(visible_to(person))
            assert (asked in session.scalars(these).all()) == can_see(person, asked), person.email

    agree()
    service.take(dana, asked)
    agree()
    with transaction():
        dana.disabled_at = clock.now()
    agree()
    service.take(frank, asked)
    agree()
    service.end(charlie, asked)
    agree()


def test_a_broker_of_an_organisation_the_need_is_hidden_from_learns_nothing(charlie, dana, raw_need):
    rival = an_organisation("rival", OrganisationKind.COMPANY)
    join(dana, rival)
    with transaction():
        session.add(Exclusion(listing_id=raw_need.id, organisation_id=rival.id))
    session.expire(raw_need)
    service.ask(charlie, raw_need)
    assert heard(dana) == []
    with pytest.raises(NotFound):
        service.get(dana, raw_need.ref)


def test_a_broker_who_belongs_to_the_company_does_not_take_it(charlie, company, raw_need):
    both = a_person("ines@broker.example", is_broker=True)
    join(both, company)
    refinement = service.ask(charlie, raw_need)
    with pytest.raises(Forbidden):
        service.take(both, refinement)


def test_of_two_brokers_one_takes_it(dana, frank, taken):
    with pytest.raises(NotFound):
        service.take(frank, taken)
    assert service.take(dana, taken).broker is dana


def test_a_broker_gives_it_back_and_another_takes_it(charlie, dana, frank, taken):
    service.release(dana, taken)
    assert taken.step is Step.ASKED and "looks for another broker" in heard(frank)[-1]
    assert service.take(frank, taken).broker is frank


def test_when_its_broker_leaves_another_takes_it_where_it_stands(dana, frank, proposed):
    with transaction():
        dana.disabled_at = clock.now()
    service.take(frank, proposed)
    assert (proposed.step, proposed.broker) == (Step.PROPOSED, frank)


def test_either_side_answers_and_hands_over(charlie, dana, taken):
    service.answer(dana, taken, {"symptom": "Cells vent"}, 1, hands_over=True)
    assert taken.turn is Turn.COMPANY and "Please answer" in heard(charlie)[-1]
    service.answer(charlie, taken, {"symptom": "Cells vent at 130 °C"}, taken.questionnaire.version, hands_over=True)
    assert taken.turn is Turn.BROKER and "has answered" in heard(dana)[-1]


def test_a_stale_questionnaire_is_refused_and_nothing_overwritten(charlie, dana, taken):
    service.answer(charlie, taken, {"symptom": "Fire"}, 1)
    with pytest.raises(Conflict):
        service.answer(dana, taken, {"symptom": "Smoke"}, 1)
    assert taken.questionnaire.answers == {"symptom": "Fire"}


def test_a_viewer_and_other_brokers_do_not_answer(victor, frank, taken):
    with pytest.raises(Forbidden):
        service.answer(victor, taken, {"symptom": "Fire"}, 1)
    with pytest.raises(NotFound):
        service.answer(frank, taken, {"symptom": "Fire"}, 1)


def test_only_its_broker_writes_and_the_need_stays_as_it_was(charlie, frank, dana, taken, raw_need):
    service.write(dana, taken, REFINED, taken.version)
    assert raw_need.title == "Battery electrolyte that cannot burn"
    with pytest.raises(Forbidden):
        service.write(charlie, taken, REFINED, None)
    with pytest.raises(NotFound):
        service.write(frank, taken, REFINED, None)


def test_the_text_is_checked_as_any_listing_is(dana, taken):
    with pytest.raises(Invalid) as wrong:
        service.write(dana, taken, {"trl_min": "12", "title": "x" * 400, "confidential": "no"}, None)
    assert set(wrong.value.fields) == {"trl_min", "title", "confidential"}


def test_two_windows_of_the_broker_do_not_overwrite_each_other(dana, taken):
    seen = taken.version
    service.write(dana, taken, {"title": "One"}, seen)
    with pytest.raises(Conflict):
        service.write(dana, taken, {"title": "Two"}, seen)


def test_the_same_text_is_no_proposal(dana, taken):
    service.write(dana, taken, {}, None)
    with pytest.raises(Invalid):
        service.propose(dana, taken)


def test_the_company_approves_and_both_texts_are_kept(charlie, dana, proposed, raw_need):
    service.approve(charlie, proposed, proposed.version)
    assert (raw_need.title, raw_need.details["targets"]) == tuple(REFINED.values())
    assert (proposed.step, proposed.turn, raw_need.state) == (Step.APPROVED, Turn.NOBODY, State.DRAFT)
    kept = session.scalars(select(ListingVersion).where(ListingVersion.listing_id == raw_need.id)).all()
    assert [version.state for version in kept] == [VersionState.KEPT, VersionState.KEPT]
    marks = service.marks_of(raw_need)
    assert [marks[version.id].en for version in kept] == ["Original", "Refined"]
    assert "approved" in heard(dana)[-1]


def test_approving_a_published_need_goes_the_usual_way_to_review(charlie, dana, company):
    raw_need = a_listing(company, Kind.NEED)
    refinement = service.take(dana, service.ask(charlie, raw_need))
    service.write(dana, refinement, REFINED, None)
    service.approve(charlie, service.propose(dana, refinement))
    assert raw_need.title == "Battery electrolyte that cannot burn"
    assert raw_need.details["targets"] == REFINED["targets"]
    assert raw_need.pending is not None and raw_need.pending.state is VersionState.IN_REVIEW
    assert raw_need.pending.content["title"] == REFINED["title"]


def test_nobody_but_the_companys_editors_approves(victor, dana, alice, proposed):
    for person, refusal in ((victor, Forbidden), (dana, Forbidden), (alice, NotFound)):
        with pytest.raises(refusal):
            service.approve(person, proposed)


def test_the_company_sends_it_back_with_a_note(charlie, dana, proposed):
    with pytest.raises(Invalid):
        service.send_back(charlie, proposed, " ")
    service.send_back(charlie, proposed, "The cost limit is missing.")
    assert (proposed.step, proposed.turn) == (Step.WORKING, Turn.BROKER)
    assert "sent the refined text" in heard(dana)[-1]


def test_what_both_have_changed_is_a_clash_that_shows_both(charlie, dana, proposed, raw_need):
    listings.change(charlie, raw_need, {"title": "Ours, newer", "summary": "Ours alone."}, None)
    with pytest.raises(texts.Clash) as clash:
        service.approve(charlie, proposed)
    assert [(c.before, c.after) for c in clash.value.changes] == [("Ours, newer", REFINED["title"])]
    assert raw_need.title == "Ours, newer" and proposed.step is Step.PROPOSED
    decided = texts.digest(texts.now_of(raw_need))
    service.approve(charlie, proposed, keep=["title"], decided_on=decided)
    kept = (raw_need.title, raw_need.summary, raw_need.details["targets"])
    assert kept == ("Ours, newer", "Ours alone.", REFINED["targets"])


def test_a_clash_decided_on_an_older_text_is_shown_again(charlie, proposed, raw_need):
    listings.change(charlie, raw_need, {"title": "Ours, newer"}, None)
    seen = texts.digest(texts.now_of(raw_need))
    listings.change(charlie, raw_need, {"title": "Ours, newest"}, None)
    with pytest.raises(texts.Clash):
        service.approve(charlie, proposed, keep=["title"], decided_on=seen)


def test_the_broker_hears_when_the_need_moved_under_the_form(charlie, dana, taken, raw_need):
    seen = texts.digest(texts.now_of(raw_need))
    listings.change(charlie, raw_need, {"title": "Changed meanwhile"}, None)
    with pytest.raises(texts.Moved):
        service.write(dana, taken, REFINED, taken.version, seen)
    service.write(dana, taken, REFINED, taken.version, texts.digest(texts.now_of(raw_need)))
    assert texts.meanwhile(taken) == []


def test_withdrawing_the_need_ends_it(charlie, dana, taken, raw_need):
    listings.withdraw(charlie, raw_need, "No longer needed")
    service.end_withdrawn([raw_need.id])
    assert taken.step is Step.ENDED and "has ended" in heard(dana)[-1]
    service.end_withdrawn([raw_need.id])
    with pytest.raises(Conflict):
        service.write(dana, taken, REFINED, None)


def test_ended_by_either_side_once(charlie, dana, taken):
    service.end(charlie, taken, "Solved by ourselves")
    assert service.end(charlie, taken) is taken and taken.remark == "Solved by ourselves"


def test_after_the_end_it_can_be_asked_again(charlie, taken, raw_need):
    service.end(charlie, taken)
    assert service.ask(charlie, raw_need).number == 2


def test_staff_do_not_read_what_a_draft_once_said(charlie, dana, erin, proposed, raw_need):
    service.approve(charlie, proposed)
    listings.submit(charlie, raw_need)
    assert listings.versions_of(erin, raw_need) == []
    assert len(listings.versions_of(charlie, raw_need)) == 2
