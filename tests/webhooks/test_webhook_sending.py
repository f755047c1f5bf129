"""What waits is sent, signed, once where all goes well, and again where it does not."""

from __future__ import annotations

import hmac
import json
import socket
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from webhooks.conftest import EVERY, again, log_of, told
from webhooks.receiving import receiving

from marketplace import clock, outbox, secrets_kept
from marketplace.db import session
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.webhooks import calling, sending, service, signing
from marketplace.webhooks.models import Because, Endpoint, Outcome, Problem, Standing


def test(endpoint: Endpoint, alice) -> None:
    service.send_test(alice, again(endpoint.id))


test.__test__ = False


@pytest.fixture
def begun():
    """The clock stands still at a moment, which `begun` is."""
    with clock.at(clock.now().replace(microsecond=0)):
        yield clock.now()


def attempts_over(endpoint, begun, total: timedelta) -> int:
    """Look for what is due every ten minutes of this long; returns how many tries there were."""
    tries, passed = 0, timedelta()
    while passed <= total:
        with clock.at(begun + passed):
            tries += sending.send_due()
        passed += timedelta(minutes=10)
    return tries


def test_a_delivery_is_a_signed_post_that_says_little(endpoint, receiver, alice):
    test(endpoint, alice)
    assert told() == 1
    (arrived,) = receiver.arrived
    body = json.loads(arrived.body)
    assert set(body) == {"id", "fact", "ref", "version", "when", "link", "api"}
    assert body["fact"] == arrived.headers["Yinqiao-Fact"] == "test"
    assert body["id"] == arrived.headers["Yinqiao-Delivery"]
    assert arrived.headers["Content-Type"] == "application/json"
    assert arrived.headers["Host"] == receiver.url.split("/")[2]
    (row,) = log_of(endpoint.id)
    assert (row.outcome, row.status, row.attempts, row.problem) == (Outcome.DELIVERED, 204, 1, None)


def test_the_signature_is_of_time_and_body(alice, institute, receiver):
    endpoint, secret = service.register(alice, institute, receiver.url, EVERY)
    test(endpoint, alice)
    told()
    (arrived,) = receiver.arrived
    parts = [part.split("=", 1) for part in arrived.headers["Yinqiao-Signature"].split(",")]
    moment = dict(parts)["t"]
    assert abs(int(moment) - time.time()) < 60
    proof = hmac.new(secret.encode(), moment.encode() + b"." + arrived.body, "sha256").hexdigest()
    assert parts == [["t", moment], ["v1", proof]]


def test_for_a_day_the_former_secret_signs_as_well(alice, institute, receiver):
    endpoint, first = service.register(alice, institute, receiver.url, EVERY)
    second = service.rotate(alice, endpoint)
    assert signing.secrets_of(endpoint) == [second, first]
    third = service.rotate(alice, endpoint)
    assert signing.secrets_of(endpoint) == [third, second]
    with clock.at(clock.now() + timedelta(days=1, seconds=1)):
        assert signing.secrets_of(endpoint) == [third]
        assert service.former_until(endpoint) is None


def test_secrets_cannot_be_read_in_the_database(endpoint):
    stored = session.execute(Endpoint.__table__.select()).mappings().one()
    assert stored["secret"].startswith("gAAAA") and "whsec" not in stored["secret"]


def test_a_secret_sealed_with_another_key_is_said_to_be_the_trouble(endpoint, alice, receiver, settings):
    import dataclasses

    test(endpoint, alice)
    secrets_kept.bind(dataclasses.replace(settings, secret_key="another key, just as long"))
    told()
    secrets_kept.bind(settings)
    assert receiver.arrived == []
    assert log_of(endpoint.id)[0].problem is Problem.SECRET


def test_deliveries_arrive_in_the_order_in_which_things_happened(endpoint, alice, receiver):
    for _ in range(5):
        test(endpoint, alice)
    assert told() == 5
    assert receiver.numbers == [row.number for row in log_of(endpoint.id)]


def test_what_has_arrived_is_not_sent_again(endpoint, alice, receiver):
    test(endpoint, alice)
    assert (told(), told()) == (1, 0)
    assert len(receiver.arrived) == 1


def test_what_failed_is_tried_again_ever_more_patiently_under_the_same_number(endpoint, alice, receiver, begun):
    receiver.status = 500
    test(endpoint, alice)
    waits = []
    at = begun
    for _ in range(10):
        with clock.at(at):
            assert told() == 1
            assert told() == 0
            (row,) = log_of(endpoint.id)
            waits.append(row.due_at - at)
            at = row.due_at
    assert waits == [timedelta(seconds=30 * 2**n) for n in range(7)] + 3 * [timedelta(hours=1)]
    assert len(set(receiver.numbers)) == 1
    receiver.status = 200
    with clock.at(at):
        assert told() == 1
    (row,) = log_of(endpoint.id)
    assert (row.outcome, row.attempts, row.problem, row.status) == (Outcome.DELIVERED, 11, None, 200)
    assert again(endpoint.id).failures == 0 and again(endpoint.id).failing_since is None


def test_one_delivery_that_is_not_taken_does_not_hold_back_the_others(endpoint, alice, receiver, begun):
    for _ in range(3):
        test(endpoint, alice)
    bad = log_of(endpoint.id)[0].number
    receiver.refuses = lambda one: one.headers["Yinqiao-Delivery"] == bad
    told()
    with clock.at(begun + timedelta(seconds=31)):
        sending.send_due()
    with clock.at(begun + timedelta(minutes=3)):
        sending.send_due()
    outcomes = [row.outcome for row in log_of(endpoint.id)]
    assert outcomes == [Outcome.WAITING, Outcome.DELIVERED, Outcome.DELIVERED]


def test_a_receiver_that_is_away_is_not_asked_for_every_delivery(endpoint, alice, receiver, begun):
    receiver.status = 503
    for _ in range(5):
        test(endpoint, alice)
    assert told() == 1
    with clock.at(begun + timedelta(seconds=29)):
        assert sending.send_due() == 0


def test_when_it_is_back_all_that_waited_is_sent(endpoint, alice, receiver, begun):
    receiver.status = 503
    for _ in range(5):
        test(endpoint, alice)
    attempts_over(endpoint, begun, timedelta(hours=3))
    receiver.status = 200
    with clock.at(begun + timedelta(hours=5)):
        sending.send_due()
    assert {row.outcome for row in log_of(endpoint.id)} == {Outcome.DELIVERED}


def test_after_a_week_of_500_it_is_switched_off_and_its_administrators_are_told(endpoint, alice, bob, receiver, begun):
    receiver.status = 500
    test(endpoint, alice)
    assert attempts_over(endpoint, begun, timedelta(days=6, hours=23)) > 100
    assert again(endpoint.id).standing is Standing.ACTIVE
    attempts_over(endpoint, begun + timedelta(days=6, hours=23), timedelta(hours=3))
    off = again(endpoint.id)
    assert (off.standing, off.disabled_because) == (Standing.DISABLED, Because.FAILING)
    assert {row.outcome for row in log_of(endpoint.id)} == {Outcome.GIVEN_UP}
    (notice,) = session.query(Notice)
    assert notice.user_id == alice.id and notice.url == f"/organisations/institute/webhooks/{endpoint.id}"
    (mail,) = session.query(OutgoingMail)
    assert mail.to == "alice@institute.example" and "127.0.0.1" in mail.subject
    count = len(receiver.arrived)
    assert attempts_over(endpoint, begun + timedelta(days=8), timedelta(days=1)) == 0
    assert len(receiver.arrived) == count


def test_a_success_now_and_then_keeps_it_switched_on(endpoint, alice, receiver, begun):
    for day in range(10):
        with clock.at(begun + timedelta(days=day)):
            receiver.status = 500 if day % 2 else 200
            test(endpoint, alice)
            told()
    assert again(endpoint.id).standing is Standing.ACTIVE


def test_410_switches_it_off_at_once(endpoint, alice, receiver):
    receiver.status = 410
    test(endpoint, alice)
    test(endpoint, alice)
    assert told() == 1
    off = again(endpoint.id)
    assert (off.standing, off.disabled_because) == (Standing.DISABLED, Because.GONE)
    assert [row.problem for row in log_of(endpoint.id)] == [Problem.STATUS, Problem.SWITCHED_OFF]
    assert session.query(Notice).count() == 1


def test_switched_on_again_it_begins_anew(endpoint, alice, receiver):
    receiver.status = 410
    test(endpoint, alice)
    told()
    receiver.status = 200
    service.resume(alice, again(endpoint.id))
    test(endpoint, alice)
    assert told() == 1
    assert again(endpoint.id).disabled_because is None


def test_nothing_is_sent_while_paused_and_what_waited_is_sent_after(endpoint, alice, receiver):
    test(endpoint, alice)
    service.pause(alice, again(endpoint.id))
    assert told() == 0
    service.resume(alice, again(endpoint.id))
    assert told() == 1


def test_an_organisation_that_is_no_longer_verified_is_sent_nothing(endpoint, alice, erin, institute, receiver):
    from marketplace.organisations import service as organisations

    test(endpoint, alice)
    organisations.refuse(erin, institute, "Its licence has ended.")
    assert told() == 0


def test_no_redirect_is_followed(endpoint, alice, receiver):
    with receiving() as secret_place:
        receiver.status, receiver.headers = 307, {"Location": secret_place.url}
        test(endpoint, alice)
        told()
        assert secret_place.arrived == []
    (row,) = log_of(endpoint.id)
    assert (row.status, row.problem, row.outcome) == (307, Problem.REDIRECT, Outcome.WAITING)


def test_of_a_huge_answer_little_is_read_and_less_is_kept(endpoint, alice, receiver):
    receiver.status, receiver.body = 200, "<script>alert('推')</script>\x00\x1b[31m".encode() + b"x" * 30_000_000
    test(endpoint, alice)
    began = time.monotonic()
    told()
    assert time.monotonic() - began < 5
    (row,) = log_of(endpoint.id)
    assert row.outcome is Outcome.DELIVERED
    assert row.answer.startswith("<script>alert('推')</script>[31mx") and len(row.answer) <= calling.KEPT + 1


def test_a_receiver_that_hangs_is_left_after_the_time_it_has(endpoint, alice, receiver, monkeypatch):
    monkeypatch.setattr(calling, "LONGEST", 0.3)
    receiver.takes = 1.5
    test(endpoint, alice)
    began = time.monotonic()
    told()
    assert time.monotonic() - began < 1.2
    assert log_of(endpoint.id)[0].problem is Problem.TIMEOUT


def raw_server(answer) -> tuple[socket.socket, str]:
    """A server that says what it likes: answer(connection)."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    answer(connection)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    return server, f"http://127.0.0.1:{server.getsockname()[1]}/"


def drip(connection: socket.socket) -> None:
    """A byte now and then, each in time."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
        connection.send(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.parametrize(("answer", "problem"), [
    (drip, Problem.TIMEOUT),
    (lambda connection: connection.send(b"SSH-2.0-OpenSSH_9\r\n"), Problem.UNREADABLE),
    (lambda connection: connection.send(b"HTTP/1.1 abc\r\n\r\n"), Problem.UNREADABLE),
    (lambda connection: connection.send(b"HTTP/1.1 200 OK\r\nA: " + b"a" * 100_000 + b"\r\n\r\n"), Problem.UNREADABLE),
    (lambda connection: connection.send(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n"), Problem.UNREADABLE),
    (lambda connection: None, Problem.UNREACHABLE),
    (lambda connection: connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), None),
    (lambda connection: connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), None),
])
def test_whatever_a_receiver_says_it_is_only_an_answer(alice, institute, monkeypatch, answer, problem):
    monkeypatch.setattr(calling, "LONGEST", 0.5)
    server, url = raw_server(answer)
    with server:
        endpoint, _ = service.register(alice, institute, url, EVERY)
        test(endpoint, alice)
        began = time.monotonic()
        told()
        assert time.monotonic() - began < 2
    assert log_of(endpoint.id)[0].problem is problem


def test_nobody_there_is_said_so(alice, institute):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    endpoint, _ = service.register(alice, institute, url, EVERY)
    test(endpoint, alice)
    told()
    assert log_of(endpoint.id)[0].problem is Problem.UNREACHABLE


def test_what_went_through_can_be_sent_once_more_under_its_number(endpoint, alice, receiver):
    test(endpoint, alice)
    told()
    (row,) = log_of(endpoint.id)
    service.redeliver(alice, row)
    assert told() == 1
    assert receiver.numbers == [row.number, row.number]
    assert receiver.arrived[0].body == receiver.arrived[1].body


def test_the_log_goes_back_thirty_days(endpoint, alice, receiver):
    test(endpoint, alice)
    told()
    assert service.forget_old() == 0
    with clock.at(clock.now() + timedelta(days=30, minutes=1)):
        assert service.forget_old() == 1
    assert log_of(endpoint.id) == []


def test_a_deleted_address_takes_its_log_and_what_waits_with_it(endpoint, alice, receiver):
    test(endpoint, alice)
    service.remove(alice, again(endpoint.id))
    assert told() == 0
    assert log_of(endpoint.id) == []


def test_what_has_arrived_is_written_down_when_the_database_is_back_and_not_sent_again(
    endpoint, alice, receiver, monkeypatch
):
    test(endpoint, alice)
    outbox.drain()
    note, away = sending._note, OperationalError("UPDATE", {}, Exception("gone"), connection_invalidated=True)
    answers = iter([away, away])

    def fails_twice(*given):
        problem = next(answers, None)
        if problem is not None:
            raise problem
        return note(*given)

    monkeypatch.setattr(sending, "_note", fails_twice)
    monkeypatch.setattr(sending, "PAUSES", (0.0,) * 5)
    assert told() == 1
    assert len(receiver.arrived) == 1
    assert log_of(endpoint.id)[0].outcome is Outcome.DELIVERED
