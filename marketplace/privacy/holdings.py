"""What the database knows of people, table by table: what of it they can take home, and what deletion does to it.

Every column that refers to a person or says something of one has its decision here; tests/privacy/test_holdings.py
walks the tables and fails for a column without. The copy (copying.py), the deletion (forgetting.py) and the page
/privacy are made from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from marketplace.phrases import Label


class Fate(StrEnum):
    """What deletion does."""

    KEPT = "kept"
    """It stays and leads to somebody without a name: history and figures, and the record of the other side."""
    REMOVED = "removed"
    """The row goes."""
    CLEARED = "cleared"
    """The row stays without it."""
    REPLACED = "replaced"
    """By a value that says nothing of anybody."""
    HANDED = "handed"
    """To a colleague, or cleared where there is none."""


KEPT, REMOVED, CLEARED, REPLACED, HANDED = Fate


class Purpose(StrEnum):
    ACCOUNT = "account"
    SIGN_IN = "sign-in"
    ORGANISATION = "organisations"
    LISTING = "listings"
    CASE = "cases"
    EVENT = "events"
    SEARCH = "searches"
    NOTICE = "notices"
    AUDIT = "audit"
    OPERATION = "operation"


ACCOUNT, SIGN_IN, ORGANISATION, LISTING, CASE, EVENT, SEARCH, NOTICE, AUDIT, OPERATION = Purpose


@dataclass(frozen=True)
class Table:
    """One table of the database."""

    name: str
    purpose: Purpose
    said: Label
    """What its rows are to the person whose copy shows them."""
    people: Mapping[str, Fate]
    """Columns with a person's number."""
    shows: tuple[str, ...] = ()
    """What the copy shows of the rows in which the person stands; nothing where the rows are not theirs to take."""
    addresses: Mapping[str, Fate] = field(default_factory=dict)
    """Columns with somebody's e-mail address."""
    own: Mapping[str, Fate] = field(default_factory=dict)
    """What else a row says of the person it belongs to."""


def _record(name: str, said: Label, *shows: str, **people: Fate) -> Table:
    """A record of a case: it belongs to both sides and to the figures."""
    return Table(name, CASE, said, people or {"user_id": KEPT}, ("introduction_id", *shows, "at"))


TABLES: tuple[Table, ...] = (
    Table("users", ACCOUNT, Label("账号", "Your account"), {"id": KEPT},
          ("email", "name", "phone", "language", "is_broker", "is_operator", "created_at", "confirmed_at"),
          own={"email": REPLACED, "name": REPLACED, "phone": CLEARED, "password_hash": CLEARED}),
    Table("acceptances", ACCOUNT, Label("您接受的条款版本", "Editions of terms you accepted"), {"user_id": KEPT},
          ("text", "edition", "at", "address"), own={"address": CLEARED}),
    Table("personal_exports", ACCOUNT, Label("您要过的个人数据副本", "Copies of your data you asked for"),
          {"user_id": REMOVED}, ("asked_at", "ready_at", "fetched_at")),
    Table("account_deletions", ACCOUNT, Label("注销申请", "Your wishes to delete the account"), {"user_id": KEPT},
          ("asked_at", "due_at", "state", "ended_at")),
    Table("browser_sessions", SIGN_IN, Label("登录中的浏览器", "Browsers signed in"), {"user_id": REMOVED},
          ("device", "address", "created_at", "seen_at", "remembered")),
    Table("known_devices", SIGN_IN, Label("登录过的设备", "Devices you signed in with"), {"user_id": REMOVED},
          ("device", "address", "first_at", "last_at")),
    Table("second_factors", SIGN_IN, Label("两步验证", "Second factor"), {"user_id": REMOVED}, ("since",)),
    Table("recovery_codes", SIGN_IN, Label("恢复码", "Recovery codes"), {"user_id": REMOVED}),
    Table("passkeys", SIGN_IN, Label("通行密钥", "Passkeys"), {"user_id": REMOVED},
          ("name", "created_at", "last_used_at")),
    Table("external_identities", SIGN_IN, Label("关联的外部身份", "Identities elsewhere"), {"user_id": REMOVED},
          ("issuer", "subject", "created_at", "last_used_at")),
    Table("api_tokens", SIGN_IN, Label("API 令牌", "API tokens"), {"user_id": REMOVED},
          ("name", "scopes", "created_at", "expires_at", "last_used_at")),
    Table("memberships", ORGANISATION, Label("所属机构", "Organisations you belong to"), {"user_id": REMOVED},
          ("organisation_id", "role", "joined_at")),
    Table("organisations", ORGANISATION, Label("您登记或负责的机构", "Organisations you registered or answer for"),
          {"steward_id": CLEARED, "decided_by_id": KEPT, "created_by_id": KEPT}, ("slug", "name", "created_at"),
          addresses={"mailbox": CLEARED}),
    Table("organisation_domains", ORGANISATION, Label("您登记的机构域名", "Domains you entered for an organisation"),
          {"created_by_id": KEPT, "confirmed_by_id": KEPT}, ("organisation_id", "domain", "created_at")),
    Table("park_members", ORGANISATION, Label("您负责或登记的园区成员", "Members of a park you answer for or entered"),
          {"steward_id": CLEARED, "created_by_id": KEPT}, ("park_id", "organisation_id", "since")),
    Table("park_partnerships", ORGANISATION, Label("您经手的园区互访", "Partnerships of parks you began or agreed"),
          {"asked_by_id": KEPT, "agreed_by_id": KEPT}, ("park_id", "partner_id", "asked_at", "agreed_at")),
    Table("invitations", ORGANISATION, Label("邀请", "Invitations to you and by you"), {"invited_by_id": KEPT},
          ("organisation_id", "role", "created_at", "accepted_at"), addresses={"email": REMOVED}),
    Table("listings", LISTING, Label("您撰写或作为联系人的供需信息", "Listings you wrote or are the contact of"),
          {"contact_id": HANDED, "created_by_id": KEPT}, ("ref", "kind", "title", "state", "created_at", "changed_at")),
    Table("listing_versions", LISTING, Label("您提交或审核的版本", "Versions you made or decided on"),
          {"created_by_id": KEPT, "decided_by_id": KEPT},
          ("listing_id", "number", "state", "created_at", "decided_at")),
    Table("import_jobs", LISTING, Label("批量导入", "Imports"), {"actor_id": KEPT},
          ("kind", "file_name", "state", "created_at", "finished_at")),
    Table("files", LISTING, Label("您上传的文件", "Files you uploaded"), {"added_by_id": KEPT},
          ("id", "subject_kind", "name", "media_type", "size", "added_at")),
    Table("match_feedback", LISTING, Label("您对匹配结果的意见", "What you said of matches"), {"said_by_id": KEPT},
          ("need_id", "result_id", "reason", "note", "said_at")),
    Table("comparisons", CASE, Label("您修改的比较", "Comparisons you changed"), {"changed_by_id": KEPT},
          ("need_id", "changed_at")),
    _record("comparison_scores", Label("您的评分", "Points you gave"), "points", "note"),
    _record("comparison_stars", Label("您的标记", "Answers you starred")),
    Table("refinements", CASE, Label("需求打磨", "Needs being refined with you"),
          {"asked_by_id": KEPT, "broker_id": KEPT}, ("listing_id", "step", "asked_at")),
    Table("refinement_acts", CASE, Label("需求打磨中的操作", "What you did to needs being refined"),
          {"actor_id": KEPT}, ("what", "note", "at")),
    Table("refinement_questionnaires", CASE, Label("您填写的问卷", "Questions you answered"),
          {"changed_by_id": KEPT}, ("changed_at",)),
    Table("introductions", CASE, Label("您发起或承办的对接", "Introductions you began or broker"),
          {"broker_id": KEPT, "created_by_id": KEPT}, ("ref", "stage", "status", "created_at")),
    Table("introduction_history", CASE, Label("您推动的步骤", "Steps you made"), {"actor_id": KEPT},
          ("introduction_id", "move", "to_stage", "side", "note", "recorded_at")),
    _record("introduction_interests", Label("您表达的意向", "Interest you expressed"), "side", "cooperation_sought",
            "unclear", "about_us"),
    _record("introduction_consents", Label("您给出或撤回的同意", "Consents you gave or withdrew"), "side", "edition",
            "withdrawn_at", user_id=KEPT, withdrawn_by_id=KEPT),
    _record("introduction_non_disclosures", Label("您签署的保密协议", "Agreements you signed"), "side", "terms"),
    _record("introduction_signed_copies", Label("您上传或核对的签署件", "Signed copies you sent or checked"), "side",
            "terms", user_id=KEPT, checked_by_id=KEPT),
    _record("introduction_checks", Label("您完成的核对", "Checks you made"), "item"),
    _record("introduction_minutes", Label("您记录的纪要", "Minutes you wrote"), "held_on", "text"),
    _record("introduction_intents", Label("您记录的合作意向书", "Intents you recorded"), "dated_on"),
    _record("introduction_contracts", Label("您记录的合同", "Contracts you recorded"), "contract_type", "signed_on"),
    _record("introduction_outcomes", Label("您记录的应用成效", "Outcomes you recorded"), "reached_on"),
    _record("introduction_confirmations", Label("您的确认", "What you confirmed"), "what", "side", "withdrawn_at"),
    Table("case_document_versions", CASE, Label("您归档的文件版本", "Versions of documents you filed"),
          {"added_by_id": KEPT}, ("number", "note", "added_at")),
    Table("case_tasks", CASE, Label("与您有关的任务", "Tasks of yours"),
          {"person_id": HANDED, "created_by_id": KEPT, "done_by_id": KEPT},
          ("introduction_id", "title", "due_on", "created_at", "done_at")),
    Table("meetings", CASE, Label("您安排的会议", "Meetings you arranged"),
          {"organiser_id": KEPT, "closed_by_id": KEPT},
          ("introduction_id", "subject", "starts_at", "minutes_long", "state")),
    Table("meeting_attendees", CASE, Label("您参加的会议", "Meetings you were asked to"), {"user_id": KEPT},
          ("meeting_id", "side")),
    Table("contract_registrations", CASE, Label("您填写的合同登记表", "Registration forms you filled in"),
          {"changed_by_id": KEPT}, ("introduction_id", "changed_at")),
    Table("contract_steps", CASE, Label("您维护的履约节点", "Milestones and payments you kept"),
          {"changed_by_id": KEPT}, ("introduction_id", "kind", "title", "planned_on", "actual_on", "changed_at")),
    Table("outcome_surveys", CASE, Label("您答复的回访", "Surveys you answered"), {"answered_by_id": KEPT},
          ("introduction_id", "kind", "side", "answer", "satisfaction", "comment", "answered_at")),
    Table("messages", CASE, Label("您写的消息", "Messages you wrote"), {"author_id": KEPT}),  # copying.py: both ways
    Table("host_notes", EVENT, Label("您记的桌边笔记", "Notes you took at a table"), {"author_id": KEPT},
          ("edition_id", "table_number", "kind", "text", "written_at")),
    Table("seating_plans", EVENT, Label("您排过的座位", "Seatings you made"), {"changed_by_id": KEPT},
          ("edition_id", "round", "changed_at")),
    Table("ratings", EVENT, Label("您对同桌交流的评价", "What you said of talks at a table"), {"user_id": KEPT},
          ("edition_id", "verdict", "note", "given_at", "later", "later_at"), own={"note": CLEARED}),
    Table("edition_minutes", EVENT, Label("您整理的活动纪要", "Minutes of events you wrote"), {"changed_by_id": KEPT},
          ("edition_id", "changed_at")),
    Table("registrations", EVENT, Label("活动报名", "Events you registered for"),
          {"user_id": KEPT, "registered_by_id": KEPT},
          ("edition_id", "state", "registered_at", "attended_at", "left_at", "decline_reason"),
          own={"decline_reason": CLEARED}),
    Table("event_invitations", EVENT, Label("活动邀请", "Invitations to events, to you and by you"),
          {"user_id": REMOVED, "invited_by_id": KEPT}, ("edition_id", "sent_at", "answer", "answered_at")),
    Table("event_invitation_wishes", EVENT, Label("活动邀请的频率", "How often you may be invited"),
          {"user_id": REMOVED}, ("often",)),
    Table("surveys", EVENT, Label("您发起的问卷", "Surveys you began"),
          {"created_by_id": KEPT, "published_by_id": KEPT}, ("title_zh", "title_en", "state", "created_at")),
    Table("survey_people", EVENT, Label("请您填写的问卷", "Surveys you were asked to answer"), {"user_id": REMOVED},
          ("survey_id", "asked_at", "reminders", "calls")),
    Table("survey_calls", EVENT, Label("您为问卷打过的电话", "Calls you made about surveys"), {"called_by_id": KEPT},
          ("called_at", "reached", "note")),
    Table("survey_answers", EVENT, Label("您填写的问卷答案", "What you answered to surveys"), {"user_id": KEPT},
          ("survey_id", "content", "answered_at", "changed_at")),
    Table("editions", EVENT, Label("您创建的活动", "Events you made"), {"created_by_id": KEPT},
          ("ref", "title_zh", "title_en", "created_at")),
    Table("series", EVENT, Label("您创建的系列活动", "Series of events you made"), {"created_by_id": KEPT},
          ("slug", "title_zh", "title_en", "created_at")),
    Table("training_sessions", EVENT, Label("您安排的培训", "Training you planned"), {"created_by_id": KEPT},
          ("title_zh", "title_en", "created_at")),
    Table("training_enrolments", EVENT, Label("您报名的培训", "Training you enrolled for"), {"user_id": KEPT},
          ("session_id", "state", "enrolled_at")),
    Table("broker_certificates", EVENT, Label("您的技术经理人证书", "Your certificates as a broker"),
          {"user_id": KEPT, "recorded_by_id": KEPT, "withdrawn_by_id": KEPT},
          ("ref", "level", "issuer", "issued_on", "valid_until", "withdrawn_at")),
    Table("requests", ORGANISATION, Label("您提出或办理的诉求", "Requests you raised or answer"),
          {"raised_by_id": KEPT, "steward_id": KEPT, "answered_by_id": KEPT}, ("ref", "topic", "title", "raised_at")),
    Table("request_acts", ORGANISATION, Label("您对诉求的操作", "What you did to requests"),
          {"actor_id": KEPT, "steward_id": KEPT}, ("what", "note", "at")),
    Table("supplier_libraries", ORGANISATION, Label("您开设的供应商库", "Supplier libraries you opened"),
          {"created_by_id": KEPT}, ("ref", "title", "created_at")),
    Table("suppliers", ORGANISATION, Label("您提交或审核的入库申请", "Places in supplier libraries you applied for"),
          {"contact_id": CLEARED, "applied_by_id": KEPT, "decided_by_id": KEPT}, ("library_id", "state", "applied_at")),
    Table("help_answers", OPERATION, Label("您发布的公开答复", "Answers you published"), {"published_by_id": KEPT},
          ("question_zh", "question_en", "published_at")),
    Table("saved_searches", SEARCH, Label("保存的检索", "Saved searches"), {"owner_id": REMOVED},
          ("name", "frequency", "criteria", "created_at", "seen_at")),
    Table("news_subscriptions", NOTICE, Label("您订阅的需求推送", "News of needs you asked for"), {"user_id": REMOVED},
          ("since",)),
    Table("news_choices", NOTICE, Label("您订阅推送的范围", "Which news of needs you asked for"), {"user_id": REMOVED},
          ("what", "code")),
    Table("broadcast_recipients", NOTICE, Label("推送给您的需求", "Needs you were told of"), {"user_id": KEPT},
          ("listing_id", "mailed_at", "opened_at", "interested_at")),
    Table("broadcasts", OPERATION, Label("您发起的需求推送", "Needs you told others of"), {"created_by_id": KEPT},
          ("ref", "created_at")),
    Table("notices", NOTICE, Label("通知", "Notices to you"), {"user_id": REMOVED}),  # copying.py: as sentences
    Table("notice_preferences", NOTICE, Label("通知设置", "What is mailed to you"), {"user_id": REMOVED},
          ("kind", "frequency")),
    Table("mailed_facts", NOTICE, Label("已通知的事项", "What you were mailed about"), {},
          addresses={"address": REMOVED}),
    Table("outgoing_mails", NOTICE, Label("发给您的邮件", "Mails to you"), {}, ("subject", "created_at", "sent_at"),
          addresses={"to": REMOVED}),
    Table("audit_entries", AUDIT, Label("您的操作记录", "What you did, on record"), {"actor_id": KEPT},
          ("at", "action", "subject_kind", "introduction_ref", "via", "address", "device"),
          own={"address": KEPT, "device": KEPT}),
    Table("webhook_endpoints", OPERATION, Label("您登记的回调地址", "Addresses of programs you entered"),
          {"created_by_id": KEPT}, ("organisation_id", "created_at")),
    Table("public_figures", OPERATION, Label("公开数据的设置", "Settings of public figures"), {"changed_by_id": KEPT},
          ("is_on", "changed_at")),
    Table("term_groups", OPERATION, Label("您维护的同义词", "Equal terms you changed"), {"changed_by_id": KEPT},
          ("note", "changed_at")),
    Table("term_imports", OPERATION, Label("同义词导入", "Imports of terms"), {"actor_id": KEPT},
          ("file_name", "created_at", "applied_at")),
)
BY_NAME = {table.name: table for table in TABLES}

IMPERSONAL = frozenset({
    "arrivals", "case_documents", "comparison_criteria", "due_matchings", "edition_follow_ups", "edition_guests",
    "edition_hosts", "file_texts", "import_rejections", "index_rebuilds", "listing_exclusions", "listing_fits",
    "listing_grants",
    "listing_translations", "listing_vectors", "matching_answers", "matching_weights", "mutual_ratings", "new_hits",
    "outbox", "rate_counts", "ref_counters", "request_routes", "search_clicks", "search_weeks", "searches_made",
    "seating_fits", "seating_tables", "seats", "series_hosts", "survey_answer_listings", "survey_question_sets",
    "talk_days", "talk_guests", "talk_wishes", "talks", "terms", "threads",
    "timers", "vector_means", "vector_space", "webhook_deliveries", "webhook_listings", "worker_beats",
})
"""Tables in which nobody stands. Searches are recorded without their person (finding/record.py)."""

NOT_OF_PEOPLE = frozenset({
    "api_tokens.name", "audit_entries.subject_kind", "audit_entries.subject_id", "broadcast_recipients.mail_id",
    "comparison_criteria.name", "edition_guests.name", "editions.open_to_outsiders", "series.open_to_outsiders",
    "files.name", "files.subject_kind", "files.subject_id", "import_jobs.file_name", "index_rebuilds.name",
    "introduction_contracts.valid_to", "introduction_history.to_stage", "meetings.subject", "notices.mail_at",
    "organisations.mailbox_confirmed_at", "organisations.mailbox_language", "organisations.name",
    "organisations.name_en", "outbox.subject_id", "outgoing_mails.subject", "saved_searches.name",
    "term_imports.file_name", "threads.subject_kind", "threads.subject_id", "timers.name",
})
"""Columns whose names sound like a person's, and are not. A guest's is one that everybody may read."""


@dataclass(frozen=True)
class Reason:
    """Why a kind of data is kept, and for how long; for the page /privacy."""

    name: Label
    what: Label
    why: Label
    how_long: Label


REASONS: dict[Purpose, Reason] = {
    ACCOUNT: Reason(
        Label("账号", "Your account"),
        Label("姓名、电子邮箱、电话（选填）、语言、密码（只存不可还原的散列值）、接受的条款版本",
              "Name, e-mail address, telephone if you give one, language, password (as a hash that cannot be "
              "reversed), editions of the terms you accepted"),
        Label("让您登录，让同事和合作方知道在与谁打交道",
              "So that you can sign in, and others know whom they deal with"),
        Label("至注销账号", "Until the account is deleted"),
    ),
    SIGN_IN: Reason(
        Label("登录", "Signing in"),
        Label("设备、网络地址、登录时间、两步验证、API 令牌（散列值）",
              "Devices, addresses of the network, times, second factor, API tokens (hashed)"),
        Label("防止他人冒用您的账号", "To keep others out of your account"),
        Label("见下表", "See the table below"),
    ),
    ORGANISATION: Reason(
        Label("机构", "Organisations"),
        Label("您属于哪些机构、担任什么角色、收发的邀请", "Where you belong, in which role, invitations"),
        Label("决定您能看什么、做什么", "It decides what you may see and do"),
        Label("至离开机构或注销账号", "Until you leave the organisation or delete the account"),
    ),
    LISTING: Reason(
        Label("供需信息", "Listings"),
        Label("您撰写、提交、上传的内容与您的署名", "What you wrote, submitted and uploaded, and that it was you"),
        Label("内容属于您的机构；署名使修改有据可查",
              "The content is your organisation's; whose work it is can be traced"),
        Label("与该信息同存；注销后署名隐去", "As long as the listing; without your name after deletion"),
    ),
    CASE: Reason(
        Label("对接与合作", "Introductions and what follows"),
        Label("您的消息、同意、签署、纪要、任务与操作",
              "Your messages, consents, signatures, minutes, tasks and steps"),
        Label("是双方合作与统计的凭据", "It is the record of both sides, and of the figures"),
        Label("与该对接同存；注销后署名隐去", "As long as the case; without your name after deletion"),
    ),
    EVENT: Reason(
        Label("活动", "Events"), Label("报名与签到", "Registrations and attendance"),
        Label("安排席位、统计到场", "To give out places and count who came"),
        Label("与活动同存；注销后署名隐去", "As long as the event; without your name after deletion"),
    ),
    SEARCH: Reason(
        Label("检索", "Searches"),
        Label("您保存的检索；检索词另作统计，不含身份、网络地址，其中的邮箱和长号码予以隐去",
              "Searches you save. What is searched for is also counted, without person or address; e-mail addresses "
              "and long numbers in it are hidden"),
        Label("有新内容时告诉您；改进检索", "To tell you what is new; to improve the search"),
        Label("至您删除；统计见下表", "Until you delete them; for the count see below"),
    ),
    NOTICE: Reason(
        Label("通知与邮件", "Notices and mails"),
        Label("给您的通知、邮件的主题与收件地址、通知设置",
              "Notices to you, subjects and addresses of mails, what you want mailed"),
        Label("告诉您轮到您做什么", "To tell you when it is your turn"),
        Label("见下表", "See the table below"),
    ),
    AUDIT: Reason(
        Label("操作记录", "Record of acts"),
        Label("谁在何时从何处做了什么，读了哪些保密内容；只记编号，不记姓名",
              "Who did what, when and from where, and who read what is confidential; as numbers, without names"),
        Label("安全与法定义务；让机构知道谁读过其保密内容",
              "Security and duties of law; owners may see who read what is confidential"),
        Label("长期；网络地址与设备到期抹去，见下表", "For good; addresses and devices are blanked in time, see below"),
    ),
    OPERATION: Reason(
        Label("平台管理", "Running the platform"),
        Label("管理员改动了哪些设置与词表", "Which settings and terms operators changed"),
        Label("改动有据可查", "So that changes can be traced"),
        Label("与设置同存", "As long as the setting"),
    ),
}
