"""A real SMTP server on this machine, for the tests of mail."""

from __future__ import annotations

import socket
from email import message_from_bytes
from email.policy import default


class Sink:
    """Keeps what arrives; answers `replies[address]` instead of taking mail for that address."""

    def __init__(self):
        self.arrived, self.replies, self.bytes = [], {}, []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.bytes.append(envelope.content)
        self.arrived.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
