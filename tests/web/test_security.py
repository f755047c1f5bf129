"""What every answer carries, and what is open to whom."""

from __future__ import annotations

import re

import pytest
from flask import url_for

from marketplace.web import assets

PUBLIC_PAGES = ("/", "/help", "/search", "/sign-in", "/register", "/nowhere")


def static(app, file):
    with app.test_request_context():
        return url_for("static", filename=file)


@pytest.mark.parametrize("address", [*PUBLIC_PAGES, "/healthz", "/static/nothing.css", "/api/v1/nowhere"])
def test_every_answer_carries_the_headers_that_protect_it(client, address):
    headers = client.get(address, buffered=True).headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_no_page_contains_what_the_policy_forbids(client, address):
    page = client.get(address).get_data(as_text=True)
    # What search engines read is fetched or run by no browser: where the page stands, and data about it.
    data = r'<link rel="(?:canonical|alternate)"[^>]*>|<script type="application/ld\+json">[^<]*</script>'
    page = re.sub(data, "", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|https?://(?!www\.w3\.org)", page)


@pytest.mark.parametrize("file", ["style.css", "main.js", "favicon.svg"])
def test_visitors_get_style_script_and_icon(app, client, file):
    assert client.get(static(app, file), buffered=True).status_code == 200


def test_visitors_get_bootstrap_from_here(app, client):
    page = client.get("/").get_data(as_text=True)
    answer = client.get(re.search(r'href="(/bootstrap/static/\w+/css/bootstrap.min.css)"', page)[1], buffered=True)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, assets.KEPT)


def test_no_file_beside_the_static_ones_is_given_away(app, client):
    folder = static(app, "style.css").removesuffix("style.css")
    assert client.get(f"{folder}../app.py").status_code == 404
    assert client.get(f"{folder}%2e%2e/app.py").status_code == 404


def test_a_browser_keeps_what_is_served_at_an_address_that_changes_with_it(app, client, tmp_path):
    answer = client.get(static(app, "main.js"), buffered=True)
    assert answer.headers["Cache-Control"] == assets.KEPT
    assert "Cookie" not in answer.vary
    (tmp_path / "main.js").write_text("one")
    before = assets.address(tmp_path)
    (tmp_path / "main.js").write_text("other")
    assert assets.address(tmp_path) != before


def test_an_address_of_another_version_is_not_kept(client):
    answer = client.get("/static/000000000000/main.js")
    assert answer.status_code == 404
    assert "max-age" not in answer.headers["Cache-Control"]


def test_icons_are_drawn_in_the_page_and_cost_no_request(client):
    page = client.get("/sign-in").get_data(as_text=True)
    assert "bootstrap-icons.svg" not in page
    assert assets.drawings().keys() == set(assets.ICONS)


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
