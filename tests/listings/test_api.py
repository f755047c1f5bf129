"""Listings over JSON."""

import pytest
from conftest import NEED, RESULT, a_listing

from marketplace.listings import service
from marketplace.listings.models import Kind, State

WHOLE = {**{k: v for k, v in RESULT.items() if k != "details"}, **RESULT["details"]}


URL = "/api/v1/listings"


def test_a_listing_goes_from_draft_to_publication(program, alice, erin):
    hers, reviewer = program(alice), program(erin)
    created = hers.post(URL, json={"kind": "result", **WHOLE})
    assert created.status_code == 201 and created.json["state"] == "draft" and created.headers["Location"]
    one = f"{URL}/{created.json['ref']}"
    assert hers.post(f"{one}/submit").json["state"] == "submitted"
    assert reviewer.post(f"{one}/publish").json["state"] == "published"
    assert program().get(one).json["title"] == WHOLE["title"]


def test_visitor_gets_the_public_part(program, institute):
    body = program().get(f"{URL}/{a_listing(institute).ref}").json
    assert body["tier"] == 0 and "advantage" not in body and body["withheld"] == [1] and body["actions"] == []


def test_member_gets_the_members_part(program, charlie, institute):
    body = program(charlie).get(f"{URL}/{a_listing(institute).ref}").json
    assert body["tier"] == 1 and body["advantage"].startswith("Self") and body["contact"] is None


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("patch", ""), ("post", "/submit"), ("post", "/withdraw")])
def test_draft_does_not_exist_for_a_stranger(program, charlie, institute, method, path):
    ref = a_listing(institute, state=State.DRAFT).ref
    response = getattr(program(charlie), method)(f"{URL}/{ref}{path}", json={} if method != "get" else None)
    assert response.status_code == 404 and response.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"), [("patch", ""), ("post", "/pause"), ("post", "/withdraw"), ("post", "/publish")]
)
def test_outsider_may_read_but_not_change(program, charlie, institute, method, path):
    ref = a_listing(institute).ref
    body = {"title": "Mine"} if method == "patch" else {"remark": "x"}
    assert getattr(program(charlie), method)(f"{URL}/{ref}{path}", json=body).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"), [("post", ""), ("patch", "/R-2026-000001"), ("post", "/R-2026-000001/submit")]
)
def test_nobody_writes_without_a_token(program, method, path):
    assert getattr(program(), method)(f"{URL}{path}", json={}).status_code == 401


def test_author_does_not_publish(program, alice, institute):
    ref = a_listing(institute, state=State.SUBMITTED).ref
    assert program(alice).post(f"{URL}/{ref}/publish").status_code == 403


def test_wrong_values_are_named_with_their_remedy(program, alice):
    response = program(alice).post(
        URL, json={"kind": "result", "trl": 12, "region": "Mars", "situation": "x", "modes": ["gift"]}
    )
    assert response.status_code == 422
    assert set(response.json["fields"]) == {"trl", "region", "situation", "modes"}
    assert "“Mars” is not a region" in response.json["fields"]["region"]


def test_unknown_field_and_kind_are_refused(program, alice):
    hers = program(alice)
    assert "colour" in hers.post(URL, json={"kind": "result", "colour": "red"}).json["fields"]
    assert "kind" in hers.post(URL, json={"kind": "wish"}).json["fields"]


def test_submission_names_what_is_missing(program, charlie):
    his = program(charlie)
    ref = his.post(URL, json={"kind": "need", "title": "Half"}).json["ref"]
    response = his.post(f"{URL}/{ref}/submit")
    assert response.status_code == 422 and {"situation", "targets"} <= set(response.json["fields"])


def test_stranger_cannot_create_for_an_organisation(program, charlie, institute):
    response = program(charlie).post(URL, json={"kind": "need", "organisation": "institute", "title": "x"})
    assert response.status_code == 422 and "company" in response.json["fields"]["organisation"]


@pytest.mark.parametrize("action", ["request-changes", "reject"])
def test_reviewer_must_say_why(program, dana, institute, action):
    one = f"{URL}/{a_listing(institute, state=State.SUBMITTED).ref}"
    reviewer = program(dana)
    response = reviewer.post(f"{one}/{action}", json={})
    assert response.status_code == 422 and "remark" in response.json["fields"]
    answer = reviewer.post(f"{one}/{action}", json={"remark": "Numbers, please."})
    assert answer.json["remark"] == "Numbers, please."


def test_move_out_of_order_is_a_conflict(program, alice, institute):
    one = f"{URL}/{a_listing(institute, state=State.DRAFT).ref}"
    assert program(alice).post(f"{one}/pause").status_code == 409


def test_unknown_action_lists_those_there_are(program, alice, institute):
    response = program(alice).post(f"{URL}/{a_listing(institute).ref}/explode")
    assert response.status_code == 404 and "withdraw" in response.json["detail"]


def test_change_is_guarded_by_the_etag(program, alice, institute):
    one, hers = f"{URL}/{a_listing(institute, state=State.DRAFT).ref}", program(alice)
    tag = hers.get(one).headers["ETag"]
    assert hers.patch(one, json={"title": "First"}, headers={"If-Match": tag}).status_code == 200
    assert hers.patch(one, json={"title": "Second"}, headers={"If-Match": tag}).status_code == 412
    assert hers.get(one).json["title"] == "First"


def test_change_is_guarded_by_the_version(program, alice, institute):
    one, hers = f"{URL}/{a_listing(institute, state=State.DRAFT).ref}", program(alice)
    version = hers.get(one).json["version"]
    assert hers.patch(one, json={"title": "First", "version": version}).status_code == 200
    assert hers.patch(one, json={"title": "Second", "version": version}).status_code == 409


def test_what_has_not_changed_is_not_sent_again(program, institute):
    one = f"{URL}/{a_listing(institute).ref}"
    tag = program().get(one).headers["ETag"]
    assert program().get(one, headers={"If-None-Match": tag}).status_code == 304


def test_null_clears_a_field_and_others_stay(program, alice, institute):
    one = f"{URL}/{a_listing(institute, state=State.DRAFT).ref}"
    body = program(alice).patch(one, json={"trl": None, "territory": "China"}).json
    assert body.get("trl") is None and body["territory"] == "China" and body["advantage"]


def test_change_of_substance_waits(program, alice, institute):
    one = f"{URL}/{a_listing(institute).ref}"
    body = program(alice).patch(one, json={"trl": 9}).json
    assert (body["trl"], body["waiting"]) == (6, "in_review")


def test_list_holds_what_the_reader_may_see(program, alice, charlie, institute, company):
    shown = a_listing(institute, Kind.NEED, details=NEED["details"], confidential="Secret").ref
    draft = a_listing(institute, state=State.DRAFT).ref
    hers, his = program(alice), program(charlie)
    assert [row["ref"] for row in his.get(URL).json["listings"]] == [shown]
    assert "Secret" not in hers.get(URL).text
    mine = hers.get(f"{URL}?mine=true&state=draft").json
    assert (mine["total"], mine["listings"][0]["ref"]) == (1, draft)
    assert his.get(f"{URL}?mine=true").json["total"] == 0


def test_list_by_organisation_does_not_unmask_an_anonymous_listing(program, alice, charlie, institute):
    a_listing(institute, anonymous=True)
    hers, his = program(alice), program(charlie)
    assert his.get(f"{URL}?organisation=institute").json["total"] == 0
    assert his.get(URL).json["listings"][0]["organisation"] is None
    assert hers.get(f"{URL}?organisation=institute").json["total"] == 1


def test_anonymous_listing_keeps_its_source_to_itself(program, charlie, institute):
    a_listing(institute, anonymous=True, source="institute.example", external_id="INST-7")
    body = program(charlie).get(URL).json["listings"][0]
    assert "source" not in body and "external_id" not in body


@pytest.mark.parametrize("query", ["page=0", "page=x", "size=1000", "kind=wish", "state=gone"])
def test_impossible_filters_are_named(program, query):
    response = program().get(f"{URL}?{query}")
    assert response.status_code == 422 and query.partition("=")[0] in response.json["fields"]


def test_confidential_part_comes_with_the_introduction(program, charlie, company, alice, institute):
    listing = a_listing(institute, confidential="Ratio 3:7.", contact_id=alice.id)
    ref, number, buyer = listing.ref, listing.id, company.id
    his = program(charlie)
    assert "confidential" not in his.get(f"{URL}/{ref}").json
    service.grant(number, buyer, 2, "I-2026-000001")
    body = his.get(f"{URL}/{ref}").json
    assert body["confidential"] == "Ratio 3:7." and body["contact"]["email"] == "alice@institute.example"
