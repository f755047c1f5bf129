import pytest
from accounts.conftest import PASSWORD

from marketplace.accounts import service
from marketplace.errors import Conflict, Invalid, NotFound

ADDRESS = "fan@company.example"


@pytest.fixture
def fan():
    return service.create(ADDRESS, "Fan Wei", PASSWORD, language="en")


def test_person_changes_name_telephone_and_language(signed_in, fan):
    browser = signed_in(fan)
    form = {"name": "范伟", "phone": "+86 755 8600 1234 转 12", "language": "zh", "version": fan.version}
    assert "已保存" in browser.post("/account", data=form, follow_redirects=True).text
    fan = service.by_email(ADDRESS)
    assert (fan.name, fan.phone, fan.language) == ("范伟", "+86 755 8600 1234 转 12", "zh")


def test_stale_form_is_refused_and_keeps_what_was_entered(signed_in, fan):
    browser = signed_in(fan)
    form = {"name": "Fan", "language": "en", "version": fan.version}
    browser.post("/account", data=form)
    page = browser.post("/account", data={**form, "name": "Somebody later"})
    assert page.status_code == 409
    assert "Somebody later" in page.text


def test_wrong_telephone_is_named(signed_in, fan):
    form = {"name": "F", "phone": "ask me", "language": "en", "version": fan.version}
    page = signed_in(fan).post("/account", data=form)
    assert "“ask me” is not a telephone number" in page.text


def test_language_switch_is_remembered_in_the_account(signed_in, fan):
    signed_in(fan).get("/account?lang=zh")
    assert service.by_email(ADDRESS).language == "zh"


def test_visitors_language_switch_writes_nothing_and_works(client):
    assert "登录" in client.get("/sign-in?lang=zh").text


def test_password_change_needs_the_present_one_and_signs_other_browsers_out(signed_in, fan):
    here, elsewhere = signed_in(fan), signed_in(fan)
    wrong = here.post("/account/password", data={"current": "not it", "password": "a new and better one"})
    assert "not your present password" in wrong.text
    short = here.post("/account/password", data={"current": PASSWORD, "password": "short"})
    assert "this has 5" in short.text
    done = here.post("/account/password", data={"current": PASSWORD, "password": "a new and better one"})
    assert done.location == "/account"
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


def test_visitor_reaches_none_of_it(client):
    for path in ("/account", "/account/password"):
        assert "/sign-in" in client.get(path).location
    for path in ("/account", "/account/password", "/account/confirmation", "/account/tokens/1/revoke"):
        assert "/sign-in" in client.post(path).location


def test_person_revokes_their_own_token_and_nobody_elses(signed_in, fan, alice):
    service.new_token(fan)
    (row,) = service.tokens_of(fan)
    address = f"/account/tokens/{row.id}/revoke"
    assert signed_in(alice).post(address).status_code == 404
    browser = signed_in(fan)
    assert "Programs that use this token" in browser.get("/account/tokens").text
    browser.post(address)
    assert service.tokens_of(service.by_email(ADDRESS)) == []
    with pytest.raises(NotFound):
        service.revoke_token(service.by_email(ADDRESS), 99999)


def test_invited_person_chooses_a_password(client, mailed, link_in):
    link = service.invite("gao@park.example", "Gao Yun", broker=True, language="en")
    (mail,) = mailed("gao@park.example")
    path = link_in(mail)
    assert client.get(link_in(link)).status_code == 200
    assert "Gao Yun" in client.get(path).text
    client.post(path, data={"password": PASSWORD})
    person = service.person_with("gao@park.example", PASSWORD)
    assert person.is_broker
    assert person.confirmed_at is not None
    assert client.get(path).status_code == 410


def test_operators_find_their_pages_and_others_do_not_see_them(signed_in, fan, erin):
    assert "/operator/mail" in signed_in(erin).get("/account").text
    assert "/operator/mail" not in signed_in(fan).get("/account").text


@pytest.mark.parametrize("email", ["fan", "fan@company", "fan wei@company.example", "@company.example"])
def test_account_needs_an_address_that_mail_can_reach(email):
    with pytest.raises(Invalid, match="is not an e-mail address"):
        service.create(email, "Fan", PASSWORD)


def test_one_address_has_one_account(fan):
    for again in (
        lambda: service.create(ADDRESS.upper(), "Fan", PASSWORD), lambda: service.invite(ADDRESS, "Fan"),
        lambda: service.enrol(email=ADDRESS, name="Fan", password=PASSWORD),
    ):
        with pytest.raises(Conflict):
            again()
