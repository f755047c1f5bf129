"""Whatever goes wrong, a person gets a page and a program gets problem+json."""

from __future__ import annotations

import pytest
from flask import abort

from marketplace.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorised, Unavailable
from marketplace.phrases import say
from marketplace.web import errors


@pytest.mark.parametrize("address", ["/nowhere", "/listings/R-1999-000001", "/%00", "/a/../b", "/organisations/none"])
def test_a_person_who_goes_astray_gets_a_page_with_a_way_back(client, address):
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "To the front page" in answer.get_data(as_text=True)


def test_a_page_of_an_error_is_in_the_language_of_the_reader(client):
    assert "页面不存在" in client.get("/nowhere?lang=zh").get_data(as_text=True)


def test_a_program_that_goes_astray_gets_a_problem(client):
    answer = client.get("/api/v1/nowhere")
    assert answer.mimetype == "application/problem+json"
    assert answer.json == {
        "type": "about:blank", "title": "There is no such page, or it is not for you to see", "status": 404,
        "request_id": answer.headers["X-Request-ID"],
    }
    assert answer.headers["Content-Language"] == "en"


@pytest.mark.parametrize(("problem", "status"), [
    (NotFound(), 404), (Forbidden(), 403), (Conflict(say("It has changed meanwhile")), 409), (Unavailable(), 503),
    (Invalid({"title": say("This is needed.")}), 422), (Unauthorised(), 401),
])
def test_each_of_our_errors_has_its_status_title_and_fields(app, problem, status):
    with app.test_request_context("/api/v1/x", headers={"Accept-Language": "zh"}):
        answer = errors.ours(problem)
    body = answer.get_json()
    assert (answer.status_code, body["status"], body["type"]) == (status, status, "about:blank")
    assert body["title"] and body["title"] != problem.title
    assert body.get("fields") == ({"title": "此项必填。"} if status == 422 else None)


def test_a_program_without_a_token_is_told_how_to_get_one(app):
    with app.test_request_context("/api/v1/x"):
        assert errors.ours(Unauthorised()).headers["WWW-Authenticate"] == "Bearer"


def test_a_program_is_told_when_to_come_back(app):
    with app.test_request_context("/api/v1/x"):
        assert errors.ours(Unavailable()).headers["Retry-After"] == "5"


def test_the_complaint_about_a_whole_request_becomes_the_detail(app):
    with app.test_request_context("/api/v1/x?lang=en"):
        assert errors.ours(Invalid({"": say("Send an object.")})).get_json()["detail"] == "Send an object."


@pytest.mark.parametrize("status", sorted(errors.TITLES))
def test_a_refusal_by_the_framework_is_worded_by_us(app, status):
    with app.test_request_context("/api/v1/x?lang=en"):
        try:
            abort(status)
        except Exception as refusal:
            answer = errors.http(refusal)
    assert (answer.status_code, answer.get_json()["title"]) == (status, str(errors.TITLES[status]))


def test_what_nobody_foresaw_tells_nothing_of_the_inside(app, caplog):
    with app.test_request_context("/x?lang=en"):
        answer = errors.unexpected(ZeroDivisionError("secret detail"))
    assert answer.status_code == 500
    assert "secret" not in answer.get_data(as_text=True)
    assert "Something went wrong on our side" in answer.get_data(as_text=True)


def test_a_method_that_is_not_taken_is_refused_politely(client):
    assert client.delete("/help").status_code == 405
