"""Files of a listing, for the readers of their tier and nobody else."""

import io

import pytest
from conftest import a_listing
from sqlalchemy import select

from marketplace.audit import AuditEntry
from marketplace.db import session
from marketplace.files import service as files
from marketplace.listings import service
from marketplace.listings.models import State

PDF = b"%PDF-1.4 made for a test"


def attach(browser, ref, name, content, tier):
    data = {"file": (io.BytesIO(content), name), "tier": tier}
    return browser.post(f"/listings/{ref}/attachments", data=data, content_type="multipart/form-data")


def test_file_of_a_tier_is_for_its_readers_only(client, signed_in, alice, charlie, company, institute):
    listing = a_listing(institute)
    ref, number, reader, buyer = listing.ref, listing.id, charlie.id, company.id
    browser, his = signed_in(alice), signed_in(charlie)
    assert attach(browser, ref, "report.pdf", PDF, "2").status_code == 302
    [file] = files.of("listing", number)
    path = f"/listings/{ref}/attachments/{file.id}"
    assert client.get(path).status_code == 404
    assert his.get(path).status_code == 404
    assert "report.pdf" not in his.get(f"/listings/{ref}").text
    service.grant(number, buyer, 2, "I-2026-000001")
    response = his.get(path, buffered=True)
    assert response.status_code == 200 and response.data == PDF
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "listing.read")).all()[-1]
    assert (entry.actor_id, entry.introduction_ref) == (reader, "I-2026-000001")


def test_public_file_is_for_everybody(client, signed_in, alice, institute):
    listing = a_listing(institute)
    attach(signed_in(alice), listing.ref, "sheet.txt", "数据".encode(), "0")
    [file] = files.of("listing", listing.id)
    assert client.get(f"/listings/{listing.ref}/attachments/{file.id}", buffered=True).status_code == 200


def test_file_of_another_listing_is_not_reached_through_this_one(client, signed_in, alice, institute):
    listing, draft = a_listing(institute), a_listing(institute, state=State.DRAFT)
    hers = signed_in(alice)
    attach(hers, draft.ref, "sheet.txt", b"secret", "0")
    path = f"/listings/{listing.ref}/attachments/{files.of('listing', draft.id)[0].id}"
    assert client.get(path).status_code == 404
    assert hers.post(f"{path}/remove").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "tier"),
    [("page.html", b"<script>", "0"), ("report.pdf", b"MZ\x90", "0"), ("a.pdf", PDF, "7"), ("a.pdf", b"", "0")],
)
def test_file_we_do_not_take_is_refused_in_words(signed_in, alice, institute, name, content, tier):
    listing = a_listing(institute)
    response = attach(signed_in(alice), listing.ref, name, content, tier)
    assert response.status_code == 422 and "complaint" in response.text
    assert files.of("listing", listing.id) == []


def test_file_is_removed_by_its_authors(signed_in, alice, institute):
    listing, browser = a_listing(institute), signed_in(alice)
    attach(browser, listing.ref, "report.pdf", PDF, "0")
    [file] = files.of("listing", listing.id)
    assert browser.post(f"/listings/{listing.ref}/attachments/{file.id}/remove").status_code == 302
    assert files.of("listing", listing.id) == []


# My organisation
