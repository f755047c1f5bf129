"""What notices are about, and how often each kind is mailed: data, for the service, the settings page and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace import clock, workdays
from marketplace.phrases import Label


class Kind(StrEnum):
    YOUR_TURN = "your_turn"
    REMINDERS = "reminders"
    MESSAGES = "messages"
    MEETINGS = "meetings"
    NEWS = "news"
    MATCHES = "matches"
    LISTINGS = "listings"
    ORGANISATION = "organisation"
    EVENTS = "events"
    REQUESTS = "requests"
    SUPPLIERS = "suppliers"
    INVITATIONS = "invitations"


class Frequency(StrEnum):
    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


@dataclass(frozen=True)
class About:
    label: Label
    explains: Label
    usual: Frequency
    """What applies to who has chosen nothing."""
    must: bool = False
    """Somebody else waits for it: it may be collected, never switched off."""


KINDS: dict[Kind, About] = {
    Kind.YOUR_TURN: About(
        Label("轮到您", "Your turn"), Label("一项对接的下一步由您完成", "The next step of an introduction is yours"),
        Frequency.AT_ONCE, must=True),
    Kind.REMINDERS: About(
        Label("提醒", "Reminders"),
        Label("有事到期未办，或需要您过问", "Something is overdue, or needs you to look after it"), Frequency.AT_ONCE),
    Kind.MESSAGES: About(
        Label("留言", "Messages"),
        Label("有人在对接中给您留言", "Somebody wrote to you about an introduction"), Frequency.AT_ONCE),
    Kind.MEETINGS: About(
        Label("会面与任务", "Meetings and tasks"),
        Label("会面邀请、改期，以及交给您的任务", "Invitations, new dates, and what you are asked to do"),
        Frequency.AT_ONCE),
    Kind.NEWS: About(
        Label("对接进展", "News of a case"),
        Label("您参与的对接有了进展，暂时不需要您做什么", "An introduction of yours has moved; nothing to do yet"),
        Frequency.DAILY),
    Kind.MATCHES: About(
        Label("匹配与推荐", "Matches and suggestions"),
        Label("技术经理人为您推荐的需求或成果", "Needs and results that a broker thinks may suit yours"),
        Frequency.DAILY),
    Kind.LISTINGS: About(
        Label("供需信息与审核", "Listings and review"),
        Label("您的供需信息的审核、到期与答复", "Review, expiry and answers about your listings"),
        Frequency.AT_ONCE),
    Kind.ORGANISATION: About(
        Label("机构与账号", "Organisation and account"),
        Label("机构核验、成员变动和您的账号", "Verification, members, and your account"), Frequency.AT_ONCE),
    Kind.EVENTS: About(
        Label("活动", "Events"), Label("您报名的活动的变化", "Changes of events you have registered for"),
        Frequency.AT_ONCE),
    Kind.REQUESTS: About(
        Label("企业诉求", "Requests to parks and authorities"),
        Label("您提出的诉求的办理与答复，以及交给您办理的诉求",
              "Who answers what you asked, the answers, and requests you are to answer"), Frequency.AT_ONCE),
    Kind.SUPPLIERS: About(
        Label("供应商库", "Supplier libraries"),
        Label("入库申请、审核结果与到期续期", "Applications, what the buyer decided, and renewal"), Frequency.AT_ONCE),
    Kind.INVITATIONS: About(
        Label("活动邀请", "Invitations to events"),
        Label("主办方认为适合您的活动；选“不发邮件”即不再邀请您",
              "Events the organisers think suit you; without mail you are not invited at all"), Frequency.AT_ONCE),
}

_AT = f"{workdays.HOUR}:00"
FREQUENCIES: dict[Frequency, Label] = {
    Frequency.AT_ONCE: Label("立即发送", "At once"),
    Frequency.DAILY: Label(f"每个工作日 {_AT} 汇总", f"Every working day at {_AT}"),
    Frequency.WEEKLY: Label(f"每周第一个工作日 {_AT} 汇总", f"First working day of the week at {_AT}"),
    Frequency.NEVER: Label("不发邮件", "No mail"),
}

_BY_PAGE = {
    "introductions": Kind.NEWS, "desk": Kind.REMINDERS, "listings": Kind.LISTINGS, "needs": Kind.LISTINGS,
    "events": Kind.EVENTS, "requests": Kind.REQUESTS, "suppliers": Kind.SUPPLIERS,
}


def of_page(url: str) -> Kind:
    """The kind of a notice whose writer names none: by the page it leads to."""
    return _BY_PAGE.get(url.strip("/").partition("/")[0], Kind.ORGANISATION)


def next_digest(frequency: Frequency, now: datetime) -> datetime | None:
    """When what happens now is mailed; None for what is not collected."""
    today = now.astimezone(clock.PLACE).date()
    if frequency is Frequency.DAILY:
        at = workdays.beginning(workdays.first_from(today))
        return at if at > now else workdays.beginning(workdays.after(today, 1))
    if frequency is not Frequency.WEEKLY:
        return None
    monday = today - timedelta(days=today.weekday())
    at = workdays.beginning(workdays.first_from(monday))
    while at <= now:
        monday += timedelta(days=7)
        at = workdays.beginning(workdays.first_from(monday))
    return at
