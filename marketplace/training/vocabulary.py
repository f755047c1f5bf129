"""What levels and states of training are called."""

from __future__ import annotations

from marketplace.phrases import Label
from marketplace.training.models import Level, Taking

LEVELS = {
    Level.JUNIOR: Label("初级技术经理人", "Junior technology manager"),
    Level.INTERMEDIATE: Label("中级技术经理人", "Intermediate technology manager"),
    Level.SENIOR: Label("高级技术经理人", "Senior technology manager"),
}
TAKINGS = {
    Taking.ENROLLED: Label("已报名", "Enrolled"),
    Taking.CANCELLED: Label("已取消", "Cancelled"),
    Taking.ATTENDED: Label("已参加", "Attended"),
    Taking.ABSENT: Label("缺席", "Absent"),
}
