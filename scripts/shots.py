"""Save a picture of every page, in both languages, 1280 and 390 wide, as the person it is made for sees it.

`make shots` runs it; `python scripts/shots.py search listing` takes only the pages whose names contain a word.
The pages are a list here; tests/test_shots.py holds the list to the routes there are.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import running

FOLDER = Path(__file__).resolve().parents[1] / "shots"
WIDTHS = (1280, 390)
CAST = {
    "alice": "alice@institute.example",
    "bob": "bob@institute.example",
    "charlie": "charlie@company.example",
    "dana": "dana@broker.example",
    "erin": "erin@operator.example",
}


def pages(one: Any) -> list[tuple[str, str | None, str]]:
    """(name, who looks, address); `one(sql)` is the first value of a query on the demonstration's database."""
    result = one(
        "SELECT ref FROM listings l JOIN organisations o ON o.id = l.organisation_id WHERE l.kind = 'result' "
        "AND l.state = 'published' AND o.slug = 'chengyue-institute' ORDER BY l.id"
    )
    need = one("SELECT ref FROM listings WHERE kind = 'need' AND state = 'published' ORDER BY id")
    own_need = one(
        "SELECT ref FROM listings l JOIN organisations o ON o.id = l.organisation_id WHERE l.kind = 'need' "
        "AND l.state = 'published' AND o.slug = 'lichuan-manufacturing' ORDER BY l.id"
    )
    draft = (
        one(
            "SELECT ref FROM listings WHERE state = 'draft' AND organisation_id = "
            "(SELECT id FROM organisations WHERE slug = 'chengyue-institute')"
        )
        or result
    )
    waiting = one("SELECT ref FROM listings WHERE state = 'submitted' ORDER BY id")
    case = one("SELECT ref FROM introductions WHERE stage = 4 AND status = 'active' ORDER BY id")
    own_case = (
        one(
            "SELECT i.ref FROM introductions i JOIN listings l ON l.id = i.result_id JOIN organisations o ON "
            "o.id = l.organisation_id WHERE o.slug = 'chengyue-institute' AND i.stage >= 3 ORDER BY i.id"
        )
        or case
    )
    edition = one("SELECT ref FROM editions WHERE state = 'open' ORDER BY starts_at DESC")
    return [
        ("home", None, "/"),
        ("home-alice", "alice", "/"),
        ("help", None, "/help"),
        ("pipeline", None, "/help/pipeline"),
        ("sign-in", None, "/sign-in"),
        ("register", None, "/register"),
        ("forgotten", None, "/forgotten"),
        ("account", "alice", "/account"),
        ("notices", "alice", "/notices"),
        ("search", None, "/search"),
        ("search-words", "charlie", "/search?q=锂电池"),
        ("search-english", None, "/search?q=battery"),
        ("search-nothing", None, "/search?q=qqqqzzzz"),
        ("listing-result-visitor", None, f"/listings/{result}"),
        ("listing-result-member", "charlie", f"/listings/{result}"),
        ("listing-result-owner", "alice", f"/listings/{result}"),
        ("listing-need", "alice", f"/listings/{need}"),
        ("listing-need-owner", "charlie", f"/listings/{own_need}"),
        ("listing-matches", "charlie", f"/listings/{own_need}/matches"),
        ("listing-edit", "alice", f"/listings/{draft}/edit"),
        ("listing-preview", "alice", f"/listings/{result}/preview"),
        ("listing-history", "alice", f"/listings/{result}/versions"),
        ("listing-new-result", "alice", "/listings/new?kind=result"),
        ("listing-new-need", "charlie", "/listings/new?kind=need"),
        ("mine", "alice", "/mine"),
        ("mine-company", "charlie", "/mine"),
        ("import", "alice", "/listings/import"),
        ("review", "erin", "/review"),
        ("review-one", "erin", f"/review/{waiting}"),
        ("organisations", None, "/organisations"),
        ("organisation", None, "/organisations/chengyue-institute"),
        ("organisation-members", "alice", "/organisations/chengyue-institute/members"),
        ("organisation-new", "charlie", "/organisations/new"),
        ("operator-organisations", "erin", "/operator/organisations"),
        ("operator-mail", "erin", "/operator/mail"),
        ("introductions", "charlie", "/introductions"),
        ("introduction-new", "charlie", f"/introductions/new?listing={result}"),
        ("case-broker", "dana", f"/introductions/{case}"),
        ("case-side", "alice", f"/introductions/{own_case}"),
        ("desk", "dana", "/desk"),
        ("figures", "erin", "/figures"),
        ("events", None, "/events"),
        ("event", "alice", f"/events/{edition}"),
        ("api-docs", None, "/api/docs"),
        ("not-found", None, "/nowhere"),
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
            for language in ("zh", "en"):
                for width in WIDTHS:
                    take(browser, marketplace.address, chosen, language, width)
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")


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
