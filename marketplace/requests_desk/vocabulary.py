"""What topics, levels, steps and acts of requests are called, and how long each level has."""

from __future__ import annotations

from marketplace.phrases import Label
from marketplace.requests_desk.models import Level, Step, Topic, What

TOPICS = {
    Topic.POLICY: Label("政策", "Policy and subsidies"),
    Topic.PERMITS: Label("审批许可", "Permits"),
    Topic.SPACE: Label("场地空间", "Space"),
    Topic.PEOPLE: Label("人才", "People"),
    Topic.FINANCE: Label("融资", "Finance"),
    Topic.OTHER: Label("其他", "Other"),
}
LEVELS = {
    Level.STEWARD: Label("企业管家", "Steward"),
    Level.PARK: Label("园区", "Park"),
    Level.AUTHORITY: Label("政府部门", "Authority"),
}
STEPS = {
    Step.WAITING: Label("待分派", "To be assigned"),
    Step.ASSIGNED: Label("办理中", "Being worked on"),
    Step.ANSWERED: Label("已答复，待企业确认", "Answered, to be confirmed"),
    Step.CONFIRMED: Label("已解决", "Solved"),
    Step.WITHDRAWN: Label("已撤回", "Withdrawn"),
}
STEP_TONES = {
    Step.WAITING: "waiting", Step.ASSIGNED: "quiet", Step.ANSWERED: "waiting", Step.CONFIRMED: "good",
    Step.WITHDRAWN: "quiet",
}
WHATS = {
    What.RAISED: Label("提出诉求", "Raised"),
    What.ASSIGNED: Label("分派", "Assigned"),
    What.OVERDUE: Label("逾期未答复，转上一级办理", "Not answered in time: taken one level up"),
    What.ESCALATED: Label("两次退回，转上一级办理", "Sent back twice: taken one level up"),
    What.ANSWERED: Label("答复", "Answered"),
    What.CONFIRMED: Label("企业确认解决", "Confirmed by the company"),
    What.RETURNED: Label("企业退回", "Sent back by the company"),
    What.WITHDRAWN: Label("撤回", "Withdrawn"),
    What.PUBLISHED: Label("答复公开", "Answer published"),
    What.RETRACTED: Label("撤下公开答复", "Published answer taken down"),
}
DAYS = {Level.STEWARD: 3, Level.PARK: 5, Level.AUTHORITY: 10}
"""Working days to answer in, where neither the table of routes nor whoever assigns says otherwise."""
LONGEST_DAYS = 60
