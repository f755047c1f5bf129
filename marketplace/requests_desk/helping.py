"""Answers that everybody may read: edited by operators so that nobody learns who asked, and found by their words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import category, normalize

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.organisations.permissions import Reader
from marketplace.phrases import say
from marketplace.requests_desk import telling
from marketplace.requests_desk.assigning import STALE, changing, note_act
from marketplace.requests_desk.models import HelpAnswer, Request, Topic, What
from marketplace.requests_desk.permissions import can_publish, is_operator
from search import text as reading

TEXTS = ("question_zh", "question_en", "answer_zh", "answer_en")
LONGEST = {"question_zh": 200, "question_en": 200, "answer_zh": 6_000, "answer_en": 6_000, "source": 200}
MOST_WORDS = 8
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_MOBILE = re.compile(r"(?<!\d)(?:86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)")
_LEGAL_FORM = re.compile(
    r"(?<=\w)(?:(?:股份|集团)*有限(?:责任)?公司|(?:[\s,.]+(?:co|company|inc|ltd|limited|llc|corp|gmbh))+\.?)$")
"""What a company is called without it, it is called as well."""


def get(actor: Reader, number: int) -> HelpAnswer:
    """One that may be read; operators also read what was taken down."""
    found = session.get(HelpAnswer, number)
    if found is None or (found.retracted_at is not None and not is_operator(actor)):
        raise NotFound
    return found


def of_request(request: Request) -> HelpAnswer | None:
    return session.scalar(select(HelpAnswer).where(HelpAnswer.request_id == request.id))


def find(
    text: str = "", topic: Topic | None = None, *, page: int = 1, size: int = 20
) -> tuple[Sequence[HelpAnswer], int]:
    """(one page of what is published: what has most of the words first, else the newest; how many there are)."""
    which: list[ColumnElement[bool]] = [HelpAnswer.retracted_at.is_(None)]
    if topic is not None:
        which.append(HelpAnswer.topic == topic)
    order: list[Any] = [HelpAnswer.published_at.desc(), HelpAnswer.id.desc()]
    wanted = list(dict.fromkeys(reading.key_words(text[:200])))[:MOST_WORDS]
    if wanted:
        hits = [_says(word) for word in wanted]
        which.append(or_(*hits))
        order.insert(0, sum((case((hit, 1), else_=0) for hit in hits[1:]), case((hits[0], 1), else_=0)).desc())
    elif text.strip():
        return [], 0
    total = session.scalar(select(func.count()).select_from(HelpAnswer).where(*which)) or 0
    rows = select(HelpAnswer).where(*which).order_by(*order).limit(size).offset((page - 1) * size)
    return session.scalars(rows).all(), total


def counts() -> dict[Topic, int]:
    """How many are published of each topic."""
    rows = session.execute(
        select(HelpAnswer.topic, func.count()).where(HelpAnswer.retracted_at.is_(None)).group_by(HelpAnswer.topic))
    return dict(rows.all())


def request_of(answer: HelpAnswer) -> Request | None:
    return session.get(Request, answer.request_id) if answer.request_id else None


def form_of(answer: HelpAnswer) -> dict[str, Any]:
    """For the form of changing it."""
    return {"topic": answer.topic.value, "version": answer.version, **{name: getattr(answer, name) for name in LONGEST}}


def draft_of(request: Request) -> dict[str, Any]:
    """What the form of publishing begins with: the company's own words are to be rewritten, not copied."""
    return {"topic": request.topic.value, "question_zh": request.title, "answer_zh": request.answer,
            "source": request.handler.name if request.handler else ""}


def publish(
    actor: User, request: Request | None, content: Mapping[str, Any], *, existing: HelpAnswer | None = None,
    version: int | None = None,
) -> HelpAnswer:
    """Let everybody read an answer, or change what they read. `request`: the one it was given to, if any."""
    require(can_publish(actor, None if existing else request), say("Operators publish an answer, once there is one."))
    given = _checked(request, content)
    if existing is not None and version is not None and version != existing.version:
        raise Conflict(STALE)
    with changing(), transaction():
        now = clock.now()
        answer = existing or HelpAnswer(published_at=now, published_by_id=actor.id,
                                        request_id=request.id if request else None)
        is_new = existing is None or existing.retracted_at is not None
        for name, value in given.items():
            setattr(answer, name, value)
        answer.changed_at, answer.retracted_at = now, None
        _keep(answer)
        audit.record(actor.id, "request.help_published", "help answer", answer.id)
        if request is not None and is_new:
            note_act(actor, request, What.PUBLISHED)
            telling.steward(request, say("The answer to “{title}” stands on the help page now, without the company's "
                                         "name.", title=request.title), actor, telling.fact_of(request, "published"))
    return answer


def retract(actor: User, answer: HelpAnswer) -> None:
    """Nobody reads it any more; it can be published again."""
    require(is_operator(actor))
    if answer.retracted_at is not None:
        return
    with changing(), transaction():
        answer.retracted_at = clock.now()
        session.flush()
        audit.record(actor.id, "request.help_retracted", "help answer", answer.id)
        request = request_of(answer)
        if request is not None:
            note_act(actor, request, What.RETRACTED)


def _keep(answer: HelpAnswer) -> None:
    try:
        with session.begin_nested():
            session.add(answer)
            session.flush()
    except IntegrityError:
        raise Conflict(say("A colleague has just published this answer. Open it and change what is there.")) from None


def _checked(request: Request | None, content: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: (content.get(name) or "").strip() or None for name in LONGEST}
    faults: dict[str, str] = {}
    for name, text in given.items():
        if text is not None and len(text) > LONGEST[name]:
            faults[name] = say("At most {max} characters; this has {given}.", max=LONGEST[name], given=len(text))
    if not (given["question_zh"] or given["question_en"]):
        faults["question_zh"] = say("Write the question in one language at least.")
    if not (given["answer_zh"] or given["answer_en"]):
        faults["answer_zh"] = say("Write the answer in one language at least.")
    for name in LONGEST:
        told = _tells_who(request, given[name] or "")
        if told and name not in faults:
            faults[name] = say("This says “{what}”, by which readers know who asked. Write it without.", what=told)
    if faults:
        raise Invalid(faults)
    return {"topic": Topic(content["topic"]), **given}


def _tells_who(request: Request | None, text: str) -> str | None:
    """The name, address or number in the text that leads to whoever asked."""
    read = _plain(text)
    if request is not None:
        people = session.scalars(select(User.name).where(User.id == request.raised_by_id)).all()
        company = request.organisation
        names = [company.name, company.name_en, company.credit_code, *people]
        for name in [*names, *(_LEGAL_FORM.sub("", _plain(name)) for name in names[:2] if name)]:
            if name and len(name) > 1 and _stands_in(_plain(name), read):
                return name
    found = _MAIL.search(read) or _MOBILE.search(read)
    return found[0] if found else None


def _plain(text: str) -> str:
    """As readers see it, however it was typed: full width, capitals, invisible characters."""
    return "".join(c for c in normalize("NFKC", text).casefold() if category(c) != "Cf")


def _stands_in(name: str, text: str) -> bool:
    """As whole words, where it is made of such: Li is not in “apply”. However the words are parted."""
    letters = [re.escape(c) for c in name if not c.isspace()]
    before, after = (r"(?<![a-z0-9])" if name[0].isascii() else "", r"(?![a-z0-9])" if name[-1].isascii() else "")
    return re.search(before + r"\s*".join(letters) + after, text) is not None


def _says(word: str) -> ColumnElement[bool]:
    columns = (HelpAnswer.question_zh, HelpAnswer.question_en, HelpAnswer.answer_zh, HelpAnswer.answer_en,
               HelpAnswer.source)
    return or_(*(func.coalesce(column, "").icontains(word, autoescape=True) for column in columns))
