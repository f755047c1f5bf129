"""What can be learnt by guessing, by searching, from mails, and from how long signing in takes: nothing."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from access.asking import address, ask, filled, nothing_stays, rules_of
from access.planted import READERS, plant
from access.sending import QUERIES, SENT
from access.world import A_BROKER, COUNTERPART, ITS_BROKER, OPERATOR, OTHERS, OWN, ROLES, VISITOR, World, build
from conftest import a_person
from introductions.case_entries import entries
from sqlalchemy import select

from marketplace import clock, outbox
from marketplace.accounts import passwords
from marketplace.accounts.signing_in import KEY
from marketplace.db import session, transaction
from marketplace.introductions import service as introductions
from marketplace.listings.models import Listing
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.privacy import copying
from marketplace.webhooks import service as webhooks
from marketplace.webhooks.models import Delivery, Fact

NOWHERE = "qwyxovu"
SOUGHT = ("/search?q={word}", "/search?q=electrolyte+{word}", "/api/v1/search?q={word}", "/api/v1/suggest?q={word}",
          "/api/v1/suggest?q={part}", "/organisations?q={word}", "/api/v1/listings?q={word}", "/listings/mine?q={word}",
          "/search.atom?q={word}&language=en", "/oai?verb=ListRecords&metadataPrefix=yinqiao&set={word}",
          "/api/v1/cases?q={word}", "/desk/cases?q={word}")
OUTSIDE_FEEDS = {"gihozuqe"}
"""A feed shows what visitors see, also of a listing kept from the one who reads it."""
_VOLATILE = re.compile(
    r'"took_ms":\s*[\d.]+|\?from=[\w.-]+|name="csrf_token"[^>]*|<updated>[^<]*|search:[0-9a-f]{24}|\d+(?:\.\d+)? ms|'
    r"responseDate>[^<]*|\b[0-9a-f]{16}\b"
)
"""Times, tokens, and the numbers of requests."""


@pytest.fixture
def world(app) -> World:
    made = build()
    plant(made)
    return made


def nobodys(names: dict[str, Any]) -> dict[str, Any]:
    """Numbers, references and keys of the same make that nothing has."""
    def other(name: str, value: Any) -> Any:
        if isinstance(value, int):
            return 987654
        text = str(value)
        if re.fullmatch(r"[A-Z]-\d{4}-\d+", text):
            return f"{text[:7]}987654"
        return "q" * len(text) if name.endswith((".key", "delivery")) else value

    return {name: other(name, value) for name, value in names.items()}


def body(response, *said: str) -> str:
    text = _VOLATILE.sub("", response.get_data().decode("utf-8", "replace"))
    for word in sorted(said, key=len, reverse=True):
        text = re.sub(re.escape(word), "WORD", text, flags=re.IGNORECASE)
    return f"{response.status_code} {text}"


@pytest.mark.parametrize("role", [OTHERS[2], COUNTERPART])
def test_what_is_not_for_them_looks_as_if_it_did_not_exist(app, world, role):
    """Every address with a number in it, its own and one that nothing has; also of what is sent there."""
    never, tried = nobodys(world.names), 0
    for route, rule in sorted(rules_of(app).items()):
        if not rule.arguments or route.is_by_link:
            continue
        answers = []
        for names in (world.names, never):
            plain = {name: value for name, value in names.items() if "." not in name}
            path = address(rule, names)
            asked = path + QUERIES.get(route.endpoint, "").format_map(plain)
            sent = filled(SENT.get(route.name), plain)
            with nothing_stays(), ask(app, world, role, route, asked, sent) as response:
                parts = [part for part in path.split("/") if re.search(r"\d{4}", part)]
                answers.append((response.status_code, body(response, path, *parts)))
        if answers[0][0] == 404 and answers[1][0] == 404:
            tried += 1
            assert answers[0][1] == answers[1][1], route.name
        assert (answers[0][0] == 404) <= (answers[1][0] in (404, 422)), route.name
    assert tried > 50


@pytest.mark.parametrize("role", [VISITOR, OTHERS[2], COUNTERPART, A_BROKER])
def test_searching_for_a_secret_finds_what_searching_for_nothing_finds(app, world, role):
    browser = app.test_client()
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    key = world.keys[role]
    if key.cookie:
        with browser.session_transaction() as cookie:
            cookie[KEY] = key.cookie
    for where in SOUGHT:
        def answer(word: str, where: str = where) -> str:
            with nothing_stays(), browser.get(where.format(word=word, part=word[:5])) as response:
                return body(response, word, word[:5])

        nothing = answer(NOWHERE)
        for word, readers in READERS.items():
            is_open = role in readers or (where.startswith("/search.atom") and word in OUTSIDE_FEEDS)
            assert is_open or answer(word) == nothing, (where, word)


def test_mails_and_notices_tell_nobody_what_is_not_for_them(world):
    while outbox.drain():
        pass
    session.expire_all()
    roles = {person.email: role for role, person in world.people.items()}
    numbers = {person.id: role for role, person in world.people.items()}
    told = [(roles[mail.to], f"{mail.subject} {mail.body} {mail.html}")
            for mail in session.scalars(select(OutgoingMail)) if mail.to in roles]
    told += [(numbers[notice.user_id], f"{notice.msgid} {notice.values} {notice.url}")
             for notice in session.scalars(select(Notice)) if notice.user_id in numbers]
    assert len(told) > 20
    assert [(role, word) for role, text in told for word, readers in READERS.items()
            if word in text and role not in readers] == []


def test_programs_are_told_that_something_happened_and_nothing_of_it(app):
    """Every address that can be registered hears of every fact; none of them says a planted word."""
    made = build()
    every = [fact.value for fact in Fact if fact is not Fact.TEST]
    for role in (OTHERS[2], OWN[2], COUNTERPART):
        admin = made.people[role]
        organisation = admin.memberships[0].organisation  # type: ignore[attr-defined]
        webhooks.register(admin, organisation, f"https://{organisation.slug}.example/every", every)
    webhooks.register(made.people[OPERATOR], None, "https://platform.example/every", every)
    plant(made)
    dana = made.people[ITS_BROKER]
    introductions.move(dana, introductions.get(dana, made.names["early_case"]), "qualify", **entries("qualify"))
    with transaction():
        for number in session.scalars(select(Listing.id)):
            outbox.publish("listing.changed", number)
    while outbox.drain():
        pass
    sent = session.scalars(select(Delivery)).all()
    said = [f"{delivery.ref} {delivery.occasion} {delivery.body}" for delivery in sent]
    assert {Fact.LISTING_PUBLISHED, Fact.INTRODUCTION_MOVED, Fact.MESSAGE_RECEIVED} <= {one.fact for one in sent}
    assert [word for word in READERS if any(word in body for body in said)] == []


@pytest.mark.parametrize("role", sorted(set(ROLES) - {VISITOR}))
def test_a_copy_of_ones_data_holds_nothing_that_is_not_for_its_reader(world, role):
    packed = io.BytesIO()
    copying.write(world.people[role], packed)
    with zipfile.ZipFile(packed) as archive:
        said = "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    assert world.people[role].email in said
    assert [word for word, readers in READERS.items() if word in said and role not in readers] == []


def test_signing_in_takes_the_same_work_whoever_it_is(client, count_queries, monkeypatch):
    """No clock: how often a password is hashed, and how often the database is asked."""
    known, disabled, without = (a_person(f"{name}@company.example") for name in ("known", "disabled", "without"))
    with transaction():
        known.password_hash = disabled.password_hash = passwords.hashed("a long enough password")
        disabled.disabled_at = clock.now()
    hashed: list[str] = []

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            hashed.append(password)
            return real.verify(kept, password)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    passwords._nobodys()  # made once in a process
    real = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Counting())
    work = []
    for email in ("nobody@company.example", known.email, disabled.email, without.email):
        hashed.clear()
        with count_queries() as asked:
            answer = client.post("/sign-in", data={"email": email, "password": "wrong"})
        work.append((answer.status_code, len(hashed), asked.count, body(answer, email)))
    assert {done[1] for done in work} == {1}
    assert len(set(work)) == 1, [done[:3] for done in work]
