"""A folder and a bucket keep the same promises: whole or not at all, once, found again, swept when nobody refers."""

import errno
import io
import os
import time
import tracemalloc
from base64 import b64encode
from hashlib import md5, sha256

import pytest
from sqlalchemy import func, select

from marketplace import config
from marketplace.db import session
from marketplace.errors import Invalid, Unavailable
from marketplace.files import service, storage
from marketplace.files.models import StoredFile

pytest_plugins = ("keeping",)
PDF = b"%PDF-1.4 made for a test of places"


def put(content=PDF, subject=1, name="a.pdf", **more):
    return service.store(None, "listing", subject, name, io.BytesIO(content), **more)


def content_of(file):
    with service.opened(file) as stream:
        return stream.read()


def digests():
    return [one.digest for one in service.place().everything()]


def test_what_is_put_in_comes_out(kept_in):
    file = put()
    assert content_of(file) == PDF and digests() == [sha256(PDF).hexdigest()]
    found = service.place().find(file.digest)
    assert found.size == len(PDF) and abs(found.modified - time.time()) < 60


def test_same_bytes_lie_there_once(kept_in):
    put(), put(subject=2, name="b.pdf")
    assert len(digests()) == 1


def test_nothing_is_left_over_of_what_is_refused(kept_in, monkeypatch):
    monkeypatch.setattr(service, "LARGEST", 10)
    with pytest.raises(Invalid):
        put()
    assert digests() == [] and [*service.place().staging.iterdir()] == []


def test_sender_who_breaks_off_leaves_nothing(kept_in):
    class Breaking(io.BytesIO):
        def read(self, size=-1):
            raise ConnectionResetError("gone")

    with pytest.raises(Unavailable):
        service.store(None, "listing", 1, "a.pdf", Breaking(), 0)
    assert digests() == [] and [*service.place().staging.iterdir()] == []
    assert service.of("listing", 1) == []


def test_bytes_come_from_anywhere_in_the_file(kept_in):
    content = b"%PDF-" + bytes(range(256)) * 20_000
    file = put(content)
    with service.opened(file) as stream:
        stream.seek(1_000_003)
        assert stream.read(11) == content[1_000_003:1_000_014]


def test_a_large_file_is_read_part_by_part(kept_in, monkeypatch):
    file = put(b"%PDF-" + os.urandom(20 << 20))
    asked = []
    with service.opened(file) as stream:
        if kept_in == "bucket":  # the server is in this process as well, so that memory would not tell
            fetch = stream.cache.fetcher
            stream.cache.fetcher = lambda start, end: asked.append(end - start) or fetch(start, end)
        tracemalloc.start()
        while stream.read(1 << 18):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert max(asked) <= 2 * storage.BLOCK if asked else most < 2 << 20


def test_old_bytes_that_nobody_refers_to_are_swept_and_others_are_not(kept_in):
    kept, gone = put(), put(PDF + b"2")
    service.remove(None, gone)
    assert service.sweep() == 0, "young bytes may still be getting their row"
    assert service.sweep(older_than=-60) == 1
    assert digests() == [kept.digest]


def test_bytes_swept_while_their_row_was_on_its_way_are_asked_for_again(kept_in):
    kept = service.keep("a.pdf", io.BytesIO(PDF))
    service.sweep(older_than=-60)
    with pytest.raises(Unavailable, match="send it again"):
        service.store(None, "listing", 1, "a.pdf", kept)
    assert service.of("listing", 1) == []


def test_missing_bytes_are_said_to_be_missing(kept_in):
    file = put()
    service.place().remove(file.digest)
    service.place().remove(file.digest)
    with pytest.raises(Unavailable, match="its content is missing"):
        service.opened(file)


def test_what_other_programs_left_there_is_nobodys_file(kept_in):
    put()
    place = service.place()
    if kept_in == "folder":
        (place.staging.parent / "ab").mkdir(exist_ok=True)
        (place.staging.parent / "ab" / "notes.txt").write_text("x")
    else:
        place._server.pipe_file(f"{place._root}/ab/notes.txt", b"x")
    assert len(digests()) == 1 and service.sweep(older_than=-60) == 0


def test_bucket_that_does_not_answer_is_said_to_and_no_row_is_made(in_a_bucket, tmp_path):
    file = put()
    down = config.FilesSettings(in_a_bucket.url, "http://127.0.0.1:9", "us-east-1", key="a", secret="b")
    service.bind(down, tmp_path / "var")
    rows = session.scalar(select(func.count()).select_from(StoredFile))
    with pytest.raises(Unavailable, match="does not answer"):
        put(PDF + b"new")
    with pytest.raises(Unavailable, match="does not answer"):
        service.opened(file)
    with pytest.raises(Unavailable, match="does not answer"):
        service.sweep()
    assert session.scalar(select(func.count()).select_from(StoredFile)) == rows
    assert [*service.place().staging.iterdir()] == []
    service.bind(in_a_bucket, tmp_path / "var")
    assert content_of(file) == PDF, "what was there is there when it answers again"


def test_bucket_that_is_not_there_is_no_empty_one(s3_server, tmp_path, back_to_the_usual):
    service.bind(config.FilesSettings("s3://nobody-made-it", s3_server, "us-east-1", key="a", secret="b"), tmp_path)
    with pytest.raises(Unavailable):
        [*service.place().everything()]
    with pytest.raises(Unavailable):
        put()


def test_bucket_that_fails_half_way_leaves_no_row_and_takes_the_file_the_next_time(in_a_bucket, monkeypatch):
    server, calls = service.place()._server, []
    real = server.put_file

    def faltering(*args, **more):
        calls.append(args)
        if len(calls) == 1:
            raise OSError(errno.EIO, "reset")
        return real(*args, **more)

    monkeypatch.setattr(server, "put_file", faltering)
    with pytest.raises(Unavailable):
        put()
    assert digests() == [] and service.of("listing", 1) == []
    assert content_of(put()) == PDF


def test_what_arrives_incomplete_gets_no_row(kept_in, monkeypatch):
    place = service.place()
    whole = place.find
    monkeypatch.setattr(place, "find", lambda digest: whole(digest)._replace(size=3))
    with pytest.raises(Unavailable, match="send it again"):
        put()
    assert service.of("listing", 1) == []


def test_bucket_is_told_what_has_to_arrive(in_a_bucket):
    sent = []

    async def note(request, **_):
        sent.append(dict(request.headers))

    put()
    service.place()._server.s3.meta.events.register("before-send.s3.PutObject", note)
    put(PDF + b"2")
    expected = b64encode(md5(PDF + b"2").digest())
    assert sent and sent[0]["Content-MD5"] in (expected, expected.decode())


def test_full_disk_is_said_and_nothing_is_kept(kept_in):
    class Full(io.BytesIO):
        """Lets the disk be full after the first part."""

        def read(self, size=-1):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Unavailable, match="no room left"):
        service.store(None, "listing", 1, "a.pdf", Full(), 0)
    assert digests() == [] and [*service.place().staging.iterdir()] == []


def test_folder_that_may_only_be_read_is_said_to_be_locked(kept_in, monkeypatch):
    def refused(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(storage, "NamedTemporaryFile", refused)
    with pytest.raises(Unavailable, match="is locked"):
        put()
    assert service.of("listing", 1) == []


def test_temporary_files_of_a_dead_process_are_swept(kept_in):
    service.place().staging.mkdir(parents=True, exist_ok=True)
    left = service.place().staging / "tmpleft"
    left.write_bytes(b"half")
    service.sweep()
    assert left.exists()
    service.sweep(older_than=-60)
    assert not left.exists()


def test_files_of_earlier_releases_are_read(tmp_path, back_to_the_usual):
    file = put()
    digest = sha256(PDF).hexdigest()
    folder = tmp_path / "files" / digest[:2]
    folder.mkdir(parents=True)
    (folder / digest).write_bytes(PDF)
    service.bind(config.FilesSettings(), tmp_path / "files")
    assert content_of(file) == PDF


def test_bucket_without_its_library_is_refused_at_the_start(monkeypatch, tmp_path, back_to_the_usual):
    monkeypatch.setattr(storage, "find_spec", lambda name: None)
    with pytest.raises(config.WrongSetting, match="yinqiao\\[s3\\]"):
        service.bind(config.FilesSettings("s3://bucket"), tmp_path)
