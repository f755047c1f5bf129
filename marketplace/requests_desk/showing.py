"""What pages of requests need to speak of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue

from marketplace import regions
from marketplace.accounts.models import User
from marketplace.organisations.models import Organisation
from marketplace.phrases import Label, Phrase, say
from marketplace.requests_desk import assigning, routes, stewards
from marketplace.requests_desk.lists import Filters
from marketplace.requests_desk.models import LADDER, Level, Request, Step, Topic
from marketplace.requests_desk.vocabulary import LEVELS, STEP_TONES, STEPS, TOPICS, WHATS
from marketplace.web.language import current, words

NOT_NOW = say("This cannot be done with the request now, or not by you. Look at where it stands.")
DUE = {
    "open": Label("未办结", "Not settled yet"), "late": Label("已逾期", "Overdue"),
    "mine": Label("待我办理", "Mine to do"),
}
NAMES: dict[str, Phrase] = {
    "q": say("Words"), "step": say("State"), "topic": say("Topic"), "level": say("Level"), "due": say("Due"),
    "event": say("Event"),
}
Choice = TypeVar("Choice", Step, Topic, Level)


def page(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    """A template with the words of this room at hand."""
    html = render_template(
        template, topics=TOPICS, levels=LEVELS, steps=STEPS, tones=STEP_TONES, whats=WHATS, dues=DUE, names=NAMES,
        who_answers=assigning.who_answers, **context,
    )
    return make_response(html, status)


def filters_of(given: Mapping[str, str]) -> Filters:
    """What the address asks for; anything that is no choice narrows nothing."""
    due = given.get("due", "")
    return Filters(
        q=given.get("q", "").replace("\0", "").strip()[:100], step=_one_of(Step, given.get("step")),
        topic=_one_of(Topic, given.get("topic")), level=_one_of(Level, given.get("level")),
        due=due if due in DUE else "", event=given.get("event", "").replace("\0", "")[:40],
    )


def chips(filters: Filters) -> list[tuple[str, Phrase, Any]]:
    """(argument, what it is called, what is chosen) of every filter that is set."""
    said: dict[str, Mapping[Any, Label]] = {"step": STEPS, "topic": TOPICS, "level": LEVELS, "due": DUE}
    chosen = ((name, getattr(filters, name)) for name in NAMES)
    return [(name, NAMES[name], said[name][value] if name in said else value) for name, value in chosen if value]


def suggested(one: Request) -> dict[str, Any]:
    """What the form of assigning begins with: whom the table names for the next level."""
    above = LADDER[LADDER.index(one.level):] if one.handler is None and one.steward is None else (
        LADDER[LADDER.index(one.level) + 1:])
    to = next(filter(None, (assigning.routed(one, level) for level in above)), None)
    given: dict[str, Any] = {"version": one.version}
    return given if to is None else {**given, "to": to.code, "department": to.department, "days": to.days}


def target_groups(actor: User, one: Request) -> list[tuple[str, list[tuple[str, str]]]]:
    """For the form: level by level, who could answer."""
    found, parks = assigning.targets(actor, one), stewards.of_parks(one.organisation)

    def called(to: assigning.Target) -> str:
        if to.steward is None:
            return str(words(to.handler))
        return f"{to.steward.name} · {words(parks[to.steward])}" if to.steward in parks else to.steward.name

    return [(words(LEVELS[level]), [(to.code, called(to)) for to in every]) for level, every in found.items() if every]


def body_groups(bodies: Iterable[Organisation]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[Level, list[tuple[str, str]]] = {}
    for body in bodies:
        groups.setdefault(routes.LEVEL_OF[body.kind], []).append((str(body.id), words(body)))
    return [(words(LEVELS[level]), groups[level]) for level in LADDER if level in groups]


def for_routes() -> dict[str, Any]:
    return {"topics": TOPICS, "levels": LEVELS, "regions": regions.choices(current())}


def sent_version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _one_of(kind: type[Choice], given: str | None) -> Choice | None:
    return kind(given) if given in {one.value for one in kind} else None
