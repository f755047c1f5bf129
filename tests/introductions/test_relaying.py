"""What one side writes and the broker passes on; who waits for an answer."""

from __future__ import annotations

import pytest

from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import relaying, service, talk
from marketplace.introductions.models import Owes, Side, Stage

pytest_plugins = ["introductions.case_cast"]


@pytest.fixture
def qualified(brought_to):
    return brought_to(Stage.QUALIFIED)


def waiting(broker):
    return session.execute(talk.waiting_replies(broker.id)).all()


def said(person, case):
    return [one.message.body for one in talk.read_messages(person, case)]


def test_the_broker_passes_on_in_one_click(qualified, charlie, alice, dana):
    message = service.write_message(charlie, qualified, "Does it age?")
    assert said(alice, qualified) == []
    talk.pass_on(dana, qualified, message.id)
    assert said(alice, qualified) == ["Does it age?"]
    assert [one.was_passed_on for one in talk.read_messages(dana, qualified)] == [True, False]
    assert [one.can_pass_on for one in talk.read_messages(dana, qualified)] == [False, False]


def test_a_double_click_passes_on_once(qualified, charlie, alice, dana):
    message = service.write_message(charlie, qualified, "Does it age?")
    assert talk.pass_on(dana, qualified, message.id) is talk.pass_on(dana, qualified, message.id)
    assert said(alice, qualified) == ["Does it age?"]


def test_names_addresses_and_numbers_are_left_out(qualified, charlie, alice, dana, company):
    text = f"{charlie.name} here, {charlie.email}, 13800138000 or 0755-26001234, WeChat: charlie_c. We make cabinets."
    message = service.write_message(charlie, qualified, text)
    talk.pass_on(dana, qualified, message.id)
    passed = said(alice, qualified)[0]
    assert "We make cabinets." in passed
    for told in (charlie.name, charlie.email, "13800138000", "26001234", "charlie_c"):
        assert told not in passed


def test_an_anonymous_side_keeps_the_name_of_its_organisation(qualified, charlie, alice, dana, need, company):
    with transaction():
        company.name = "立川制造有限公司"
        need.anonymous = True
    message = service.write_message(charlie, qualified, "立川制造有限公司的产线可以试。")
    talk.pass_on(dana, qualified, message.id)
    assert said(alice, qualified) == ["[…]的产线可以试。"]


def test_a_named_organisation_is_not_veiled(qualified, charlie, alice, dana, company):
    message = service.write_message(charlie, qualified, f"{company.name} has a line.")
    talk.pass_on(dana, qualified, message.id)
    assert said(alice, qualified) == [f"{company.name} has a line."]


def test_the_brokers_own_words_are_checked_too(qualified, charlie, alice, dana):
    message = service.write_message(charlie, qualified, "Does it age?")
    with pytest.raises(Invalid) as refused:
        talk.pass_on(dana, qualified, message.id, f"{charlie.name} asks whether it ages.")
    assert charlie.name in refused.value.fields["body"]
    talk.pass_on(dana, qualified, message.id, f"{charlie.name} asks whether it ages.", anyway=True)
    assert said(alice, qualified) == [f"{charlie.name} asks whether it ages."]


def test_a_word_that_has_a_name_in_it_is_no_name(qualified, charlie):
    with transaction():
        charlie.name = "Al"
    assert relaying.named(qualified, Side.NEED, "All metals, also aluminium") == []
    assert relaying.named(qualified, Side.NEED, "Ask Al.") == ["Al"]
    assert relaying.named(qualified, Side.NEED, "我是Al，请问能否试样？") == ["Al"]


def test_amounts_and_indicators_are_no_telephone_numbers(qualified):
    for text in ("8.9 mS/cm at 25 °C", "2026-11-23", "1,380,013,800 yuan", "GB 38031-2020", "1380013800.5"):
        assert relaying.named(qualified, Side.NEED, text) == [], text


def test_only_the_broker_of_the_case_passes_on(qualified, charlie, alice, frank, erin, mallory):
    message = service.write_message(charlie, qualified, "Does it age?")
    for person, error in ((charlie, Forbidden), (alice, NotFound), (frank, Forbidden), (erin, Forbidden),
                          (mallory, NotFound)):
        with pytest.raises(error):
            talk.pass_on(person, qualified, message.id)


def test_what_the_other_side_reads_already_is_not_passed_on(qualified, dana):
    message = service.write_message(dana, qualified, "Welcome.", "all")
    with pytest.raises(Conflict):
        talk.pass_on(dana, qualified, message.id)


def test_nothing_is_passed_on_once_they_talk_to_each_other(brought_to, charlie, dana):
    message = service.write_message(charlie, brought_to(Stage.QUALIFIED), "Does it age?")
    case = brought_to(Stage.INTRODUCED)
    with pytest.raises(Forbidden):
        talk.pass_on(dana, case, message.id)


def test_a_note_among_brokers_is_never_passed_on(qualified, dana, charlie, alice):
    note = service.write_message(dana, qualified, "They lack money.", "brokers")
    with pytest.raises(Conflict):
        talk.pass_on(dana, qualified, note.id)
    assert said(charlie, qualified) == said(alice, qualified) == []


def test_who_writes_waits_until_somebody_answers(qualified, charlie, dana, frank):
    assert waiting(dana) == []
    service.write_message(charlie, qualified, "Does it age?")
    service.write_message(charlie, qualified, "And in the cold?")
    assert [(row[0], row[2]) for row in waiting(dana)] == [(qualified.id, 2)]
    assert waiting(frank) == []
    service.write_message(dana, qualified, "I will ask.", "demand")
    assert waiting(dana) == [] and qualified.unanswered_since is None


def test_a_message_to_the_other_side_answers_nobody_here(qualified, charlie, dana):
    service.write_message(charlie, qualified, "Does it age?")
    service.write_message(dana, qualified, "A question will come.", "supply")
    service.write_message(dana, qualified, "They are serious.", "brokers")
    assert len(waiting(dana)) == 1 and qualified.unanswered_by is Owes.NEED


def test_what_was_passed_on_waits_no_longer_and_the_answer_does(qualified, charlie, alice, dana):
    message = service.write_message(charlie, qualified, "Does it age?")
    talk.pass_on(dana, qualified, message.id)
    assert waiting(dana) == []
    service.write_message(alice, qualified, "Two per cent a year.")
    assert len(waiting(dana)) == 1 and qualified.unanswered_by is Owes.RESULT


def test_once_they_know_each_other_the_other_side_may_answer(brought_to, charlie, alice, dana):
    case = brought_to(Stage.INTRODUCED)
    service.write_message(charlie, case, "When do we meet?", "all")
    assert len(waiting(dana)) == 1
    service.write_message(alice, case, "On Friday.", "all")
    assert case.unanswered_by is Owes.RESULT


def test_the_broker_says_that_it_needs_no_answer(qualified, charlie, dana, alice):
    message = service.write_message(charlie, qualified, "Thank you!")
    with pytest.raises(Forbidden):
        talk.settle(charlie, qualified, message.id)
    with pytest.raises(NotFound):
        talk.settle(alice, qualified, message.id)
    talk.settle(dana, qualified, message.id)
    assert waiting(dana) == []


def test_a_closed_case_waits_for_nothing(qualified, charlie, dana):
    service.write_message(charlie, qualified, "Hello?")
    service.move(dana, qualified, "close", reason="rejected_at_triage", reason_code="budget")
    assert waiting(dana) == []


def test_the_second_click_says_nothing_twice(interest, charlie):
    first = talk.write_message(charlie, interest, "Is it still free?")
    assert talk.write_message(charlie, interest, "Is it still free? ") is first
    assert len(talk.read_messages(charlie, interest)) == 1
