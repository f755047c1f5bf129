"""Script, markup and addresses put into every text a person can write: the pages show them as text."""

import re
from html.parser import HTMLParser

import pytest
from conftest import NEED, RESULT, a_listing
from events.planned import a_series, an_edition
from indexing import index_listings
from introductions.case_entries import entries
from sqlalchemy import select
from trying import text_of

from marketplace import outbox
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.introductions import service
from marketplace.introductions.models import Introduction
from marketplace.listings.models import Kind, Listing, State
from marketplace.messaging.models import OutgoingMail as Mail
from marketplace.organisations.models import Organisation

pytest_plugins = ["company_of_trouble"]
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>javascript:alert(1){{7*7}}electrolyte"


class Danger(HTMLParser):
    """Collects what could run: inline script, handlers, and links that are code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "script" and given.get("type") == "application/ld+json":
            return  # data for search engines, which no browser runs
        if tag in ("script", "iframe", "object", "embed", "base") and not (given.get("src") or "").startswith("/"):
            self.found.append(f"<{tag}>")
        for name, value in attributes:
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name == "style" or (tag == "img" and value == "x"):
                self.found.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action", "formaction") and address.startswith(
                ("javascript:", "data:text", "vbscript:")
            ):
                self.found.append(f"{tag} {name}={value}")


def dangers(html: str) -> list[str]:
    parser = Danger()
    parser.feed(html)
    return parser.found


def spoiled(fields: dict) -> dict:
    details = {name: EVIL for name in fields["details"] if name not in ("exclusivity",)}
    texts = dict.fromkeys(("title", "summary"), EVIL)
    return {**texts, "keywords": [EVIL[:50], "electrolyte"], "details": {**fields["details"], **details}}


@pytest.fixture
def evil(alice, charlie, dana, erin, institute, company):
    """A marketplace in which everybody writes script into everything."""
    series = a_series(erin)
    with transaction():
        for organisation in (institute, company):
            for name in ("name", "name_en", "about", "about_en"):
                setattr(organisation, name, EVIL)
        for person in (alice, charlie, dana):
            person.name = person.phone = EVIL
        for name in ("title_zh", "title_en", "summary_zh", "summary_en"):
            setattr(series, name, EVIL)
    edition = an_edition(
        erin,
        series,
        hosts=[],
        **dict.fromkeys(("title_zh", "title_en", "summary_zh", "summary_en", "place_zh", "place_en"), EVIL),
    )
    need, result = a_listing(company, Kind.NEED, **spoiled(NEED)), a_listing(institute, **spoiled(RESULT))
    waiting = a_listing(institute, state=State.SUBMITTED, **spoiled(RESULT))
    answers = dict.fromkeys(("cooperation_sought", "unclear", "about_us"), EVIL)
    case = service.express_interest(charlie, need, result, **answers)
    service.move(dana, case, "take")
    service.move(dana, case, "qualify", note=EVIL, **entries("qualify"))
    service.move(charlie, case, "consent")
    service.move(alice, case, "consent")
    service.move(alice, case, "meet", **{**entries("meet"), "text": EVIL, "next_action": EVIL})
    service.write_message(charlie, case, EVIL, None)
    index_listings()
    outbox.drain()
    return {"need": need.ref, "result": result.ref, "waiting": waiting.ref, "case": case.ref, "event": edition.ref}


PAGES = (
    "/",
    "/search?q=electrolyte",
    "/search?q={evil}",
    "/listings/{need}",
    "/listings/{result}",
    "/listings/{result}/edit",
    "/listings/{result}/preview",
    "/listings/{result}/versions",
    "/listings/{result}/matches",
    "/listings/{need}/matches",
    "/listings/{result}/translations/zh",
    "/listings/{result}/submit",
    "/listings/{result}/do/withdraw",
    "/mine?q={evil}",
    "/listings/{result}/exclusions",
    "/listings/{result}/attachments",
    "/review",
    "/review/{waiting}",
    "/introductions",
    "/introductions/{case}",
    "/introductions/{case}/messages",
    "/introductions/{case}/moves/intent",
    "/desk",
    "/introductions/new?need={need}&result={result}",
    "/organisations",
    "/organisations?q={evil}",
    "/organisations/institute",
    "/organisations/institute/edit",
    "/organisations/institute/members",
    "/operator/organisations/institute",
    "/events",
    "/operator/organisations",
    "/events/{event}",
    "/events/{event}/participants",
    "/events/{event}/edit",
    "/notices",
    "/events/series/landing",
    "/operator/mail",
    "/figures",
    "/account",
    "/listings/import",
    "/sign-in?next={evil}",
    "/listings/new/need?title={evil}",
    "/search?field={evil}&region={evil}&organisation={evil}",
    "/forgotten?email={evil}",
)


@pytest.mark.parametrize("person", ["alice", "charlie", "dana", "erin"])
def test_no_page_runs_what_people_wrote(signed_in, evil, person):
    user = session.scalars(select(User).where(User.email.startswith(person))).one()
    browser, read = signed_in(user), 0
    for path in PAGES:
        answer = browser.get(
            path.format(**evil, evil="%3Cscript%3Ealert(1)%3C/script%3E%22%3E%3Cimg src=x onerror=alert(1)%3E")
        )
        assert answer.status_code < 500, path
        assert dangers(text_of(answer)) == [], (person, path)
        assert "alert(1)</script>" not in text_of(answer) and "49electrolyte" not in text_of(answer), path
        read += answer.status_code == 200 and "&lt;script&gt;" in text_of(answer)
    assert read >= 12


def test_mails_say_it_as_text(signed_in, erin, evil):
    browser = signed_in(erin)
    mails = session.scalars(select(Mail.id)).all()
    for number in mails:
        assert dangers(text_of(browser.get(f"/operator/mail/{number}"))) == []
    for subject in session.scalars(select(Mail.subject)):
        assert "\n" not in subject and "\r" not in subject


def test_answers_of_the_api_are_never_taken_for_pages(client, evil):
    for path in (
        "/api/v1/search?q=electrolyte",
        f"/api/v1/listings/{evil['result']}",
        "/api/v1/organisations",
        "/api/v1/search?sort=<script>alert(1)</script>",
        "/api/v1/<script>",
        "/api/v1/suggest?q=javascript",
    ):
        answer = client.get(path)
        assert "json" in answer.content_type and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_calendar_keeps_line_ends_out_of_its_lines(client, erin, company):
    edition = an_edition(erin, a_series(erin), title_en="x\r\nATTENDEE:mailto:evil@x.example", title_zh="x\nX-EVIL:1")
    lines = text_of(client.get(f"/events/{edition.ref}/calendar.ics")).split("\r\n")
    assert not any(line.startswith(("ATTENDEE", "X-EVIL")) for line in lines)


@pytest.mark.parametrize(
    "website",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "//evil.example",
        "ftp://x.example",
        "file:///etc/passwd",
        "x",
        "https://",
        "javascript://x.example/%0aalert(1)",
        "http://a b.example",
    ],
)
def test_website_is_one_or_is_refused(signed_in, alice, institute, website):
    form = {
        "name": "南山研究院",
        "kind": "institute",
        "region": "440300",
        "website": website,
        "version": institute.version,
    }
    answer = signed_in(alice).post("/organisations/institute/edit", data=form)
    assert answer.status_code == 422 and dangers(text_of(answer)) == []
    assert "such as https://example.com" in text_of(answer)


def test_website_that_got_in_by_another_way_is_not_a_link(client, institute):
    with transaction():
        institute.website = "javascript:alert(1)"
    assert dangers(text_of(client.get("/organisations/institute"))) == []


@pytest.mark.parametrize(
    "next_",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "///evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "http:evil.example",
        "/ /evil.example",
        " //evil.example",
        "https:/evil",
        "\r\n//x",
    ],
)
def test_nobody_is_sent_elsewhere(signed_in, client, alice, next_):
    answer = signed_in(alice).get("/sign-in", query_string={"next": next_})
    assert answer.status_code == 302 and re.match(r"/(?![/\\\t])", answer.location)
    page = text_of(client.get("/sign-in", query_string={"next": next_}))
    assert 'value="/"' in page or "evil.example" not in page or 'value="/%09/evil' in page or 'value="/ /evil' in page


WRITES = (
    "/sign-out",
    "/account",
    "/account/password",
    "/organisations/new",
    "/listings/new/result",
    "/listings/{ref}/edit",
    "/listings/{ref}/submit",
    "/listings/{ref}/do/withdraw",
    "/listings/{ref}/copy",
    "/listings/{ref}/attachments",
    "/listings/import",
    "/introductions/new?listing={ref}",
    "/introductions/suggest",
    "/desk/next",
    "/notices/read",
    "/organisations/institute/members",
    "/organisations/institute/edit",
    "/events/series/new",
)


@pytest.mark.parametrize("path", WRITES)
def test_form_from_elsewhere_changes_nothing(app, signed_in, alice, institute, path):
    ref, browser = a_listing(institute).ref, signed_in(alice)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        for form in ({}, {"csrf_token": "forged"}, {"csrf_token": "IjEi.x.y", "title": "mine now"}):
            answer = browser.post(path.format(ref=ref), data={"title": "mine now", **form})
            assert answer.status_code == 400 and "load it again" in text_of(answer)
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert session.scalars(select(Listing.state)).all() == [State.PUBLISHED]
    assert (
        session.scalars(select(Introduction)).first() is None and len(session.scalars(select(Organisation)).all()) == 1
    )


def test_cookie_alone_changes_nothing_through_the_api(signed_in, alice, institute):
    browser, ref = signed_in(alice), a_listing(institute, state=State.DRAFT).ref
    for method, path in (
        ("PATCH", f"/listings/{ref}"),
        ("POST", f"/listings/{ref}/submit"),
        ("POST", "/listings"),
        ("POST", "/introductions"),
    ):
        assert browser.open(f"/api/v1{path}", method=method, json={"kind": "result", "title": "x"}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2f..%2fsetup.cfg",
        "/static/%2e%2e/config.py",
        "/static//etc/passwd",
        "/bootstrap/static/../../../etc/passwd",
        "/static/%00",
        "/static/..%5c..%5csetup.cfg",
    ],
)
def test_no_address_reads_a_file_of_ours(client, path):
    assert client.get(path).status_code in (404, 308)


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.txt",
        "..\\..\\evil.txt",
        "/etc/evil.txt",
        "a\0.txt",
        "<script>.txt",
        "a\r\nX-Evil: 1.txt",
        "\u202etxt.exe.txt",
        "长" * 300 + ".txt",
        "con.txt",
        "....//x.txt",
        ".txt",
    ],
)
def test_name_of_an_attachment_is_only_a_name(signed_in, alice, institute, settings, name):
    ref, browser = a_listing(institute).ref, signed_in(alice)
    before = set(settings.var.rglob("*"))
    form = (
        '--b\r\nContent-Disposition: form-data; name="tier"\r\n\r\n0\r\n--b\r\n'
        'Content-Disposition: form-data; name="file"; '
        f'filename="{name}"\r\n\r\nhello\r\n--b--\r\n'
    )
    answer = browser.post(
        f"/listings/{ref}/attachments", data=form.encode(), content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code in (302, 422)
    assert all(settings.var / "files" in (path, *path.parents) for path in set(settings.var.rglob("*")) - before)
    page = text_of(browser.get(f"/listings/{ref}/attachments"))
    assert dangers(page) == [] and "<script>" not in page.replace("<script src", "")
    for address in re.findall(rf"/listings/{ref}/attachments/\d+(?=\")", page):
        sent = browser.get(address)
        assert sent.status_code == 200 and "X-Evil" not in str(sent.headers).replace("X-Evil%", "")
        assert (
            sent.headers["Content-Disposition"].startswith("attachment")
            and "/" not in sent.headers["Content-Disposition"].partition("UTF-8''")[0]
        )
        sent.close()
