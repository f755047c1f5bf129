"""What only the real server meets: addresses longer than a paragraph, and requests that are no HTTP."""

import socket
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest
from running import marketplace


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with marketplace(tmp_path_factory.mktemp("served"), demo=False) as running:
        yield running.address


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def said(address: str, sent: bytes) -> bytes:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        try:
            line.sendall(sent)
            return line.recv(4_000)
        except ConnectionError:  # it answered and hung up before all was sent
            return b""


@pytest.mark.once
def test_two_thousand_chinese_characters_can_be_searched_for(served):
    assert status(f"{served}/search?q={quote('电池' * 1_000)}") == 200
    assert status(f"{served}/api/v1/search?q={quote('电池' * 1_000)}") == 200


@pytest.mark.once
def test_what_is_no_request_is_refused_and_the_server_goes_on(served):
    assert said(served, b"GET /search?q=" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")[9:12] in (b"414", b"")
    assert said(served, b"GET /search?q=\x00 HTTP/1.1\r\nHost: x\r\n\r\n")[9:12] in (b"400", b"200")
    assert said(served, b"nonsense\r\n\r\n")[9:12] == b"400"
    assert said(served, b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n")[9:12] == b"400"
    assert said(served, "GET /search?q=电池 HTTP/1.1\r\nHost: x\r\n\r\n".encode())[9:12] in (b"200", b"400")
    assert status(f"{served}/readyz") == 200
