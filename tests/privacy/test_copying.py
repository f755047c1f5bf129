"""Everybody takes home what is theirs, and nobody else's."""

from __future__ import annotations

import io
import json
import tempfile
import tracemalloc
import zipfile
from datetime import timedelta

import pytest
from conftest import a_listing, a_person, join
from introductions.case_entries import ANSWERS
from sqlalchemy import func, select

from marketplace import audit, clock, outbox
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict
from marketplace.files import service as files
from marketplace.files.models import StoredFile
from marketplace.introductions import service as introductions
from marketplace.introductions import talk
from marketplace.introductions.models import Introduction, Stage
from marketplace.messaging.models import Audience, Notice
from marketplace.organisations import members
from marketplace.organisations.models import Role
from marketplace.privacy import copying, leaving, service
from marketplace.privacy.holdings import TABLES
from marketplace.privacy.models import Export, ExportState

pytest_plugins = ["introductions.case_cast", "keeping"]


def copy_of(person: User) -> zipfile.ZipFile:
    target = io.BytesIO()
    copying.write(person, target)
    session.rollback()
    return zipfile.ZipFile(target)


def in_it(archive: zipfile.ZipFile, path: str) -> list[dict[str, object]]:
    return json.loads(archive.read(path))


def whole(archive: zipfile.ZipFile) -> str:
    return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def work() -> None:
    while outbox.drain():
        pass


def test_the_account_and_what_was_done_with_it_are_in_it(charlie, need, result):
    case = introductions.express_interest(charlie, need, result, **ANSWERS)
    archive = copy_of(charlie)
    (account,) = in_it(archive, "account/users.json")
    assert account["email"] == charlie.email and "password_hash" not in account
    (interest,) = in_it(archive, "cases/introduction_interests.json")
    assert interest["introduction"] == case.ref and interest["about_us"] == ANSWERS["about_us"]
    (membership,) = in_it(archive, "organisations/memberships.json")
    assert membership["organisation"] == "company"
    assert in_it(archive, "audit/audit_entries.json")
    assert archive.testzip() is None


def test_there_is_a_part_for_every_table_that_shows_something(alice):
    names = set(copy_of(alice).namelist())
    for table in TABLES:
        if table.shows or table.name in ("messages", "notices"):
            assert f"{table.purpose}/{table.name}.json" in names


@pytest.mark.parametrize(("language", "words"), [("zh", "您在引桥的数据"), ("en", "Your data at Yinqiao")])
def test_its_first_page_is_in_its_persons_language_and_names_every_part(alice, language, words):
    with transaction():
        alice.language = language
        alice.name = "<b>Alice</b>"
    archive = copy_of(alice)
    page = archive.read("index.html").decode()
    assert words in page and "account/users.json" in page and "&lt;b&gt;Alice&lt;/b&gt;" in page


def test_messages_are_those_one_wrote_and_those_one_could_read(alice, bob, charlie, dana, brought_to):
    case = brought_to(Stage.QUALIFIED)
    talk.write_message(charlie, case, "For the broker from the need side.")
    talk.write_message(alice, case, "From the institute.")
    talk.write_message(dana, case, "Only among brokers.", Audience.BROKERS)
    talk.write_message(dana, case, "To the company.", Audience.DEMAND)
    said = [row["text"] for row in in_it(copy_of(charlie), "cases/messages.json")]
    assert said == ["For the broker from the need side.", "To the company."]
    mine = in_it(copy_of(alice), "cases/messages.json")
    assert [row["text"] for row in mine] == ["From the institute."] and mine[0]["mine"] is True
    assert in_it(copy_of(bob), "cases/messages.json") == []  # he took no part in it
    assert [row["text"] for row in in_it(copy_of(dana), "cases/messages.json")] == [
        "Only among brokers.", "To the company.",
    ]


def test_before_names_are_known_the_copy_does_not_tell_them(alice, charlie, dana, brought_to):
    case = brought_to(Stage.QUALIFIED)
    talk.write_message(dana, case, "Hello.", Audience.ALL)
    talk.write_message(charlie, case, "We wait.")
    text = whole(copy_of(alice))
    assert "Charlie" not in text and charlie.email not in text and "company" not in text.replace("accompany", "")


def test_who_has_left_takes_their_own_words_and_leaves_the_papers(alice, bob, institute, interest, charlie):
    listing = a_listing(institute)
    files.store(bob, "listing", listing.id, "figures.txt", io.BytesIO(b"secret figures"), 2)
    archive = copy_of(bob)
    (row,) = in_it(archive, "listings/files.json")
    assert archive.read(str(row["file"])) == b"secret figures"
    talk.write_message(bob, interest, "From us.")
    members.remove(alice, bob.memberships[0])
    archive = copy_of(session.get_one(User, bob.id))
    (row,) = in_it(archive, "listings/files.json")
    assert row["name"] == "figures.txt" and row["file"] is None
    assert [row["text"] for row in in_it(archive, "cases/messages.json")] == ["From us."]
    assert "secret figures" not in whole(archive)


def test_a_file_whose_bytes_are_gone_is_named_and_the_copy_is_whole(alice, institute):
    listing = a_listing(institute)
    file = files.store(alice, "listing", listing.id, "lost.txt", io.BytesIO(b"soon to be lost"), 0)
    files.place().remove(file.digest)
    archive = copy_of(alice)
    (row,) = in_it(archive, "listings/files.json")
    assert row["file"] is None and row["missing"]
    assert archive.testzip() is None


def test_a_long_history_needs_no_more_memory_than_a_short_one(alice):
    number = alice.id

    def peak() -> int:
        session.expunge_all()
        person = session.get_one(User, number)
        tracemalloc.start()
        with tempfile.TemporaryFile() as to:
            copying.write(person, to)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak()
    short = peak()
    with transaction():
        for count in range(20_000):
            audit.record(number, "listing.read", "listing", count)
    assert peak() < short + 4_000_000


def test_the_worker_makes_it_tells_its_person_and_nobody_else_can_fetch_it(signed_in, client, alice, bob, erin):
    others = [bob.id, erin.id]
    browser = signed_in(alice)
    assert browser.post("/account/data").location == "/account/data"
    assert "being put together" in browser.get("/account/data").text
    work()
    export = session.scalars(select(Export)).one()
    path = f"/account/data/{export.id}/file"
    told = session.scalars(select(Notice).where(Notice.url == "/account/data")).one()
    assert "is ready" in told.phrase.in_language("en")
    assert path in browser.get("/account/data").text
    answer = browser.get(path)
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"] and "no-store" in answer.headers["Cache-Control"]
    assert zipfile.ZipFile(io.BytesIO(answer.data)).testzip() is None
    for other in others:
        assert signed_in(session.get_one(User, other)).get(path).status_code == 404
    assert "/sign-in" in client.get(path).location
    assert session.scalars(select(Export.fetched_at)).one() is not None


def test_a_token_fetches_no_copy(client, alice):
    export = service.ask(alice)
    work()
    token, _ = accounts.new_token(alice)
    answer = client.get(f"/account/data/{export.id}/file", headers={"Authorization": f"Bearer {token}"})
    assert "/sign-in" in answer.location


def test_one_at_a_time_and_a_later_one_takes_the_place(alice, monkeypatch):
    service.ask(alice)
    with pytest.raises(Conflict, match="already"):
        service.ask(alice)
    work()
    with pytest.raises(Conflict, match="less than an hour"):
        service.ask(alice)
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    service.ask(alice)
    work()
    assert sorted(session.scalars(select(Export.state))) == [ExportState.OVER, ExportState.READY]
    assert session.scalar(select(func.count()).where(StoredFile.subject_kind == service.KIND)) == 1


def test_several_people_ask_at_once_and_each_gets_their_own(alice, bob, charlie):
    for person in (alice, bob, charlie):
        service.ask(person)
    work()
    for export in session.scalars(select(Export)):
        with files.opened(export.file) as source:
            (account,) = json.loads(zipfile.ZipFile(io.BytesIO(source.read())).read("account/users.json"))
        assert account["email"] == session.get_one(User, export.user_id).email


def test_after_seven_days_it_is_gone_with_its_bytes(signed_in, alice, monkeypatch):
    service.ask(alice)
    work()
    export = session.scalars(select(Export)).one()
    digest, path = export.file.digest, f"/account/data/{export.id}/file"
    browser = signed_in(alice)
    later = clock.now() + timedelta(days=7, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert service.end_copies(service.over()) == 1
    assert files.place().find(digest) is None
    assert session.scalars(select(Export.state)).one() is ExportState.OVER
    monkeypatch.undo()
    assert browser.get(path).status_code == 404


def test_who_is_deleted_meanwhile_gets_no_copy_made(alice, bob, institute, monkeypatch):
    with transaction():
        bob.memberships[0].role = Role.ADMIN
    leaving.ask(alice)
    service.ask(alice)
    later = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert leaving.run() == 1
    work()
    assert session.scalar(select(func.count()).select_from(Export)) == 0
    assert session.scalar(select(func.count()).where(StoredFile.subject_kind == service.KIND)) == 0


def test_hearing_of_it_twice_makes_it_once(alice):
    export = service.ask(alice)
    service.make([export.id])
    service.make([export.id])
    assert session.scalar(select(func.count()).where(StoredFile.subject_kind == service.KIND)) == 1


def test_somebody_who_belongs_nowhere_and_did_nothing_gets_one_too():
    person = a_person("new@nowhere.example")
    assert in_it(copy_of(person), "cases/messages.json") == []
    assert session.scalar(select(func.count()).select_from(Introduction)) == 0


def test_the_other_side_of_ones_own_two_organisations_is_ones_own(charlie, institute, interest, alice):
    join(charlie, institute, Role.VIEWER)
    talk.write_message(alice, interest, "From the institute.")
    assert "From the institute." in whole(copy_of(charlie))


def test_a_copy_lies_where_files_lie_and_leaves_with_its_bytes(kept_in, alice):
    service.ask(alice)
    work()
    export = session.scalars(select(Export)).one()
    with files.opened(export.file) as source:
        assert zipfile.ZipFile(io.BytesIO(source.read())).testzip() is None
    assert service.end_copies(Export.user_id == alice.id) == 1
    assert list(files.place().everything()) == []


def test_a_disk_without_room_leaves_nothing_half_and_it_is_made_later(alice, monkeypatch):
    service.ask(alice)
    with monkeypatch.context() as patch:
        patch.setattr(copying, "write", lambda person, to: to.write(b"half") and (_ for _ in ()).throw(OSError(28, "")))
        work()
    assert session.scalars(select(Export.state)).one() is ExportState.WAITING
    assert session.scalar(select(func.count()).where(StoredFile.subject_kind == service.KIND)) == 0
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    work()
    assert session.scalars(select(Export.state)).one() is ExportState.READY
