"""Nothing that is being refined is forgotten, and nobody is overtaken unawares."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

from conftest import a_listing, a_person, an_organisation, join
from refining_facts import REFINED, heard
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, NotFound
from marketplace.listings.models import Kind, State
from marketplace.messaging import mail
from marketplace.messaging.models import OutgoingMail
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.refining import service, timers
from marketplace.refining.models import Act
from marketplace.refs import RefCounter

pytest_plugins = ["refining_cast"]


def test_lists_say_whose_turn_it_is(charlie, victor, dana, frank, erin, asked):
    def names(person: User) -> dict[str, int]:
        lists = service.lists_of(person)
        return {name: len(getattr(lists, name).items) for name in ("to_take", "mine", "others", "over")}

    assert names(dana) == {"to_take": 1, "mine": 0, "others": 0, "over": 0}
    assert names(charlie) == names(victor) == {"to_take": 0, "mine": 0, "others": 1, "over": 0}
    service.take(dana, asked)
    assert names(dana)["mine"] == 1 and names(frank) == names(erin) == dict.fromkeys(names(dana), 0)
    service.hand_over(dana, asked)
    assert names(charlie)["mine"] == 1 and names(victor)["mine"] == 0 and service.waiting_for(charlie) == 1


def test_a_list_takes_as_many_queries_for_many_as_for_one(charlie, dana, company, count_queries):
    def counted(how_many: int) -> int:
        for _ in range(how_many):
            service.ask(charlie, a_listing(company, Kind.NEED, State.DRAFT))
        session.expunge_all()
        person = session.get_one(User, dana_id)
        with count_queries() as asked:
            for one in service.lists_of(person).to_take.items:
                assert one.listing.organisation.name and one.asked_by.name
        return asked.count

    dana_id = dana.id
    counted(1)
    one, many = counted(1), counted(5)
    assert many == one




def test_who_owes_the_next_step_is_reminded_once_and_then_the_other_side_hears(charlie, dana, taken):
    service.hand_over(dana, taken)
    version = taken.version
    counted = {}
    for days in (1, 2, 5, 6, 12, 13, 40):
        with clock.at(clock.now() + timedelta(days=days)):
            timers.remind()
            timers.remind()
            counted[days] = (len(heard(charlie)), len(heard(dana)))
    first = counted[1]
    assert counted[2] == first and "has waited for you since" in heard(charlie)[-1]
    assert counted[40] == (first[0] + 2, first[1] + 1) and "a call may help" in heard(dana)[-1]
    assert taken.version == version, "a reminder makes nobody's form stale"


def test_a_need_no_broker_takes_is_recalled_to_brokers_and_its_company_hears(charlie, dana, frank, asked):
    with clock.at(clock.now() + timedelta(days=30)):
        timers.remind()
    assert "waited for a broker" in heard(dana)[-1] and "waited for a broker" in heard(frank)[-1]
    with clock.at(clock.now() + timedelta(days=60)):
        assert timers.remind() == 1
        assert timers.remind() == 0
    assert "You may go on without it" in heard(charlie)[-1]


def test_what_is_over_reminds_nobody(charlie, dana, proposed):
    service.approve(charlie, proposed)
    told = len(heard(dana)) + len(heard(charlie))
    with clock.at(clock.now() + timedelta(days=60)):
        assert timers.remind() == 0
    assert len(heard(dana)) + len(heard(charlie)) == told


def test_the_mailboxes_of_company_and_brokers_hear_too(charlie, dana, company, raw_need, monkeypatch):
    monkeypatch.setattr(mail, "broker_mailbox", lambda: "brokers@platform.example")
    with transaction():
        company.mailbox, company.mailbox_confirmed_at = "office@company.example", clock.now()
    refinement = service.take(dana, service.ask(charlie, raw_need))
    written = session.scalars(select(OutgoingMail.to).order_by(OutgoingMail.id)).all()
    assert "brokers@platform.example" in written and "office@company.example" in written
    assert refinement.broker is dana


def test_of_two_brokers_who_press_at_once_one_has_it(own_database):
    """Commits are real here, and each has a connection of their own."""
    with transaction():
        session.add(RefCounter(letter="N", year=clock.today().year, last=0))
    company = an_organisation("racing", OrganisationKind.COMPANY)
    owner = a_person("owner@racing.example")
    join(owner, company)
    ref = service.ask(owner, a_listing(company, Kind.NEED, State.DRAFT)).listing.ref
    numbers = [a_person(f"{name}@broker.example", is_broker=True).id for name in ("one", "two")]
    barrier, outcomes = Barrier(2), []

    def press(number: int) -> None:
        person = session.get_one(User, number)
        refinement = service.get(person, ref)
        barrier.wait()
        try:
            outcomes.append(service.take(person, refinement).broker_id)
        except (Conflict, NotFound):
            outcomes.append(None)
        session.remove()

    session.remove()
    threads = [Thread(target=press, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome is None for outcome in outcomes) == [False, True]


def test_the_second_click_of_a_double_click_changes_nothing(charlie, dana, taken, raw_need):
    for _ in range(2):
        service.answer(dana, taken, {"symptom": "Fire"}, 1)
    seen = taken.version
    for _ in range(2):
        service.write(dana, taken, REFINED, seen)
    seen = taken.version
    for _ in range(2):
        service.propose(dana, taken, "Sharper", seen)
    seen = taken.version
    for _ in range(2):
        service.approve(charlie, taken, seen)
    whats = session.scalars(select(Act.what).where(Act.refinement_id == taken.id).order_by(Act.id)).all()
    assert whats == ["asked", "taken", "answered", "proposed", "approved"]


def test_what_is_confidential_is_nowhere_in_a_refinement(signed_in, charlie, dana, company):
    raw_need = a_listing(company, Kind.NEED, State.DRAFT, confidential="The customer is Northwind", confidential_tier=3)
    refinement = service.take(dana, service.ask(charlie, raw_need))
    service.write(dana, refinement, REFINED, None)
    service.propose(dana, refinement)
    here, broker = f"/needs/{raw_need.ref}/refining", signed_in(dana)
    for path in (here, f"{here}/text", f"{here}/questions"):
        assert "Northwind" not in broker.get(path).text
    refinement = service.get(session.get_one(User, charlie.id), raw_need.ref)
    service.approve(session.get_one(User, charlie.id), refinement)
    assert refinement.listing.confidential == "The customer is Northwind"
    assert "Northwind" not in broker.get(here).text


def test_pages_pressed_twice_lead_on(signed_in, charlie, dana, proposed, raw_need):
    browser, here = signed_in(charlie), f"/needs/{raw_need.ref}/refining"
    assert browser.post(f"{here}/ask", data={"wish": "again"}).headers["Location"].endswith(here)
    for _ in range(2):
        assert browser.post(f"{here}/decision", data={"then": "approve"}).status_code == 302
