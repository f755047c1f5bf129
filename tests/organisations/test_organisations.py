from datetime import timedelta

import pytest
from conftest import an_organisation
from sqlalchemy import event

from marketplace import clock
from marketplace.accounts import service as accounts
from marketplace.db import transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.organisations import members, service
from marketplace.organisations.models import Kind, MembershipClass, Role, State
from marketplace.organisations.permissions import can_see, role_in

FORM = {"name": "栎川电子有限公司", "name_en": "Lichuan Electronics", "kind": "company", "region": "440300"}


def test_founder_becomes_administrator_and_operators_are_told(signed_in, charlie, erin, told):
    page = signed_in(charlie).post("/organisations/new", data=FORM, follow_redirects=True)
    assert "Waiting to be verified" in page.text
    charlie = accounts.by_email("charlie@company.example")
    organisation = service.get(charlie, "lichuan-electronics")
    assert (organisation.state, role_in(charlie, organisation.id)) == (State.PENDING, Role.ADMIN)
    assert told(erin) == ["Lichuan Electronics waits to be verified."]


def test_unconfirmed_person_cannot_found(signed_in, charlie):
    with transaction():
        charlie.confirmed_at = None
    browser = signed_in(charlie)
    assert "Confirm your address first" in browser.get("/organisations/new").text
    assert browser.post("/organisations/new", data=FORM).status_code == 403


def test_visitor_cannot_found_and_stranger_cannot_change(client, signed_in, charlie, founded, company, institute):
    for path in ("new", "institute/edit", "institute/members"):
        assert "/sign-in" in client.get(f"/organisations/{path}").location
        assert "/sign-in" in client.post(f"/organisations/{path}").location
    browser = signed_in(charlie)
    assert browser.get(f"/organisations/{founded.slug}").status_code == 404
    assert browser.post("/organisations/institute/edit", data=FORM).status_code == 403
    assert browser.get("/organisations/institute/edit").status_code == 403
    assert browser.post("/organisations/institute/approval", data={"required": "1"}).status_code == 403


@pytest.mark.parametrize("path", ["edit", "members"])
def test_what_waits_does_not_exist_for_strangers(signed_in, charlie, founded, path):
    assert signed_in(charlie).get(f"/organisations/{founded.slug}/{path}").status_code == 404


def test_one_that_waits_is_read_by_its_own_people_and_staff(client, signed_in, alice, erin, founded, institute):
    assert client.get("/organisations/institute").status_code == 200
    address = f"/organisations/{founded.slug}"
    for reader in (alice, erin):
        assert signed_in(reader).get(address).status_code == 200
    assert client.get(address).status_code == 404
    assert client.get(f"/api/v1{address}").status_code == 404


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("who", ["visitor", "alice", "charlie", "dana", "erin"])
def test_page_list_and_rule_agree_on_who_sees_what(request, who, state, institute):
    actor = None if who == "visitor" else request.getfixturevalue(who)
    with transaction():
        institute.state = state
    expected = state is State.VERIFIED or who in ("alice", "dana", "erin")
    assert can_see(actor, institute) is expected
    assert (institute in service.find(actor)[0]) is expected
    if not expected:
        with pytest.raises(NotFound):
            service.get(actor, "institute")


@pytest.mark.parametrize(("field", "value", "complaint"), [
    ("name", "", "This is needed."),
    ("kind", "guild", "Choose one of"),
    ("region", "Atlantis", "“Atlantis” is not a region we know."),
    ("credit_code", "91440300", "“91440300” has 8 characters; a credit code has 18."),
    ("credit_code", "91440300MA5DA1TW0Z", "“Z” in place 18 cannot stand"),
    ("website", "javascript:alert(1)", "This is not a web address"),
    ("about", "x" * 2001, "At most 2000 characters"),
])
def test_what_is_wrong_is_said_and_the_rest_comes_back(signed_in, charlie, field, value, complaint):
    page = signed_in(charlie).post("/organisations/new", data={**FORM, field: value})
    assert page.status_code == 422
    assert complaint in page.text
    assert "Lichuan Electronics" in page.text


def test_the_same_name_or_code_is_not_founded_twice(charlie, founded):
    with transaction():
        founded.credit_code = "91350100M000100Y43"
    with pytest.raises(Invalid, match="is here already"):
        service.create(charlie, name=founded.name, kind=Kind.COMPANY)
    with pytest.raises(Invalid, match="credit code is here already"):
        service.create(charlie, name="Another", kind=Kind.COMPANY, credit_code="91350100M000100Y43")


def test_addresses_are_readable_and_never_shared(charlie):
    made = [service.create(charlie, name=name, name_en=english, kind=Kind.COMPANY).slug
            for name, english in (("云栈理工", None), ("甲", "Yun Zhan Li Gong!"), ("New", None))]
    assert made == ["yun-zhan-li-gong", "yun-zhan-li-gong-2", "new-2"]


def test_nobody_floods_the_operators(charlie):
    for number in range(service.MOST_PENDING):
        service.create(charlie, name=f"Company {number}", kind=Kind.COMPANY)
    with pytest.raises(Conflict):
        service.create(charlie, name="One more", kind=Kind.COMPANY)


def test_operator_verifies_and_administrators_are_told(signed_in, erin, alice, founded, told):
    slug = founded.slug
    browser = signed_in(erin)
    assert "Chengyue Institute" in browser.get("/operator/organisations").text
    assert "320500" not in browser.get(f"/operator/organisations/{slug}").text
    browser.post(f"/operator/organisations/{slug}/verify")
    assert service.get(None, slug).is_verified
    assert told(alice) == ["Chengyue Institute has been verified. Its listings can be published now."]
    assert browser.post(f"/operator/organisations/{slug}/verify").status_code == 409


def test_operator_refuses_with_a_reason_and_mending_asks_again(signed_in, erin, alice, founded, told):
    slug, operator = founded.slug, signed_in(erin)
    assert operator.post(f"/operator/organisations/{slug}/refuse", data={}).status_code == 422
    operator.post(f"/operator/organisations/{slug}/refuse", data={"reason": "No licence under this name."})
    assert told(alice) == ["Chengyue Institute could not be verified: No licence under this name."]
    alice = accounts.by_email("alice@institute.example")
    version = service.get(alice, slug).version
    browser = signed_in(alice)
    assert "No licence under this name." in browser.get(f"/organisations/{slug}").text
    form = {**FORM, "name": "澄岳研究院", "version": version}
    assert browser.post(f"/organisations/{slug}/edit", data=form).status_code == 302
    erin = accounts.by_email("erin@operator.example")
    assert service.get(erin, slug).state is State.PENDING
    assert told(erin) == ["Lichuan Electronics waits to be verified."]


@pytest.mark.parametrize("who", ["alice", "dana"])
def test_only_operators_verify(request, signed_in, who, founded):
    browser = signed_in(request.getfixturevalue(who))
    address = f"/operator/organisations/{founded.slug}"
    for path in ("/operator/organisations", address, f"{address}/refuse", "/operator/organisations/nowhere"):
        assert browser.get(path).status_code == 403
    for path in ("verify", "refuse", "place"):
        assert browser.post(f"{address}/{path}", data={"reason": "x"}).status_code == 403


def test_visitor_is_asked_to_sign_in_before_operators_pages(client, founded):
    for path in ("", f"/{founded.slug}", f"/{founded.slug}/refuse"):
        assert "/sign-in" in client.get(f"/operator/organisations{path}").location
    for path in ("verify", "place", "refuse"):
        assert "/sign-in" in client.post(f"/operator/organisations/{founded.slug}/{path}").location


def test_two_operators_deciding_at_once_one_is_told(erin, founded):
    service.refuse(erin, founded, "No.")
    with pytest.raises(Conflict):
        service.refuse(erin, founded, "No again.")


def test_operator_chooses_steward_and_membership(signed_in, erin, dana, alice, founded, told):
    browser, address = signed_in(erin), f"/operator/organisations/{founded.slug}"
    chosen = {"membership": "founding", "steward_id": dana.id}
    page = browser.post(f"{address}/place", data=chosen, follow_redirects=True)
    assert "Saved." in page.text
    organisation = service.get(erin, founded.slug)
    assert (organisation.membership, organisation.steward.name) == (MembershipClass.FOUNDING, "Dana")
    assert told(dana) == ["Dana is now the steward of Chengyue Institute."]
    assert browser.post(f"{address}/place", data={"membership": "founding", "steward_id": alice.id}).status_code == 422


def test_verified_name_is_changed_by_operators_only(signed_in, alice, erin, institute):
    form = {**FORM, "name": "Another name", "version": institute.version}
    page = signed_in(alice).post("/organisations/institute/edit", data=form)
    assert "This has been verified." in page.text
    assert signed_in(erin).post("/organisations/institute/edit", data=form).status_code == 302
    assert service.get(None, "institute").name == "Another name"


def test_stale_edit_is_refused_and_kept(signed_in, alice, bob, institute):
    with transaction():
        members.change_role(alice, bob.memberships[0], Role.ADMIN)
    form = {**FORM, "name": "institute", "version": institute.version}
    first, second = signed_in(alice), signed_in(bob)
    assert first.post("/organisations/institute/edit", data={**form, "about": "We are many."}).status_code == 302
    page = second.post("/organisations/institute/edit", data={**form, "about": "We are few."})
    assert page.status_code == 409
    assert "We are few." in page.text


def test_list_is_searched_by_name_in_both_languages_and_narrowed_by_kind(client, institute, company):
    assert "Company</a>" not in client.get("/organisations?q=instit").text
    page = client.get("/organisations?kind=company").text
    assert "/organisations/company" in page
    assert "/organisations/institute" not in page
    assert "No organisation like this" in client.get("/organisations?q=100%25").text
    assert client.get("/organisations?kind=guild&page=x").status_code == 200


def test_long_list_takes_a_fixed_number_of_queries(client, signed_in, erin, database):
    browser = signed_in(erin)

    def queries(path):
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(database, "before_cursor_execute", listener)
        assert browser.get(path).status_code == 200
        event.remove(database, "before_cursor_execute", listener)
        return len(seen)

    paths = ("/organisations", "/operator/organisations?state=verified", "/api/v1/organisations")
    an_organisation("first", Kind.COMPANY, created_by_id=erin.id, steward_id=erin.id)
    few = [queries(path) for path in paths]
    for number in range(15):
        an_organisation(f"company-{number}", Kind.COMPANY, created_by_id=erin.id, steward_id=erin.id)
    assert [queries(path) for path in paths] == few


def test_pages_speak_chinese(signed_in, alice, erin, founded):
    slug = founded.slug
    operator = signed_in(erin, "zh")
    for path, words in (
        (f"/operator/organisations/{slug}", "核验通过"), (f"/operator/organisations/{slug}/refuse", "不予通过"),
        ("/operator/organisations", "待核验"), ("/organisations", "全部类型"), ("/organisations/new", "登记机构"),
        (f"/organisations/{slug}/members", "邀请同事"), (f"/organisations/{slug}", "江苏省苏州市"),
    ):
        assert words in operator.get(f"{path}?lang=zh").text


def test_api_lists_and_shows_what_the_reader_may_see(client, institute, founded):
    answer = client.get("/api/v1/organisations?size=1").json
    assert (answer["total"], [o["slug"] for o in answer["items"]]) == (1, ["institute"])
    first = client.get("/api/v1/organisations/institute")
    assert first.json["verified"] is True
    assert "credit_code" not in first.json
    known = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/api/v1/organisations/institute", headers=known).status_code == 304
    assert client.get("/api/v1/organisations?kind=guild").status_code == 422
    assert client.get("/api/v1/organisations?size=1000").status_code == 422


def test_me_shows_whom_a_token_speaks_for(signed_in, alice, institute):
    me = signed_in(alice).get("/api/v1/me").json
    assert me["memberships"] == [{"organisation": {"slug": "institute", "name": "institute", "name_en": "Institute",
                                                    "kind": "institute", "verified": True}, "role": "admin"}]
    assert me["confirmed"] is True
    assert "password_hash" not in me


def test_operator_withdraws_a_verification(erin, institute, monkeypatch):
    later = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    service.refuse(erin, institute, "Dissolved.")
    assert (institute.state, institute.decided_at) == (State.REFUSED, later)


def test_member_who_is_no_operator_cannot_decide_in_code_either(alice, founded):
    for forbidden in (lambda: service.verify(alice, founded), lambda: service.refuse(alice, founded, "x"),
                      lambda: service.queue(alice),
                      lambda: service.place(alice, founded, membership=MembershipClass.GUEST, steward_id=None)):
        with pytest.raises(Forbidden):
            forbidden()
