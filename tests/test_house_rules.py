"""The rules of the house, as far as a machine can hold us to them. Who may import whom is in setup.cfg."""

from __future__ import annotations

import ast
import io
import re
import socket
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pytest_socket import SocketConnectBlockedError
from werkzeug.routing import AnyConverter, BaseConverter, IntegerConverter

from marketplace.web.guard import STATIC, is_public

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.once
CODE = sorted(path for folder in ("marketplace", "search", "benchmarks", "scripts", "tests")
              for path in (ROOT / folder).rglob("*.py"))
OURS = [path for path in CODE if path.is_relative_to(ROOT / "marketplace") or path.is_relative_to(ROOT / "search")]
MEASURED = [path for path in CODE if not path.is_relative_to(ROOT / "scripts")]
VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "misc", "base"}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_VIEW = 400, 50, 15

PUBLIC = {
    "accounts": {"register", "registered", "sign_in", "sign_out", "confirm", "forgotten", "reset", "welcome"},
    "accounts_api": {"new_token"},
    "analytics": {"home", "help", "public_figures"},
    "analytics_api": {"funnel"},
    "api_docs": {"openapi", "page"},
    "catalogues": {"harvested", "schema", "sitemap", "sitemap_part", "robots"},
    "contracts": {"answer"},
    "events": {"index", "series", "show", "calendar"},
    "event_figures": {"wall"},
    "events_api": {"find", "show"},
    "series": {"cover", "feed"},
    "guests": {"answer"},
    "health": {"alive", "ready"},
    "metrics": {"show"},
    "introductions": {"pipeline"},
    "listings": {"show", "attachment"},
    "listings_api": {"every", "show"},
    "matching": {"of"},
    "matching_api": {"matches"},
    "messaging": {"leave"},
    "help_answers": {"index", "show"},
    "requests_api": {"answers", "one_answer"},
    "privacy": {"edition", "keep_by_link", "text"},
    "news": {"answer", "leave"},
    "openid": {"leave", "come_back", "register"},
    "organisations": {"index", "show", "join", "confirm_mailbox"},
    "parks": {"index", "badge"},
    "parks_api": {"members"},
    "organisations_api": {"find", "show"},
    "passkeys": {"options_to_sign_in", "sign_in"},
    "ratings": {"rate_by_link"},
    "saved": {"search_feed", "feed", "unsubscribe"},
    "search": {"page"},
    "second_factor": {"enter"},
    "search_api": {"search", "suggest"},
    "surveys": {"index", "results"},
}
"""Every view that a visitor may reach, spelled out: to open another, its name is added here on purpose."""


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body: signature, decorators and docstring are not what makes a function long."""
    body = function.body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        body = body[1:]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_exactly_these_views_are_open_to_visitors(app: Flask) -> None:
    found: dict[str, set[str]] = {}
    for endpoint, view in app.view_functions.items():
        if is_public(view):
            room, _, name = endpoint.rpartition(".")
            found.setdefault(room, set()).add(name)
    assert found == PUBLIC


def likely(converter: BaseConverter) -> object:
    """A value that makes an address of this rule."""
    if isinstance(converter, IntegerConverter):
        return 1
    return sorted(converter.items)[0] if isinstance(converter, AnyConverter) else "R-2026-000001"


def test_every_other_address_refuses_a_visitor(app: Flask, client: FlaskClient) -> None:
    tried = 0
    for rule in app.url_map.iter_rules():
        if is_public(app.view_functions[rule.endpoint]) or rule.endpoint in STATIC:
            continue
        values = {name: likely(converter) for name, converter in rule._converters.items()}
        address = app.url_map.bind("localhost").build(rule.endpoint, values, force_external=False)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(address, method=method)
            if address.startswith("/api/"):
                assert answer.status_code == 401, f"{method} {rule.rule}"
            else:
                assert answer.status_code == 302 and "/sign-in" in answer.headers["Location"], f"{method} {rule.rule}"
            tried += 1
    assert tried > 40


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    long = {shown(path): count for path in CODE if (count := len(path.read_text().splitlines())) > LONGEST_FILE}
    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {f"{shown(path)}:{one.name}": length(one) for path in MEASURED for one in functions(path)
            if length(one) > LONGEST_FUNCTION}
    assert long == {}


def test_views_parse_call_and_render_and_no_more() -> None:
    long = {}
    for path in OURS:
        if not re.search(r"(views|api)\.py$", path.name):
            continue
        for one in functions(path):
            routed = any("bp." in ast.unparse(decorator) for decorator in one.decorator_list)
            if routed and length(one) > LONGEST_VIEW:
                long[f"{shown(path)}:{one.name}"] = length(one)
    assert long == {}


def test_every_module_has_a_name_that_says_what_is_in_it() -> None:
    assert [shown(path) for path in OURS if path.stem in VAGUE or path.parent.name in VAGUE] == []


def test_every_module_says_in_a_sentence_what_it_is() -> None:
    assert [shown(path) for path in OURS if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_nothing_is_left_to_be_done_later_in_the_code() -> None:
    left = []
    for path in CODE:
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            if token.type == tokenize.COMMENT and re.search(r"\b(TODO|FIXME|XXX|HACK)\b", token.string):
                left.append(f"{shown(path)}:{token.start[0]}")
    assert left == []


def test_only_the_database_module_commits() -> None:
    committing = [shown(path) for path in OURS if re.search(r"session\.commit\(", path.read_text())]
    assert committing == []


def test_views_are_functions_and_nothing_is_wired_by_signals() -> None:
    for path in OURS:
        text = path.read_text()
        assert "MethodView" not in text and "blinker" not in text and ".connect_via" not in text, shown(path)


def test_templates_bring_no_script_style_or_address_of_others() -> None:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text()
        # A block of data for search engines is no script: the browser does not run it.
        scripts = text.replace('<script type="application/ld+json">{{ data|tojson }}</script>', "")
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", scripts), shown(path)
        in_mail = path.is_relative_to(ROOT / "templates" / "mail")  # a mail program has no stylesheet of ours
        assert not re.search(r"\son[a-z]+=" if in_mail else r"<style\b|\sstyle=|\son[a-z]+=", text), shown(path)
        assert not re.search(r"""<(?:script|link|img)[^>]*(?:src|href)=["'](?:https?:)?//""", text), shown(path)


def test_every_form_that_changes_something_is_guarded_against_other_sites() -> None:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for form in re.findall(r"""(?is)<form[^>]*method=["']post["'].*?</form>""", path.read_text()):
            assert "csrf_token" in form, f"{shown(path)}: {form[:80]}"


@pytest.mark.filterwarnings("ignore:A test tried to use")
def test_tests_reach_no_network() -> None:
    with pytest.raises(SocketConnectBlockedError), socket.socket() as probe:
        probe.connect(("192.0.2.1", 80))
