"""The closed vocabularies of the registration form, and what ours correspond to in them."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.organisations.models import Kind
from marketplace.phrases import Label

LEGAL_KINDS = {
    "authority": Label("机关法人", "Public authority"),
    "institute": Label("事业法人（科研机构）", "Public institution (research)"),
    "university": Label("事业法人（高等院校）", "Public institution (university)"),
    "hospital": Label("事业法人（医疗、卫生）", "Public institution (health)"),
    "institution": Label("事业法人（其他）", "Public institution (other)"),
    "association": Label("社团法人", "Association"),
    "company": Label("企业法人（内资）", "Enterprise (domestic capital)"),
    "hong_kong": Label("企业法人（港澳台商投资）", "Enterprise (Hong Kong, Macao or Taiwan capital)"),
    "foreign": Label("企业法人（外商投资）", "Enterprise (foreign capital)"),
    "sole_trader": Label("个体经营", "Sole trader"),
    "person": Label("自然人", "Natural person"),
    "abroad": Label("境外机构", "Organisation abroad"),
    "other": Label("其他组织", "Other"),
}
_LEGAL = {Kind.INSTITUTE: "institute", Kind.COMPANY: "company", Kind.AUTHORITY: "authority", Kind.AGENCY: "company",
          Kind.INVESTOR: "company", Kind.SERVICE_PROVIDER: "company"}

SUBTYPES = {
    "commissioned": Label("技术开发：委托开发", "Development: commissioned"),
    "joint": Label("技术开发：合作开发", "Development: joint"),
    "know_how": Label("技术转让：技术秘密转让", "Transfer: know-how"),
    "patent": Label("技术转让：专利权转让", "Transfer: patent"),
    "application": Label("技术转让：专利申请权转让", "Transfer: patent application"),
    "software": Label("技术转让：计算机软件著作权转让", "Transfer: software copyright"),
    "layout": Label("技术转让：集成电路布图设计专有权转让", "Transfer: circuit layout"),
    "variety": Label("技术转让：植物新品种权转让", "Transfer: plant variety"),
    "medicine": Label("技术转让：生物、医药新品种权转让", "Transfer: biological or medical variety"),
    "patent_licence": Label("技术许可：专利实施许可", "Licence: patent"),
    "know_how_licence": Label("技术许可：技术秘密使用许可", "Licence: know-how"),
    "other_licence": Label("技术许可：其他", "Licence: other"),
    "consulting": Label("技术咨询", "Consulting"),
    "general": Label("技术服务：一般性技术服务", "Service: general"),
    "intermediary": Label("技术服务：技术中介", "Service: intermediary"),
    "training": Label("技术服务：技术培训", "Service: training"),
}
SUBTYPE_OF = {"development": "commissioned", "consulting": "consulting", "service": "general"}
"""Where the type leaves one usual kind; of transfers and licences people say it themselves."""

TECHNICAL_FIELDS = {
    "electronics": Label("电子信息", "Electronics and information"),
    "aerospace": Label("航空航天", "Aerospace"),
    "manufacturing": Label("先进制造", "Advanced manufacturing"),
    "medicine": Label("生物、医药和医疗器械", "Biology, medicine and medical devices"),
    "materials": Label("新材料及其应用", "New materials"),
    "energy": Label("新能源与高效节能", "New energy and energy efficiency"),
    "environment": Label("环境保护与资源综合利用", "Environment and use of resources"),
    "nuclear": Label("核应用", "Nuclear applications"),
    "agriculture": Label("农业", "Agriculture"),
    "transport": Label("现代交通", "Modern transport"),
    "city": Label("城市建设与社会发展", "Cities and social development"),
}
FIELD_OF = {
    "information_technology": "electronics", "digital_creative": "electronics", "high_end_equipment": "manufacturing",
    "new_materials": "materials", "biology": "medicine", "new_energy_vehicles": "transport", "new_energy": "energy",
    "environment": "environment",
}
"""Our nine fields (战略性新兴产业) in the eleven of the form."""

IP_KINDS = {
    "invention": Label("发明专利", "Invention patent"),
    "utility_model": Label("实用新型专利", "Utility model"),
    "design": Label("外观设计专利", "Design patent"),
    "software": Label("计算机软件著作权", "Software copyright"),
    "circuit_layout": Label("集成电路布图设计专有权", "Circuit layout"),
    "plant_variety": Label("植物新品种权", "Plant variety"),
    "medical_variety": Label("生物、医药新品种权", "Biological or medical variety"),
    "know_how": Label("技术秘密", "Know-how"),
    "none": Label("未涉及知识产权", "None concerned"),
}
PROGRAMMES = {
    "national": Label("国家科技计划", "National programme"),
    "ministry": Label("部门计划", "Ministry's programme"),
    "province": Label("省、自治区、直辖市及计划单列市计划", "Provincial programme"),
    "city": Label("地、市、县计划", "Municipal or county programme"),
    "none": Label("计划外", "Outside any programme"),
}
OBJECTIVES = {
    "environment": Label("环境保护、生态建设及污染防治", "Environment and ecology"),
    "energy": Label("能源生产、分配和合理利用", "Energy"),
    "health": Label("卫生事业发展", "Health"),
    "education": Label("教育事业发展", "Education"),
    "infrastructure": Label("基础设施以及城市和农村规划", "Infrastructure and planning"),
    "society": Label("社会发展和社会服务", "Social development and services"),
    "earth": Label("地球和大气层的探索与利用", "Earth and atmosphere"),
    "space": Label("民用空间探测及开发", "Civil space"),
    "agriculture": Label("农林牧渔业发展", "Agriculture, forestry and fishery"),
    "industry": Label("工商业发展", "Industry and commerce"),
    "basic": Label("非定向研究", "Non-oriented research"),
    "civil": Label("其他民用目标", "Other civil objectives"),
    "defence": Label("国防", "Defence"),
}
OBJECTIVE_OF = {"environment": "environment", "new_energy": "energy", "biology": "health"}
PAYMENTS = {
    "at_once": Label("一次总付", "In one sum"),
    "instalments": Label("分期支付", "By instalments"),
    "royalty": Label("提成支付", "Royalties"),
    "entry_and_royalty": Label("入门费加提成", "Entry fee and royalties"),
    "other": Label("其他", "Other"),
}
PERFORMANCE_OF = {
    "development": "按合同约定完成研究开发，提交技术资料与样品（样机），并提供技术指导",
    "transfer": "移交技术资料，办理权利变更手续，并提供技术指导",
    "licence": "按合同约定许可使用，移交技术资料，并提供技术指导",
    "consulting": "提交咨询报告",
    "service": "按合同约定提供技术服务，并提交服务成果",
}
YES_NO = {"no": Label("否", "No"), "yes": Label("是", "Yes")}


def legal_kind(kind: Kind) -> str | None:
    return _LEGAL.get(kind)


def ip_kind(types: Iterable[str | None]) -> str:
    """The form has room for one: the first that it knows."""
    return next((kind for kind in types if kind in IP_KINDS), "none")
