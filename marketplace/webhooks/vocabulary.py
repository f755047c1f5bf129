"""The words of webhooks: facts, how an address stands, what came of a delivery."""

from __future__ import annotations

from marketplace.phrases import Label
from marketplace.webhooks.models import Because, Fact, Outcome, Problem, Standing

FACTS = {
    Fact.LISTING_PUBLISHED: Label("供需信息已发布", "A listing is on show"),
    Fact.LISTING_CHANGED: Label("供需信息有更新", "A listing says something else"),
    Fact.LISTING_WITHDRAWN: Label("供需信息不再展示（撤回、暂停、到期）", "A listing is no longer shown"),
    Fact.INTEREST_RECEIVED: Label("收到对接意向", "Somebody is interested"),
    Fact.INTRODUCTION_MOVED: Label("对接有进展", "An introduction has moved"),
    Fact.MESSAGE_RECEIVED: Label("收到留言", "A message has arrived"),
    Fact.TEST: Label("测试", "Test"),
}
CHOICES = {fact: label for fact, label in FACTS.items() if fact is not Fact.TEST}

STANDINGS = {
    Standing.ACTIVE: Label("启用", "On"),
    Standing.PAUSED: Label("已暂停", "Paused"),
    Standing.DISABLED: Label("已停用", "Switched off"),
}
STANDING_TONES = {Standing.ACTIVE: "good", Standing.PAUSED: "neutral", Standing.DISABLED: "loss"}

REASONS = {
    Because.FAILING: Label("连续一周推送失败，已自动停用。", "Nothing got through for a week, so it was switched off."),
    Because.GONE: Label(
        "接收方答复 410（地址不再使用），已自动停用。", "The receiver answered 410 (gone), so it was switched off."
    ),
}

OUTCOMES = {
    Outcome.WAITING: Label("待发送", "Waiting"),
    Outcome.DELIVERED: Label("已送达", "Delivered"),
    Outcome.GIVEN_UP: Label("已放弃", "Given up"),
}
OUTCOME_TONES = {Outcome.WAITING: "waits", Outcome.DELIVERED: "good", Outcome.GIVEN_UP: "loss"}

PROBLEMS = {
    Problem.STATUS: Label("接收方答复的不是 2xx", "The receiver did not answer with 2xx"),
    Problem.REDIRECT: Label(
        "接收方要求跳转；我们不跟随跳转，请登记最终地址",
        "The receiver redirects, which is not followed: register the final address"
    ),
    Problem.TIMEOUT: Label("10 秒内没有答复完", "No whole answer within 10 seconds"),
    Problem.UNREACHABLE: Label("连接不上", "No connection"),
    Problem.NO_NAME: Label("域名解析不到地址", "The name leads to no address"),
    Problem.CERTIFICATE: Label("TLS 证书或握手有问题", "The TLS certificate or handshake failed"),
    Problem.NOT_PUBLIC: Label(
        "域名指向内网或保留地址，没有发送", "The name leads to an address that is not public; nothing was sent"
    ),
    Problem.UNREADABLE: Label("答复不是 HTTP", "The answer is not HTTP"),
    Problem.SECRET: Label("密钥读不出来，请更换密钥", "The secret cannot be read; make a new one"),
    Problem.SWITCHED_OFF: Label("地址停用时仍在等待", "It waited when the address was switched off"),
}
