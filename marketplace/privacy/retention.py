"""How long what is known of people is kept: one rule a line, carried out by the worker, told on /privacy.

Some rules are carried out by the room they are about, with its own timer; they stand here so that the page, and
`yinqiao privacy report`, tell of all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from marketplace import clock, sealing
from marketplace.accounts.models import Acceptance, ApiToken, BrowserSession, KnownDevice, User
from marketplace.audit import AuditEntry
from marketplace.config import PrivacySettings
from marketplace.db import Base, session, transaction
from marketplace.finding import hits, record
from marketplace.finding.models import NewHit, SearchClick, SearchMade
from marketplace.listings import import_jobs
from marketplace.listings.models import ImportJob, Listing, State
from marketplace.messaging import inbox, mail
from marketplace.messaging.models import MailedFact, Notice, OutgoingMail
from marketplace.organisations.models import Invitation
from marketplace.phrases import Label
from marketplace.privacy import forgetting, service, settings
from marketplace.privacy.models import Deletion, DeletionState, Export

log = logging.getLogger(__name__)
PORTION = 500
MOST_PORTIONS = 20
"""In one turn: the worker has other things to do."""
_UNTOLD = {"synchronize_session": False}
WHAT = {
    "unconfirmed accounts": Label("从未确认邮箱的账号", "Accounts whose address was never confirmed"),
    "invitations": Label("无人应答的邀请", "Invitations that nobody has answered"),
    "devices": Label("许久未用的登录设备", "Devices that have not signed in for long"),
    "sessions": Label("许久未用的登录", "Sign-ins that have not been used for long"),
    "tokens": Label("已过期的 API 令牌", "API tokens that have ended"),
    "network addresses of acts": Label("操作记录中的网络地址与设备", "Addresses and devices in the record of acts"),
    "network addresses of acceptances": Label("接受条款时的网络地址", "Addresses from which terms were accepted"),
    "mails": Label("已发出的邮件（主题与收件地址）", "Mails that have left (subject and address)"),
    "rejected drafts": Label("被退回后搁置的草稿", "Drafts that were rejected and left alone"),
    "copies": Label("个人数据副本", "Copies of personal data"),
    "deletions": Label("申请注销的账号", "Accounts whose deletion was asked for"),
    "read notices": Label("已读的通知", "Notices that were read"),
    "notices": Label("未读的通知", "Notices that nobody has read"),
    "mailed facts": Label("哪个地址已就哪件事收到过邮件", "Which address was mailed about what"),
    "searches": Label("检索词（不含身份）", "What is searched for (without person)"),
    "clicks": Label("检索后打开的结果（不含身份）", "What is opened after searching (without person)"),
    "news of saved searches": Label("保存的检索的新结果", "New finds of saved searches"),
    "imports": Label("批量导入的文件与被拒的行", "Imported files and rejected rows"),
}


@dataclass(frozen=True)
class Rule:
    name: str
    """For operators; WHAT says it for people."""
    days: int
    """0: kept for good."""
    table: type[Base]
    over: ColumnElement[bool]
    """What would go now."""
    carry_out: Callable[[list[int]], object] | None = None
    """Does it to the rows with these numbers; None: their own room does."""

    @property
    def what(self) -> Label:
        return WHAT[self.name]


@dataclass(frozen=True)
class Due:
    """What a rule would do now."""

    rule: Rule
    rows: int


def rules() -> list[Rule]:
    """The rules under the settings in force, as of now."""
    return [rule for rule in _ours(settings.current(), clock.now()) if rule.days]


def every_rule() -> list[Rule]:
    """With those that other rooms carry out."""
    return [*rules(), *_of_others(clock.now())]


def report() -> list[Due]:
    """What would go if all that is due went now."""
    found = []
    for rule in every_rule():
        many = session.scalar(select(func.count()).select_from(rule.table).where(rule.over)) or 0
        found.append(Due(rule, many))
    return found


def apply() -> int:
    """The timer's turn: carry the rules out in small portions; how many rows went."""
    gone = 0
    for rule in rules():
        if rule.carry_out is None:
            continue
        went = sum(_portions(rule))
        if went:
            log.info("retention rule=%s rows=%d", rule.name, went)
        gone += went
    return gone


def _portions(rule: Rule) -> Iterator[int]:
    key: Any = rule.table.__table__.c.id
    for _ in range(MOST_PORTIONS):
        ids = list(session.scalars(select(key).where(rule.over).order_by(key).limit(PORTION)))
        session.rollback()
        if not ids or rule.carry_out is None:
            return
        rule.carry_out(ids)
        yield len(ids)
        if len(ids) < PORTION:
            return


def _ours(kept: PrivacySettings, now: datetime) -> list[Rule]:
    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    return [
        Rule("unconfirmed accounts",
             kept.unconfirmed, User, and_(
                 User.confirmed_at.is_(None), User.created_at < before(kept.unconfirmed),
                 ~User.email.endswith("@deleted.invalid")), _forget_people),
        Rule("invitations", kept.unconfirmed, Invitation,
             and_(Invitation.accepted_at.is_(None), Invitation.expires_at < before(kept.unconfirmed)),
             _deleted(Invitation)),
        Rule("devices", kept.sign_ins, KnownDevice,
             KnownDevice.last_at < before(kept.sign_ins), _deleted(KnownDevice)),
        Rule("sessions", kept.sign_ins,
             BrowserSession, BrowserSession.seen_at < before(kept.sign_ins), _deleted(BrowserSession)),
        Rule("tokens", kept.sign_ins, ApiToken,
             ApiToken.expires_at < before(kept.sign_ins), _deleted(ApiToken)),
        Rule("network addresses of acts",
             kept.addresses, AuditEntry, and_(
                 AuditEntry.at < before(kept.addresses),
                 or_(AuditEntry.address.is_not(None), AuditEntry.device.is_not(None))),
             lambda _: sealing.blank_origins(before(kept.addresses), PORTION)),
        Rule("network addresses of acceptances",
             kept.addresses, Acceptance, and_(
                 Acceptance.at < before(kept.addresses), Acceptance.address.is_not(None)), _blank_acceptances),
        Rule("mails", kept.mails,
             OutgoingMail, and_(
                 OutgoingMail.created_at < before(kept.mails),
                 or_(OutgoingMail.sent_at.is_not(None), OutgoingMail.error.is_not(None))), _forget_mails),
        Rule("rejected drafts", kept.rejected,
             Listing, and_(
                 Listing.state == State.REJECTED, Listing.published_at.is_(None),
                 Listing.changed_at < before(kept.rejected)),
             lambda ids: forgetting.drop_listings(Listing.id.in_(ids))),
        Rule("copies", kept.exports, Export, service.over(),
             lambda ids: service.end_copies(Export.id.in_(ids))),
        Rule("deletions", kept.deletion or 1, Deletion,
             and_(Deletion.state == DeletionState.WAITING, Deletion.due_at <= now)),
    ]


def _of_others(now: datetime) -> list[Rule]:
    return [
        Rule("read notices", inbox.KEPT_READ.days, Notice,
             and_(Notice.created_at < now - inbox.KEPT_READ, Notice.read_at.is_not(None))),
        Rule("notices", inbox.KEPT_UNREAD.days, Notice,
             Notice.created_at < now - inbox.KEPT_UNREAD),
        Rule("mailed facts",
             inbox.KEPT_FACTS.days, MailedFact, MailedFact.at < now - inbox.KEPT_FACTS),
        Rule("searches", record.KEPT.days, SearchMade,
             SearchMade.day < (now - record.KEPT).date()),
        Rule("clicks",
             record.KEPT.days, SearchClick, SearchClick.day < (now - record.KEPT).date()),
        Rule("news of saved searches", hits.KEPT.days, NewHit,
             NewHit.found_at < now - hits.KEPT),
        Rule("imports", import_jobs.KEPT.days,
             ImportJob, ImportJob.created_at < now - import_jobs.KEPT),
    ]


def _deleted(table: type[Base]) -> Callable[[list[int]], object]:
    key: Any = table.__table__.c.id

    def carry_out(ids: list[int]) -> None:
        with transaction():
            session.execute(delete(table).where(key.in_(ids)).execution_options(**_UNTOLD))

    return carry_out


def _forget_people(ids: list[int]) -> None:
    """Who never came. Where nothing leads to them the row goes; otherwise what says who they are."""
    for number in ids:
        person = session.get(User, number)
        if person is not None and person.confirmed_at is None:
            sealing.erase_origins_of(number)
            forgetting.forget(person)
            forgetting.drop_row(number)


def _forget_mails(ids: list[int]) -> None:
    _deleted(OutgoingMail)(ids)
    mail.forget_files(ids)


def _blank_acceptances(ids: list[int]) -> None:
    with transaction():
        these = update(Acceptance).where(Acceptance.id.in_(ids)).values(address=None)
        session.execute(these.execution_options(**_UNTOLD))
