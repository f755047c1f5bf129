"""The directory of members; parks keep lists of their own, and partners look into each other's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from conftest import a_person, an_organisation, join

from marketplace import clock, outbox
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.messaging.service import notices
from marketplace.organisations import directory, parks, service
from marketplace.organisations.directory import Wanted
from marketplace.organisations.models import Kind, MembershipClass, Role, State


@pytest.fixture
def garden():
    return an_organisation("garden", Kind.PARK)


@pytest.fixture
def harbour():
    return an_organisation("harbour", Kind.PARK)


@pytest.fixture
def gina(garden):
    """Keeps the garden's list."""
    person = a_person("gina@garden.example")
    join(person, garden, Role.EDITOR)
    return person


@pytest.fixture
def hugo(harbour):
    person = a_person("hugo@harbour.example")
    join(person, harbour, Role.ADMIN)
    return person


@pytest.fixture
def counted(gina, garden, company):
    return parks.add(gina, garden, organisation="company", since=date(2024, 3, 1), steward_id=gina.id,
                     note="Building 3")


def slugs(actor, **wanted) -> list[str]:
    return [one.slug for one in directory.members(actor, Wanted(**wanted)).items]


def test_directory_lists_verified_members_founders_first(erin, company, institute):
    an_organisation("waits", Kind.COMPANY, State.PENDING)
    service.place(erin, institute, membership=MembershipClass.FOUNDING, steward_id=None)
    service.place(erin, company, membership=MembershipClass.GUEST, steward_id=None)
    an_organisation("ordinary", Kind.COMPANY)
    assert slugs(None) == ["institute", "ordinary", "company"]


def test_directory_is_narrowed_by_kind_membership_region_and_name(erin, company, institute):
    abroad = an_organisation("abroad", Kind.COMPANY)
    with transaction():
        abroad.region = "SG"
    service.place(erin, institute, membership=MembershipClass.FOUNDING, steward_id=None)
    assert slugs(None, kind=Kind.COMPANY) == ["abroad", "company"]
    assert slugs(None, membership=MembershipClass.FOUNDING) == ["institute"]
    assert slugs(None, region="440000") == ["institute", "company"]
    assert slugs(None, region="SG") == ["abroad"]
    assert slugs(None, text="Compan") == ["company"]


def test_since_when_it_belongs_is_what_an_operator_says_else_its_verification(erin, company):
    verified = clock.now() - timedelta(days=400)
    with transaction():
        company.decided_at = verified
    assert company.member_from == verified.astimezone(clock.PLACE).date()
    service.place(erin, company, membership=MembershipClass.ORDINARY, steward_id=None, member_since=date(2020, 5, 1))
    assert company.member_from == date(2020, 5, 1)
    with pytest.raises(Invalid) as refused:
        service.place(erin, company, membership=MembershipClass.ORDINARY, steward_id=None,
                      member_since=clock.today() + timedelta(days=1))
    assert "member_since" in refused.value.fields


def test_operator_says_since_when_on_the_page(signed_in, erin, company):
    browser = signed_in(erin)
    browser.post("/operator/organisations/company/place",
                 data={"membership": "founding", "member_since": "2021-09-01"})
    assert service.get(None, "company").member_since == date(2021, 9, 1)
    assert 'value="2021-09-01"' in browser.get("/operator/organisations/company").text
    assert "Member since</dt><dd>1 Sep 2021" in browser.get("/organisations/company").text


def test_operator_takes_back_since_when_on_the_page(signed_in, erin, company):
    browser = signed_in(erin)
    for since in ("2021-09-01", ""):
        browser.post("/operator/organisations/company/place", data={"membership": "founding", "member_since": since})
    assert service.get(None, "company").member_since is None


def test_stewards_are_named_to_members_of_verified_organisations_alone(signed_in, client, alice, erin, company):
    service.place(erin, company, membership=MembershipClass.ORDINARY, steward_id=erin.id)
    assert "Steward: Erin" in signed_in(alice).get("/members").text
    assert "Steward: Erin" not in client.get("/members").text


def test_member_shows_its_badge_elsewhere(client, company):
    an_organisation("waits", Kind.COMPANY, State.PENDING)
    picture = client.get("/members/company/badge.svg")
    assert picture.mimetype == "image/svg+xml" and "Company" in picture.text and "Ordinary member" in picture.text
    assert client.get("/members/waits/badge.svg").status_code == 404


def test_directory_takes_as_many_queries_for_many_as_for_few(signed_in, erin, garden, company, count_queries):
    browser = signed_in(erin)

    def asked() -> int:
        with count_queries() as counted:
            browser.get("/members")
        return counted.count

    def fill(number: int) -> None:
        one = an_organisation(f"member{number}", Kind.COMPANY)
        service.place(erin, one, membership=MembershipClass.ORDINARY, steward_id=erin.id)
        parks.add(erin, garden, organisation=one.slug, since=clock.today())

    fill(0)
    browser.get("/members")
    few = asked()
    for number in range(1, 6):
        fill(number)
    assert asked() == few


def test_directory_without_members_says_what_will_be_there(client):
    assert "No members yet" in client.get("/members").text
    assert "No member like this" in client.get("/members?q=nobody").text


def test_a_park_keeps_its_list_and_the_organisation_is_told(gina, charlie, garden, counted):
    assert [(row.organisation.slug, row.steward, row.note) for row in parks.members(gina, garden)] == [
        ("company", gina, "Building 3")]
    outbox.drain()
    assert [str(one.phrase) for one in notices(charlie)[0]] == ["Garden counts Company among its members."]


def test_the_same_organisation_is_listed_once_and_never_the_park_itself(gina, garden, counted):
    for name in ("company", "garden", "Nobody Ltd"):
        with pytest.raises(Invalid) as refused:
            parks.add(gina, garden, organisation=name, since=clock.today())
        assert set(refused.value.fields) == {"organisation"}


def test_only_the_parks_own_people_answer_for_its_members(gina, hugo, garden, company):
    with pytest.raises(Invalid) as refused:
        parks.add(gina, garden, organisation="company", since=clock.today(), steward_id=hugo.id)
    assert set(refused.value.fields) == {"steward_id"}
    with pytest.raises(Invalid) as refused:
        parks.add(gina, garden, organisation="company", since=clock.today() + timedelta(days=2))
    assert set(refused.value.fields) == {"since"}


def test_strangers_do_not_look_into_a_parks_list(signed_in, client, alice, hugo, garden, counted):
    assert slugs(alice, park="garden") == slugs(alice)
    for person in (alice, hugo, None):
        with pytest.raises(NotFound):
            parks.get(person, "garden")
    assert "Building 3" not in client.get("/members?park=garden").text
    for person in (alice, hugo):
        assert signed_in(person).get("/parks/garden/members").status_code == 404


def test_partner_parks_look_into_each_others_lists_once_both_agree(gina, hugo, garden, harbour, counted):
    asked = parks.ask(gina, garden, "harbour")
    with pytest.raises(NotFound):
        parks.get(hugo, "garden")
    with pytest.raises(Conflict):
        parks.agree(gina, garden, asked)
    parks.agree(hugo, harbour, asked)
    parks.agree(hugo, harbour, asked)
    assert parks.get(hugo, "garden") and parks.get(gina, "harbour")
    assert slugs(hugo, park="garden") == ["company"]
    assert not parks.can_keep(hugo, garden)
    with pytest.raises(Forbidden):
        parks.add(hugo, garden, organisation="harbour", since=clock.today())
    parks.end(gina, garden, asked)
    with pytest.raises(NotFound):
        parks.get(hugo, "garden")


def test_a_partner_is_asked_once_and_is_a_park(gina, hugo, garden, harbour, company):
    parks.ask(gina, garden, "harbour")
    for actor, park, other in ((gina, garden, "harbour"), (hugo, harbour, "garden"), (gina, garden, "company"),
                               (gina, garden, "garden")):
        with pytest.raises(Invalid) as refused:
            parks.ask(actor, park, other)
        assert set(refused.value.fields) == {"partner"}


def test_who_calls_itself_a_park_keeps_no_list_before_it_is_verified(signed_in, erin, charlie, company, harbour):
    self_made = an_organisation("self-made", Kind.PARK, State.PENDING)
    olaf = a_person("olaf@self-made.example")
    join(olaf, self_made, Role.ADMIN)
    for attempt in (lambda: parks.add(olaf, self_made, organisation="company", since=clock.today()),
                    lambda: parks.ask(olaf, self_made, "harbour")):
        with pytest.raises(Forbidden):
            attempt()
    outbox.drain()
    assert notices(charlie)[1] == 0
    assert signed_in(olaf).get("/parks/self-made/members/new").status_code == 404


def test_a_park_that_is_verified_no_more_looks_into_no_list(erin, gina, hugo, garden, harbour, counted):
    parks.agree(hugo, harbour, parks.ask(gina, garden, "harbour"))
    assert parks.get(hugo, "garden")
    service.refuse(erin, harbour, "It is none.")
    session.expire_all()
    with pytest.raises(NotFound):
        parks.get(hugo, "garden")
    with pytest.raises(NotFound):
        parks.get(gina, "harbour")
    assert slugs(hugo, park="garden") == slugs(hugo) and parks.get(gina, "garden")


def test_both_parks_hear_of_asking_and_agreeing(erin, gina, hugo, garden, harbour):
    with transaction():
        gina.memberships[0].role = Role.ADMIN
    asked = parks.ask(gina, garden, "harbour")
    outbox.drain()
    assert "Garden asks that each of you" in str(notices(hugo)[0][0].phrase)
    parks.agree(hugo, harbour, asked)
    outbox.drain()
    assert "Harbour agrees" in str(notices(gina)[0][0].phrase)


def test_a_change_of_the_list_from_an_old_page_is_refused(gina, counted):
    seen = counted.version
    parks.change(gina, counted, version=seen, since=counted.since, note="Building 4")
    with pytest.raises(Conflict):
        parks.change(gina, counted, version=seen, since=counted.since, note="Building 5")


def test_organisation_leaves_a_parks_list_by_itself(signed_in, charlie, alice, counted):
    address = f"/parks/garden/members/{counted.id}/remove"
    assert signed_in(alice).post(address).status_code == 404
    assert "Counted by Garden among its members" in signed_in(charlie).get("/organisations/company").text
    assert "Counted by" not in signed_in(alice).get("/organisations/company").text
    assert signed_in(charlie).post(address).location == "/organisations/company"
    assert session.get(type(counted), counted.id) is None


def test_park_keeps_its_list_in_the_browser(signed_in, gina, hugo, garden, harbour, company):
    browser = signed_in(gina)
    assert "No members on the list yet" in browser.get("/parks/garden/members").text
    wrong = browser.post("/parks/garden/members/new", data={"organisation": "Nobody Ltd", "since": "2024-03-01"})
    assert wrong.status_code == 422 and "“Nobody Ltd”" in wrong.text
    browser.post("/parks/garden/members/new", data={"organisation": "Company", "since": "2024-03-01",
                                                    "steward_id": gina.id, "note": "Building 3"})
    page = browser.get("/parks/garden/members").text
    assert "Building 3" in page and "Steward: Gina" in page
    row = parks.members(gina, garden)[0]
    edit = f"/parks/garden/members/{row.id}/edit"
    assert "Building 3" in browser.get(edit).text
    browser.post(edit, data={"since": "2024-03-02", "note": "Building 4", "version": row.version})
    assert "Building 4" in browser.get("/parks/garden/members").text
    browser.post("/parks/garden/partners/new", data={"partner": "harbour"})
    other = signed_in(hugo)
    asked = parks.partnerships(gina, garden)[0]
    assert "waits for an answer" in other.get("/parks/harbour/members").text
    other.post(f"/parks/harbour/partners/{asked.id}/agree")
    assert "Building 4" in other.get("/parks/garden/members").text
    browser.post(f"/parks/garden/members/{row.id}/remove")
    assert "No members on the list yet" in browser.get("/parks/garden/members").text
