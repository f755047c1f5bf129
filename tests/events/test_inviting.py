"""Whom an operator may ask to come, why, how often, and what they answer."""

import re
from datetime import timedelta

import pytest
from conftest import a_listing, a_person, an_organisation, attached, join
from events.planned import a_series, an_edition
from sqlalchemy import select

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.events import attending, invited, inviting, service
from marketplace.events.inviting import Filter
from marketplace.events.models import Answer, Attendance, EventInvitation, Often, State
from marketplace.listings.models import Kind as ListingKind
from marketplace.listings.models import State as ListingState
from marketplace.messaging import leaving, preferences
from marketplace.messaging.kinds import Frequency, Kind
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Role


@pytest.fixture
def gathering(erin, company):
    return an_edition(erin, a_series(erin))


@pytest.fixture
def weekly(erin, gathering):
    """Another edition, a week after."""
    return an_edition(erin, gathering.series, days=14, title_en="A week later")


def later(monkeypatch, **by):
    moment = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: moment)


def free(erin, edition, wanted=None):
    return [one.person for one in inviting.preview(erin, edition, wanted or Filter()).free]


def why_not(erin, edition, person):
    left_out = inviting.preview(erin, edition, Filter()).left_out
    return next(one.hindrance for one in left_out if one.person == person)


def ask(erin, edition, *people, wanted=None):
    count = inviting.invite(erin, edition, wanted or Filter(), [person.id for person in people])
    rows = session.scalars(select(EventInvitation).where(EventInvitation.edition_id == edition.id)).all()
    inviting.tell([row.id for row in rows])
    return count


def invitation_of(person, edition):
    return session.scalar(select(EventInvitation).where(
        EventInvitation.edition_id == edition.id, EventInvitation.user_id == person.id))


def told(person):
    return [one.phrase for one in session.scalars(
        select(Notice).where(Notice.user_id == person.id).order_by(Notice.id))]


def test_everybody_who_stands_for_a_verified_organisation_suits_an_open_filter(erin, alice, bob, charlie, gathering):
    assert free(erin, gathering) == [charlie, alice]  # one of each organisation, by its name


def test_filter_narrows_by_kind_region_field_and_what_they_have(erin, alice, charlie, institute, company, gathering):
    a_listing(company, ListingKind.NEED, field="new_energy")
    a_listing(institute, ListingKind.RESULT, field="biology")
    a_listing(institute, ListingKind.NEED, ListingState.DRAFT, field="new_materials")
    with transaction():
        institute.region = "320500"
    for wanted, people in (
        (Filter(kinds=(OrganisationKind.COMPANY,)), [charlie]), (Filter(region="320000"), [alice]),
        (Filter(region="320500"), [alice]), (Filter(region="440300"), [charlie]), (Filter(region="110000"), []),
        (Filter(field="new_energy"), [charlie]), (Filter(has=ListingKind.RESULT), [alice]),
        (Filter(field="biology", has=ListingKind.NEED), []), (Filter(field="new_materials"), []),
        (Filter(field="new_energy", has=ListingKind.NEED, kinds=(OrganisationKind.COMPANY,)), [charlie]),
    ):
        assert free(erin, gathering, wanted) == people, wanted


def test_preview_says_who_and_why_and_names_the_contact_of_the_need(erin, charlie, company, gathering):
    engineer = a_person("engineer@company.example")
    join(engineer, company, Role.VIEWER)
    a_listing(company, ListingKind.NEED, contact_id=engineer.id, title="A membrane that does not clog")
    candidate, = inviting.preview(erin, gathering, Filter(has=ListingKind.NEED)).free
    assert candidate.person == engineer
    said = inviting.said(candidate.why, candidate.organisation)
    assert "has an open need: “A membrane that does not clog”" in said
    assert "公开的需求" in said.in_language("zh")


def test_brokers_are_asked_when_wanted(erin, dana, charlie, gathering):
    assert dana not in free(erin, gathering)
    assert dana in free(erin, gathering, Filter(brokers=True))


def test_invited_person_reads_what_when_where_and_why_once(erin, charlie, gathering):
    assert ask(erin, gathering, charlie) == 1
    assert ask(erin, gathering, charlie) == 0
    notice, = told(charlie)
    for part in ("You are invited to Injectable processes", "Landing Hall", "organisations like Company"):
        assert part in notice
    mail = session.scalars(select(OutgoingMail).where(OutgoingMail.to == charlie.email)).one()
    assert "List-Unsubscribe-Post" in mail.headers
    assert "/events/invitations/" in mail.body


def test_person_is_invited_once_a_month_unless_they_say_otherwise(erin, charlie, gathering, weekly, monkeypatch):
    ask(erin, gathering, charlie)
    assert ask(erin, weekly, charlie) == 0
    assert "allows: At most once a month" in why_not(erin, weekly, charlie)
    later(monkeypatch, days=8)
    assert free(erin, weekly) == []
    invited.choose(charlie, Often.WEEKLY)
    assert ask(erin, weekly, charlie) == 1


def test_who_wants_no_invitations_gets_none(erin, charlie, gathering):
    invited.choose(charlie, Often.NEVER)
    assert ask(erin, gathering, charlie) == 0
    assert why_not(erin, gathering, charlie) == "Wants no invitations."
    assert told(charlie) == []


def test_ending_the_mails_by_the_button_of_a_mail_program_ends_invitations(erin, client, charlie, gathering, weekly):
    ask(erin, gathering, charlie)
    path = leaving.link(charlie, Kind.INVITATIONS).partition("/notices")[2]
    client.post(f"/notices{path}", data={"List-Unsubscribe": "One-Click"})
    erin, charlie, weekly = attached(erin), attached(charlie), service.get(None, weekly.ref)
    assert invited.wish_of(charlie) is Often.NEVER
    assert why_not(erin, weekly, charlie) == "Wants no invitations."


def test_who_wants_invitations_again_gets_their_mails_again(charlie):
    preferences.choose(charlie, {Kind.INVITATIONS: Frequency.NEVER})
    invited.choose(charlie, Often.WEEKLY)
    assert preferences.of(charlie)[Kind.INVITATIONS] is Frequency.AT_ONCE
    assert invited.wish_of(charlie) is Often.WEEKLY


@pytest.mark.parametrize(("do", "said"), [
    (lambda erin, p, e: attending.register(p, e), "Has registered"),
    (lambda erin, p, e: (attending.register(p, e), attending.cancel(p, e)), "has cancelled"),
    (lambda erin, p, e: ask(erin, e, p), "Is invited already"),
])
def test_who_has_registered_cancelled_or_been_asked_is_left_out(erin, charlie, gathering, do, said):
    do(erin, charlie, gathering)
    assert said in why_not(erin, gathering, charlie)


def test_who_has_not_confirmed_their_address_is_left_out(erin, charlie, gathering):
    with transaction():
        charlie.confirmed_at = None
    assert "not confirmed" in why_not(erin, gathering, charlie)


def test_only_those_who_suit_are_asked_whatever_numbers_a_form_sends(erin, alice, charlie, bob, gathering):
    wanted = Filter(kinds=(OrganisationKind.COMPANY,))
    assert ask(erin, gathering, alice, bob, charlie, wanted=wanted) == 1
    assert told(alice) == []


def test_nobody_is_asked_to_what_takes_no_registrations(erin, charlie, gathering):
    draft = an_edition(erin, gathering.series, state=State.DRAFT)
    with pytest.raises(Conflict, match="Announce it first"):
        ask(erin, draft, charlie)
    with pytest.raises(Invalid, match="Choose whom"):
        ask(erin, gathering)


def test_only_operators_invite(alice, dana, charlie, gathering):
    for person in (alice, dana):
        with pytest.raises(Forbidden):
            inviting.preview(person, gathering, Filter())
        with pytest.raises(Forbidden):
            inviting.invite(person, gathering, Filter(), [charlie.id])
        with pytest.raises(Forbidden):
            inviting.invitations(person, gathering)


def test_who_accepts_is_registered_and_may_change_their_mind(erin, charlie, company, gathering):
    ask(erin, gathering, charlie)
    asked = invitation_of(charlie, gathering)
    for _ in range(2):
        invited.answer(asked, Answer.ACCEPTED)
    theirs = attending.of(charlie, gathering)
    assert (theirs.state, theirs.organisation_id, gathering.taken) == (Attendance.REGISTERED, company.id, 1)
    invited.answer(asked, Answer.DECLINED)
    assert (attending.of(charlie, gathering).state, asked.answer) == (Attendance.CANCELLED, Answer.DECLINED)
    invited.answer(asked, Answer.ACCEPTED)
    assert gathering.taken == 1


def test_invited_person_has_a_place_though_an_operator_decides_on_others(erin, charlie, company):
    edition = an_edition(erin, a_series(erin), needs_approval=True, open_to_outsiders=False)
    ask(erin, edition, charlie)
    assert invited.answer(invitation_of(charlie, edition), Answer.ACCEPTED).state is Attendance.REGISTERED


def test_answer_comes_too_late_once_it_has_begun(erin, charlie, gathering, monkeypatch):
    ask(erin, gathering, charlie)
    later(monkeypatch, days=8)
    for said in Answer:
        with pytest.raises(Conflict):
            invited.answer(invitation_of(charlie, gathering), said)


def test_invitation_of_an_event_that_was_called_off_meanwhile_is_not_sent(erin, charlie, gathering):
    inviting.invite(erin, gathering, Filter(), [charlie.id])
    service.set_state(erin, gathering, State.CANCELLED)
    inviting.tell([invitation_of(charlie, gathering).id])
    assert told(charlie) == []


@pytest.mark.parametrize("forged", ["x", "a.b.c", ""])
def test_forged_link_of_an_invitation_leads_nowhere(forged):
    with pytest.raises(NotFound):
        invited.behind(forged)


def test_link_of_an_invitation_ends_with_its_person_and_in_time(erin, charlie, gathering, monkeypatch):
    ask(erin, gathering, charlie)
    link = invited.token(invitation_of(charlie, gathering))
    assert invited.behind(link).user == charlie
    with transaction():
        charlie.disabled_at = clock.now()
    with pytest.raises(NotFound):
        invited.behind(link)
    with transaction():
        charlie.disabled_at = None
    later(monkeypatch, days=181)
    with pytest.raises(NotFound):
        invited.behind(link)


# As pages


def test_link_in_the_mail_shows_two_buttons_and_looking_answers_nothing(erin, client, charlie, gathering):
    ask(erin, gathering, charlie)
    path = invited.path(invitation_of(charlie, gathering))
    page = client.get(path).text
    assert "I am coming" in page
    assert "I cannot come" in page
    assert invitation_of(charlie, gathering).answer is None
    for _ in range(2):
        answer = client.post(path, data={"answer": "accepted"}, follow_redirects=True)
        assert "You are registered." in answer.text
    assert attending.of(charlie, gathering).state is Attendance.REGISTERED
    assert "Thank you" in client.post(path, data={"answer": "declined"}, follow_redirects=True).text
    assert attending.of(charlie, gathering).state is Attendance.CANCELLED
    assert client.post(path, data={"answer": "perhaps"}).status_code == 422
    assert client.get("/events/invitations/forged").status_code == 404


def test_operator_looks_who_suits_and_invites_those_chosen(erin, signed_in, alice, charlie, gathering):
    path, wanted = f"{gathering.url}/invitations", [alice.id, charlie.id]
    browser = signed_in(erin)
    page = browser.get(f"{path}?look=1&kinds=company&kinds=institute").text
    assert "Alice" in page
    assert sorted(map(int, re.findall(r'name="people" value="(\d+)"', page))) == sorted(wanted)
    sent = {"look": "1", "kinds": ["company", "institute"], "people": [wanted[1]]}
    for count in (1, 0):
        assert f"{count} invited" in browser.post(path, data=sent, follow_redirects=True).text
    assert session.scalars(select(EventInvitation.user_id)).all() == [wanted[1]]
    assert "Not answered yet" in browser.get(path).text


def test_choice_is_kept_when_registration_was_closed_meanwhile(erin, signed_in, alice, charlie, gathering):
    path, chosen = f"{gathering.url}/invitations", charlie.id
    service.set_state(erin, gathering, State.CLOSED)
    answer = signed_in(erin).post(path, data={"look": "1", "people": [chosen]})
    assert answer.status_code == 409
    assert re.findall(r'value="(\d+)" checked', answer.text) == [str(chosen)]


def test_inviting_nobody_keeps_the_filter_and_says_what_to_do(erin, signed_in, charlie, gathering):
    answer = signed_in(erin).post(f"{gathering.url}/invitations", data={"look": "1", "kinds": ["company"]})
    assert answer.status_code == 422
    assert "Choose whom you want to invite" in answer.text
    assert "Charlie" in answer.text


@pytest.mark.parametrize("query", ["kinds=party", "region=atlantis", "field=magic", "has=both", "people=x"])
def test_impossible_filters_are_refused(erin, signed_in, gathering, query):
    assert signed_in(erin).get(f"{gathering.url}/invitations?look=1&{query}").status_code == 422


def test_person_says_how_often_and_sees_what_waits(erin, signed_in, charlie, gathering):
    ask(erin, gathering, charlie)
    browser = signed_in(charlie)
    page = browser.get("/events/invitations").text
    assert "Injectable processes" in page
    assert "Not answered yet" in page
    assert browser.post("/events/invitations", data={"often": "quarterly"}).status_code == 302
    assert invited.wish_of(charlie) is Often.QUARTERLY
    assert browser.post("/events/invitations", data={"often": "hourly"}).status_code == 422


def test_preview_takes_the_same_queries_for_many_organisations(erin, signed_in, count_queries, charlie, gathering):
    browser = signed_in(erin)

    def asked():
        with count_queries() as seen:
            assert browser.get(f"{gathering.url}/invitations?look=1&has=need").status_code == 200
        return seen.count

    def one_more(number):
        organisation = an_organisation(f"more-{number}", OrganisationKind.COMPANY)
        join(a_person(f"more-{number}@x.example"), organisation)
        a_listing(organisation, ListingKind.NEED)

    one_more(0)
    few = asked()
    for number in range(1, 6):
        one_more(number)
    assert asked() == few


def test_region_of_a_municipality_is_not_mistaken_for_others(erin, charlie, company, gathering):
    with transaction():
        company.region = "510100"  # Chengdu, whose province begins with the same figure as Chongqing's 500000
    assert free(erin, gathering, Filter(region="500000")) == []
    assert free(erin, gathering, Filter(region="510000")) == [charlie]
