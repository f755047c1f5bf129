from datetime import timedelta

import pytest
from conftest import a_listing, a_person, an_organisation, join
from indexing import EngineThatIsDown
from saving import WEDNESDAY, arrive, at, mails, published, saves, work
from sqlalchemy import select

from marketplace import index
from marketplace.db import session, transaction
from marketplace.finding import alerts, hits, saved
from marketplace.finding.models import Frequency, NewHit, SavedSearch
from marketplace.listings.models import Exclusion, Kind, Listing, State
from marketplace.organisations.models import Kind as OrganisationKind

LATER = WEDNESDAY + timedelta(minutes=1)
SOON = WEDNESDAY + timedelta(minutes=10)


def hour(day: int, hour: int):
    """That hour of that day of November 2026, where the marketplace is; the 25th is a Wednesday."""
    return WEDNESDAY.replace(day=day, hour=0) + timedelta(hours=hour - 8)


@pytest.fixture
def watching(charlie):
    """Charlie wants to hear at once of anything about electrolytes."""
    with at(WEDNESDAY):
        return saves(charlie, name="Electrolytes")


def test_a_new_listing_is_told_of_once_it_has_been_collected(charlie, institute, watching):
    result = published(institute, LATER)
    work(LATER)
    assert not mails()
    work(SOON)
    [mail] = mails()
    assert mail.to == charlie.email and mail.subject == "1 new for “Electrolytes”"
    assert result.title in mail.body and f"/listings/{result.ref}" in mail.body
    assert "Result · Institute · Shenzhen · TRL 6" in mail.body
    work(SOON + timedelta(hours=1))
    assert len(mails()) == 1


def test_what_was_there_before_is_not_new(charlie, institute):
    published(institute, WEDNESDAY)
    with at(LATER):
        saves(charlie)
    work(SOON)
    assert not mails() and not hits.new_for(charlie)


def test_a_listing_that_changes_pauses_and_returns_is_not_new_again(institute, watching):
    result = published(institute, LATER)
    work(SOON)
    for state in (State.PAUSED, State.PUBLISHED):
        with transaction():
            result.state, result.published_at, result.title = state, SOON, "Electrolyte, changed"
        with at(SOON):
            arrive()
        work(SOON + timedelta(hours=1))
    assert len(mails()) == 1


def test_the_mail_is_in_the_language_of_its_reader(charlie, institute, watching):
    with transaction():
        charlie.language = "zh"
    published(institute, LATER)
    work(SOON)
    [mail] = mails()
    assert mail.subject == "“Electrolytes”有 1 条新供需" and "Charlie，您好" in mail.body and "技术就绪度" in mail.body


def test_a_mail_says_how_to_leave_with_one_click(charlie, institute, watching):
    published(institute, LATER)
    work(SOON)
    [mail] = mails()
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/unsubscribe/" in mail.headers["List-Unsubscribe"] and "/unsubscribe/" in mail.body


def test_daily_and_weekly_come_at_eight(charlie, institute):
    with at(WEDNESDAY):
        saves(charlie, name="Daily", frequency=Frequency.DAILY)
        saves(charlie, q="lithium", name="Weekly", frequency=Frequency.WEEKLY)
    published(institute, LATER, title="Plain", summary="A lithium salt.", keywords=[])
    published(institute, LATER, title="Electrolyte", summary="Plain.", keywords=[])
    work(LATER)
    work(hour(26, 7))
    assert not mails()
    work(hour(26, 8) + timedelta(minutes=1))
    assert [mail.subject for mail in mails()] == ["1 new for “Daily”"]
    work(hour(29, 23))
    assert len(mails()) == 1
    work(hour(30, 9))
    assert [mail.subject for mail in mails()][1:] == ["1 new for “Weekly”"]


def test_what_comes_after_eight_waits_for_tomorrow(charlie, institute):
    with at(hour(25, 7)):
        saves(charlie, frequency=Frequency.DAILY)
    published(institute, hour(25, 9))
    work(hour(25, 10))
    assert not mails()
    work(hour(26, 8))
    assert len(mails()) == 1


def test_never_counts_and_does_not_write(charlie, institute):
    with at(WEDNESDAY):
        quiet = saves(charlie, frequency=Frequency.NEVER)
    published(institute, LATER)
    work(hour(30, 9))
    assert not mails() and hits.new_by_search(charlie) == {quiet.id: 1}
    with at(hour(30, 10)):
        saved.change(charlie, quiet, name="x", frequency=Frequency.AT_ONCE)
    work(hour(30, 12))
    assert not mails(), "what was found while no mails were wanted is only counted"


def test_one_listing_in_two_searches_stands_in_the_mail_once(charlie, institute, watching):
    with at(WEDNESDAY):
        saves(charlie, q="lithium", name="Batteries")
    result = published(institute, LATER)
    work(SOON)
    [mail] = mails()
    assert mail.body.count(f"/listings/{result.ref}") == 1 and "Also in: Batteries" in mail.body


def test_told_under_one_search_is_not_told_tomorrow_under_another(charlie, institute, watching):
    with at(WEDNESDAY):
        saves(charlie, q="lithium", name="Batteries", frequency=Frequency.DAILY)
    published(institute, LATER)
    work(SOON)
    work(hour(26, 9))
    assert len(mails()) == 1


def test_found_late_by_a_second_search_is_no_second_mail(charlie, institute, watching):
    with at(WEDNESDAY):
        other = saves(charlie, q="lithium", name="Batteries")
    with transaction():
        late, other.looked_until = other.looked_until, 10**6
    published(institute, LATER)
    work(SOON)
    with transaction():
        other.looked_until = late
    work(SOON), work(SOON + timedelta(hours=1))
    assert len(mails()) == 1 and hits.new_by_search(charlie)[other.id] == 1


def test_two_people_get_a_mail_each(charlie, dana, institute, watching):
    with at(WEDNESDAY):
        saves(dana)
    published(institute, LATER)
    work(SOON)
    assert sorted(mail.to for mail in mails()) == sorted([charlie.email, dana.email])


@pytest.mark.parametrize("change", [{"state": State.PAUSED}, {"state": State.WITHDRAWN}])
def test_what_has_gone_before_the_mail_is_not_in_it(institute, watching, change):
    result = published(institute, LATER)
    work(LATER)
    with transaction():
        result.state = change["state"]
    work(SOON)
    assert not mails()


def test_who_is_excluded_is_not_told(charlie, company, institute, watching):
    result = published(institute, LATER)
    work(LATER)
    with transaction():
        session.add(Exclusion(listing_id=result.id, organisation_id=company.id))
    assert hits.new_for(charlie) == 0
    work(SOON)
    assert not mails()


def test_a_veiled_listing_stays_veiled_in_the_mail(charlie, institute, watching):
    published(institute, LATER, anonymous=True, summary="By Institute, see https://institute.example.")
    work(SOON)
    [mail] = mails()
    assert "Anonymous" in mail.body and "institute" not in mail.body.lower().replace("/institute", "")


def test_words_only_members_may_search_tell_nothing_to_others(institute):
    visitor = a_person("nobody@pending.example")
    with at(WEDNESDAY):
        saves(visitor, q="fluorinated")
    published(institute, LATER)
    work(SOON)
    assert not mails()


def test_ones_own_listings_are_no_news(alice, institute):
    with at(WEDNESDAY):
        saves(alice)
    published(institute, LATER)
    work(SOON)
    assert not mails() and not hits.new_for(alice)


@pytest.mark.parametrize("absence", ["disabled_at", "confirmed_at"])
def test_who_cannot_be_written_to_gets_nothing_now_or_later(charlie, institute, watching, absence):
    with transaction():
        setattr(charlie, absence, WEDNESDAY if absence == "disabled_at" else None)
    published(institute, LATER)
    work(SOON)
    with transaction():
        charlie.disabled_at, charlie.confirmed_at = None, WEDNESDAY
    work(SOON + timedelta(hours=1))
    assert not mails()


def test_only_some_of_the_words_is_not_what_was_asked(charlie, institute):
    with at(WEDNESDAY):
        saves(charlie, q="electrolyte zeppelin")
    published(institute, LATER)
    work(SOON)
    assert not mails()


def test_filters_hold(charlie, institute, company):
    with at(WEDNESDAY):
        saves(charlie, q="", kind=("need",), name="Needs")
    published(institute, LATER)
    other = an_organisation("other", OrganisationKind.COMPANY)
    need = published(other, LATER, kind=Kind.NEED)
    work(SOON)
    [mail] = mails()
    assert need.ref in mail.body and mail.subject == "1 new for “Needs”"


def test_an_engine_that_is_down_loses_nothing(engine, institute, watching):
    with at(LATER):
        a_listing(institute), arrive()
    index.bind(EngineThatIsDown())
    work(LATER)
    index.bind(engine)
    work(SOON), work(SOON + timedelta(minutes=10))
    assert len(mails()) == 1


def test_a_search_from_a_newer_release_is_left_alone(charlie, institute, watching):
    with transaction():
        watching.criteria = {**watching.criteria, "shape": 2, "mood": "good"}
    published(institute, LATER)
    work(SOON)
    assert not mails() and not saved.one(charlie, watching).is_whole


def test_a_code_that_has_vanished_finds_nothing_rather_than_everything(charlie, institute):
    with at(WEDNESDAY):
        saves(charlie, q="", field=("phlogiston",))
    published(institute, LATER)
    work(SOON)
    assert not mails()


def test_a_flood_is_told_in_one_mail_of_bounded_length(charlie, institute, watching):
    with at(LATER):
        for number in range(15):
            a_listing(institute, title=f"Electrolyte {number}")
        arrive()
    work(LATER), work(SOON)
    [mail] = mails()
    assert mail.subject.startswith("15 new") and mail.body.count("/listings/R-") == 10 and "and 5 more" in mail.body


def test_two_workers_write_one_mail(charlie, institute, watching):
    published(institute, LATER)
    work(LATER)
    with at(SOON):
        alerts.tell(charlie.id)
        alerts.tell(charlie.id)
    assert len(mails()) == 1


def test_a_mail_that_cannot_be_queued_leaves_everything_to_be_told(charlie, institute, watching, monkeypatch):
    published(institute, LATER)
    work(LATER)

    def refuse(*_: object, **__: object):
        raise RuntimeError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr("marketplace.messaging.service.post_mail", refuse)
        with pytest.raises(RuntimeError):
            work(SOON)
    session.rollback()
    work(SOON)
    assert len(mails()) == 1


def test_a_search_is_compared_once_with_each_arrival(charlie, institute, watching, monkeypatch):
    asked = []
    ask = index.engine().search
    monkeypatch.setattr(index.engine(), "search", lambda *a: asked.append(a) or ask(*a))
    published(institute, LATER)
    work(LATER), work(SOON), work(SOON)
    assert len(asked) == 1


def test_idle_turns_cost_three_questions(count_queries, watching):
    work(LATER)
    with count_queries() as asked:
        work(LATER)
    assert asked.count <= 3


def test_old_news_is_forgotten(charlie, institute, watching):
    published(institute, LATER)
    work(LATER)
    with at(LATER + timedelta(days=91)):
        hits.forget()
    assert not session.scalars(select(NewHit)).all()


def test_what_is_saved_goes_with_its_listing(institute, watching):
    result = published(institute, LATER)
    work(LATER)
    with transaction():
        session.delete(session.get_one(Listing, result.id))
    assert not session.scalars(select(NewHit)).all() and session.scalars(select(SavedSearch)).all()


def test_members_who_join_see_more_from_then_on(institute):
    newcomer = a_person("new@other.example")
    with at(WEDNESDAY):
        saves(newcomer, q="fluorinated")
    join(newcomer, an_organisation("other", OrganisationKind.COMPANY))
    published(institute, LATER)
    work(SOON)
    assert len(mails()) == 1
