"""The pages around a case, and who is turned away from them."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from introductions.case_entries import entries
from meeting_plans import PDF, a_file, a_form, a_plan, a_task
from sqlalchemy import event, select

from marketplace import clock
from marketplace.casework import filing, meetings, tasks
from marketplace.casework.models import Document, Meeting, MeetingState, Reach, Task
from marketplace.db import session, transaction
from marketplace.introductions import agreeing, service
from marketplace.introductions.models import Introduction, Stage

pytest_plugins = ["introductions.case_cast"]


def page(browser, address, status=200):
    answer = browser.get(address)
    assert answer.status_code == status, answer.get_data(as_text=True)[-1500:]
    return answer.get_data(as_text=True)


@pytest.fixture
def full(brought_to, dana, alice, charlie):
    """A case with everything in it, signed."""
    case = brought_to(Stage.SIGNED)
    meetings.arrange(dana, case, **a_plan(alice, charlie))
    tasks.follow([case.id])
    tasks.set_task(dana, case, **a_task())
    filing.add(alice, case, "Report", Reach.INTRODUCED, "report.pdf", io.BytesIO(PDF))
    agreeing.send_copy(charlie, case, "signed.pdf", io.BytesIO(PDF))
    service.write_message(charlie, case, "When?", "all")
    service.write_message(dana, case, "They hesitate.", "brokers")
    return case


def addresses(case):
    """Every address of a case's work: (method, address)."""
    meeting, task, document = (session.scalars(select(table)).first().id for table in (Meeting, Task, Document))
    copy = session.scalars(select(Introduction)).one().signed_copies[0].id
    message = 1
    here = f"/introductions/{case.ref}"
    both = [f"{here}/meetings/new", f"{here}/meetings/new?past=1", f"{here}/meetings/{meeting}/edit",
            f"{here}/meetings/{meeting}/cancel", f"{here}/meetings/{meeting}/minutes",
            f"{here}/meetings/{meeting}/no-show", f"{here}/tasks/new", f"{here}/tasks/{task}/edit",
            f"{here}/documents/new", f"{here}/documents/{document}/versions/new", f"{here}/nda/copy",
            f"{here}/nda/copies/{copy}/refuse", f"{here}/messages/{message}/pass-on"]
    reads = [f"{here}/meetings/{meeting}/calendar.ics", f"{here}/documents/{document}/versions/1", f"{here}/reads",
             f"{here}/agreements", f"{here}/nda", f"{here}/nda/copies/{copy}"]
    writes = [f"{here}/tasks/{task}/done", f"{here}/tasks/{task}/undone", f"{here}/tasks/{task}/drop",
              f"{here}/tasks/template", f"{here}/documents/{document}/remove", f"{here}/messages/{message}/settle"]
    return [("GET", a) for a in (*both, *reads)], [("POST", a) for a in (*both, *writes)]


def test_stranger_finds_no_page_of_a_case(signed_in, mallory, full):
    browser = signed_in(mallory)
    reading, writing = addresses(full)
    for method, address in [*reading, *writing]:
        assert browser.open(address, method=method, data={}).status_code == 404, address


def test_viewer_reads_and_changes_nothing(signed_in, victor, full):
    browser = signed_in(victor)
    _, writing = addresses(full)
    for _, address in writing:
        assert browser.post(address, data={}).status_code in (403, 404), address
    shown = page(browser, f"/introductions/{full.ref}")
    assert "/meetings/new" not in shown and "/tasks/new" not in shown and "/documents/new" not in shown


def test_another_broker_looks_on(signed_in, frank, full):
    browser = signed_in(frank)
    for _, address in addresses(full)[1]:
        assert browser.post(address, data={}).status_code in (403, 404), address
    assert "They hesitate." in page(browser, f"/introductions/{full.ref}")


def test_visitor_is_asked_to_sign_in(client, full, result):
    reading, writing = addresses(full)
    for method, address in [*reading, *writing, ("GET", f"/listings/{result.ref}/reads")]:
        answer = client.open(address, method=method)
        assert (answer.status_code, "/sign-in" in answer.headers.get("Location", "")) == (302, True), address


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("person", ["charlie", "alice", "dana", "erin"])
def test_every_link_of_the_case_page_leads_somewhere(request, signed_in, full, person, language):
    browser = signed_in(request.getfixturevalue(person))
    shown = page(browser, f"/introductions/{full.ref}?lang={language}")
    assert "{{" not in shown and "They hesitate." not in shown if person in ("charlie", "alice") else True
    links = {link.partition("#")[0] for link in re.findall(rf'href="(/introductions/{full.ref}[^"]*)"', shown)}
    for link in links:
        with browser.get(link.replace("&amp;", "&")) as answer:
            assert answer.status_code == 200, link
    anchors = set(re.findall(r'href="#([\w-]+)"', shown))
    assert {anchor for anchor in anchors if f'id="{anchor}"' not in shown} == set()


def test_the_ribbon_says_which_stage_and_since_when(signed_in, dana, full):
    shown = page(signed_in(dana), f"/introductions/{full.ref}")
    ribbon = re.search(r'<ol class="ribbon".*?</ol>', shown, re.DOTALL)[0]
    assert ribbon.count("<li") == 9 and ribbon.count('aria-current="step"') == 1
    assert ribbon.count("<time") == 6  # nobody suggested this one, and two stages are to come


def test_what_is_not_possible_yet_says_what_is_missing(signed_in, dana, brought_to):
    case = brought_to(Stage.QUALIFIED)
    shown = page(signed_in(dana), f"/introductions/{case.ref}")
    assert "Introduce" in shown and "both sides have consented" in shown


def test_a_meeting_is_arranged_moved_and_cancelled_on_pages(signed_in, brought_to, dana, alice, charlie):
    case, browser = brought_to(Stage.INTRODUCED), signed_in(dana)
    here = f"/introductions/{case.ref}/meetings"
    assert browser.post(f"{here}/new", data=a_form(alice, charlie)).status_code == 302
    meeting = session.scalars(select(Meeting)).one()
    assert f"{meeting.starts_at.astimezone(clock.PLACE):%H:%M}" == "14:30"
    number, version = meeting.id, meeting.version
    moved = a_form(alice, charlie, hour="16:00", version=str(version))
    assert browser.post(f"{here}/{number}/edit", data=moved).status_code == 302
    stale = browser.post(f"{here}/{number}/edit", data={**moved, "place": "Room 9"})
    assert stale.status_code == 409 and 'value="Room 9"' in stale.get_data(as_text=True)
    calendar = browser.get(f"{here}/{number}/calendar.ics")
    assert calendar.mimetype == "text/calendar" and b"SEQUENCE:1" in calendar.data
    assert browser.post(f"{here}/{number}/cancel", data={"why": "Holiday"}).status_code == 302
    assert session.get_one(Meeting, number).state is MeetingState.CANCELLED


def test_a_form_with_a_past_hour_comes_back_filled(signed_in, brought_to, dana, alice):
    case = brought_to(Stage.INTRODUCED)
    answer = signed_in(dana).post(f"/introductions/{case.ref}/meetings/new",
                                  data=a_form(alice, day=clock.today().isoformat(), hour="00:00"))
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="f-starts_at"' in shown and "Room 1" in shown


def test_minutes_are_written_on_a_page(signed_in, brought_to, dana, alice, charlie):
    case, browser = brought_to(Stage.INTRODUCED), signed_in(dana)
    past = a_form(alice, charlie, day=clock.today().isoformat(), hour="00:00", place="")
    answer = browser.post(f"/introductions/{case.ref}/meetings/new?past=1", data=past)
    assert "/minutes" in answer.location
    refused = browser.post(answer.location, data={"text": "We met."})
    assert refused.status_code == 422 and 'id="e-next_action"' in refused.get_data(as_text=True)
    given = entries("meet")
    del given["held_on"]
    done = browser.post(answer.location, data={**given, "due_on": given["due_on"].isoformat()})
    assert done.status_code == 302
    assert session.scalars(select(Introduction)).one().stage is Stage.DISCUSSING


def test_a_task_is_set_ticked_and_opened_again_on_pages(signed_in, brought_to, dana):
    case, browser = brought_to(Stage.INTRODUCED), signed_in(dana)
    here = f"/introductions/{case.ref}/tasks"
    assert browser.post(f"{here}/new", data=a_task(due_on="2026-12-01")).status_code in (302, 422)
    task = a_task()
    assert browser.post(f"{here}/new", data={**task, "due_on": task["due_on"].isoformat()}).status_code == 302
    number = session.scalars(select(Task.id)).first()
    for what, done in (("done", True), ("undone", False)):
        assert browser.post(f"{here}/{number}/{what}").status_code == 302
        assert (session.get_one(Task, number).done_at is not None) is done
    assert browser.post(f"{here}/{number}/burn").status_code == 404
    assert browser.post(f"{here}/template", data={"contract_type": "licence"}).status_code == 302
    assert browser.post(f"{here}/{number}/edit", data={**task, "due_on": "gibberish"}).status_code == 422


def test_a_document_is_added_and_downloaded_and_never_shown_inline(signed_in, brought_to, alice, charlie):
    case = brought_to(Stage.INTRODUCED)
    here = f"/introductions/{case.ref}/documents"
    sent = {"file": a_file(), "reach": "introduced", "title": ""}
    assert signed_in(alice).post(f"{here}/new", data=sent, content_type="multipart/form-data").status_code == 302
    document = session.scalars(select(Document)).one().id
    with signed_in(charlie).get(f"{here}/{document}/versions/1") as answer:
        assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    shown = page(signed_in(alice), f"/introductions/{case.ref}/reads")
    assert "Company" in shown and "report" in shown
    assert "Nobody has read" in page(signed_in(charlie), f"/introductions/{case.ref}/reads")


@pytest.mark.parametrize(("name", "content"), [("a.exe", b"MZ"), ("a.pdf", b"")])
def test_a_file_we_do_not_take_comes_back_with_the_reason(signed_in, brought_to, alice, name, content):
    case = brought_to(Stage.INTRODUCED)
    sent = {"file": a_file(name, content), "reach": "sides", "title": "Kept words"}
    with signed_in(alice).post(f"/introductions/{case.ref}/documents/new", content_type="multipart/form-data",
                               data=sent) as answer:
        assert answer.status_code in (413, 422)
        assert answer.status_code == 413 or "Kept words" in answer.get_data(as_text=True)
    assert session.scalars(select(Document)).all() == []


def test_a_signed_copy_is_sent_and_accepted_on_pages(signed_in, brought_to, charlie, dana):
    case = brought_to(Stage.QUALIFIED)
    here = f"/introductions/{case.ref}"
    sent = signed_in(charlie).post(f"{here}/nda/copy", data={"file": a_file("nda.pdf")},
                                   content_type="multipart/form-data")
    assert sent.status_code == 302
    shown = page(signed_in(dana), f"{here}/agreements")
    assert "nda.pdf" in shown and "accept_nda" in shown
    answer = signed_in(dana).post(f"{here}/moves/accept_nda", data={"signer": "need"})
    assert answer.status_code == 302
    assert "on paper" in page(signed_in(charlie), f"{here}/nda")


def test_the_printable_nda_names_both_only_when_they_may_know_each_other(signed_in, brought_to, alice, charlie, need):
    with transaction():
        need.anonymous = True
    case = brought_to(Stage.QUALIFIED)
    assert "Company" not in page(signed_in(alice), f"/introductions/{case.ref}/nda")
    case = brought_to(Stage.INTRODUCED)
    assert "Company" in page(signed_in(alice), f"/introductions/{case.ref}/nda")


def test_a_message_is_passed_on_from_the_page(signed_in, brought_to, charlie, alice, dana):
    case = brought_to(Stage.QUALIFIED)
    message = service.write_message(charlie, case, f"{charlie.name}: does it age?").id
    here = f"/introductions/{case.ref}"
    assert f"{message}/pass-on" in page(signed_in(dana), here)
    assert "[…]: does it age?" in page(signed_in(dana), f"{here}/messages/{message}/pass-on")
    assert signed_in(dana).post(f"{here}/messages/{message}/pass-on", data={"as_it_is": "1"}).status_code == 302
    assert "[…]: does it age?" in page(signed_in(alice), here)
    assert page(signed_in(alice), f"{here}/messages/{message}/pass-on", 404)


def test_owner_finds_the_record_of_a_listing_and_others_do_not(signed_in, brought_to, alice, charlie, dana, result):
    with transaction():
        result.confidential, result.confidential_tier = "The recipe", 2
    brought_to(Stage.INTRODUCED)
    page(signed_in(charlie), f"/listings/{result.ref}")
    assert "Company" in page(signed_in(alice), f"/listings/{result.ref}/reads")
    for person in (charlie, dana):
        page(signed_in(person), f"/listings/{result.ref}/reads", 404)
    assert f"/listings/{result.ref}/reads" in page(signed_in(alice), f"/listings/{result.ref}")


def test_overdue_tasks_stand_on_the_desk(signed_in, brought_to, dana):
    case = brought_to(Stage.INTRODUCED)
    made = tasks.set_task(dana, case, **a_task(due_on=clock.today()))
    made_id = made.id
    assert "Send two samples" not in page(signed_in(dana), "/desk")
    task = session.get_one(Task, made_id)
    with transaction():
        task.due_on = clock.today() - timedelta(days=1)
    assert "Send two samples" in page(signed_in(dana), "/desk")


@pytest.mark.parametrize(("stage", "most"), [(Stage.NEGOTIATING, 12), (Stage.SIGNED, 15)])
def test_the_case_page_asks_few_questions_however_much_is_in_it(
    signed_in, brought_to, dana, charlie, alice, database, stage, most
):
    case = brought_to(stage)
    ref, people = case.ref, [dana, charlie]
    for n in range(4):
        meetings.arrange(dana, case, anyway=True, **a_plan(alice, charlie))
        tasks.set_task(dana, case, **a_task(person=charlie.id))
        filing.add(alice, case, f"Report {n}", Reach.INTRODUCED, "report.pdf", io.BytesIO(PDF))
        service.write_message(charlie, case, "When?", "all")
    tasks.follow([case.id])
    for browser in [signed_in(person) for person in people]:
        page(browser, f"/introductions/{ref}")
        asked = []
        listener = lambda *statement: asked.append(statement[2])  # noqa: E731, B023
        event.listen(database, "before_cursor_execute", listener)
        page(browser, f"/introductions/{ref}")
        event.remove(database, "before_cursor_execute", listener)
        assert len([one for one in asked if "SAVEPOINT" not in one]) <= most
