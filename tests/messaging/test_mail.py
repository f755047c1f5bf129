"""Mail against a real SMTP server on this machine."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import ssl
import subprocess
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller
from messaging.sinks import Sink, free_port
from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.db import session
from marketplace.errors import Unavailable
from marketplace.messaging import mail, service
from marketplace.messaging.models import OutgoingMail
from marketplace.phrases import Label, say


def queue(to="alice@institute.example", language="en"):
    hall = Label("报告厅", "the hall")
    subject, text = say("See you in {hall}", hall=hall), [say("We meet in {hall}.", hall=hall)]
    return service.post_mail(to, language, subject, text, "/events/1")


def test_mail_arrives_readable_with_an_absolute_link(sink):
    row = queue(language="zh")
    outbox.drain()
    (arrived,) = sink.arrived
    assert arrived["to"] == "alice@institute.example"
    assert arrived["from"] == "Yinqiao <robot@yinqiao.example>"
    assert arrived["subject"] == "See you in 报告厅"
    assert arrived.get_content_type() == "multipart/alternative"
    for way in ("plain", "html"):
        assert "https://yinqiao.example/events/1" in arrived.get_body((way,)).get_content()
    assert row.sent_at is not None
    assert outbox.waiting() == 0


def test_the_way_out_of_a_list_is_an_address_that_machines_read(sink):
    address = f"https://marketplace.technology-transfer.yinqiao.example/unsubscribe/{'a' * 90}"
    headers = {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    row = service.post_mail("alice@institute.example", "zh", say("New"), [say("New.")], headers=headers)
    outbox.drain()
    assert f"\r\nList-Unsubscribe: <{address}>\r\n".encode() in sink.bytes[0]
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in sink.bytes[0]
    assert sink.arrived[0]["content-language"] == "zh-Hans"
    assert session.get_one(OutgoingMail, row.id).headers is None, "it acts for its reader, like a link in the text"


INVITATION = """BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
SUMMARY:首次会面
END:VEVENT
END:VCALENDAR"""


def test_an_invitation_can_be_answered_in_the_mail_program_and_opened_as_a_file(sink):
    row = service.post_mail("alice@institute.example", "zh", say("Meeting"), [say("Come.")], calendar=INVITATION)
    outbox.drain()
    (arrived,) = sink.arrived
    (part,) = [part for part in arrived.walk() if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    assert "SUMMARY:首次会面" in part.get_content()
    (file,) = arrived.iter_attachments()
    assert file.get_filename() == "invite.ics"
    assert file.get_content().decode().splitlines() == INVITATION.splitlines()
    assert arrived.get_body(("plain",)).get_content().startswith("Come.")
    assert (row.html, row.calendar) == ("", None), "what was in it is its reader's"


def test_a_header_of_ones_own_takes_no_second_line(sink):
    headers = {"List-Id": "x\r\nBcc: c@d.example"}
    row = service.post_mail("a@b.example", "en", say("New"), [say("New.")], headers=headers)
    outbox.drain()
    assert not sink.arrived and row.error


def test_mail_heard_of_twice_is_sent_once_and_its_text_not_kept(sink):
    row = queue()
    mail.deliver([row.id])
    mail.deliver([row.id])
    assert len(sink.arrived) == 1
    assert session.get_one(OutgoingMail, row.id).body == ""


def test_one_refused_address_does_not_hold_back_the_others(sink):
    sink.replies["gone@company.example"] = "550 no such mailbox"
    refused, taken = queue("gone@company.example"), queue()
    outbox.drain()
    assert "550 no such mailbox" in refused.error
    assert refused.sent_at is None
    assert taken.sent_at is not None
    assert outbox.waiting() == 0


def test_address_refused_for_now_is_tried_again_but_not_for_ever(sink, monkeypatch):
    sink.replies["busy@company.example"] = "451 come back later"
    row, taken = queue("busy@company.example"), queue()
    outbox.drain()
    assert (outbox.waiting(), taken.sent_at is not None) == (1, True)
    later = clock.now() + mail.PATIENCE + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    outbox.drain()
    assert (outbox.waiting(), row.sent_at) == (0, None)


def test_server_that_is_down_delays_mail_and_loses_none(settings, sink):
    working = mail._bound[0]
    mail.bind(dataclasses.replace(settings, mail_url=f"smtp://127.0.0.1:{free_port()}"))
    row = queue()
    with pytest.raises(Unavailable):
        mail.deliver([row.id])
    outbox.drain()
    assert outbox.waiting() == 1
    mail.bind(working)
    mail.deliver([row.id])
    assert row.sent_at is not None


def test_wrong_password_is_reported_without_saying_it(settings, sink, caplog):
    caplog.set_level(logging.DEBUG)
    port = mail._bound[0].mail_url.rpartition(":")[2]
    mail.bind(dataclasses.replace(settings, mail_url=f"smtp://robot:wrong-secret@127.0.0.1:{port}"))
    row = queue()
    with pytest.raises(Unavailable) as failure:
        mail.deliver([row.id])
    outbox.drain()
    error = session.scalar(select(outbox.Entry.error))
    assert "SMTPAuthenticationError" in error
    assert not any("wrong-secret" in text for text in (str(failure.value), error, caplog.text))


@pytest.fixture
def certificate(tmp_path):
    """A certificate and key for 127.0.0.1 that only those trust who are told to."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    both = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", both[0], "-keyout", both[1]],
        check=True, capture_output=True,
    )
    return both


@pytest.fixture
def private_sink(settings, certificate):
    """A server that takes mail over TLS only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True)
    controller.start()
    mail.bind(dataclasses.replace(settings, mail_url=f"smtp://127.0.0.1:{controller.port}"))
    yield handler
    mail.bind(settings)
    controller.stop()


def test_mail_is_enciphered_where_the_server_offers_it(private_sink, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    row = queue()
    mail.deliver([row.id])
    assert len(private_sink.arrived) == 1


def test_server_that_cannot_prove_who_it_is_gets_nothing(private_sink):
    row = queue()
    with pytest.raises(Unavailable, match="SSLCertVerificationError"):
        mail.deliver([row.id])
    assert private_sink.arrived == []


def test_address_nobody_can_write_to_is_given_up(sink):
    row = queue("not an address")
    outbox.drain()
    assert row.error
    assert outbox.waiting() == 0


def test_a_line_end_in_a_subject_adds_no_header(sink):
    service.post_mail("alice@institute.example", "en", say("Hello\r\nBcc: {to}", to="eve@evil.example"), [say("x")])
    outbox.drain()
    assert sink.arrived[0]["bcc"] is None


def test_sender_can_be_set_in_the_address(settings):
    written = quote("引桥 <post@yinqiao.example>")
    mail.bind(dataclasses.replace(settings, mail_url=f"smtp://key:x@mail.example?from={written}"))
    assert str(mail.sender()) == "引桥 <post@yinqiao.example>"
    mail.bind(settings)


def test_without_a_server_mail_becomes_a_file(settings):
    row = queue()
    outbox.drain()
    path = settings.var / "mail" / f"{row.id:08d}.eml"
    assert message_from_bytes(path.read_bytes(), policy=default)["subject"] == "See you in the hall"
    assert path.stat().st_mode & 0o077 == 0
    assert row.body


def test_operator_reads_filed_mail_and_nobody_else_does(signed_in, erin, dana, alice):
    row = queue()
    operator = signed_in(erin)
    assert "See you in the hall" in operator.get("/operator/mail").text
    assert "http://127.0.0.1:8000/events/1" in operator.get(f"/operator/mail/{row.id}").text
    assert operator.get("/operator/mail/99999").status_code == 404
    for other in (dana, alice):
        browser = signed_in(other)
        assert browser.get("/operator/mail").status_code == 403
        assert browser.get(f"/operator/mail/{row.id}").status_code == 403
        assert browser.post(f"/operator/mail/{row.id}/again").status_code == 403


def test_operator_looks_at_the_page_of_a_mail_in_which_nothing_can_act(signed_in, erin, dana, alice, client):
    row = service.post_mail("alice@institute.example", "zh", say("New"), [say("<script>x</script>")], "/account")
    operator = signed_in(erin)
    frame = operator.get(f"/operator/mail/{row.id}").text
    assert f'<iframe class="mail-page" sandbox src="/operator/mail/{row.id}/page"' in frame
    page = operator.get(f"/operator/mail/{row.id}/page")
    assert "&lt;script&gt;" in page.text and "<script" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "script" not in policy
    assert "frame-ancestors 'self'" in policy
    assert operator.get("/operator/mail/99999/page").status_code == 404
    for other in (dana, alice):
        assert signed_in(other).get(f"/operator/mail/{row.id}/page").status_code == 403
    assert "/sign-in" in client.get(f"/operator/mail/{row.id}/page").location


def test_page_of_a_mail_is_its_readers_once_a_server_is_set(signed_in, erin, sink):
    assert signed_in(erin).get(f"/operator/mail/{queue().id}/page").status_code == 404


def test_text_of_mail_is_its_readers_once_a_server_is_set(signed_in, erin, sink):
    row = queue()
    assert "/events/1" not in signed_in(erin).get(f"/operator/mail/{row.id}").text


def test_operator_sends_a_refused_mail_again(signed_in, erin, sink):
    sink.replies["alice@institute.example"] = "550 typing error"
    address = f"/operator/mail/{queue().id}"
    outbox.drain()
    sink.replies.clear()
    browser = signed_in(erin)
    assert "typing error" in browser.get(address).text
    browser.post(f"{address}/again")
    outbox.drain()
    assert len(sink.arrived) == 1
    assert browser.post(f"{address}/again").status_code == 409
