"""The second factor: set up, asked, lost, and asked of all staff where the operators want that."""

from __future__ import annotations

import re

import pyotp
import pytest
from accounts.conftest import PASSWORD, an_account
from sqlalchemy import delete, func, select

from marketplace import clock, secrets_kept
from marketplace.accounts import second_factor, service, sessions
from marketplace.accounts.models import RecoveryCode, SecondFactor
from marketplace.accounts.signing_in import KEY
from marketplace.audit import AuditEntry
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid

ADDRESS = "xu@company.example"


@pytest.fixture
def xu():
    return an_account(ADDRESS, "Xu Ning")


@pytest.fixture
def dai():
    return an_account("dai@broker.example", "Dai Lin", broker=True)


def enter(client, email=ADDRESS, password=PASSWORD, **more):
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def is_in(client):
    return client.get("/account").status_code == 200


def entries(action):
    return session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == action))


def test_person_sets_it_up_with_what_the_page_shows(client, xu, after, mailed):
    enter(client)
    other = service.by_email(ADDRESS)
    there = sessions.add(other)
    page = client.get("/account/second-factor/new").text
    assert 'src="data:image/svg+xml' in page
    seed = re.search(r"<samp>([A-Z2-7 ]+)</samp>", page)[1].replace(" ", "")
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    assert seed not in token
    wrong = client.post("/account/second-factor/new", data={"code": "12345", "token": token})
    assert wrong.status_code == 422 and "its clock is not" in wrong.text
    assert re.search(r"<samp>([A-Z2-7 ]+)</samp>", wrong.text)[1].replace(" ", "") == seed
    with client.session_transaction() as cookie:
        old = cookie[KEY]
    code = pyotp.TOTP(seed).at(int(clock.now().timestamp()))
    done = client.post("/account/second-factor/new", data={"code": f"{code[:3]} {code[3:]}", "token": token})
    codes = re.search(r"<pre>(.*?)</pre>", done.text, re.S)[1].split()
    assert len(set(codes)) == 10 and "no-store" in done.headers["Cache-Control"]
    assert 'download="yinqiao-recovery-codes.txt"' in done.text and all(code in done.text for code in codes)
    assert is_in(client)
    assert sessions.opened_by(there) is None and sessions.opened_by(old) is None
    assert codes[0] not in client.get("/account/second-factor").text
    assert "Your second factor is on" in mailed(ADDRESS)[-1]
    kept = session.get(SecondFactor, service.by_email(ADDRESS).id)
    assert seed not in kept.seed
    digests = session.scalars(select(RecoveryCode.digest)).all()
    assert not {code.replace("-", "") for code in codes} & set(digests)


def test_sign_in_asks_for_the_code_and_goes_on_where_the_person_wanted(client, xu, telephone):
    phone = telephone(xu)
    assert enter(client, next="/notices", remember="1").location == "/sign-in/code"
    assert not is_in(client)
    page = client.get("/sign-in/code").text
    assert ADDRESS in page and 'autocomplete="one-time-code"' in page
    wrong = client.post("/sign-in/code", data={"code": "000000"})
    assert wrong.status_code == 422 and "wrong or has been used" in wrong.text
    done = client.post("/sign-in/code", data={"code": phone.shows()})
    assert done.location == "/notices" and "Expires=" in done.headers["Set-Cookie"]
    assert is_in(client)
    assert client.get("/sign-in/code").location == "/sign-in"


def test_nobody_comes_to_the_code_without_the_password(client, xu, telephone):
    phone = telephone(xu)
    assert client.get("/sign-in/code").location == "/sign-in"
    enter(client, password="wrong password")
    assert client.post("/sign-in/code", data={"code": phone.shows()}).location == "/sign-in"
    assert not is_in(client)


def test_password_holds_for_ten_minutes_and_until_it_is_changed(client, app, xu, telephone, after):
    phone, other = telephone(xu), app.test_client()
    enter(client), enter(other)
    after(minutes=9)
    service.change_password(service.by_email(ADDRESS), PASSWORD, "a new and better one")
    assert client.post("/sign-in/code", data={"code": phone.shows()}).location == "/sign-in"
    enter(other, password="a new and better one")
    after(minutes=20)
    assert other.post("/sign-in/code", data={"code": phone.shows()}).location == "/sign-in"


@pytest.mark.parametrize("off", [-30, 0, 30])
def test_clock_of_a_telephone_may_be_half_a_minute_off(xu, telephone, after, off):
    phone = telephone(xu)
    after(minutes=5)
    second_factor.check(xu, phone.shows(off))


@pytest.mark.parametrize("off", [-60, 60])
def test_clock_of_a_telephone_may_not_be_a_minute_off(xu, telephone, after, off):
    phone = telephone(xu)
    after(minutes=5)
    with pytest.raises(Invalid):
        second_factor.check(xu, phone.shows(off))


def test_code_is_taken_once_and_none_older_afterwards(xu, telephone, after):
    phone = telephone(xu)
    after(minutes=5)
    second_factor.check(xu, phone.shows())
    for off in (0, -30):
        with pytest.raises(Invalid):
            second_factor.check(xu, phone.shows(off))
    second_factor.check(xu, phone.shows(30))


def test_code_that_set_it_up_does_not_sign_in(xu, telephone):
    phone = telephone(xu)
    with pytest.raises(Invalid):
        second_factor.check(xu, phone.shows(-30))


@pytest.mark.parametrize(
    "given", ["", " ", "１２３４５６", "-1", "é", "0" * 60, "AAAA-BBBB-CCCC", "\0", "'--", "12345"]
)
def test_what_is_no_code_is_refused_and_nothing_else(client, xu, telephone, given):
    telephone(xu)
    enter(client)
    assert client.post("/sign-in/code", data={"code": given}).status_code == 422


def test_code_may_be_typed_with_blanks_in_full_width_or_in_small_letters(xu, telephone):
    phone = telephone(xu)
    shown = phone.shows()
    second_factor.check(xu, f" {shown[:3]} {shown[3:]}".translate({ord(d): ord("０") + int(d) for d in "0123456789"}))
    second_factor.check(xu, phone.codes[0].lower().replace("-", " "))


def test_recovery_code_opens_once(client, xu, telephone):
    phone = telephone(xu)
    enter(client)
    assert client.post("/sign-in/code", data={"code": phone.codes[3]}).location == "/"
    assert "Recovery codes left" in client.get("/account/second-factor").text
    assert second_factor.recovery_codes_left(service.by_email(ADDRESS)) == 9
    client.post("/sign-out")
    enter(client)
    assert client.post("/sign-in/code", data={"code": phone.codes[3]}).status_code == 422
    assert entries("second_factor.recovered") == 1


def test_recovery_code_of_one_opens_nothing_of_another(xu, dai, telephone):
    of_xu, _ = telephone(xu), telephone(dai)
    with pytest.raises(Invalid):
        second_factor.check(dai, of_xu.codes[0])


def test_new_recovery_codes_end_the_old_ones(client, xu, telephone):
    phone = telephone(xu)
    enter(client)
    client.post("/sign-in/code", data={"code": phone.shows()})
    assert "10 recovery codes are left" in client.get("/account/second-factor/codes").text
    page = client.post("/account/second-factor/codes").text
    fresh = re.search(r"<pre>(.*?)</pre>", page, re.S)[1].split()
    assert not set(fresh) & set(phone.codes)
    with pytest.raises(Invalid):
        second_factor.check(service.by_email(ADDRESS), phone.codes[0])
    second_factor.check(service.by_email(ADDRESS), fresh[0])


def test_guessing_codes_ends_after_five_and_lasts_longer_each_time(xu, telephone, after, mailed):
    phone = telephone(xu)

    def guess(minutes):
        after(minutes=minutes)
        with pytest.raises(Invalid) as refused:
            second_factor.check(xu, "000000")
        return str(refused.value)

    assert ["wrong or has" in guess(1) for _ in range(4)] == [True] * 4
    assert "15 minutes" in guess(1)
    for code in (phone.shows(), phone.codes[0]):
        with pytest.raises(Invalid, match="15 minutes"):
            second_factor.check(xu, code)
    assert "5 wrong codes" in mailed(ADDRESS)[-1]
    xu = service.by_email(ADDRESS)
    assert "for 1 minutes" in guess(15.5)
    assert ["30 minutes" in guess(17) for _ in range(5)] == [False] * 4 + [True]
    assert "10 wrong codes" in mailed(ADDRESS)[-1]
    after(minutes=60)
    second_factor.check(service.by_email(ADDRESS), phone.shows())
    assert session.get(SecondFactor, service.by_email(ADDRESS).id).failures == 0


def test_wait_grows_to_a_day_and_no_further(xu, telephone, after):
    telephone(xu)
    with transaction():
        session.get(SecondFactor, xu.id).failures = 5 * 300 - 1
    with pytest.raises(Invalid, match="1440 minutes"):
        second_factor.check(xu, "000000")


def test_moving_it_to_another_telephone_ends_the_first(xu, telephone, after):
    old = telephone(xu)
    after(minutes=5)
    new = telephone(xu)
    for code in (old.shows(), old.codes[0]):
        with pytest.raises(Invalid):
            second_factor.check(xu, code)
    second_factor.check(xu, new.shows())


def test_turning_it_off_needs_the_password_shown_a_moment_ago(client, xu, telephone, after, mailed):
    phone = telephone(xu)
    enter(client)
    client.post("/sign-in/code", data={"code": phone.shows()})
    after(minutes=16)
    for path in ("off", "codes", "new"):
        for method in (client.get, client.post):
            assert method(f"/account/second-factor/{path}").location.startswith("/account/confirm-password?next=")
    client.post("/account/confirm-password", data={"password": PASSWORD})
    assert "Whoever knows your password" in client.get("/account/second-factor/off").text
    assert client.post("/account/second-factor/off").location == "/account/second-factor"
    assert is_in(client) and "password alone" in client.get("/account/second-factor").text
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 0
    assert "Your second factor is off" in mailed(ADDRESS)[-1]
    client.post("/sign-out")
    assert enter(client).location == "/"


def test_visitor_reaches_none_of_it(client):
    for path in ("", "/new", "/codes", "/off"):
        assert "/sign-in" in client.get(f"/account/second-factor{path}").location
        if path:
            assert "/sign-in" in client.post(f"/account/second-factor{path}").location


def test_form_of_somebody_else_or_an_old_one_sets_nothing_up(xu, alice, after):
    drafted = second_factor.draft(xu)
    code = pyotp.TOTP(drafted.seed).at(int(clock.now().timestamp()))
    forged = secrets_kept.seal("[]", second_factor.DRAFT)
    for actor, token in ((alice, drafted.token), (xu, "forged"), (xu, ""), (xu, forged)):
        with pytest.raises(Conflict, match="open for too long"):
            second_factor.turn_on(actor, token, code)
    after(minutes=31)
    with pytest.raises(Conflict, match="open for too long"):
        second_factor.turn_on(xu, drafted.token, pyotp.TOTP(drafted.seed).at(int(clock.now().timestamp())))


def test_browser_that_came_in_without_a_code_is_out_once_there_is_a_second_factor(client, xu, telephone, mode):
    enter(client)
    telephone(service.by_email(ADDRESS))
    assert not is_in(client)
    mode("off")
    assert enter(client).location == "/"
    mode("offered")
    assert not is_in(client)


def test_reset_through_the_mail_still_asks_for_the_code(client, xu, telephone, mailed, link_in):
    phone = telephone(xu)
    client.post("/forgotten", data={"email": ADDRESS})
    done = client.post(link_in(mailed(ADDRESS)[-1]), data={"password": "a new and better one"})
    assert done.location == "/sign-in/code"
    assert client.post("/sign-in/code", data={"code": phone.shows()}).location == "/"


def test_switched_off_it_is_neither_asked_nor_set_up(client, xu, telephone, mode):
    telephone(xu)
    mode("off")
    assert enter(client).location == "/"
    assert "not used here at present" in client.get("/account/second-factor").text
    drafted = second_factor.draft(service.by_email(ADDRESS))
    with pytest.raises(Conflict, match="not used here"):
        second_factor.turn_on(service.by_email(ADDRESS), drafted.token, "000000")


def test_program_sends_the_code_with_the_password(client, xu, telephone):
    phone = telephone(xu)
    who = {"email": ADDRESS, "password": PASSWORD}
    without = client.post("/api/v1/tokens", json=who)
    assert without.status_code == 401 and "code" in without.json["detail"]
    assert client.post("/api/v1/tokens", json={**who, "code": "000000"}).status_code == 401
    assert client.post("/api/v1/tokens", json={**who, "code": phone.shows()}).status_code == 201
    assert client.post("/api/v1/tokens", json={**who, "code": phone.shows()}).status_code == 401
    assert client.post("/api/v1/tokens", json={**who, "password": "x", "code": phone.codes[0]}).status_code == 401
    assert second_factor.recovery_codes_left(service.by_email(ADDRESS)) == 10


def test_seed_of_another_key_opens_nothing_and_the_log_says_so(xu, telephone, caplog):
    phone = telephone(xu)
    with transaction():
        session.get(SecondFactor, xu.id).seed = "sealed with another key"
    with pytest.raises(Invalid):
        second_factor.check(xu, phone.shows())
    assert "SECRET_KEY" in caplog.text
    second_factor.check(xu, phone.codes[0])


def test_operators_take_a_lost_one_away(client, xu, telephone, mailed):
    telephone(xu)
    assert second_factor.reset(xu) and not second_factor.reset(xu)
    assert enter(client).location == "/"
    assert "Your second factor is off" in mailed(ADDRESS)[-1]
    assert entries("second_factor.reset") == 1


def test_account_that_goes_takes_it_along(xu, telephone):
    telephone(xu)
    sessions.add(xu)
    with transaction():
        session.execute(delete(type(xu)).where(type(xu).id == xu.id))
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 0
    assert session.scalar(select(func.count()).select_from(SecondFactor)) == 0
