"""Words that nearly every technical text has. Sharing one says next to nothing, so matching hardly counts it."""

_WORDS = """
技术 研究 系统 方法 应用 开发 研发 设计 设备 装置 产品 项目 公司 企业 生产 工艺 关键 新型 基于 实现 解决 问题 提高 提升
降低 减少 采用 利用 使用 需求 要求 目标 指标 达到 具有 主要 相关 目前 国内 国内外 国际 先进 领先 水平 进行 能够 可以
需要 存在 内容 包括 以下 方面 过程 方案 效果 效率 质量 性能 功能 成本 市场 行业 领域 工程 平台 建设 推广 示范 产业化
产业 科技 创新 合作 成果 制备 制造 加工 材料 结构 控制 检测 分析 测试 试验 实验 优化 改进 高效 智能 自动 自动化 综合
多功能 大型 小型 高 低 新 大 小 多 专用 通用 及其 一种 用于 条件 环境 安全 稳定 运行 管理 服务 信息 数据 模型 理论
关键技术 技术研究 年 月 万元 以上 以下 不 无 可 个 台 套 本 我 我们 其中 由于 因此 同时 已经 预期 拟 希望 寻求 现有
technology technologies technical system method approach process device product project company research develop
development design application use used using user based new novel high low large small improve improved improvement
increase reduce reduction provide provided require required requirement need needed current currently existing
result solution problem propose proposed program phase effort objective capability performance cost efficient
efficiency effective advanced innovative potential commercial include including such also may can must should would
could one two three more than other over under up out not no we our you your they these those it all any each both
between within through during while when where how what make made making well able very high-performance work
achieve ensure support test testing demonstrate evaluate analysis data information model tool several various many
per about above below first second final prototype
"""
GENERIC = frozenset(_WORDS.split())
