"""What the questionnaire understands, what it calls vague, and what it hints at."""

from __future__ import annotations

import pytest
from conftest import a_listing

from marketplace import index
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Invalid
from marketplace.finding.models import Term, TermGroup
from marketplace.finding.terms import LISTINGS
from marketplace.listings.models import Exclusion, Kind, Listing, State
from marketplace.refining import answers, texts
from marketplace.refining.hints import Hints, broader, hints
from marketplace.refining.vague import vague, without_figure

TARGET = {"indicator": "循环寿命", "comparison": "at_least", "number": "3,000", "unit": "次", "condition": "25 ℃，1C"}


@pytest.mark.parametrize(("given", "kept"), [
    ("0.5", "0.5"), ("-40", "-40"), ("１２", "12"), ("1,200.50", "1200.50"), ("1.2e-6", "0.0000012"), (7, "7"),
    ("−5", "-5"), (".5", "0.5"), ("6e-12", "6e-12"), (0, "0"),
])
def test_numbers_are_read_as_people_write_them(given, kept):
    assert answers.read({"targets": [{"indicator": "x", "number": given}]})["targets"][0]["number"] == kept


@pytest.mark.parametrize("given", [
    "three", "5 kV", "1e999", "12345678901234567890", "1/2", "nan", "inf", ["5"], "=1+1",
])
def test_what_is_no_number_is_named_and_refused(given):
    with pytest.raises(Invalid) as wrong:
        answers.read({"targets": [{"indicator": "x", "number": given}]})
    assert list(wrong.value.fields) == ["targets.0.number"]


def test_half_filled_is_fine_and_says_what_is_open():
    kept = answers.read({"targets": [{"indicator": "Flame"}, {"comparison": "at_least"}], "symptom": "  ", "tried": []})
    assert kept == {"targets": [{"indicator": "Flame"}]}
    assert [name for name, _ in answers.still_open(kept)] == [
        "symptom", "targets.0.number", "targets.0.unit", "targets.0.condition", "tried.0.what", "cost", "worth_low",
    ]


def test_ranges_run_upwards():
    with pytest.raises(Invalid) as wrong:
        answers.read({"targets": [{"indicator": "x", "comparison": "between", "number": "9", "upto": "3"},
                                  {"indicator": "y", "comparison": "at_least", "number": "1", "upto": "3"}],
                      "worth_low": "90万元", "worth_high": "50万元"})
    assert set(wrong.value.fields) == {"targets.0.upto", "targets.1.upto", "worth_high"}


def test_too_much_is_refused():
    with pytest.raises(Invalid) as wrong:
        answers.read({"symptom": "x" * 3_001, "targets": [{"indicator": "x"}] * 21, "tried": [{"what": "y"}] * 11,
                      "worth_low": "99999999999999999999", "worth_period": "a week"})
    assert set(wrong.value.fields) == {"symptom", "targets", "tried", "worth_low", "worth_period"}


def test_a_target_reads_as_a_line_in_both_languages():
    line = answers.lines(answers.read({"targets": [TARGET]}))[0]
    assert line.in_language("zh") == "循环寿命：≥ 3000 次（25 ℃，1C）"
    assert line.in_language("en") == "循环寿命: ≥ 3000 次 (25 ℃，1C)"
    between = answers.Line({"indicator": "pH", "comparison": "between", "number": "6", "upto": "8"})
    assert str(between) == "pH: 6–8"


def test_answers_become_a_first_draft_once():
    kept = answers.read({"symptom": "Cells vent", "targets": [TARGET], "tried": [{"what": "Foam", "why": "melts"}],
                         "cost": "5 元"})
    draft = texts.drafted(kept, {"situation": "Old", "targets": "", "tried": None, "constraints": ""}, "zh")
    assert draft == {"situation": "Old\nCells vent", "targets": "循环寿命：≥ 3000 次（25 ℃，1C）",
                     "tried": "Foam – melts", "constraints": "成本：5 元"}
    assert texts.drafted(kept, draft, "zh") == draft


@pytest.mark.parametrize(("text", "complaint"), [
    ("提高循环寿命，性能优异", "There is no number in it."), ("3000", "“3000” has no unit."),
    ("满足 GB 38031 和 ISO 9001", "There is no number in it."), ("", "This says nothing yet."),
    ("cycle life 3000, capacity 200", "“3000, capacity 200” has no unit."),
])
def test_vague_targets_are_told(text, complaint):
    told = [str(one.says) for one in vague({"targets": text, "outcome": "3 kg"}) if one.field.name == "targets"]
    assert complaint in told


@pytest.mark.parametrize("text", [
    "≥3000 次", "单边 ≤100 μm", "-40 ℃ 下 5 分钟", "降低 40%", "3000 cycles at 25 °C", "不超过 110 万元",
    "1.2×10^-6 mol",
    "30 个工作日", "99.9 %", "¥500", "3–5 年", "within 30 days", "8.9 mS/cm",
])
def test_a_figure_with_a_unit_is_not_vague(text):
    told = [one.says for one in vague({"targets": text, "outcome": text})]
    assert [said for said in told if "unit" in said or "number" in said] == []


def test_words_of_quality_count_only_where_nothing_is_measured():
    assert without_figure("提高强度 30%。外观良好") == ["良好"]
    assert without_figure("a better, more efficient pump; 30 % cheaper") == ["better", "efficient"]


def test_broader_words_are_the_ends_and_beginnings_of_compounds():
    assert broader("锂离子电池") == ["离子电池", "子电池", "电池", "锂离子", "锂离"]
    assert broader("flame-retardant") == ["retardant"] and broader("pump") == []


@pytest.fixture
def need(company) -> Listing:
    return a_listing(company, Kind.NEED, State.DRAFT, title="固态锂离子电池的阻燃剂", keywords=["阻燃剂"],
                     summary="要阻燃。", language="zh", details={})


def found(need: Listing, *people: User) -> list[Hints]:
    """What each is told, after the index has been brought up to date (which forgets what was read)."""
    which, numbers = need.id, [person.id for person in people]
    index.rebuild(LISTINGS)
    listing = session.get_one(Listing, which)
    return [hints(session.get_one(User, number), listing, texts.now_of(listing)) for number in numbers]


def test_words_that_find_nothing_come_with_words_that_do(need, dana, institute, engine):
    for number in range(4):
        a_listing(institute, title=f"难燃添加剂 {number}", keywords=["难燃添加剂", "电池"], summary="电池用",
                  language="zh")
    with transaction():
        group = TermGroup(changed_at=need.created_at)
        session.add(group)
        session.flush()
        for position, text in enumerate(("阻燃剂", "难燃添加剂")):
            session.add(Term(group_id=group.id, position=position, text=text, folded=text))
    told = found(need, dana)[0]
    by_word = {one.text: one for one in told.unheard}
    assert by_word["阻燃剂"].found == 0
    assert ("难燃添加剂", "same", 4) in [(i.text, i.way, i.found) for i in by_word["阻燃剂"].instead]
    assert ("难燃添加剂", 4) in told.nearby and not told.is_degraded


def test_hints_tell_nothing_of_results_hidden_from_the_needs_company(need, dana, charlie, institute, company, engine):
    hidden = a_listing(institute, title="阻燃剂", keywords=["阻燃剂"], language="zh")
    a_listing(institute, Kind.RESULT, State.DRAFT, title="阻燃剂草稿", keywords=["阻燃剂"], language="zh")
    with transaction():
        session.add(Exclusion(listing_id=hidden.id, organisation_id=company.id))
    session.expire(hidden)
    for told in found(need, dana, charlie):
        assert next(one for one in told.unheard if one.text == "阻燃剂").found == 0


def test_an_empty_need_is_asked_nothing(company, dana, engine):
    empty = a_listing(company, Kind.NEED, State.DRAFT, title="", summary="", keywords=[], details={}, field=None)
    told = found(empty, dana)[0]
    assert (told.asked, told.unheard, told.nearby) == (0, (), ())
