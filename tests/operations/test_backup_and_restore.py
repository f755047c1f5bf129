"""What is restored is what was backed up: every row, every file, on SQLite, PostgreSQL and from one to the other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from backing_up import KEY, everything, fill_what_is_empty, installation, opened, quiet
from running import yinqiao
from sqlalchemy import Engine as Database
from sqlalchemy import delete, func, insert, inspect, select, text

from marketplace import archive, backup, config, db, index, migrating, outbox, restoring
from marketplace.accounts.models import User
from marketplace.archive import NoBackup, Reader
from marketplace.db import Base
from marketplace.dumping import CannotBeLoaded
from marketplace.files import storage
from marketplace.files.models import StoredFile

CHANGED = {"outbox", "worker_beats", "index_rebuilds"}
"""What was in hand is let go of when it is restored; all else is as it was."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> config.Settings:
    var = tmp_path_factory.mktemp("original") / "var"
    yinqiao(var, "migrate")
    yinqiao(var, "demo")
    settings = installation(var)
    with opened(settings) as database:
        empty = fill_what_is_empty(database)
        assert len(empty) < len(Base.metadata.tables) // 8, empty
    return settings


@pytest.fixture(scope="module")
def backed_up(original: config.Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backup") / "whole.tar"
    with opened(original) as database:
        backup.make(original, database, target, quiet)
    return target


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[config.Settings, Database]]:
    """An installation with nothing but its schema and one file."""
    settings = installation(tmp_path / "small")
    with opened(settings) as database:
        migrating.migrate(database)
        a_file(settings, database, b"%PDF-1.7 something")
        yield settings, database


def a_file(settings: config.Settings, database: Database, content: bytes) -> str:
    import hashlib

    digest = hashlib.sha256(content).hexdigest()
    with storage.staged(settings.var / "incoming") as (file, path):
        file.write(content)
        file.flush()
        storage.place_of(settings.files, settings.var / "files").keep(path, digest)
    with database.begin() as connection:
        connection.execute(insert(StoredFile.__table__).values(
            subject_kind="listing", subject_id=1, digest=digest, name="结果.pdf", media_type="application/pdf",
            size=len(content), tier=0, added_at=db.datetime.now(db.UTC)))
    return digest


def restored(source: Path, settings: config.Settings, *, force: bool = False) -> str:
    reader = Reader(source)
    backup.verify(reader, quiet)
    with opened(settings) as database:
        restoring.into(database, reader, quiet, force=force)
    restoring.files_of(settings, reader, quiet)
    return restoring.key_of(settings, reader)


def made(settings: config.Settings, database: Database, target: Path, **options: bool) -> backup.Made:
    return backup.make(settings, database, target, quiet, **options)


def test_every_row_and_every_file_comes_back_on_either_database_and_back_again(
    original: config.Settings, backed_up: Path, spare_url: str, tmp_path: Path
) -> None:
    there = installation(tmp_path / "there", spare_url)
    restored(backed_up, there)
    again = tmp_path / "again"
    with opened(there) as database:
        second = made(there, database, again)
        between = everything(database)
    back = installation(tmp_path / "back")
    restored(again, back)
    with opened(original) as first, opened(back) as last:
        before, after = everything(first), everything(last)
    contents = Reader(backed_up).manifest["tables"]
    for name, rows in before.items():
        if name not in CHANGED:
            assert rows == between[name] == after[name], name
            assert contents[name] == second.tables[name], name
    assert second.rows > 10_000 and second.files > 0
    for settings in (there, back):
        for lying in storage.place_of(original.files, original.var / "files").everything():
            copy = storage.place_of(settings.files, settings.var / "files").open(lying.digest)
            with copy, storage.place_of(original.files, original.var / "files").open(lying.digest) as first_file:
                assert copy.read() == first_file.read()


def test_the_schema_is_whole_afterwards(backed_up: Path, spare_url: str, tmp_path: Path) -> None:
    restored(backed_up, installation(tmp_path / "there", spare_url))
    fresh = db.connect(f"sqlite:///{tmp_path / 'fresh.db'}")
    database = db.connect(spare_url)
    try:
        migrating.migrate(fresh)
        assert migrating.is_current(database)
        with fresh.connect() as one, database.connect() as other:
            for name in inspect(fresh).get_table_names():
                there, expected = inspect(other), inspect(one)
                assert {key["name"] for key in there.get_foreign_keys(name)} == {
                    key["name"] for key in expected.get_foreign_keys(name)}, name
    finally:
        fresh.dispose()
        database.dispose()


def test_what_was_in_hand_is_free_and_the_index_is_asked_for(
    original: config.Settings, backed_up: Path, spare_url: str, tmp_path: Path
) -> None:
    there = installation(tmp_path / "there", spare_url)
    restored(backed_up, there)
    with opened(there) as database, database.connect() as connection:
        entry, rebuild = outbox.Entry.__table__, index.Rebuild.__table__
        assert connection.scalar(select(func.count()).where(entry.c.claimed_until.is_not(None))) == 0
        assert connection.execute(select(rebuild.c.name, rebuild.c.ended_at)).all() == [("listings", None)]
        assert connection.scalar(select(func.count()).select_from(outbox.Beat)) == 0


def test_numbers_that_were_given_out_are_never_given_again(spare_url: str, tmp_path: Path) -> None:
    first, second = installation(tmp_path / "a", spare_url), installation(tmp_path / "b")
    promise = {"topic": "listing.changed", "subject_id": 1, "subscriber": "index", "attempts": 0,
               "due_at": db.datetime.now(db.UTC)}
    table = outbox.Entry.__table__
    with opened(first) as database:
        migrating.migrate(database)
        with database.begin() as connection:
            connection.execute(insert(table), [promise] * 7)
            connection.execute(delete(table))
        made(first, database, tmp_path / "backup")
    restored(tmp_path / "backup", second)
    with opened(second) as database, database.begin() as connection:
        assert connection.execute(insert(table).returning(table.c.id), promise).scalar_one() == 8


OLDER = (
    "INSERT INTO users (id, email, name, language, is_broker, is_operator, created_at, session_number, version) "
    "VALUES (7, 'alice@institute.example', 'Alice', 'zh', false, false, '2026-01-02 03:04:05.000006', 1, 1)",
    "INSERT INTO api_tokens (id, user_id, digest, created_at, expires_at) "
    "VALUES (3, 7, 'abc', '2026-01-02 03:04:05.000006', '2027-01-02 03:04:05.000006')",
)


def an_older_one(database: Database) -> None:
    """A database as the release of the second revision left it: a person, and a row that goes with the person's."""
    with database.connect() as connection:
        migrating.upgrade(connection, "0002")
        for statement in OLDER:
            connection.execute(text(statement))
        connection.commit()


def is_whole(database: Database) -> bool:
    with database.connect() as connection:
        people = connection.execute(select(User.__table__.c.id, User.__table__.c.name)).all()
        tokens = connection.execute(text("SELECT id, user_id FROM api_tokens")).all()
        return (people, tokens) == ([(7, "Alice")], [(3, 7)])


def test_a_backup_of_an_older_release_is_migrated_and_keeps_its_rows(
    spare_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, there = installation(tmp_path / "older"), installation(tmp_path / "there", spare_url)
    with opened(older) as database:
        an_older_one(database)
        monkeypatch.setattr(migrating, "head", lambda: "0002")
        monkeypatch.setattr(backup, "_audit_head", lambda reading: None)
        made(older, database, tmp_path / "backup")
        monkeypatch.undo()
    restored(tmp_path / "backup", there)
    with opened(there) as database:
        assert migrating.is_current(database) and is_whole(database)


def test_migrating_takes_no_row_along_with_a_table_that_is_written_anew(spare_url: str, tmp_path: Path) -> None:
    with opened(installation(tmp_path / "older", spare_url)) as database:
        an_older_one(database)
        migrating.migrate(database)
        assert is_whole(database)


def test_a_backup_of_a_newer_release_is_refused(small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(*small, tmp_path / "backup")
    monkeypatch.setattr(migrating, "is_known", lambda name: False)
    with pytest.raises(NoBackup, match="newer release"):
        restored(tmp_path / "backup", installation(tmp_path / "there"))


@pytest.mark.parametrize("name", ["whole", "whole.tar"])
def test_one_changed_byte_is_found_before_anything_is_touched(small, tmp_path: Path, name: str) -> None:
    made(*small, tmp_path / name)
    damaged = tmp_path / name if name.endswith("tar") else next((tmp_path / name).rglob("terms.jsonl.gz"), None)
    damaged = damaged or next((tmp_path / name).rglob("files.jsonl.gz"))
    content = bytearray(damaged.read_bytes())
    where = content.index(b"something") if name.endswith("tar") else len(content) // 2
    content[where] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(NoBackup, match="damaged"):
        restored(tmp_path / name, installation(tmp_path / "there"))
    assert not (tmp_path / "there" / "yinqiao.db").exists()


def test_a_tar_that_was_cut_short_and_a_folder_without_manifest_are_no_backups(small, tmp_path: Path) -> None:
    made(*small, tmp_path / "whole.tar")
    content = (tmp_path / "whole.tar").read_bytes()
    (tmp_path / "half.tar").write_bytes(content[: len(content) // 2])
    (tmp_path / "folder").mkdir()
    for name in ("half.tar", "folder", "nothing"):
        with pytest.raises(NoBackup):
            Reader(tmp_path / name)


@pytest.mark.parametrize("name", ["whole", "whole.tar"])
def test_an_interrupted_backup_leaves_nothing(small, tmp_path: Path, name: str, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_files", interrupted)
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(KeyboardInterrupt):
        made(*small, place / name)
    assert list(place.iterdir()) == []
    assert backup.last_made(small[0]) is None


def test_a_backup_is_not_written_over_another_unless_told_to(small, tmp_path: Path) -> None:
    made(*small, tmp_path / "backup")
    with pytest.raises(NoBackup, match="--force"):
        made(*small, tmp_path / "backup")
    made(*small, tmp_path / "backup", force=True)
    assert backup.last_made(small[0]) is not None


def test_a_database_with_tables_is_not_replaced_unless_told_to(spare_url: str, small, tmp_path: Path) -> None:
    made(*small, tmp_path / "backup")
    there = installation(tmp_path / "there", spare_url)
    with opened(there) as database:
        migrating.migrate(database)
        with database.begin() as connection:
            connection.execute(text("INSERT INTO timers (name, at) VALUES ('mine', '2026-01-02 03:04:05')"))
    with pytest.raises(NoBackup, match="--force"):
        restored(tmp_path / "backup", there)
    restored(tmp_path / "backup", there, force=True)
    with opened(there) as database, database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM timers")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM files")).scalar_one() == 1


def test_a_restore_that_fails_leaves_the_database_as_it_was(
    spare_url: str, small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(*small, tmp_path / "backup")
    there = installation(tmp_path / "there", spare_url)
    with opened(there) as database:
        migrating.migrate(database)
        before = everything(database)

    def fails(*_: object) -> None:
        raise CannotBeLoaded("a row cannot be read")

    monkeypatch.setattr(restoring, "_begin_anew", fails)
    with pytest.raises(CannotBeLoaded):
        restored(tmp_path / "backup", there, force=True)
    with opened(there) as database:
        assert everything(database) == before
    assert list((tmp_path / "there").glob(".yinqiao*")) == []


def test_a_database_that_somebody_has_open_is_not_replaced(spare_url: str, small, tmp_path: Path) -> None:
    made(*small, tmp_path / "backup")
    there = installation(tmp_path / "there", spare_url)
    with opened(there) as database:
        migrating.migrate(database)
        with database.connect() as connection:
            connection.execute(text("SELECT count(*) FROM users")).scalar_one()
            with pytest.raises(NoBackup, match="Stop web and worker"):
                restored(tmp_path / "backup", there, force=True)


def test_files_whose_bytes_are_gone_or_others_are_named_and_all_else_is_kept(small, tmp_path: Path) -> None:
    settings, database = small
    gone, other = a_file(settings, database, b"%PDF-1.7 gone"), a_file(settings, database, b"%PDF-1.7 other")
    (settings.var / "files" / gone[:2] / gone).unlink()
    (settings.var / "files" / other[:2] / other).write_bytes(b"%PDF-1.7 0ther")
    result = made(settings, database, tmp_path / "backup")
    assert sorted(result.missing) == sorted([gone, other])
    there = installation(tmp_path / "there")
    restored(tmp_path / "backup", there)
    lying = [one.digest for one in storage.place_of(there.files, there.var / "files").everything()]
    assert len(lying) == 1 and not {gone, other} & set(lying)


def test_mails_and_uploads_beside_the_database_come_along(small, tmp_path: Path) -> None:
    settings, database = small
    for folder in backup.FOLDERS:
        (settings.var / folder).mkdir()
        (settings.var / folder / "00000001.eml").write_bytes(b"Subject: x")
    made(settings, database, tmp_path / "backup.tar")
    there = installation(tmp_path / "there")
    restored(tmp_path / "backup.tar", there)
    for folder in backup.FOLDERS:
        path = there.var / folder / "00000001.eml"
        assert path.read_bytes() == b"Subject: x" and path.stat().st_mode & 0o077 == 0


def test_the_secret_key_is_in_it_only_when_asked_for(small, tmp_path: Path) -> None:
    settings, database = small
    made(settings, database, tmp_path / "without")
    made(settings, database, tmp_path / "with", with_secret=True)
    assert "secret_key" not in Reader(tmp_path / "without").members
    content = b"".join(path.read_bytes() for path in (tmp_path / "without").rglob("*") if path.is_file())
    assert KEY.encode() not in content
    other = config.read({"YINQIAO_VAR": str(tmp_path / "other")})
    assert "another SECRET_KEY" in restoring.key_of(other, Reader(tmp_path / "without"))
    assert restoring.key_of(other, Reader(tmp_path / "with")) == ""
    assert config.read({"YINQIAO_VAR": str(tmp_path / "other")}).secret_key == KEY
    assert (tmp_path / "other" / "secret_key").stat().st_mode & 0o077 == 0
    set_elsewhere = installation(tmp_path / "third", key="another one of sixteen")
    assert "in the environment" in restoring.key_of(set_elsewhere, Reader(tmp_path / "with"))


def test_nobody_else_may_read_a_backup(small, tmp_path: Path) -> None:
    made(*small, tmp_path / "folder")
    made(*small, tmp_path / "file.tar")
    for path in (tmp_path / "folder", tmp_path / "file.tar", *(tmp_path / "folder").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_rows_that_come_while_it_is_written_are_not_in_it(small, tmp_path: Path, monkeypatch) -> None:
    settings, database = small
    whole = backup.dumping.lines

    def meanwhile(connection, table):
        with database.begin() as other:
            if not other.execute(text("SELECT count(*) FROM timers")).scalar_one():
                other.execute(text("INSERT INTO timers (name, at) VALUES ('late', '2026-01-02 03:04:05')"))
        return whole(connection, table)

    monkeypatch.setattr(backup.dumping, "lines", meanwhile)
    assert made(settings, database, tmp_path / "backup").tables["timers"]["rows"] == 0


def test_an_archive_writes_what_it_was_given(tmp_path: Path) -> None:
    with archive.writing(tmp_path / "a.tar") as one:
        with one.add("x/y") as file:
            file.write(b"abc")
        with one.add(archive.MANIFEST) as file:
            file.write(b'{"members": {}}')
    assert io.BytesIO(Reader(tmp_path / "a.tar").open("x/y").read()).read() == b"abc"
