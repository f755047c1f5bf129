"""What every answer carries, and what is open to whom."""

from __future__ import annotations

import re

import pytest

PUBLIC_PAGES = ("/", "/help", "/search", "/sign-in", "/register", "/nowhere")


@pytest.mark.parametrize("address", [*PUBLIC_PAGES, "/healthz", "/static/style.css", "/api/v1/nowhere"])
def test_every_answer_carries_the_headers_that_protect_it(client, address):
    headers = client.get(address, buffered=True).headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_no_page_contains_what_the_policy_forbids(client, address):
    page = client.get(address).get_data(as_text=True)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|https?://(?!www\.w3\.org)", page)


@pytest.mark.parametrize("file", ["style.css", "main.js", "favicon.svg"])
def test_visitors_get_style_script_and_icon(client, file):
    assert client.get(f"/static/{file}", buffered=True).status_code == 200


def test_visitors_get_bootstrap_from_here(client):
    assert client.get("/bootstrap/static/css/bootstrap.min.css", buffered=True).status_code == 200


def test_no_file_beside_the_static_ones_is_given_away(client):
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/%2e%2e/app.py").status_code == 404


def test_a_page_for_somebody_is_kept_by_no_cache(signed_in, alice):
    assert "no-store" in signed_in(alice).get("/help").headers["Cache-Control"]


def test_a_page_is_kept_apart_by_language_and_person(client):
    assert {"cookie", "accept-language"} <= {name.lower() for name in client.get("/help").vary}


def test_a_form_without_its_token_is_refused(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = client.post("/sign-in", data={"email": "a@b.example", "password": "x"})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 400
    assert "load it again" in answer.get_data(as_text=True)


def test_a_stranger_is_asked_to_sign_in_and_brought_back(client):
    answer = client.get("/figures?months=3")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/figures?months%3D3"
