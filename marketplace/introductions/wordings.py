"""What people agree to, word for word, in both languages. A wording that was in force is never changed: a new
edition takes its place, and the records say which one their makers read."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.phrases import Label


@dataclass(frozen=True)
class Wording:
    edition: str
    title: Label
    opening: Label
    clauses: tuple[Label, ...]


CONSENT_TITLE = Label("同意对接", "Consent to an introduction")
CONSENTS: dict[str, Wording] = {w.edition: w for w in (
    Wording(
        "2026-1", CONSENT_TITLE,
        Label("我代表本机构，就本项对接同意：", "On behalf of my organisation, and for this introduction, I agree that:"),
        (
            Label("双方都同意后，对方可以看到本机构名称、联系人的姓名、电子邮箱与电话，以及供需信息中标明“对接后”可见的内容。",
                  "once both sides consent, the other side sees my organisation's name, the name, e-mail address and "
                  "telephone of our contact, and what our listing shows “after an introduction”."),
            Label("引桥的技术经理人为促成本次合作，可查看双方在本案中的消息、纪要与文件。",
                  "the broker reads the messages, minutes and documents of this case, in order to help it along."),
            Label("对方阅读上述内容会留下记录，本机构可随时查看。",
                  "what the other side reads of this is recorded, and we may look at the record at any time."),
            Label("在身份公开之前，可以随时撤回同意；公开之后撤回，只停止继续公开，对方已经知悉的内容无法收回。",
                  "we may withdraw this consent at any time before identities are released. Withdrawn later, it stops "
                  "what would still be released; what the other side knows already cannot be taken back."),
            Label("本同意不是合同，也不授予任何许可或权利。", "this consent is no contract and grants no licence or right."),
        ),
    ),
)}
CONSENT_IN_FORCE = "2026-1"

_SIMPLE = (
    Label("仅为评估本次合作使用对方披露的保密内容，不作他用。",
          "We use what the other side discloses only to judge this cooperation, and for nothing else."),
    Label("只让确有需要的员工接触，并要求其同样保密。",
          "We show it only to staff who need it and who are bound in the same way."),
    Label("不据此申请知识产权，不对样品做逆向分析。",
          "We file no intellectual property on it and do not reverse-engineer samples."),
    Label("对方要求时归还或销毁；保密义务自签署之日起 3 年。",
          "We return or destroy it when asked. The duty lasts three years from signing."),
)
_FULL = (
    Label("保密内容：一方为本次合作向另一方披露的、标明保密的，或按其性质应当保密的技术、经营信息与样品，不论以何种形式。",
          "Confidential is what one party discloses to the other for this cooperation, in whatever form, and marks as "
          "confidential or what is so by its nature: technical and business information, and samples."),
    Label("只用于评估和商谈本次合作，不作他用。",
          "It is used only to judge and to negotiate this cooperation, and for nothing else."),
    Label("只提供给确有需要并负有同等保密义务的员工和顾问，并对其行为负责。",
          "It is shown only to staff and advisers who need it and who are bound in the same way; each party answers "
          "for its own."),
    Label("不据此申请知识产权，不对样品作逆向分析；披露不等于许可。",
          "No intellectual property is filed on it and samples are not reverse-engineered. Disclosure grants no licence."),
    Label("下列内容不在此限：已经公开的；接收前已合法掌握的；从第三方合法取得的；独立研发的；依法必须披露的（应先通知对方）。",
          "Excepted is what is public, what the recipient lawfully had before, has from a third party or developed "
          "independently, and what the law obliges it to disclose, after telling the other party."),
    Label("一方提出要求或商谈终止时，归还或销毁保密内容及其复制件，并书面确认。",
          "When asked, or when the talks end, it is returned or destroyed with all copies, and this is confirmed in "
          "writing."),
    Label("保密义务自最后一方签署之日起生效，期限 3 年；商业秘密在其公开之前一直有效。",
          "The duty begins when the last party has signed and lasts three years; for trade secrets, until they are "
          "public."),
    Label("违反本协议造成损失的，应当赔偿。适用中华人民共和国法律；协商不成的，由披露方所在地人民法院管辖。",
          "Who breaks this agreement makes good the loss. The law of the People's Republic of China applies; failing "
          "agreement, the people's court at the seat of the disclosing party decides."),
)
NDA_TITLE = Label("双向保密协议", "Mutual non-disclosure agreement")
NDA_OPENING = Label("双方为评估和商谈本项供需的合作，约定如下：",
                    "To judge and to negotiate their cooperation on this need and this result, the parties agree:")
NON_DISCLOSURES: dict[str, Wording] = {
    "2026-1": Wording("2026-1", NDA_TITLE, NDA_OPENING, _SIMPLE),
    "2026-2": Wording("2026-2", NDA_TITLE, NDA_OPENING, _FULL),
}
NDA_IN_FORCE = "2026-2"
