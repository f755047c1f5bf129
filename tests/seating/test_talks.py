"""Talks of two: what people wish, what must be, what comes of it, and who may see what."""

import re

import pytest
from seating.seated import a_match, anew, come, crowd, somebody

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.events import attending
from marketplace.listings.models import Listing
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.seating import gathering, talking
from marketplace.seating.meeting_slots import WhyNot
from marketplace.seating.models import Talk

pytest_plugins = ["seating.seating_cast"]

SENT = {"after": "60", "slots": "3", "minutes": "15", "places": "2"}
TIMES = {"after": 60, "slots": 3, "minutes": 20, "places": 4, "suggests": False}


@pytest.fixture
def guests(friday):
    return crowd(friday, 5)


@pytest.fixture
def planned(erin, friday, guests, monkeypatch):
    monkeypatch.setattr(talking, "SECONDS", 3.0)
    talking.arrange(erin, friday, **TIMES)
    return guests


def wish(edition, one, *asks, refuses=(), cannot=(), most=None):
    talking.wish(one.user, edition, asks=[other.id for other in asks], refuses=[other.id for other in refuses],
                 cannot=cannot, most=most)


def arranged(erin, edition, **times):
    talking.arrange(erin, edition, **(TIMES | times))
    talking.advance([edition.id])
    return {(talk.one_id, talk.other_id): talk.slot for talk in talking.talks_of(erin, edition)}


def pair(one, other):
    return min(one.id, other.id), max(one.id, other.id)


def test_who_asks_meets_and_nobody_is_at_two_places_at_once(erin, friday, planned):
    one, two, three, four, _ = planned
    wish(friday, one, two, three, four)
    wish(friday, two, one, three)
    found = arranged(erin, friday)
    assert found.keys() == {pair(one, two), pair(one, three), pair(one, four), pair(two, three)}
    for guest in planned:
        slots = [slot for talk, slot in found.items() if guest.id in talk]
        assert len(slots) == len(set(slots))


def test_no_thanks_and_times_are_kept(erin, friday, planned):
    one, two, three, *_ = planned
    wish(friday, one, two, three, cannot=[0, 1])
    wish(friday, two, refuses=[one])
    assert arranged(erin, friday) == {pair(one, three): 2}
    [(asked, other, why)] = talking.unmet(erin, friday)
    assert (asked.id, other.id, why.why) == (one.id, two.id, WhyNot.REFUSED)


def test_who_must_meet_goes_first(erin, friday, planned):
    one, two, three, *_ = planned
    for other in (two, three):
        wish(friday, other, one, most=1)
    wish(friday, one, two, most=1)
    assert arranged(erin, friday, slots=1).keys() == {pair(one, two)}
    talking.must_meet(erin, friday, one.id, three.id)
    assert arranged(erin, friday, slots=1).keys() == {pair(one, three)}


def test_nobody_must_meet_whom_they_declined_or_a_colleague_or_themselves(erin, friday, planned):
    one, two, *_ = planned
    wish(friday, two, refuses=[one])
    [colleague] = come(friday, somebody("Zoe", one.organisation))
    for other in (two, colleague, one):
        with pytest.raises(Invalid):
            talking.must_meet(erin, friday, one.id, other.id)
    with pytest.raises(Invalid, match="any more"):
        talking.must_meet(erin, friday, one.id, 99_999)


def test_declining_later_undoes_a_must(erin, friday, planned):
    one, two, *_ = planned
    talking.must_meet(erin, friday, one.id, two.id)
    wish(friday, one)
    assert arranged(erin, friday).keys() == {pair(one, two)}
    wish(friday, one, refuses=[two])
    assert arranged(erin, friday) == {}


def test_wishes_sent_twice_are_kept_once_and_changed_when_said_anew(erin, friday, planned):
    one, two, three, *_ = planned
    wish(friday, one, two)
    wish(friday, one, two)
    wish(friday, one, three, most=2)
    found = talking.mine(one.user, friday)
    assert (found.asks, found.most) == ({three.id}, 2)


def test_who_takes_no_talks_has_none(erin, friday, planned):
    one, two, *_ = planned
    wish(friday, one, two)
    wish(friday, two, most=0)
    assert arranged(erin, friday) == {}


def test_order_of_people_does_not_tell_whose_an_anonymous_listing_is(erin, friday, planned):
    mia, lin = a_match(friday)
    gathering.score(friday, attending.placed(friday))
    assert talking.mine(mia.user, friday).others[0].id == lin.id
    with transaction():
        session.query(Listing).filter_by(organisation_id=lin.organisation_id).one().anonymous = True
    names = [one.user.name for one in talking.mine(mia.user, friday).others]
    assert names == sorted(names)


def test_a_guest_who_left_meets_nobody_any_more(erin, friday, planned):
    one, two, *_ = planned
    wish(friday, one, two)
    attending.check_in(erin, friday, two.id)
    attending.leave(erin, friday, two.id)
    assert arranged(erin, friday) == {}


def test_those_who_fit_meet_unasked_when_that_is_wanted(erin, friday, planned):
    mia, lin = a_match(friday)
    assert pair(mia, lin) not in arranged(erin, friday)
    assert pair(mia, lin) in arranged(erin, friday, suggests=True)
    assert talking.mine(mia.user, friday).others[0].id == lin.id


def test_asked_anew_meanwhile_the_old_work_is_not_written(erin, friday, planned, monkeypatch):
    one, two, *_ = planned
    wish(friday, one, two)
    real = talking.meeting_slots.arrange

    def meanwhile(day, seconds):
        talking.arrange(erin, friday, **TIMES)
        return real(day, seconds)

    monkeypatch.setattr(talking.meeting_slots, "arrange", meanwhile)
    talking.advance([friday.id])
    assert talking.day_of(friday).is_busy
    assert not talking.talks_of(erin, friday)


def test_talks_that_have_begun_stay_as_they_are(erin, friday, planned, monkeypatch):
    one, two, three, *_ = planned
    wish(friday, one, two)
    first = arranged(erin, friday)
    with transaction():
        session.get(Talk, talking.talks_of(erin, friday)[0].id).slot = 0
    begun = talking.day_of(friday).begins(0)
    monkeypatch.setattr(clock, "now", lambda: begun)
    wish(friday, three, one, two)
    assert arranged(erin, friday)[pair(one, two)] == 0
    assert first
    with pytest.raises(Conflict, match="begun"):
        talking.arrange(erin, friday, **(TIMES | {"minutes": 30}))


def test_people_see_their_talks_once_published_and_are_told_once(erin, friday, planned, signed_in):
    one, two, *_ = planned
    wish(friday, one, two)
    arranged(erin, friday)
    assert not talking.mine(one.user, friday).talks
    talking.publish(erin, friday)
    talking.publish(erin, friday)
    [talk] = talking.mine(one.user, friday).talks
    assert talking.mine(one.user, friday).with_whom(talk).id == two.id
    page = signed_in(one.user).get(f"{friday.url}/talks/mine").text
    assert two.user.name in page and "Place 1" in page
    assert signed_in(one.user).get("/notices").text.count("Your talks at") == 1


def test_nothing_is_published_before_there_is_something(erin, friday, planned):
    with pytest.raises(Conflict, match="No talks"):
        talking.publish(erin, friday)


def test_strangers_and_guests_may_not_arrange_and_outsiders_have_no_page(erin, friday, planned, alice):
    for act in (lambda: talking.arrange(alice, friday, **TIMES), lambda: talking.talks_of(alice, friday),
                lambda: talking.must_meet(alice, friday, 1, 2), lambda: talking.publish(alice, friday)):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(NotFound):
        talking.mine(alice, friday)
    with pytest.raises(NotFound):
        talking.wish(alice, friday, asks=[], refuses=[], cannot=[], most=None)


def test_operator_sets_times_in_the_browser_and_sees_the_day(erin, friday, guests, signed_in):
    name, url = guests[0].user.name, f"{friday.url}/talks"
    browser = signed_in(erin)
    assert "No talks of two yet" in browser.get(url).text
    assert browser.post(url, data=SENT).status_code == 302
    assert 'data-poll="' in browser.get(url).text
    edition = anew(friday)
    wish(edition, anew(guests[0]), anew(guests[1]))
    talking.advance([edition.id])
    page = browser.get(url).text
    assert name in page and "Publish the talks" in page and "data-poll" not in page
    assert browser.post(f"{url}/publish").status_code == 302


@pytest.mark.parametrize("field", [{"slots": "0"}, {"minutes": "x"}, {"places": "999"}, {"after": "-5"}])
def test_impossible_times_are_refused_beside_their_field(erin, friday, guests, signed_in, field):
    answer = signed_in(erin).post(f"{friday.url}/talks", data=SENT | field)
    assert answer.status_code == 422 and f'id="e-{next(iter(field))}"' in answer.text


def test_a_guest_sends_wishes_in_the_browser(friday, planned, signed_in):
    two, three, name = planned[1].id, planned[2].id, planned[1].user.name
    browser, url = signed_in(planned[0].user), f"{friday.url}/talks/mine"
    assert url in browser.get(friday.url).text
    assert name in browser.get(url).text
    sent = {"asks": [two], "refuses": [three], "cannot": ["0"], "most": "2"}
    assert browser.post(url, data=sent).status_code == 302
    page = browser.get(url).text
    assert re.search(rf'name="asks" value="{two}" checked', page)
    assert re.search(rf'name="refuses" value="{three}" checked', page)
    both = browser.post(url, data={"asks": [two], "refuses": [two]})
    assert both.status_code == 422 and "is in both lists" in both.text
    assert browser.post(url, data={"asks": ["99999"]}).status_code == 422


def test_two_who_must_meet_are_noted_in_the_browser(erin, friday, planned, signed_in):
    one, two, name = planned[0].id, planned[1].id, planned[0].user.name
    browser, url = signed_in(erin), f"{friday.url}/talks/must"
    assert name in browser.get(url).text
    assert browser.post(url, data={"one": one, "other": two}).status_code == 302
    assert browser.post(url, data={"one": one, "other": one}).status_code == 422


def test_the_pages_ask_the_database_the_same_number_of_times_however_many_talk(
    erin, friday, planned, signed_in, count_queries,
):
    url, asker = friday.url, planned[0].user
    wish(friday, planned[0], planned[1])
    arranged(erin, friday)
    few = [asked_for(signed_in(who), f"{url}/{page}", count_queries)
           for who, page in ((erin, "talks"), (asker, "talks/mine"))]
    edition = anew(friday)
    more = [anew(one) for one in planned] + crowd(edition, 8, OrganisationKind.INSTITUTE)
    for one in more:
        wish(edition, one, *(other for other in more if other is not one))
    assert len(arranged(anew(erin), edition)) > 10
    many = [asked_for(signed_in(anew(who)), f"{url}/{page}", count_queries)
            for who, page in ((erin, "talks"), (asker, "talks/mine"))]
    assert many == few


def asked_for(browser, url, count_queries):
    browser.get(url)
    with count_queries() as asked:
        assert browser.get(url).status_code == 200
    return asked.count
