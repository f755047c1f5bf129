"""`make shots` leaves no page out."""

from __future__ import annotations

import sys
from pathlib import Path

from flask import Flask
from sqlalchemy import text
from werkzeug.exceptions import HTTPException

from marketplace.db import session

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import shots

NOT_PICTURED = {
    # Files, machines' answers, and addresses that lead on.
    "static",
    "bootstrap.static",
    "analytics.export",
    "auditing.export",
    "health.alive",
    "health.ready",
    "metrics.show",
    "comparing.export",
    "events.calendar",
    "event_figures.export_edition",
    "event_figures.export_series",
    "ratings.rate_by_link",
    "series.cover",
    "series.feed",
    "catalogues.harvested",
    "catalogues.robots",
    "catalogues.schema",
    "catalogues.sitemap",
    "catalogues.sitemap_part",
    "import.export",
    "import.template",
    "import.rejected",
    "listings.attachment",
    "suppliers.paper",
    "parks.badge",
    "messaging.notice",
    "saved.feed",
    "saved.look",
    "saved.search_feed",
    "searched.export",
    "terms.export",
    "terms.rejected",
    "introductions.write",
    "casework.document",
    "case.copy",
    "meetings.calendar",
    "operator_surveys.export",
    "contracts.form_file",
    "contracts.ledger_file",
    "desk.following",
    # Pages behind a link that is in a mail, or a file that somebody has to upload first; the journeys go there.
    "accounts.confirm",
    "second_factor.enter",  # behind the password
    "accounts.reset",
    "accounts.welcome",
    "organisations.join",
    "organisations.confirm_mailbox",
    "messaging.show_mail",
    "messaging.mail_page",
    "messaging.leave",
    "news.answer",
    "news.leave",
    "passkeys.options_to_add",  # for the script
    "passkeys.options_to_sign_in",
    "openid.leave",
    "openid.come_back",
    "openid.register",
    "import.show",
    "terms.imported",
    "saved.unsubscribe",
    "privacy.keep_by_link",
    # Only for somebody who has a copy, has asked to be deleted, or has not accepted what is in force.
    "privacy.download",
    "privacy.waiting",
    "privacy.accept",
    "contracts.answer",
    "guests.answer",  # behind the link in an invitation
}


def test_the_database_understands_what_the_pictures_ask_it() -> None:
    assert shots.pages(lambda query: session.execute(text(query)).scalar())


def test_every_page_has_its_picture(app: Flask) -> None:
    addresses = app.url_map.bind("localhost")
    pictured = set()
    for _, _, path in shots.pages(lambda query: "one"):
        try:
            pictured.add(addresses.match(path.partition("?")[0], method="GET")[0])
        except HTTPException:
            assert path == "/nowhere"
    endpoints = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith("/api/v1")
    }
    assert endpoints - pictured - NOT_PICTURED == set()
