"""What a need leaves open: figures without units, targets without figures, words that promise and measure nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.listings.fields import BY_NAME, Field, is_empty
from marketplace.phrases import Phrase, say

MEASURED = ("targets", "outcome")
"""Texts in which somebody who could help looks for figures."""
JUDGED = ("title", "summary", "outcome", "targets", "constraints")
"""Texts in which a word of quality should be followed by how it is measured."""
MOST_WORDS = 6
LONGEST_QUOTE = 40
_QUALITIES_ZH = """
高性能 高质量 高品质 高效 高可靠 高精度 高强度 先进 领先 一流 更好 更高 更低 更强 更快 较好 较高 较低 良好
优良 优异 优秀 提高 提升 降低 减少 改善 改进 优化 增强 尽量 尽可能 尽快 适当 合适 合理 大幅 显著 明显
一定程度 稳定可靠 低成本 轻量化 智能化 绿色环保
"""
_QUALITIES_EN = """
better best improve improved improving improvement advanced excellent good optimal optimise optimize optimised
optimized efficient efficiently high-performance high-quality high-precision low-cost significant significantly
suitable reasonable appropriate state-of-the-art leading world-class as-soon-as-possible robust reliable
user-friendly cheaper faster stronger lightweight
"""
QUALITIES = tuple(_QUALITIES_ZH.split())
_ALTERNATIVES = "|".join(sorted(map(re.escape, _QUALITIES_EN.split()), key=len, reverse=True))
_EN = re.compile(rf"(?<![a-z-])(?:{_ALTERNATIVES})(?![a-z-])", re.IGNORECASE)
_STANDARD = re.compile(
    r"(?:GB|GJB|ISO|IEC|ASTM|EN|JIS|DIN|UL|QC|YY|HG|JB|SJ|DL|CAS|IEEE|SAE|ANSI|TRL|H01|C0\d)(?:/[TZ])?"
    r"[\s-]*\d[\d./-]*(?:[-—–]\d+)?", re.IGNORECASE,
)
"""Numbers that name a document measure nothing."""
_FIGURE = re.compile(
    r"(?P<before>[¥￥$€£]\s*)?(?<![\dA-Za-z])\d[\d,.]*(?:\s*(?:[-–~～至到]|to)\s*\d[\d,.]*)?(?P<after>.{0,14})",
    re.DOTALL,
)
_UNIT = re.compile(
    r"\s*(?:[×x*]\s*10\^?[-−⁻\d⁰-⁹]+\s*)?(?:"
    r"[%％‰°℃℉ΩμµÅ㎡㎜㎝㎏]|[百千万亿]?(?:元|吨|次|个|件|台|套|人|户|家|只|片|根|条|批|倍|级|层|类|种|项|圈|循环)"
    r"|(?:摄氏)?度|微米|纳米|毫米|厘米|米|公里|克|公斤|千克|毫克|升|毫升|小时|分钟|秒|毫秒|天|日|周|月|年|班|伏|安|瓦|千瓦|兆瓦|赫兹|帕|兆帕|牛|焦"
    r"|[kmnpGMTcd]?(?:m|g|s|S|A|V|W|Wh|Ah|Hz|Pa|N|J|L|l|mol|cd|lm|lx|bar|F|H|C|K|T|Gy|Bq|rad|bit|B|bps|px|cycles?)(?![a-zA-Z])"
    r"|(?:mm|cm|km|kg|mg|ug|ng|min|hours?|h|days?|weeks?|months?|years?|times|cycles?|pieces?|units?|percent|degrees?|ppm|"
    r"ppb|rpm|dB|eV|Nm|fps|RMB|CNY|USD|EUR|yuan|people|per)(?![a-zA-Z]))",
)
_LINE = re.compile(r"[\n;；。]+")


@dataclass(frozen=True)
class Vague:
    """A field and what it leaves open."""

    field: Field
    says: Phrase


def vague(content: Mapping[str, Any]) -> list[Vague]:
    """In the order of the form."""
    return [Vague(BY_NAME[name], said) for name, said in _found(content)]


def _found(content: Mapping[str, Any]) -> Iterator[tuple[str, Phrase]]:
    for name in dict.fromkeys((*JUDGED, *MEASURED)):
        text = content.get(name)
        if is_empty(text):
            if name in MEASURED:
                yield name, say("This says nothing yet.")
            continue
        if name in MEASURED:
            yield from ((name, said) for said in _unmeasured(str(text)))
        loose = without_figure(str(text))
        if loose:
            yield name, say("Words that measure nothing by themselves: {words}. Say how much, or against what.",
                            words=" · ".join(loose))


def _unmeasured(text: str) -> Iterator[Phrase]:
    bare = _STANDARD.sub(" ", text)
    if not any(character.isdigit() for character in bare):
        yield say("There is no number in it.")
        return
    figures = list(_FIGURE.finditer(bare))
    without = [one for one in figures if not one["before"] and not _UNIT.match(one["after"])]
    if without and len(without) == len(figures):
        quoted = " ".join(without[0].group(0).split())[:LONGEST_QUOTE]
        yield say("“{figure}” has no unit.", figure=quoted)


def without_figure(text: str) -> list[str]:
    """The words of quality in sentences that have no figure."""
    loose: dict[str, None] = {}
    for line in _LINE.split(text):
        if any(character.isdigit() for character in _STANDARD.sub(" ", line)):
            continue
        loose |= dict.fromkeys(word for word in QUALITIES if word in line)
        loose |= dict.fromkeys(found.group(0).lower() for found in _EN.finditer(line))
    return list(loose)[:MOST_WORDS]
