"""What the tests of mail and notices share."""

from __future__ import annotations

import dataclasses

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from messaging.sinks import Sink, free_port

from marketplace.messaging import mail


@pytest.fixture
def sink(settings):
    handler = Sink()
    controller = Controller(
        handler, hostname="127.0.0.1", port=free_port(), auth_require_tls=False, enable_SMTPUTF8=True,
        authenticator=lambda *about: AuthResult(success=about[-1].password == b"a secret", handled=False),
    )
    controller.start()
    url = f"smtp://robot%40yinqiao.example:a%20secret@127.0.0.1:{controller.port}"
    mail.bind(dataclasses.replace(settings, mail_url=url, base_url="https://yinqiao.example"))
    yield handler
    mail.bind(settings)
    controller.stop()
