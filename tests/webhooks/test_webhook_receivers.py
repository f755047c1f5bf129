"""No address that somebody registers lets them reach what only we reach."""

from __future__ import annotations

import dataclasses
import socket
from ipaddress import ip_address

import pytest

from marketplace import config
from marketplace.errors import Invalid
from marketplace.webhooks import calling, receivers
from marketplace.webhooks.models import Problem

pytestmark = pytest.mark.once
INNER = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8",
    "64:ff9b:1::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1",
]
OUTER = ["8.8.8.8", "1.1.1.1", "203.0.112.255", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111",
         "2400:3200::1", "::ffff:8.8.8.8"]


@pytest.fixture
def strict(settings: config.Settings) -> None:
    receivers.bind(settings)


@pytest.fixture
def leads(monkeypatch):
    """leads("1.2.3.4", …): every name leads there; returns what was asked."""

    def make(*addresses: str) -> list[str]:
        asked = []

        def resolve(host, port, **_):
            asked.append(host)
            return [(socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
                    for one in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return asked

    return make


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_not_public(address):
    assert not receivers.is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTER)
def test_an_address_of_the_internet_is(address):
    assert receivers.is_public(ip_address(address))


@pytest.mark.parametrize("url", [
    "http://hooks.example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/x", "https://localhost/",
    "https://intranet/", "https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://0177.0.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/",
    "https://hooks.example.com:22/", "https://hooks.example.com:6379/", "https://hooks.example.com:80/",
    "https://alice:secret@hooks.example.com/", "https://alice@hooks.example.com/", "https://hooks.example.com/#top",
    "ftp://hooks.example.com/", "file:///etc/passwd", "gopher://hooks.example.com/", "hooks.example.com", "https://",
    "https:///x", "https://ex ample.com/", "https://a..b/", "https://[fe80::1%25eth0]/", "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/", "https://hooks.example.com:x/", "https://-a.example/", "javascript:alert(1)",
    "https://hooks.example.com/" + "a" * 600, "https://exa\u0000mple.com/", "https://例え。", "https://hooks.example.com./",
])
def test_what_could_reach_further_in_cannot_be_registered(strict, url):
    with pytest.raises(Invalid) as refused:
        receivers.checked(url)
    assert "url" in refused.value.fields


@pytest.mark.parametrize(("url", "kept"), [
    ("https://hooks.example.com", "https://hooks.example.com/"),
    ("https://HOOKS.example.com:443/a?b=c", "https://hooks.example.com/a?b=c"),
    ("https://hooks.example.com:8443/a", "https://hooks.example.com:8443/a"),
    ("https://8.8.8.8/x", "https://8.8.8.8/x"),
    ("https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"),
    ("https://技术.example/推送?院=一", "https://xn--2qu37h.example/%E6%8E%A8%E9%80%81?%E9%99%A2=%E4%B8%80"),
])
def test_a_public_https_address_is_kept_as_it_is_sent_to(strict, url, kept):
    assert receivers.checked(url).url == kept
    assert receivers.read(kept) == receivers.checked(url)


def test_what_breaks_lines_is_never_sent_as_it_is(strict):
    receiver = receivers.checked("https://hooks.example.com/a\r\nX-Evil: 1")
    assert "\r" not in receiver.path and "\n" not in receiver.path and " " not in receiver.path


def test_a_name_that_leads_inside_is_not_connected_to(strict, leads, monkeypatch):
    leads("10.0.0.7")
    monkeypatch.setattr(calling, "_connected", lambda *_: pytest.fail("connected"))
    answer = calling.post(receivers.read("https://hooks.example.com/"), {}, b"{}")
    assert answer.problem is Problem.NOT_PUBLIC


def test_one_inner_address_among_public_ones_is_enough_to_refuse(strict, leads, monkeypatch):
    leads("8.8.8.8", "2606:4700::1111", "::1")
    monkeypatch.setattr(calling, "_connected", lambda *_: pytest.fail("connected"))
    assert calling.post(receivers.read("https://hooks.example.com/"), {}, b"{}").problem is Problem.NOT_PUBLIC


def test_the_connection_goes_to_the_very_address_that_was_checked(strict, leads, monkeypatch):
    asked, connected = leads("8.8.8.8"), []

    class Line:
        def __init__(self, family, kind):
            assert family is socket.AF_INET

        def settimeout(self, seconds):
            assert 0 < seconds <= calling.LONGEST

        def connect(self, address):
            connected.append(address)
            leads("127.0.0.1")  # the name leads elsewhere from now on
            raise ConnectionRefusedError

        def close(self):
            return

    monkeypatch.setattr(socket, "socket", Line)
    answer = calling.post(receivers.read("https://hooks.example.com/"), {}, b"{}")
    assert answer.problem is Problem.UNREACHABLE
    assert asked == ["hooks.example.com"]
    assert connected == [("8.8.8.8", 443)]


def test_an_http_address_left_from_a_test_goes_nowhere_public(strict, leads):
    leads("8.8.8.8")
    assert calling.post(receivers.read("http://hooks.example.com/"), {}, b"{}").problem is Problem.NOT_PUBLIC


def test_a_name_that_leads_nowhere_is_said_to(strict, monkeypatch):
    def nowhere(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    assert calling.post(receivers.read("https://hooks.example.com/"), {}, b"{}").problem is Problem.NO_NAME


def test_the_operator_may_name_inner_networks_and_names(settings, leads):
    receivers.bind(dataclasses.replace(settings, webhooks_allow=("10.1.0.0/16", "hooks.inner.example")))
    assert receivers.checked("http://10.1.2.3:8080/x").url == "http://10.1.2.3:8080/x"
    assert receivers.checked("http://hooks.inner.example/x").url == "http://hooks.inner.example/x"
    with pytest.raises(Invalid):
        receivers.checked("http://10.2.2.3/x")
    leads("10.1.9.9")
    assert receivers.resolve(receivers.read("https://any.example.com/"))
    leads("192.168.0.1")
    assert receivers.resolve(receivers.read("http://hooks.inner.example/"))
    with pytest.raises(receivers.NotPublic):
        receivers.resolve(receivers.read("https://any.example.com/"))


@pytest.mark.parametrize("value", ["10.1.0.0/16", "127.0.0.1, hooks.inner.example", ""])
def test_the_setting_takes_networks_and_names(tmp_path, value):
    found = config.read({"YINQIAO_VAR": str(tmp_path), "WEBHOOKS_ALLOW": value}).webhooks_allow
    assert len(found) == len([one for one in value.split(",") if one])


@pytest.mark.parametrize("value", ["10.1.0.1/16", "https://x", "*", "10.0.0.0/99"])
def test_a_wrong_network_stops_the_start_and_says_how_to_write_it(tmp_path, value):
    with pytest.raises(config.WrongSetting, match="WEBHOOKS_ALLOW"):
        config.read({"YINQIAO_VAR": str(tmp_path), "WEBHOOKS_ALLOW": value})
