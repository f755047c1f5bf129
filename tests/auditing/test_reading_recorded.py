"""Whoever reads what only an introduction or an NDA opens is noted, by whatever way, and its owner sees who."""

from __future__ import annotations

import ast
import io
from datetime import timedelta

import pytest
from conftest import a_listing
from reaching import sources
from sqlalchemy import select

from marketplace import clock
from marketplace.audit import AuditEntry
from marketplace.casework import reading_log
from marketplace.db import session, transaction
from marketplace.files import service as files
from marketplace.listings import service as listings
from marketplace.listings.models import ListingVersion, VersionState

SECRET = "The salt is LiDFOB at 1.2 mol/L."
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
CASE = "I-2026-000007"


@pytest.fixture
def protected(institute, company, alice):
    """Alice's result with a confidential part and a file, opened to the company under an NDA."""
    listing = a_listing(institute, confidential=SECRET, confidential_tier=3, anonymous=True)
    listings.attach(alice, listing, "recipe.pdf", io.BytesIO(PDF), 3)
    listings.grant(listing.id, company.id, 3, CASE)
    session.refresh(listing)
    return listing


def readings(person, listing) -> list[list[str]]:
    rows = select(AuditEntry).where(AuditEntry.action == "listing.read", AuditEntry.actor_id == person.id,
                                    AuditEntry.subject_id == listing.id)
    return [row.details["read"] for row in session.scalars(rows.order_by(AuditEntry.id))]


@pytest.mark.parametrize("address", ["/listings/{ref}", "/api/v1/listings/{ref}"])
def test_pages_and_the_api_note_what_they_show(address, protected, alice, charlie, signed_in):
    path = address.format(ref=protected.ref)
    assert SECRET in signed_in(charlie).get(path).get_data(as_text=True)
    assert "confidential" in readings(charlie, protected)[0] and "name" in readings(charlie, protected)[0]
    rows, _ = reading_log.of_listing(alice, protected)
    assert rows[0].introduction_ref == CASE and rows[0].tier == 3
    assert "who stands behind it" in signed_in(alice).get(f"/listings/{protected.ref}/reads").text


def test_a_file_that_is_opened_is_noted_with_its_number(protected, alice, charlie, signed_in):
    file = files.of("listing", protected.id)[0]
    assert signed_in(charlie).get(f"/listings/{protected.ref}/attachments/{file.id}").status_code == 200
    assert f"file {file.id}" in readings(charlie, protected)[-1]
    page = signed_in(alice).get(f"/listings/{protected.ref}/reads").text
    assert "recipe.pdf" in page


def test_staff_who_read_are_noted_too(protected, alice, dana, signed_in):
    signed_in(dana).get(f"/listings/{protected.ref}")
    assert "confidential" in readings(dana, protected)[0]
    assert "platform staff" in signed_in(alice).get(f"/listings/{protected.ref}/reads").text


def test_whoever_may_not_read_it_leaves_no_reading(protected, erin, client, signed_in):
    client.get(f"/listings/{protected.ref}")
    rows = select(AuditEntry).where(AuditEntry.action == "listing.read", AuditEntry.actor_id.is_(None))
    assert session.scalars(rows).all() == []


def test_a_reviewer_who_sees_a_confidential_part_that_waits_is_noted(institute, alice, dana, signed_in):
    listing = a_listing(institute)
    listings.change(alice, listing, {"confidential": SECRET}, listing.version)
    assert SECRET in signed_in(dana).get(f"/review/{listing.ref}").get_data(as_text=True)
    assert readings(dana, listing) == [["confidential"]]


def test_whoever_looks_at_an_older_version_with_a_confidential_part_is_noted(institute, alice, dana, signed_in):
    listing = a_listing(institute, confidential=SECRET)
    with transaction():
        session.add(ListingVersion(
            listing_id=listing.id, number=1, state=VersionState.SUPERSEDED, content={"confidential": SECRET},
            created_at=clock.now() - timedelta(days=1),
        ))
        listing.confidential = None
    signed_in(dana).get(f"/listings/{listing.ref}/versions")
    assert readings(dana, listing) == [["confidential"]]


def test_an_author_who_writes_on_it_is_noted_and_not_told_of_to_their_own(protected, alice, signed_in):
    signed_in(alice).get(f"/listings/{protected.ref}/edit")
    assert readings(alice, protected) == [["confidential"]]
    assert reading_log.of_listing(alice, protected) == ([], 0)


def test_whoever_takes_all_of_it_away_as_a_file_is_noted(protected, alice, signed_in):
    answer = signed_in(alice).get("/listings/export.csv?kind=result")
    assert SECRET in answer.get_data(as_text=True)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "listing.exported")).one()
    assert entry.actor_id == alice.id and entry.details["organisations"] == [protected.organisation_id]


def test_strangers_learn_nothing_of_who_read(protected, charlie, dana, signed_in):
    for person in (charlie, dana):
        assert signed_in(person).get(f"/listings/{protected.ref}/reads").status_code == 404


READERS = {
    "marketplace.broadcasts.answering": "the public tier",
    "marketplace.broadcasts.api": "the public tier",
    "marketplace.broadcasts.letters": "the public tier",
    "marketplace.broadcasts.views": "the public tier",
    "marketplace.comparing.answers": "shows tier 1, and words an introduction has opened; never the confidential part",
    "marketplace.finding.harvest": "the public tier",
    "marketplace.introductions.conditions": "whether there is such a part, not what it says",
    "marketplace.introductions.reading": "titles and summaries; contacts are recorded there",
    "marketplace.listings.api": "through service.reading; a score of how complete it is",
    "marketplace.listings.documents": "the public and the members' tier; the confidential part is in no index",
    "marketplace.listings.exporting": "one's own; listing.exported is recorded",
    "marketplace.listings.form": "what its authors see who are writing; service.editing has recorded it",
    "marketplace.listings.moves": "compares and copies; shows nothing",
    "marketplace.listings.review_views": "service.reading and service.proposed record it",
    "marketplace.listings.service": "records it",
    "marketplace.listings.sharing": "compares and copies; shows nothing",
    "marketplace.listings.storing": "compares and copies; shows nothing",
    "marketplace.listings.views": "service.reading, editing and versions_of record it; scores of how complete it is",
    "marketplace.refining.service": "the fields of REFINED, of which the confidential part is none",
    "marketplace.refining.texts": "the fields of REFINED, of which the confidential part is none",
}
"""Who handles the whole content of listings, and why nothing confidential is read there without being recorded."""
WHOLE = {"view_at", "content_at", "proposed_content", "content_of", "unpack", "changes_between", "differences"}


def test_nobody_else_handles_the_whole_content_of_listings():
    found = set()
    for module, tree in sources().items():
        if module in ("marketplace.listings.tiers", "marketplace.listings.versions"):
            continue
        for node in ast.walk(tree):
            called = isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in WHOLE
            looked = isinstance(node, ast.Attribute) and node.attr == "confidential"
            if called or looked:
                found.add(module)
    assert found - set(READERS) == set()
