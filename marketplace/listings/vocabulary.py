"""The closed vocabularies of a listing, with their names in both languages."""

from __future__ import annotations

import re
from decimal import Decimal

from marketplace.phrases import Label

FIELDS = {
    "information_technology": Label("新一代信息技术", "Next-generation information technology"),
    "high_end_equipment": Label("高端装备制造", "High-end equipment"),
    "new_materials": Label("新材料", "New materials"),
    "biology": Label("生物", "Biotechnology and health"),
    "new_energy_vehicles": Label("新能源汽车", "New-energy vehicles"),
    "new_energy": Label("新能源", "New energy"),
    "environment": Label("节能环保", "Energy saving and environment"),
    "digital_creative": Label("数字创意", "Digital creative"),
    "related_services": Label("相关服务业", "Related services"),
}
"""The nine strategic emerging industries (战略性新兴产业分类 2018, National Bureau of Statistics)."""

RESULT_SUBTYPES = {
    "technology": Label("技术成果", "Technology"),
    "testing": Label("检测与服务能力", "Test or service capability"),
    "professional_service": Label("专业服务（法律、专利、金融）", "Professional service (law, patents, finance)"),
    "expert": Label("专家", "Expert"),
    "equipment": Label("仪器设备", "Equipment"),
}
NEED_SUBTYPES = {
    "research": Label("技术研发", "Research"),
    "improvement": Label("技术改进", "Improvement"),
    "procurement": Label("产品与采购", "Product or procurement"),
    "testing": Label("检测与服务", "Test or service"),
    "equipment": Label("仪器设备", "Equipment"),
    "funding": Label("融资", "Funding"),
}

MODES = {
    "development": Label("技术开发", "Development"),
    "transfer": Label("技术转让", "Transfer"),
    "licence": Label("技术许可", "Licence"),
    "consulting": Label("技术咨询", "Consulting"),
    "service": Label("技术服务", "Service"),
    "equity": Label("作价入股", "Equity"),
    "cooperation": Label("合作研发", "Joint research"),
}
CONTRACT_TYPES = {code: MODES[code] for code in ("development", "transfer", "licence", "consulting", "service")}
"""The contract types of registration (技术合同认定登记); the other modes are ways to work together only."""

EXCLUSIVITY = {
    "open": Label("可商议", "Open to discussion"),
    "exclusive": Label("独占", "Exclusive"),
    "sole": Label("排他", "Sole"),
    "non_exclusive": Label("普通", "Non-exclusive"),
}
PRICE_KINDS = {
    "negotiable": Label("面议", "Negotiable"),
    "indicative": Label("参考价", "Indicative"),
    "floor": Label("底价", "Floor"),
}
CURRENCIES = {
    "CNY": Label("人民币", "Chinese yuan"),
    "USD": Label("美元", "US dollar"),
    "EUR": Label("欧元", "Euro"),
    "JPY": Label("日元", "Japanese yen"),
    "GBP": Label("英镑", "Pound sterling"),
    "HKD": Label("港元", "Hong Kong dollar"),
    "SGD": Label("新加坡元", "Singapore dollar"),
}

BUDGET_BANDS = {
    "hidden": Label("不公开", "Not disclosed"),
    "up_to_100k": Label("10 万元以内", "Up to CNY 100,000"),
    "100k_to_500k": Label("10–50 万元", "CNY 100,000–500,000"),
    "500k_to_1m": Label("50–100 万元", "CNY 500,000–1 million"),
    "1m_to_5m": Label("100–500 万元", "CNY 1–5 million"),
    "5m_to_10m": Label("500–1000 万元", "CNY 5–10 million"),
    "over_10m": Label("1000 万元以上", "Over CNY 10 million"),
}
BUDGET_LIMITS: dict[str, tuple[Decimal | None, Decimal | None]] = {
    "hidden": (None, None),
    "up_to_100k": (Decimal(0), Decimal(100_000)),
    "100k_to_500k": (Decimal(100_000), Decimal(500_000)),
    "500k_to_1m": (Decimal(500_000), Decimal(1_000_000)),
    "1m_to_5m": (Decimal(1_000_000), Decimal(5_000_000)),
    "5m_to_10m": (Decimal(5_000_000), Decimal(10_000_000)),
    "over_10m": (Decimal(10_000_000), None),
}
"""Band -> (lowest, highest) in CNY; None is open."""
UNSTATED = "unstated"
PRICE_BANDS = {
    **{code: label for code, label in BUDGET_BANDS.items() if code != "hidden"},
    UNSTATED: Label("面议或未公开", "Negotiable or not disclosed"),
}
"""What a result asks and what a need can pay, in the same steps, for those who search."""

IP_TYPES = {
    "invention": Label("发明专利", "Invention patent"),
    "utility_model": Label("实用新型", "Utility model"),
    "design": Label("外观设计", "Design patent"),
    "software": Label("软件著作权", "Software copyright"),
    "plant_variety": Label("植物新品种", "Plant variety"),
    "circuit_layout": Label("集成电路布图设计", "Circuit layout"),
    "know_how": Label("技术秘密", "Know-how"),
    "other": Label("其他", "Other"),
}
IP_STATUSES = {
    "granted": Label("已授权", "Granted"),
    "pending": Label("审查中", "Pending"),
    "planned": Label("拟申请", "Planned"),
    "lapsed": Label("已失效", "Lapsed"),
    "not_applicable": Label("不适用", "Not applicable"),
}

TRL = {
    1: Label("发现基本原理", "Basic principles observed"),
    2: Label("形成技术方案", "Technology concept formulated"),
    3: Label("通过关键功能验证", "Critical functions proved"),
    4: Label("实验室部件验证", "Components validated in the laboratory"),
    5: Label("模拟环境部件验证", "Components validated in a simulated environment"),
    6: Label("模拟环境样机演示", "Prototype shown in a simulated environment"),
    7: Label("使用环境样机演示", "Prototype shown in use"),
    8: Label("系统完成并通过试验", "System complete and qualified"),
    9: Label("系统实际应用", "System proven in use"),
}
TRL_STAGES = {
    "1-3": Label("1–3 级 基础研究", "1–3 Basic research"),
    "4-6": Label("4–6 级 试验验证", "4–6 Validation"),
    "7-9": Label("7–9 级 示范应用", "7–9 Demonstration and use"),
}
"""Levels as people speak of them; each names its first and its last."""
"""Technology readiness levels 1–9, GB/T 22900."""

LANGUAGES = {
    "zh": Label("中文", "Chinese"), "en": Label("英文", "English"), "other": Label("其他语言", "Another language"),
}
CONFIDENTIAL_TIERS = {
    2: Label("对接后可见", "After an introduction"), 3: Label("签署保密协议后可见", "After a signed NDA"),
}
TIERS = {
    0: Label("公开", "Public"),
    1: Label("登录会员", "Signed-in members"),
    2: Label("对接后", "After an introduction"),
    3: Label("保密协议后", "After a signed NDA"),
}

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def language_of(text: str) -> str:
    """The language a title seems to be in, for those who do not say: Chinese from one character in four."""
    return "zh" if len(_CHINESE.findall(text)) * 4 >= len(text) else "en"
