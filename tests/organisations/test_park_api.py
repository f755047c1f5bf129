"""The directory of members and parks' lists over the API."""

from __future__ import annotations

from datetime import date

import pytest
from conftest import a_person, an_organisation, join

from marketplace.db import session, transaction
from marketplace.organisations import parks, service
from marketplace.organisations.models import Kind, MembershipClass, Organisation, Role, State
from marketplace.organisations.park_models import ParkMember

MEMBERS = "/api/v1/members"


@pytest.fixture
def orchard():
    return an_organisation("orchard", Kind.PARK)


@pytest.fixture
def olga(orchard):
    """Keeps the orchard's list."""
    person = a_person("olga@orchard.example")
    join(person, orchard, Role.EDITOR)
    return person


@pytest.fixture
def listed(olga, orchard, company):
    return parks.add(olga, orchard, organisation="company", since=date(2024, 3, 1), steward_id=olga.id, note="Hall 3")


@pytest.fixture
def list_of_orchard(orchard):
    return f"/api/v1/parks/{orchard.slug}/members"


def slugs(answer):
    return [one["slug"] for one in answer.json["items"]]


def test_anybody_reads_the_directory_and_narrows_it(program, erin, company, institute):
    an_organisation("waits", Kind.COMPANY, State.PENDING)
    abroad = an_organisation("abroad", Kind.COMPANY)
    with transaction():
        abroad.region = "SG"
    service.place(erin, institute, membership=MembershipClass.FOUNDING, steward_id=erin.id)
    api = program()
    everybody = api.get(MEMBERS)
    assert slugs(everybody) == ["institute", "abroad", "company"]
    assert everybody.json["counts"] == {"founding": 1, "ordinary": 2, "guest": 0} and everybody.json["total"] == 3
    first = everybody.json["items"][0]
    assert first["badge_url"].endswith("/members/institute/badge.svg") and first["member_since"]
    assert first["steward"] is None and first["verified"] and first["parks"] == []
    for narrowed, found in (("kind=company", ["abroad", "company"]), ("membership=founding", ["institute"]),
                            ("region=广东", ["institute", "company"]), ("region=SG", ["abroad"]),
                            ("q=compan", ["company"])):
        assert slugs(api.get(f"{MEMBERS}?{narrowed}")) == found, narrowed
    assert api.get(f"{MEMBERS}?size=1&page=2").json["items"][0]["slug"] == "abroad"


def test_steward_is_told_to_members_of_verified_organisations(program, erin, alice, company):
    service.place(erin, company, membership=MembershipClass.ORDINARY, steward_id=erin.id)
    found = {one["slug"]: one["steward"] for one in program(alice).get(MEMBERS).json["items"]}
    assert found["company"] == "Erin"


def test_what_cannot_be_narrowed_by_is_named_with_the_remedy(program, olga, alice, orchard):
    fields = program(olga).get(f"{MEMBERS}?region=Atlantis").json["fields"]
    assert fields["region"] == "“Atlantis” is not a region we know."
    assert "company" in program(olga).get(f"{MEMBERS}?kind=club").json["fields"]["kind"]
    assert program(olga).get(f"{MEMBERS}?park=harbour").json["fields"]["park"] == (
        "“harbour” is no park whose list you may look into. Those are: orchard.")
    assert program(alice).get(f"{MEMBERS}?park=orchard").status_code == 422
    assert program().get(f"{MEMBERS}?park=orchard&lang=zh").json["fields"]["park"].startswith("您不能查看“orchard”")


def test_park_keeps_its_list(program, olga, orchard, list_of_orchard, company):
    api = program(olga)
    [park] = api.get("/api/v1/parks").json["items"]
    assert (park["slug"], park["may_keep"]) == ("orchard", True)
    sent = {"organisation": "company", "since": "2024-03-01", "steward_id": olga.id, "note": "Hall 3"}
    made = api.post(list_of_orchard, json=sent)
    assert made.status_code == 201 and made.json["steward"]["name"] == "Olga"
    here = f"{list_of_orchard}/{made.json['id']}"
    page = api.get(list_of_orchard).json
    assert page["total"] == 1 and page["items"] == [made.json] and page["park"]["slug"] == "orchard"
    assert slugs(api.get(f"{MEMBERS}?park=orchard")) == ["company"]
    assert api.get(MEMBERS + "?park=orchard").json["items"][0]["parks"] == ["orchard"]
    seen = api.get(here)
    changed = api.put(here, json={"since": "2023-01-09"}, headers={"If-Match": seen.headers["ETag"]})
    assert changed.json["since"] == "2023-01-09" and changed.json["steward"] is None
    late = api.put(here, json={"since": "2022-01-09"}, headers={"If-Match": seen.headers["ETag"]})
    assert late.status_code == 412 and api.put(here, json={"since": "2022-01-09"}).status_code == 428
    assert api.delete(here).status_code == 204 and api.get(here).status_code == 404
    assert session.query(ParkMember).count() == 0


def test_what_is_wrong_is_said_by_field(program, olga, list_of_orchard, listed, company):
    api = program(olga)
    again = api.post(list_of_orchard, json={"organisation": "company", "since": "2024-03-01"})
    assert again.json["fields"] == {"organisation": "Company is on the list already."}
    sent = {"organisation": "Nobody Ltd", "since": "1 Foo 2024"}
    assert "“1 Foo 2024” is not a date" in api.post(list_of_orchard, json=sent).json["fields"]["since"]
    sent["since"] = "2999-01-01"
    assert "“Nobody Ltd”" in api.post(list_of_orchard, json=sent).json["fields"]["organisation"]
    sent["organisation"] = "institute"
    an_organisation("depot", Kind.COMPANY)
    assert "not come yet" in api.post(list_of_orchard, json={**sent, "organisation": "depot"}).json["fields"]["since"]


def test_partners_read_and_do_not_write_and_the_organisation_may_leave(program, olga, orchard, list_of_orchard, listed,
                                                                       charlie, alice):
    quay = an_organisation("quay", Kind.PARK)
    quentin = a_person("quentin@quay.example")
    join(quentin, quay, Role.ADMIN)
    here, api, stranger, theirs = f"{list_of_orchard}/{listed.id}", program(quentin), program(alice), program(charlie)
    parks.agree(olga, orchard, parks.ask(quentin, quay, "orchard"))
    assert api.get(list_of_orchard).json["items"][0]["note"] == "Hall 3"
    assert [one["slug"] for one in api.get("/api/v1/parks").json["items"]] == ["orchard", "quay"]
    assert api.post(list_of_orchard, json={"organisation": "quay", "since": "2024-01-01"}).status_code == 404
    assert api.put(here, json={"since": "2024-01-01"}, headers={"If-Match": "*"}).status_code == 404
    assert api.delete(here).status_code == 404
    assert stranger.get(here).status_code == stranger.get(list_of_orchard).status_code == 404
    assert theirs.get(list_of_orchard).status_code == 404 and theirs.get(here).status_code == 200
    assert theirs.put(here, json={"since": "2024-01-01"}, headers={"If-Match": "*"}).status_code == 404
    assert theirs.delete(here).status_code == 204


def test_lists_take_as_many_queries_for_many_as_for_few(program, olga, orchard, list_of_orchard, count_queries):
    api, keeper, park = program(olga), olga.id, orchard.id

    def counted(start, count):
        for number in range(start, start + count):
            an_organisation(f"firm{number}", Kind.COMPANY)
            parks.add(session.get_one(type(olga), keeper), session.get_one(Organisation, park),
                      organisation=f"firm{number}", since=date(2024, 1, 1), steward_id=keeper)
        with count_queries() as asked:
            assert api.get(f"{list_of_orchard}?size=50").json["total"] == start + count
            api.get(f"{MEMBERS}?size=50")
        return asked.count

    few = counted(0, 3)
    assert counted(3, 20) <= few


def test_the_organisation_reads_all_but_the_note_that_the_park_keeps(program, list_of_orchard, listed, charlie):
    theirs = program(charlie).get(f"{list_of_orchard}/{listed.id}")
    assert theirs.json["organisation"]["slug"] == "company" and theirs.json["since"] == "2024-03-01"
    assert "note" not in theirs.json and "Hall 3" not in theirs.text
