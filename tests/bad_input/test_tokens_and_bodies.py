"""Requests of programs that are no requests: bad tokens, bad bodies, bodies of the wrong kind or size."""

import json
from datetime import timedelta

import pytest
from conftest import a_listing
from introductions.case_entries import ANSWERS
from sqlalchemy import select
from trying import problem_of, text_of, token_of

from marketplace import clock
from marketplace.accounts.models import ApiToken
from marketplace.db import session, transaction
from marketplace.listings.models import Listing, State

pytest_plugins = ["company_of_trouble"]
LISTINGS, TOKENS, INTRODUCTIONS = "/api/v1/listings", "/api/v1/tokens", "/api/v1/introductions"
HEADERS = [
    "Bearer",
    "Bearer ",
    "Bearer yq_forged",
    "bearer\tyq_x",
    "Basic YWxpY2U6eA==",
    "yq_without_scheme",
    "Bearer a b c",
    "Bearer \u00ff\u00fe",
    "Bearer " + "x" * 7_000,
    "Digest username=x",
    ",",
    "Bearer null",
    "Bearer %00",
]
MALFORMED = [
    "",
    "{",
    "nonsense",
    "{'a': 1}",
    '{"a": 1,}',
    "\ufeff{}",
    '{"a": "\\ud8',
    "[" * 100_000,
    '{"a":' * 50_000,
    '{"n": ' + "9" * 5_000 + "}",
]
WRONG_SHAPES = ["[]", "null", "true", "3", '"text"', "[{}]", '[["kind", "result"]]']
WRITES = (("POST", LISTINGS), ("POST", TOKENS), ("POST", INTRODUCTIONS))


@pytest.mark.parametrize("header", HEADERS, ids=[repr(header)[:25] for header in HEADERS])
def test_authorization_that_is_none_is_refused_as_the_standard_wants(client, header):
    for method, path in (("GET", "/api/v1/me"), ("GET", "/api/v1/search"), ("POST", LISTINGS), ("GET", INTRODUCTIONS)):
        answer = client.open(path, method=method, headers={"Authorization": header.encode().decode("latin-1")})
        problem = problem_of(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer" and "/api/v1/tokens" in problem["detail"]


def test_expired_and_revoked_tokens_and_those_of_the_disabled_open_nothing(client, alice, bob, monkeypatch):
    expired, revoked, disabled = token_of(alice), token_of(alice), token_of(bob)
    with transaction():
        rows = session.scalars(select(ApiToken).order_by(ApiToken.id)).all()
        rows[-3].expires_at = clock.now() - timedelta(seconds=1)
        bob.disabled_at = clock.now()
    assert client.delete("/api/v1/tokens/current", headers={"Authorization": f"Bearer {revoked}"}).status_code == 204
    for token in (expired, revoked, disabled):
        problem_of(client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}), 401)


def test_bearer_token_is_for_the_api_only(client, alice):
    answer = client.get("/mine", headers={"Authorization": f"Bearer {token_of(alice)}"})
    assert answer.status_code == 302 and "/sign-in" in answer.location


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_body_that_is_no_json_is_said_to_be_none(program, alice, method, path):
    hers = program(alice)
    for body in MALFORMED:
        answer = hers.open(
            path, method=method, data=body.encode("utf-8", "surrogatepass"), content_type="application/json"
        )
        assert answer.status_code in (400, 422), body[:20]
        problem_of(answer, answer.status_code)
    answer = hers.open(path, method=method, data=b"\xff\xfe{\x00", content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_json_of_the_wrong_shape_is_said_to_be_so(program, alice, method, path):
    hers = program(alice)
    for body in WRONG_SHAPES:
        problem = problem_of(hers.open(path, method=method, data=body, content_type="application/json"), 422)
        assert all(problem["fields"].values()), body


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=klingon",
        "nonsense",
        "",
    ],
)
def test_content_of_another_kind_is_refused(program, alice, kind):
    answer = program(alice).post(LISTINGS, data='{"kind": "result"}', content_type=kind)
    assert answer.status_code in (201, 415, 422) and (answer.status_code == 201) == kind.startswith("application/json")


HALVES = ["\ud800", "a\udfffb", [1, "\ud800"], {"\ud800": "x"}, [{"number": "x", "co_owners": [{"name": "\ud800"}]}]]
HOSTILE_VALUES = [
    "\0",
    "\u202e",
    10**30,
    -(10**30),
    1.5,
    float("inf"),
    float("nan"),
    True,
    [],
    {},
    [[]],
    [None],
    [{}],
    {"a": {}},
    {"": ""},
    "x" * 100_000,
    ["x"] * 5_000,
    [{"type": {}, "co_owners": 5}],
    [{"co_owners": [5]}],
    [{"co_owners": {}}],
    [{"number": {}, "co_owners": [{"name": [], "share": "nan"}]}],
    "1e999",
    "٣",
    "²",
    "9" * 5_000,
    -0.0,
]


def send(browser, method, path, body):
    return browser.open(path, method=method, data=json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=[repr(value)[:25] for value in HOSTILE_VALUES])
def test_no_value_breaks_a_field_of_a_listing(program, alice, institute, value):
    hers, ref = program(alice), a_listing(institute, state=State.DRAFT).ref
    document = hers.get("/api/v1/openapi.json").json
    fields = document["components"]["schemas"]["ListingChange"]["properties"]
    answer = send(hers, "PATCH", f"{LISTINGS}/{ref}", dict.fromkeys(fields, value))
    assert answer.status_code < 500, text_of(answer)
    for field in fields:
        answer = send(hers, "PATCH", f"{LISTINGS}/{ref}", {field: value})
        assert answer.status_code in (200, 409, 422), field
        if answer.status_code == 422:
            assert field in answer.json["fields"] and answer.json["fields"][field]
    assert hers.get(f"{LISTINGS}/{ref}").status_code == 200
    for name in ("kind", "organisation"):
        assert send(hers, "POST", LISTINGS, {"kind": "result", name: value}).status_code in (201, 422)
    assert send(hers, "POST", LISTINGS, {"kind": "result", str(value)[:60]: value}).status_code == 422
    for name in ("remark", "reason", "version"):
        assert send(hers, "POST", f"{LISTINGS}/{ref}/submit", {name: value}).status_code in (200, 409, 422)


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=[repr(value)[:25] for value in HOSTILE_VALUES])
def test_no_value_breaks_a_move_or_a_token(program, charlie, dana, interest, need, result, value):
    his, ref = program(dana), interest.ref
    document = his.get("/api/v1/openapi.json").json
    for name in document["components"]["schemas"]["Move"]["properties"]:
        for move in ("qualify", "take", "close", "meet"):
            body = (
                {"move": move, "reason": "rejected_at_triage", name: value}
                if move == "close"
                else {"move": move, name: value}
            )
            answer = send(his, "POST", f"{INTRODUCTIONS}/{ref}/moves", body)
            assert answer.status_code in (200, 409, 422), (name, text_of(answer))
    theirs = program(charlie)
    for name in ("need", "result", *ANSWERS, "origin"):
        body = {"need": "N-2026-000000", "result": "R-2026-000000", **ANSWERS, name: value}
        assert send(theirs, "POST", INTRODUCTIONS, body).status_code in (404, 422), name
    for name in ("email", "password"):
        answer = send(his, "POST", TOKENS, {"email": "a@b.example", "password": "x", name: value})
        assert answer.status_code in (401, 422), name


@pytest.mark.parametrize("value", HALVES, ids=ascii)
def test_half_a_character_is_refused_before_anything_keeps_it(program, alice, value):
    hers = program(alice)
    for method, path in WRITES:
        detail = problem_of(send(hers, method, path, {"kind": "result", "title": value, "email": value}), 400)["detail"]
        assert "\\ud800" in detail or "\\udfff" in detail
    whole = send(hers, "POST", LISTINGS, {"kind": "result", "title": "🔋"})
    assert whole.status_code == 201 and whole.json["title"] == "🔋"


def test_body_larger_than_we_take_is_refused_and_keeps_nothing(app, program, alice):
    hers, before = program(alice), session.query(Listing).count()
    answer = hers.post(
        LISTINGS, data=b'{"kind": "result", "title": "' + b"x" * (5 << 20) + b'"}', content_type="application/json"
    )
    problem_of(answer, 413)
    assert session.query(Listing).count() == before


def test_page_says_that_a_form_is_too_large(signed_in, alice):
    form = b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + b"x" * (5 << 20) + b"\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    answer = signed_in(alice).post("/listings/new/result", data=form, content_type=kind)
    assert answer.status_code == 413 and "larger than we take" in text_of(answer)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "BREW"])
def test_method_that_is_not_taken_is_said_to_be_so(client, method):
    answer = client.open("/api/v1/search", method=method)
    problem_of(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_address_of_the_api_that_is_none_is_a_problem(client):
    for path in ("/api/v1/", "/api/v2/search", "/api/v1/nonsense", "/api/v1/listings/x/y/z"):
        problem_of(client.get(path), 404)
