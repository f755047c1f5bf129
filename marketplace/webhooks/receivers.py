"""Which addresses may be sent to: public ones, over HTTPS. Everything else could be made to reach what only we reach.

A name is resolved once for each try, every address it leads to is checked, and the connection goes to one of those
that were checked: a name that leads elsewhere a moment later changes nothing.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import quote, urlsplit

from marketplace.config import Settings
from marketplace.errors import Invalid
from marketplace.phrases import Phrase, say

Address = IPv4Address | IPv6Address
Place = tuple[socket.AddressFamily, Any]
LONGEST = 500
PORTS = (443, 8443)
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_REFUSED_4 = tuple(ip_network(one) for one in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
    "168.63.129.16/32",  # a cloud's own service behind a public address
))
_ASSIGNED_6 = ip_network("2000::/3")
"""The only part of IPv6 that is given to the public; loopback, local, mapped, translated (NAT64) lie outside."""
_REFUSED_6 = tuple(ip_network(one) for one in (
    "2001::/23",  # Teredo and other protocols
    "2001:db8::/32",
    "2002::/16",  # carries an IPv4 address inside
    "3fff::/20",
))


class NoName(Exception):
    """The name leads to no address."""


class NotPublic(Exception):
    """The name leads, among others, to an address that nobody may make us reach."""


@dataclass(frozen=True)
class Receiver:
    """An address as it was registered."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == {"https": 443, "http": 80}[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


_allowed: list[str] = []


def bind(settings: Settings) -> None:
    """Let receivers have these addresses and names although they are not public; called by the composition root."""
    _allowed[:] = settings.webhooks_allow


def checked(url: str) -> Receiver:
    """The receiver at an address somebody registers; raises Invalid with what to do."""
    problem = say("“{url}” is not a web address, such as https://hooks.example.com/yinqiao.", url=url[:100])
    if len(url) > LONGEST:
        raise _invalid(say("At most {max} characters; this has {given}.", max=LONGEST, given=len(url)))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if ":" in host else host.encode("idna").decode().lower()
    except (ValueError, UnicodeError):
        raise _invalid(problem) from None
    literal = _literal(host)
    if literal is None and (not _NAME.fullmatch(host) or _NUMERIC.fullmatch(host.rpartition(".")[2])):
        raise _invalid(problem)
    if parts.scheme not in ("https", "http"):
        raise _invalid(problem)
    if parts.username is not None or parts.password is not None:
        raise _invalid(say("Leave name and password out of the address; the signature says who sends."))
    if parts.fragment:
        raise _invalid(say("Leave out what follows the #; it is never sent."))
    inner = host in _allowed or (literal is not None and _is_allowed(literal))
    if not inner:
        _require_public(parts.scheme, host, port, literal)
    port = port or (443 if parts.scheme == "https" else 80)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=-._~")
    return Receiver(parts.scheme, host, port, f"{path}?{query}" if query else path)


def read(url: str) -> Receiver:
    """The receiver at an address that was checked when it was registered."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Receiver(parts.scheme, parts.hostname or "", port, parts.path + (f"?{parts.query}" if parts.query else ""))


def resolve(receiver: Receiver) -> Sequence[Place]:
    """Where to connect to, each checked; raises NoName, or NotPublic when a single one may not be reached."""
    try:
        found = socket.getaddrinfo(receiver.host, receiver.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoName from None
    places = [(family, address) for family, _, _, _, address in found if family in (socket.AF_INET, socket.AF_INET6)]
    if not places:
        raise NoName
    known = receiver.host in _allowed
    for _, address in places:
        literal = ip_address(str(address[0]).partition("%")[0])
        plain = receiver.scheme == "http" or receiver.port not in PORTS
        if not (known or _is_allowed(literal) or (is_public(literal) and not plain)):
            raise NotPublic
    return places


def is_public(address: Address) -> bool:
    """May anybody on the internet have this address? What is not known to be public is not."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        return address in _ASSIGNED_6 and not any(address in net for net in _REFUSED_6)
    return not any(address in net for net in _REFUSED_4)


def _require_public(scheme: str, host: str, port: int | None, literal: Address | None) -> None:
    if scheme != "https":
        raise _invalid(say("Only https: what is sent over http can be read and changed on its way."))
    if port is not None and port not in PORTS:
        ports = " / ".join(str(one) for one in PORTS)
        raise _invalid(say("Port {port} is not one for webhooks; {ports} are.", port=port, ports=ports))
    if (literal is not None and not is_public(literal)) or (literal is None and "." not in host):
        raise _invalid(say("“{host}” cannot be reached from the internet; nothing is sent to inner addresses.",
                           host=host))


def _is_allowed(address: Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    for one in _allowed:
        try:
            network = ip_network(one)
        except ValueError:
            continue
        if address in network or (mapped is not None and mapped in network):
            return True
    return False


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _invalid(message: Phrase) -> Invalid:
    return Invalid({"url": message})
