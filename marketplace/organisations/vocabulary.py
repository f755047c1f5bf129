"""What organisations, their standing and their people's roles are called."""

from __future__ import annotations

from marketplace.organisations.models import Kind, MembershipClass, Role, State
from marketplace.phrases import Label

KINDS = {
    Kind.INSTITUTE: Label("科研院所", "Research institute or university"),
    Kind.COMPANY: Label("企业", "Company"),
    Kind.AGENCY: Label("技术转移中介", "Technology-transfer agency"),
    Kind.PARK: Label("园区", "Park or incubator"),
    Kind.AUTHORITY: Label("政府部门", "Public authority"),
    Kind.INVESTOR: Label("投资机构", "Investor"),
    Kind.SERVICE_PROVIDER: Label("专业服务机构", "Professional services (law, patents, finance, testing)"),
}
MEMBERSHIPS = {
    MembershipClass.FOUNDING: Label("发起成员", "Founding member"),
    MembershipClass.ORDINARY: Label("普通成员", "Ordinary member"),
    MembershipClass.GUEST: Label("来宾", "Guest"),
}
STATES = {
    State.PENDING: Label("待核验", "Waiting to be verified"),
    State.VERIFIED: Label("已核验", "Verified"),
    State.REFUSED: Label("未通过核验", "Not verified"),
}
ROLES = {
    Role.ADMIN: Label("管理员", "Administrator"),
    Role.EDITOR: Label("编辑", "Editor"),
    Role.VIEWER: Label("只读", "Viewer"),
}
ROLE_MEANINGS = {
    Role.ADMIN: Label("管理员（管理成员，编辑并提交供需信息）", "Administrator (people, listings, everything)"),
    Role.EDITOR: Label("编辑（编辑并提交供需信息）", "Editor (writes and submits listings)"),
    Role.VIEWER: Label("只读（查看本机构的供需信息和对接）", "Viewer (reads the organisation's listings and cases)"),
}
