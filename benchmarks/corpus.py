"""Listings to measure with: made up from a seed, in Chinese and English, and real texts where they are present.

The real ones (../shared/data) are read where they lie and never copied into the project.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from marketplace import clock
from marketplace.listings import vocabulary as words
from marketplace.listings.models import Kind

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

_PARTS = ("how", "what", "act", "tail")


def _bank(**parts: str) -> dict[str, list[str]]:
    return {name: " ".join(words.split()).split("/") for name, words in parts.items()}


_ZH = _bank(
    how="阻燃/耐磨/耐腐蚀/低温/高压/超薄/柔性/高导热/抗菌/可降解/低功耗/高精度/快速/无损/在线/原位/连续/微波/等离子体/超声/磁控/生物/光催化/电化学"
        "/深度学习/图神经网络/数字孪生/红外/太赫兹/量子",
    what="锂电池/隔膜/电解液/正极材料/轴承/齿轮箱/焊缝/涂层/催化剂/膜组件/传感器/激光雷达/机械臂/光纤/电机/变压器/逆变器/芯片/封装/陶瓷/复合材料"
         "/铝合金/高温合金/橡胶/树脂/纤维/疫苗/抗体/酶制剂/发酵罐/废水/烟气/污泥/土壤/秸秆/稻米/茶叶/果蔬/水产/饲料",
    act="制备/检测/回收/改性/修复/分离/提纯/监测/预警/成型/焊接/封装/诊断/控制/识别/筛选/发酵/干燥/储运/评价",
    tail="技术/工艺/装置/系统/方法/平台/材料/设备/软件/服务",
)
_EN = _bank(
    how="flame-retardant/wear-resistant/corrosion-resistant/low-temperature/high-pressure/ultra-thin/flexible/"
        "heat-conducting/antibacterial/degradable/low-power/precise/fast/non-destructive/online/in-situ/continuous/"
        "microwave/plasma/ultrasonic/magnetron/biological/photocatalytic/electrochemical/deep learning/graph network/"
        "digital twin/infrared/terahertz/quantum",
    what="lithium battery/separator/electrolyte/cathode/bearing/gearbox/weld/coating/catalyst/membrane/sensor/lidar/"
         "robot arm/optical fibre/motor/transformer/inverter/chip/package/ceramic/composite/aluminium alloy/superalloy/"
         "rubber/resin/fibre/vaccine/antibody/enzyme/fermenter/waste water/flue gas/sludge/soil/straw/rice/tea/fruit/"
         "seafood/feed",
    act="preparation/inspection/recycling/modification/repair/separation/purification/monitoring/early warning/"
        "forming/welding/packaging/diagnosis/control/recognition/screening/fermentation/drying/storage/assessment",
    tail="technology/process/device/system/method/platform/material/equipment/software/service",
)
_REGIONS = (
    "440300", "440100", "320500", "320100", "310000", "110000", "330100", "510100", "420100", "610100", "SG", "DE",
)
_INDUSTRIES = ("C38", "C26", "C35", "C39", "C27", "I65", "M73", "N77", "A01")


def listings(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """`count` listings as column values (and `details`): real ones, then made-up ones; a quarter are needs."""
    chance = random.Random(seed)
    made = chain((_of_text(chance, *text) for text in real_texts()), (_made_up(chance) for _ in iter(int, 1)))
    return islice(made, count)


@cache
def real_texts() -> tuple[tuple[str, str, str, tuple[str, ...]], ...]:
    """(language, title, text, keywords) of what is in ../shared/data; nothing when it is not there."""
    found: list[tuple[str, str, str, tuple[str, ...]]] = []
    papers, awards = DATA / "csl" / "papers.jsonl", DATA / "sbir" / "results.jsonl.gz"
    if papers.exists():
        for line in papers.open(encoding="utf-8"):
            row = json.loads(line)
            found.append(("zh", row["title"], row["abstract"], tuple(row["keywords"][:12])))
    if awards.exists():
        with gzip.open(awards, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        found += [("en", row["title"], row["abstract"], ()) for row in rows if row["title"] and row["abstract"]]
    return tuple(found)


def queries(count: int, seed: int = 2) -> list[dict[str, str]]:
    """Search arguments as people send them: a few words of a title, half a word, a slip of the finger, filters."""
    chance = random.Random(seed)
    titles = [row["title"] for row in listings(5_000, seed=3)]
    made: list[dict[str, str]] = []
    while len(made) < count:
        asked = {"q": words_of(chance, chance.choice(titles))}
        if chance.random() < 0.15:
            asked["q"] = asked["q"][:-1]
        if chance.random() < 0.3:
            asked["field"] = chance.choice(list(words.FIELDS))
        if chance.random() < 0.2:
            asked["kind"] = chance.choice(["result", "need"])
        if chance.random() < 0.1:
            asked |= {"trl_min": "5", "region": "440000"}
        if chance.random() < 0.1:
            asked["sort"] = "newest"
        made.append(asked)
    return made


def words_of(chance: random.Random, title: str) -> str:
    if title.isascii():
        parts = [part for part in title.replace(",", " ").split() if len(part) > 3] or title.split()
        start = chance.randrange(len(parts))
        return " ".join(parts[start : start + chance.choice((1, 2, 2, 3))])
    start = chance.randrange(max(1, len(title) - 4))
    return title[start : start + chance.choice((2, 3, 4, 6))]


def _made_up(chance: random.Random) -> dict[str, Any]:
    language, own, other = chance.choice((("zh", _ZH, _EN), ("en", _EN, _ZH)))
    joiner, stop = ("", "。") if language == "zh" else (" ", ". ")
    places = [chance.randrange(len(own[part])) for part in _PARTS]
    picked = [own[part][place] for part, place in zip(_PARTS, places, strict=True)]
    translated = [other[part][place] for part, place in zip(_PARTS, places, strict=True)]
    sentences = [joiner.join(chance.choice(own[part]) for part in _PARTS) for _ in range(14)]
    row = _of_text(chance, language, joiner.join(picked), stop.join(sentences), tuple(picked[:3]))
    return row | {"translation": (" " if language == "zh" else "").join(translated)}


def _of_text(
    chance: random.Random, language: str, title: str, text: str, keywords: tuple[str, ...]
) -> dict[str, Any]:
    summary, rest = text[:300], text[300:3000] or text
    row = facts(chance, language) | {"title": title[:200], "summary": summary, "keywords": list(keywords)}
    longer = ("situation", "targets") if row["kind"] is Kind.NEED else ("how_it_works", "problem")
    return row | {"details": dict(zip(longer, (rest, summary), strict=True))}


def facts(chance: random.Random, language: str) -> dict[str, Any]:
    """All of a listing but its words; a quarter are needs."""
    row: dict[str, Any] = {
        "kind": Kind.NEED if chance.random() < 0.25 else Kind.RESULT, "language": language,
        "field": chance.choice(list(words.FIELDS)), "region": chance.choice(_REGIONS),
        "industry": chance.choice(_INDUSTRIES), "modes": chance.sample(list(words.MODES), 2),
        "published_at": clock.now() - timedelta(minutes=chance.randrange(500_000)),
        "valid_until": clock.today() + timedelta(days=chance.randrange(1, 365)),
    }
    if row["kind"] is Kind.NEED:
        return row | {
            "subtype": chance.choice(list(words.NEED_SUBTYPES)), "trl_min": chance.randrange(1, 8), "trl_max": 9,
            "budget_band": chance.choice(list(words.BUDGET_BANDS)),
        }
    return row | {
        "subtype": chance.choice(list(words.RESULT_SUBTYPES)), "trl": chance.randrange(1, 10),
        "price_kind": "negotiable",
    }
