"""Browsers that are signed in: seen, ended from elsewhere, over by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from accounts.conftest import PASSWORD, an_account
from sqlalchemy import event, func, select

from marketplace import clock, config
from marketplace.accounts import service, sessions
from marketplace.accounts.models import BrowserSession, KnownDevice
from marketplace.accounts.signing_in import KEY
from marketplace.config import SessionSettings
from marketplace.db import session, transaction
from marketplace.errors import NotFound, Unauthorised

ADDRESS = "xu@company.example"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"


@pytest.fixture
def xu():
    return an_account(ADDRESS, "Xu Ning")


@pytest.fixture
def browser(app):
    """browser() -> a browser in which Xu has signed in through the form."""

    def signed_in(email=ADDRESS, **more):
        client = app.test_client()
        client.environ_base |= {"HTTP_ACCEPT_LANGUAGE": "en", "HTTP_USER_AGENT": FIREFOX}
        client.post("/sign-in", data={"email": email, "password": PASSWORD, **more})
        return client

    return signed_in


@pytest.fixture
def limits(settings):
    """limits(idle=…) -> these limits are in force until the test is over."""
    yield lambda **given: sessions.bind(replace(settings, sessions=SessionSettings(**given)))
    sessions.bind(settings)


@pytest.fixture
def after(monkeypatch):
    """after(hours=…) -> so much later it is from now on."""
    began = clock.now()
    return lambda **span: monkeypatch.setattr(clock, "now", lambda: began + timedelta(**span))


def is_in(client):
    return client.get("/account").status_code == 200


def key_in(client):
    with client.session_transaction() as cookie:
        return cookie.get(KEY)


def rows(email=ADDRESS):
    return sessions.of(service.by_email(email))


def test_signing_in_makes_everything_anew_that_could_have_been_planted_here(client, xu):
    client.get("/sign-in")
    with client.session_transaction() as cookie:
        planted, cookie[KEY], cookie["evil"] = cookie["csrf_token"], sessions.add(xu), "here"
        old_key = cookie[KEY]
    client.post("/sign-in", data={"email": ADDRESS, "password": PASSWORD})
    client.get("/account")
    with client.session_transaction() as cookie:
        assert cookie[KEY] != old_key
        assert cookie["csrf_token"] != planted
        assert "evil" not in cookie
    assert sessions.opened_by(old_key) is None


def test_language_stays_when_somebody_signs_in_and_out(client, xu):
    client.get("/sign-in?lang=zh")
    client.post("/sign-in", data={"email": ADDRESS, "password": PASSWORD})
    client.post("/sign-out")
    assert "登录" in client.get("/sign-in").text


def test_copy_of_a_cookie_opens_nothing_after_signing_out(app, browser, xu):
    own, thief = browser(), app.test_client()
    thief.set_cookie("session", own.get_cookie("session").value)
    assert is_in(thief)
    own.post("/sign-out")
    assert not is_in(thief)
    assert not is_in(own)


def test_cookie_of_an_earlier_release_or_of_nobody_is_no_error(app, xu):
    for key in (f"{xu.id}.1", "", "\0", "é" * 5000, 7, None, ["x"]):
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"], cookie[KEY] = f"{xu.id}.1", True, key
        client.set_cookie("remember_token", f"{xu.id}.1|00")
        assert client.get("/account").status_code == 302
        assert client.get("/").status_code == 200


def test_only_a_digest_of_the_key_is_kept(browser, xu):
    key = key_in(browser())
    (row,) = rows()
    assert key not in repr([getattr(row, column.name) for column in BrowserSession.__table__.columns])


def test_person_sees_where_they_are_signed_in_and_ends_one(browser, xu):
    here, there = browser(), browser()
    page = here.get("/account").text
    assert page.count("Firefox, Windows") == 2 and "127.0.0.1" in page and page.count("(this one)") == 1
    other = next(row for row in rows() if row.id != sessions.opened_by(key_in(here)).row.id)
    assert f"/account/sessions/{other.id}/end" in page
    assert here.post(f"/account/sessions/{other.id}/end").location == "/account#sessions"
    assert is_in(here) and not is_in(there)
    assert here.post(f"/account/sessions/{other.id}/end").status_code == 404


def test_person_ends_all_others_at_once(browser, xu):
    here, *others = browser(), browser(), browser(remember="1")
    here.post("/account/sessions/end-others")
    assert is_in(here) and not any(is_in(other) for other in others)
    assert "Sign out all other browsers" not in here.get("/account").text


def test_ending_the_browser_in_hand_signs_out(browser, xu):
    here = browser()
    assert here.post(f"/account/sessions/{rows()[0].id}/end").location == "/"
    assert not is_in(here) and rows() == []


def test_nobody_ends_what_is_somebody_elses(browser, signed_in, xu, alice):
    theirs = browser()
    (row,) = rows()
    assert signed_in(alice).post(f"/account/sessions/{row.id}/end").status_code == 404
    signed_in(alice).post("/account/sessions/end-others")
    assert is_in(theirs)
    with pytest.raises(NotFound):
        sessions.end(service.by_email("alice@institute.example"), row.id)


def test_visitor_ends_nothing_and_shows_no_password(client):
    for path in ("/account/sessions/1/end", "/account/sessions/end-others", "/account/confirm-password"):
        assert "/sign-in" in client.post(path).location


def test_program_cannot_end_browsers_with_its_token(client, xu):
    token, _ = service.new_token(xu)
    answer = client.post("/account/sessions/end-others", headers={"Authorization": f"Bearer {token}"})
    assert "/sign-in" in answer.location


@pytest.mark.parametrize(("remember", "still", "over"), [("", 11, 13), ("1", 24 * 29, 24 * 31)])
def test_browser_that_is_not_used_is_signed_out(browser, xu, limits, after, remember, still, over):
    limits()
    left, used = browser(remember=remember), browser(remember=remember)
    after(hours=still)
    assert is_in(used)
    after(hours=over)
    assert is_in(used) and not is_in(left)
    assert len(rows()) == 1


@pytest.mark.parametrize(("remember", "days", "every"), [("", 7, 6), ("1", 90, 24 * 20)])
def test_browser_is_signed_out_some_time_after_it_began_however_much_it_is_used(
    browser, xu, limits, after, remember, days, every
):
    limits()
    used = browser(remember=remember)
    for hours in range(every, days * 24, every):
        after(hours=hours)
        assert is_in(used)
    after(days=days, seconds=-1)
    assert is_in(used)
    after(days=days, seconds=1)
    assert not is_in(used)


def test_staff_are_signed_out_sooner_where_a_setting_says_so(browser, xu, limits, after):
    an_account("dai@broker.example", "Dai", broker=True)
    limits(staff_idle=timedelta(minutes=30), staff_limit=timedelta(hours=10))
    other, broker = browser(), browser("dai@broker.example", remember="1")
    for minutes in range(29, 600, 29):
        after(minutes=minutes)
        assert is_in(broker)
    after(hours=10, seconds=1)
    assert is_in(other) and not is_in(broker)
    again = browser("dai@broker.example")
    after(hours=10, minutes=31)
    assert is_in(other) and not is_in(again)


def test_limits_longer_than_the_others_make_nothing_longer_for_staff(erin, limits):
    limits(idle=timedelta(hours=1), staff_idle=timedelta(days=3))
    assert sessions.limits(erin, remembered=False) == (timedelta(hours=1), timedelta(days=7))


def test_what_was_written_while_the_session_ended_is_given_back(browser, xu, limits, after):
    limits()
    used = browser()
    after(hours=13)
    form = {"name": "A name of many characters", "csrf_token": "x", "language": "en"}
    refused = used.post("/account", data=form)
    assert refused.status_code == 401
    assert "You have been signed out meanwhile" in refused.text and "A name of many characters" in refused.text
    assert 'href="/sign-in"' in refused.text
    assert "/sign-in" in used.post("/account", data={"language": "en"}).location
    assert "/sign-in" in used.get("/account").location


def test_clock_that_jumps_back_signs_nobody_out(browser, xu, limits, after):
    limits()
    used = browser()
    after(hours=-3)
    assert is_in(used)


def test_use_is_noted_every_few_minutes_and_not_at_every_request(browser, xu, after, count_queries):
    used, began = browser(), clock.now()
    assert rows()[0].seen_at <= began
    after(minutes=3)
    used.get("/account")
    assert rows()[0].seen_at <= began
    after(minutes=6)
    used.get("/account")
    assert rows()[0].seen_at >= began + timedelta(minutes=5)


def test_short_limit_is_noted_finely_enough_to_hold(browser, xu, limits, after):
    limits(idle=timedelta(minutes=5))
    used = browser()
    for minutes in range(4, 40, 4):
        after(minutes=minutes)
        assert is_in(used)


def test_who_is_signed_in_costs_one_query(signed_in, xu, database):
    browser, asked = signed_in(xu), []
    session.remove()

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(database, "before_cursor_execute", note)
    assert browser.get("/account/confirm-password").status_code == 200
    event.remove(database, "before_cursor_execute", note)
    about_people = [one for one in asked if "browser_sessions" in one or "FROM users" in one or "second_factor" in one]
    assert len(about_people) == 1
    assert not [one for one in asked if one.startswith(("UPDATE", "INSERT", "DELETE"))]


def test_answer_does_not_fail_because_the_use_could_not_be_noted(browser, xu, after, monkeypatch):
    used = browser()
    after(minutes=10)

    def broken(_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(sessions, "note", broken)
    assert is_in(used)


def test_what_was_ended_meanwhile_is_not_noted_back_to_life(browser, xu, after):
    opened = sessions.opened_by(key_in(browser()))
    sessions.end_all(xu)
    after(minutes=10)
    sessions.note(opened)
    assert rows() == []
    with pytest.raises(Unauthorised):
        sessions.renew(opened.row)


def test_disabled_person_is_out_at_once(browser, xu):
    used = browser()
    with transaction():
        service.by_email(ADDRESS).disabled_at = clock.now()
    assert not is_in(used)


def test_new_password_ends_the_others_and_changes_the_key_here(app, browser, xu):
    here, there = browser(), browser()
    thief = app.test_client()
    thief.set_cookie("session", here.get_cookie("session").value)
    here.post("/account/password", data={"current": PASSWORD, "password": "a new and better one"})
    assert is_in(here) and not is_in(there) and not is_in(thief)


def test_password_is_shown_again_before_what_matters_and_holds_for_a_while(browser, xu, after):
    here = browser()
    path = "/account/second-factor/new"
    assert here.get(path).status_code == 200
    after(minutes=16)
    assert here.get(path).location == f"/account/confirm-password?next={path}"
    assert here.post(path, data={"code": "000000", "token": "x"}).location == f"/account/confirm-password?next={path}"
    wrong = here.post("/account/confirm-password", data={"password": "not it", "next": path})
    assert "not your present password" in wrong.text and f'value="{path}"' in wrong.text
    old = key_in(here)
    assert here.post("/account/confirm-password", data={"password": PASSWORD, "next": path}).location == path
    assert here.get(path).status_code == 200
    assert key_in(here) != old and sessions.opened_by(old) is None


def test_showing_the_password_leads_nobody_elsewhere(browser, xu):
    sent = {"password": PASSWORD, "next": "//evil.example"}
    assert browser().post("/account/confirm-password", data=sent).location == "/"


def test_person_without_a_password_is_told_to_sign_in_again(signed_in, alice):
    assert "you have no password here" in signed_in(alice).get("/account/confirm-password").text


def test_guessing_the_password_at_an_open_browser_is_slowed_down(browser, xu, limited):
    here = browser()
    answers = [here.post("/account/confirm-password", data={"password": f"guess {n}"}).status_code for n in range(11)]
    assert answers == [422] * 10 + [429]


def test_person_has_at_most_so_many_browsers(xu, monkeypatch):
    monkeypatch.setattr(sessions, "MOST", 3)
    keys = [sessions.add(xu) for _ in range(5)]
    assert [sessions.opened_by(key) is not None for key in keys] == [False, False, True, True, True]


def test_what_is_over_is_swept_away(xu, alice, limits, after):
    limits()
    sessions.add(xu)
    after(days=20)
    sessions.add(alice)
    after(days=31)
    sessions.forget_over()
    assert session.scalars(select(BrowserSession.user_id)).all() == [alice.id]


def test_new_device_is_told_of_once_and_the_known_one_never(browser, app, xu, mailed, after):
    first = browser()
    assert mailed(ADDRESS) == []  # an account of today: its first device is its person's
    first.post("/sign-in", data={"email": ADDRESS, "password": PASSWORD})
    assert mailed(ADDRESS) == []
    other = browser()
    (mail,) = mailed(ADDRESS)
    assert "Firefox, Windows" in mail and "127.0.0.1" in mail and "/account/password" in mail
    other.post("/sign-out")
    other.post("/sign-in", data={"email": ADDRESS, "password": PASSWORD})
    assert len(mailed(ADDRESS)) == 1
    assert session.scalar(select(func.count()).select_from(KnownDevice)) == 2


def test_first_device_of_an_old_account_is_told_of(browser, xu, mailed, after):
    after(days=3)
    browser()
    assert len(mailed(ADDRESS)) == 1


def test_device_that_came_by_a_mailed_link_is_not_told_of(client, xu, mailed, link_in, after):
    after(days=3)
    client.post("/forgotten", data={"email": ADDRESS})
    client.post(link_in(mailed(ADDRESS)[-1]), data={"password": "a new and better one"})
    assert is_in(client)
    assert len(mailed(ADDRESS)) == 1


def test_nobody_plants_the_cookie_of_a_device(app, xu):
    for given in ("short", "x" * 44, "é" * 43, "<script>"):
        client = app.test_client()
        client.set_cookie("device", given)
        client.post("/sign-in", data={"email": ADDRESS, "password": PASSWORD})
        assert client.get_cookie("device").value != given


def test_operators_sign_somebody_out_everywhere_from_the_command_line(browser, xu):
    here = browser()
    service.new_token(xu, name="import")
    assert service.end_everything(service.account_of(ADDRESS)) == 1
    assert not is_in(here)
    assert service.tokens_of(service.by_email(ADDRESS)) == []
    with pytest.raises(NotFound):
        service.account_of("nobody@company.example")


@pytest.mark.parametrize(("name", "value"), [("SESSION_IDLE", "12"), ("STAFF_IDLE", "0h"), ("REMEMBERED_LIMIT", "1w"),
                                             ("SESSION_LIMIT", "-5m")])
def test_span_that_is_none_stops_the_start(tmp_path, name, value):
    with pytest.raises(config.WrongSetting, match=name):
        config.read({"YINQIAO_VAR": str(tmp_path), name: value})


def test_spans_are_minutes_hours_or_days(tmp_path):
    given = {"SESSION_IDLE": "45m", "STAFF_LIMIT": "8h", "SESSION_LIMIT": "3d"}
    found = config.read({"YINQIAO_VAR": str(tmp_path), **given})
    assert found.sessions.idle == timedelta(minutes=45)
    assert (found.sessions.staff_limit, found.sessions.limit) == (timedelta(hours=8), timedelta(days=3))
