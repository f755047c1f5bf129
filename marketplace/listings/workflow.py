"""Every move of a listing, as one table: the service enforces it, pages draw their buttons from it, the API and the
help page print it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from marketplace.listings.models import PRIVATE_TO_ORGANISATION, Listing, State, VersionState
from marketplace.listings.permissions import can_approve, can_edit, can_mark_matched, can_review, can_withdraw
from marketplace.organisations.permissions import Reader
from marketplace.phrases import Label

STATES = {
    State.DRAFT: Label("草稿", "Draft"),
    State.AWAITING_APPROVAL: Label("待本机构审批", "Awaiting approval"),
    State.SUBMITTED: Label("待平台审核", "In review"),
    State.CHANGES_REQUESTED: Label("待修改", "Changes requested"),
    State.REJECTED: Label("未通过", "Rejected"),
    State.PUBLISHED: Label("已发布", "Published"),
    State.PAUSED: Label("已暂停", "Paused"),
    State.MATCHED: Label("已对接成功", "Matched"),
    State.RENEWAL_DUE: Label("即将到期", "Renewal due"),
    State.EXPIRED: Label("已到期", "Expired"),
    State.WITHDRAWN: Label("已撤回", "Withdrawn"),
}
STATE_TONES = {
    State.DRAFT: "neutral", State.AWAITING_APPROVAL: "waits", State.SUBMITTED: "waits",
    State.CHANGES_REQUESTED: "waits", State.REJECTED: "loss", State.PUBLISHED: "good", State.PAUSED: "neutral",
    State.MATCHED: "good", State.RENEWAL_DUE: "waits", State.EXPIRED: "loss", State.WITHDRAWN: "loss",
}
"""State -> how its badge looks, as the macro state_badge knows it."""
NEXT = {
    State.DRAFT: Label("补充完整后提交", "Complete it and submit"),
    State.AWAITING_APPROVAL: Label("等待机构管理员审批", "Your admin approves it"),
    State.SUBMITTED: Label("等待平台审核", "The platform reviews it"),
    State.CHANGES_REQUESTED: Label("按审核意见修改后重新提交", "Make the changes and submit again"),
    State.REJECTED: Label("可据此新建草稿", "Start a new draft from it"),
    State.PUBLISHED: Label("查看匹配的对方", "See who matches"),
    State.PAUSED: Label("需要时恢复发布", "Resume when you are ready"),
    State.MATCHED: Label("可重新开放", "May be offered again"),
    State.RENEWAL_DUE: Label("一键续期", "Renew with one click"),
    State.EXPIRED: Label("一键续期", "Renew with one click"),
    State.WITHDRAWN: Label("可据此新建草稿", "Start a new draft from it"),
}
"""What the organisation does next."""

PUBLISHED_ONCE = frozenset({State.PUBLISHED, State.RENEWAL_DUE, State.PAUSED, State.MATCHED, State.EXPIRED})
"""States after publication, in which a change of substance is reviewed before it shows."""

_AUTHORS = Label("本机构编辑或管理员", "editors and admins of the organisation")
_ADMIN = Label("本机构管理员", "admins of the organisation")
_REVIEWERS = Label("平台审核人员（经理人、运营人员）", "brokers and operators, except of their own organisation")


@dataclass(frozen=True)
class Action:
    name: str
    label: Label
    from_states: frozenset[State]
    to: State
    may: Callable[[Reader, Listing], bool]
    who: Label
    asks: Label | None = None
    """What must be said with it; None when nothing."""
    on_version: frozenset[VersionState] = frozenset()
    """States of a change waiting beside a published listing in which the action applies to that change instead."""
    tone: str = "quiet"
    """How its button looks: primary, quiet or danger."""
    loses: Label | None = None
    """What is lost by it, said before it is done."""

    @property
    def address(self) -> str:
        return self.name.replace("_", "-")

    def applies(self, listing: Listing) -> bool:
        return listing.state in self.from_states or self.concerns_version(listing)

    def concerns_version(self, listing: Listing) -> bool:
        """Is it the waiting change, and not the listing itself, that moves?"""
        if listing.state not in PUBLISHED_ONCE or not self.on_version:
            return False
        return listing.pending is not None and listing.pending.state in self.on_version


def _of(*states: State) -> frozenset[State]:
    return frozenset(states)


WAITING, WRITING = frozenset({VersionState.IN_REVIEW}), frozenset({VersionState.DRAFT})

ACTIONS: tuple[Action, ...] = (
    Action("submit", Label("提交", "Submit"), _of(State.DRAFT, State.CHANGES_REQUESTED), State.SUBMITTED,
           can_edit, _AUTHORS, on_version=WRITING, tone="primary"),
    Action("approve", Label("同意提交", "Approve"), _of(State.AWAITING_APPROVAL), State.SUBMITTED,
           can_approve, _ADMIN, on_version=WRITING, tone="primary"),
    Action("send_back", Label("退回修改", "Send back"), _of(State.AWAITING_APPROVAL), State.DRAFT,
           can_approve, _ADMIN, asks=Label("请说明需要修改什么", "What should the author change?")),
    Action("take_back", Label("撤回提交", "Take back"), _of(State.AWAITING_APPROVAL, State.SUBMITTED), State.DRAFT,
           can_edit, _AUTHORS),
    Action("publish", Label("通过并发布", "Publish"), _of(State.SUBMITTED), State.PUBLISHED,
           can_review, _REVIEWERS, on_version=WAITING, tone="primary"),
    Action("request_changes", Label("要求修改", "Request changes"), _of(State.SUBMITTED), State.CHANGES_REQUESTED,
           can_review, _REVIEWERS, on_version=WAITING,
           asks=Label("请说明需要修改什么，作者会看到", "What should the authors change? They read this.")),
    Action("reject", Label("不通过", "Reject"), _of(State.SUBMITTED), State.REJECTED, can_review, _REVIEWERS,
           on_version=WAITING, tone="danger", asks=Label("请说明原因，作者会看到", "Why? The authors read this."),
           loses=Label("作者不能再次提交，只能据此新建草稿。", "The authors cannot submit it again, only start a new draft from it.")),
    Action("pause", Label("暂停发布", "Pause"), _of(State.PUBLISHED, State.RENEWAL_DUE), State.PAUSED, can_edit, _AUTHORS),
    Action("resume", Label("恢复发布", "Resume"), _of(State.PAUSED, State.MATCHED), State.PUBLISHED,
           can_edit, _AUTHORS, tone="primary"),
    Action("mark_matched", Label("标记为已对接成功", "Mark as matched"), _of(State.PUBLISHED, State.RENEWAL_DUE, State.PAUSED),
           State.MATCHED, can_mark_matched,
           Label("本机构编辑或管理员、平台人员", "editors and admins of the organisation, brokers and operators")),
    Action("renew", Label("续期", "Renew"), _of(State.RENEWAL_DUE, State.EXPIRED), State.PUBLISHED,
           can_edit, _AUTHORS, tone="primary"),
    Action("withdraw", Label("撤回信息", "Withdraw"), frozenset(State) - {State.WITHDRAWN}, State.WITHDRAWN,
           can_withdraw, Label("本机构编辑或管理员；已发布的，运营人员也可", "editors and admins of the organisation; operators, once it has been submitted"),
           asks=Label("请说明撤回原因", "Why is it withdrawn?"), tone="danger",
           loses=Label("撤回后不再显示，正在进行的对接会结束；内容保留，可据此新建草稿。",
                       "It is no longer shown and its introductions end. Its content is kept; you can start a new draft from it.")),
)
BY_NAME = {action.name: action for action in ACTIONS}


def possible(actor: Reader, listing: Listing) -> list[Action]:
    """What this person may do to the listing as it stands now."""
    return [action for action in ACTIONS if action.applies(listing) and action.may(actor, listing)]


def is_private(listing: Listing) -> bool:
    return listing.state in PRIVATE_TO_ORGANISATION
