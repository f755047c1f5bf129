"""The folder behind the embedded engine: which index lies in which subfolder, who may write, and what readers see.

`manifest.json` maps the name of each index to its subfolder, settings and synonyms and is only ever replaced whole, so
a reader meets the old state or the new one. `writer.lock` is held by the one process that writes; the operating system
lets go of it when that process dies, however it dies.
"""

import contextlib
import fcntl
import json
import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import tantivy

from search import Refused, Settings, Unavailable
from search.layout import FORMAT, register
from search.meanings import Memory
from search.synonyms import Groups

if TYPE_CHECKING:
    from search.vectors import Near, Placing, Rows

_OPENINGS = 5


@dataclass(frozen=True)
class Entry:
    """One index as the manifest has it."""

    folder: str
    settings: Settings
    format: int
    synonyms: Groups = ()


class Opened:
    """One index open for reading, by any number of threads. It follows what other processes commit."""

    def __init__(self, folder: Path) -> None:
        self._meta = folder / "meta.json"
        self._lock = threading.Lock()
        self._stamp = _stamp(self._meta)
        self._index = register(tantivy.Index.open(str(folder)))
        # Without this every open index keeps a thread that polls the folder, and a fork would lose it.
        self._index.config_reader(reload_policy="manual")
        self._searcher = self._index.searcher()
        self._dictionaries: dict[tuple[str, str], dict[int, list[str]]] = {}
        self._has_words: dict[str, bool] = {}
        self._memory: tuple[tantivy.Searcher | None, Memory] = (None, Memory())
        self._folder, self._rows = folder, dict[int, "Rows"]()
        self.schema = self._index.schema

    def searcher(self) -> tantivy.Searcher:
        """The last commit. tantivy replaces meta.json at each, so a look at its stamp (2 µs) is enough."""
        try:
            stamp = _stamp(self._meta)
        except FileNotFoundError:
            return self._searcher  # dropped while we read it; what is open stays readable
        if stamp != self._stamp:
            with self._lock:
                if stamp != self._stamp:
                    self._index.reload()
                    self._searcher, self._dictionaries, self._stamp = self._index.searcher(), {}, stamp
                    self._has_words = {name: True for name, known in self._has_words.items() if known}
        return self._searcher

    def memory(self, searcher: tantivy.Searcher) -> Memory:
        """What is known of the words of the searcher's commit."""
        known, memory = self._memory
        if known is not searcher or memory.is_full:
            memory = Memory()
            self._memory = (searcher, memory)
        return memory

    def forget(self) -> None:
        """Know no words any more, for those who measure what the first to ask for them waits."""
        self._memory = (None, Memory())

    def dictionary(self, name: str, letter: str) -> dict[int, list[str]]:
        """The words of a field that are made of Latin letters and begin so, by their length; read once a commit."""
        dictionaries, searcher = self._dictionaries, self._searcher
        key = (name, letter)
        if key not in dictionaries:
            known: dict[int, list[str]] = {}
            for word, _ in searcher.terms_with_prefix(name, letter):
                if word.isascii() and word.isalpha():
                    known.setdefault(len(word), []).append(word)
            dictionaries[key] = known
        return dictionaries[key]

    def has_words(self, name: str) -> bool:
        """Has any document a word in this field? (Or had one: what was once looked for there is looked for again.)"""
        known, searcher = self._has_words, self._searcher  # in this order: what is noted is never of an older commit
        if name not in known:  # an empty list is read in no time, and any other only once
            known[name] = bool(searcher.terms_with_prefix(name, "", limit=1))
        return known[name]

    def rows(self, dimensions: int) -> "Rows":
        """Its vectors. Raises Refused where what computes with them is not installed."""
        if dimensions not in self._rows:
            self._rows[dimensions] = require_vectors().Rows(self._folder, dimensions)
        return self._rows[dimensions]

    def near(self, dimensions: int) -> "Near":
        """What lies near, in the last commit."""
        searcher = self.searcher()
        near: Near = require_vectors().Near(self.rows(dimensions), searcher, self.schema)
        return near


class Shelf:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._manifest = path / "manifest.json"
        self._lock = threading.RLock()
        self._read: tuple[Any, dict[str, Entry]] = (None, {})
        self._opened: dict[str, Opened] = {}
        self._held: IO[str] | None = None

    def entries(self) -> dict[str, Entry]:
        """The manifest now; a folder without one has no indexes."""
        try:
            stamp = _stamp(self._manifest)
        except FileNotFoundError:
            return {}
        known, entries = self._read
        if stamp != known:
            entries = {name: _entry(record) for name, record in json.loads(self._manifest.read_text("utf-8")).items()}
            self._read = (stamp, entries)
            with self._lock:
                live = {entry.folder for entry in entries.values()}
                self._opened = {folder: opened for folder, opened in self._opened.items() if folder in live}
        return entries

    def entry(self, index: str) -> Entry:
        entry = self.entries().get(index)
        if entry is None:
            raise Unavailable(f"there is no index {index!r} yet")
        if entry.format != FORMAT:
            raise Unavailable(f"index {index!r} was made by another version and must be rebuilt")
        return entry

    def open(self, index: str) -> tuple[Entry, Opened]:
        for _ in range(_OPENINGS):
            entry = self.entry(index)
            try:
                return entry, self._open(entry.folder)
            except (OSError, ValueError):
                # Between the manifest and the folder a writer may have swapped and dropped it: look again.
                continue
        raise Unavailable(f"index {index!r} cannot be opened")

    def _open(self, folder: str) -> Opened:
        opened = self._opened.get(folder)
        if opened is None:
            with self._lock:
                opened = self._opened.get(folder) or Opened(self.path / folder)
                self._opened = {**self._opened, folder: opened}
        return opened

    def forget(self) -> None:
        for opened in self._opened.values():
            opened.forget()

    def hold(self) -> None:
        """Become the one writer, once; what an earlier writer left unfinished is removed."""
        with self._lock:
            if self._held is not None:
                return
            self.path.mkdir(parents=True, exist_ok=True)
            held = (self.path / "writer.lock").open("a+", encoding="utf-8")
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                held.seek(0)
                holder = held.read().strip() or "another process"
                held.close()
                raise Unavailable(f"the search index is being written by {holder}; stop it and try again") from error
            try:
                held.truncate(0)
                held.write(f"process {os.getpid()}")
                held.flush()
            except OSError:  # the disk is full: not to be kept out of the folder by our own lock the next time
                with contextlib.suppress(OSError):
                    held.close()
                raise
            self._held = held
            self._sweep()

    def release(self) -> None:
        with self._lock:
            if self._held is not None:
                self._held.truncate(0)
                self._held.close()
                self._held = None

    def write(self, entries: dict[str, Entry]) -> None:
        """Replace the manifest; when this returns every reader's next look sees it."""
        records = {name: _record(entry) for name, entry in entries.items()}
        draft = self._manifest.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(records, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._manifest)

    def make(self, schema: tantivy.Schema) -> str:
        """A new empty subfolder with an index of this schema; in no manifest yet."""
        for number in range(1, 1_000_000):
            folder = self.path / f"index-{number}"
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            tantivy.Index(schema, str(folder))
            return folder.name
        raise Refused("the index folder is full")

    def remove(self, folder: str) -> None:
        shutil.rmtree(self.path / folder, ignore_errors=True)

    def _sweep(self) -> None:
        live = {entry.folder for entry in self.entries().values()}
        for folder in self.path.glob("index-*"):
            if folder.name not in live:
                self.remove(folder.name)


def placing_in(folder: Path, settings: Settings) -> "Placing":
    """What writes the vectors of an index."""
    module = require_vectors()
    placing: Placing = module.Placing(module.Rows(folder, settings.vector), settings)
    return placing


def require_vectors() -> Any:
    """What computes with vectors. Raises Refused where it is not installed."""
    try:
        from search import vectors
    except ImportError as error:
        raise Refused(f"vectors need numpy and usearch ({error}): pip install 'yinqiao[semantic]'") from None
    return vectors


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _entry(record: dict[str, Any]) -> Entry:
    settings = dict(record["settings"])
    searchable = dict(settings.pop("searchable"))
    dimensions = settings.pop("vector", 0)
    rest: dict[str, Any] = {name: tuple(names) for name, names in settings.items()}
    groups = tuple(tuple(group) for group in record.get("synonyms", ()))
    return Entry(record["folder"], Settings(searchable=searchable, vector=dimensions, **rest), record["format"], groups)


def _record(entry: Entry) -> dict[str, Any]:
    settings = entry.settings
    return {
        "folder": entry.folder,
        "format": entry.format,
        "settings": {
            "searchable": list(settings.searchable.items()), "strings": settings.strings, "numbers": settings.numbers,
            "suggest": settings.suggest, "stored": settings.stored, "vector": settings.vector,
        },
        "synonyms": entry.synonyms,
    }
