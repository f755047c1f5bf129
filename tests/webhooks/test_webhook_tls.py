"""Over TLS the receiver has to be who the registered name says, whatever address the name leads to."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from marketplace.webhooks import calling, receivers
from marketplace.webhooks.models import Problem

pytestmark = pytest.mark.once
NAME = "hooks.example.com"


def certificate(folder: Path, name: str) -> Path:
    """A certificate of its own making, with its key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secured(tmp_path, monkeypatch):
    """secured(name): a receiver on this machine with a certificate for this name; what it was asked, by name."""
    servers = []

    def make(name: str, *, trusted: bool = True) -> list[tuple[str | None, str]]:
        asked: list[tuple[str | None, str]] = []
        names: list[str | None] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                asked.append((names[-1], self.headers["Host"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        path = certificate(tmp_path, name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.sni_callback = lambda _, given, __: names.append(given)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [place])
        if trusted:
            monkeypatch.setattr(calling, "_trust", lambda: ssl.create_default_context(cafile=str(path)))
        return asked

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_name_that_was_registered_is_asked_for_and_proved(secured):
    asked = secured(NAME)
    answer = calling.post(receivers.read(f"https://{NAME}/yinqiao"), {}, b"{}")
    assert (answer.problem, answer.status) == (None, 204)
    assert asked == [(NAME, NAME)]


def test_a_certificate_for_another_name_is_refused(secured):
    asked = secured("other.example.com")
    assert calling.post(receivers.read(f"https://{NAME}/"), {}, b"{}").problem is Problem.CERTIFICATE
    assert asked == []


def test_a_certificate_nobody_vouches_for_is_refused(secured):
    asked = secured(NAME, trusted=False)
    assert calling.post(receivers.read(f"https://{NAME}/"), {}, b"{}").problem is Problem.CERTIFICATE
    assert asked == []
