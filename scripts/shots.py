"""Save a picture of every page, in both languages, 1280 and 390 wide, as the person it is made for sees it.

`make shots` runs it; `python scripts/shots.py search listing` takes only the pages whose names contain a word.
The pages are a list here; tests/test_shots.py holds the list to the routes there are.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import desk_shots
import further_shots
import running
import survey_shots

FOLDER = Path(__file__).resolve().parents[1] / "shots"
WIDTHS = (1280, 390)
CAST = {
    "alice": "alice@institute.example",
    "bob": "bob@institute.example",
    "charlie": "charlie@company.example",
    "dana": "dana@broker.example",
    "erin": "erin@operator.example",
    "zhou": "zhou@juhe.example",
}


Shot = tuple[str, str | None, str]
"""(name, who looks, address)"""
One = Callable[[str], Any]
"""The first value of a query on the demonstration's database."""

OF_ALICE = "(SELECT id FROM organisations WHERE slug = 'chengyue-institute')"
WEBHOOKS = "/organisations/chengyue-institute/webhooks"
OF_CHARLIE = "(SELECT id FROM organisations WHERE slug = 'lichuan-manufacturing')"


def pages(one: One) -> list[Shot]:
    """Every page there is, by someone it is made for."""
    parts = (open_pages, people_pages, listing_pages, case_pages, work_pages, contract_pages, weighing_pages,
             operator_pages, further_shots.pages, survey_shots.pages, desk_shots.pages)
    return [shot for part in parts for shot in part(one)]


def open_pages(one: One) -> list[Shot]:
    edition = one("SELECT ref FROM editions ORDER BY starts_at DESC")
    series = one("SELECT slug FROM series")
    seated = one("SELECT ref FROM editions JOIN seating_plans ON edition_id = editions.id ORDER BY starts_at DESC")
    guest = one("SELECT registration_id FROM seats WHERE plan_id = (SELECT MAX(id) FROM seating_plans WHERE round = 1)")
    rated = one("SELECT editions.ref FROM editions JOIN registrations ON registrations.edition_id = editions.id JOIN "
                "users ON users.id = registrations.user_id WHERE users.email = 'alice@institute.example' AND "
                "registrations.state IN ('registered', 'attended') ORDER BY editions.starts_at")
    ticket = one("SELECT r.token FROM registrations r JOIN users u ON u.id = r.user_id "
                 "WHERE u.email = 'alice@institute.example' ORDER BY r.id DESC")
    guest = one(f"SELECT r.id FROM registrations r JOIN editions e ON e.id = r.edition_id WHERE e.ref = '{edition}'")
    return [
        ("home", None, "/"),
        ("home-alice", "alice", "/"),
        ("help", None, "/help"),
        ("pipeline", None, "/help/pipeline"),
        ("search", None, "/search"),
        ("search-words", "charlie", "/search?q=锂电池"),
        ("search-english", None, "/search?q=battery"),
        ("search-narrowed", None, "/search?region=320000&trl=4-6"),
        ("search-loosened", None, "/search?q=electrolyte+zzzzq+membrane"),
        ("search-in-the-way", "charlie", "/search?q=电池&region=440300"),
        ("search-nothing", None, "/search?q=qqqqzzzz"),
        ("organisations", None, "/organisations"),
        ("organisation", None, "/organisations/chengyue-institute"),
        ("events", None, "/events"),
        ("event", "alice", f"/events/{edition}"),
        ("event-series", None, f"/events/series/{series}"),
        ("event-participants", "erin", f"/events/{edition}/participants"),
        ("event-tables", "erin", f"/events/{seated}/seating"),
        ("event-seat", "erin", f"/events/{seated}/seating/1/people/{guest if str(guest).isdigit() else 1}"),
        ("event-table-cards", "erin", f"/events/{seated}/seating/cards"),
        ("event-talks", "erin", f"/events/{seated}/talks"),
        ("event-talks-must", "erin", f"/events/{seated}/talks/must"),
        ("event-slips", "erin", f"/events/{seated}/seating/slips"),
        ("event-my-talks", "alice", f"/events/{seated}/talks/mine"),
        ("event-my-table", "alice", f"/events/{seated}/table"),
        ("event-notes", "erin", f"/events/{seated}/table/notes"),
        ("event-ratings", "alice", f"/events/{rated}/ratings"),
        ("event-minutes", "erin", f"/events/{edition}/minutes"),
        ("event-minutes-edit", "erin", f"/events/{edition}/minutes/edit"),
        ("event-report", "erin", f"/events/{rated}/report"),
        ("event-series-report", "erin", f"/events/series/{series}/report"),
        ("event-series-wall", "erin", f"/events/series/{series}/wall"),
        ("event-ticket", "alice", f"/events/tickets/{ticket}"),
        ("event-arrival", "erin", f"/events/tickets/{ticket}"),
        ("event-colleagues", "alice", f"/events/{edition}/colleagues"),
        ("event-invitations-mine", "alice", "/events/invitations"),
        ("event-invite", "erin", f"/events/{edition}/invitations?look=1"),
        ("event-check-in", "erin", f"/events/{edition}/check-in"),
        ("event-badges", "erin", f"/events/{edition}/badges"),
        ("event-decline", "erin", f"/events/{edition}/participants/{number(guest)}/decline"),
        ("event-edit", "erin", f"/events/{edition}/edit"),
        ("event-new", "erin", f"/events/series/{series}/new"),
        ("event-move", "erin", f"/events/{edition}/move"),
        ("event-series-edit", "erin", f"/events/series/{series}/edit"),
        ("event-series-plan", "erin", f"/events/series/{series}/plan"),
        ("event-series-new", "erin", "/events/series/new"),
        ("api-docs", None, "/api/docs"),
        ("not-found", None, "/nowhere"),
    ]


def people_pages(one: One) -> list[Shot]:
    return [
        ("sign-in", None, "/sign-in"),
        ("register", None, "/register"),
        ("registered", None, "/registered"),
        ("forgotten", None, "/forgotten"),
        ("account", "alice", "/account"),
        ("account-password", "alice", "/account/password"),
        ("account-tokens", "alice", "/account/tokens"),
        ("account-confirm-password", "alice", "/account/confirm-password"),
        ("passkeys", "alice", "/account/passkeys"),
        ("passkeys-new", "alice", "/account/passkeys/new"),
        ("second-factor", "alice", "/account/second-factor"),
        ("second-factor-new", "alice", "/account/second-factor/new"),
        ("second-factor-codes", "alice", "/account/second-factor/codes"),
        ("second-factor-off", "alice", "/account/second-factor/off"),
        ("terms", None, "/terms"),
        ("privacy", None, "/privacy"),
        ("privacy-edition", None, "/privacy/2026-1"),
        ("account-data", "alice", "/account/data"),
        ("account-delete", "bob", "/account/delete"),
        ("notices", "dana", "/notices"),
        ("notices-wanted", "alice", "/account/notices"),
        ("saved", "charlie", "/searches"),
        ("saved-new", "charlie", "/searches/new?q=电解液+阻燃&kind=result&region=440300"),
        ("saved-edit", "charlie", "/searches/1/edit"),
        ("organisation-members", "alice", "/organisations/chengyue-institute/members"),
        ("organisation-edit", "alice", "/organisations/chengyue-institute/edit"),
        ("organisation-domains", "alice", "/organisations/chengyue-institute/domains"),
        ("operator-domains", "erin", "/operator/domains"),
        ("organisation-new", "charlie", "/organisations/new"),
        ("webhooks", "alice", WEBHOOKS),
        ("webhook-new", "alice", f"{WEBHOOKS}/new"),
        ("webhook", "alice", f"{WEBHOOKS}/1"),
        ("webhook-edit", "alice", f"{WEBHOOKS}/1/edit"),
    ]


def listing_pages(one: One) -> list[Shot]:
    published = "SELECT ref FROM listings WHERE state = 'published' AND"
    result = one(f"{published} kind = 'result' AND organisation_id = {OF_ALICE} ORDER BY id")
    need = one(f"{published} kind = 'need' ORDER BY id")
    own_need = one(f"{published} kind = 'need' AND organisation_id = {OF_CHARLIE} ORDER BY id")
    draft = one(f"SELECT ref FROM listings WHERE state = 'draft' AND organisation_id = {OF_ALICE}")
    return [
        ("listing-result-visitor", None, f"/listings/{result}"),
        ("listing-result-member", "charlie", f"/listings/{result}"),
        ("listing-result-owner", "alice", f"/listings/{result}"),
        ("listing-need", "alice", f"/listings/{need}"),
        ("listing-need-owner", "charlie", f"/listings/{own_need}"),
        ("listing-matches", "charlie", f"/listings/{own_need}/matches"),
        ("match-not-relevant", "charlie", f"/listings/{own_need}/matches/{result}/not-relevant"),
        ("listing-new", "alice", "/listings/new"),
        ("listing-new-result", "alice", "/listings/new/result"),
        ("listing-new-need", "charlie", "/listings/new/need"),
        ("listing-edit", "alice", f"/listings/{draft}/edit"),
        ("listing-submit", "alice", f"/listings/{draft}/submit"),
        ("listing-preview", "alice", f"/listings/{result}/preview"),
        ("listing-versions", "alice", f"/listings/{result}/versions"),
        ("listing-translation", "alice", f"/listings/{result}/translations/en"),
        ("listing-attachments", "alice", f"/listings/{result}/attachments"),
        ("listing-exclusions", "alice", f"/listings/{result}/exclusions"),
        ("listing-withdraw", "alice", f"/listings/{result}/do/withdraw"),
        ("mine", "alice", "/mine"),
        ("mine-company", "charlie", "/mine"),
        ("mine-translations", "alice", "/mine/translations"),
        ("import", "alice", "/listings/import"),
    ]


def case_pages(one: One) -> list[Shot]:
    result = one(
        f"SELECT ref FROM listings WHERE state = 'published' AND kind = 'result' AND organisation_id = {OF_ALICE}"
    )
    talking = one("SELECT ref FROM introductions WHERE stage = 4 AND status = 'active' ORDER BY id")
    own = one(
        "SELECT i.ref FROM introductions i JOIN listings l ON l.id = i.result_id "
        f"WHERE l.organisation_id = {OF_ALICE} AND i.stage >= 3 ORDER BY i.id"
    )
    return [
        ("introductions", "charlie", "/introductions"),
        ("introduction-new", "charlie", f"/introductions/new?listing={result}"),
        ("case-broker", "dana", f"/introductions/{talking}"),
        ("case-side", "alice", f"/introductions/{own}"),
        ("case-move", "dana", f"/introductions/{talking}/moves/intent"),
        ("desk", "dana", "/desk"),
        ("desk-board", "dana", "/desk/board?broker=me"),
        ("desk-cases", "dana", "/desk/cases"),
        ("desk-workload", "erin", "/desk/brokers"),
        ("desk-hand-on", "erin", f"/desk/hand-on?ref={talking}&ref={own}"),
    ]


def work_pages(one: One) -> list[Shot]:
    """Meetings, tasks and documents of a case, what was agreed to, and a message on its way to the other side."""
    dana = "(SELECT id FROM users WHERE email = 'dana@broker.example')"
    of_dana = f"JOIN introductions i ON i.id = x.introduction_id WHERE i.broker_id = {dana} AND i.status = 'active'"
    ref, meeting = (one(f"SELECT {what} FROM meetings x {of_dana} AND x.state = 'arranged' ORDER BY x.id")
                    for what in ("i.ref", "x.id"))
    signed, task = (one(f"SELECT {what} FROM case_tasks x {of_dana} AND x.done_at IS NULL ORDER BY x.id DESC")
                    for what in ("i.ref", "x.id"))
    drafted, document = (one(f"SELECT {what} FROM case_documents x {of_dana} AND x.side IS NULL ORDER BY x.id DESC")
                         for what in ("i.ref", "x.id"))
    early, copy = (one(f"SELECT {what} FROM introduction_signed_copies x {of_dana} ORDER BY x.id")
                   for what in ("i.ref", "x.id"))
    message = one(
        "SELECT m.id FROM messages m JOIN threads t ON t.id = m.thread_id JOIN introductions i ON i.id = t.subject_id "
        f"WHERE t.subject_kind = 'introduction' AND m.waits AND i.ref = '{early}' ORDER BY m.id DESC"
    )
    result = one(f"SELECT ref FROM listings WHERE state = 'published' AND organisation_id = {OF_ALICE} ORDER BY id")
    meetings, here = f"/introductions/{ref}/meetings", f"/introductions/{early}"
    return [
        ("meeting-new", "dana", f"{meetings}/new"),
        ("meeting-edit", "dana", f"{meetings}/{number(meeting)}/edit"),
        ("meeting-cancel", "dana", f"{meetings}/{number(meeting)}/cancel"),
        ("meeting-minutes", "dana", f"{meetings}/{number(meeting)}/minutes"),
        ("meeting-no-show", "dana", f"{meetings}/{number(meeting)}/no-show"),
        ("task-new", "dana", f"/introductions/{signed}/tasks/new"),
        ("task-edit", "dana", f"/introductions/{signed}/tasks/{number(task)}/edit"),
        ("document-new", "dana", f"/introductions/{ref}/documents/new"),
        ("document-version", "dana", f"/introductions/{drafted}/documents/{number(document)}/versions/new"),
        ("case-reads", "dana", f"/introductions/{ref}/reads"),
        ("listing-reads", "alice", f"/listings/{result}/reads"),
        ("case-early", "dana", here),
        ("case-agreements", "dana", f"{here}/agreements"),
        ("case-nda", "dana", f"{here}/nda"),
        ("case-nda-refuse", "dana", f"{here}/nda/copies/{number(copy)}/refuse"),
        ("case-pass-on", "dana", f"{here}/messages/{number(message)}/pass-on"),
        ("case-nda-send", "alice", f"{here}/nda/copy"),
    ]


def number(found: object) -> int:
    """A row's number, or one that is none where there is no such row."""
    return int(str(found)) if str(found).isdigit() else 1


def contract_pages(one: One) -> list[Shot]:
    case = one("SELECT ref FROM introductions WHERE stage = 7 AND status = 'active' ORDER BY id")
    asked = "SELECT %s FROM outcome_surveys s JOIN introductions i ON i.id = s.introduction_id ORDER BY s.id"
    step = number(one(
        f"SELECT s.id FROM contract_steps s JOIN introductions i ON i.id = s.introduction_id WHERE i.ref = '{case}'"
    ))
    return [
        ("contract", "erin", f"/introductions/{case}"),
        ("contract-correct", "erin", f"/introductions/{case}/contract/correct"),
        ("contract-form", "erin", f"/introductions/{case}/registration"),
        ("contract-form-edit", "erin", f"/introductions/{case}/registration/edit"),
        ("contract-step", "erin", f"/introductions/{case}/steps/{step}"),
        ("contract-step-new", "erin", f"/introductions/{case}/steps/new"),
        ("contract-step-cancel", "erin", f"/introductions/{case}/steps/{step}/cancel"),
        ("contract-survey", "erin", f"/introductions/{one(asked % 'i.ref')}/surveys/{number(one(asked % 's.id'))}"),
        ("ledger", "erin", "/ledger"),
        ("ledger-own", "dana", "/ledger"),
        ("ledger-cases", "erin", "/ledger/cases/signed"),
    ]


def weighing_pages(one: One) -> list[Shot]:
    refined = "SELECT l.ref FROM refinements r JOIN listings l ON l.id = r.listing_id WHERE r.step ="
    of_charlie = f"AND l.organisation_id = {OF_CHARLIE}"
    asked, working = one(f"{refined} 'asked'"), one(f"{refined} 'working' {of_charlie}")
    proposed, approved = one(f"{refined} 'proposed'"), one(f"{refined} 'approved' {of_charlie}")
    compared = one("SELECT l.ref FROM comparisons c JOIN listings l ON l.id = c.need_id")
    unscored = one(
        "SELECT i.ref FROM introductions i JOIN comparisons c ON c.need_id = i.need_id "
        "WHERE i.stage = 2 ORDER BY i.id DESC"
    )
    new = one(f"SELECT ref FROM listings WHERE kind = 'need' AND state = 'published' {of_charlie.replace('l.', '')}")
    return [
        ("refining-broker", "dana", "/refining"),
        ("refining-company", "charlie", "/refining"),
        ("refining-ask", "charlie", f"/needs/{new}/refining/ask"),
        ("refining-asked", "dana", f"/needs/{asked}/refining"),
        ("refining-working", "dana", f"/needs/{working}/refining"),
        ("refining-questions", "charlie", f"/needs/{working}/refining/questions"),
        ("refining-text", "dana", f"/needs/{working}/refining/text"),
        ("refining-end", "charlie", f"/needs/{working}/refining/end"),
        ("refining-approved", "charlie", f"/needs/{approved}/refining"),
        ("refining-decision", "zhou", f"/needs/{proposed}/refining/decision"),
        ("compare", "charlie", f"/needs/{compared}/compare"),
        ("compare-broker", "dana", f"/needs/{compared}/compare?show=all"),
        ("compare-print", "charlie", f"/needs/{compared}/compare/print"),
        ("compare-criteria", "charlie", f"/needs/{compared}/compare/criteria"),
        ("compare-scores", "charlie", f"/needs/{compared}/compare/{unscored}/scores"),
        ("compare-decline", "charlie", f"/needs/{compared}/compare/decline"),
    ]


def operator_pages(one: One) -> list[Shot]:
    waiting = one("SELECT ref FROM listings WHERE state = 'submitted' ORDER BY id")
    pending = one("SELECT slug FROM organisations WHERE state = 'pending' ORDER BY id")
    return [
        ("review", "erin", "/review"),
        ("review-one", "erin", f"/review/{waiting}"),
        ("operator-organisations", "erin", "/operator/organisations"),
        ("operator-organisation", "erin", f"/operator/organisations/{pending}"),
        ("operator-refuse", "erin", f"/operator/organisations/{pending}/refuse"),
        ("operator-privacy", "erin", "/operator/privacy"),
        ("operator-mail", "erin", "/operator/mail"),
        ("operator-webhooks", "erin", "/operator/webhooks"),
        ("operator-terms", "erin", "/operator/terms"),
        ("operator-terms-one", "erin", "/operator/terms/1"),
        ("operator-terms-new", "erin", "/operator/terms/new"),
        ("operator-terms-removed", "erin", "/operator/terms?state=removed"),
        ("operator-terms-import", "erin", "/operator/terms/import"),
        ("operator-searches", "erin", "/operator/searches"),
        ("operator-audit", "erin", "/operator/audit"),
        ("operator-audit-narrowed", "erin", "/operator/audit?action=case&person=alice@institute.example"),
        ("operator-audit-nothing", "erin", "/operator/audit?action=second_factor.reset"),
        ("operator-audit-mistaken", "erin", "/operator/audit?subject=R-0000-000000"),
        ("figures", "erin", "/figures"),
        ("figures-narrowed", "dana", "/figures?months=0&by=broker&origin=search"),
        ("figures-outcomes", "erin", "/figures/outcomes"),
        ("figures-public", "erin", "/figures/public?months=0"),
    ]


def main() -> None:
    wanted = sys.argv[1:]
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        with running.marketplace(var) as marketplace, running.chromium() as browser:
            database = sqlite3.connect(var / "yinqiao.db")
            listed = pages(lambda query: next(iter(database.execute(query).fetchone() or (None,))))
            database.close()
            chosen = [page for page in listed if not wanted or any(word in page[0] for word in wanted)]
            if any(WEBHOOKS in path for _, _, path in chosen):
                register_a_webhook(browser, marketplace.address)
            for language in ("zh", "en"):
                for width in WIDTHS:
                    take(browser, marketplace.address, chosen, language, width)
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")


def register_a_webhook(browser: Any, address: str) -> None:
    """The demonstration tells no address of anything, so one that answers nobody is registered and tried."""
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{address}/sign-in?lang=en")
    page.fill("input[name=email]", CAST["alice"])
    page.fill("input[name=password]", running.PASSWORD)
    page.click("main button[type=submit]")
    page.goto(f"{address}{WEBHOOKS}/new")
    page.fill("input[name=url]", "https://hooks.chengyue.example/yinqiao")
    page.click("main form.form button[type=submit]")
    page.click("text=I have kept it")
    page.click("text=Send a test")
    page.wait_for_timeout(3_000)
    page.context.close()


def take(browser: Any, address: str, chosen: list[tuple[str, str | None, str]], language: str, width: int) -> None:
    for who in dict.fromkeys(who for _, who, _ in chosen):
        locale = "zh-CN" if language == "zh" else "en-GB"
        context = browser.new_context(viewport={"width": width, "height": 900 if width > 600 else 800}, locale=locale)
        page = context.new_page()
        if who:
            page.goto(f"{address}/sign-in?lang={language}")
            page.fill("input[name=email]", CAST[who])
            page.fill("input[name=password]", running.PASSWORD)
            page.click("main button[type=submit]")
        page.goto(f"{address}/help?lang={language}")
        for name, whose, path in chosen:
            if whose == who:
                response = page.goto(address + path, wait_until="networkidle")
                if response is None or response.status >= 500:
                    print(f"{name}: {response and response.status}")
                page.screenshot(path=FOLDER / f"{name}-{language}-{width}.png", full_page=True)
        context.close()


if __name__ == "__main__":
    main()
