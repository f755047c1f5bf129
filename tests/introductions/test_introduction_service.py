"""From interest to use, as people do it."""

from datetime import timedelta

import pytest
from case_entries import ANSWERS, entries
from conftest import a_listing
from sqlalchemy import func, select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import service
from marketplace.introductions.mending import mending
from marketplace.introductions.models import History, Introduction, Origin, Owes, Stage, Status
from marketplace.listings import service as listings
from marketplace.listings.models import Grant, Kind, State
from marketplace.listings.permissions import tier_for
from marketplace.messaging.models import Notice

pytest_plugins = ["introductions.case_cast"]


def notices(person):
    return [n.phrase for n in session.scalars(select(Notice).where(Notice.user_id == person.id).order_by(Notice.id))]


def later(monkeypatch, **distance):
    moment = clock.now() + timedelta(**distance)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_stranger_finds_no_introduction(mallory, interest):
    with pytest.raises(NotFound):
        service.get(mallory, interest.ref)


def test_both_sides_brokers_and_operators_find_it(alice, charlie, dana, erin, victor, interest):
    for person in (alice, charlie, dana, erin, victor):
        assert service.get(person, interest.ref) is interest


def test_interest_needs_three_answers(charlie, need, result):
    with pytest.raises(Invalid) as refused:
        service.express_interest(charlie, need, result, **{**ANSWERS, "unclear": " "})
    assert set(refused.value.fields) == {"unclear"}


def test_nobody_expresses_interest_for_others(mallory, need, result):
    with pytest.raises(Forbidden):
        service.express_interest(mallory, need, result, **ANSWERS)


def test_viewer_cannot_express_interest(victor, need, result):
    with pytest.raises(Forbidden):
        service.express_interest(victor, need, result, **ANSWERS)


def test_organisation_is_not_introduced_to_itself(alice, institute, result):
    with pytest.raises(Invalid):
        service.express_interest(alice, a_listing(institute, Kind.NEED), result, **ANSWERS)


def test_paused_counterpart_takes_no_interest(charlie, need, institute):
    with pytest.raises(Conflict):
        service.express_interest(charlie, need, a_listing(institute, state=State.PAUSED), **ANSWERS)


def test_a_draft_is_enough_to_express_interest(charlie, company, result):
    draft = a_listing(company, Kind.NEED, State.DRAFT)
    assert service.express_interest(charlie, draft, result, **ANSWERS).stage is Stage.INTEREST


def test_a_draft_must_be_submitted_before_the_case_is_qualified(charlie, dana, company, result):
    case = service.express_interest(charlie, a_listing(company, Kind.NEED, State.DRAFT), result, **ANSWERS)
    service.move(dana, case, "take")
    with pytest.raises(Conflict, match="draft"):
        service.move(dana, case, "qualify", **entries("qualify"))


def test_excluded_organisation_is_not_introduced(charlie, alice, institute, company, need, result):
    listings.set_exclusions(charlie, need, [institute])
    with pytest.raises(Conflict):
        service.express_interest(alice, need, result, **ANSWERS)


def test_second_interest_joins_the_first(alice, interest, need, result):
    assert service.express_interest(alice, need, result, **ANSWERS) is interest
    assert {i.side for i in interest.interests} == {"need", "result"}
    assert interest.stage is Stage.INTEREST


def test_same_interest_twice_is_one(charlie, interest, need, result):
    assert service.express_interest(charlie, need, result, **ANSWERS) is interest
    assert interest.version == 1


def test_interest_after_a_suggestion_moves_it_on(charlie, need, result):
    case = service.suggest(None, need, result)
    assert service.express_interest(charlie, need, result, **ANSWERS) is case
    assert case.stage is Stage.INTEREST


def test_only_a_broker_of_neither_side_suggests(charlie, dana, need, result):
    with pytest.raises(Forbidden):
        service.suggest(charlie, need, result)
    assert service.suggest(dana, need, result, Origin.BROKER).broker_id == dana.id


def test_system_does_not_suggest_what_was_refused(charlie, need, result):
    service.move(charlie, service.suggest(None, need, result), "close", reason="declined_by_counterpart",
                 reason_code="budget")
    with pytest.raises(Conflict):
        service.suggest(None, need, result)


def test_database_keeps_one_open_introduction_a_pair(interest):
    with pytest.raises(Exception, match=r"(?i)unique"), session.begin_nested():
        session.add(Introduction(ref="I-x", need_id=interest.need_id, result_id=interest.result_id,
                                 stage=Stage.INTEREST, origin=Origin.SEARCH, created_at=clock.now(),
                                 entered_stage_at=clock.now()))
        session.flush()


def test_whole_way_from_interest_to_use(brought_to, charlie, dana, need):
    case = brought_to(Stage.IMPLEMENTED)
    service.move(dana, case, "close", reason="completed")
    assert [h.to_stage for h in service.history(charlie, case) if h.from_stage != h.to_stage] == list(range(1, 9))
    assert need.state is State.MATCHED


def test_second_consent_introduces(brought_to, alice, charlie, need, result):
    case = brought_to(Stage.QUALIFIED)
    service.move(charlie, case, "consent")
    assert (case.stage, case.owed_by) == (Stage.QUALIFIED, Owes.RESULT)
    assert tier_for(alice, need) == 1
    service.move(alice, case, "consent")
    assert case.stage is Stage.INTRODUCED
    assert (tier_for(alice, need), tier_for(charlie, result)) == (2, 2)


def test_tier_three_text_waits_for_the_nda(brought_to, alice, charlie, result):
    with transaction():
        result.confidential, result.confidential_tier = "The additive is X.", 3
    case = brought_to(Stage.QUALIFIED)
    for person in (alice, charlie):
        service.move(person, case, "consent")
    assert (case.stage, case.owed_by) == (Stage.QUALIFIED, Owes.BOTH)
    for person in (alice, charlie):
        service.move(person, case, "sign_nda", agree=True)
    assert case.stage is Stage.INTRODUCED
    assert tier_for(charlie, result) == 3


def test_nda_signed_later_opens_tier_three(brought_to, alice, charlie, result):
    case = brought_to(Stage.DISCUSSING)
    service.move(alice, case, "sign_nda", agree=True)
    assert tier_for(charlie, result) == 2
    service.move(charlie, case, "sign_nda", agree=True)
    assert tier_for(charlie, result) == 3


def test_closing_takes_back_what_was_opened(brought_to, alice, charlie, need):
    case = brought_to(Stage.DISCUSSING)
    service.move(charlie, case, "close", reason="no_agreement", reason_code="terms")
    assert tier_for(alice, need) == 1
    assert session.scalar(select(func.count()).select_from(Grant).where(Grant.revoked_at.is_(None))) == 0


def test_completed_case_keeps_what_was_opened(brought_to, alice, dana, need):
    service.move(dana, brought_to(Stage.IMPLEMENTED), "close", reason="completed")
    assert tier_for(alice, need) == 2


def test_back_from_introduced_needs_new_consents(brought_to, alice, charlie, dana, need):
    case = brought_to(Stage.INTRODUCED)
    service.move(dana, case, "back", note="Consent was given by mistake.")
    assert (case.stage, case.owed_by, tier_for(alice, need)) == (Stage.QUALIFIED, Owes.BOTH, 1)
    for person in (alice, charlie):
        service.move(person, case, "consent")
    assert case.stage is Stage.INTRODUCED


def test_contract_without_evidence_waits_for_both(brought_to, alice, charlie, dana):
    case = brought_to(Stage.NEGOTIATING)
    service.move(dana, case, "record_contract", **entries("record_contract"))
    assert (case.stage, case.owed_by) == (Stage.NEGOTIATING, Owes.BOTH)
    service.move(charlie, case, "confirm_contract")
    service.move(alice, case, "confirm_contract")
    assert case.stage is Stage.SIGNED


def test_amount_or_undisclosed(brought_to, dana):
    case = brought_to(Stage.NEGOTIATING)
    for given in ({"amount": None}, {"undisclosed": True}):
        with pytest.raises(Invalid) as refused:
            service.move(dana, case, "sign", **entries("sign", **given))
        assert "amount" in refused.value.fields


def test_no_needs_a_reason_code(alice, interest):
    with pytest.raises(Invalid) as refused:
        service.move(alice, interest, "close", reason="declined_by_counterpart")
    assert set(refused.value.fields) == {"reason_code"}
    with pytest.raises(Invalid) as refused:
        service.move(alice, interest, "close", reason="declined_by_counterpart", reason_code="other")
    assert set(refused.value.fields) == {"note"}


def test_completed_only_from_performing_or_implemented(brought_to, dana):
    with pytest.raises(Conflict):
        service.move(dana, brought_to(Stage.SIGNED), "close", reason="completed")


def test_reopen_returns_to_the_stage_before(brought_to, alice, dana):
    case = brought_to(Stage.DISCUSSING)
    service.move(alice, case, "close", reason="no_agreement", reason_code="terms")
    service.move(dana, case, "reopen", note="New terms.")
    assert (case.stage, case.status, case.close_reason) == (Stage.DISCUSSING, Status.ACTIVE, None)


def test_reopen_waits_for_the_other_one(alice, charlie, dana, interest, need, result):
    service.move(charlie, interest, "close", reason="withdrawn", reason_code="timing")
    service.express_interest(alice, need, result, **ANSWERS)
    assert "reopen" not in {m.move.name for m in service.available_moves(dana, interest)}
    with pytest.raises(Conflict):
        service.move(dana, interest, "reopen", note="Again.")


def test_move_out_of_order_is_refused(brought_to, dana):
    case = brought_to(Stage.QUALIFIED)
    with pytest.raises(Conflict):
        service.move(dana, case, "sign", **entries("sign"))


def test_skip_needs_a_note_and_never_passes_over_the_contract(brought_to, dana):
    case = brought_to(Stage.DISCUSSING)
    with pytest.raises(Conflict):
        service.move(dana, case, "skip", to_stage=6, note="They signed last week.")
    service.move(dana, case, "record_contract", **entries("record_contract"))
    with pytest.raises(Conflict):
        service.move(dana, case, "skip", to_stage=6, note="They signed last week.")


def test_unknown_move_is_named(dana, interest):
    with pytest.raises(Invalid) as refused:
        service.move(dana, interest, "teleport")
    assert "teleport" in refused.value.fields["move"]


def test_second_broker_is_told_that_the_first_was_faster(dana, frank, interest):
    seen = interest.version
    service.move(dana, interest, "take", version=seen)
    with pytest.raises(Conflict):
        service.move(frank, interest, "take", version=seen)
    assert interest.broker_id == dana.id


def test_double_click_is_harmless(dana, interest):
    seen = interest.version
    for _ in range(2):
        service.move(dana, interest, "take", version=seen)
    assert interest.version == seen + 1


def test_same_form_with_other_words_is_not_a_double_click(brought_to, alice):
    case = brought_to(Stage.DISCUSSING)
    seen = case.version
    service.move(alice, case, "discuss", version=seen, **entries("discuss"))
    with pytest.raises(Conflict):
        service.move(alice, case, "discuss", version=seen, **entries("discuss", text="Another meeting."))


def test_stale_row_loses_in_the_database(dana, interest):
    session.execute(Introduction.__table__.update().values(version=9))
    with pytest.raises(Conflict):
        service.move(dana, interest, "take")


def test_broker_dates_a_move_back_but_not_before_the_last(brought_to, dana, monkeypatch):
    case = brought_to(Stage.QUALIFIED)
    began = case.entered_stage_at
    later(monkeypatch, days=20)
    with pytest.raises(Invalid):
        service.move(dana, case, "hold", effective_at=began - timedelta(days=1), **entries("hold"))
    service.move(dana, case, "hold", effective_at=began + timedelta(days=2), **entries("hold"))
    last = service.history(dana, case)[-1]
    assert last.effective_at == began + timedelta(days=2)
    assert last.recorded_at == clock.now()


def test_side_cannot_date_a_move_back(brought_to, alice):
    case = brought_to(Stage.INTRODUCED)
    with pytest.raises(Invalid) as refused:
        service.move(alice, case, "meet", effective_at=clock.now(), **entries("meet"))
    assert "effective_at" in refused.value.fields


def test_nobody_brokers_their_own_organisations_case(dana, institute, interest):
    from conftest import join

    join(dana, institute)
    assert "take" not in {m.move.name for m in service.available_moves(dana, interest)}


def test_reason_goes_back_without_a_name(alice, charlie, dana, brought_to, need, result):
    case = brought_to(Stage.QUALIFIED)
    service.move(alice, case, "close", reason="declined_by_counterpart", reason_code="not_our_field",
                 note="We do steel.")
    told = notices(charlie)[-1]
    assert "Not our field" in str(told)
    assert "Alice" not in str(told)
    no = mending(charlie, need).rows[0]
    assert (no.code, no.said) == ("not_our_field", ("We do steel.",))
    assert mending(alice, result) is None


def test_reasons_are_for_the_authors(mallory, alice, interest, need):
    service.move(alice, interest, "close", reason="declined_by_counterpart", reason_code="timing")
    assert mending(mallory, need) is None


def test_assigned_broker_must_be_a_broker_of_neither_side(erin, frank, charlie, interest):
    with pytest.raises(Invalid):
        service.move(erin, interest, "assign", broker=charlie.email)
    service.move(erin, interest, "assign", broker=frank.email)
    assert interest.broker_id == frank.id


def test_message_before_introduction_goes_to_the_broker_only(alice, charlie, dana, interest):
    service.write_message(charlie, interest, "Is it flammable?")
    assert [s.message.body for s in service.read_messages(dana, interest)] == ["Is it flammable?"]
    assert service.read_messages(alice, interest) == []


def test_side_cannot_write_past_the_broker(charlie, interest):
    with pytest.raises(Invalid):
        service.write_message(charlie, interest, "Call me!", "all")


def test_brokers_note_stays_with_brokers(alice, charlie, dana, interest):
    service.write_message(dana, interest, "Looks serious.", "brokers")
    assert service.read_messages(alice, interest) == service.read_messages(charlie, interest) == []


def test_stranger_cannot_read_or_write(mallory, interest):
    with pytest.raises(NotFound):
        service.read_messages(mallory, interest)
    with pytest.raises(NotFound):
        service.write_message(mallory, interest, "Hi")


def test_history_is_never_rewritten(brought_to, alice):
    case = brought_to(Stage.DISCUSSING)
    before = [(h.id, h.move, h.effective_at, h.note) for h in service.history(alice, case)]
    service.move(alice, case, "discuss", **entries("discuss"))
    after = [(h.id, h.move, h.effective_at, h.note) for h in service.history(alice, case)]
    assert after[:-1] == before
    assert session.scalar(select(func.count()).select_from(History)) == len(after)
