"""What a token may be used for: a few scopes, each a row a person understands.

To read takes `read`. To change takes the one scope that the composition root has named beside the API's blueprint;
a view can ask for another with @scoped, or for none with @any_scope. A token without scopes may do all that its
person may.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Any, TypeVar

from marketplace.accounts.models import ApiToken
from marketplace.phrases import Label

View = TypeVar("View", bound=Callable[..., Any])


class Scope(StrEnum):
    READ = "read"
    LISTINGS = "write:listings"
    INTRODUCTIONS = "write:introductions"
    ACCOUNT = "write:account"
    ADMINISTER = "administer"


MEANINGS = {
    Scope.READ: Label("读取：我能看到的内容（read）", "Read what I may see (read)"),
    Scope.LISTINGS: Label(
        "写供需信息：新建、修改、提交、梳理需求，供应商库（write:listings）",
        "Write listings: enter, change, submit, refine needs; supplier libraries (write:listings)",
    ),
    Scope.INTRODUCTIONS: Label(
        "推进对接：步骤、留言、会面、任务、文件、合同，活动交流评价（write:introductions）",
        "Work on introductions: moves, messages, meetings, tasks, documents, contracts, ratings (write:introductions)",
    ),
    Scope.ACCOUNT: Label(
        "改我的订阅和通知，填问卷，提诉求，约谈和报名培训（write:account）",
        "Change my saved searches and notices, answer surveys, raise requests, wish for talks (write:account)",
    ),
    Scope.ADMINISTER: Label(
        "管理：机构与平台的设置（administer）", "Administer: what an organisation or the platform sets (administer)"
    ),
}


def scoped(scope: Scope) -> Callable[[View], View]:
    """The view asks for this scope, whatever its blueprint does; put it nearest to the function."""

    def mark(view: View) -> View:
        view.scope = scope  # type: ignore[attr-defined]
        return view

    return mark


def any_scope(view: View) -> View:
    """Any token may come, even to give itself up."""
    view.scope = None  # type: ignore[attr-defined]
    return view


def covers(token: ApiToken | None, scope: Scope | None) -> bool:
    return token is None or token.scopes is None or scope is None or scope in token.scopes


def as_kept(scopes: Collection[str] | None) -> list[str] | None:
    """As they are kept: each once, in our order."""
    return None if scopes is None else [scope.value for scope in Scope if scope in scopes]
