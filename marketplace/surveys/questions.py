"""Questions as data: what can be asked, how an editor's rows become questions, and the ones that surveys begin with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from marketplace.errors import Invalid
from marketplace.listings.content import tidy
from marketplace.phrases import Label, say
from marketplace.surveys.models import Role

MOST, MOST_CHOICES, LONGEST_LABEL, LONGEST_CHOICE = 30, 20, 300, 100
SHORT, LONG = 200, 5_000
"""Characters of an answer."""
MOST_ORGANISATIONS = 20


class Type(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    CHOICE = "choice"
    SEVERAL = "several"
    ORGANISATIONS = "organisations"
    """Whom to meet, or not."""


CHOSEN = frozenset({Type.CHOICE, Type.SEVERAL})
TYPES = {
    Type.TEXT: Label("一行文字", "A line of text"), Type.LONG_TEXT: Label("一段文字", "A longer text"),
    Type.NUMBER: Label("数字", "A number"), Type.CHOICE: Label("单选", "One of a few"),
    Type.SEVERAL: Label("多选", "Several of a few"), Type.ORGANISATIONS: Label("机构", "Organisations"),
}
ROLES = {
    Role.NEED: Label("需求", "What they need"), Role.OFFER: Label("可提供的成果", "What they offer"),
    Role.MEET: Label("想见谁", "Whom they want to meet"), Role.AVOID: Label("不想见谁", "Whom not"),
}
FITS = {Role.NEED: {Type.TEXT, Type.LONG_TEXT}, Role.OFFER: {Type.TEXT, Type.LONG_TEXT},
        Role.MEET: {Type.ORGANISATIONS}, Role.AVOID: {Type.ORGANISATIONS}}
"""Which types can have a role."""
ROW = ("key", "zh", "en", "type", "role", "choices", "required")
"""The fields of an editor's row."""
_KEY = re.compile(r"[a-z][a-z0-9_]{0,29}")


@dataclass(frozen=True)
class Question:
    key: str
    """Stays the same while the words change, so that answers of several versions can be counted together."""
    label: Label
    type: Type
    role: Role | None = None
    choices: tuple[Label, ...] = ()
    """Their codes are "1", "2", "3" …"""
    required: bool = False

    @property
    def coded(self) -> dict[str, Label]:
        return {str(number): label for number, label in enumerate(self.choices, 1)}

    @property
    def longest(self) -> int:
        return LONG if self.type is Type.LONG_TEXT else SHORT


def kept(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """As a row of the database."""
    return [
        {"key": q.key, "zh": q.label.zh, "en": q.label.en, "type": q.type.value, "role": q.role and q.role.value,
         "choices": [[choice.zh, choice.en] for choice in q.choices], "required": q.required}
        for q in questions
    ]


def read(rows: Iterable[Mapping[str, Any]]) -> tuple[Question, ...]:
    """From a row of the database."""
    return tuple(
        Question(row["key"], Label(row["zh"], row["en"]), Type(row["type"]), Role(row["role"]) if row["role"] else None,
                 tuple(Label(zh, en) for zh, en in row["choices"]), row["required"])
        for row in rows
    )


def rows(questions: Iterable[Question]) -> list[dict[str, str]]:
    """As the editor shows them: choices one a line, both languages parted by a stroke."""
    return [
        {"key": q.key, "zh": q.label.zh, "en": q.label.en if q.label.en != q.label.zh else "", "type": q.type.value,
         "role": q.role.value if q.role else "", "required": "1" if q.required else "",
         "choices": "\n".join(c.zh if c.zh == c.en else f"{c.zh} | {c.en}" for c in q.choices)}
        for q in questions
    ]


def written(sent: Sequence[Mapping[str, str]]) -> tuple[Question, ...]:
    """The editor's rows, those left empty taken out. Raises Invalid, by `questions.<row>.<field>`."""
    errors: dict[str, str] = {}
    found: list[Question] = []
    taken = {str(row.get("key", "")) for row in sent}
    for number, row in enumerate(sent):
        if not (row.get("zh") or row.get("en")):
            continue
        key = str(row.get("key", ""))
        if not _KEY.fullmatch(key) or any(q.key == key for q in found):
            key = next(k for k in (f"q{n}" for n in range(1, 10_000)) if k not in taken)
            taken.add(key)
        found.append(_question(key, row, f"questions.{number}", errors))
    if not found:
        errors["questions"] = say("Ask at least one question.")
    if len(found) > MOST:
        errors["questions"] = say("At most {max} questions; this has {given}.", max=MOST, given=len(found))
    roles = [q.role for q in found if q.role]
    for role in {r for r in roles if roles.count(r) > 1}:
        errors["questions"] = say("Two questions ask “{what}”; answers to one of them would be lost.", what=ROLES[role])
    if errors:
        raise Invalid(errors)
    return tuple(found)


def _question(key: str, row: Mapping[str, str], place: str, errors: dict[str, str]) -> Question:
    zh, en = _label(row, "zh", place, errors), _label(row, "en", place, errors)
    type_ = Type(row["type"]) if row.get("type") in list(Type) else Type.LONG_TEXT
    role = Role(row["role"]) if row.get("role") in list(Role) else None
    if role is not None and type_ not in FITS[role]:
        needed = TYPES[next(one for one in Type if one in FITS[role])]
        errors[f"{place}.role"] = say("“{what}” needs the type “{type}”.", what=ROLES[role], type=needed)
    choices = _choices(row.get("choices", ""), f"{place}.choices", errors) if type_ in CHOSEN else ()
    if type_ in CHOSEN and len(choices) < 2:
        errors.setdefault(f"{place}.choices", say("Name at least two choices, one a line."))
    return Question(key, Label(zh or en, en or zh), type_, role, choices, bool(row.get("required")))


def _label(row: Mapping[str, str], name: str, place: str, errors: dict[str, str]) -> str:
    text = " ".join(tidy(row.get(name, "")).split())
    if len(text) > LONGEST_LABEL:
        errors[f"{place}.{name}"] = say("At most {max} characters; this has {given}.", max=LONGEST_LABEL,
                                        given=len(text))
    return text


def _choices(text: str, place: str, errors: dict[str, str]) -> tuple[Label, ...]:
    """One a line, as 中文 | English or one of them."""
    found: list[Label] = []
    for line in filter(None, (one.strip() for one in tidy(text).splitlines())):
        zh, _, en = (part.strip() for part in line.replace("｜", "|").partition("|"))
        found.append(Label(zh or en, en or zh))
        if max(len(zh), len(en)) > LONGEST_CHOICE:
            errors[place] = say("“{input}…” is longer than {max} characters.", input=line[:30], max=LONGEST_CHOICE)
    if len(found) > MOST_CHOICES:
        errors[place] = say("At most {max} choices; this has {given}.", max=MOST_CHOICES, given=len(found))
    if len({choice.zh for choice in found}) < len(found):
        errors[place] = say("The same choice stands here twice.")
    return tuple(found)


BEFORE_EVENT = (
    Question("need", Label("您想解决什么问题，或者在找什么？", "What do you need: which problem do you want solved?"),
             Type.LONG_TEXT, Role.NEED),
    Question("offer", Label("您能提供什么成果、能力或资源？", "What do you offer: results, abilities, resources?"),
             Type.LONG_TEXT, Role.OFFER),
    Question("meet", Label("您想见哪些机构？", "Whom do you want to meet?"), Type.ORGANISATIONS, Role.MEET),
    Question("avoid", Label("您不想与哪些机构同桌？（只有排座的工作人员看得到）",
                            "Whom do you not want to sit with? (Only the staff who seat people read this.)"),
             Type.ORGANISATIONS, Role.AVOID),
)
YEARLY = (
    Question("staff", Label("贵机构现有员工人数", "How many people work for you?"), Type.NUMBER),
    Question("research", Label("上一年度研发投入（万元）", "Spent on research last year, in CNY 10,000"), Type.NUMBER),
    Question("hindrance", Label("成果转化最大的障碍是什么？", "What hinders technology transfer most?"), Type.CHOICE,
             choices=(Label("找不到合适的对方", "Finding the right partner"), Label("资金", "Money"),
                      Label("技术成熟度", "Maturity of the technology"), Label("人才", "People"),
                      Label("政策与审批", "Policy and permits"), Label("其他", "Something else"))),
    Question("wanted", Label("希望平台多办哪些活动？", "Which events should there be more of?"), Type.SEVERAL,
             choices=(Label("科企见面", "Science meets company"), Label("定向采购", "Directed procurement"),
                      Label("路演", "Road-shows"), Label("政策解读", "Policy in plain words"),
                      Label("专家会诊", "Expert forums"), Label("早餐会", "Breakfast clubs"))),
    Question("satisfied", Label("您对平台的总体评价", "How satisfied are you with the platform?"), Type.CHOICE,
             choices=(Label("很满意", "Very satisfied"), Label("满意", "Satisfied"), Label("一般", "So so"),
                      Label("不满意", "Not satisfied"))),
    Question("wish", Label("还有什么想对我们说的？", "What else would you like to tell us?"), Type.LONG_TEXT),
)
