"""What people do with listings, from the first draft to expiry."""

from datetime import timedelta

import pytest
from conftest import NEED, RESULT, a_listing, a_person, an_organisation, join
from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.accounts.models import User
from marketplace.audit import AuditEntry
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.listings import service, versions
from marketplace.listings.content import validate_content
from marketplace.listings.models import Grant, Kind, State, TranslationState, VersionState
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Role

WHOLE = {**{k: v for k, v in RESULT.items() if k != "details"}, **RESULT["details"]}


def whole(**changes):
    content, errors = validate_content(Kind.RESULT, {**WHOLE, **changes}, for_submission=True)
    assert not errors
    return content


def reads(listing):
    wanted = select(AuditEntry).where(AuditEntry.action == "listing.read", AuditEntry.subject_id == listing.id)
    return list(session.scalars(wanted))


def told(person):
    return [notice.msgid for notice in session.scalars(select(Notice).where(Notice.user_id == person.id))]


@pytest.fixture
def draft(alice, institute):
    return service.create(alice, institute, Kind.RESULT, whole())


@pytest.fixture
def published(alice, institute, draft, erin):
    service.submit(alice, draft)
    return service.publish(erin, draft)


def test_draft_gets_a_readable_ref_and_keeps_what_was_written(draft):
    assert draft.ref.startswith("R-") and len(draft.ref) == 13
    assert draft.state is State.DRAFT
    assert versions.content_of(draft)["advantage"] == WHOLE["advantage"]


@pytest.mark.parametrize(("title", "language"), [("阻燃电解液 LiFSI", "zh"), ("Flame-retardant electrolyte", "en")])
def test_language_is_told_from_the_title_when_nobody_says_it(alice, institute, title, language):
    assert service.create(alice, institute, Kind.RESULT, {"title": title}).language == language


def test_stranger_cannot_create_for_an_organisation(charlie, institute):
    with pytest.raises(Forbidden):
        service.create(charlie, institute, Kind.RESULT, {})


def test_viewer_cannot_create(institute):
    vera = a_person("vera@institute.example")
    join(vera, institute, Role.VIEWER)
    with pytest.raises(Forbidden):
        service.create(vera, institute, Kind.RESULT, {})


def test_empty_draft_is_kept_but_not_submitted(alice, institute):
    listing = service.create(alice, institute, Kind.NEED, {})
    with pytest.raises(Invalid) as problem:
        service.submit(alice, listing)
    assert {"title", "summary", "situation", "targets", "budget_band"} <= set(problem.value.fields)
    assert listing.state is State.DRAFT


def test_floor_price_without_amount_is_not_submitted(alice, institute):
    listing = service.create(alice, institute, Kind.RESULT, {**whole(), "price_kind": "floor"})
    with pytest.raises(Invalid) as problem:
        service.submit(alice, listing)
    assert list(problem.value.fields) == ["price_amount"]


def test_listing_that_ended_before_it_began_is_not_submitted(alice, institute):
    listing = service.create(alice, institute, Kind.RESULT, whole(valid_until="2001-01-01"))
    with pytest.raises(Invalid) as problem:
        service.submit(alice, listing)
    assert list(problem.value.fields) == ["valid_until"]


def test_published_listing_gets_its_first_version_and_a_year(published):
    assert published.state is State.PUBLISHED
    assert [v.number for v in versions.all_of(published)] == [1]
    assert timedelta(360) < published.valid_until - clock.today() < timedelta(370)


def test_author_hears_of_publication(alice, published):
    assert "“{title}” is published." in told(alice)


def test_need_is_valid_for_six_months(charlie, company, erin):
    content, _ = validate_content(Kind.NEED, {**{k: v for k, v in NEED.items() if k != "details"}, **NEED["details"]})
    need = service.create(charlie, company, Kind.NEED, content)
    service.submit(charlie, need)
    service.publish(erin, need)
    assert timedelta(175) < need.valid_until - clock.today() < timedelta(190)


def test_reviewer_cannot_publish_for_an_organisation_of_theirs(institute, alice, draft):
    rita = a_person("rita@institute.example", is_operator=True)
    join(rita, institute, Role.VIEWER)
    service.submit(alice, draft)
    with pytest.raises(Forbidden):
        service.publish(rita, draft)


def test_listing_of_an_unverified_organisation_waits(erin):
    from marketplace.organisations.models import State as OrganisationState

    new = an_organisation("new", OrganisationKind.COMPANY, OrganisationState.PENDING)
    nora = a_person("nora@new.example")
    join(nora, new)
    listing = service.create(nora, new, Kind.RESULT, whole())
    service.submit(nora, listing)
    with pytest.raises(Conflict):
        service.publish(erin, listing)


def test_editor_needs_the_admin_where_the_organisation_says_so(alice, bob, institute, draft):
    with transaction():
        institute.requires_approval = True
    service.submit(bob, draft)
    assert draft.state is State.AWAITING_APPROVAL
    assert "“{title}” awaits your approval." in told(alice)
    with pytest.raises(Forbidden):
        service.approve(bob, draft)
    service.approve(alice, draft)
    assert draft.state is State.SUBMITTED


def test_admin_sends_back_with_a_word(alice, bob, institute, draft):
    with transaction():
        institute.requires_approval = True
    service.submit(bob, draft)
    with pytest.raises(Invalid):
        service.send_back(alice, draft, " ")
    service.send_back(alice, draft, "Add the cost per cell.")
    assert (draft.state, draft.remark) == (State.DRAFT, "Add the cost per cell.")


def test_reviewer_must_say_what_to_change(alice, dana, draft):
    service.submit(alice, draft)
    with pytest.raises(Invalid):
        service.request_changes(dana, draft, "")
    service.request_changes(dana, draft, "Which alternative is compared?")
    assert draft.state is State.CHANGES_REQUESTED
    service.submit(alice, draft)
    assert draft.state is State.SUBMITTED


def test_rejected_listing_lives_on_only_as_a_copy(alice, dana, draft):
    service.submit(alice, draft)
    service.reject(dana, draft, "This is advertising.")
    with pytest.raises(Conflict):
        service.submit(alice, draft)
    again = service.copy(alice, draft)
    assert again.state is State.DRAFT and again.title == draft.title and again.ref != draft.ref


def test_second_click_is_told_and_changes_nothing(alice, draft):
    service.submit(alice, draft)
    with pytest.raises(Conflict):
        service.submit(alice, draft)


def test_second_editor_is_told(alice, bob, draft):
    seen = draft.version
    service.change(alice, draft, {"title": "Electrolyte that cannot burn"}, seen)
    with pytest.raises(Conflict):
        service.change(bob, draft, {"title": "Another"}, seen)
    assert draft.title == "Electrolyte that cannot burn"


def test_reviewer_who_read_an_older_text_is_told(alice, dana, draft):
    service.submit(alice, draft)
    seen = draft.version
    service.change(alice, draft, {"advantage": "Self-extinguishing time 1 s."}, draft.version)
    with pytest.raises(Conflict):
        service.publish(dana, draft, version=seen)


def test_change_of_substance_waits_while_the_old_text_stays(alice, erin, published):
    service.change(alice, published, {"title": "New title", "partner_sought": "A cell maker."}, published.version)
    assert published.title == WHOLE["title"]
    assert published.details["partner_sought"] == "A cell maker."
    assert published.pending.state is VersionState.IN_REVIEW
    service.publish(erin, published)
    assert published.title == "New title"
    assert [(v.number, v.state.value) for v in versions.all_of(published)] == [
        (3, "in_force"),
        (2, "superseded"),
        (1, "superseded"),
    ]


def test_small_change_shows_at_once(alice, published):
    service.change(alice, published, {"territory": "China"}, published.version)
    assert published.details["territory"] == "China"
    assert published.pending is None
    assert [v.number for v in versions.all_of(published)] == [2, 1]


def test_small_change_beside_a_waiting_one_leaves_it_waiting(alice, erin, published):
    service.change(alice, published, {"title": "New title"}, published.version)
    service.change(alice, published, {"territory": "China"}, published.version)
    assert published.title == WHOLE["title"] and published.pending.content["title"] == "New title"
    service.publish(erin, published)
    assert (published.title, published.details["territory"]) == ("New title", "China")


def test_taking_the_change_back_leaves_nothing_waiting(alice, published):
    service.change(alice, published, {"title": "New title"}, published.version)
    service.change(alice, published, {"title": WHOLE["title"]}, published.version)
    assert published.pending is None


def test_published_listing_cannot_lose_what_it_needs(alice, published):
    with pytest.raises(Invalid):
        service.change(alice, published, {"advantage": None}, published.version)


def test_rejected_change_leaves_the_listing_on_show(alice, dana, published):
    service.change(alice, published, {"trl": 9}, published.version)
    service.reject(dana, published, "No evidence for 9.")
    assert (published.state, published.trl, published.pending) == (State.PUBLISHED, 6, None)


def test_change_sent_back_is_corrected_and_reviewed_again(alice, dana, published):
    service.change(alice, published, {"trl": 9}, published.version)
    service.request_changes(dana, published, "Evidence?")
    assert published.pending.state is VersionState.DRAFT
    service.change(alice, published, {"trl": 7}, published.version)
    assert published.pending.state is VersionState.IN_REVIEW
    service.publish(dana, published)
    assert published.trl == 7


def test_import_that_kept_no_version_gets_its_first_at_the_first_change(alice, institute):
    listing = a_listing(institute)
    service.change(alice, listing, {"territory": "China"}, None)
    assert [v.number for v in versions.all_of(listing)] == [2, 1]


def test_translation_is_stale_once_its_source_changes(alice, draft):
    service.set_translation(alice, draft, "zh", {"title": "阻燃电解液", "summary": "", "keywords": []})
    assert draft.translations[0].is_stale is False
    service.change(alice, draft, {"title": "Other"}, draft.version)
    assert draft.translations[0].is_stale is True


def test_author_cannot_call_a_translation_reviewed(alice, dana, published):
    words = {"title": "阻燃电解液"}
    with pytest.raises(Forbidden):
        service.set_translation(alice, published, "zh", words, TranslationState.REVIEWED)
    service.set_translation(dana, published, "zh", words, TranslationState.REVIEWED)
    assert published.translations[0].state is TranslationState.REVIEWED


def test_pause_resume_matched_renew_withdraw(alice, charlie, published):
    with pytest.raises(Forbidden):
        service.pause(charlie, published)
    service.pause(alice, published)
    with pytest.raises(NotFound):
        service.get(charlie, published.ref)
    service.resume(alice, published)
    service.mark_matched(alice, published)
    assert service.get(charlie, published.ref).state is State.MATCHED
    service.withdraw(alice, published, "Licensed exclusively.")
    with pytest.raises(NotFound):
        service.get(charlie, published.ref)


def test_excluded_organisation_does_not_learn_of_it(alice, charlie, company, published):
    service.set_exclusions(alice, published, [company])
    with pytest.raises(NotFound):
        service.get(charlie, published.ref)
    service.set_exclusions(alice, published, [])
    assert service.get(charlie, published.ref)


def test_own_organisation_cannot_be_excluded(alice, institute, published):
    with pytest.raises(Invalid):
        service.set_exclusions(alice, published, [institute])


def test_grant_opens_a_tier_and_closes_with_the_introduction(alice, charlie, company, institute):
    listing = a_listing(institute, confidential="Ratio 3:7.", confidential_tier=3)
    service.grant(listing.id, company.id, 2, "I-2026-000001")
    assert "confidential" not in service.reading(charlie, listing).fields
    service.grant(listing.id, company.id, 3, "I-2026-000001")
    assert service.reading(charlie, listing).fields["confidential"] == "Ratio 3:7."
    assert len(session.scalars(select(Grant).where(Grant.listing_id == listing.id)).all()) == 1
    service.revoke_grants("I-2026-000001")
    assert "confidential" not in service.reading(charlie, listing).fields


def test_reading_confidential_text_is_recorded_with_its_introduction(charlie, company, institute):
    listing = a_listing(institute, confidential="Ratio 3:7.")
    service.reading(charlie, listing)
    assert reads(listing) == []
    service.grant(listing.id, company.id, 2, "I-2026-000001")
    service.reading(charlie, listing)
    [entry] = reads(listing)
    assert (entry.actor_id, entry.introduction_ref) == (charlie.id, "I-2026-000001")


def test_staff_and_authors_are_recorded_too(alice, dana, institute):
    listing = a_listing(institute, confidential="Ratio 3:7.")
    service.reading(dana, listing)
    service.reading(alice, listing)
    service.editing(alice, listing)
    assert [entry.actor_id for entry in reads(listing)] == [dana.id, alice.id, alice.id]


def test_anonymous_listing_tells_nothing_of_whose_it_is(charlie, company, institute):
    with transaction():
        institute.name, institute.name_en = "南山材料研究院", "Nanshan Materials"
    listing = a_listing(
        institute,
        anonymous=True,
        title="南山材料研究院的阻燃电解液",
        summary="See https://nanshan.example or ZL202210001234.5.",
        details={
            **RESULT["details"],
            "ip": [
                {
                    "type": "invention",
                    "number": "ZL1",
                    "status": "granted",
                    "territory": "中国",
                    "co_owners": [{"name": "乙所", "share": 40}],
                }
            ],
        },
    )
    for reader in (None, charlie):
        view = service.reading(reader, listing)
        assert view.organisation is None and view.contact is None
        text = str(view.fields) + str(view.words)
        assert not any(word in text for word in ("南山", "Nanshan", "nanshan", "ZL1", "ZL2022", "乙所"))
    service.grant(listing.id, company.id, 2, "I-2026-000001")
    assert service.reading(charlie, listing).organisation is institute


def test_visitor_reads_the_public_part_only(institute):
    view = service.reading(None, a_listing(institute, confidential="Ratio 3:7."))
    assert {"title", "summary", "trl", "modes"} <= set(view.fields)
    assert not {"problem", "advantage", "confidential", "external_id", "source"} & set(view.fields)


def test_index_order_is_kept_and_the_invisible_left_out(charlie, institute):
    shown, hidden = a_listing(institute), a_listing(institute, state=State.DRAFT)
    other = a_listing(institute)
    assert service.in_rank_order(charlie, [other.id, hidden.id, shown.id, 987654]) == [other, shown]


def test_queue_holds_new_listings_and_changes_but_not_ones_own(alice, dana, erin, institute, draft, published):
    assert service.review_queue(dana) == ([], 0)
    service.change(alice, published, {"title": "New title"}, published.version)
    second = service.create(alice, institute, Kind.RESULT, whole())
    service.submit(alice, second)
    rows, total = service.review_queue(dana)
    assert (list(rows), total) == ([published, second], 2)
    join(session.get(User, dana.id), institute, Role.VIEWER)
    assert service.review_queue(dana)[1] == 0


def test_only_reviewers_have_a_queue(alice):
    with pytest.raises(Forbidden):
        service.review_queue(alice)


def test_the_world_is_told_of_every_change(alice, draft):
    before = outbox.waiting()
    service.change(alice, draft, {"title": "Other"}, None)
    assert outbox.waiting() > before


def test_two_listings_cannot_have_the_same_external_number(alice, institute):
    service.create(alice, institute, Kind.RESULT, {"external_id": "A-1"})
    with pytest.raises(Invalid) as problem:
        service.create(alice, institute, Kind.RESULT, {"external_id": "A-1"})
    assert "external_id" in problem.value.fields
