"""Published answers are everybody's, and nobody reads in them who had asked."""

from __future__ import annotations

import pytest
from desk_facts import REPLY, morning, told

from marketplace.db import transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.requests_desk import helping, service, timers
from marketplace.requests_desk.models import Step, Topic, What

pytest_plugins = ["desk_cast"]
EDITED = {"topic": "permits", "question_zh": "中试线环评到哪里办？",
          "answer_zh": "到政务服务大厅12号窗口，携带总平面图。",
          "question_en": "Where do pilot lines get their environmental permit?",
          "answer_en": "At window 12.",
          "source": "Environment bureau"}


def test_an_edited_answer_is_published_and_found_in_both_languages(answered, erin):
    made = helping.publish(erin, answered, EDITED)
    for text in ("环评", "中试线 环评", "environmental permit", "WINDOW", "哪里办理环评"):
        assert [one.id for one in helping.find(text)[0]] == [made.id], text
    assert helping.find("", Topic.PERMITS)[1] == 1 and helping.find("", Topic.SPACE)[1] == 0
    assert helping.find("zzqx")[1] == 0 and helping.find("的")[1] == 0 and helping.find("100%_")[1] == 0
    assert made.question.in_language("en").startswith("Where do") and helping.counts() == {Topic.PERMITS: 1}
    assert [act.what for act in service.history(erin, answered)][-1] is What.PUBLISHED


def test_what_has_more_of_the_words_stands_first(erin):
    one = helping.publish(erin, None, {**EDITED, "question_en": "Talent housing", "answer_en": "Apply at the park."})
    both = helping.publish(erin, None, {**EDITED, "question_en": "Talent visa", "answer_en": "Talent housing too."})
    assert [found.id for found in helping.find("visa housing")[0]] == [both.id, one.id]


@pytest.mark.parametrize("field, text", [
    ("answer_zh", "company 请到12号窗口"), ("answer_en", "As COMPANY was told"), ("question_en", "Charlie asks"),
    ("answer_zh", "请联系 li@bureau.example"), ("answer_zh", "致电 13800138000"), ("answer_zh", "致电 138 0013 8000"),
    ("answer_en", "Call +86 138-0013-8000"), ("source", "Company, by telephone"), ("source", "charlie@company.example"),
    ("answer_en", "Ｃｏｍｐａｎｙ was told"), ("answer_en", "Com\u200bpany was told"),
])
def test_what_tells_who_asked_is_refused(answered, erin, field, text):
    with pytest.raises(Invalid) as refused:
        helping.publish(erin, answered, {**EDITED, field: text})
    assert list(refused.value.fields) == [field] and helping.find()[1] == 0


@pytest.mark.parametrize("text", ["深圳市蓝海生物科技有限公司", "深圳市蓝海生物科技", "深圳市 蓝海生物\n科技 公司",
                                  "Blue Ocean Biotech was told", "blue  ocean\nbiotech"])
def test_the_company_is_known_without_its_legal_form_and_however_it_is_typed(answered, company, erin, text):
    with transaction():
        company.name, company.name_en = "深圳市蓝海生物科技有限公司", "Blue Ocean Biotech Co., Ltd."
    with pytest.raises(Invalid):
        helping.publish(erin, answered, {**EDITED, "answer_en": text})


def test_a_short_name_within_another_word_tells_nobody(answered, charlie, company, erin):
    with transaction():
        charlie.name, company.name_en = "Li An", "Ace Ltd"
        company.name = "Ty"
    made = helping.publish(erin, answered, {**EDITED, "answer_en": "Apply at the place: a facility, Liang's desk."})
    assert made.id
    for text in ("Li An asks", "ask Ace", "by Ty."):
        with pytest.raises(Invalid):
            helping.publish(erin, answered, {**EDITED, "answer_en": text}, existing=made)


def test_one_language_is_enough_and_read_in_both(erin):
    made = helping.publish(erin, None, {"topic": "space", "question_zh": "租金补贴？", "answer_zh": "可以申请。"})
    assert made.answer.in_language("en") == "可以申请。"
    with pytest.raises(Invalid) as refused:
        helping.publish(erin, None, {"topic": "space"})
    assert set(refused.value.fields) == {"question_zh", "answer_zh"}


def test_nothing_is_published_before_it_is_answered_or_by_others(with_steward, answered, erin, dana, charlie):
    for person in (dana, charlie):
        with pytest.raises(Forbidden):
            helping.publish(person, answered, EDITED)
    service.send_back(charlie, answered, "No.")
    with pytest.raises(Forbidden):
        helping.publish(erin, answered, EDITED)


def test_publishing_takes_nothing_from_the_company(answered, charlie, erin):
    seen = answered.version
    with morning(5):
        timers.run()
    made = helping.publish(erin, answered, EDITED)
    helping.retract(erin, made)
    for days in (10, 15, 20):
        with morning(days):
            timers.run()
    assert told(charlie).count("Does the answer to “{title}” settle it? Please confirm, or send it back.") == 2
    service.confirm(charlie, answered, seen)
    assert answered.step is Step.CONFIRMED


def test_taken_down_nobody_finds_it_and_it_can_come_back(answered, erin, charlie):
    made = helping.publish(erin, answered, EDITED)
    helping.retract(erin, made)
    assert helping.find("环评")[1] == 0 and helping.get(erin, made.id) is made
    for person in (charlie, None):
        with pytest.raises(NotFound):
            helping.get(person, made.id)
    helping.publish(erin, answered, EDITED, existing=made, version=made.version)
    assert helping.find("环评")[1] == 1
    with pytest.raises(Forbidden):
        helping.retract(charlie, made)


def test_two_colleagues_publish_one_answer_once(answered, erin):
    made = helping.publish(erin, answered, EDITED)
    with pytest.raises(Conflict):
        helping.publish(erin, answered, EDITED)
    with pytest.raises(Conflict):
        helping.publish(erin, answered, {**EDITED, "source": "x"}, existing=made, version=made.version - 1)
    assert helping.find()[1] == 1 and made.source == "Environment bureau"


def test_the_page_is_open_to_visitors_in_both_languages(client, answered, erin, signed_in):
    made = helping.publish(erin, answered, EDITED)
    page = client.get("/help/answers?q=permit").text
    assert "Where do pilot lines" in page and "Company" not in page and answered.ref not in page
    assert "中试线环评" in client.get("/help/answers?q=环评&lang=zh").text
    shown = client.get(f"/help/answers/{made.id}?lang=en").text
    assert "At window 12." in shown and answered.ref not in shown and "Charlie" not in shown
    assert client.get("/help/answers?q=%00&topic=nonsense&page=x").status_code == 200
    assert "No answer like this yet" in client.get("/help/answers?q=zzqx&lang=en").text
    assert client.get("/help/answers/9999").status_code == 404
    assert client.get("/api/v1/help/answers?q=环评&topic=permits").json["items"][0]["id"] == made.id
    assert client.get(f"/api/v1/help/answers/{made.id}").json["source"] == "Environment bureau"


def test_the_operator_publishes_from_the_request(answered, erin, signed_in):
    browser = signed_in(erin)
    form = browser.get(f"/requests/{answered.ref}/publish").text
    assert REPLY in form
    refused = browser.post(f"/requests/{answered.ref}/publish", data={**EDITED, "answer_en": "Charlie, go there"})
    assert refused.status_code == 422 and "Charlie, go there" in refused.text
    done = browser.post(f"/requests/{answered.ref}/publish", data=EDITED)
    assert done.status_code == 302
    where = done.headers["Location"]
    assert browser.get(f"/requests/{answered.ref}/publish").headers["Location"] == f"{where}/edit"
    version = helping.of_request(answered).version
    assert browser.post(f"{where}/edit", data={**EDITED, "source": "New", "version": version}).status_code == 302
    assert browser.post(f"{where}/edit", data={**EDITED, "version": version}).status_code == 409
    assert "New" in browser.get(where).text
    assert browser.post(f"{where}/retract").status_code == 302
    assert "only operators read it" in browser.get(where).text
    assert browser.get("/help/answers/new").status_code == 200
    assert browser.post("/help/answers/new", data=EDITED).status_code == 302
