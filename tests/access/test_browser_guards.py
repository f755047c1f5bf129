"""What protects people's browsers: forms only from here, no way out to elsewhere, headers on whatever is answered."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from access.asking import rules_of
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from marketplace.app import bind, create_app

OPEN_TO_PROGRAMS = {"catalogues.harvested", "saved.unsubscribe", "messaging.leave", "news.leave"}
"""Harvesters only read; the others are pressed in mail programs, and their links can do nothing else."""
ELSEWHERE = (
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example", "https:evil.example",
    "https://evil.example", "https:/evil.example", "HTTPS:\\\\evil.example", "/\t/evil.example", "\t//evil.example",
    " //evil.example", "/\n/evil.example", "//evil%2eexample", "/%2f/evil.example/..", "%2f%2fevil.example",
    "javascript:alert(1)", "data:text/html,x", "/desk\t//evil.example", "//desk", "/\u2028/evil.example",
    "https://localhost@evil.example", "evil.example", "/sign-in?next=//evil.example", ".evil.example", "@evil.example",
)


def some_address(rule: Rule) -> str:
    """It need not exist: forms are checked before anything is looked for."""
    given = {}
    for name, converter in rule._converters.items():
        is_choice = isinstance(converter, AnyConverter)
        given[name] = (sorted(converter.items)[0] if is_choice
                       else 1 if isinstance(converter, IntegerConverter) else "x")
    built = rule.build(given)
    assert built
    return built[1]


@pytest.fixture
def with_csrf(app):
    app.config["WTF_CSRF_ENABLED"] = True
    yield app
    app.config["WTF_CSRF_ENABLED"] = False


def test_every_form_is_refused_without_its_token(with_csrf, signed_in, erin):
    browser, passed = signed_in(erin), set()
    for route, rule in rules_of(with_csrf).items():
        if route.method != "GET" and not route.is_api:
            with browser.open(some_address(rule), method=route.method, data={"x": "1"}) as answer:
                if answer.status_code != 400:
                    passed.add(route.endpoint)
    assert passed == OPEN_TO_PROGRAMS


def test_the_api_takes_no_cookie_for_a_write(with_csrf, signed_in, erin):
    """So that it needs no tokens of forms: another site can send a cookie along, but no bearer token."""
    browser = signed_in(erin)
    for route, rule in rules_of(with_csrf).items():
        if route.method != "GET" and route.is_api and route.endpoint != "accounts_api.new_token":
            with browser.open(some_address(rule), method=route.method, json={}) as answer:
                assert answer.status_code in (401, 403), route.name


def leads_elsewhere(location: str | None) -> bool:
    """As browsers read it: tabs and line breaks are dropped, backslashes are slashes."""
    read = (location or "/").translate({9: None, 10: None, 13: None}).strip().replace("\\", "/")
    parts = urlsplit(read)
    return read.startswith("//") or bool(parts.scheme or parts.netloc)


@pytest.mark.parametrize("where", ELSEWHERE)
def test_no_address_that_is_handed_in_leads_elsewhere(client, signed_in, alice, dana, where):
    """Every `next`, `back` and referrer, in the address and in the form."""
    member, broker = signed_in(alice), signed_in(dana)
    answers = [
        member.get("/sign-in", query_string={"next": where}),
        client.post("/sign-in", data={"email": alice.email, "password": "wrong", "next": where}),
        member.get("/account/texts", query_string={"next": where}),
        member.post("/account/texts", data={"editions": "", "accept": "1", "next": where}),
        member.get("/account/confirm-password", query_string={"next": where}),
        member.post("/account/confirm-password", data={"password": "wrong", "next": where}),
        broker.post("/desk/take-next", data={"back": where}, query_string={"back": where}),
        broker.get("/desk/following", query_string={"back": where}),
        client.post("/account/keep", headers=[("Referer", where)] if where.isascii() and where.isprintable() else []),
        client.get(f"/account?back={where}"),
    ]
    for answer in answers:
        assert answer.status_code < 500
        assert not leads_elsewhere(answer.location), answer.location
        assert not leads_elsewhere(where) or f'href="{where}"' not in answer.text


def test_signing_in_goes_where_it_was_asked_to_if_that_is_here_and_nowhere_else(client, fan_of_next):
    for where in ELSEWHERE:
        answer = fan_of_next(where)
        assert answer.status_code == 302
        assert not leads_elsewhere(answer.location), where
    assert fan_of_next("/searches?page=2").location == "/searches?page=2"


@pytest.fixture
def fan_of_next(app):
    """fan_of_next(where) -> the answer to somebody who signs in with that `next`."""
    from marketplace.accounts import accepting, service

    person = service.create("fan@company.example", "Fan", "a long enough password", language="en")
    accepting.accept(person)

    def sign_in(where):
        form = {"email": "fan@company.example", "password": "a long enough password", "next": where}
        return app.test_client().post("/sign-in", data=form)

    return sign_in


@pytest.mark.once
def test_cookies_of_an_instance_with_https_stay_on_https_and_out_of_scripts(settings, database, engine):
    secured = replace(settings, base_url="https://yinqiao.example")
    try:
        headers = create_app(secured, database=database, engine=engine).test_client().get(
            "/sign-in", base_url=secured.base_url).headers
    finally:
        bind(settings, database, engine)  # the other tests' parts know the address of theirs
    cookies = headers.getlist("Set-Cookie")
    assert cookies and all({"Secure", "HttpOnly", "SameSite=Lax"} <= set(one.split("; ")) for one in cookies)
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
