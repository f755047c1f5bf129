"""What people send as a listing's content, read into values: forms, JSON and spreadsheet rows all pass here.

Written by hand rather than as a marshmallow schema because an import passes tens of thousands of rows through it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from marshmallow import ValidationError

from marketplace import regions
from marketplace.listings.classifications import find_industry, normal_ipc
from marketplace.listings.completeness import disagreements, missing
from marketplace.listings.fields import BY_NAME, Field, Shape, is_empty
from marketplace.listings.models import Kind
from marketplace.listings.vocabulary import IP_STATUSES, IP_TYPES
from marketplace.phrases import Label, in_language, say
from marketplace.web.payloads import Day, Money

Content = dict[str, Any]
Errors = dict[str, str]

TAG_CHARACTERS = 60
IP_KEYS = ("type", "number", "status", "territory", "co_owners")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff]")
_PARTED = re.compile(r"[,，;；、\n|]")
_WHOLE = re.compile(r"(?:TRL\s*)?(\d{1,4})(?:\.0+)?(?:\s*级)?", re.IGNORECASE)
_YES = frozenset({"true", "1", "yes", "y", "on", "是", "✓"})
_NO = frozenset({"false", "0", "no", "n", "off", "否", ""})


class Unfit(Exception):
    """A value that cannot stand in its field; carries the sentence that says why and what would."""


@dataclass(frozen=True)
class Joined:
    """Several terms as one enumeration in the reader's language."""

    terms: tuple[Label | str, ...]

    def in_language(self, language: str) -> str:
        return ("、" if language == "zh" else ", ").join(str(in_language(term, language)) for term in self.terms)

    def __str__(self) -> str:
        return self.in_language("en")


def validate_content(kind: Kind, raw: Mapping[str, Any], *, for_submission: bool = False) -> tuple[Content, Errors]:
    """(content, errors by field): the fields of `raw`, in the types the table keeps, without those in error.

    Knows codes and names of choices in both languages. An empty value clears its field (None). Fields that `raw`
    does not mention are not in the content; `for_submission` complains of those a submission needs.
    """
    content: Content = {}
    errors: Errors = {}
    for name, given in raw.items():
        field = BY_NAME.get(name)
        if field is None or not field.of(kind):
            errors[str(name)[:60]] = _unknown(field)
            continue
        try:
            content[name] = READERS[field.shape](field, kind, tidy(given) if isinstance(given, str) else given)
        except Unfit as problem:
            errors[name] = problem.args[0]
    for name, message in disagreements(kind, content).items():
        errors.setdefault(name, message)
    if for_submission:
        for name, message in missing(kind, content).items():
            errors.setdefault(name, message)
    return content, errors


def tidy(text: str) -> str:
    """Without what nobody typed on purpose: control and direction-override characters, half surrogates, outer space."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()


def _unknown(field: Field | None) -> str:
    if field is None:
        return say("There is no such field.")
    return say("Only a result has this field.") if Kind.RESULT in field.kinds else say("Only a need has this field.")


def _text(field: Field, kind: Kind, given: Any) -> str | None:
    if is_empty(given):
        return None
    if isinstance(given, bool | list | dict):
        raise Unfit(say("Write text here."))
    text = given if isinstance(given, str) else tidy(str(given))
    if field.shape is Shape.TEXT:
        text = " ".join(text.split())
    if len(text) > field.longest:
        raise Unfit(say("At most {max} characters; this has {count}.", max=field.longest, count=len(text)))
    return text


@cache
def _codes(name: str, kind: Kind) -> dict[str, str]:
    """What may be written for each choice of the field -> its code."""
    found: dict[str, str] = {}
    for code, label in BY_NAME[name].choices_for(kind).items():
        for written in (code, label.zh, label.en):
            found[written.casefold()] = code
            found[re.sub(r"\s", "", written).casefold()] = code
    return found


def _code(field: Field, kind: Kind, given: Any) -> str:
    text = str(given).strip()
    known = _codes(field.name, kind)
    code = known.get(text.casefold()) or known.get(re.sub(r"\s", "", text).casefold())
    if code is None:
        choices = Joined(tuple(field.choices_for(kind).values()))
        raise Unfit(say("“{input}” is none of the choices: {choices}.", input=text[:40], choices=choices))
    return code


def _choice(field: Field, kind: Kind, given: Any) -> Any:
    if is_empty(given):
        return None
    code = _code(field, kind, given)
    return int(code) if field.name == "confidential_tier" else code


def _entries(given: Any) -> list[str]:
    if is_empty(given):
        return []
    parts = _PARTED.split(given) if isinstance(given, str) else given
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str | int | float) for part in parts):
        raise Unfit(say("Send a list of texts."))
    return list(dict.fromkeys(filter(None, (tidy(str(part)) for part in parts))))


def _choices(field: Field, kind: Kind, given: Any) -> list[str]:
    codes = {_code(field, kind, entry) for entry in _entries(given)}
    return [code for code in field.choices_for(kind) if code in codes]


def _tags(field: Field, kind: Kind, given: Any) -> list[str]:
    entries = _entries(given)
    if len(entries) > field.longest:
        raise Unfit(say("At most {max} entries; this has {count}.", max=field.longest, count=len(entries)))
    for entry in entries:
        if len(entry) > TAG_CHARACTERS:
            raise Unfit(say("“{input}…” is longer than {max} characters.", input=entry[:30], max=TAG_CHARACTERS))
    return [_ipc(entry) for entry in entries] if field.name == "ipc" else entries


def _ipc(text: str) -> str:
    symbol = normal_ipc(text)
    if symbol is None:
        raise Unfit(say("“{input}” is not an IPC symbol, such as H01M 10/0567.", input=text[:40]))
    return symbol


def _whole_number(field: Field, kind: Kind, given: Any) -> int | None:
    if is_empty(given):
        return None
    match = None if isinstance(given, bool) else _WHOLE.fullmatch(str(given).strip())
    if match is None or not 1 <= int(match[1]) <= 9:
        raise Unfit(say("“{input}” is not a level from 1 to 9.", input=str(given)[:40]))
    return int(match[1])


_DAY, _MONEY = Day(), Money()


def _by(reader: Any, given: Any) -> Any:
    if is_empty(given):
        return None
    try:
        return reader.deserialize(given)
    except ValidationError as error:
        raise Unfit(error.messages[0]) from None


def _flag(field: Field, kind: Kind, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    text = "" if given is None else str(given).strip().casefold()
    if text not in _YES and text not in _NO:
        raise Unfit(say("Answer yes or no."))
    return text in _YES


def _region(field: Field, kind: Kind, given: Any) -> str | None:
    if is_empty(given):
        return None
    code = regions.find(str(given))
    if code is None:
        raise Unfit(say("“{input}” is not a region we know. Write a city, a province or a country, or its code, "
                        "such as 深圳, 440300 or Singapore.", input=str(given)[:40]))
    return code


def _industry(field: Field, kind: Kind, given: Any) -> str | None:
    if is_empty(given):
        return None
    code = find_industry(str(given))
    if code is None:
        raise Unfit(say("“{input}” is not an industry of GB/T 4754, such as C38 or 医药制造业.", input=str(given)[:40]))
    return code


def _ip_rows(field: Field, kind: Kind, given: Any) -> list[dict[str, Any]]:
    if is_empty(given):
        return []
    if isinstance(given, str):
        given = [{"number": entry} for entry in _entries(given)]
    if not isinstance(given, list) or not all(isinstance(row, Mapping) for row in given):
        raise Unfit(say("Send a list of objects with type, number, status, territory and co_owners."))
    rows = [row for row in (_ip_row(row, n) for n, row in enumerate(given, 1)) if row]
    if len(rows) > field.longest:
        raise Unfit(say("At most {max} entries; this has {count}.", max=field.longest, count=len(rows)))
    return rows


def _ip_row(row: Mapping[str, Any], n: int) -> dict[str, Any] | None:
    unknown = set(row) - set(IP_KEYS)
    if unknown:
        raise Unfit(say("Entry {n}: there is no “{name}”.", n=n, name=str(sorted(map(str, unknown))[0])[:40]))
    texts = {key: tidy(str(row.get(key) or ""))[:200] for key in ("number", "territory")}
    owners = _co_owners(row.get("co_owners") or [], n)
    if not any(texts.values()) and not owners and not row.get("type"):
        return None
    return {
        "type": _ip_code(IP_TYPES, row.get("type"), "other", n), "number": texts["number"],
        "status": _ip_code(IP_STATUSES, row.get("status"), "not_applicable", n),
        "territory": texts["territory"], "co_owners": owners,
    }


def _ip_code(labels: Mapping[str, Label], given: Any, default: str, n: int) -> str:
    text = str(given or "").strip().casefold()
    if not text:
        return default
    for code, label in labels.items():
        if text in (code, label.zh.casefold(), label.en.casefold()):
            return code
    choices = Joined(tuple(labels.values()))
    raise Unfit(say("Entry {n}: “{input}” is none of the choices: {choices}.", n=n, input=text[:40], choices=choices))


_OWNER = re.compile(r"(.+?)\s*[:：(（]?\s*(\d{1,3}(?:\.\d+)?)\s*[%％]\s*[)）]?")


def _co_owners(given: Any, n: int) -> list[dict[str, Any]]:
    """A list of {name, share}, or one text such as “Nanshan Institute 60%, Yuehai 40%”."""
    owners: list[dict[str, Any]] = []
    if not isinstance(given, str | list):
        raise Unfit(say("Entry {n}: send the co-owners as a list of objects with name and share.", n=n))
    for entry in _PARTED.split(given) if isinstance(given, str) else given:
        if isinstance(entry, str):
            match = _OWNER.fullmatch(tidy(entry))
            entry = {"name": match[1], "share": match[2]} if match else {"name": entry, "share": None}
        name = tidy(str(entry.get("name") or "")) if isinstance(entry, Mapping) else ""
        if name:
            owners.append({"name": name[:200], "share": _share(entry.get("share"), n)})
    if sum(owner["share"] or 0 for owner in owners) > 100:
        raise Unfit(say("Entry {n}: the shares of the co-owners come to more than 100 %.", n=n))
    return owners


def _share(given: Any, n: int) -> float | None:
    if is_empty(given):
        return None
    try:
        share = float(str(given).strip(" %％"))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise Unfit(say("Entry {n}: “{input}” is not a share between 0 and 100 %.", n=n, input=str(given)[:20]))
    return share


READERS: dict[Shape, Callable[[Field, Kind, Any], Any]] = {
    Shape.TEXT: _text, Shape.LONG_TEXT: _text, Shape.CHOICE: _choice, Shape.CHOICES: _choices, Shape.TAGS: _tags,
    Shape.WHOLE_NUMBER: _whole_number, Shape.FLAG: _flag, Shape.REGION: _region, Shape.INDUSTRY: _industry,
    Shape.IP_ROWS: _ip_rows, Shape.MONEY: lambda _, __, given: _by(_MONEY, given),
    Shape.DAY: lambda _, __, given: _by(_DAY, given),
}
