"""What a move asks of the person who makes it: forms, the API and its documentation are drawn from this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from marketplace.introductions import agreements
from marketplace.introductions import vocabulary as words
from marketplace.introductions.models import Owes, Side
from marketplace.listings.vocabulary import CONTRACT_TYPES, CURRENCIES
from marketplace.phrases import Label, Phrase


class Shape(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    DAY = "day"
    MOMENT = "moment"
    """A day, or a day and time."""
    MONEY = "money"
    CHOICE = "choice"
    CHECKS = "checks"
    """Every choice has to be ticked."""
    FLAG = "flag"
    STAGE = "stage"
    """One of the stages the move may lead to."""
    BROKER = "broker"
    """A broker's e-mail address."""


@dataclass(frozen=True)
class Input:
    name: str
    label: Label
    shape: Shape = Shape.LONG_TEXT
    required: bool = True
    choices: Mapping[str, Label] | None = None
    longest: int = 5_000
    hint: Label | None = None
    tidy: Callable[[str], str] | None = None
    """How a text is written down, whatever way it was entered."""
    fault: Callable[[str], Phrase | None] | None = None
    """What is wrong with the tidied text."""

    @property
    def optional(self) -> Input:
        return replace(self, required=False)


COOPERATION = Input(
    "cooperation_sought", Label("希望怎样合作？", "What cooperation do you seek?"), longest=2_000,
    hint=Label("例如：许可后在我们的产线上试用；联合开发；委托检测",
               "For example: a licence and a trial on our line; joint development; a test to order"),
)
UNCLEAR = Input(
    "unclear", Label("还有什么不清楚？", "What is still unclear?"), longest=2_000,
    hint=Label("对方要回答什么，您才能判断？", "What must the other side answer before you can judge?"),
)
ABOUT_US = Input(
    "about_us", Label("我们是谁？", "Who are you?"), longest=2_000,
    hint=Label("业务、规模、谁来负责。匿名发布的一方，这段话在双方同意对接前只有技术经理人能看到",
               "Business, size, who would be in charge. If your listing is anonymous, only the broker reads this until both sides consent"),
)
NOTE = Input("note", Label("说明", "Note"), longest=2_000)
EFFECTIVE_AT = Input(
    "effective_at", Label("实际发生时间", "When it took effect"), Shape.MOMENT, required=False,
    hint=Label("留空即为现在；记录时间另行保留", "Empty means now; the time of recording is kept beside it"),
)
BROKER = Input("broker", Label("技术经理人", "Broker"), Shape.BROKER)
CHECKLIST = Input("checklist", Label("核对清单", "Checklist"), Shape.CHECKS, choices=words.CHECKLIST)
AGREE = Input("agree", Label("我已阅读条款，并代表本机构签署", "I have read the terms and sign for my organisation"), Shape.FLAG)
SIGNER = Input("signer", Label("谁签的", "Whose signature"), Shape.CHOICE,
               choices={side.value: words.SIDES[side] for side in Side})
HELD_ON = Input("held_on", Label("会面日期", "Date of the meeting"), Shape.DAY)
MINUTES = Input("text", Label("谈了什么", "What was said"), longest=10_000)
NEXT_ACTION = Input("next_action", Label("下一步", "Next action"), Shape.TEXT, longest=500)
OWNER = Input("owner", Label("由谁负责", "Whose turn it is"), Shape.CHOICE,
              choices={o.value: words.OWES[o] for o in words.OWES if o is not Owes.NOBODY})
DUE_ON = Input("due_on", Label("何时完成", "By when"), Shape.DAY)
ABSENT = Input("absent", Label("哪一方没有到", "Who did not come"), Shape.CHOICE,
               choices={side.value: words.SIDES[side] for side in Side})
NEW_DATE = Input("due_on", Label("改在何时", "New date"), Shape.DAY)
DATED_ON = Input("dated_on", Label("意向日期", "Date of the intent"), Shape.DAY)
INTENT = Input("text", Label("意向内容", "What is intended"), longest=10_000)
CONTRACT_TYPE = Input("contract_type", Label("合同类型", "Contract type"), Shape.CHOICE, choices=CONTRACT_TYPES)
SIGNED_ON = Input("signed_on", Label("签订日期", "Date of signing"), Shape.DAY)
VALID_FROM = Input("valid_from", Label("有效期自", "In force from"), Shape.DAY, required=False,
                   hint=Label("留空即自签订之日起", "Empty means from the day of signing"))
VALID_TO = Input("valid_to", Label("有效期至", "In force until"), Shape.DAY, required=False)
AMOUNT = Input("amount", Label("合同成交额", "Contract amount"), Shape.MONEY, required=False,
               hint=Label("填金额，或勾选“不公开”。例如 2580000、258 万元、1,234.56万",
                          "An amount, or tick “undisclosed”: 2,580,000, 258万元 and 1,234.56万 are all understood"))
CURRENCY = Input("currency", Label("币种", "Currency"), Shape.CHOICE, required=False, choices=CURRENCIES)
UNDISCLOSED = Input("undisclosed", Label("金额不公开", "Amount undisclosed"), Shape.FLAG, required=False,
                    hint=Label("不公开的金额不录入，统计中只计份数",
                               "It is not recorded; figures and ledgers count the contract without an amount"))
TECHNOLOGY_AMOUNT = Input(
    "technology_amount", Label("技术交易额", "Technology amount"), Shape.MONEY,
    hint=Label("合同成交额中扣除购置设备、仪器、零部件、原材料等非技术性费用后的金额，不高于合同成交额",
               "The contract amount without equipment, instruments, parts and raw materials; never more than the contract amount"),
)
PARTIES = Input(
    "parties", Label("签约方", "Parties"), longest=2_000, tidy=agreements.tidied_parties, fault=agreements.party_fault,
    hint=Label("每行一方，至少两方：全称，后面空一格写统一社会信用代码（境外机构可不写）",
               "One party a line, two or more: the full name, then the unified social credit code (none for a foreign party)"),
)
EVIDENCE = Input("evidence", Label("凭证", "Evidence"), longest=2_000,
                 hint=Label("合同编号、存放处或扫描件说明", "Contract number, where it is kept, or what was scanned"))
CONTRACT = (CONTRACT_TYPE, SIGNED_ON, VALID_FROM, VALID_TO, AMOUNT, CURRENCY, UNDISCLOSED, TECHNOLOGY_AMOUNT.optional, PARTIES)
REGISTRATION_NO = Input(
    "registration_no", Label("技术合同登记编号", "Registration number"), Shape.TEXT, longest=100,
    tidy=agreements.tidied_number, fault=agreements.number_fault,
    hint=Label("登记机构给出的 16 位数字，见登记证明", "The 16 digits that the registration office gave; they stand on the certificate"),
)
WAIVER_REASON = Input("waiver_reason", Label("不登记的理由", "Why it is not registered"), longest=2_000)
REACHED_ON = Input("reached_on", Label("日期", "Date"), Shape.DAY)
OUTCOME = Input("text", Label("成效", "Outcome"), longest=10_000,
                hint=Label("投入使用的地点、规模与效果，或付清款项的情况",
                           "Where it is in use, at what scale and with what effect; or the final payment"))
TO_STAGE = Input("to_stage", Label("跳到哪个阶段", "To which stage"), Shape.STAGE)
WAKES_ON = Input("wakes_on", Label("何时恢复", "Wake up on"), Shape.DAY)
REASON_CODE = Input("reason_code", Label("原因", "Reason"), Shape.CHOICE,
                    choices={code.value: label for code, label in words.REASON_CODES.items()},
                    hint=Label("会反馈给对方，但不写是谁说的", "It is passed on to the other side, without names"))
REASON_TEXT = Input("note", Label("补充说明", "In your own words"), required=False, longest=2_000)
