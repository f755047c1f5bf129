"""What has to be done on the way of each type of contract: data. A case gets the list of its type when the type is
foreseen, and what depends on the day of signing when the contract is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from marketplace import workdays
from marketplace.introductions.models import Owes
from marketplace.phrases import Label


class Since(StrEnum):
    FORESEEN = "foreseen"
    """The day on which the type of contract was foreseen."""
    SIGNED = "signed"


@dataclass(frozen=True)
class Item:
    code: str
    title: Label
    owner: Owes
    since: Since
    days: int = 0
    working_days: int = 0
    must_not_pass: bool = False
    """A legal term: where its last day is free, the working day before."""

    def due_on(self, begins: date) -> date:
        """Counted from that day; never on a day on which nobody works."""
        if self.working_days:
            return workdays.after(begins, self.working_days)
        due = begins + timedelta(days=self.days)
        if self.must_not_pass:
            while not workdays.is_working(due) and due > begins:
                due -= timedelta(days=1)
            return due
        return workdays.first_from(due)


BROKER, NEED, RESULT, BOTH = Owes.BROKER, Owes.NEED, Owes.RESULT, Owes.BOTH
FORESEEN, SIGNED = Since.FORESEEN, Since.SIGNED

_DRAFT = Item("draft", Label("交换合同草案", "Exchange a draft of the contract"), BOTH, FORESEEN, working_days=10)
_TAX = Item("tax_view", Label("确认登记减免税与加计扣除条件", "Clear what tax relief the registration gives"), BROKER, FORESEEN,
            working_days=15)
_REGISTER = Item("register", Label("办理技术合同登记", "Register the contract"), BROKER, SIGNED, days=30, must_not_pass=True)
_KICK_OFF = Item("kick_off", Label("召开项目启动会", "Hold the kick-off meeting"), BOTH, SIGNED, days=14)
_FIRST_PAYMENT = Item("first_payment", Label("支付首期款", "Make the first payment"), NEED, SIGNED, working_days=10)
_SURVEY = Item("six_months", Label("签约 6 个月回访", "Follow up six months after signing"), BROKER, SIGNED, days=182)

TEMPLATES: dict[str, tuple[Item, ...]] = {
    "development": (
        _DRAFT,
        Item("specification", Label("书面确认技术指标与验收方法", "Agree in writing on targets and how they are accepted"), BOTH,
             FORESEEN, working_days=15),
        Item("ownership", Label("约定成果权属与后续改进", "Agree who owns results and improvements"), BOTH, FORESEEN, days=30),
        _TAX, _REGISTER, _KICK_OFF, _FIRST_PAYMENT,
        Item("mid_term", Label("中期检查", "Mid-term review"), BOTH, SIGNED, days=90),
        Item("acceptance", Label("验收准备：样机与测试报告", "Prepare acceptance: prototype and test report"), RESULT, SIGNED, days=180),
        _SURVEY,
    ),
    "transfer": (
        _DRAFT,
        Item("title_check", Label("查核权属、质押与许可负担", "Check title, pledges and licences on the right"), BROKER, FORESEEN,
             working_days=10),
        Item("valuation", Label("完成评估或挂牌公示（国有单位）", "Value it, or publish the price (state-owned parties)"), RESULT,
             FORESEEN, days=30),
        _TAX, _REGISTER, _FIRST_PAYMENT,
        Item("recordal", Label("向国家知识产权局办理著录项目变更", "Record the change of owner at the patent office"), RESULT, SIGNED,
             days=60),
        Item("handover", Label("交付技术资料并培训", "Hand over the documents and train"), RESULT, SIGNED, days=45),
        _SURVEY,
    ),
    "licence": (
        _DRAFT,
        Item("scope", Label("书面确认许可方式、地域与期限", "Agree in writing on kind, territory and term of the licence"), BOTH, FORESEEN,
             working_days=15),
        Item("fees", Label("约定入门费与提成的核算方法", "Agree how entry fee and royalties are reckoned"), BOTH, FORESEEN, days=21),
        _TAX, _REGISTER, _KICK_OFF, _FIRST_PAYMENT,
        Item("filing", Label("专利实施许可合同备案", "File the patent licence"), RESULT, SIGNED, days=90, must_not_pass=True),
        Item("handover", Label("交付技术资料并培训", "Hand over the documents and train"), RESULT, SIGNED, days=45),
        Item("mid_term", Label("试产复核", "Review the trial production"), BOTH, SIGNED, days=90),
        _SURVEY,
    ),
    "consulting": (
        Item("questions", Label("书面确认要回答的问题", "Agree in writing which questions are to be answered"), NEED, FORESEEN,
             working_days=5),
        _DRAFT, _REGISTER, _FIRST_PAYMENT,
        Item("interim", Label("提交中期报告", "Deliver the interim report"), RESULT, SIGNED, days=30),
        Item("report", Label("提交咨询报告", "Deliver the report"), RESULT, SIGNED, days=60),
        _SURVEY,
    ),
    "service": (
        Item("conditions", Label("确认现场条件与样品", "Settle site conditions and samples"), NEED, FORESEEN, working_days=5),
        _DRAFT, _REGISTER, _KICK_OFF, _FIRST_PAYMENT,
        Item("delivery", Label("交付服务成果", "Deliver the service"), RESULT, SIGNED, days=60),
        Item("acceptance", Label("验收并付尾款", "Accept it and pay the balance"), NEED, SIGNED, days=90),
        _SURVEY,
    ),
}
"""Type of contract (listings.vocabulary.CONTRACT_TYPES) -> what is to be done."""


def code_of(contract_type: str, item: Item) -> str:
    """What a task keeps of the item it comes from."""
    return f"{contract_type}.{item.code}"


def title_of(code: str) -> Label | None:
    """The words of the item with this code; None when there is none any more."""
    contract_type, _, name = code.partition(".")
    return next((item.title for item in TEMPLATES.get(contract_type, ()) if item.code == name), None)
