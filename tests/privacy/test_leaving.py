"""Accounts are deleted when nobody depends on them, and figures and the other side notice nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner
from conftest import a_listing, a_person, an_organisation, join
from introductions.case_entries import ANSWERS
from sqlalchemy import func, select

from marketplace import clock, context, outbox, sealing
from marketplace.accounts import accepting, passwords, sessions
from marketplace.accounts import service as accounts
from marketplace.accounts.models import BrowserSession, User
from marketplace.audit import AuditEntry
from marketplace.commands import privacy as command
from marketplace.db import Base, session, transaction
from marketplace.errors import Conflict
from marketplace.finding import saved
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency, SavedSearch
from marketplace.introductions import service as introductions
from marketplace.introductions import talk
from marketplace.introductions.models import Stage
from marketplace.listings.models import Kind, Listing, State
from marketplace.messaging import service as messaging
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations import members
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Role
from marketplace.phrases import say
from marketplace.privacy import forgetting, leaving
from marketplace.privacy.models import Deletion, DeletionState

pytest_plugins = ["introductions.case_cast"]
PASSWORD = "correct horse battery"


def said(found):
    return " ".join(one.says.in_language("en") for one in found)


def passes(monkeypatch, **time):
    later = clock.now() + timedelta(**time)
    monkeypatch.setattr(clock, "now", lambda: later)


def with_password(person):
    with transaction():
        person.password_hash = passwords.hashed(PASSWORD)
    return person


@pytest.fixture
def ingrid(institute):
    """A second person at the institute, on whom nobody depends; her name and address are nobody else's."""
    person = a_person("ingrid.x7@institute.example", "Ingrid Qxz", phone="+47 555 0199")
    join(person, institute, Role.EDITOR)
    return with_password(person)


def everything():
    """All that the database says, in one text."""
    return "\n".join(
        f"{name} {tuple(row)}" for name, table in Base.metadata.tables.items() for row in session.execute(select(table))
    )


def test_the_only_administrator_names_another_first(alice, bob, institute):
    assert "only administrator of Institute" in said(leaving.hindrances(alice))
    assert "Bob" in said(leaving.hindrances(alice))
    with pytest.raises(Conflict):
        leaving.ask(alice)
    members.change_role(alice, bob.memberships[0], Role.ADMIN)
    assert leaving.hindrances(alice) == []


def test_the_only_one_who_can_act_in_an_open_case_cannot_go(interest, charlie, victor, company):
    assert interest.ref in said(leaving.hindrances(charlie))
    assert leaving.hindrances(victor) == []
    colleague = a_person("carla@company.example")
    join(colleague, company)
    assert leaving.hindrances(charlie) == []


def test_somebody_who_is_about_to_go_themselves_takes_nothing_over(interest, charlie, company):
    colleague = a_person("carla@company.example")
    join(colleague, company)
    leaving.ask(colleague)
    assert interest.ref in said(leaving.hindrances(charlie))


def test_a_broker_hands_open_cases_on_first(brought_to, dana):
    case = brought_to(Stage.QUALIFIED)
    assert case.ref in said(leaving.hindrances(dana))


def test_the_last_operator_stays(erin):
    assert "only operator" in said(leaving.hindrances(erin))
    a_person("second@operator.example", is_operator=True)
    assert leaving.hindrances(erin) == []


def test_wrong_word_deletes_nothing_and_what_was_chosen_stays(signed_in, alice, ingrid, institute):
    a_listing(institute, contact_id=ingrid.id)
    field, heir, browser = f"to_{institute.id}", str(alice.id), signed_in(ingrid)
    answer = browser.post("/account/delete", data={"word": "yes", field: heir})
    assert answer.status_code == 422 and "“yes” is not the word" in answer.text
    assert f'value="{heir}" selected' in answer.text
    answer = browser.post("/account/delete", data={"word": "delete", field: "999999"})
    assert answer.status_code == 422 and "Choose one of your colleagues" in answer.text
    assert session.scalar(select(func.count()).select_from(Deletion)) == 0


def test_the_page_says_what_stands_in_the_way_and_offers_no_form(signed_in, alice, bob):
    page = signed_in(alice).get("/account/delete").text
    assert "only administrator" in page and 'name="word"' not in page
    assert signed_in(alice).post("/account/delete", data={"word": "delete"}).status_code == 409


def test_asking_signs_out_everywhere_and_sends_a_link_that_takes_it_back(signed_in, client, ingrid):
    browser, other = signed_in(ingrid), signed_in(ingrid)
    assert browser.post("/account/delete", data={"word": "删除"}).location == "/"
    assert "/sign-in" in other.get("/account").location
    assert session.scalar(select(func.count()).where(BrowserSession.user_id == ingrid.id)) == 0
    mail = session.scalars(select(OutgoingMail).where(OutgoingMail.to == ingrid.email)).one()
    path = re.search(r"http://127\.0\.0\.1:8000(/keep-account/\S+)", mail.body)[1]
    assert "Keep my account" in client.get(path).text
    assert leaving.pending(ingrid) is not None  # looking at the link is not using it
    client.post(path)
    assert leaving.pending(ingrid) is None
    assert client.get(path).status_code == client.post(path).status_code == 410
    assert client.get("/keep-account/forged").status_code == 410


def test_who_signs_in_before_the_day_is_asked_and_can_stay(client, ingrid):
    leaving.ask(ingrid)
    answer = client.post("/sign-in", data={"email": ingrid.email, "password": PASSWORD, "next": "/mine"})
    assert answer.location.endswith("/account/leaving")
    assert "Keep my account" in client.get("/account/leaving").text
    client.post("/account/keep")
    assert leaving.pending(ingrid) is None
    assert client.get("/account/leaving").location == "/account/data"


def test_asking_twice_is_once(ingrid):
    leaving.ask(ingrid)
    with pytest.raises(Conflict):
        leaving.ask(ingrid)


def test_nothing_happens_before_the_day_and_all_of_it_on_the_day(ingrid, monkeypatch):
    leaving.ask(ingrid)
    passes(monkeypatch, days=6)
    assert leaving.run() == 0 and not forgetting.is_forgotten(ingrid)
    passes(monkeypatch, days=1, minutes=1)
    assert leaving.run() == 1
    assert leaving.run() == 0
    wish = session.scalars(select(Deletion).where(Deletion.user_id == ingrid.id)).one()
    assert wish.state is DeletionState.DONE
    assert forgetting.is_forgotten(session.get_one(User, ingrid.id))
    with pytest.raises(Conflict):
        leaving.cancel(wish)


def test_what_came_in_the_way_since_is_told_once_and_waited_for(alice, ingrid, institute, monkeypatch):
    members.change_role(alice, ingrid.memberships[0], Role.ADMIN)
    leaving.ask(alice)
    with transaction():
        ingrid.memberships[0].role = Role.EDITOR
    for _ in range(3):
        passes(monkeypatch, days=8)
        assert leaving.run() == 0
    told = select(func.count()).where(OutgoingMail.to == alice.email, OutgoingMail.subject.contains("could not"))
    assert session.scalar(told) == 1
    members.change_role(a_person("op@x.example", is_operator=True), ingrid.memberships[0], Role.ADMIN)
    passes(monkeypatch, days=2)
    assert leaving.run() == 1


def test_nothing_says_who_it_was_afterwards(ingrid, alice, bob, institute, need, result):
    """Their whole life here, then nothing of name, address and telephone in any column of any table."""
    with context.of("page", address="203.0.113.77", device="Firefox, Linux"):
        sessions.begin(ingrid, device_key="k" * 43)
        accepting.accept(ingrid)
    accounts.new_token(ingrid)
    saved.save(ingrid, Criteria(q="electrolyte"), "Mine", Frequency.DAILY)
    case = introductions.express_interest(ingrid, need, result, **ANSWERS)
    talk.write_message(ingrid, case, "When can we start?")
    messaging.notify([alice.id, bob.id], say("{person} has joined {organisation}.", person=ingrid.name,
                                             organisation=institute), "/organisations/institute")
    messaging.notify([ingrid.id], say("You have read it."), "/notices")
    members.invite(alice, institute, ingrid.email.replace("institute", "other"), Role.VIEWER)
    while outbox.drain():
        pass
    sealing.seal_all()
    with transaction():
        session.add(OutgoingMail(to=ingrid.email, language="en", subject="Later", body="x", created_at=clock.now()))
    assert ingrid.email in everything() and "Ingrid Qxz" in everything()
    number = ingrid.id
    sealing.erase_origins_of(number)
    forgetting.forget(ingrid)
    left = everything()
    for secret in ("ingrid.x7@institute", "Ingrid Qxz", "555 0199", "203.0.113.77"):
        assert secret not in left, [line for line in left.splitlines() if secret in line]
    assert session.scalar(select(func.count()).where(AuditEntry.actor_id == number)) > 0
    assert session.scalar(select(func.count()).where(SavedSearch.owner_id == number)) == 0
    assert session.scalar(select(func.count()).where(Notice.user_id == number)) == 0
    assert accounts.person_with("ingrid.x7@institute.example", PASSWORD) is None
    assert sealing.verify().is_whole


def test_the_other_side_still_reads_what_was_said(signed_in, alice, ingrid, charlie, brought_to):
    case = brought_to(Stage.DISCUSSING)
    ref = case.ref
    talk.write_message(ingrid, case, "Our samples leave tomorrow.")
    forgetting.forget(ingrid)
    page = signed_in(charlie).get(f"/introductions/{ref}").text
    assert "Our samples leave tomorrow." in page and forgetting.NAME in page and "Ingrid" not in page


FIGURES = [f"/api/v1/figures/funnel?by={cut}" for cut in ("field", "origin", "broker", "organisation_kind")]
PAGES = ["/figures", "/figures?by=broker", "/figures/outcomes", "/figures/public", "/ledger"]


@pytest.mark.parametrize("who", ["alice", "charlie", "dana"])
def test_every_figure_stays_the_same(request, signed_in, erin, bob, company, brought_to, who, alice, charlie, dana):
    case = brought_to(Stage.IMPLEMENTED)
    talk.write_message(dana, case, "Well done.")
    a_person("frank@broker.example", is_broker=True)
    browser = signed_in(erin)
    before = [browser.get(path).text for path in (*FIGURES, *PAGES)]
    person = session.get_one(User, request.getfixturevalue(who).id)
    name = person.name
    forgetting.forget(person)
    after = [browser.get(path).text for path in (*FIGURES, *PAGES)]
    for path, one, other in zip((*FIGURES, *PAGES), before, after, strict=True):
        assert numbers(one.replace(name, forgetting.NAME)) == numbers(other), path


def numbers(page):
    """What a page says, without what is drawn anew each time."""
    page = re.sub(r'name="csrf_token" value="[^"]*"', "", page)
    return [line.strip() for line in page.splitlines() if line.strip()]


def test_listings_get_the_contact_who_was_named_or_another_who_can(alice, bob, ingrid, institute, company):
    mine = a_listing(institute, contact_id=ingrid.id)
    elsewhere = a_listing(company, Kind.NEED, contact_id=ingrid.id)
    forgetting.forget(ingrid, {str(institute.id): bob.id})
    assert session.get_one(Listing, mine.id).contact_id == bob.id
    assert session.get_one(Listing, elsewhere.id).contact_id is None
    forgetting.forget(session.get_one(User, bob.id), {str(institute.id): 999_999})
    assert session.get_one(Listing, mine.id).contact_id == alice.id


def test_drafts_go_where_nobody_is_left_and_stay_where_somebody_is(alice, ingrid, institute):
    alone = a_person("solo@alone.example")
    organisation = an_organisation("alone", OrganisationKind.COMPANY)
    join(alone, organisation)
    gone = a_listing(organisation, state=State.DRAFT, created_by_id=alone.id).id
    stays = a_listing(organisation, created_by_id=alone.id).id
    shared = a_listing(institute, state=State.DRAFT, created_by_id=ingrid.id).id
    forgetting.forget(alone)
    forgetting.forget(ingrid)
    assert session.get(Listing, gone) is None
    assert session.get(Listing, stays) is not None and session.get(Listing, shared) is not None


def test_operators_hear_of_an_organisation_nobody_is_left_in(erin, monkeypatch):
    alone = a_person("solo@alone.example")
    join(alone, an_organisation("alone", OrganisationKind.COMPANY))
    leaving.ask(alone)
    passes(monkeypatch, days=8)
    assert leaving.run() == 1
    (told,) = session.scalars(select(Notice).where(Notice.user_id == erin.id))
    assert "nobody left" in told.phrase.in_language("en")


@pytest.mark.parametrize("path", ["/account/data", "/account/delete", "/account/leaving", "/account/keep"])
def test_a_visitor_has_no_account_to_delete(client, path):
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 405 or "/sign-in" in answer.location


def test_the_password_is_asked_for_once_more(signed_in, ingrid, monkeypatch):
    browser = signed_in(ingrid)
    passes(monkeypatch, minutes=20)
    assert "/account/confirm-password" in browser.get("/account/delete").location
    assert "/account/confirm-password" in browser.post("/account/delete", data={"word": "delete"}).location
    assert "/account/confirm-password" in browser.post("/account/data").location
    assert leaving.pending(ingrid) is None


def test_what_breaks_off_half_way_has_changed_nothing_and_is_done_next_time(ingrid, alice, monkeypatch):
    messaging.notify([ingrid.id], say("You have read it."), "/notices")
    leaving.ask(ingrid)
    passes(monkeypatch, days=8)
    number = ingrid.id
    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "_blank", lambda person: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            leaving.run()
    session.expire_all()
    person = session.get_one(User, number)
    assert person.name == "Ingrid Qxz" and leaving.pending(person) is not None and person.memberships
    assert session.scalar(select(func.count()).where(Notice.user_id == number)) == 1
    assert leaving.run() == 1


def test_the_log_names_nobody(signed_in, ingrid, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    number, address = ingrid.id, ingrid.email
    browser = signed_in(ingrid)
    browser.post("/account/data")
    while outbox.drain():
        pass
    browser.get("/account/data")
    browser.post("/account/delete", data={"word": "delete"})
    passes(monkeypatch, days=8)
    assert leaving.run() == 1
    assert f"account={number} deleted" in caplog.text
    assert address not in caplog.text and "Ingrid" not in caplog.text and "0199" not in caplog.text


def test_the_command_deletes_at_once_what_nobody_depends_on(ingrid, alice, bob, monkeypatch):
    monkeypatch.setattr(command.ready, "settings", lambda: None)
    refused = CliRunner().invoke(command.forget, [alice.email, "--yes"])
    assert refused.exit_code == 1 and "only administrator" in refused.output
    assert CliRunner().invoke(command.forget, ["nobody@x.example"]).exit_code == 1
    asked = CliRunner().invoke(command.forget, [ingrid.email], input="n\n")
    assert asked.exit_code == 1 and not forgetting.is_forgotten(ingrid)
    number = ingrid.id
    assert CliRunner().invoke(command.forget, [ingrid.email, "--yes"]).exit_code == 0
    assert forgetting.is_forgotten(session.get_one(User, number))


def test_the_command_writes_a_copy_and_never_over_a_file(alice, monkeypatch, tmp_path):
    monkeypatch.setattr(command.ready, "settings", lambda: None)
    path = tmp_path / "alice.zip"
    done = CliRunner().invoke(command.copy, [alice.email, "--to", str(path)])
    assert done.exit_code == 0 and path.stat().st_mode & 0o077 == 0
    again = CliRunner().invoke(command.copy, [alice.email, "--to", str(path)])
    assert again.exit_code == 1 and "already" in again.output
