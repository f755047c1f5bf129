"""Sets of criteria to start from, by what is needed."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.phrases import Label


@dataclass(frozen=True)
class Starting:
    name: Label
    weight: int
    direction: Label


@dataclass(frozen=True)
class Template:
    name: Label
    criteria: tuple[Starting, ...]


TEMPLATES = {
    "research": Template(Label("技术研发", "Research and development"), (
        Starting(Label("达到指标的把握", "Likely to reach the targets"), 5,
                 Label("5 分：已有数据达到全部指标", "5: data already meet every target")),
        Starting(Label("成熟度", "Readiness"), 3,
                 Label("5 分：已在同类场景中使用", "5: in use in a like setting")),
        Starting(Label("与现有工艺的适配", "Fits our process"), 4,
                 Label("5 分：不改产线即可试用", "5: can be tried without changing the line")),
        Starting(Label("团队能力与投入", "The team and its time"), 3,
                 Label("5 分：有专人，做过同类项目", "5: named people who have done the like")),
        Starting(Label("费用与条件", "Cost and terms"), 3,
                 Label("5 分：在预算内，知识产权无障碍", "5: within budget, no obstacle in the IP")),
    )),
    "procurement": Template(Label("产品与采购", "Product or procurement"), (
        Starting(Label("性能符合要求", "Meets the specification"), 5,
                 Label("5 分：第三方检测全部合格", "5: every value confirmed by a third party")),
        Starting(Label("价格", "Price"), 4,
                 Label("5 分：低于预算两成以上", "5: a fifth or more below budget")),
        Starting(Label("交期与产能", "Delivery and capacity"), 3,
                 Label("5 分：样品两周、批量两个月", "5: sample in two weeks, series in two months")),
        Starting(Label("质量与认证", "Quality and certificates"), 3,
                 Label("5 分：所需认证齐全", "5: every certificate we need")),
        Starting(Label("售后与合作意愿", "Support and willingness"), 2,
                 Label("5 分：派人现场调试", "5: they commission it on site")),
    )),
    "service": Template(Label("检测与服务", "Test or service"), (
        Starting(Label("方法与精度", "Method and accuracy"), 5,
                 Label("5 分：方法合标，精度优于要求", "5: standard method, better than required")),
        Starting(Label("资质", "Accreditation"), 4,
                 Label("5 分：CNAS、CMA 范围覆盖本项目", "5: CNAS and CMA cover this test")),
        Starting(Label("周期", "Turnaround"), 3,
                 Label("5 分：一周内出报告", "5: report within a week")),
        Starting(Label("费用", "Price"), 3,
                 Label("5 分：低于预算两成以上", "5: a fifth or more below budget")),
    )),
}
