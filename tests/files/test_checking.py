"""Operators find out what is missing, and take all files to another place without losing one."""

import io
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from marketplace.commands import files as commands
from marketplace.commands import ready
from marketplace.files import checking, service
from marketplace.files.storage import place_of

pytest_plugins = ("keeping",)
PDF = b"%PDF-1.4 made for a test of checks "


def put(number):
    return service.store(None, "listing", number, f"{number}.pdf", io.BytesIO(PDF + str(number).encode()))


def spoil(place, digest, content):
    place.staging.mkdir(parents=True, exist_ok=True)
    path = place.staging / "spoilt"
    path.write_bytes(content)
    place.keep(path, digest)


def test_what_agrees_is_sound(kept_in):
    for number in range(5):
        put(number)
    put(99).name = "the same bytes"
    found = checking.check(service.place(), read=True)
    assert found.is_sound and (found.files, found.unreferenced, found.faults) == (6, 0, [])


def test_missing_damaged_and_forgotten_bytes_are_told_apart(kept_in):
    missing, short, wrong, forgotten = put(1), put(2), put(3), put(4)
    place = service.place()
    place.remove(missing.digest)
    spoil(place, short.digest, b"short")
    spoil(place, wrong.digest, PDF + b"X")
    service.remove(None, forgotten)
    quick, whole = checking.check(place), checking.check(place, read=True)
    assert (quick.missing, quick.damaged, quick.unreferenced, quick.unreferenced_bytes) == (1, 1, 1, len(PDF) + 1)
    assert (whole.missing, whole.damaged, whole.is_sound) == (1, 2, False)
    assert {(one["fault"], one["name"], one["subject"]) for one in whole.faults} == {
        ("missing", "1.pdf", "listing 1"), ("damaged", "2.pdf", "listing 2"), ("damaged", "3.pdf", "listing 3"),
    }


@pytest.fixture
def elsewhere(kept_in, bucket, tmp_path):
    """A bucket for files in a folder, and the other way round."""
    if kept_in == "folder":
        return place_of(bucket, tmp_path / "staging")
    return place_of(replace(bucket, url=str(tmp_path / "new")), tmp_path / "staging")


def test_all_files_move_and_a_second_time_nothing_does(kept_in, elsewhere):
    kept = [put(number) for number in range(4)]
    first, second = checking.move(service.place(), elsewhere), checking.move(service.place(), elsewhere)
    assert (first.copied, first.there, first.bytes) == (4, 0, 4 * (len(PDF) + 1))
    assert (second.copied, second.there, second.faults) == (0, 4, [])
    assert checking.check(elsewhere, read=True).is_sound and checking.check(service.place()).is_sound
    with elsewhere.open(kept[0].digest) as stream:
        assert stream.read() == PDF + b"0"


def test_a_move_that_was_broken_off_goes_on(kept_in, elsewhere):
    for number in range(4):
        put(number)
    done = []

    def stop():
        done.append(1)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checking.move(service.place(), elsewhere, stop)
    assert len([*elsewhere.everything()]) == 2 and [*elsewhere.staging.iterdir()] == []
    moved = checking.move(service.place(), elsewhere)
    assert (moved.copied, moved.there) == (2, 2)


def test_what_is_damaged_or_missing_is_named_and_not_spread(kept_in, elsewhere):
    good, wrong, missing = put(1), put(2), put(3)
    spoil(service.place(), wrong.digest, PDF + b"X")
    service.place().remove(missing.digest)
    moved = checking.move(service.place(), elsewhere)
    assert moved.copied == 1 and [one.digest for one in elsewhere.everything()] == [good.digest]
    assert {(one["fault"], one["name"]) for one in moved.faults} == {("damaged", "2.pdf"), ("missing", "3.pdf")}


def test_operator_checks_and_moves_from_the_command_line(settings, bucket, monkeypatch, tmp_path, back_to_the_usual):
    here = replace(settings, files=replace(bucket, url=""), var=tmp_path)
    service.bind(here.files, tmp_path / "files")
    monkeypatch.setattr(ready, "settings", lambda: here)
    file = put(1)
    run = CliRunner().invoke
    told = run(commands.check, ["--json"])
    assert told.exit_code == 0 and json.loads(told.output)["files"] == 1 and json.loads(told.output)["is_sound"]
    moved = run(commands.move, ["--to", bucket.url])
    assert moved.exit_code == 0 and "1 copied" in moved.output and f"FILES_URL={bucket.url}" in moved.output
    assert "1 were there already" in run(commands.move, ["--to", bucket.url]).output
    service.place().remove(file.digest)
    told = run(commands.check, [])
    assert told.exit_code == 1 and "missing: 1.pdf" in told.output
    assert run(commands.move, ["--to", str(tmp_path / "files")]).exit_code == 1, "they lie there already"
    assert run(commands.move, ["--to", "ftp://x"]).exit_code != 0
