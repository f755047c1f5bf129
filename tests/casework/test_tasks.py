"""Tasks: from the template of the type of contract, by hand, done and undone, reminded of once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from introductions.case_entries import entries
from meeting_plans import a_task
from sqlalchemy import select

from marketplace import clock, workdays
from marketplace.casework import tasks
from marketplace.casework.models import Task
from marketplace.casework.templates import TEMPLATES, Item, title_of
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Owes, Stage
from marketplace.listings.vocabulary import CONTRACT_TYPES
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Membership

pytest_plugins = ["introductions.case_cast"]


def codes(case):
    return {task.code for task in session.scalars(select(Task).where(Task.introduction_id == case.id))}


def reminders(person):
    return session.scalars(select(Notice).where(Notice.user_id == person.id, Notice.kind == "reminders")).all()


@pytest.fixture
def introduced(brought_to):
    return brought_to(Stage.INTRODUCED)


@pytest.fixture
def task(introduced, dana):
    return tasks.set_task(dana, introduced, **a_task())


def test_every_type_of_contract_has_a_template():
    assert set(TEMPLATES) == set(CONTRACT_TYPES)
    for contract_type, items in TEMPLATES.items():
        assert len({item.code for item in items}) == len(items), contract_type
        assert any(item.code == "register" for item in items)


def test_no_task_falls_due_on_a_free_day():
    for begins in (date(2026, 9, 24), date(2026, 2, 10), date(2026, 12, 31)):
        for items in TEMPLATES.values():
            assert all(workdays.is_working(item.due_on(begins)) for item in items)


def test_a_legal_term_ends_before_a_holiday_and_not_after_it():
    begins = date(2026, 9, 3)  # thirty days on it is National Day's week
    register = next(item for item in TEMPLATES["licence"] if item.code == "register")
    assert register.due_on(begins) <= begins + timedelta(days=30)
    usual = Item("x", register.title, Owes.BROKER, register.since, days=30)
    assert usual.due_on(begins) > begins + timedelta(days=30)


def test_the_foreseen_type_brings_its_tasks_once(brought_to):
    case = brought_to(Stage.NEGOTIATING)
    tasks.follow([case.id])
    first = codes(case)
    tasks.follow([case.id, case.id])
    assert first and codes(case) == first
    assert all(code.startswith("licence.") for code in first)
    assert "licence.register" not in first


def test_the_contract_brings_what_counts_from_signing(brought_to, dana):
    case = brought_to(Stage.SIGNED)
    tasks.follow([case.id])
    found = {task.code: task for task in tasks.of_case(dana, case)}
    assert {"licence.draft", "licence.register", "licence.kick_off"} <= set(found)
    assert found["licence.register"].due_on <= case.contracts[-1].signed_on + timedelta(days=30)
    assert tasks.title(found["licence.register"]) == title_of("licence.register")


def test_another_type_than_foreseen_does_not_repeat_what_both_have(brought_to, dana):
    case = brought_to(Stage.NEGOTIATING)
    tasks.follow([case.id])
    introductions.move(dana, case, "sign", **entries("sign", contract_type="development"))
    tasks.follow([case.id])
    names = [code.partition(".")[2] for code in codes(case)]
    assert len(names) == len(set(names))


def test_nothing_is_planned_for_a_closed_case(brought_to, dana):
    case = brought_to(Stage.NEGOTIATING)
    introductions.move(dana, case, "close", reason="no_agreement", reason_code="terms")
    tasks.follow([case.id])
    assert codes(case) == set()


def test_broker_uses_a_template_by_hand(introduced, dana, charlie):
    assert tasks.use_template(dana, introduced, "service") > 5
    assert tasks.use_template(dana, introduced, "service") == 0
    with pytest.raises(Forbidden):
        tasks.use_template(charlie, introduced, "service")
    with pytest.raises(Invalid):
        tasks.use_template(dana, introduced, "barter")


def test_done_and_undone(task, charlie, alice):
    with pytest.raises(Forbidden):
        tasks.finish(alice, task)
    tasks.finish(charlie, task)
    assert (task.done_by_id, task.is_open) == (charlie.id, False)
    tasks.undo(charlie, task)
    assert task.is_open and task.done_by_id is None


def test_a_dropped_task_is_gone_from_the_list(task, dana, introduced):
    tasks.drop(dana, task)
    assert tasks.of_case(dana, introduced) == []
    with pytest.raises(Conflict):
        tasks.finish(dana, task)


@pytest.mark.parametrize(("changes", "field"), [
    ({"title": " "}, "title"), ({"title": "x" * 201}, "title"), ({"owner": "nobody"}, "owner"),
    ({"owner": ""}, "owner"), ({"due_on": None}, "due_on"), ({"due_on": date(2222, 1, 1)}, "due_on"),
    ({"note": "x" * 2001}, "note"),
    ({"person": 999_999}, "person"),
])
def test_each_wrong_entry_has_its_word(introduced, dana, changes, field):
    with pytest.raises(Invalid) as refused:
        tasks.set_task(dana, introduced, **a_task(**changes))
    assert set(refused.value.fields) == {field}


def test_a_side_sets_tasks_for_itself_only(introduced, charlie):
    assert tasks.set_task(charlie, introduced, **a_task())
    with pytest.raises(Invalid):
        tasks.set_task(charlie, introduced, **a_task(owner="result"))


def test_before_consent_a_side_does_not_see_the_tasks_of_the_other(brought_to, dana, alice, charlie):
    case = brought_to(Stage.QUALIFIED)
    made = tasks.set_task(dana, case, **a_task())
    assert tasks.of_case(charlie, case) == [made] and tasks.of_case(alice, case) == []
    with pytest.raises(NotFound):
        tasks.get(alice, case, made.id)


def test_an_internal_task_is_the_brokers_alone(introduced, dana, charlie, erin):
    made = tasks.set_task(dana, introduced, **a_task(owner="broker", is_internal=True))
    assert tasks.of_case(erin, introduced) == [made] and tasks.of_case(charlie, introduced) == []


def test_what_only_brokers_see_is_not_given_to_a_side_who_would_hear_of_it(introduced, dana):
    with pytest.raises(Invalid) as refused:
        tasks.set_task(dana, introduced, **a_task(is_internal=True, owner="need"))
    assert set(refused.value.fields) == {"is_internal"}


def test_what_a_side_had_to_do_before_the_introduction_stays_between_it_and_the_broker(
    brought_to, dana, alice, charlie
):
    made = tasks.set_task(dana, brought_to(Stage.QUALIFIED), **a_task(title="Name your highest price"))
    with clock.at(clock.now() + timedelta(hours=1)):
        case = brought_to(Stage.INTRODUCED)
        later = tasks.set_task(dana, case, **a_task(title="Send samples"))
    assert set(tasks.of_case(charlie, case)) == {made, later} and tasks.of_case(alice, case) == [later]


def test_nothing_new_is_set_on_a_closed_case(introduced, dana):
    introductions.move(dana, introduced, "close", reason="no_agreement", reason_code="terms")
    with pytest.raises(Conflict):
        tasks.set_task(dana, introduced, **a_task())
    with pytest.raises(Conflict):
        tasks.use_template(dana, introduced, "service")


def test_two_change_it_at_once_and_one_is_told(task, dana, charlie):
    seen = task.version
    tasks.change(dana, task, seen, **a_task(note="By courier"))
    with pytest.raises(Conflict):
        tasks.change(charlie, task, seen, **a_task(note="By post"))


def test_an_overdue_task_is_on_the_desk_and_reminded_of_once(task, dana, charlie, frank):
    assert tasks.overdue_of(dana) == [] and tasks.remind() == 0
    with clock.at(clock.now() + timedelta(days=8)):
        assert tasks.overdue_of(dana) == [task] and tasks.overdue_of(frank) == []
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert len(reminders(charlie)) == len(reminders(dana)) == 1


def test_a_new_day_is_reminded_of_again(task, dana, charlie):
    with clock.at(clock.now() + timedelta(days=8)):
        tasks.remind()
        tasks.change(dana, task, None, **a_task(due_on=clock.today() + timedelta(days=2)))
        assert task.reminded_at is None
    with clock.at(clock.now() + timedelta(days=12)):
        assert tasks.remind() == 1


def test_nobody_is_reminded_of_a_case_that_rests(task, dana, introduced):
    introductions.move(dana, introduced, "hold", **entries("hold"))
    with clock.at(clock.now() + timedelta(days=8)):
        assert tasks.remind() == 0 and tasks.overdue_of(dana) == []


def test_a_task_of_somebody_who_left_falls_to_their_colleagues(introduced, dana, alice, bob):
    made = tasks.set_task(dana, introduced, **a_task(owner="result", person=alice.id))
    with transaction():
        session.delete(session.scalars(select(Membership).where(Membership.user_id == alice.id)).one())
    session.expire_all()
    with clock.at(clock.now() + timedelta(days=8)):
        tasks.remind()
    assert len(reminders(bob)) == 1 and reminders(alice) == []
    with pytest.raises(Invalid):
        tasks.change(dana, made, **a_task(owner="result", person=alice.id))


def test_the_second_click_sets_no_second_task(introduced, charlie):
    first = tasks.set_task(charlie, introduced, **a_task())
    assert tasks.set_task(charlie, introduced, **a_task()) is first
    with clock.at(clock.now() + timedelta(minutes=1)):
        assert tasks.set_task(charlie, introduced, **a_task(due_on=first.due_on)) is not first
