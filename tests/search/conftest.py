"""Engines to test, and a handful of listings to find."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from search import Engine, Settings
from search.dialect import server_settings
from search.embedded import EmbeddedEngine
from search.meilisearch import MeilisearchEngine
from tests.search.imitation import Imitation
from tests.search.imitation_index import Index

SETTINGS = Settings(
    searchable={"title": 4.0, "keywords": 2.0, "body": 1.0},
    strings=("kind", "region"),
    numbers=("price", "published"),
    suggest=("title", "keywords"),
    stored=("title", "body", "keywords"),
)
LISTINGS: tuple[dict[str, Any], ...] = (
    {
        "id": 1, "title": "磷酸铁锂电池回收技术", "keywords": ["电池", "回收"], "kind": "result",
        "body": "Recycling of lithium iron phosphate batteries, LiFePO4, rated at 10 kV",
        "region": ["cn", "cn-bj"], "price": 500, "published": 1_700_000_000,
    },
    {
        "id": 2, "title": "Lithium battery separator", "keywords": ["separator"], "kind": "need",
        "body": "可降解的 PLA/PBAT 薄膜，符合 GB/T 22900", "region": ["us"], "price": 20.5, "published": 1_600_000_000,
    },
    {
        "id": 3, "title": "鈉離子電池正極材料", "keywords": [], "kind": "result",
        "body": "Café-grade sensors over wi-fi; ＡＢＣ ﬁlm", "region": ["cn"],
        "price": None, "published": 1_650_000_000,
    },
    {
        "id": 4, "title": "Solid oxide fuel cell stack", "keywords": ["fuel cell", "hydrogen"], "kind": "need",
        "body": "Needs a stack with a battery of tests", "region": None, "price": -3,
    },
)


@pytest.fixture(autouse=True)
def rolled_back() -> None:
    """Takes the place of the fixture that gives every other test a database: search knows of none."""


@pytest.fixture(params=["embedded", "imitation", "meilisearch"])
def searcher(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "embedded":
        embedded = EmbeddedEngine(tmp_path / "engine", writer=True)
        yield embedded
        embedded.close()
    elif request.param == "imitation":
        server = Imitation()
        yield MeilisearchEngine(server.url)
        server.close()
    else:
        url = os.environ.get("MEILI_URL")
        if not url:
            pytest.skip("MEILI_URL names no Meilisearch server to hold to the contract")
        yield MeilisearchEngine(url, os.environ.get("MEILI_API_KEY"))


@pytest.fixture
def empty(searcher: Engine) -> Iterator[str]:
    """An index without documents."""
    name = f"test-{uuid4().hex}"
    searcher.create(name, SETTINGS)
    yield name
    searcher.drop(name)


@pytest.fixture
def listings(searcher: Engine, empty: str) -> str:
    """An index of the four listings above."""
    searcher.upsert(empty, LISTINGS)
    return empty


# --- the adapter for Meilisearch by itself

SERVED = Settings(
    searchable={"title": 4.0, "body": 1.0}, strings=("kind", "region"), numbers=("price",), suggest=("title",),
    stored=("title",),
)


@pytest.fixture
def server() -> Iterator[Imitation]:
    """An imitation with an index of those settings, and another without any."""
    imitation = Imitation()
    imitation.indexes.update(listings=Index(), new=Index())
    imitation.indexes["listings"].change(server_settings(SERVED))
    yield imitation
    imitation.close()


@pytest.fixture
def meilisearch(server: Imitation) -> MeilisearchEngine:
    return MeilisearchEngine(server.url, "key", timeout=2, task_timeout=0.2, attempts=3, back_off=0.001)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The port and its engines know no database: on a second one these tests would say the same again."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.once)
