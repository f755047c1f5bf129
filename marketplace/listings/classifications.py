"""National industry classification (GB/T 4754-2017, sections and divisions) and the form of an IPC symbol."""

from __future__ import annotations

import re
from functools import cache

from marketplace.phrases import Label

SECTIONS = {
    "A": Label("农、林、牧、渔业", "Agriculture, forestry, animal husbandry and fishery"),
    "B": Label("采矿业", "Mining"),
    "C": Label("制造业", "Manufacturing"),
    "D": Label("电力、热力、燃气及水生产和供应业", "Electricity, heat, gas and water supply"),
    "E": Label("建筑业", "Construction"),
    "F": Label("批发和零售业", "Wholesale and retail"),
    "G": Label("交通运输、仓储和邮政业", "Transport, storage and post"),
    "H": Label("住宿和餐饮业", "Hotels and catering"),
    "I": Label("信息传输、软件和信息技术服务业", "Information transmission, software and IT services"),
    "J": Label("金融业", "Finance"),
    "K": Label("房地产业", "Real estate"),
    "L": Label("租赁和商务服务业", "Leasing and business services"),
    "M": Label("科学研究和技术服务业", "Scientific research and technical services"),
    "N": Label("水利、环境和公共设施管理业", "Water, environment and public facilities"),
    "O": Label("居民服务、修理和其他服务业", "Resident services and repair"),
    "P": Label("教育", "Education"),
    "Q": Label("卫生和社会工作", "Health and social work"),
    "R": Label("文化、体育和娱乐业", "Culture, sports and entertainment"),
    "S": Label("公共管理、社会保障和社会组织", "Public administration and social organisations"),
    "T": Label("国际组织", "International organisations"),
}

_DIVISIONS = """
A01 农业|Farming
A02 林业|Forestry
A03 畜牧业|Animal husbandry
A04 渔业|Fishery
A05 农、林、牧、渔专业及辅助性活动|Support activities for agriculture
B06 煤炭开采和洗选业|Coal mining and washing
B07 石油和天然气开采业|Oil and gas extraction
B08 黑色金属矿采选业|Ferrous metal mining
B09 有色金属矿采选业|Non-ferrous metal mining
B10 非金属矿采选业|Non-metallic mineral mining
B11 开采专业及辅助性活动|Support activities for mining
B12 其他采矿业|Other mining
C13 农副食品加工业|Processing of agricultural food
C14 食品制造业|Food manufacturing
C15 酒、饮料和精制茶制造业|Alcohol, beverages and tea
C16 烟草制品业|Tobacco
C17 纺织业|Textiles
C18 纺织服装、服饰业|Garments
C19 皮革、毛皮、羽毛及其制品和制鞋业|Leather, fur, feathers and footwear
C20 木材加工和木、竹、藤、棕、草制品业|Wood and bamboo products
C21 家具制造业|Furniture
C22 造纸和纸制品业|Paper and paper products
C23 印刷和记录媒介复制业|Printing and recorded media
C24 文教、工美、体育和娱乐用品制造业|Culture, craft, sports and entertainment goods
C25 石油、煤炭及其他燃料加工业|Petroleum, coal and other fuel processing
C26 化学原料和化学制品制造业|Chemicals and chemical products
C27 医药制造业|Pharmaceuticals
C28 化学纤维制造业|Chemical fibres
C29 橡胶和塑料制品业|Rubber and plastics
C30 非金属矿物制品业|Non-metallic mineral products
C31 黑色金属冶炼和压延加工业|Ferrous metal smelting and rolling
C32 有色金属冶炼和压延加工业|Non-ferrous metal smelting and rolling
C33 金属制品业|Metal products
C34 通用设备制造业|General-purpose machinery
C35 专用设备制造业|Special-purpose machinery
C36 汽车制造业|Motor vehicles
C37 铁路、船舶、航空航天和其他运输设备制造业|Railway, ship, aerospace and other transport equipment
C38 电气机械和器材制造业|Electrical machinery
C39 计算机、通信和其他电子设备制造业|Computers, communication and electronics
C40 仪器仪表制造业|Instruments and meters
C41 其他制造业|Other manufacturing
C42 废弃资源综合利用业|Recycling of waste resources
C43 金属制品、机械和设备修理业|Repair of metal products, machinery and equipment
D44 电力、热力生产和供应业|Electricity and heat
D45 燃气生产和供应业|Gas
D46 水的生产和供应业|Water
E47 房屋建筑业|Building construction
E48 土木工程建筑业|Civil engineering
E49 建筑安装业|Building installation
E50 建筑装饰、装修和其他建筑业|Decoration and other construction
F51 批发业|Wholesale
F52 零售业|Retail
G53 铁路运输业|Railway transport
G54 道路运输业|Road transport
G55 水上运输业|Water transport
G56 航空运输业|Air transport
G57 管道运输业|Pipeline transport
G58 多式联运和运输代理业|Multimodal transport and agencies
G59 装卸搬运和仓储业|Handling and storage
G60 邮政业|Post
H61 住宿业|Hotels
H62 餐饮业|Catering
I63 电信、广播电视和卫星传输服务|Telecommunications, broadcasting and satellite
I64 互联网和相关服务|Internet services
I65 软件和信息技术服务业|Software and IT services
J66 货币金融服务|Monetary services
J67 资本市场服务|Capital markets
J68 保险业|Insurance
J69 其他金融业|Other finance
K70 房地产业|Real estate
L71 租赁业|Leasing
L72 商务服务业|Business services
M73 研究和试验发展|Research and experimental development
M74 专业技术服务业|Professional technical services
M75 科技推广和应用服务业|Technology promotion and application
N76 水利管理业|Water management
N77 生态保护和环境治理业|Ecological protection and environmental treatment
N78 公共设施管理业|Public facilities
N79 土地管理业|Land management
O80 居民服务业|Resident services
O81 机动车、电子产品和日用产品修理业|Repair of vehicles, electronics and household goods
O82 其他服务业|Other services
P83 教育|Education
Q84 卫生|Health
Q85 社会工作|Social work
R86 新闻和出版业|News and publishing
R87 广播、电视、电影和录音制作业|Broadcasting, film and sound recording
R88 文化艺术业|Culture and arts
R89 体育|Sports
R90 娱乐业|Entertainment
S91 中国共产党机关|Party organs
S92 国家机构|State organs
S93 人民政协、民主党派|Political consultative bodies
S94 社会保障|Social security
S95 群众团体、社会团体和其他成员组织|Social and membership organisations
S96 基层群众自治组织及其他组织|Grass-roots organisations
T97 国际组织|International organisations
"""

DIVISIONS = {
    line[:3]: Label(*line[4:].split("|", 1)) for line in _DIVISIONS.strip().splitlines()
}
INDUSTRIES = {**SECTIONS, **DIVISIONS}
"""Code (a letter, or a letter and two digits) -> name."""

_IPC = re.compile(r"([A-H])\s*(\d{2})\s*(?:([A-Z])\s*(?:(\d{1,4})\s*/\s*(\d{2,6}))?)?")


def industry_groups(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """For a form: (section, [(code, name), …]), the section itself first."""
    return [
        (
            f"{letter} {label.in_language(language)}",
            [(letter, label.in_language(language))]
            + [(code, f"{code} {name.in_language(language)}") for code, name in DIVISIONS.items() if code[0] == letter],
        )
        for letter, label in SECTIONS.items()
    ]


def find_industry(text: str) -> str | None:
    """The code for a code ("C38", "38") or a name in either language, or None."""
    text = text.strip()
    return _industry_names().get(text.casefold())


@cache
def _industry_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for code, label in reversed(INDUSTRIES.items()):
        for written in (code, label.zh, label.en, f"{code} {label.zh}", f"{code} {label.en}", f"{code}{label.zh}"):
            names[written.casefold()] = code
        if len(code) == 3:
            names[code[1:]] = code
    return names


def normal_ipc(text: str) -> str | None:
    """An IPC symbol in its usual writing ("h01m10/0567" -> "H01M 10/0567"), or None when it is not one."""
    match = _IPC.fullmatch(text.strip().upper())
    if not match:
        return None
    section, number, subclass, group, subgroup = match.groups()
    return f"{section}{number}{subclass or ''}" + (f" {int(group)}/{subgroup}" if group else "")
