"""One table, four answers: the row, the SQL, the index and the tier agree for every role × state × tier."""

import pytest
from conftest import a_listing, a_person, an_organisation, join
from sqlalchemy import select

from marketplace.db import session, transaction
from marketplace.listings import service
from marketplace.listings.models import Exclusion, Listing, State
from marketplace.listings.permissions import EVERYONE, audience_of, audiences, can_see, tier_for, visible_to
from marketplace.organisations.models import Kind, Role
from marketplace.organisations.models import State as OrganisationState

WORLD = {State.PUBLISHED, State.RENEWAL_DUE, State.MATCHED}
PRIVATE = {State.DRAFT, State.AWAITING_APPROVAL}
REF = "I-2026-000001"

# who -> (sees it in every state, staff, tier while on show)
ROLES = {
    "visitor": 0,
    "person without organisation": 0,
    "member of an unverified organisation": 0,
    "outsider": 1,
    "excluded member": 1,
    "granted tier 1": 1,
    "granted tier 2": 2,
    "granted tier 3": 3,
    "granted and excluded": 2,
    "granted once, revoked": 1,
    "own viewer": 3,
    "own editor": 3,
    "own admin": 3,
    "broker": 3,
    "operator": 3,
    "broker of an excluded organisation": 3,
}
ALWAYS = {
    "granted tier 1",
    "granted tier 2",
    "granted tier 3",
    "granted and excluded",
    "own viewer",
    "own editor",
    "own admin",
}
STAFF = {"broker", "operator", "broker of an excluded organisation"}
HIDDEN_FROM = {"excluded member"}


def the_person(who, listing):
    if who == "visitor":
        return None
    if who in ("broker", "operator"):
        return a_person("staff@platform.example", **{f"is_{who}": True})
    if who == "broker of an excluded organisation":
        return _member(listing, excluded=True, is_broker=True)
    if who == "person without organisation":
        return a_person("alone@mail.example")
    if who.startswith("own "):
        person = a_person("own@institute.example")
        join(person, listing.organisation, Role(who.removeprefix("own ")))
        return person
    if who == "member of an unverified organisation":
        return _member(listing, state=OrganisationState.PENDING)
    tier = int(who[-1]) if who[-1].isdigit() else 2 if who.startswith("granted") else None
    return _member(listing, tier=tier, revoked="revoked" in who, excluded="excluded" in who)


def _member(listing, tier=None, revoked=False, excluded=False, state=OrganisationState.VERIFIED, **is_):
    person, other = a_person("other@company.example", **is_), an_organisation("other", Kind.COMPANY, state)
    join(person, other)
    if excluded:
        with transaction():
            session.add(Exclusion(listing_id=listing.id, organisation_id=other.id))
    if tier:
        service.grant(listing.id, other.id, tier, REF)
    if revoked:
        service.revoke_grants(REF)
    session.expire(listing)
    return person


def expected(who, state):
    if who in ALWAYS:
        return True
    if who in STAFF and state not in PRIVATE:
        return True
    return state in WORLD and who not in HIDDEN_FROM


def found_by_index(actor, listing):
    """The filter of permissions.Audience, applied by hand to what the index notes."""
    audience, excluded = audience_of(listing)
    asked = audiences(actor)
    own = set(asked.any_of) - {EVERYONE}
    if own & set(audience):
        return True
    return EVERYONE in audience and not set(asked.none_of) & set(excluded)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("who", ROLES)
def test_the_answers_agree(who, state, institute):
    listing = a_listing(institute, state=state)
    actor = the_person(who, listing)
    answer = expected(who, state)
    assert can_see(actor, listing) is answer
    assert (session.scalar(select(Listing.id).where(visible_to(actor))) is not None) is answer
    assert found_by_index(actor, listing) is answer


@pytest.mark.parametrize("confidential_tier", [2, 3])
@pytest.mark.parametrize("who", ROLES)
def test_each_reader_gets_the_fields_of_their_tier_and_no_more(who, confidential_tier, institute):
    listing = a_listing(institute, confidential="Ratio 3:7.", confidential_tier=confidential_tier)
    actor = the_person(who, listing)
    tier = ROLES[who]
    assert tier_for(actor, listing) == tier
    shown = service.reading(actor, listing).fields
    assert ("summary" in shown, "problem" in shown) == (True, tier >= 1)
    assert ("confidential" in shown) is (tier >= confidential_tier)


@pytest.mark.parametrize("who", ROLES)
def test_anonymous_listing_is_named_from_tier_2(who, institute):
    listing = a_listing(institute, anonymous=True)
    view = service.reading(the_person(who, listing), listing)
    assert (view.organisation is not None) is (ROLES[who] >= 2)


@pytest.mark.parametrize("who", ROLES)
def test_contact_person_is_shown_from_tier_2(who, institute, alice):
    listing = a_listing(institute, contact_id=alice.id)
    view = service.reading(the_person(who, listing), listing)
    assert (view.contact is not None) is (ROLES[who] >= 2)
