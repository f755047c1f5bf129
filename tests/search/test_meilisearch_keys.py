"""The keys that operators are told to make suffice for what they are made for, and for nothing more."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search import AnyOf, Query, Term, Unavailable
from search.meilisearch import MeilisearchEngine
from tests.search.conftest import SERVED
from tests.search.imitation import Imitation

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operators.md"


@pytest.fixture
def guarded(server: Imitation) -> Imitation:
    """A server that knows the keys of the guide and no others."""
    made = [json.loads(one) for one in re.findall(r"-d '(\{.*?\})'", GUIDE.read_text(), flags=re.DOTALL)]
    assert [set(one) for one in made] == [{"description", "expiresAt", "indexes", "actions"}] * 2
    server.indexes.pop("new")
    server.keys = dict(zip(("web", "worker"), made, strict=True))
    return server


def what_the_web_does(engine: MeilisearchEngine) -> None:
    engine.ping()
    needs = (AnyOf("kind", ("need",)),)
    engine.search("listings", Query("电池 lithium", needs, facets=("kind",), highlight=("title",)))
    engine.search("listings", Query("石墨希 zirconocene"))
    engine.suggest("listings", "ldc")
    engine.similar("listings", [Term("lithium")])


def what_the_worker_does(engine: MeilisearchEngine) -> None:
    engine.drop("listings-rebuild")
    engine.create("listings-rebuild", SERVED)
    engine.synonyms("listings-rebuild", [["graphene", "石墨烯"]])
    engine.fill("listings-rebuild", [[{"id": 1, "title": "石墨烯"}]])
    assert engine.count("listings-rebuild") == 1
    assert engine.exists("listings")
    engine.swap("listings", "listings-rebuild")
    engine.drop("listings-rebuild")
    engine.upsert("listings", [{"id": 2, "title": "graphene"}])
    assert sorted(engine.ids("listings")) == [1, 2]
    engine.delete("listings", [1])


def test_the_webs_key_suffices_for_asking(guarded: Imitation) -> None:
    what_the_web_does(MeilisearchEngine(guarded.url, "web"))


def test_the_workers_key_suffices_for_writing_rebuilding_and_asking(guarded: Imitation) -> None:
    engine = MeilisearchEngine(guarded.url, "worker")
    what_the_worker_does(engine)
    what_the_web_does(engine)


@pytest.mark.parametrize("write", [
    lambda engine: engine.upsert("listings", [{"id": 1, "title": "x"}]), lambda engine: engine.delete("listings", [1]),
    lambda engine: engine.create("other", SERVED), lambda engine: engine.drop("listings"),
    lambda engine: engine.swap("listings", "listings"), lambda engine: engine.synonyms("listings", [["a b", "c"]]),
])
def test_the_webs_key_writes_nothing(guarded: Imitation, write: Callable[[MeilisearchEngine], Any]) -> None:
    before = guarded.indexes["listings"].settings.copy()
    with pytest.raises(Unavailable, match="does not take our key"):
        write(MeilisearchEngine(guarded.url, "web"))
    assert set(guarded.indexes) == {"listings"} and guarded.indexes["listings"].settings == before


@pytest.mark.parametrize("key", ["web", "worker"])
def test_neither_reaches_other_indexes(guarded: Imitation, key: str) -> None:
    guarded.indexes["salaries"] = guarded.indexes["listings"]
    engine = MeilisearchEngine(guarded.url, key)
    for call in (lambda: engine.search("salaries", Query("")), lambda: engine.drop("salaries")):
        with pytest.raises(Unavailable, match="does not take our key"):
            call()


@pytest.mark.parametrize("kind", ["web", "worker"])
def test_every_action_of_a_key_is_needed(guarded: Imitation, kind: str) -> None:
    work = {"web": what_the_web_does, "worker": what_the_worker_does}[kind]
    assert guarded.keys is not None
    every = guarded.keys[kind]["actions"]
    for action in every if kind == "web" else [one for one in every if one != "search"]:
        guarded.keys[kind]["actions"] = [one for one in every if one != action]
        with pytest.raises(Unavailable, match="does not take our key"):
            work(MeilisearchEngine(guarded.url, kind, attempts=1))
