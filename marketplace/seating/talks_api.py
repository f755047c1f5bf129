"""Talks of two over JSON: the plan for those who run an event, each person's wishes and own talks."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from marketplace.accounts.scopes import Scope, scoped
from marketplace.events import attending
from marketplace.events import service as events
from marketplace.events.models import Edition
from marketplace.seating import service, talking
from marketplace.seating.api import person_json
from marketplace.seating.models import Talk, TalkDay
from marketplace.seating.slots_schemas import MyTalksOut, TalkMust, TalksOut, TalkTimes, TalkWishes
from marketplace.seating.vocabulary import WHY_NO_TALK
from marketplace.web.guard import actor
from marketplace.web.language import words

bp = Blueprint("talks_api", __name__, url_prefix="/api/v1", description="Talks of two at an event")
OF_EVENT = "/events/<ref>/talks"
PLAN = ("after", "slots", "minutes", "places", "suggests")


@bp.get(OF_EVENT)
@bp.etag
@bp.response(200, TalksOut)
def show(ref: str) -> dict[str, Any]:
    """All talks of an event, and the wishes that could not be met; for those who run events."""
    return _whole(service.edition_of(actor(), ref))


@bp.post(OF_EVENT)
@bp.arguments(TalkTimes)
@bp.response(202, TalksOut)
def arrange(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Set the times and have all talks arranged anew, which is done when `busy` is false. Hides what was published."""
    edition = service.edition_of(actor(), ref)
    talking.arrange(actor(), edition, **given)
    return _whole(edition)


@bp.post(f"{OF_EVENT}/must")
@bp.arguments(TalkMust)
@bp.response(200, TalksOut)
def must(given: dict[str, int], ref: str) -> dict[str, Any]:
    """Two who must meet: before all other wishes, never before a no. It counts when the talks are arranged next."""
    edition = service.edition_of(actor(), ref)
    talking.require_people(edition, given)
    talking.must_meet(actor(), edition, given["one"], given["other"])
    return _whole(edition)


@bp.post(f"{OF_EVENT}/publish")
@bp.response(200, TalksOut)
def publish(ref: str) -> dict[str, Any]:
    """Let everybody see their own talks, and tell those who have some. Twice changes nothing."""
    edition = service.edition_of(actor(), ref)
    talking.publish(actor(), edition)
    return _whole(edition)


@bp.get(f"{OF_EVENT}/mine")
@bp.etag
@bp.response(200, MyTalksOut)
def mine(ref: str) -> dict[str, Any]:
    """Your own talks, whom you may ask to meet, and what you have wished."""
    return _own(events.get(actor(), ref))


@bp.put(f"{OF_EVENT}/mine")
@bp.arguments(TalkWishes)
@bp.response(200, MyTalksOut)
@scoped(Scope.ACCOUNT)
def wish(given: dict[str, Any], ref: str) -> dict[str, Any]:
    """Say all that you wish; what you said before is replaced. It counts when the talks are arranged next."""
    edition = events.get(actor(), ref)
    talking.require_known(talking.mine(actor(), edition), given)
    talking.wish(actor(), edition, **given)
    return _own(edition)


def _whole(edition: Edition) -> dict[str, Any]:
    day = talking.day_of(edition)
    unmet = [{"one": person_json(one), "other": person_json(other), "must": wish.must, "why": wish.why,
              "text": words(WHY_NO_TALK[wish.why])} for one, other, wish in talking.unmet(actor(), edition)]
    talks = [{**_talk(day, talk), "one": person_json(talk.one), "other": person_json(talk.other)}
             for talk in talking.talks_of(actor(), edition) if day]
    return {
        "plan": {name: getattr(day, name) for name in PLAN} if day else None, "times": _times(day),
        "busy": day is not None and day.is_busy,
        **{name: getattr(day, name, None) for name in ("published_at", "value", "bound")},
        "talks": talks, "unmet": unmet, "people": [person_json(one) for one in attending.placed(edition)],
    }


def _own(edition: Edition) -> dict[str, Any]:
    found = talking.mine(actor(), edition)
    day = found.day
    talks = [{**_talk(day, talk), "person": person_json(found.with_whom(talk))} for talk in found.talks if day]
    wishes = {"asks": sorted(found.asks), "refuses": sorted(found.refuses), "cannot": sorted(found.cannot),
              "most": found.most}
    return {"times": _times(day), "published_at": day.published_at if day else None, "talks": talks,
            "others": [person_json(one) for one in found.others], "wishes": wishes}


def _times(day: TalkDay | None) -> list[dict[str, Any]]:
    return [{"number": slot, "begins_at": day.begins(slot), "ends_at": day.begins(slot + 1)}
            for slot in range(day.slots)] if day else []


def _talk(day: TalkDay, talk: Talk) -> dict[str, Any]:
    return {"time": talk.slot, "begins_at": day.begins(talk.slot), "place": talk.place + 1}
